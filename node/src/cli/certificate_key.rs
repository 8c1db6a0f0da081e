//! Signatures by a certificate's private key, wherever it rests.

use crate::keys::{KeyError, KeyReference, Opener};

use super::key::refuse;
use super::output::{Exit, Failure, words};

/// Signs a statement with a private key, in the form that [`pki::verify_statement`] expects of the key of `certificate`
/// (DER). A signature that this key does not verify is never given out.
pub(crate) fn sign(
    opener: &Opener,
    reference: &str,
    certificate: &[u8],
    message: &[u8],
) -> Result<Vec<u8>, Failure> {
    let wrong = |reason: String| Failure {
        exit: Exit::Usage,
        ..Failure::because(
            format!("{reference}: {reason}"),
            words("Nothing was signed; name the right key.", "未签署任何内容，请指定正确的密钥。"),
        )
    };
    let refused = |e: KeyError| Failure { exit: Exit::Usage, ..refuse(&e) };
    let expected = pki::read_subject_key(certificate).map_err(|fault| wrong(fault.to_string()))?;
    let reference: KeyReference = reference.parse().map_err(refused)?;
    let key = opener.certificate_key(&reference).map_err(refused)?;
    if key.algorithm() != expected.algorithm {
        let (found, kind) = (key.algorithm().name(), expected.algorithm.name());
        return Err(wrong(format!(
            "is a key of the kind {found}, and the certificate has one of the kind {kind}; give the key that belongs to it"
        )));
    }
    let signature = key.sign(message).map_err(refused)?;
    pki::verify_statement(&expected.spki, message, &signature).map_err(|_| {
        wrong("is the key of another certificate; give the key that belongs to this one".to_owned())
    })?;
    Ok(signature)
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;
    use std::path::{Path, PathBuf};

    use super::super::der;
    use super::*;
    use crate::keys::SecretSource;

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

    /// Signs with a key in the clear.
    fn sign(path: &Path, certificate: &[u8], message: &[u8]) -> Result<Vec<u8>, Failure> {
        let opener = Opener::new(SecretSource::Prompt, SecretSource::Prompt, None);
        super::sign(&opener, path.to_str().unwrap(), certificate, message)
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
            ("rsa", "p256-pkcs8", "is a key of the kind"),
            ("sm2", "p256-sec1", "is a key of the kind"),
            ("sm2", "p256-pkcs8", "is a key of the kind"),
            ("p256", "p256-encrypted-sec1", "openssl pkcs8 -topk8"),
            ("p256", "p256", "openssl pkcs8 -topk8"),
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
