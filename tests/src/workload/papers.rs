//! Certificates, revocation lists and answers of the workload's authorities. Their keys follow from names and their
//! signatures are deterministic, so that the same words make the same bytes.

use std::sync::LazyLock;

use ledger::codec::Bytes;
use ledger::hash::sha256;
use ledger::id::{AuthorityId, CertificateId, CreditCode, IssuerId};
use ledger::procedure::enrolment::OcspResponse;
use ledger::record::authority::{
    AuthorityTerms, CertificateDer, CodeSource, Freshness, KeyAlgorithm, WhenStale,
};
use ledger::record::certificate::RevocationReason;
use ledger::time::{BlockTime, DAY_MS, Span};
use pki::issue::{Issuer, ORGANISATION, ORGANISATION_IDENTIFIER, Request, SigningKey, Usage};
use pki::{Algorithm, OcspStatus, Reason, Revocation};

/// The key of each authority, and of the intermediate under which it issues, if it has one.
const KEYS: [(Algorithm, Option<Algorithm>); AUTHORITIES] = [
    (Algorithm::Ed25519, None),
    (Algorithm::EcdsaP256, Some(Algorithm::Ed25519)),
    (Algorithm::EcdsaP384, None),
    (Algorithm::Sm2, None),
];
/// How many authorities there are.
pub(super) const AUTHORITIES: usize = 4;
/// The authority that demands a certificate policy.
const WITH_POLICY: usize = 2;
/// The authority whose subscribers must have SM2 keys.
pub(super) const OF_SM2: usize = 3;
/// Until when authorities are valid, in unix seconds: some day of 2060. They were valid at all times before.
const LAST: u64 = 2_850_000_000;

struct Authority {
    root: Issuer,
    intermediate: Option<Issuer>,
    terms: AuthorityTerms,
    id: AuthorityId,
}

/// Made once: they depend on nothing.
static ALL: LazyLock<Vec<Authority>> = LazyLock::new(|| (0..AUTHORITIES).filter_map(authority).collect());

fn key(algorithm: Algorithm, name: &str) -> Option<SigningKey> {
    SigningKey::from_seed(algorithm, format!("workload paper {name}").as_bytes())
}

fn authority(number: usize) -> Option<Authority> {
    let (algorithm, below) = *KEYS.get(number)?;
    let name = format!("Workload authority {number}");
    let root = Issuer::root(&name, key(algorithm, &name)?, (0, LAST));
    let name = format!("{name} intermediate");
    let intermediate = below.and_then(|algorithm| {
        let key = key(algorithm, &name)?;
        let request = Request::authority(serial(&name), &name, &key, (0, LAST), None);
        Some(root.authority(&request, key))
    });
    let terms = entry(number, &root, intermediate.as_ref())?;
    let id = AuthorityId::from_bytes(sha256(&root.certificate));
    Some(Authority { root, intermediate, terms, id })
}

/// Two allow what is stale for a while, one flags it only.
fn entry(number: usize, root: &Issuer, intermediate: Option<&Issuer>) -> Option<AuthorityTerms> {
    let days = |days: u64| Span::from_millis(days * DAY_MS);
    let (age, grace, when_stale) = match number {
        0 => (40, 60, WhenStale::Refuse),
        1 => (2, 3, WhenStale::Flag),
        _ => (3, 4, WhenStale::Refuse),
    };
    Some(AuthorityTerms {
        name: format!("示例证书机构{number}").parse().ok()?,
        root: Bytes::new(root.certificate.clone()).ok()?,
        intermediates: intermediate
            .and_then(|one| Bytes::new(one.certificate.clone()).ok())
            .into_iter()
            .collect(),
        algorithms: if number == OF_SM2 { vec![KeyAlgorithm::Sm2] } else { KeyAlgorithm::ALL.to_vec() },
        code_source: CodeSource::SubjectAttribute(ORGANISATION_IDENTIFIER.parse().ok()?),
        policy: (number == WITH_POLICY).then(|| "1.2.3".parse().ok()).flatten(),
        sources: Vec::new(),
        freshness: Freshness { max_age: days(age), grace: days(grace), when_stale },
    })
}

fn seconds(time: BlockTime) -> u64 {
    time.as_millis() / 1_000
}

