//! From the ledger's words to those of the crate `pki`, and back.

use crate::execute::rejection::Rejection;
use crate::hash::sha256;
use crate::id::CertificateId;
use crate::record::authority::{AuthorityTerms, CertificateDer, CodeSource, KeyAlgorithm, SerialNumber};
use crate::record::certificate::RevocationReason;
use crate::time::{BlockTime, Span};

/// Hands an entry of the trust list to a judgement of `pki`.
pub(super) fn with_authority<T>(terms: &AuthorityTerms, judge: impl FnOnce(&pki::Authority<'_>) -> T) -> T {
    let algorithms: Vec<pki::Algorithm> = terms.algorithms.iter().copied().map(algorithm).collect();
    let intermediates = slices(&terms.intermediates);
    let credit_code_at = match &terms.code_source {
        CodeSource::SubjectAttribute(oid) => pki::CodeSource::SubjectAttribute(oid.to_string()),
        CodeSource::Extension(oid) => pki::CodeSource::Extension(oid.to_string()),
    };
    judge(&pki::Authority {
        root: terms.root.as_slice(),
        intermediates: &intermediates,
        algorithms: &algorithms,
        credit_code_at: &credit_code_at,
        policy: terms.policy.as_ref().map(crate::id::Oid::as_str),
    })
}

/// Whether the entry's certificates and identifiers can be used at all.
pub(super) fn check_entry(terms: &AuthorityTerms) -> Result<(), Rejection> {
    let (CodeSource::SubjectAttribute(source) | CodeSource::Extension(source)) = &terms.code_source;
    let mut identifiers = core::iter::once(source).chain(&terms.policy);
    if !identifiers.all(|oid| pki::is_object_identifier(oid.as_str())) {
        return Err(Rejection::CertificateEntry);
    }
    pki::read_authority(terms.root.as_slice(), &slices(&terms.intermediates))?;
    Ok(())
}

pub(super) fn slices(certificates: &[CertificateDer]) -> Vec<&[u8]> {
    certificates.iter().map(CertificateDer::as_slice).collect()
}

/// The name of a certificate.
pub(super) fn certificate_id(certificate: &CertificateDer) -> CertificateId {
    CertificateId::from_bytes(sha256(certificate.as_slice()))
}

/// Block time in the seconds of X.509. A fraction of a second is cut off, as RFC 5280 has none.
pub(super) const fn seconds(time: BlockTime) -> u64 {
    time.as_millis() / 1_000
}

/// The first millisecond of a second of X.509, held at the end of the year 9999.
pub(super) fn instant(seconds: u64) -> BlockTime {
    BlockTime::default().plus(Span::from_millis(seconds.saturating_mul(1_000)))
}

/// The last millisecond of a second of X.509.
pub(super) fn end_of(seconds: u64) -> BlockTime {
    instant(seconds).plus(Span::from_millis(999))
}

/// A serial number as `pki` writes it; a longer one than RFC 5280 allows is not read.
pub(super) fn serial(bytes: &[u8]) -> Result<SerialNumber, Rejection> {
    let bytes = if bytes.is_empty() { &[0] } else { bytes };
    SerialNumber::new(bytes.to_vec()).map_err(|_| Rejection::CertificateMalformed)
}

const fn algorithm(algorithm: KeyAlgorithm) -> pki::Algorithm {
    match algorithm {
        KeyAlgorithm::Ed25519 => pki::Algorithm::Ed25519,
        KeyAlgorithm::EcdsaP256 => pki::Algorithm::EcdsaP256,
        KeyAlgorithm::EcdsaP384 => pki::Algorithm::EcdsaP384,
        KeyAlgorithm::Rsa => pki::Algorithm::Rsa,
        KeyAlgorithm::Sm2 => pki::Algorithm::Sm2,
    }
}

impl From<pki::Algorithm> for KeyAlgorithm {
    fn from(algorithm: pki::Algorithm) -> Self {
        match algorithm {
            pki::Algorithm::Ed25519 => Self::Ed25519,
            pki::Algorithm::EcdsaP256 => Self::EcdsaP256,
            pki::Algorithm::EcdsaP384 => Self::EcdsaP384,
            pki::Algorithm::Rsa => Self::Rsa,
            pki::Algorithm::Sm2 => Self::Sm2,
        }
    }
}

impl From<pki::Reason> for RevocationReason {
    fn from(reason: pki::Reason) -> Self {
        use pki::Reason;
        match reason {
            Reason::Unspecified => Self::Unspecified,
            Reason::KeyCompromise => Self::KeyCompromise,
            Reason::CaCompromise => Self::CaCompromise,
            Reason::AffiliationChanged => Self::AffiliationChanged,
            Reason::Superseded => Self::Superseded,
            Reason::CessationOfOperation => Self::CessationOfOperation,
            Reason::CertificateHold => Self::CertificateHold,
            Reason::PrivilegeWithdrawn => Self::PrivilegeWithdrawn,
            Reason::AaCompromise => Self::AaCompromise,
        }
    }
}

/// From when on a revocation counts: from the day that the authority names as the last safe one, if it names an
/// earlier one than that of the revocation (invalidityDate, RFC 5280, section 5.3.2).
pub(super) fn revoked_from(revocation: &pki::Revocation) -> BlockTime {
    instant(revocation.invalid_since.map_or(revocation.date, |since| since.min(revocation.date)))
}

impl From<pki::Fault> for Rejection {
    fn from(fault: pki::Fault) -> Self {
        use pki::Fault;
        match fault {
            Fault::TooLong { .. } => Self::CertificateTooLong,
            Fault::Malformed { .. } => Self::CertificateMalformed,
            Fault::Version => Self::CertificateVersion,
            Fault::WeakDigest { .. } => Self::CertificateWeakDigest,
            Fault::ShortKey { .. } => Self::CertificateShortKey,
            Fault::LongKey { .. } => Self::CertificateLongKey,
            Fault::AlgorithmUnknown => Self::CertificateAlgorithmUnknown,
            Fault::AlgorithmNotAllowed => Self::CertificateAlgorithmNotAllowed,
            Fault::CriticalExtension { .. } => Self::CertificateCriticalExtension,
            Fault::NotForSigning => Self::CertificateNotForSigning,
            Fault::WrongPurpose => Self::CertificateWrongPurpose,
            Fault::SubscriberIsCa => Self::CertificateOfAuthority,
            Fault::NotACa => Self::CertificateIssuerNotCa,
            Fault::KeyUsage => Self::CertificateKeyUsage,
            Fault::UnknownAuthority => Self::CertificateOfOtherAuthority,
            Fault::BrokenPath => Self::CertificateBrokenPath,
            Fault::BadSignature => Self::CertificateForged,
            Fault::PathLength => Self::CertificatePathLength,
            Fault::NameConstraints => Self::CertificateNameConstraints,
            Fault::TooComplex => Self::CertificateTooComplex,
            Fault::NotYetValid { .. } => Self::CertificateNotYetValid,
            Fault::Expired { .. } => Self::CertificateExpired,
            Fault::PolicyMissing => Self::CertificatePolicy,
            Fault::CreditCodeMissing => Self::CreditCodeMissing,
            Fault::CreditCodeInvalid => Self::CreditCodeInvalid,
            Fault::NameMissing => Self::NameMissing,
            Fault::AuthorityEntry => Self::CertificateEntry,
            Fault::NotSelfSigned => Self::NotSelfSigned,
            Fault::StatementSignature => Self::EnrolmentNotSigned,
            Fault::CrlSigner => Self::RevocationListSigner,
            Fault::CrlSignature => Self::RevocationListForged,
            Fault::CrlNotYetValid { .. } => Self::RevocationListEarly,
            Fault::CrlStale { .. } => Self::RevocationListStale,
            Fault::CrlDelta => Self::RevocationListDelta,
            Fault::CrlUnsupported => Self::RevocationListUnsupported,
            Fault::OcspSigner => Self::OcspSigner,
            Fault::OcspSignature => Self::OcspForged,
            Fault::OcspNotYetValid { .. } => Self::OcspEarly,
            Fault::OcspStale { .. } => Self::OcspStale,
            Fault::OcspOtherCertificate => Self::OcspOtherCertificate,
            Fault::OcspNoAnswer { .. } => Self::OcspNoAnswer,
            Fault::OcspUnsupported => Self::OcspUnsupported,
            Fault::Revoked { .. } => Self::CertificateRevoked,
        }
    }
}
