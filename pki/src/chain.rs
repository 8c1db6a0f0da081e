//! A subscriber's certificate and its path to the root.

use der::asn1::ObjectIdentifier;
use rustls_pki_types::{CertificateDer, UnixTime};
use webpki::{EndEntityCert, Error, ExtendedKeyUsageValidator, KeyPurposeIdIter, anchor_from_trusted_cert};
use x509_cert::ext::pkix::CertificatePolicies;

use crate::authority::Entry;
use crate::certificate::Certificate;
use crate::{Algorithm, Authority, Document, Fault, MAX_CHAIN, Place, signature, subject};

/// What a certificate says about its holder, after its path was found good.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Subscriber {
    /// The unified social credit code: 18 characters, upper case. Its check character is for the caller to judge.
    pub credit_code: String,
    /// The organisation's name (O), or the common name where there is none; `None` if neither can be read.
    /// [`Subscriber::name`] refuses that.
    pub organisation_name: Option<String>,
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

impl Subscriber {
    /// The organisation's name. A path is good without one, so that who needs it can judge the code first.
    ///
    /// # Errors
    ///
    /// [`Fault::NameMissing`].
    pub fn name(&self) -> Result<&str, Fault> {
        self.organisation_name.as_deref().ok_or(Fault::NameMissing)
    }
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
/// 7. [`Fault::PolicyMissing`], [`Fault::CreditCodeMissing`], [`Fault::CreditCodeInvalid`].
pub fn judge_chain(authority: &Authority<'_>, chain: &[&[u8]], at: u64) -> Result<Subscriber, Fault> {
    let policy = authority.policy.map(subject::identifier).transpose()?;
    let entry = Entry::read(authority.root, authority.intermediates)?;
    let chain = read_chain(&entry, chain)?;
    let (leaf, issuers) = chain.split_first().ok_or(Fault::Malformed { what: Document::Chain })?;
    let algorithm = leaf.judge_form()?;
    for issuer in issuers {
        issuer.judge_form()?;
    }
    judge_leaf(leaf)?;
    if !authority.algorithms.contains(&algorithm) {
        return Err(Fault::AlgorithmNotAllowed);
    }
    judge_order(&entry, &chain)?;
    for certificate in chain.iter().chain([&entry.root]) {
        certificate.judge_validity(at)?;
    }
    for issuer in issuers.iter().chain([&entry.root]) {
        issuer.judge_issuer()?;
    }
    let path = find_path(&entry, leaf, issuers, at)?;
    judge_policy(leaf, policy)?;
    let credit_code = subject::credit_code(leaf, authority.credit_code_at)?;
    let organisation_name = subject::organisation_name(leaf);
    let (not_before, not_after) = leaf.validity();
    let issuer = path.first().copied().unwrap_or(&entry.root);
    Ok(Subscriber {
        credit_code,
        organisation_name,
        serial: leaf.serial(),
        fingerprint: leaf.fingerprint(),
        key_fingerprint: leaf.key.fingerprint(),
        algorithm,
        spki: leaf.key.der.clone(),
        not_before,
        not_after,
        issuer_fingerprint: issuer.fingerprint(),
        issuer_key_fingerprint: issuer.key.fingerprint(),
        path: issuers_of(&path, &entry.root),
    })
}

/// The intermediates of a path, each with the key of the one above it.
fn issuers_of(path: &[&Certificate], root: &Certificate) -> Vec<Issuer> {
    let above = path.iter().skip(1).copied().chain([root]);
    path.iter()
        .zip(above)
        .map(|(one, issuer)| Issuer {
            fingerprint: one.fingerprint(),
            serial: one.serial(),
            issuer_key_fingerprint: issuer.key.fingerprint(),
            not_after: one.validity().1,
        })
        .collect()
}

/// Reads a chain from untrusted bytes, without the root if that was sent along.
pub(crate) fn read_chain(entry: &Entry, chain: &[&[u8]]) -> Result<Vec<Certificate>, Fault> {
    let chain = match chain {
        [head @ .., last] if !head.is_empty() && *last == entry.root.der.as_slice() => head,
        whole => whole,
    };
    if chain.len() > MAX_CHAIN {
        return Err(Fault::TooLong { what: Document::Chain, limit: MAX_CHAIN });
    }
    if chain.is_empty() {
        return Err(Fault::Malformed { what: Document::Chain });
    }
    let place = |index| if index == 0 { Place::Subscriber } else { Place::Intermediate };
    chain.iter().enumerate().map(|(index, der)| Certificate::read(der, place(index))).collect()
}

/// id-kp-clientAuth, id-kp-emailProtection, id-kp-documentSigning (RFC 9336) and anyExtendedKeyUsage: what fits
/// signing a statement.
const PURPOSES: [ObjectIdentifier; 4] = [
    ObjectIdentifier::new_unwrap("1.3.6.1.5.5.7.3.2"),
    ObjectIdentifier::new_unwrap("1.3.6.1.5.5.7.3.4"),
    ObjectIdentifier::new_unwrap("1.3.6.1.5.5.7.3.36"),
    ObjectIdentifier::new_unwrap("2.5.29.37.0"),
];

fn judge_leaf(leaf: &Certificate) -> Result<(), Fault> {
    if leaf.constraints()?.is_some_and(|constraints| constraints.ca) {
        return Err(Fault::SubscriberIsCa);
    }
    let signs = |usage: x509_cert::ext::pkix::KeyUsage| usage.digital_signature() || usage.non_repudiation();
    if !leaf.usage()?.is_some_and(signs) {
        return Err(Fault::NotForSigning);
    }
    let fits = |purposes: x509_cert::ext::pkix::ExtendedKeyUsage| {
        purposes.0.iter().any(|oid| PURPOSES.contains(oid))
    };
    if leaf.purposes()?.is_none_or(fits) { Ok(()) } else { Err(Fault::WrongPurpose) }
}

/// Each certificate names the next one as its issuer, and the last one somebody of the entry.
fn judge_order(entry: &Entry, chain: &[Certificate]) -> Result<(), Fault> {
    for (one, next) in chain.iter().zip(chain.iter().skip(1)) {
        if one.issuer() != next.subject() {
            return Err(Fault::BrokenPath);
        }
    }
    let known = chain.last().is_some_and(|last| entry.all().any(|one| one.subject() == last.issuer()));
    if known { Ok(()) } else { Err(Fault::UnknownAuthority) }
}

/// Purposes of the path are not restricted: [`judge_leaf`] has judged those of the subscriber.
struct AnyPurpose;

impl ExtendedKeyUsageValidator for AnyPurpose {
    fn validate(&self, _: KeyPurposeIdIter<'_, '_>) -> Result<(), Error> {
        Ok(())
    }
}

/// Searches a path from the subscriber to the root, and returns the intermediates on it, upwards.
fn find_path<'a>(
    entry: &'a Entry,
    leaf: &'a Certificate,
    issuers: &'a [Certificate],
    at: u64,
) -> Result<Vec<&'a Certificate>, Fault> {
    let candidates: Vec<&Certificate> = issuers.iter().chain(&entry.intermediates).collect();
    let ders: Vec<CertificateDer<'_>> = candidates.iter().map(|one| one.der.as_slice().into()).collect();
    let (leaf_der, root_der) = (leaf.der.as_slice().into(), entry.root.der.as_slice().into());
    let end_entity = EndEntityCert::try_from(&leaf_der).map_err(fault)?;
    let anchors = [anchor_from_trusted_cert(&root_der).map_err(fault)?];
    let at_time = UnixTime::since_unix_epoch(core::time::Duration::from_secs(at));
    let found = end_entity
        .verify_for_usage(signature::ACCEPTED, &anchors, &ders, at_time, AnyPurpose, None, None)
        .map_err(fault)?;
    let by_der = |der: &[u8]| candidates.iter().copied().find(|one| one.der == der);
    let path: Vec<&Certificate> =
        found.intermediate_certificates().filter_map(|one| by_der(one.der().as_ref())).collect();
    for one in &path {
        one.judge_form()?;
        one.judge_issuer()?;
    }
    // webpki takes only name and key of the root, so what the root says of its path's length is judged here.
    let limit = entry.root.constraints()?.and_then(|constraints| constraints.path_len_constraint);
    if limit.is_some_and(|limit| path.len() > usize::from(limit)) {
        return Err(Fault::PathLength);
    }
    Ok(path)
}

