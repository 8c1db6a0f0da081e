//! A certificate's private key in a file, as the program `openssl` writes it, and what it signs.
//!
//! Read are PKCS#8 (RFC 5958), SEC1 (RFC 5915) and PKCS#1 (RFC 8017), as PEM, and PKCS#8 as DER. RSA is signed by *ring*:
//! the crate `rsa` has an open advisory on its timing (RUSTSEC-2023-0071).

use std::path::Path;

use p256::ecdsa::signature::Signer as _;
use p256::pkcs8::DecodePrivateKey as _;
use pki::Algorithm;
use ring::signature::{Ed25519KeyPair, RSA_PKCS1_SHA256, RsaKeyPair};
use rustls_pki_types::PrivateKeyDer;
use rustls_pki_types::pem::PemObject as _;
use zeroize::Zeroizing;

use super::der::{self, SEQUENCE, wrong};
use super::output::Failure;

/// What the system's openssl calls a key on the SM2 curve in the form of SEC1.
const SM2_LABEL: &str = "SM2 PRIVATE KEY";
/// What RFC 5915 calls it.
const SEC1_LABEL: &str = "EC PRIVATE KEY";

/// Signs a statement with the private key at `path`, in the form that [`pki::verify_statement`] expects of the key of
/// `certificate` (DER). A signature that this key does not verify is never given out.
pub(crate) fn sign(path: &Path, certificate: &[u8], message: &[u8]) -> Result<Vec<u8>, Failure> {
    let expected = pki::read_subject_key(certificate).map_err(|fault| wrong(path, fault))?;
    let key = read(path)?;
    let other = || {
        let kind = expected.algorithm.name();
        wrong(
            path,
            format!(
                "holds no private key of the kind that the certificate has ({kind}); give the key that belongs to it"
            ),
        )
    };
    let signature = sign_as(expected.algorithm, &key, message).ok_or_else(other)?;
    pki::verify_statement(&expected.spki, message, &signature).map_err(|_| {
        wrong(path, "is the key of another certificate; give the key that belongs to this one")
    })?;
    Ok(signature)
}

fn read(path: &Path) -> Result<PrivateKeyDer<'static>, Failure> {
    let bytes = der::read_secret(path)?;
    if bytes.first() == Some(&SEQUENCE) {
        return Ok(PrivateKeyDer::Pkcs8(bytes.to_vec().into()));
    }
    let text = std::str::from_utf8(&bytes).map_err(|_| wrong(path, "is neither PEM nor DER"))?;
    if text.contains("BEGIN ENCRYPTED PRIVATE KEY") || text.contains("Proc-Type: 4,ENCRYPTED") {
        return Err(wrong(
            path,
            "is encrypted, and no passphrase is asked for here; write it in the clear for this once with `openssl pkcs8 \
             -topk8 -nocrypt -in FILE -out CLEAR`, mode 600, or sign elsewhere with --write-statement and --signature",
        ));
    }
    let text = Zeroizing::new(text.replace(SM2_LABEL, SEC1_LABEL));
    PrivateKeyDer::from_pem_slice(text.as_bytes()).map_err(|_| {
        wrong(
            path,
            "has no private key as PKCS#8, SEC1 or PKCS#1; sign elsewhere with --write-statement and --signature",
        )
    })
}

/// `None` when the key is not of this kind.
fn sign_as(algorithm: Algorithm, key: &PrivateKeyDer<'_>, message: &[u8]) -> Option<Vec<u8>> {
    match algorithm {
        Algorithm::Ed25519 => {
            let PrivateKeyDer::Pkcs8(key) = key else { return None };
            // openssl leaves the public half out, as RFC 8410 has it.
            let key = Ed25519KeyPair::from_pkcs8_maybe_unchecked(key.secret_pkcs8_der()).ok()?;
            Some(key.sign(message).as_ref().to_vec())
        }
        Algorithm::EcdsaP256 => {
            let key = match key {
                PrivateKeyDer::Pkcs8(key) => p256::SecretKey::from_pkcs8_der(key.secret_pkcs8_der()).ok()?,
                PrivateKeyDer::Sec1(key) => p256::SecretKey::from_sec1_der(key.secret_sec1_der()).ok()?,
                _ => return None,
            };
            let signature: p256::ecdsa::Signature = p256::ecdsa::SigningKey::from(key).sign(message);
            Some(signature.to_der().as_bytes().to_vec())
        }
        Algorithm::EcdsaP384 => {
            let key = match key {
                PrivateKeyDer::Pkcs8(key) => p384::SecretKey::from_pkcs8_der(key.secret_pkcs8_der()).ok()?,
                PrivateKeyDer::Sec1(key) => p384::SecretKey::from_sec1_der(key.secret_sec1_der()).ok()?,
                _ => return None,
            };
            let signature: p384::ecdsa::Signature = p384::ecdsa::SigningKey::from(key).sign(message);
            Some(signature.to_der().as_bytes().to_vec())
        }
        Algorithm::Sm2 => {
            let key = match key {
                PrivateKeyDer::Pkcs8(key) => sm2::SecretKey::from_pkcs8_der(key.secret_pkcs8_der()).ok()?,
                PrivateKeyDer::Sec1(key) => sm2::SecretKey::from_sec1_der(key.secret_sec1_der()).ok()?,
                _ => return None,
            };
            let key = sm2::dsa::SigningKey::new(pki::SM2_DEFAULT_ID, &key).ok()?;
            Some(key.sign(message).to_der().as_bytes().to_vec())
        }
        Algorithm::Rsa => {
            let key = match key {
                PrivateKeyDer::Pkcs8(key) => RsaKeyPair::from_pkcs8(key.secret_pkcs8_der()).ok()?,
                PrivateKeyDer::Pkcs1(key) => RsaKeyPair::from_der(key.secret_pkcs1_der()).ok()?,
                _ => return None,
            };
            let mut signature = vec![0; key.public().modulus_len()];
            let random = ring::rand::SystemRandom::new();
            key.sign(&RSA_PKCS1_SHA256, &random, message, &mut signature).ok()?;
            Some(signature)
        }
    }
}
