//! Private keys: where they rest, how they are opened, and how they sign.
//!
//! A key rests in a file that its owner alone can read, encrypted with age under a passphrase unless the operator said
//! otherwise, or on a PKCS#11 token. It is never in an argument, in the environment, in a log or in `Debug` output.

mod certificate;
mod error;
mod file;
mod foreign;
mod next;
mod opener;
mod pkcs12;
mod source;
mod token;
mod uri;
mod voice;

use std::path::Path;

use ledger::crypto::{PublicKey, SigningKey};
use rand::TryRngCore;
use zeroize::Zeroizing;

pub use certificate::CertificateKey;
pub use error::KeyError;
pub use file::KEY_FILE_BYTES_MAX;
pub use foreign::Foreign;
pub use next::NextKey;
pub use opener::{KeyFile, KeyReference, LedgerKey, Opener, is_encrypted};
pub use source::{PASSPHRASE_MIN, Passphrase, SecretSource};
pub use token::{Token, TokenFault};
pub use uri::Pkcs11Uri;
pub use voice::Voice;

/// First line of a key file; the second is the seed of RFC 8032 in hexadecimal.
pub const HEADER: &str = "zhulian ed25519 private key v1";
/// Header, seed and two line ends.
const FILE_BYTES: usize = HEADER.len() + 64 + 2;

/// A private key as a file holds it. Erased when dropped; never printed.
#[derive(Clone)]
pub struct Secret(Zeroizing<[u8; 32]>);

impl std::fmt::Debug for Secret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Secret({})", self.public_key())
    }
}

impl Secret {
    /// A fresh key from the system's random source.
    ///
    /// # Errors
    /// [`KeyError::Random`].
    pub fn generate() -> Result<Self, KeyError> {
        let mut seed = Zeroizing::new([0; 32]);
        rand::rngs::OsRng.try_fill_bytes(seed.as_mut()).map_err(|e| KeyError::Random(e.to_string()))?;
        Ok(Self(seed))
    }

    /// The key of a seed (RFC 8032, section 5.1.5).
    pub const fn from_seed(seed: Zeroizing<[u8; 32]>) -> Self {
        Self(seed)
    }

    /// The seed, for libraries that keep keys of their own.
    pub const fn seed(&self) -> &Zeroizing<[u8; 32]> {
        &self.0
    }

    /// The key that signs.
    pub fn signing_key(&self) -> SigningKey {
        SigningKey::from_seed(&self.0)
    }

    /// The public half.
    pub fn public_key(&self) -> PublicKey {
        self.signing_key().public_key()
    }

    /// Writes the key, unencrypted, to a file that did not exist, readable by its owner alone, and makes it durable.
    ///
    /// # Errors
    /// [`KeyError::Exists`] or [`KeyError::Io`].
    pub fn create(&self, path: &Path) -> Result<(), KeyError> {
        file::create(path, self.text().as_bytes())
    }

    /// Reads an unencrypted key file.
    ///
    /// # Errors
    /// [`KeyError::Exposed`] when others could read it, [`KeyError::NotAKey`], [`KeyError::Io`].
    pub fn read(path: &Path) -> Result<Self, KeyError> {
        match file::read_private(path, FILE_BYTES, 0o077) {
            Ok(bytes) => Self::parse(&bytes).ok_or_else(|| KeyError::NotAKey(path.into())),
            Err(KeyError::TooLong { path, .. }) => Err(KeyError::NotAKey(path)),
            Err(error) => Err(error),
        }
    }

    fn text(&self) -> Zeroizing<String> {
        let digits = Zeroizing::new(hex::encode(self.0.as_slice()));
        let mut text = Zeroizing::new(String::with_capacity(FILE_BYTES));
        for part in [HEADER, "\n", &digits, "\n"] {
            text.push_str(part);
        }
        text
    }

    fn parse(bytes: &[u8]) -> Option<Self> {
        let digits = bytes.strip_prefix(HEADER.as_bytes())?.strip_prefix(b"\n")?.strip_suffix(b"\n")?;
        let mut seed = Zeroizing::new([0; 32]);
        hex::decode_to_slice(digits, seed.as_mut()).ok()?;
        Some(Self(seed))
    }
}
