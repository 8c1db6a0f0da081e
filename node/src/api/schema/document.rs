//! Documents of bids as clients read them.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// Where the upload of a document stands.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Upload {
    /// SHA-256 of the ciphertext, in hexadecimal.
    pub document: String,
    /// Path to which the pieces go.
    pub pieces: String,
    /// Bytes that are on the disk.
    pub offset: u64,
    /// Bytes announced.
    pub len: u64,
    /// Whether all of them are there and have the right hash.
    pub held: bool,
}

/// A centre's word that it holds a document until the tender's end and 90 days.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct DocumentReceipt {
    /// SHA-256 of the ciphertext, in hexadecimal.
    pub document: String,
    /// Bytes of the ciphertext.
    pub len: u64,
    /// The tender.
    pub tender: String,
    /// The centre.
    pub centre: String,
    /// The key that signs, in hexadecimal.
    pub key: String,
    /// Over the receipt of the sealing scheme (label `receipt`), in hexadecimal.
    pub signature: String,
}
