//! From a reference in arguments or configuration to a key that signs.

use std::fmt;
use std::path::{Path, PathBuf};
use std::str::FromStr;
use std::sync::{Arc, Mutex, PoisonError};

use consensus::signer::{Signer, SigningFailed};
use ledger::crypto::{PublicKey, Signature, SigningKey};
use zeroize::Zeroizing;

use super::error::{CERTIFICATE_KEY, LEDGER_KEY};
use super::file::{self, KEY_FILE_BYTES_MAX};
use super::foreign::{self, Foreign};
use super::token::{Token, TokenFault};
use super::{CertificateKey, KeyError, Passphrase, Pkcs11Uri, Secret, SecretSource};

/// Where a key is: a file, or a token.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum KeyReference {
    /// A key file.
    File(PathBuf),
    /// A `pkcs11:` URI (RFC 7512).
    Token(Box<Pkcs11Uri>),
}

impl FromStr for KeyReference {
    type Err = KeyError;

    fn from_str(text: &str) -> Result<Self, KeyError> {
        if text.starts_with("pkcs11:") {
            return Ok(Self::Token(Box::new(text.parse()?)));
        }
        Ok(Self::File(text.into()))
    }
}

impl KeyReference {
    /// The same with a relative path starting at a directory.
    pub fn within(self, root: &Path) -> Self {
        match self {
            Self::File(path) => Self::File(root.join(path)),
            Self::Token(mut uri) => {
                uri.pin = uri.pin.map(|source| source.within(root));
                Self::Token(uri)
            }
        }
    }

    /// Whether it is there: a file may not be yet, a token that is named should be.
    pub fn exists(&self) -> bool {
        match self {
            Self::File(path) => path.exists(),
            Self::Token(_) => true,
        }
    }
}

impl fmt::Display for KeyReference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::File(path) => path.display().fmt(f),
            Self::Token(uri) => uri.fmt(f),
        }
    }
}

/// A key that signs acts or votes, in memory or on a token.
#[derive(Clone, Debug)]
pub enum LedgerKey {
    /// In memory.
    Memory(SigningKey),
    /// On a token, with its public half.
    Token(PublicKey, Arc<Token>),
}

impl LedgerKey {
    /// The public half.
    pub fn public_key(&self) -> PublicKey {
        match self {
            Self::Memory(key) => key.public_key(),
            Self::Token(key, _) => *key,
        }
    }
}

impl From<SigningKey> for LedgerKey {
    fn from(key: SigningKey) -> Self {
        Self::Memory(key)
    }
}

impl Signer for LedgerKey {
    fn public_key(&self) -> PublicKey {
        Self::public_key(self)
    }

    fn sign(&self, bytes: &[u8]) -> Result<Signature, SigningFailed> {
        match self {
            Self::Memory(key) => Ok(key.sign(bytes)),
            Self::Token(_, token) => token.sign_ledger(bytes).map_err(|e| SigningFailed(e.to_string())),
        }
    }
}

/// What is in a key file.
#[derive(Debug)]
pub enum KeyFile {
    /// A key of the ledger.
    Ledger(Secret),
    /// The private key of a certificate.
    Certificate(Box<CertificateKey>),
}

/// Opens keys, asking for passphrase and PIN where the operator said.
#[derive(Debug, Default)]
pub struct Opener {
    /// Where the passphrase of key files comes from.
    pub passphrase: SecretSource,
    /// Where the PIN of a token comes from.
    pub pin: SecretSource,
    /// The shared library that speaks to tokens, unless the URI names one.
    pub module: Option<PathBuf>,
    /// What was entered at the prompt, so that the keys of one home are opened by one entry.
    entered: Mutex<Option<Passphrase>>,
}

impl Opener {
    /// An opener that asks as told.
    pub fn new(passphrase: SecretSource, pin: SecretSource, module: Option<PathBuf>) -> Self {
        Self { passphrase, pin, module, entered: Mutex::new(None) }
    }

    /// A key that signs acts or votes.
    ///
    /// # Errors
    /// [`KeyError`].
    pub fn ledger_key(&self, reference: &KeyReference) -> Result<LedgerKey, KeyError> {
        match reference {
            KeyReference::File(path) => Ok(self.secret(path)?.signing_key().into()),
            KeyReference::Token(uri) => {
                let token = self.token(uri)?;
                Ok(LedgerKey::Token(token.ledger_key()?, Arc::new(token)))
            }
        }
    }

