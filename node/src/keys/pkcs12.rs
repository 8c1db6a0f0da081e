//! PKCS#12 files, in which authorities hand out certificates: the private key and its chain are taken out.

use std::path::Path;

use p12_keystore::error::Error;
use p12_keystore::{Certificate, KeyStore, KeyStoreEntry, Pkcs12ImportPolicy};
use pkcs8::SecretDocument;

use super::foreign::Foreign;
use super::{CertificateKey, KeyError, Passphrase};

/// How a PKCS#12 file begins after its header: version 3 (RFC 7292, section 4). PKCS#8 has 0 or 1 there.
pub(super) const VERSION: [u8; 3] = [0x02, 0x01, 0x03];

/// Opens a file. Its library bounds the work that the file may ask for.
pub(super) fn open(path: &Path, bytes: &[u8], passphrase: &Passphrase) -> Result<Foreign, KeyError> {
    let refuse = |reason: String| KeyError::Pkcs12 { path: path.into(), reason };
    let store = KeyStore::from_pkcs12(bytes, passphrase.as_str(), Pkcs12ImportPolicy::Strict);
    let store = store.map_err(|e| match e {
        Error::MacError(_) => KeyError::WrongPassphrase(path.into()),
        other => refuse(other.to_string()),
    })?;
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
    Ok(Foreign { key, chain })
}
