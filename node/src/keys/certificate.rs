//! The private key of a certificate, in a file or on a token: it signs enrolments and revocations.

use std::fmt;
use std::path::Path;
use std::sync::Arc;

use ledger::crypto::SigningKey;
use p256::ecdsa::signature::Signer as _;
use pkcs8::der::asn1::{BitStringRef, Null};
use pkcs8::der::pem::PemLabel as _;
use pkcs8::der::{AnyRef, Encode as _};
use pkcs8::spki::{AlgorithmIdentifierRef, SubjectPublicKeyInfoRef};
use pkcs8::{
    AssociatedOid as _, DecodePrivateKey as _, EncodePublicKey as _, ObjectIdentifier, PrivateKeyInfoRef,
    SecretDocument,
};
use pki::Algorithm;
use ring::rand::SystemRandom;
use ring::rsa;
use ring::signature::RSA_PKCS1_SHA256;
use sha2::{Digest as _, Sha256};
use zeroize::Zeroizing;

use super::KeyError;
use super::token::Token;

const ED25519: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.101.112");
const EC: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.10045.2.1");
pub(super) const RSA: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.1.1");
const SM2: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.156.10197.1.301");
/// The identity with which an SM2 signature is made unless another is agreed (GM/T 0009, section 10).
const SM2_IDENTITY: &str = "1234567812345678";

enum Form {
    Ed25519(SigningKey),
    EcdsaP256(p256::ecdsa::SigningKey),
    EcdsaP384(p384::ecdsa::SigningKey),
    // *ring* does not erase its own copy of an RSA key when it is dropped; every copy of ours is.
    Rsa(Box<rsa::KeyPair>),
    Sm2(Box<sm2::dsa::SigningKey>),
    Token(Arc<Token>),
}

/// The private key of a certificate. Never printed.
pub struct CertificateKey {
    form: Form,
    /// PKCS#8, as it is kept; nothing for a key on a token.
    document: Option<SecretDocument>,
}

impl fmt::Debug for CertificateKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "CertificateKey({})", self.algorithm().name())
    }
}

impl CertificateKey {
    /// Reads PKCS#8 in DER.
    ///
    /// # Errors
    /// [`KeyError::NotACertificateKey`] naming `path`.
    pub fn from_pkcs8(path: &Path, document: SecretDocument) -> Result<Self, KeyError> {
        let refuse = |reason: String| KeyError::NotACertificateKey { path: path.into(), reason };
        let der = document.as_bytes();
        let info = PrivateKeyInfoRef::try_from(der).map_err(|e| refuse(format!("it is not PKCS#8: {e}")))?;
        let curve = info.algorithm.parameters_oid().ok();
        let form = match (info.algorithm.oid, curve) {
            (ED25519, _) => Form::Ed25519(
                ed25519(info.private_key.as_bytes())
                    .ok_or_else(|| refuse("its Ed25519 key has not 32 bytes".into()))?,
            ),
            (EC, Some(p256::NistP256::OID)) => Form::EcdsaP256(
                p256::ecdsa::SigningKey::from_pkcs8_der(der).map_err(|e| refuse(e.to_string()))?,
            ),
            (EC, Some(p384::NistP384::OID)) => Form::EcdsaP384(
                p384::ecdsa::SigningKey::from_pkcs8_der(der).map_err(|e| refuse(e.to_string()))?,
            ),
            (EC, Some(SM2)) => {
                let secret = sm2::SecretKey::from_pkcs8_der(der).map_err(|e| refuse(e.to_string()))?;
                let key =
                    sm2::dsa::SigningKey::new(SM2_IDENTITY, &secret).map_err(|e| refuse(e.to_string()))?;
                Form::Sm2(Box::new(key))
            }
            (RSA, _) => {
                Form::Rsa(Box::new(rsa::KeyPair::from_pkcs8(der).map_err(|e| refuse(format!("RSA: {e}")))?))
            }
            (other, _) => return Err(refuse(format!("its algorithm is {other}"))),
        };
        Ok(Self { form, document: Some(document) })
    }

    /// A key that a token keeps.
    pub fn on_token(token: Arc<Token>) -> Self {
        Self { form: Form::Token(token), document: None }
    }

