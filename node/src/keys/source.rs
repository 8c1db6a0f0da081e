//! Where a passphrase or PIN comes from: a prompt, a file, or a credential of the service manager.
//!
//! Never an argument or the environment, which others on the machine can read: of a systemd credential only the
//! directory stands in the environment.

use std::fmt;
use std::path::{Path, PathBuf};
use std::str::FromStr;

use age::secrecy::SecretString;
use zeroize::Zeroizing;

use super::KeyError;
use super::file;

/// Shortest passphrase that protects a key, in bytes.
pub const PASSPHRASE_MIN: usize = 8;
/// Longest passphrase or PIN, in bytes.
pub(super) const SECRET_BYTES_MAX: usize = 1_024;
/// Set by systemd for a service with credentials.
const CREDENTIALS_DIRECTORY: &str = "CREDENTIALS_DIRECTORY";

/// A passphrase or PIN. Erased when dropped; never printed.
#[derive(Clone)]
pub struct Passphrase(Zeroizing<String>);

impl fmt::Debug for Passphrase {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Passphrase(..)")
    }
}

impl Passphrase {
    /// Takes a text that was entered or read.
    ///
    /// # Errors
    /// [`KeyError::BadPassphrase`] when it is empty, too long, or more than one line.
    pub fn new(text: Zeroizing<String>) -> Result<Self, KeyError> {
        if text.is_empty() || text.len() > SECRET_BYTES_MAX || text.chars().any(char::is_control) {
            return Err(KeyError::BadPassphrase);
        }
        Ok(Self(text))
    }

    /// The text, for libraries that take one.
    pub(super) fn as_str(&self) -> &str {
        &self.0
    }

    /// The text for libraries that keep it; erased when they drop it.
    pub(super) fn to_secret(&self) -> SecretString {
        SecretString::from(self.0.as_str())
    }
}

/// Where a passphrase or PIN comes from.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum SecretSource {
    /// Asked at the terminal, without echo.
    #[default]
    Prompt,
    /// The first line of a file that its owner alone can read.
    File(PathBuf),
    /// A credential of the service manager, by name.
    Credential(String),
}

impl FromStr for SecretSource {
    type Err = KeyError;

    fn from_str(text: &str) -> Result<Self, KeyError> {
        match text.split_once(':') {
            None if text == "prompt" => Ok(Self::Prompt),
            Some(("file", path)) if !path.is_empty() => Ok(Self::File(path.into())),
            Some(("credential", name)) if is_credential_name(name) => Ok(Self::Credential(name.into())),
            _ => Err(KeyError::BadSource),
        }
    }
}

impl fmt::Display for SecretSource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Prompt => f.write_str("prompt"),
            Self::File(path) => write!(f, "file:{}", path.display()),
            Self::Credential(name) => write!(f, "credential:{name}"),
        }
    }
}

impl SecretSource {
    /// The same with a relative path starting at a directory.
    pub fn within(self, root: &Path) -> Self {
        match self {
            Self::File(path) => Self::File(root.join(path)),
            other => other,
        }
    }
}

/// A name that stays inside the directory of credentials.
fn is_credential_name(name: &str) -> bool {
    let allowed = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.');
    !name.is_empty() && name.len() <= 255 && !name.starts_with('.') && name.bytes().all(allowed)
}

impl SecretSource {
    /// Reads the secret; `what` says at the prompt what is asked for.
    ///
    /// # Errors
    /// [`KeyError`] naming the source, never what it holds.
    pub fn read(&self, what: &str) -> Result<Passphrase, KeyError> {
        match self {
            Self::Prompt => prompt(what),
            Self::File(path) => first_line(path, 0o077),
            Self::Credential(name) => {
                let directory = std::env::var_os(CREDENTIALS_DIRECTORY).map(PathBuf::from);
                let directory = directory.filter(|d| d.is_absolute());
                let directory = directory.ok_or_else(|| KeyError::NoCredentials(name.clone()))?;
                // systemd may let the service in by an access list, which shows as group bits.
                first_line(&directory.join(name), 0o007)
            }
        }
    }

    /// Reads a new passphrase: at the prompt twice, and not a short one.
    ///
    /// # Errors
    /// [`KeyError`].
    pub fn read_new(&self, what: &str) -> Result<Passphrase, KeyError> {
        let passphrase = self.read(what)?;
        if passphrase.0.len() < PASSPHRASE_MIN {
            return Err(KeyError::BadPassphrase);
        }
        if *self == Self::Prompt && prompt(&format!("{what} (again 再次输入)"))?.0 != passphrase.0 {
            return Err(KeyError::Mismatch);
        }
        Ok(passphrase)
    }
}

fn prompt(what: &str) -> Result<Passphrase, KeyError> {
    let entered = rpassword::prompt_password(format!("{what}: "));
    let entered = entered.map_err(|_| KeyError::NoTerminal { what: what.into() })?;
    Passphrase::new(Zeroizing::new(entered))
}

fn first_line(path: &Path, refused_mode: u32) -> Result<Passphrase, KeyError> {
    let bytes = file::read_private(path, SECRET_BYTES_MAX + 2, refused_mode)?;
    let text = std::str::from_utf8(&bytes).map_err(|_| KeyError::BadPassphrase)?;
    let line = text.strip_suffix('\n').unwrap_or(text);
    Passphrase::new(Zeroizing::new(line.strip_suffix('\r').unwrap_or(line).to_owned()))
}
