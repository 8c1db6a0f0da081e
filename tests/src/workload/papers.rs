//! Certificates and revocation lists of the workload's authorities, issued by rcgen with Ed25519 keys that follow from
//! names: the same words make the same bytes, and one costs a signature.

use ledger::codec::Bytes;
use ledger::crypto::SigningKey;
use ledger::hash::sha256;
use ledger::id::{AuthorityId, CertificateId, IssuerId};
use ledger::record::authority::{
    AuthorityTerms, CertificateDer, CodeSource, Freshness, KeyAlgorithm, WhenStale,
};
use ledger::record::certificate::RevocationReason;
use ledger::time::{BlockTime, DAY_MS, Span};
use rcgen::{
    BasicConstraints, Certificate, CertificateParams, CertificateRevocationListParams, CustomExtension,
    DistinguishedName, DnType, IsCa, KeyIdMethod, KeyPair, KeyUsagePurpose, PKCS_ED25519, RevokedCertParams,
    SerialNumber,
};
use time::OffsetDateTime;
use zeroize::Zeroizing;

/// How many authorities there are.
pub(super) const AUTHORITIES: usize = 4;
/// The authority that issues under an intermediate only.
const WITH_INTERMEDIATE: usize = 1;
/// The authority that demands a certificate policy.
const WITH_POLICY: usize = 2;
/// The authority whose subscribers must have SM2 keys, which these have not.
pub(super) const OF_SM2: usize = 3;
/// organizationIdentifier, where the authorities write the credit code.
const CODE_AT: [u64; 4] = [2, 5, 4, 97];

/// A key of X.509, with the ledger's view of the same key.
fn pair(name: &str) -> Option<(KeyPair, SigningKey)> {
    let seed = Zeroizing::new(sha256(format!("workload paper {name}").as_bytes()));
    // PKCS #8 of an Ed25519 key (RFC 8410).
    let head = [0x30, 0x2e, 2, 1, 0, 0x30, 5, 6, 3, 0x2b, 0x65, 0x70, 4, 0x22, 4, 0x20];
    let der = [&head[..], &seed[..]].concat();
    let pair = KeyPair::from_pkcs8_der_and_sign_algo(&der.as_slice().into(), &PKCS_ED25519).ok()?;
    Some((pair, SigningKey::from_seed(&seed)))
}

fn moment(time: BlockTime) -> Option<OffsetDateTime> {
    OffsetDateTime::from_unix_timestamp(i64::try_from(time.as_millis() / 1_000).ok()?).ok()
}

/// A number for a certificate, positive and without leading zeros.
fn serial(name: &str) -> Vec<u8> {
    let mut bytes = sha256(name.as_bytes())[..8].to_vec();
    bytes[0] = bytes[0] & 0x7f | 1;
    bytes
}

fn der(certificate: &Certificate) -> Option<CertificateDer> {
    Bytes::new(certificate.der().to_vec()).ok()
}

/// Who issues the certificates of an authority.
fn issuer_name(authority: usize) -> String {
    if authority == WITH_INTERMEDIATE { format!("{authority} intermediate") } else { format!("{authority}") }
}

fn parameters(name: &str, from: OffsetDateTime, until: OffsetDateTime) -> CertificateParams {
    let mut parameters = CertificateParams::default();
    parameters.distinguished_name = DistinguishedName::new();
    parameters.distinguished_name.push(DnType::OrganizationName, name);
    (parameters.not_before, parameters.not_after) = (from, until);
    parameters
}

/// The certificate of the root or of the intermediate with this name.
fn issuer(name: &str) -> Option<Certificate> {
    let (from, until) =
        (moment(BlockTime::default())?, moment(BlockTime::parse("2060-01-01T00:00:00Z").ok()?)?);
    let mut parameters = parameters(&format!("Workload authority {name}"), from, until);
    parameters.serial_number = Some(SerialNumber::from_slice(&serial(name)));
    parameters.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    parameters.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    let (own, _) = pair(name)?;
    match name.split_once(' ') {
        None => parameters.self_signed(&own).ok(),
        Some((root, _)) => {
            parameters.use_authority_key_identifier_extension = true;
            parameters.signed_by(&own, &issuer(root)?, &pair(root)?.0).ok()
        }
    }
}

/// The entry of an authority for the trust list. Two allow what is stale for a while, one flags it only.
pub(super) fn terms(authority: usize) -> Option<AuthorityTerms> {
    let days = |days: u64| Span::from_millis(days * DAY_MS);
    let (age, grace, when_stale) = match authority {
        0 => (40, 60, WhenStale::Refuse),
        1 => (2, 3, WhenStale::Flag),
        _ => (3, 4, WhenStale::Refuse),
    };
    let intermediate = authority == WITH_INTERMEDIATE;
    let intermediates = intermediate.then(|| der(&issuer(&issuer_name(authority))?)).flatten();
    Some(AuthorityTerms {
        name: format!("示例证书机构{authority}").parse().ok()?,
        root: der(&issuer(&format!("{authority}"))?)?,
        intermediates: intermediates.into_iter().collect(),
        algorithms: if authority == OF_SM2 { vec![KeyAlgorithm::Sm2] } else { KeyAlgorithm::ALL.to_vec() },
        code_source: CodeSource::SubjectAttribute("2.5.4.97".parse().ok()?),
        policy: (authority == WITH_POLICY).then(|| "1.2.3".parse().ok()).flatten(),
        sources: Vec::new(),
        freshness: Freshness { max_age: days(age), grace: days(grace), when_stale },
    })
}