    /// A key of the ledger in a file.
    ///
    /// # Errors
    /// [`KeyError`].
    pub fn secret(&self, path: &Path) -> Result<Secret, KeyError> {
        match self.open(path)? {
            KeyFile::Ledger(secret) => Ok(secret),
            KeyFile::Certificate(_) => {
                Err(KeyError::OtherKind { path: path.into(), found: CERTIFICATE_KEY, needed: LEDGER_KEY })
            }
        }
    }

    /// Makes a key of the ledger in a new file, encrypted if another file is, with the passphrase of that.
    ///
    /// # Errors
    /// [`KeyError`].
    pub fn create_like(&self, path: &Path, like: &Path) -> Result<Secret, KeyError> {
        let passphrase = if is_encrypted(like)? { Some(self.passphrase_of(like)?) } else { None };
        let secret = Secret::generate()?;
        KeyFile::Ledger(secret.clone()).create(path, passphrase.as_ref())?;
        Ok(secret)
    }

    /// Writes a secret of another kind into a new file: a line that says the kind and the bytes in hexadecimal, encrypted if
    /// another file is, with the passphrase of that. It is on the disk, and so is its name.
    ///
    /// # Errors
    /// [`KeyError`].
    pub fn create_secret_like(
        &self,
        path: &Path,
        like: &Path,
        header: &str,
        secret: &[u8],
    ) -> Result<(), KeyError> {
        let digits = Zeroizing::new(hex::encode(secret));
        // Of its length from the beginning: a text that grows leaves copies behind.
        let mut text = Zeroizing::new(String::with_capacity(header.len() + digits.len() + 2));
        for part in [header, "\n", &digits, "\n"] {
            text.push_str(part);
        }
        if is_encrypted(like)? {
            file::create(path, &file::encrypt(text.as_bytes(), &self.passphrase_of(like)?)?)?;
        } else {
            file::create(path, text.as_bytes())?;
        }
        let folder = path.parent().unwrap_or(Path::new("/"));
        let synced = std::fs::File::open(folder).and_then(|folder| folder.sync_all());
        synced.map_err(|reason| KeyError::Io { path: path.into(), reason })
    }

    /// The bytes of a secret that is in such a file.
    ///
    /// # Errors
    /// [`KeyError`]; [`KeyError::NotAKey`] for a file of another kind.
    pub fn secret_bytes(&self, path: &Path, header: &str) -> Result<Zeroizing<Vec<u8>>, KeyError> {
        let mut text = file::read_private(path, KEY_FILE_BYTES_MAX, 0o077)?;
        if file::is_encrypted(&text) {
            text = self.decrypt(path, &text)?;
        }
        let digits = text.strip_prefix(header.as_bytes()).and_then(|rest| rest.strip_prefix(b"\n"));
        let digits = digits.and_then(|rest| rest.strip_suffix(b"\n"));
        let digits = digits.ok_or_else(|| KeyError::NotAKey(path.into()))?;
        let mut bytes = Zeroizing::new(vec![0; digits.len() / 2]);
        hex::decode_to_slice(digits, bytes.as_mut()).map_err(|_| KeyError::NotAKey(path.into()))?;
        Ok(bytes)
    }

    /// The private key of a certificate.
    ///
    /// # Errors
    /// [`KeyError`].
    pub fn certificate_key(&self, reference: &KeyReference) -> Result<CertificateKey, KeyError> {
        match reference {
            KeyReference::Token(uri) => Ok(CertificateKey::on_token(Arc::new(self.token(uri)?))),
            KeyReference::File(path) => match self.open(path)? {
                KeyFile::Certificate(key) => Ok(*key),
                KeyFile::Ledger(_) => Err(KeyError::OtherKind {
                    path: path.clone(),
                    found: LEDGER_KEY,
                    needed: CERTIFICATE_KEY,
                }),
            },
        }
    }

    /// Whatever is in a key file.
    ///
    /// # Errors
    /// [`KeyError`].
    pub fn open(&self, path: &Path) -> Result<KeyFile, KeyError> {
        let bytes = file::read_private(path, KEY_FILE_BYTES_MAX, 0o077)?;
        if !file::is_encrypted(&bytes) {
            return self.parse(path, &bytes);
        }
        let plain = self.decrypt(path, &bytes)?;
        self.parse(path, &plain)
    }

