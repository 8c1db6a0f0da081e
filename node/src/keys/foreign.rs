//! Private keys of certificates as other programs write them: PKCS#8 and PKCS#12, told apart by their bytes.

use std::path::Path;

use pkcs8::EncodePrivateKey as _;
use pkcs8::der::asn1::{Null, OctetStringRef};
use pkcs8::der::pem::PemLabel as _;
use pkcs8::pkcs5::EncryptionScheme;
use pkcs8::pkcs5::pbes2::Kdf;
use pkcs8::spki::AlgorithmIdentifierRef;
use pkcs8::{EncryptedPrivateKeyInfoRef, PrivateKeyInfoRef, SecretDocument};
use rustls_pki_types::PrivateKeyDer;
use rustls_pki_types::pem::PemObject as _;
use zeroize::Zeroizing;

use super::certificate::RSA;
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
/// What the forms before PKCS#8 are called in PEM; the last is the system's openssl's name for a key on the curve of SM2.
const TRADITIONAL: [&str; 3] = ["EC PRIVATE KEY", "RSA PRIVATE KEY", "SM2 PRIVATE KEY"];
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
        if let Some(label) = TRADITIONAL.iter().find(|label| text.contains(*label)) {
            let hint =
                || refuse(format!("it is an encrypted {label}; convert it with `openssl pkcs8 -topk8`"));
            let key = plain(path, traditional(text).ok_or_else(hint)?)?;
            return Ok(Foreign { key, chain: Vec::new() });
        }
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

/// PKCS#8 of a key in the forms that came before it, SEC1 (RFC 5915) and PKCS#1 (RFC 8017), unless it is encrypted.
fn traditional(text: &str) -> Option<SecretDocument> {
    let text = Zeroizing::new(text.replace("SM2 PRIVATE KEY", "EC PRIVATE KEY"));
    if text.contains("Proc-Type: 4,ENCRYPTED") {
        return None;
    }
    match PrivateKeyDer::from_pem_slice(text.as_bytes()).ok()? {
        PrivateKeyDer::Sec1(key) => {
            let der = key.secret_sec1_der();
            let of_p256 = || p256::SecretKey::from_sec1_der(der).ok()?.to_pkcs8_der().ok();
            let of_p384 = || p384::SecretKey::from_sec1_der(der).ok()?.to_pkcs8_der().ok();
            let of_sm2 = || sm2::SecretKey::from_sec1_der(der).ok()?.to_pkcs8_der().ok();
            of_p256().or_else(of_p384).or_else(of_sm2)
        }
        PrivateKeyDer::Pkcs1(key) => {
            let algorithm = AlgorithmIdentifierRef { oid: RSA, parameters: Some(Null.into()) };
            let private = OctetStringRef::new(key.secret_pkcs1_der()).ok()?;
            SecretDocument::encode_msg(&PrivateKeyInfoRef::new(algorithm, private)).ok()
        }
        _ => None,
    }
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
