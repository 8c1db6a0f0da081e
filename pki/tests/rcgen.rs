//! Certificates and lists made by rcgen, which shares no code with what judges them.

use pki::{
    Algorithm, Authority, CodeSource, Fault, Reason, judge_chain, judge_crl, read_authority, verify_statement,
};
use rcgen::{
    BasicConstraints, CertificateParams, CertificateRevocationListParams, DistinguishedName, DnType,
    ExtendedKeyUsagePurpose, GeneralSubtree, IsCa, Issuer, KeyIdMethod, KeyPair, KeyUsagePurpose,
    NameConstraints, RevocationReason, RevokedCertParams, SerialNumber, SigningKey, date_time_ymd,
};

/// 2026-06-15 00:00:00 UTC.
const NOW: u64 = 1_781_481_600;
const CODE: &str = "91440400MA4W1XQ38T";

const MADE: [(&rcgen::SignatureAlgorithm, Algorithm); 3] = [
    (&rcgen::PKCS_ED25519, Algorithm::Ed25519),
    (&rcgen::PKCS_ECDSA_P256_SHA256, Algorithm::EcdsaP256),
    (&rcgen::PKCS_ECDSA_P384_SHA384, Algorithm::EcdsaP384),
];

fn params(name: &str) -> CertificateParams {
    let mut params = CertificateParams::default();
    params.distinguished_name = DistinguishedName::new();
    params.distinguished_name.push(DnType::OrganizationName, name);
    params.distinguished_name.push(DnType::CommonName, name);
    params.not_before = date_time_ymd(2026, 1, 1);
    params.not_after = date_time_ymd(2030, 1, 1);
    params
}

fn authority(name: &str, constraint: BasicConstraints) -> CertificateParams {
    let mut params = params(name);
    params.is_ca = IsCa::Ca(constraint);
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    params
}

fn enterprise() -> CertificateParams {
    let mut params = params("中山某某贸易有限公司");
    let code = DnType::from_oid(&[2, 5, 4, 97]);
    params.distinguished_name.push(code, format!("uscc:{}", CODE.to_lowercase()));
    params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
    params.serial_number = Some(SerialNumber::from(vec![0x12, 0x34]));
    params
}

/// A root, an intermediate and an enterprise's certificate, made by three keys of one kind.
struct World {
    root: Vec<u8>,
    inner: Vec<u8>,
    leaf: Vec<u8>,
    inner_issuer: Issuer<'static, KeyPair>,
    holder: KeyPair,
}

impl World {
    fn new(
        kind: &'static rcgen::SignatureAlgorithm,
        change: impl Fn(&mut CertificateParams, &mut CertificateParams),
    ) -> Self {
        let key = || KeyPair::generate_for(kind).expect("a key");
        let (root_key, inner_key, holder) = (key(), key(), key());
        let root_params = authority("Eastern CA", BasicConstraints::Unconstrained);
        let (mut inner_params, mut leaf_params) =
            (authority("Eastern CA enterprises", BasicConstraints::Constrained(0)), enterprise());
        change(&mut inner_params, &mut leaf_params);
        let root = root_params.self_signed(&root_key).expect("a root");
        let root_issuer = Issuer::new(root_params, root_key);
        let inner = inner_params.signed_by(&inner_key, &root_issuer).expect("an intermediate");
        let inner_issuer = Issuer::new(inner_params, inner_key);
        let leaf = leaf_params.signed_by(&holder, &inner_issuer).expect("a certificate");
        let bytes = |certificate: &rcgen::Certificate| certificate.der().to_vec();
        Self { root: bytes(&root), inner: bytes(&inner), leaf: bytes(&leaf), inner_issuer, holder }
    }

