//! Which signatures are verified, and by what: one table for certificates, lists and answers.

use rustls_pki_types::{AlgorithmIdentifier, InvalidSignature, SignatureVerificationAlgorithm, alg_id};
use sm2::dsa::signature::Verifier;
use webpki::ring;

use crate::Algorithm;

/// The distinguishing identifier that GM/T 0009 gives where none is agreed on.
pub const SM2_DEFAULT_ID: &str = "1234567812345678";

/// id-ecPublicKey on the curve sm2p256v1 (1.2.156.10197.1.301), without the outer header.
const SM2_KEY: AlgorithmIdentifier = AlgorithmIdentifier::from_slice(&[
    0x06, 0x07, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01, 0x06, 0x08, 0x2a, 0x81, 0x1c, 0xcf, 0x55, 0x01,
    0x82, 0x2d,
]);
/// SM2 with SM3 (1.2.156.10197.1.501).
const SM2_WITH_SM3: AlgorithmIdentifier =
    AlgorithmIdentifier::from_slice(&[0x06, 0x08, 0x2a, 0x81, 0x1c, 0xcf, 0x55, 0x01, 0x83, 0x75]);
/// The same with the NULL that some authorities write after it.
const SM2_WITH_SM3_NULL: AlgorithmIdentifier = AlgorithmIdentifier::from_slice(&[
    0x06, 0x08, 0x2a, 0x81, 0x1c, 0xcf, 0x55, 0x01, 0x83, 0x75, 0x05, 0x00,
]);

/// SM2 signatures in DER over SM3, with the default identifier.
#[derive(Debug)]
struct Sm2 {
    signature: AlgorithmIdentifier,
}

impl SignatureVerificationAlgorithm for Sm2 {
    fn public_key_alg_id(&self) -> AlgorithmIdentifier {
        SM2_KEY
    }

    fn signature_alg_id(&self) -> AlgorithmIdentifier {
        self.signature
    }

    fn verify_signature(&self, key: &[u8], message: &[u8], signature: &[u8]) -> Result<(), InvalidSignature> {
        let key =
            sm2::dsa::VerifyingKey::from_sec1_bytes(SM2_DEFAULT_ID, key).map_err(|_| InvalidSignature)?;
        let signature = sm2::dsa::Signature::from_der(signature).map_err(|_| InvalidSignature)?;
        key.verify(message, &signature).map_err(|_| InvalidSignature)
    }
}

/// The kinds of signatures that certificates, lists and answers may bear.
pub(crate) static ACCEPTED: &[&dyn SignatureVerificationAlgorithm] = &[
    ring::ED25519,
    ring::ECDSA_P256_SHA256,
    ring::ECDSA_P256_SHA384,
    ring::ECDSA_P384_SHA256,
    ring::ECDSA_P384_SHA384,
    ring::RSA_PKCS1_2048_8192_SHA256,
    ring::RSA_PKCS1_2048_8192_SHA384,
    ring::RSA_PKCS1_2048_8192_SHA512,
    // RFC 4055, section 5: the parameters must be NULL, and their absence must be accepted.
    ring::RSA_PKCS1_2048_8192_SHA256_ABSENT_PARAMS,
    ring::RSA_PKCS1_2048_8192_SHA384_ABSENT_PARAMS,
    ring::RSA_PKCS1_2048_8192_SHA512_ABSENT_PARAMS,
    ring::RSA_PSS_2048_8192_SHA256_LEGACY_KEY,
    ring::RSA_PSS_2048_8192_SHA384_LEGACY_KEY,
    ring::RSA_PSS_2048_8192_SHA512_LEGACY_KEY,
    &Sm2 { signature: SM2_WITH_SM3 },
    &Sm2 { signature: SM2_WITH_SM3_NULL },
];

/// The kinds that a statement may bear, by the kind of the key.
pub(crate) fn of_statements(algorithm: Algorithm) -> Vec<&'static dyn SignatureVerificationAlgorithm> {
    match algorithm {
        Algorithm::Ed25519 => vec![ring::ED25519],
        Algorithm::EcdsaP256 => vec![ring::ECDSA_P256_SHA256],
        Algorithm::EcdsaP384 => vec![ring::ECDSA_P384_SHA384],
        Algorithm::Rsa => vec![ring::RSA_PKCS1_2048_8192_SHA256, ring::RSA_PSS_2048_8192_SHA256_LEGACY_KEY],
        Algorithm::Sm2 => vec![&Sm2 { signature: SM2_WITH_SM3 }],
    }
}

/// The kind of a key by its algorithm identifier, without the outer header.
pub(crate) fn key_algorithm(identifier: &[u8]) -> Option<Algorithm> {
    let known = [
        (alg_id::ED25519, Algorithm::Ed25519),
        (alg_id::ECDSA_P256, Algorithm::EcdsaP256),
        (alg_id::ECDSA_P384, Algorithm::EcdsaP384),
        (alg_id::RSA_ENCRYPTION, Algorithm::Rsa),
        (SM2_KEY, Algorithm::Sm2),
    ];
    known.iter().find(|(id, _)| id.as_ref() == identifier).map(|(_, algorithm)| *algorithm)
}

/// Whether signatures with this identifier (without the outer header) are of a kind that is accepted.
pub(crate) fn is_accepted(identifier: &[u8]) -> bool {
    ACCEPTED.iter().any(|one| one.signature_alg_id().as_ref() == identifier)
}

/// Verifies a signature whose kind is named beside it, by a key of some kind.
pub(crate) fn verifies(
    key_identifier: &[u8],
    key: &[u8],
    signature_identifier: &[u8],
    message: &[u8],
    signature: &[u8],
) -> bool {
    ACCEPTED
        .iter()
        .filter(|one| one.public_key_alg_id().as_ref() == key_identifier)
        .filter(|one| one.signature_alg_id().as_ref() == signature_identifier)
        .any(|one| one.verify_signature(key, message, signature).is_ok())
}
