//! Answers about one certificate's status (RFC 6960).

use der::asn1::{AnyRef, BitStringRef, GeneralizedTime, IntRef, ObjectIdentifier, OctetStringRef};
use der::{Decode, Encode, Enumerated, Sequence, Tag, TagNumber, Tagged};
use sha2::Digest;
use x509_cert::ext::Extensions;

use crate::authority::Entry;
use crate::certificate::{Certificate, Signed, judge_signature_kind, minimal};
use crate::chain::read_chain;
use crate::crl::WireReason;
use crate::{
    Authority, CLOCK_SKEW_SECONDS, Document, Fault, MAX_OCSP_BYTES, OCSP_LIFETIME_SECONDS, Place, Reason,
    Revocation,
};

/// What a responder says about a certificate.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum OcspStatus {
    /// It is not revoked.
    Good,
    /// It is.
    Revoked(Revocation),
    /// The responder does not know the certificate: it was never issued, or is not its business.
    Unknown,
}

/// An OCSP response whose signature was found good.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OcspAnswer {
    /// SHA-256 of the DER of the certificate that was asked about.
    pub fingerprint: [u8; 32],
    /// Its serial number, as in [`Subscriber::serial`](crate::Subscriber::serial).
    pub serial: Vec<u8>,
    /// SHA-256 of the SubjectPublicKeyInfo of its issuer.
    pub issuer_key_fingerprint: [u8; 32],
    /// The status.
    pub status: OcspStatus,
    /// When the response was signed, in unix seconds.
    pub produced_at: u64,
    /// From when the status is known to be right, in unix seconds.
    pub this_update: u64,
    /// Until when it holds, in unix seconds: nextUpdate, or
    /// [`OCSP_LIFETIME_SECONDS`](crate::OCSP_LIFETIME_SECONDS) after `this_update`.
    pub until: u64,
}

/// Judges an OCSP response about the first certificate of a chain, at an instant in unix seconds.
///
/// The chain is as for [`judge_chain`](crate::judge_chain). Its intermediates must be authorities that lead to the trust
/// list's by their signatures, because whoever answers is believed for its issuer's sake; whether they, and the
/// subscriber's certificate, are valid at the instant is not judged again. The response is signed by the issuer itself, or by a
/// responder whose certificate the issuer signed for this (id-kp-OCSPSigning). A nonce is neither needed nor looked at:
/// the response is judged by many and later, and its freshness lies in its dates.
///
/// # Errors
///
/// In this order: those of the chain's form; [`Fault::TooLong`], [`Fault::Malformed`], [`Fault::OcspNoAnswer`],
/// [`Fault::OcspUnsupported`]; [`Fault::UnknownAuthority`], and the faults of the form and use of an intermediate;
/// [`Fault::OcspOtherCertificate`]; [`Fault::WeakDigest`],
/// [`Fault::AlgorithmUnknown`]; [`Fault::OcspSigner`], [`Fault::OcspSignature`], and [`Fault::Expired`] and
/// [`Fault::NotYetValid`] of the responder's certificate; [`Fault::OcspNotYetValid`], [`Fault::OcspStale`].
pub fn judge_ocsp(
    authority: &Authority<'_>,
    chain: &[&[u8]],
    der: &[u8],
    at: u64,
) -> Result<OcspAnswer, Fault> {
    let entry = Entry::read(authority.root, authority.intermediates)?;
    let chain = read_chain(&entry, chain)?;
    let basic = read_basic(der)?;
    let malformed = |_| Fault::Malformed { what: Document::OcspResponse };
    let response = BasicResponse::from_der(&basic).map_err(malformed)?;
    let data: ResponseData<'_> = response.data.decode_as().map_err(malformed)?;
    if data.extensions.iter().flatten().any(|one| one.critical) || data.responses.len() > MAX_ANSWERS {
        return Err(Fault::OcspUnsupported);
    }
    let leaf = chain.first().ok_or(Fault::Malformed { what: Document::Chain })?;
    let issuer = find_issuer(&entry, leaf, chain.get(1..).unwrap_or_default())?;
    let mut answers = data.responses.iter().filter(|one| one.id.is_of(leaf, issuer));
    let single = answers.next().ok_or(Fault::OcspOtherCertificate)?;
    if single.extensions.iter().flatten().any(|one| one.critical) || answers.next().is_some() {
        return Err(Fault::OcspUnsupported);
    }
    judge_signer(issuer, &basic, &response, &data.responder, at)?;
    let this_update = seconds(&single.this_update);
    if this_update > at.saturating_add(CLOCK_SKEW_SECONDS) {
        return Err(Fault::OcspNotYetValid { this_update });
    }
    let without_end = this_update.saturating_add(OCSP_LIFETIME_SECONDS);
    let until = single.next_update.as_ref().map_or(without_end, seconds);
    if until < at {
        return Err(Fault::OcspStale { until });
    }
    Ok(OcspAnswer {
        fingerprint: leaf.fingerprint(),
        serial: leaf.serial(),
        issuer_key_fingerprint: issuer.key.fingerprint(),
        status: status(&single.status, leaf)?,
        produced_at: seconds(&data.produced_at),
        this_update,
        until,
    })
}

