//! `pki`'s verdicts in the words of `docs/rules.md`: its faults as codes, its instants as those of the ledger.

use ledger::record::authority::{AuthorityTerms, CertificateDer, CodeSource, KeyAlgorithm};
use ledger::record::certificate::RevocationReason;
use ledger::time::{BlockTime, Span};
use pki::{Algorithm, Fault, Reason};

use crate::auditor::code::Code;

pub(super) fn slices(certificates: &[CertificateDer]) -> Vec<&[u8]> {
    certificates.iter().map(CertificateDer::as_slice).collect()
}

/// Asks `pki` something about an entry of the trust list.
pub(super) fn ask<T>(
    terms: &AuthorityTerms,
    question: impl FnOnce(&pki::Authority<'_>) -> Result<T, Fault>,
) -> Result<T, Code> {
    let algorithms: Vec<Algorithm> = terms
        .algorithms
        .iter()
        .map(|algorithm| match algorithm {
            KeyAlgorithm::Ed25519 => Algorithm::Ed25519,
            KeyAlgorithm::EcdsaP256 => Algorithm::EcdsaP256,
            KeyAlgorithm::EcdsaP384 => Algorithm::EcdsaP384,
            KeyAlgorithm::Rsa => Algorithm::Rsa,
            KeyAlgorithm::Sm2 => Algorithm::Sm2,
        })
        .collect();
    let credit_code_at = match &terms.code_source {
        CodeSource::SubjectAttribute(at) => pki::CodeSource::SubjectAttribute(at.as_str().to_owned()),
        CodeSource::Extension(at) => pki::CodeSource::Extension(at.as_str().to_owned()),
    };
    let authority = pki::Authority {
        root: terms.root.as_slice(),
        intermediates: &slices(&terms.intermediates),
        algorithms: &algorithms,
        credit_code_at: &credit_code_at,
        policy: terms.policy.as_ref().map(|policy| policy.as_str()),
    };
    question(&authority).map_err(code)
}

/// Whether the certificates and identifiers of an entry can be used.
pub(super) fn entry(terms: &AuthorityTerms) -> Result<(), Code> {
    let at = match &terms.code_source {
        CodeSource::SubjectAttribute(at) | CodeSource::Extension(at) => at.as_str(),
    };
    let policy = terms.policy.as_ref().map_or(at, |policy| policy.as_str());
    if !pki::is_object_identifier(at) || !pki::is_object_identifier(policy) {
        return Err(Code::CertificateEntry);
    }
    pki::read_authority(terms.root.as_slice(), &slices(&terms.intermediates)).map(drop).map_err(code)
}

/// X.509 counts seconds.
pub(super) fn seconds(time: BlockTime) -> u64 {
    time.as_millis() / 1_000
}

/// The beginning of a second.
pub(super) fn instant(seconds: u64) -> BlockTime {
    BlockTime::default().plus(Span::from_millis(seconds.saturating_mul(1_000)))
}

/// The end of a second.
pub(super) fn end_of(seconds: u64) -> BlockTime {
    instant(seconds).plus(Span::from_millis(999))
}

/// A number without leading zeros; zero is one byte.
pub(super) fn number(bytes: &[u8]) -> Vec<u8> {
    let zeros = bytes.iter().take_while(|byte| **byte == 0).count();
    match bytes.get(zeros..) {
        Some([]) | None => vec![0],
        Some(rest) => rest.to_vec(),
    }
}

/// From when on a revoked certificate does not count: the date, or the day from which on its key was in doubt.
pub(super) fn since(revocation: &pki::Revocation) -> BlockTime {
    let earlier = revocation.invalid_since.filter(|since| *since < revocation.date);
    instant(earlier.unwrap_or(revocation.date))
}

pub(super) fn algorithm(algorithm: Algorithm) -> KeyAlgorithm {
    match algorithm {
        Algorithm::Ed25519 => KeyAlgorithm::Ed25519,
        Algorithm::EcdsaP256 => KeyAlgorithm::EcdsaP256,
        Algorithm::EcdsaP384 => KeyAlgorithm::EcdsaP384,
        Algorithm::Rsa => KeyAlgorithm::Rsa,
        Algorithm::Sm2 => KeyAlgorithm::Sm2,
    }
}

pub(super) fn reason(reason: Reason) -> RevocationReason {
    match reason {
        Reason::Unspecified => RevocationReason::Unspecified,
        Reason::KeyCompromise => RevocationReason::KeyCompromise,
        Reason::CaCompromise => RevocationReason::CaCompromise,
        Reason::AffiliationChanged => RevocationReason::AffiliationChanged,
        Reason::Superseded => RevocationReason::Superseded,
        Reason::CessationOfOperation => RevocationReason::CessationOfOperation,
        Reason::CertificateHold => RevocationReason::CertificateHold,
        Reason::PrivilegeWithdrawn => RevocationReason::PrivilegeWithdrawn,
        Reason::AaCompromise => RevocationReason::AaCompromise,
    }
}

/// The code of a fault.
fn code(fault: Fault) -> Code {
    match fault {
        Fault::AuthorityEntry => Code::CertificateEntry,
        Fault::TooLong { .. } => Code::CertificateTooLong,
        Fault::Malformed { .. } => Code::CertificateMalformed,
        Fault::Version => Code::CertificateVersion,
        Fault::WeakDigest { .. } => Code::CertificateWeakDigest,
        Fault::AlgorithmUnknown => Code::CertificateAlgorithmUnknown,
        Fault::ShortKey { .. } => Code::CertificateShortKey,
        Fault::LongKey { .. } => Code::CertificateLongKey,
        Fault::CriticalExtension { .. } => Code::CertificateCriticalExtension,
        Fault::SubscriberIsCa => Code::CertificateOfAuthority,
        Fault::NotForSigning => Code::CertificateNotForSigning,
        Fault::WrongPurpose => Code::CertificateWrongPurpose,
        Fault::AlgorithmNotAllowed => Code::CertificateAlgorithmNotAllowed,
        Fault::BrokenPath => Code::CertificateBrokenPath,
        Fault::UnknownAuthority => Code::CertificateOfOtherAuthority,
        Fault::NotYetValid { .. } => Code::CertificateNotYetValid,
        Fault::Expired { .. } => Code::CertificateExpired,
        Fault::NotACa => Code::CertificateIssuerNotCa,
        Fault::KeyUsage => Code::CertificateKeyUsage,
        Fault::PathLength => Code::CertificatePathLength,
        Fault::TooComplex => Code::CertificateTooComplex,
        Fault::BadSignature => Code::CertificateForged,
        Fault::NameConstraints => Code::CertificateNameConstraints,
        Fault::PolicyMissing => Code::CertificatePolicy,
        Fault::CreditCodeMissing => Code::CreditCodeMissing,
        Fault::CreditCodeInvalid => Code::CreditCodeInvalid,
        Fault::NameMissing => Code::NameMissing,
        Fault::NotSelfSigned => Code::NotSelfSigned,
        Fault::StatementSignature => Code::EnrolmentNotSigned,
        Fault::CrlSigner => Code::RevocationListSigner,
        Fault::CrlSignature => Code::RevocationListForged,
        Fault::CrlNotYetValid { .. } => Code::RevocationListEarly,
        Fault::CrlStale { .. } => Code::RevocationListStale,
        Fault::CrlDelta => Code::RevocationListDelta,
        Fault::CrlUnsupported => Code::RevocationListUnsupported,
        Fault::OcspSigner => Code::OcspSigner,
        Fault::OcspSignature => Code::OcspForged,
        Fault::OcspNotYetValid { .. } => Code::OcspEarly,
        Fault::OcspStale { .. } => Code::OcspStale,
        Fault::OcspOtherCertificate => Code::OcspOtherCertificate,
        Fault::OcspNoAnswer { .. } => Code::OcspNoAnswer,
        Fault::OcspUnsupported => Code::OcspUnsupported,
        Fault::Revoked { .. } => Code::CertificateRevoked,
    }
}
