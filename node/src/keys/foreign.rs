//! Private keys of certificates as other programs write them: PKCS#8 and PKCS#12, told apart by their bytes.

use std::path::Path;

use pkcs8::der::pem::PemLabel as _;
use pkcs8::pkcs5::EncryptionScheme;
use pkcs8::pkcs5::pbes2::Kdf;
use pkcs8::{EncryptedPrivateKeyInfoRef, PrivateKeyInfoRef, SecretDocument};

use super::{CertificateKey, KeyError, Passphrase, pkcs12};

/// A private key that another program made, with the certificates beside it.
#[derive(Debug)]
pub struct Foreign {
    /// The private key.
    pub key: CertificateKey,
    /// Its certificate and those above it, in DER, leaf first, without a root; empty unless the file is PKCS#12.
    pub chain: Vec<Vec<u8>>,
}

/// First byte of DER: a SEQUENCE.
const SEQUENCE: u8 = 0x30;
const PEM: &[u8] = b"-----BEGIN ";
/// Most iterations of PBKDF2 that a file may ask for: seconds.
const PBKDF2_ITERATIONS_MAX: u32 = 10_000_000;
/// Most memory of scrypt that a file may ask for, in bytes.
const SCRYPT_BYTES_MAX: u64 = 1 << 30;
/// Most passes of scrypt over that memory.
const SCRYPT_PASSES_MAX: u16 = 16;

/// Whether the bytes look like a key of another program.
pub(super) fn is_foreign(bytes: &[u8]) -> bool {
    bytes.first() == Some(&SEQUENCE) || bytes.windows(PEM.len()).any(|window| window == PEM)
}

/// Whether the bytes are PKCS#8 in PEM that is encrypted.
pub(super) fn is_encrypted(bytes: &[u8]) -> bool {
    bytes.starts_with(b"-----BEGIN ENCRYPTED PRIVATE KEY-----")
}

/// Reads a key of another program; the passphrase is asked for if it is encrypted.
pub(super) fn read(
    path: &Path,
    bytes: &[u8],
    passphrase: impl FnOnce() -> Result<Passphrase, KeyError>,
) -> Result<Foreign, KeyError> {
    let refuse = |reason: String| KeyError::NotACertificateKey { path: path.into(), reason };
    let key = if bytes.first() == Some(&SEQUENCE) {
        match contents(bytes) {
            inner if inner.starts_with(&pkcs12::VERSION) => return pkcs12::open(path, bytes, &passphrase()?),
            [SEQUENCE, ..] => decrypt(path, bytes, passphrase)?,
            _ => plain(path, SecretDocument::try_from(bytes).map_err(|e| refuse(e.to_string()))?)?,
        }
    } else {
        let text = std::str::from_utf8(bytes).map_err(|_| refuse("it is not text".into()))?;
        let (label, document) =
            SecretDocument::from_pem(text.trim_start()).map_err(|e| refuse(e.to_string()))?;
        match label {
            PrivateKeyInfoRef::PEM_LABEL => plain(path, document)?,
            EncryptedPrivateKeyInfoRef::PEM_LABEL => decrypt(path, document.as_bytes(), passphrase)?,
            other => {
                return Err(refuse(format!("it is a {other}; convert it with `openssl pkcs8 -topk8`")));
            }
        }
    };
    Ok(Foreign { key, chain: Vec::new() })
}

/// What follows the header of DER's outermost value.
fn contents(der: &[u8]) -> &[u8] {
    let header = match der.get(1) {
        Some(length @ 0x80..) => 2 + usize::from(length & 0x7f),
        _ => 2,
    };
    der.get(header..).unwrap_or_default()
}

fn plain(path: &Path, document: SecretDocument) -> Result<CertificateKey, KeyError> {
    CertificateKey::from_pkcs8(path, document)
}

/// Opens an EncryptedPrivateKeyInfo (RFC 5958, section 3).
fn decrypt(
    path: &Path,
    der: &[u8],
    passphrase: impl FnOnce() -> Result<Passphrase, KeyError>,
) -> Result<CertificateKey, KeyError> {
    let refuse = |reason: String| KeyError::NotACertificateKey { path: path.into(), reason };
    let sealed = EncryptedPrivateKeyInfoRef::try_from(der).map_err(|e| refuse(e.to_string()))?;
    if !is_bounded(&sealed.encryption_algorithm) {
        return Err(refuse(
            "its passphrase would take too much work; encrypt it with fewer iterations".into(),
        ));
    }
    let opened = sealed.decrypt(passphrase()?.as_str());
    plain(path, opened.map_err(|_| KeyError::WrongPassphrase(path.into()))?)
}

/// Whether a file asks for no more work and memory than it may.
fn is_bounded(scheme: &EncryptionScheme) -> bool {
    match scheme.pbes2().map(|parameters| &parameters.kdf) {
        Some(Kdf::Pbkdf2(parameters)) => parameters.iteration_count <= PBKDF2_ITERATIONS_MAX,
        Some(Kdf::Scrypt(parameters)) => {
            let block = 128 * u64::from(parameters.block_size);
            let bytes = parameters.cost_parameter.checked_mul(block);
            bytes.is_some_and(|bytes| bytes <= SCRYPT_BYTES_MAX)
                && parameters.parallelization <= SCRYPT_PASSES_MAX
        }
        // The schemes before it are not opened here.
        _ => true,
    }
}