/// A number for a certificate, with eight digits of a byte.
fn serial(name: &str) -> u64 {
    let digest = sha256(name.as_bytes());
    digest.iter().take(8).fold(0, |sum, byte| sum << 8 | u64::from(*byte)) >> 1 | 1 << 62
}

/// The entry of an authority for the trust list.
pub(super) fn terms(authority: usize) -> Option<AuthorityTerms> {
    ALL.get(authority).map(|authority| authority.terms.clone())
}

/// The name of an authority.
pub(super) fn authority_id(authority: usize) -> Option<AuthorityId> {
    ALL.get(authority).map(|authority| authority.id)
}

/// The authority with this name.
pub(super) fn number_of(id: &AuthorityId) -> Option<usize> {
    ALL.iter().position(|authority| authority.id == *id)
}

/// Who issues the certificates of an authority, or its root.
fn issuer(authority: usize, root: bool) -> Option<&'static Issuer> {
    let authority = ALL.get(authority)?;
    Some(authority.intermediate.as_ref().filter(|_| !root).unwrap_or(&authority.root))
}

/// Who signs like it, and is somebody else.
fn impostor(authority: usize) -> Option<Issuer> {
    let below = KEYS.get(authority)?.1.is_some();
    called(&format!("Workload authority {authority}{}", if below { " intermediate" } else { "" }))
}

/// Who signs like its root, and is somebody else.
fn impostor_of_root(authority: usize) -> Option<Issuer> {
    called(&format!("Workload authority {authority}"))
}

fn called(name: &str) -> Option<Issuer> {
    Some(Issuer::root(name, key(Algorithm::Ed25519, "somebody else")?, (0, LAST)))
}

/// The name of who issues the certificates of an authority, or of its root.
pub(super) fn issuer_id(authority: usize, root: bool) -> Option<IssuerId> {
    Some(IssuerId::from_bytes(sha256(&issuer(authority, root)?.key.spki())))
}

/// How lists name the intermediate of an authority, if it has one.
pub(super) fn intermediate_serial(authority: usize) -> Option<Vec<u8>> {
    KEYS.get(authority)?.1?;
    Some(serial(&format!("Workload authority {authority} intermediate")).to_be_bytes().to_vec())
}

/// What a certificate is to say; by default everything is good.
#[derive(Clone, Debug)]
pub(super) struct Application {
    pub(super) authority: usize,
    /// The credit code that stands in it, if one does.
    pub(super) code: Option<String>,
    /// The organisation that stands in it, if one does.
    pub(super) called: Option<String>,
    pub(super) from: BlockTime,
    pub(super) until: BlockTime,
    /// What its key follows from.
    pub(super) key: (Algorithm, String),
    /// What its number follows from.
    pub(super) number: String,
    pub(super) flaw: Flaw,
}

/// What is wrong with a certificate.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Flaw {
    None,
    Critical,
    OfAuthority,
    NotForSigning,
    WrongPurpose,
    Forged,
    NoPolicy,
    /// Under an intermediate that is none.
    NotACa,
    /// Under an intermediate that may not issue.
    KeyUsage,
    /// Under one more intermediate than another one permits.
    PathLength,
    /// Under an intermediate that may not certify the name.
    NameConstraints,
    /// Forged, and under intermediates that can be put together in too many ways.
    Tangled,
}

/// A certificate in the hand of its holder.
#[derive(Clone)]
pub(super) struct Paper {
    pub(super) authority: usize,
    /// Whose it is, if a credit code stands in it.
    pub(super) holder: Option<CreditCode>,
    pub(super) der: CertificateDer,
    /// The intermediates that are shown with it, from its issuer upwards.
    pub(super) along: Vec<CertificateDer>,
    /// What its key and number follow from.
    pub(super) key: (Algorithm, String),
    pub(super) number: String,
}

impl Paper {
    /// Its fingerprint.
    pub(super) fn id(&self) -> CertificateId {
        CertificateId::from_bytes(sha256(self.der.as_slice()))
    }

    /// A signature by its key.
    pub(super) fn sign(&self, message: &[u8]) -> Option<Bytes<1_024>> {
        Bytes::new(key(self.key.0, &self.key.1)?.sign(message)).ok()
    }