/// The most answers that one response may hold.
const MAX_ANSWERS: usize = 32;
/// The most certificates that a response may bring along.
const MAX_RESPONDERS: usize = 4;

const BASIC: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.6.1.5.5.7.48.1.1");
const OCSP_SIGNING: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.6.1.5.5.7.3.9");
const SHA1: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.14.3.2.26");
const SHA256: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.16.840.1.101.3.4.2.1");
const SM3: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.156.10197.1.401");

/// OCSPResponseStatus.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enumerated)]
#[repr(u8)]
enum ResponseStatus {
    Successful = 0,
    MalformedRequest = 1,
    InternalError = 2,
    TryLater = 3,
    SigRequired = 5,
    Unauthorized = 6,
}

#[derive(Sequence)]
struct Response<'a> {
    status: ResponseStatus,
    #[asn1(context_specific = "0", optional = "true", tag_mode = "EXPLICIT")]
    bytes: Option<ResponseBytes<'a>>,
}

#[derive(Sequence)]
struct ResponseBytes<'a> {
    kind: ObjectIdentifier,
    response: &'a OctetStringRef,
}

/// BasicOCSPResponse. What is signed is kept as it came.
#[derive(Sequence)]
struct BasicResponse<'a> {
    data: AnyRef<'a>,
    algorithm: AnyRef<'a>,
    signature: BitStringRef<'a>,
    #[asn1(context_specific = "0", optional = "true", tag_mode = "EXPLICIT")]
    certificates: Option<Vec<AnyRef<'a>>>,
}

#[derive(Sequence)]
struct ResponseData<'a> {
    #[asn1(context_specific = "0", optional = "true", tag_mode = "EXPLICIT")]
    version: Option<u8>,
    responder: AnyRef<'a>,
    produced_at: GeneralizedTime,
    responses: Vec<SingleResponse<'a>>,
    #[asn1(context_specific = "1", optional = "true", tag_mode = "EXPLICIT")]
    extensions: Option<Extensions>,
}

#[derive(Sequence)]
struct SingleResponse<'a> {
    id: CertificateId<'a>,
    status: AnyRef<'a>,
    this_update: GeneralizedTime,
    #[asn1(context_specific = "0", optional = "true", tag_mode = "EXPLICIT")]
    next_update: Option<GeneralizedTime>,
    #[asn1(context_specific = "1", optional = "true", tag_mode = "EXPLICIT")]
    extensions: Option<Extensions>,
}

#[derive(Sequence)]
struct CertificateId<'a> {
    hash: HashIdentifier<'a>,
    issuer_name: &'a OctetStringRef,
    issuer_key: &'a OctetStringRef,
    serial: IntRef<'a>,
}

#[derive(Sequence)]
struct HashIdentifier<'a> {
    oid: ObjectIdentifier,
    parameters: Option<AnyRef<'a>>,
}

#[derive(Sequence)]
struct RevokedInfo {
    time: GeneralizedTime,
    #[asn1(context_specific = "0", optional = "true", tag_mode = "EXPLICIT")]
    reason: Option<WireReason>,
}

impl CertificateId<'_> {
    /// Whether it names this certificate of this issuer. SHA-1 only finds the certificate here; what it is said
    /// about it is protected by the signature.
    fn is_of(&self, leaf: &Certificate, issuer: &Certificate) -> bool {
        let digest = |bytes: &[u8]| match self.hash.oid {
            SHA1 => Some(sha1::Sha1::digest(bytes).to_vec()),
            SHA256 => Some(sha2::Sha256::digest(bytes).to_vec()),
            SM3 => Some(sm3::Sm3::digest(bytes).to_vec()),
            _ => None,
        };
        let name = issuer.subject().to_der().unwrap_or_default();
        digest(&name).as_deref() == Some(self.issuer_name.as_bytes())
            && digest(&issuer.key.bits).as_deref() == Some(self.issuer_key.as_bytes())
            && minimal(self.serial.as_bytes()) == leaf.serial()
    }
}

