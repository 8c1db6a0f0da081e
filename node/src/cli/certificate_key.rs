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

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;
    use std::path::PathBuf;

    use super::*;

    fn made(name: &str) -> PathBuf {
        Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/certificate_keys").join(format!("{name}.pem"))
    }

    fn certificate(name: &str) -> Vec<u8> {
        der::certificate(&made(name)).unwrap()
    }

    /// A copy that its owner alone can read: what the repository checks out is open to others.
    fn closed(directory: &Path, name: &str) -> PathBuf {
        let path = directory.join(name);
        std::fs::copy(made(name), &path).unwrap();
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o600)).unwrap();
        path
    }

    #[test]
    fn keys_sign_in_every_form_in_which_openssl_writes_them() {
        let directory = tempfile::tempdir().unwrap();
        for (owner, key) in [
            ("ed25519", "ed25519-pkcs8"),
            ("p256", "p256-pkcs8"),
            ("p256", "p256-sec1"),
            ("parameters", "p256-parameters"),
            ("p384", "p384-pkcs8"),
            ("p384", "p384-sec1"),
            ("rsa", "rsa-pkcs8"),
            ("rsa", "rsa-pkcs1"),
            ("sm2", "sm2-pkcs8"),
            ("sm2", "sm2-sec1"),
        ] {
            let signature = sign(&closed(directory.path(), key), &certificate(owner), b"statement");
            let signature = signature.unwrap_or_else(|failure| panic!("{key}: {}", failure.message.en));
            let spki = pki::read_subject_key(&certificate(owner)).unwrap().spki;
            pki::verify_statement(&spki, b"statement", &signature).unwrap();
            pki::verify_statement(&spki, b"another", &signature).unwrap_err();
        }
    }

    #[test]
    fn no_signature_is_given_by_a_key_that_is_not_the_certificates() {
        let directory = tempfile::tempdir().unwrap();
        for (owner, key, reason) in [
            ("p256", "p256-parameters", "is the key of another certificate"),
            ("rsa", "p256-pkcs8", "no private key of the kind"),
            ("sm2", "p256-sec1", "no private key of the kind"),
            ("sm2", "p256-pkcs8", "no private key of the kind"),
            ("p256", "p256-encrypted", "is encrypted"),
            ("p256", "p256-encrypted-sec1", "is encrypted"),
            ("p256", "p256", "has no private key"),
        ] {
            let failure =
                sign(&closed(directory.path(), key), &certificate(owner), b"statement").unwrap_err();
            assert!(failure.message.en.contains(reason), "{owner} {key}: {}", failure.message.en);
        }
        let open = closed(directory.path(), "p256-pkcs8");
        std::fs::set_permissions(&open, std::fs::Permissions::from_mode(0o644)).unwrap();
        let failure = sign(&open, &certificate("p256"), b"statement").unwrap_err();
        assert!(failure.message.en.contains("chmod 600"), "{}", failure.message.en);
    }
}
