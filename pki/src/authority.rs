//! A certification authority as the trust list has it.

use crate::certificate::Certificate;
use crate::{Algorithm, Document, Fault, MAX_INTERMEDIATES, Place};

/// What the trust list says about one certification authority, as far as judging needs it.
#[derive(Clone, Copy, Debug)]
pub struct Authority<'a> {
    /// The root certificate, DER.
    pub root: &'a [u8],
    /// Its intermediates, DER, in any order; at most [`MAX_INTERMEDIATES`](crate::MAX_INTERMEDIATES).
    pub intermediates: &'a [&'a [u8]],
    /// The kinds of keys that its subscribers may have.
    pub algorithms: &'a [Algorithm],
    /// Where it writes the unified social credit code.
    pub credit_code_at: &'a CodeSource,
    /// The certificate policy that a subscriber's certificate must be issued under, as an object identifier.
    pub policy: Option<&'a str>,
}

/// Where a certification authority writes an enterprise's unified social credit code (GB 32100-2015).
///
/// What stands there is brought to a common form: full-width characters and lower case are changed, and a scheme
/// before the code (`NTRCN-`, `USCC:`, or the word `USCC` alone) is taken off.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum CodeSource {
    /// In an attribute of the subject's name, given as an object identifier: `2.5.4.97` is organizationIdentifier,
    /// `2.5.4.5` is serialNumber.
    SubjectAttribute(String),
    /// In an extension, given as an object identifier, as one string.
    Extension(String),
}

/// What an authority's root and intermediates say.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AuthorityFacts {
    /// The root's subject, as RFC 4514 writes names.
    pub subject: String,
    /// SHA-256 of the root's DER.
    pub fingerprint: [u8; 32],
    /// SHA-256 of the root's SubjectPublicKeyInfo.
    pub key_fingerprint: [u8; 32],
    /// The kind of the root's key.
    pub algorithm: Algorithm,
    /// The first instant at which the root is valid, in unix seconds.
    pub not_before: u64,
    /// The last instant at which the root is valid, in unix seconds.
    pub not_after: u64,
    /// SHA-256 of the DER of each intermediate, in their order.
    pub intermediates: Vec<[u8; 32]>,
}

/// Whether `text` is an object identifier, such as `2.5.4.97`.
pub fn is_object_identifier(text: &str) -> bool {
    text.len() <= 64 && der::asn1::ObjectIdentifier::new(text).is_ok()
}

/// Reads what is proposed for the trust list.
///
/// The root must be signed by its own key, and each intermediate by the root or another intermediate; all must be
/// certification authorities that may issue certificates, with keys and signatures that are accepted. Whether they are
/// valid at some instant is not judged here.
///
/// # Errors
///
/// In this order: length, form, then for each certificate, the root first, its version, signature algorithm, key,
/// critical extensions and usage; [`Fault::NotSelfSigned`]; [`Fault::BrokenPath`] for an intermediate that does not
/// belong to the root.
pub fn read_authority(root: &[u8], intermediates: &[&[u8]]) -> Result<AuthorityFacts, Fault> {
    let entry = Entry::read(root, intermediates)?;
    let mut algorithm = None;
    for certificate in entry.all() {
        let found = certificate.judge_form()?;
        certificate.judge_issuer()?;
        algorithm = algorithm.or(Some(found));
    }
    let algorithm = algorithm.ok_or(Fault::NotSelfSigned)?;
    let Entry { root, intermediates } = &entry;
    if !root.is_issued_by(root) {
        return Err(Fault::NotSelfSigned);
    }
    // Each must lead to the root; those that do are found in as many rounds as the longest path has steps.
    let mut reached: Vec<&Certificate> = vec![root];
    for _ in intermediates {
        for one in intermediates {
            let known = reached.iter().any(|other| other.der == one.der);
            if !known && reached.iter().any(|issuer| one.is_issued_by(issuer)) {
                reached.push(one);
            }
        }
    }
    let belongs = |one: &Certificate| reached.iter().any(|other| other.der == one.der);
    if !intermediates.iter().all(belongs) {
        return Err(Fault::BrokenPath);
    }
    let (not_before, not_after) = root.validity();
    Ok(AuthorityFacts {
        subject: root.subject().to_string(),
        fingerprint: root.fingerprint(),
        key_fingerprint: root.key.fingerprint(),
        algorithm,
        not_before,
        not_after,
        intermediates: intermediates.iter().map(Certificate::fingerprint).collect(),
    })
}

/// The certificates of a trust-list entry, read.
pub(crate) struct Entry {
    pub(crate) root: Certificate,
    pub(crate) intermediates: Vec<Certificate>,
}

impl Entry {
    pub(crate) fn read(root: &[u8], intermediates: &[&[u8]]) -> Result<Self, Fault> {
        if intermediates.len() > MAX_INTERMEDIATES {
            return Err(Fault::TooLong { what: Document::Intermediates, limit: MAX_INTERMEDIATES });
        }
        let root = Certificate::read(root, Place::Root)?;
        let read = |der: &&[u8]| Certificate::read(der, Place::Intermediate);
        Ok(Self { root, intermediates: intermediates.iter().map(read).collect::<Result<_, _>>()? })
    }

    /// The root, then the intermediates.
    pub(crate) fn all(&self) -> impl Iterator<Item = &Certificate> {
        core::iter::once(&self.root).chain(&self.intermediates)
    }
}