    /// Its public key.
    pub(super) fn public_key(&self) -> Option<Bytes<1_024>> {
        Bytes::new(key(self.key.0, &self.key.1)?.spki()).ok()
    }
}

/// NameConstraints: permitted is the organisation "AAA" (RFC 5280, section 4.2.1.10).
const NAMES: [u8; 24] = [
    0x30, 0x16, 0xa0, 0x14, 0x30, 0x12, 0xa4, 0x10, 0x30, 0x0e, 0x31, 0x0c, 0x30, 0x0a, 0x06, 0x03, 0x55,
    0x04, 0x0a, 0x0c, 0x03, 0x41, 0x41, 0x41,
];

/// The intermediates of a certificate whose flaw lies above it, from its issuer upwards.
fn intermediates(of: &Application) -> Option<Vec<Issuer>> {
    let root = issuer(of.authority, true)?;
    let below = |above: &Issuer, name: &str, change: &dyn Fn(&mut Request)| {
        let key = key(Algorithm::Ed25519, &format!("{name} {:?}", of.flaw))?;
        let mut request = Request::authority(serial(name), name, &key, (0, LAST), None);
        change(&mut request);
        Some(above.authority(&request, key))
    };
    let one = |change: &dyn Fn(&mut Request)| below(root, "Workload intermediate", change);
    Some(match of.flaw {
        Flaw::NotACa => vec![one(&|request| request.authority = None)?],
        Flaw::KeyUsage => vec![one(&|request| request.usage = vec![Usage::CRLSign])?],
        Flaw::NameConstraints => {
            let extension = ("2.5.29.30".to_owned(), true, NAMES.to_vec());
            vec![one(&|request| request.extensions = vec![extension.clone()])?]
        }
        Flaw::PathLength => {
            let upper = one(&|request| request.authority = Some(Some(0)))?;
            vec![below(&upper, "Workload intermediate below", &|_| {})?, upper]
        }
        Flaw::Tangled => {
            let name = format!("Workload authority {}", of.authority);
            let twin = |number: u64| {
                let key = key(Algorithm::Ed25519, &format!("twin {number}"))?;
                let request = Request::authority(number, &name, &key, (0, LAST), None);
                Some(root.authority(&request, key))
            };
            (2..6).map(twin).collect::<Option<_>>()?
        }
        _ => Vec::new(),
    })
}

/// Issues a certificate.
pub(super) fn issue(of: &Application) -> Option<Paper> {
    let own = key(of.key.0, &of.key.1)?;
    let validity = (seconds(of.from), seconds(of.until));
    let mut request = Request::enterprise(serial(&of.number), "", "", &own, validity);
    let attribute =
        |oid: &str, text: &Option<String>| text.as_ref().map(|text| (oid.to_owned(), text.clone()));
    let subject = [attribute(ORGANISATION, &of.called), attribute(ORGANISATION_IDENTIFIER, &of.code)];
    request.subject = subject.into_iter().flatten().collect();
    let mut extension =
        |oid: &str, critical, value| request.extensions.push((oid.to_owned(), critical, value));
    if of.flaw == Flaw::Critical {
        extension("1.2.3.4", true, vec![5, 0]);
    }
    if of.flaw != Flaw::NoPolicy {
        // certificatePolicies with the one policy 1.2.3 (RFC 5280, section 4.2.1.4).
        extension("2.5.29.32", false, vec![0x30, 6, 0x30, 4, 6, 2, 0x2a, 3]);
    }
    match of.flaw {
        Flaw::OfAuthority => request.authority = Some(None),
        Flaw::NotForSigning => request.usage = vec![Usage::KeyEncipherment],
        // id-kp-serverAuth
        Flaw::WrongPurpose => request.purposes = vec!["1.3.6.1.5.5.7.3.1".to_owned()],
        _ => {}
    }
    let above = intermediates(of)?;
    let der = match (of.flaw, above.first()) {
        (Flaw::Forged, _) => impostor(of.authority)?.issue(&request),
        (Flaw::Tangled, _) => impostor_of_root(of.authority)?.issue(&request),
        (_, Some(one)) => one.issue(&request),
        _ => issuer(of.authority, false)?.issue(&request),
    };
    let own = above.iter().filter_map(|one| Bytes::new(one.certificate.clone()).ok()).collect();
    let along = if above.is_empty() { terms(of.authority)?.intermediates } else { own };
    let holder = of.code.as_ref().and_then(|code| code.parse().ok());
    let (key, number) = (of.key.clone(), of.number.clone());
    Some(Paper { authority: of.authority, holder, der: Bytes::new(der).ok()?, along, key, number })
}