/// Reads the outer response and returns the basic one in it.
fn read_basic(der: &[u8]) -> Result<Vec<u8>, Fault> {
    if der.len() > MAX_OCSP_BYTES {
        return Err(Fault::TooLong { what: Document::OcspResponse, limit: MAX_OCSP_BYTES });
    }
    let response = Response::from_der(der).map_err(|_| Fault::Malformed { what: Document::OcspResponse })?;
    if response.status != ResponseStatus::Successful {
        return Err(Fault::OcspNoAnswer { status: response.status as u8 });
    }
    let bytes = response.bytes.ok_or(Fault::Malformed { what: Document::OcspResponse })?;
    if bytes.kind != BASIC {
        return Err(Fault::OcspUnsupported);
    }
    Ok(bytes.response.as_bytes().to_vec())
}

/// The subscriber's issuer: one of the entry, or an intermediate that came along and that one of them vouches for.
///
/// An issuer must not be believed because its key verifies the subscriber's certificate: for RSA, somebody can make
/// another key that does (Blake-Wilson and Menezes, 1999), and could then answer with it.
fn find_issuer<'a>(
    entry: &'a Entry,
    leaf: &Certificate,
    above: &'a [Certificate],
) -> Result<&'a Certificate, Fault> {
    let mut trusted: Vec<&Certificate> = entry.all().collect();
    for one in above.iter().rev() {
        if trusted.iter().any(|issuer| one.is_issued_by(issuer)) {
            one.judge_form()?;
            one.judge_issuer()?;
            trusted.push(one);
        }
    }
    trusted.into_iter().rev().find(|one| leaf.is_issued_by(one)).ok_or(Fault::UnknownAuthority)
}

/// Judges that the issuer signed the response, or a responder that it has appointed.
fn judge_signer(
    issuer: &Certificate,
    basic: &[u8],
    response: &BasicResponse<'_>,
    responder: &AnyRef<'_>,
    at: u64,
) -> Result<(), Fault> {
    let signed = Signed::read(basic).ok_or(Fault::Malformed { what: Document::OcspResponse })?;
    judge_signature_kind(signed.oid, &signed.identifier, None)?;
    let verifies = |by: &Certificate| by.key.verifies(&signed.identifier, &signed.message, &signed.signature);
    if names(responder, issuer) {
        return if verifies(issuer) { Ok(()) } else { Err(Fault::OcspSignature) };
    }
    for der in response.certificates.iter().flatten().take(MAX_RESPONDERS) {
        let der = der.to_der().map_err(|_| Fault::Malformed { what: Document::OcspResponse })?;
        let candidate = Certificate::read(&der, Place::Responder)?;
        if !names(responder, &candidate) {
            continue;
        }
        candidate.judge_form()?;
        let appointed = candidate.purposes()?.is_some_and(|purposes| purposes.0.contains(&OCSP_SIGNING))
            && candidate.usage()?.is_none_or(|usage| usage.digital_signature() || usage.non_repudiation());
        if !appointed || !candidate.is_issued_by(issuer) {
            return Err(Fault::OcspSigner);
        }
        if !verifies(&candidate) {
            return Err(Fault::OcspSignature);
        }
        return candidate.judge_validity(at);
    }
    Err(Fault::OcspSigner)
}

/// Whether a ResponderID (by name, or by the SHA-1 of its key) names this certificate.
fn names(responder: &AnyRef<'_>, certificate: &Certificate) -> bool {
    let tag = responder.tag();
    if tag == (Tag::ContextSpecific { constructed: true, number: TagNumber(1) }) {
        return certificate.subject().to_der().is_ok_and(|name| name == responder.value());
    }
    if tag == (Tag::ContextSpecific { constructed: true, number: TagNumber(2) }) {
        let hash = <&OctetStringRef>::from_der(responder.value());
        return hash
            .is_ok_and(|hash| hash.as_bytes() == sha1::Sha1::digest(&certificate.key.bits).as_slice());
    }
    false
}