    /// What it signs with.
    pub fn algorithm(&self) -> Algorithm {
        match &self.form {
            Form::Ed25519(_) => Algorithm::Ed25519,
            Form::EcdsaP256(_) => Algorithm::EcdsaP256,
            Form::EcdsaP384(_) => Algorithm::EcdsaP384,
            Form::Rsa(_) => Algorithm::Rsa,
            Form::Sm2(_) => Algorithm::Sm2,
            Form::Token(token) => token.algorithm(),
        }
    }

    /// The certificate that the token keeps beside the key, in DER.
    pub fn certificate(&self) -> Option<&[u8]> {
        if let Form::Token(token) = &self.form { token.certificate() } else { None }
    }

    /// A signature in the form that the ledger takes from certificates: raw for Ed25519, DER for ECDSA and SM2,
    /// PKCS#1 v1.5 for RSA.
    ///
    /// # Errors
    /// [`KeyError::Signing`], [`KeyError::Token`].
    pub fn sign(&self, message: &[u8]) -> Result<Vec<u8>, KeyError> {
        let failed = |e: &dyn fmt::Display| KeyError::Signing(e.to_string());
        match &self.form {
            Form::Ed25519(key) => Ok(key.sign(message).as_bytes().to_vec()),
            Form::EcdsaP256(key) => {
                let made: p256::ecdsa::DerSignature = key.try_sign(message).map_err(|e| failed(&e))?;
                Ok(made.as_bytes().to_vec())
            }
            Form::EcdsaP384(key) => {
                let made: p384::ecdsa::DerSignature = key.try_sign(message).map_err(|e| failed(&e))?;
                Ok(made.as_bytes().to_vec())
            }
            Form::Rsa(key) => {
                let mut made = vec![0; key.public().modulus_len()];
                let signed = key.sign(&RSA_PKCS1_SHA256, &SystemRandom::new(), message, &mut made);
                signed.map(|()| made).map_err(|e| failed(&e))
            }
            Form::Sm2(key) => {
                let made: sm2::dsa::Signature = key.try_sign(message).map_err(|e| failed(&e))?;
                Ok(made.to_der().as_bytes().to_vec())
            }
            Form::Token(token) => token.sign(message),
        }
    }

    /// SHA-256 of the public half as a SubjectPublicKeyInfo (RFC 5280, section 4.1.2.7), by which a key is told from
    /// another. Nothing for a key on a token.
    pub fn fingerprint(&self) -> Option<[u8; 32]> {
        let spki = match &self.form {
            Form::Ed25519(key) => spki(ED25519, None, key.public_key().as_bytes()),
            Form::EcdsaP256(key) => Some(key.verifying_key().to_public_key_der().ok()?.into_vec()),
            Form::EcdsaP384(key) => Some(key.verifying_key().to_public_key_der().ok()?.into_vec()),
            Form::Sm2(key) => Some(key.verifying_key().to_public_key_der().ok()?.into_vec()),
            Form::Rsa(key) => spki(RSA, Some(Null.into()), key.public().as_ref()),
            Form::Token(_) => None,
        };
        Some(Sha256::digest(spki?).into())
    }

    /// PKCS#8 in PEM, to be written to a file. Nothing for a key on a token.
    pub(super) fn pem(&self) -> Option<Zeroizing<String>> {
        self.document.as_ref()?.to_pem(PrivateKeyInfoRef::PEM_LABEL, pkcs8::LineEnding::LF).ok()
    }
}

/// The seed inside the OCTET STRING of RFC 8410, section 7.
fn ed25519(private: &[u8]) -> Option<SigningKey> {
    let seed = Zeroizing::new(<[u8; 32]>::try_from(private.strip_prefix(&[0x04, 0x20])?).ok()?);
    Some(SigningKey::from_seed(&seed))
}

fn spki(oid: ObjectIdentifier, parameters: Option<AnyRef<'_>>, key: &[u8]) -> Option<Vec<u8>> {
    let subject_public_key = BitStringRef::from_bytes(key).ok()?;
    let algorithm = AlgorithmIdentifierRef { oid, parameters };
    SubjectPublicKeyInfoRef { algorithm, subject_public_key }.to_der().ok()
}