/// The name of an authority.
pub(super) fn authority_id(authority: usize) -> Option<AuthorityId> {
    Some(terms(authority)?.id())
}

/// The authority with this name.
pub(super) fn number_of(id: &AuthorityId) -> Option<usize> {
    (0..AUTHORITIES).find(|authority| authority_id(*authority) == Some(*id))
}

/// The name of who issues the certificates of an authority, or of its root.
pub(super) fn issuer_id(authority: usize, root: bool) -> Option<IssuerId> {
    let name = if root { format!("{authority}") } else { issuer_name(authority) };
    Some(IssuerId::from_bytes(sha256(&pair(&name)?.0.public_key_der())))
}

/// How lists name the intermediate of an authority, if it has one.
pub(super) fn intermediate_serial(authority: usize) -> Option<Vec<u8>> {
    (authority == WITH_INTERMEDIATE).then(|| serial(&issuer_name(authority)))
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
    pub(super) key: String,
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
    Forged,
    NoPolicy,
}

/// A certificate in the hand of its holder.
#[derive(Clone)]
pub(super) struct Paper {
    pub(super) authority: usize,
    pub(super) der: CertificateDer,
    /// What its key and number follow from.
    pub(super) key: String,
    pub(super) number: String,
}

impl Paper {
    /// Its fingerprint.
    pub(super) fn id(&self) -> CertificateId {
        CertificateId::from_bytes(sha256(self.der.as_slice()))
    }

    /// A signature by its key.
    pub(super) fn sign(&self, message: &[u8]) -> Option<Bytes<1_024>> {
        Bytes::new(pair(&self.key)?.1.sign(message).as_bytes().to_vec()).ok()
    }

    /// Its public key.
    pub(super) fn public_key(&self) -> Option<Bytes<1_024>> {
        Bytes::new(pair(&self.key)?.0.public_key_der()).ok()
    }
}

/// Issues a certificate.
pub(super) fn issue(of: &Application) -> Option<Paper> {
    let mut parameters = parameters("", moment(of.from)?, moment(of.until)?);
    parameters.distinguished_name = DistinguishedName::new();
    if let Some(called) = &of.called {
        parameters.distinguished_name.push(DnType::OrganizationName, called.as_str());
    }
    if let Some(code) = &of.code {
        parameters.distinguished_name.push(DnType::CustomDnType(CODE_AT.to_vec()), code.as_str());
    }
    parameters.serial_number = Some(SerialNumber::from_slice(&serial(&of.number)));
    parameters.use_authority_key_identifier_extension = true;
    let usage = if of.flaw == Flaw::NotForSigning {
        KeyUsagePurpose::KeyEncipherment
    } else {
        KeyUsagePurpose::DigitalSignature
    };
    parameters.key_usages = vec![usage];
    if of.flaw == Flaw::OfAuthority {
        parameters.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    }
    if of.flaw == Flaw::Critical {
        let mut unknown = CustomExtension::from_oid_content(&[1, 2, 3, 4], vec![5, 0]);
        unknown.set_criticality(true);
        parameters.custom_extensions.push(unknown);
    }
    if of.flaw != Flaw::NoPolicy {
        // certificatePolicies with the one policy 1.2.3 (RFC 5280, section 4.2.1.4).
        let policies = vec![0x30, 6, 0x30, 4, 6, 2, 0x2a, 3];
        parameters.custom_extensions.push(CustomExtension::from_oid_content(&[2, 5, 29, 32], policies));
    }
    let by = issuer_name(of.authority);
    let signs = if of.flaw == Flaw::Forged { "somebody else".to_owned() } else { by.clone() };
    let certificate = parameters.signed_by(&pair(&of.key)?.0, &issuer(&by)?, &pair(&signs)?.0).ok()?;
    let (key, number) = (of.key.clone(), of.number.clone());
    Some(Paper { authority: of.authority, der: der(&certificate)?, key, number })
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
}

/// Signs a list.
pub(super) fn list(of: &Listing<'_>) -> Option<Bytes<65_535>> {
    let entry = |(serial, date, reason): &(Vec<u8>, BlockTime, RevocationReason)| {
        Some(RevokedCertParams {
            serial_number: SerialNumber::from_slice(serial),
            revocation_time: moment(*date)?,
            reason_code: match reason {
                RevocationReason::CertificateHold => Some(rcgen::RevocationReason::CertificateHold),
                RevocationReason::KeyCompromise => Some(rcgen::RevocationReason::KeyCompromise),
                _ => None,
            },
            invalidity_date: None,
        })
    };
    let parameters = CertificateRevocationListParams {
        this_update: moment(of.issued)?,
        next_update: moment(of.next)?,
        crl_number: SerialNumber::from(of.number),
        issuing_distribution_point: None,
        revoked_certs: of.entries.iter().map(entry).collect::<Option<_>>()?,
        key_identifier_method: KeyIdMethod::Sha256,
    };
    let by = if of.root { format!("{}", of.authority) } else { issuer_name(of.authority) };
    let signs = if of.forged { "somebody else".to_owned() } else { by.clone() };
    let list = parameters.signed_by(&issuer(&by)?, &pair(&signs)?.0).ok()?;
    Bytes::new(list.der().to_vec()).ok()
}

/// The number of a certificate, as lists name it.
pub(super) fn serial_of(paper: &Paper) -> Vec<u8> {
    serial(&paper.number)
}
