//! What is wrong with a configuration, and where.

use std::path::PathBuf;

use super::Origin;

/// Why a configuration is not accepted.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// The file cannot be read.
    #[error("{}: {reason}", path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// What the system said.
        reason: std::io::Error,
    },
    /// Not TOML; the parser's words show the place.
    #[error("{0}")]
    Syntax(String),
    /// A key that does not exist.
    #[error("{key} ({origin}): unknown key{}", nearest.as_ref().map(|n| format!("; did you mean {n}?")).unwrap_or_default())]
    Unknown {
        /// Its path.
        key: String,
        /// Where it was set.
        origin: Origin,
        /// The nearest key that exists, if one is near.
        nearest: Option<String>,
    },
    /// A key that must be set and is not.
    #[error("{0} is missing")]
    Missing(String),
    /// A value that the key does not take.
    #[error("{key}: {reason}")]
    Value {
        /// The path of the key.
        key: String,
        /// What is wrong and what would be right.
        reason: String,
    },
}