    fn with<T>(&self, judge: impl FnOnce(&Authority<'_>) -> T) -> T {
        judge(&Authority {
            root: &self.root,
            intermediates: &[&self.inner],
            algorithms: &[Algorithm::Ed25519, Algorithm::EcdsaP256, Algorithm::EcdsaP384],
            credit_code_at: &CodeSource::SubjectAttribute("2.5.4.97".into()),
            policy: None,
        })
    }

    fn judge(&self) -> Result<pki::Subscriber, Fault> {
        self.with(|authority| judge_chain(authority, &[&self.leaf], NOW))
    }
}

#[test]
fn chains_statements_and_lists() {
    for (kind, algorithm) in MADE {
        let world = World::new(kind, |_, _| {});
        let subscriber = world.judge().unwrap_or_else(|fault| panic!("{algorithm:?}: {fault}"));
        assert_eq!(subscriber.algorithm, algorithm);
        assert_eq!(subscriber.credit_code, CODE);
        assert_eq!(subscriber.name(), Ok("中山某某贸易有限公司"));
        assert_eq!(subscriber.serial, [0x12, 0x34]);
        let signature = world.holder.sign(b"statement").expect("a signature");
        assert_eq!(verify_statement(&subscriber.spki, b"statement", &signature), Ok(()));
        assert!(read_authority(&world.root, &[&world.inner]).is_ok());

        let list = CertificateRevocationListParams {
            this_update: date_time_ymd(2026, 6, 1),
            next_update: date_time_ymd(2026, 7, 1),
            crl_number: SerialNumber::from(9_u64),
            issuing_distribution_point: None,
            revoked_certs: vec![RevokedCertParams {
                serial_number: SerialNumber::from(vec![0x12, 0x34]),
                revocation_time: date_time_ymd(2026, 5, 1),
                reason_code: Some(RevocationReason::PrivilegeWithdrawn),
                invalidity_date: Some(date_time_ymd(2026, 4, 1)),
            }],
            key_identifier_method: KeyIdMethod::Sha256,
        };
        let list = list.signed_by(&world.inner_issuer).expect("a list");
        let list = world.with(|authority| judge_crl(authority, list.der(), NOW));
        let list = list.unwrap_or_else(|fault| panic!("{algorithm:?}: {fault}"));
        assert_eq!(list.issuer_key_fingerprint, subscriber.issuer_key_fingerprint);
        let found = list.find(&subscriber.serial).expect("an entry");
        assert_eq!(found.reason, Reason::PrivilegeWithdrawn);
        assert_eq!((found.date, found.invalid_since), (1_777_593_600, Some(1_775_001_600)));
    }
}

/// Changes the intermediate and the enterprise's certificate, and what is said of the chain then.
type Row = (&'static str, fn(&mut CertificateParams, &mut CertificateParams), Result<(), &'static str>);

#[test]
fn bad_ones_are_refused() {
    let rows: [Row; 9] = [
        ("good", |_, _| {}, Ok(())),
        ("expired", |_, leaf| leaf.not_after = date_time_ymd(2026, 6, 14), Err("expired")),
        ("early", |_, leaf| leaf.not_before = date_time_ymd(2026, 6, 16), Err("not_yet_valid")),
        ("no usage", |_, leaf| leaf.key_usages.clear(), Err("not_for_signing")),
        (
            "a web server's",
            |_, leaf| leaf.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth],
            Err("wrong_purpose"),
        ),
        (
            "for clients",
            |_, leaf| leaf.extended_key_usages = vec![ExtendedKeyUsagePurpose::ClientAuth],
            Ok(()),
        ),
        ("an old intermediate", |inner, _| inner.not_after = date_time_ymd(2026, 6, 14), Err("expired")),
        ("may not issue", |inner, _| inner.key_usages = vec![KeyUsagePurpose::CrlSign], Err("key_usage")),
        (
            "a name that it may not certify",
            |inner, leaf| {
                let subtree = GeneralSubtree::DnsName("example.com".into());
                let permitted_subtrees = vec![subtree];
                inner.name_constraints =
                    Some(NameConstraints { permitted_subtrees, excluded_subtrees: Vec::new() });
                let name = "example.org".try_into().expect("a name");
                leaf.subject_alt_names = vec![rcgen::SanType::DnsName(name)];
            },
            Err("name_constraints"),
        ),
    ];
    for (case, change, expected) in rows {
        let world = World::new(&rcgen::PKCS_ECDSA_P256_SHA256, change);
        let found = world.judge();
        assert_eq!(found.as_ref().map(|_| ()).map_err(Fault::code), expected, "{case}: {found:?}");
    }
}