/// CertStatus: good [0] and unknown [2] are empty, revoked [1] says when and why.
fn status(status: &AnyRef<'_>, leaf: &Certificate) -> Result<OcspStatus, Fault> {
    let malformed = || Fault::Malformed { what: Document::OcspResponse };
    match status.tag() {
        Tag::ContextSpecific { constructed: false, number: TagNumber(0) } if status.value().is_empty() => {
            Ok(OcspStatus::Good)
        }
        Tag::ContextSpecific { constructed: false, number: TagNumber(2) } if status.value().is_empty() => {
            Ok(OcspStatus::Unknown)
        }
        Tag::ContextSpecific { constructed: true, number: TagNumber(1) } => {
            let as_sequence = AnyRef::new(Tag::Sequence, status.value()).map_err(|_| malformed())?;
            let info: RevokedInfo = as_sequence.decode_as().map_err(|_| malformed())?;
            let reason = info.reason.map_or(Some(Reason::Unspecified), WireReason::known);
            Ok(OcspStatus::Revoked(Revocation {
                serial: leaf.serial(),
                date: seconds(&info.time),
                invalid_since: None,
                reason: reason.ok_or(Fault::OcspUnsupported)?,
            }))
        }
        _ => Err(malformed()),
    }
}

fn seconds(time: &GeneralizedTime) -> u64 {
    time.to_unix_duration().as_secs()
}

/// Makes a response, signed by the issuer itself.
#[cfg(feature = "issue")]
pub(crate) fn make(
    issuer: &[u8],
    leaf: &[u8],
    status: &OcspStatus,
    from: u64,
    until: u64,
    sign: impl FnOnce(&[u8]) -> (x509_cert::spki::AlgorithmIdentifierOwned, Vec<u8>),
) -> der::Result<Vec<u8>> {
    let unreadable = |_| der::Error::from(der::ErrorKind::Failed);
    let issuer = Certificate::read(issuer, Place::Root).map_err(unreadable)?;
    let leaf = Certificate::read(leaf, Place::Subscriber).map_err(unreadable)?;
    let time = |seconds| GeneralizedTime::from_unix_duration(core::time::Duration::from_secs(seconds));
    let name = issuer.subject().to_der()?;
    let (name_hash, key_hash) = (sha2::Sha256::digest(&name), sha2::Sha256::digest(&issuer.key.bits));
    let (tag, content) = match status {
        OcspStatus::Good => (Tag::ContextSpecific { constructed: false, number: TagNumber(0) }, Vec::new()),
        OcspStatus::Unknown => {
            (Tag::ContextSpecific { constructed: false, number: TagNumber(2) }, Vec::new())
        }
        OcspStatus::Revoked(revocation) => {
            let mut content = time(revocation.date)?.to_der()?;
            // [0] EXPLICIT ENUMERATED, one byte.
            content.extend([0xa0, 0x03, 0x0a, 0x01, revocation.reason.number()]);
            (Tag::ContextSpecific { constructed: true, number: TagNumber(1) }, content)
        }
    };
    let single = SingleResponse {
        id: CertificateId {
            hash: HashIdentifier { oid: SHA256, parameters: None },
            issuer_name: OctetStringRef::new(&name_hash)?,
            issuer_key: OctetStringRef::new(&key_hash)?,
            serial: IntRef::new(leaf.parsed.tbs_certificate().serial_number().as_bytes())?,
        },
        status: AnyRef::new(tag, &content)?,
        this_update: time(from)?,
        next_update: Some(time(until)?),
        extensions: None,
    };
    let by_name = Tag::ContextSpecific { constructed: true, number: TagNumber(1) };
    let data = ResponseData {
        version: None,
        responder: AnyRef::new(by_name, &name)?,
        produced_at: time(from)?,
        responses: vec![single],
        extensions: None,
    };
    let data = data.to_der()?;
    let (algorithm, signature) = sign(&data);
    let algorithm = algorithm.to_der()?;
    let basic = BasicResponse {
        data: AnyRef::from_der(&data)?,
        algorithm: AnyRef::from_der(&algorithm)?,
        signature: BitStringRef::from_bytes(&signature)?,
        certificates: None,
    };
    let basic = basic.to_der()?;
    let bytes = ResponseBytes { kind: BASIC, response: OctetStringRef::new(&basic)? };
    Response { status: ResponseStatus::Successful, bytes: Some(bytes) }.to_der()
}
