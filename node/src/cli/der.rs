//! Certificates, revocation lists and certificate keys from files.

use std::fs::File;
use std::io::{self, Read as _};
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use p256::ecdsa::signature::Signer as _;
use p256::pkcs8::DecodePrivateKey as _;
use rustls_pki_types::pem::PemObject;
use rustls_pki_types::{CertificateDer, CertificateRevocationListDer, PrivatePkcs8KeyDer};
use zeroize::Zeroizing;

use super::output::{Exit, Failure, words};

/// Longest file that is read, in bytes.
const FILE_BYTES_MAX: u64 = 1 << 20;
/// First byte of DER: a SEQUENCE.
const SEQUENCE: u8 = 0x30;

fn wrong(path: &Path, reason: impl std::fmt::Display) -> Failure {
    Failure {
        exit: Exit::Usage,
        ..Failure::because(
            format!("{}: {reason}", path.display()),
            words("Nothing was signed; give another file.", "未签署任何内容，请更换文件。"),
        )
    }
}

/// The bytes of a file.
pub(crate) fn read(path: &Path) -> Result<Zeroizing<Vec<u8>>, Failure> {
    let file = File::open(path).map_err(|e| wrong(path, e))?;
    read_open(file).map_err(|e| wrong(path, e))
}

fn read_open(file: File) -> io::Result<Zeroizing<Vec<u8>>> {
    // Reserved at once, so that no copy of a secret is left behind by growing.
    let length = file.metadata()?.len();
    if length >= FILE_BYTES_MAX {
        return Err(io::Error::other("is longer than 1 MiB"));
    }
    let mut bytes = Zeroizing::new(Vec::with_capacity(usize::try_from(length).unwrap_or(0) + 32));
    file.take(length + 1).read_to_end(&mut bytes)?;
    Ok(bytes)
}

/// The certificates of a file, PEM or one in DER.
pub(crate) fn certificates(path: &Path) -> Result<Vec<Vec<u8>>, Failure> {
    let bytes = read(path)?;
    if bytes.first() == Some(&SEQUENCE) {
        return Ok(vec![bytes.to_vec()]);
    }
    let read = CertificateDer::pem_slice_iter(&bytes).map(|one| one.map(|der| der.to_vec()));
    let all = read.collect::<Result<Vec<_>, _>>().map_err(|e| wrong(path, e))?;
    if all.is_empty() { Err(wrong(path, "has no certificate, PEM or DER")) } else { Ok(all) }
}

/// The only certificate of a file.
pub(crate) fn certificate(path: &Path) -> Result<Vec<u8>, Failure> {
    match <[Vec<u8>; 1]>::try_from(certificates(path)?) {
        Ok([one]) => Ok(one),
        Err(_) => Err(wrong(path, "has more than one certificate")),
    }
}

/// The revocation list of a file, PEM or DER.
pub(crate) fn revocation_list(path: &Path) -> Result<Vec<u8>, Failure> {
    let bytes = read(path)?;
    if bytes.first() == Some(&SEQUENCE) {
        return Ok(bytes.to_vec());
    }
    CertificateRevocationListDer::from_pem_slice(&bytes).map(|der| der.to_vec()).map_err(|e| wrong(path, e))
}

/// Signs with a certificate's private key in a file: PKCS#8, PEM or DER, readable by its owner alone; ECDSA on P-256
/// or P-384. Keys of other kinds sign elsewhere.
pub(crate) fn sign(path: &Path, message: &[u8]) -> Result<Vec<u8>, Failure> {
    let file = File::open(path).map_err(|e| wrong(path, e))?;
    let mode = file.metadata().map_err(|e| wrong(path, e))?.permissions().mode() & 0o777;
    if mode & 0o077 != 0 {
        return Err(wrong(
            path,
            format!("has mode {mode:03o}, so others could read the key; run `chmod 600` on it"),
        ));
    }
    let bytes = read_open(file).map_err(|e| wrong(path, e))?;
    let der = if bytes.first() == Some(&SEQUENCE) {
        bytes
    } else {
        let key = PrivatePkcs8KeyDer::from_pem_slice(&bytes).map_err(|e| wrong(path, e))?;
        Zeroizing::new(key.secret_pkcs8_der().to_vec())
    };
    if let Ok(key) = p256::ecdsa::SigningKey::from_pkcs8_der(&der) {
        let signature: p256::ecdsa::Signature = key.sign(message);
        return Ok(signature.to_der().as_bytes().to_vec());
    }
    let key = p384::ecdsa::SigningKey::from_pkcs8_der(&der).map_err(|_| {
        wrong(
            path,
            "is no PKCS#8 key on P-256 or P-384; sign elsewhere with --write-statement and --signature",
        )
    })?;
    let signature: p384::ecdsa::Signature = key.sign(message);
    Ok(signature.to_der().as_bytes().to_vec())
}
