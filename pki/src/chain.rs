//! A subscriber's certificate and its path to the root.

use crate::{Algorithm, Authority, Fault};

/// What a certificate says about its holder, after its path was found good.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Subscriber {
    /// The unified social credit code: 18 characters, upper case, with a right check character.
    pub credit_code: String,
    /// The organisation's name (O), or the common name where there is none.
    pub organisation_name: String,
    /// The serial number, big-endian without sign, without leading zeros: unique for one issuer.
    pub serial: Vec<u8>,
    /// SHA-256 of the certificate's DER.
    pub fingerprint: [u8; 32],
    /// SHA-256 of its SubjectPublicKeyInfo: the same for two certificates of the same key.
    pub key_fingerprint: [u8; 32],
    /// The kind of its key.
    pub algorithm: Algorithm,
    /// Its SubjectPublicKeyInfo, DER.
    pub spki: Vec<u8>,
    /// The first instant at which it is valid, in unix seconds.
    pub not_before: u64,
    /// The last instant at which it is valid, in unix seconds.
    pub not_after: u64,
    /// SHA-256 of the DER of the certificate that issued it.
    pub issuer_fingerprint: [u8; 32],
    /// SHA-256 of the SubjectPublicKeyInfo of its issuer. A serial number is unique for this key, so this is what
    /// revocation lists are matched by: a certification authority's own certificate may be renewed.
    pub issuer_key_fingerprint: [u8; 32],
    /// The intermediates of the path, from the subscriber's issuer upwards; empty if the root issued it.
    pub path: Vec<Issuer>,
}

/// An intermediate of a path, so that its own revocation can be judged.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Issuer {
    /// SHA-256 of the certificate's DER.
    pub fingerprint: [u8; 32],
    /// Its serial number, as in [`Subscriber::serial`].
    pub serial: Vec<u8>,
    /// SHA-256 of the SubjectPublicKeyInfo of the one that issued it.
    pub issuer_key_fingerprint: [u8; 32],
    /// The last instant at which it is valid, in unix seconds.
    pub not_after: u64,
}

/// Judges a chain of certificates, the subscriber's first, at an instant in unix seconds.
///
/// Each certificate of the chain must be issued by the next one; intermediates that the trust list has may be left out,
/// and the root may be sent along.
///
/// # Errors
///
/// The first that applies, in this order:
/// 1. [`Fault::AuthorityEntry`]; [`Fault::TooLong`]; [`Fault::Malformed`].
/// 2. For each certificate, the subscriber's first: [`Fault::Version`], [`Fault::WeakDigest`],
///    [`Fault::AlgorithmUnknown`], [`Fault::ShortKey`], [`Fault::LongKey`], [`Fault::CriticalExtension`].
/// 3. The subscriber's: [`Fault::SubscriberIsCa`], [`Fault::NotForSigning`], [`Fault::WrongPurpose`],
///    [`Fault::AlgorithmNotAllowed`].
/// 4. The order: [`Fault::BrokenPath`], [`Fault::UnknownAuthority`].
/// 5. Validity: [`Fault::NotYetValid`], [`Fault::Expired`], the subscriber's first.
/// 6. The path: [`Fault::NotACa`], [`Fault::KeyUsage`], [`Fault::PathLength`], [`Fault::BadSignature`],
///    [`Fault::NameConstraints`].
/// 7. [`Fault::PolicyMissing`], [`Fault::CreditCodeMissing`], [`Fault::CreditCodeInvalid`], [`Fault::NameMissing`].
pub fn judge_chain(authority: &Authority<'_>, chain: &[&[u8]], at: u64) -> Result<Subscriber, Fault> {
    let _ = (authority, chain, at);
    Err(Fault::UnknownAuthority)
}
