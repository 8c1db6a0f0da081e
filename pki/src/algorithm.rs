//! Which keys and signatures are known, and their verification.

use crate::certificate::{Certificate, Key};
use crate::{Fault, Place, signature};

/// The kind of a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Algorithm {
    /// Ed25519 (RFC 8410).
    Ed25519,
    /// ECDSA on the curve P-256.
    EcdsaP256,
    /// ECDSA on the curve P-384.
    EcdsaP384,
    /// RSA of 2048 to 4096 bits.
    Rsa,
    /// SM2 on its recommended curve, with SM3 (GM/T 0003, GM/T 0009).
    Sm2,
}

impl Algorithm {
    /// All of them, in their order.
    pub const ALL: [Self; 5] = [Self::Ed25519, Self::EcdsaP256, Self::EcdsaP384, Self::Rsa, Self::Sm2];

    /// The stable name, in snake case.
    pub fn name(self) -> &'static str {
        match self {
            Self::Ed25519 => "ed25519",
            Self::EcdsaP256 => "ecdsa_p256",
            Self::EcdsaP384 => "ecdsa_p384",
            Self::Rsa => "rsa",
            Self::Sm2 => "sm2",
        }
    }

    /// The kind with this [`name`](Self::name).
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|algorithm| algorithm.name() == name)
    }
}

/// The key of a certificate, as its holder needs to know it before signing anything.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SubjectKey {
    /// Its kind.
    pub algorithm: Algorithm,
    /// SubjectPublicKeyInfo, DER.
    pub spki: Vec<u8>,
}

/// Reads the key of a certificate. Nothing else of it is judged: that is for [`judge_chain`](crate::judge_chain).
///
/// # Errors
///
/// [`Fault::TooLong`], [`Fault::Malformed`], [`Fault::AlgorithmUnknown`], [`Fault::ShortKey`] and [`Fault::LongKey`].
pub fn read_subject_key(certificate: &[u8]) -> Result<SubjectKey, Fault> {
    let read = Certificate::read(certificate, Place::Subscriber)?;
    Ok(SubjectKey { algorithm: read.key.judge(Place::Subscriber)?, spki: read.key.der })
}

/// Verifies that the private key of a certificate signed `message`.
///
/// `spki` is the DER of the certificate's SubjectPublicKeyInfo, as in [`Subscriber::spki`](crate::Subscriber::spki).
/// The signature is, by the kind of the key: Ed25519, 64 bytes; ECDSA, DER over SHA-256 (P-256) or SHA-384 (P-384);
/// RSA, PKCS#1 v1.5 or PSS (salt of 32 bytes) over SHA-256; SM2, DER over SM3 with the default distinguishing
/// identifier `1234567812345678`.
///
/// # Errors
///
/// [`Fault::Malformed`], [`Fault::AlgorithmUnknown`], [`Fault::ShortKey`] and [`Fault::LongKey`] for the key;
/// [`Fault::StatementSignature`] for a signature that does not verify.
pub fn verify_statement(spki: &[u8], message: &[u8], signature: &[u8]) -> Result<(), Fault> {
    let key = Key::read(spki)?;
    let algorithm = key.judge(Place::Subscriber)?;
    let verified = signature::of_statements(algorithm)
        .iter()
        .any(|kind| kind.verify_signature(&key.bits, message, signature).is_ok());
    if verified { Ok(()) } else { Err(Fault::StatementSignature) }
}
