//! Private keys in files, readable by their owner alone.

use std::fs::{File, OpenOptions, Permissions};
use std::io::{self, Read, Write};
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};

use ledger::crypto::{PublicKey, SigningKey};
use rand::TryRngCore;
use zeroize::Zeroizing;

/// First line of a key file; the second is the seed of RFC 8032 in hexadecimal.
pub const HEADER: &str = "zhulian ed25519 private key v1";
/// Header, seed and two line ends.
const FILE_BYTES: usize = HEADER.len() + 64 + 2;

/// Why a key cannot be made or read.
#[derive(Debug, thiserror::Error)]
pub enum KeyError {
    /// The system said no.
    #[error("{}: {reason}", path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// What it said.
        reason: io::Error,
    },
    /// There is a file already; keys are never overwritten.
    #[error("{} exists already; a key is never overwritten", .0.display())]
    Exists(PathBuf),
    /// Others than the owner can read it.
    #[error("{} has mode {mode:03o}: others than its owner could read the key; run `chmod 600` on it, and replace the key if anybody may have", path.display())]
    Exposed {
        /// The file.
        path: PathBuf,
        /// Its permission bits.
        mode: u32,
    },
    /// Not a key file.
    #[error("{} is not a key file: its first line must read {HEADER:?} and its second have 64 hexadecimal digits", .0.display())]
    NotAKey(PathBuf),
    /// The system gives no random bytes.
    #[error("the system's random source failed: {0}")]
    Random(String),
}

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

    /// Writes the key to a file that did not exist, readable by its owner alone, and makes it durable.
    ///
    /// # Errors
    /// [`KeyError::Exists`] or [`KeyError::Io`].
    pub fn create(&self, path: &Path) -> Result<(), KeyError> {
        let io = |reason| KeyError::Io { path: path.into(), reason };
        let mut file = match OpenOptions::new().write(true).create_new(true).mode(0o600).open(path) {
            Err(e) if e.kind() == io::ErrorKind::AlreadyExists => return Err(KeyError::Exists(path.into())),
            opened => opened.map_err(io)?,
        };
        // The mode asked for above is narrowed by the umask and never widened; this makes it exact.
        file.set_permissions(Permissions::from_mode(0o600)).map_err(io)?;
        file.write_all(self.text().as_bytes()).and_then(|()| file.sync_all()).map_err(io)
    }

    /// Reads a key file.
    ///
    /// # Errors
    /// [`KeyError::Exposed`] when others could read it, [`KeyError::NotAKey`], [`KeyError::Io`].
    pub fn read(path: &Path) -> Result<Self, KeyError> {
        let io = |reason| KeyError::Io { path: path.into(), reason };
        let file = File::open(path).map_err(io)?;
        // Asked of the open file, so that it is the one that is read.
        let mode = file.metadata().map_err(io)?.permissions().mode() & 0o777;
        if mode & 0o077 != 0 {
            return Err(KeyError::Exposed { path: path.into(), mode });
        }
        let mut bytes = Zeroizing::new(Vec::with_capacity(FILE_BYTES + 2));
        file.take(FILE_BYTES as u64 + 1).read_to_end(&mut bytes).map_err(io)?;
        Self::parse(&bytes).ok_or_else(|| KeyError::NotAKey(path.into()))
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