    fn decrypt(&self, path: &Path, bytes: &[u8]) -> Result<Zeroizing<Vec<u8>>, KeyError> {
        if let Some(entered) = self.entered() {
            match file::decrypt(path, bytes, &entered) {
                // It was another file's; this one's is asked for.
                Err(KeyError::WrongPassphrase(_)) => {}
                plain => return plain,
            }
        }
        file::decrypt(path, bytes, &self.ask(path)?)
    }

    fn parse(&self, path: &Path, bytes: &[u8]) -> Result<KeyFile, KeyError> {
        if foreign::is_foreign(bytes) {
            let read = foreign::read(path, bytes, || self.passphrase_of(path))?;
            return Ok(KeyFile::Certificate(Box::new(read.key)));
        }
        Secret::parse(bytes).map(KeyFile::Ledger).ok_or_else(|| KeyError::NotAKey(path.into()))
    }

    /// A key that another program made, with the certificates beside it.
    ///
    /// # Errors
    /// [`KeyError`].
    pub fn import(&self, path: &Path) -> Result<Foreign, KeyError> {
        let bytes = file::read_private(path, KEY_FILE_BYTES_MAX, 0o077)?;
        if !foreign::is_foreign(&bytes) || file::is_encrypted(&bytes) {
            let reason = "it is neither PKCS#8 nor PKCS#12".into();
            return Err(KeyError::NotACertificateKey { path: path.into(), reason });
        }
        foreign::read(path, &bytes, || self.passphrase_of(path))
    }

    fn passphrase_of(&self, path: &Path) -> Result<Passphrase, KeyError> {
        self.entered().map_or_else(|| self.ask(path), Ok)
    }

    fn entered(&self) -> Option<Passphrase> {
        self.entered.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn ask(&self, path: &Path) -> Result<Passphrase, KeyError> {
        let passphrase = self.passphrase.read(&format!("Passphrase of 口令 {}", path.display()))?;
        if self.passphrase == SecretSource::Prompt {
            *self.entered.lock().unwrap_or_else(PoisonError::into_inner) = Some(passphrase.clone());
        }
        Ok(passphrase)
    }

    fn token(&self, uri: &Pkcs11Uri) -> Result<Token, KeyError> {
        let pin = uri.pin.as_ref().unwrap_or(&self.pin).read(&format!("PIN of 密码设备 {uri}"))?;
        Token::open(uri, self.module.as_deref(), &pin)
    }
}

impl KeyFile {
    /// Writes the key to a file that did not exist, encrypted when there is a passphrase.
    ///
    /// # Errors
    /// [`KeyError`].
    pub fn create(&self, path: &Path, passphrase: Option<&Passphrase>) -> Result<(), KeyError> {
        file::create(path, &self.contents(passphrase)?)
    }

    /// Puts the key, encrypted when there is a passphrase, in the place of a file that held it.
    ///
    /// # Errors
    /// [`KeyError`].
    pub fn replace(&self, path: &Path, passphrase: Option<&Passphrase>) -> Result<(), KeyError> {
        file::replace(path, &self.contents(passphrase)?)
    }

    fn contents(&self, passphrase: Option<&Passphrase>) -> Result<Zeroizing<Vec<u8>>, KeyError> {
        let text = match self {
            Self::Ledger(secret) => Some(secret.text()),
            Self::Certificate(key) => key.pem(),
        };
        let text = text.ok_or_else(|| KeyError::from(TokenFault::StaysThere))?;
        Ok(Zeroizing::new(match passphrase {
            Some(passphrase) => file::encrypt(text.as_bytes(), passphrase)?,
            None => text.as_bytes().to_vec(),
        }))
    }
}

/// Whether a key file is encrypted.
///
/// # Errors
/// [`KeyError`] when it cannot be read, or others can.
pub fn is_encrypted(path: &Path) -> Result<bool, KeyError> {
    let bytes = file::read_private(path, KEY_FILE_BYTES_MAX, 0o077)?;
    Ok(file::is_encrypted(&bytes) || foreign::is_encrypted(&bytes))
}