fn judge_policy(leaf: &Certificate, policy: Option<ObjectIdentifier>) -> Result<(), Fault> {
    let Some(policy) = policy else { return Ok(()) };
    let stated = leaf.extension::<CertificatePolicies>()?;
    let issued = stated.is_some_and(|stated| stated.0.iter().any(|one| one.policy_identifier == policy));
    if issued { Ok(()) } else { Err(Fault::PolicyMissing) }
}

/// What webpki refuses, in our words.
fn fault(error: Error) -> Fault {
    match error {
        Error::CertExpired { not_after, .. } => {
            Fault::Expired { place: Place::Intermediate, not_after: not_after.as_secs() }
        }
        Error::CertNotValidYet { not_before, .. } => {
            Fault::NotYetValid { place: Place::Intermediate, not_before: not_before.as_secs() }
        }
        Error::CaUsedAsEndEntity => Fault::SubscriberIsCa,
        Error::EndEntityUsedAsCa => Fault::NotACa,
        Error::InvalidSignatureForPublicKey => Fault::BadSignature,
        Error::PathLenConstraintViolated => Fault::PathLength,
        Error::NameConstraintViolation
        | Error::InvalidNetworkMaskConstraint
        | Error::MalformedNameConstraint
        | Error::UnsupportedNameType => Fault::NameConstraints,
        Error::MaximumNameConstraintComparisonsExceeded
        | Error::MaximumPathBuildCallsExceeded
        | Error::MaximumPathDepthExceeded
        | Error::MaximumSignatureChecksExceeded => Fault::TooComplex,
        Error::UnknownIssuer => Fault::UnknownAuthority,
        Error::UnsupportedCertVersion => Fault::Version,
        Error::UnsupportedSignatureAlgorithmContext(_)
        | Error::UnsupportedSignatureAlgorithmForPublicKeyContext(_) => Fault::BadSignature,
        _ => Fault::Malformed { what: Document::Certificate },
    }
}
