//! Problem documents (RFC 9457) as clients read them.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// Why a request was not answered as asked (RFC 9457), in English and Chinese.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Problem {
    /// `urn:zhulian:problem:` and the code.
    #[serde(rename = "type")]
    #[schema(example = "urn:zhulian:problem:quote_below_increment")]
    pub kind: String,
    /// The HTTP status in words.
    pub title: String,
    /// The HTTP status.
    pub status: u16,
    /// What is wrong and what to do, in English.
    pub detail: String,
    /// What is wrong and what to do, in Chinese.
    pub detail_zh: String,
    /// Stable name of the problem; of a refusal by the ledger, that of the rule.
    pub code: String,
    /// Number of the ledger's rule, if a rule refused.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rule: Option<u16>,
    /// The field or parameter at fault, where it is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub field: Option<String>,
}
