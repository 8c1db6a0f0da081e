//! PKCS#12 files, in which authorities hand out certificates: the private key and its chain are taken out.

use std::path::Path;

use p12_keystore::{Certificate, KeyStore, KeyStoreEntry, Pkcs12ImportPolicy};
use pkcs8::SecretDocument;

use super::file::{KEY_FILE_BYTES_MAX, read_private};
use super::{CertificateKey, KeyError, SecretSource};

/// What a PKCS#12 file holds.
#[derive(Debug)]
pub struct Pkcs12 {
    /// The private key.
    pub key: CertificateKey,
    /// Its certificate and those above it, in DER, leaf first, without a root.
    pub chain: Vec<Vec<u8>>,
}

impl Pkcs12 {
    /// Opens a file.
    ///
    /// # Errors
    /// [`KeyError::Pkcs12`]; [`KeyError::Exposed`] when others could read it; whatever the passphrase fails with.
    pub fn read(path: &Path, passphrase: &SecretSource) -> Result<Self, KeyError> {
        let refuse = |reason: String| KeyError::Pkcs12 { path: path.into(), reason };
        let bytes = read_private(path, KEY_FILE_BYTES_MAX, 0o077)?;
        let passphrase = passphrase.read(&format!("Passphrase of 口令 {}", path.display()))?;
        let store = KeyStore::from_pkcs12(&bytes, passphrase.as_str(), Pkcs12ImportPolicy::Strict);
        let store = store.map_err(|e| refuse(e.to_string()))?;
        let mut found = store.entries().filter_map(|(_, entry)| match entry {
            KeyStoreEntry::PrivateKeyChain(chain) => Some(chain),
            _ => None,
        });
        let (Some(one), None) = (found.next(), found.next()) else {
            return Err(refuse("it must hold one private key with its certificate".into()));
        };
        let document = SecretDocument::try_from(one.key().as_der()).map_err(|e| refuse(e.to_string()))?;
        let key = CertificateKey::from_pkcs8(path, document)?;
        let is_root = |c: &Certificate| c.subject() == c.issuer();
        let chain = one.certs().iter().filter(|c| !is_root(c)).map(|c| c.as_der().to_vec()).collect();
        Ok(Self { key, chain })
    }
}