/// A revocation list of an authority's issuer, or of its root.
pub(super) struct Listing<'a> {
    pub(super) authority: usize,
    pub(super) root: bool,
    pub(super) number: u64,
    pub(super) issued: BlockTime,
    pub(super) next: BlockTime,
    /// Numbers of certificates, from when on they are revoked, and why.
    pub(super) entries: &'a [(Vec<u8>, BlockTime, RevocationReason)],
    /// Whether somebody else signs it.
    pub(super) forged: bool,
    /// Whether it has only a part: what changed since another one, or what concerns subscribers.
    pub(super) part: Option<Part>,
}

/// A part of a list.
#[derive(Clone, Copy, Debug)]
pub(super) enum Part {
    Changes,
    Subscribers,
}

fn revocation(serial: Vec<u8>, date: BlockTime, reason: RevocationReason) -> Option<Revocation> {
    let reason = match reason {
        RevocationReason::CertificateHold => Reason::CertificateHold,
        RevocationReason::KeyCompromise => Reason::KeyCompromise,
        RevocationReason::CaCompromise => Reason::CaCompromise,
        RevocationReason::Superseded => Reason::Superseded,
        _ => Reason::Unspecified,
    };
    // What is listed with an even date was found out a day later.
    let since = seconds(date);
    let found_later = reason != Reason::CertificateHold && since.is_multiple_of(2);
    let (date, invalid_since) = if found_later { (since + 86_400, Some(since)) } else { (since, None) };
    Some(Revocation { serial, date, invalid_since, reason })
}

/// Signs a list.
pub(super) fn list(of: &Listing<'_>) -> Option<Bytes<65_535>> {
    let entries = of.entries.iter().map(|(serial, date, reason)| revocation(serial.clone(), *date, *reason));
    let entries: Vec<Revocation> = entries.collect::<Option<_>>()?;
    let (issued, next) = (seconds(of.issued), seconds(of.next));
    // cRLNumber 1; deltaCRLIndicator 1; issuingDistributionPoint with onlyContainsUserCerts.
    let special = of.part.map(|part| match part {
        Part::Changes => [("2.5.29.20", false, vec![2, 1, 1]), ("2.5.29.27", true, vec![2, 1, 1])],
        Part::Subscribers => {
            [("2.5.29.20", false, vec![2, 1, 1]), ("2.5.29.28", true, vec![0x30, 3, 0x81, 1, 0xff])]
        }
    });
    let impostor = if of.forged { Some(impostor(of.authority)?) } else { None };
    let signer = impostor.as_ref().or_else(|| issuer(of.authority, of.root))?;
    let der = match special {
        Some(extensions) => signer.special_list(&extensions, issued, next, &entries),
        None => signer.revocation_list(of.number, issued, next, &entries),
    };
    Bytes::new(der).ok()
}

/// What an authority can say about a certificate.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Word {
    Good,
    Unknown,
    Revoked(BlockTime, RevocationReason),
}

/// Signs an answer about a certificate; another authority's, if `by` is one.
pub(super) fn answer(
    about: &Paper,
    by: usize,
    word: Word,
    (from, until): (BlockTime, BlockTime),
) -> Option<OcspResponse> {
    let status = match word {
        Word::Good => OcspStatus::Good,
        Word::Unknown => OcspStatus::Unknown,
        Word::Revoked(date, reason) => OcspStatus::Revoked(revocation(serial_of(about), date, reason)?),
    };
    let issuer = issuer(by, false)?;
    Bytes::new(issuer.status_answer(about.der.as_slice(), &status, seconds(from), seconds(until))).ok()
}

/// The number of a certificate, as lists name it.
pub(super) fn serial_of(paper: &Paper) -> Vec<u8> {
    serial(&paper.number).to_be_bytes().to_vec()
}
