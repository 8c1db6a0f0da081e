//! Certificates, revocation lists and answers from files.

use std::fs::File;
use std::io::Read as _;
use std::path::Path;

use rustls_pki_types::pem::PemObject;
use rustls_pki_types::{CertificateDer, CertificateRevocationListDer};

use super::output::{Exit, Failure, words};

/// Longest file that is read, in bytes.
const FILE_BYTES_MAX: u64 = 1 << 20;
/// First byte of DER: a SEQUENCE.
pub(crate) const SEQUENCE: u8 = 0x30;

pub(crate) fn wrong(path: &Path, reason: impl std::fmt::Display) -> Failure {
    Failure {
        exit: Exit::Usage,
        ..Failure::because(
            format!("{}: {reason}", path.display()),
            words("Nothing was signed; give another file.", "未签署任何内容，请更换文件。"),
        )
    }
}

/// The bytes of a file.
pub(crate) fn read(path: &Path) -> Result<Vec<u8>, Failure> {
    let mut bytes = Vec::new();
    let file = File::open(path).map_err(|e| wrong(path, e))?;
    file.take(FILE_BYTES_MAX + 1).read_to_end(&mut bytes).map_err(|e| wrong(path, e))?;
    if bytes.len() as u64 > FILE_BYTES_MAX {
        return Err(wrong(path, "is longer than 1 MiB"));
    }
    Ok(bytes)
}

/// The certificates of a file, PEM or one in DER.
pub(crate) fn certificates(path: &Path) -> Result<Vec<Vec<u8>>, Failure> {
    let bytes = read(path)?;
    if bytes.first() == Some(&SEQUENCE) {
        return Ok(vec![bytes]);
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
        return Ok(bytes);
    }
    CertificateRevocationListDer::from_pem_slice(&bytes).map(|der| der.to_vec()).map_err(|e| wrong(path, e))
}

/// A file in DER as it is: a status answer, which has no form in PEM.
pub(crate) fn plain(path: &Path) -> Result<Vec<u8>, Failure> {
    let bytes = read(path)?;
    if bytes.first() == Some(&SEQUENCE) {
        return Ok(bytes.to_vec());
    }
    Err(wrong(path, "is not DER; `openssl ocsp -respout FILE` writes an answer as it is needed here"))
}
