//! Certificates, lists and answers made by feature `issue`, good and bad, for each kind of key.
#![cfg(feature = "issue")]

use pki::issue::{COMMON_NAME, Issuer, ORGANISATION, Request, SigningKey, Usage};
use pki::{
    Algorithm, Authority, CodeSource, Document, Fault, OcspStatus, Place, Reason, Revocation, judge_chain,
    judge_crl, judge_ocsp, read_authority, verify_statement,
};

const CODE: &str = "91440400MA4W1XQ38T";
const NOW: u64 = 1_800_000_000;
const DAY: u64 = 86_400;
const VALID: (u64, u64) = (NOW - 100 * DAY, NOW + 100 * DAY);
const MADE: [Algorithm; 4] = [Algorithm::Ed25519, Algorithm::EcdsaP256, Algorithm::EcdsaP384, Algorithm::Sm2];

fn key(algorithm: Algorithm, seed: &str) -> SigningKey {
    SigningKey::from_seed(algorithm, seed.as_bytes()).expect("a kind that is made")
}

/// A root, an intermediate and an enterprise's certificate, with places to make them wrong.
struct World {
    root: Issuer,
    intermediate: Issuer,
    holder: SigningKey,
    request: Request,
    code_at: CodeSource,
    policy: Option<&'static str>,
    algorithms: Vec<Algorithm>,
}

impl World {
    fn new(algorithm: Algorithm) -> Self {
        let root = Issuer::root("Southern CA", key(algorithm, "root"), VALID);
        let intermediate_key = key(algorithm, "intermediate");
        let request = Request::authority(2, "Southern CA enterprises", &intermediate_key, VALID, Some(0));
        let intermediate = root.authority(&request, intermediate_key);
        let holder = key(algorithm, "holder");
        let request = Request::enterprise(77, "珠海某某建设有限公司", CODE, &holder, VALID);
        let code_at = CodeSource::SubjectAttribute("2.5.4.97".into());
        Self {
            root,
            intermediate,
            holder,
            request,
            code_at,
            policy: None,
            algorithms: Algorithm::ALL.to_vec(),
        }
    }

    fn authority<'a>(&'a self, intermediates: &'a [&'a [u8]]) -> Authority<'a> {
        Authority {
            root: &self.root.certificate,
            intermediates,
            algorithms: &self.algorithms,
            credit_code_at: &self.code_at,
            policy: self.policy,
        }
    }

    fn leaf(&self) -> Vec<u8> {
        self.intermediate.issue(&self.request)
    }

    fn judge_at(&self, at: u64) -> Result<pki::Subscriber, Fault> {
        judge_chain(&self.authority(&[]), &[&self.leaf(), &self.intermediate.certificate], at)
    }

    fn judge(&self) -> Result<pki::Subscriber, Fault> {
        self.judge_at(NOW)
    }
}

#[test]
fn an_enterprise_is_known_by_its_certificate() {
    for algorithm in MADE {
        let world = World::new(algorithm);
        let subscriber = world.judge().unwrap_or_else(|fault| panic!("{algorithm:?}: {fault}"));
        assert_eq!(subscriber.credit_code, CODE);
        assert_eq!(subscriber.name(), Ok("珠海某某建设有限公司"));
        assert_eq!(subscriber.serial, [77]);
        assert_eq!(subscriber.algorithm, algorithm);
        assert_eq!((subscriber.not_before, subscriber.not_after), VALID);
        assert_eq!(subscriber.path.len(), 1);
        let (leaf, inner) = (world.leaf(), world.intermediate.certificate.as_slice());
        let without =
            judge_chain(&world.authority(&[inner]), &[&leaf], NOW).expect("the entry has the intermediate");
        assert_eq!(without, subscriber);
        let with_root = judge_chain(&world.authority(&[]), &[&leaf, inner, &world.root.certificate], NOW);
        assert_eq!(with_root.expect("the root may come along"), subscriber);

        let statement = world.holder.sign(b"statement");
        assert_eq!(verify_statement(&subscriber.spki, b"statement", &statement), Ok(()));
        let other = verify_statement(&subscriber.spki, b"another", &statement);
        assert_eq!(other, Err(Fault::StatementSignature));
        let facts = read_authority(&world.root.certificate, &[inner]).expect("an authority");
        assert_eq!((facts.algorithm, facts.intermediates.len()), (algorithm, 1));
    }
}

/// Changes a good world, and what is said of it then.
type Row = (&'static str, fn(&mut World), Fault);

#[test]
fn each_fault_of_a_certificate_has_its_own_name() {
    let rows: [Row; 16] = [
        (
            "not yet valid",
            |w| w.request.not_before = NOW + 1,
            Fault::NotYetValid { place: Place::Subscriber, not_before: NOW + 1 },
        ),
        (
            "expired",
            |w| w.request.not_after = NOW - 1,
            Fault::Expired { place: Place::Subscriber, not_after: NOW - 1 },
        ),
        (
            "an encryption certificate",
            |w| w.request.usage = vec![Usage::KeyEncipherment],
            Fault::NotForSigning,
        ),
        ("no key usage", |w| w.request.usage.clear(), Fault::NotForSigning),
        ("a web server's", |w| w.request.purposes = vec!["1.3.6.1.5.5.7.3.1".into()], Fault::WrongPurpose),
        ("an authority's", |w| w.request.authority = Some(None), Fault::SubscriberIsCa),
        ("no code", |w| w.request.subject.retain(|(oid, _)| oid != "2.5.4.97"), Fault::CreditCodeMissing),
        ("a bad code", |w| w.request.subject[1].1 = "91440400".into(), Fault::CreditCodeInvalid),
        ("no name", |w| w.request.subject.retain(|(oid, _)| oid == "2.5.4.97"), Fault::NameMissing),
        ("no policy", |w| w.policy = Some("1.2.3.4"), Fault::PolicyMissing),
        ("a policy that is none", |w| w.policy = Some("no"), Fault::AuthorityEntry),
        ("a kind of key", |w| w.algorithms = vec![Algorithm::Rsa], Fault::AlgorithmNotAllowed),
        (
            "a critical extension",
            |w| w.request.extensions = vec![("1.2.3.4".into(), true, vec![5, 0])],
            Fault::CriticalExtension { oid: "1.2.3.4".into() },
        ),
        (
            "another root",
            |w| w.root = Issuer::root("Northern CA", key(Algorithm::Ed25519, "north"), VALID),
            Fault::UnknownAuthority,
        ),
        (
            "a root of the same name",
            |w| w.root = Issuer::root("Southern CA", key(Algorithm::Ed25519, "false"), VALID),
            Fault::BadSignature,
        ),
        (
            "an old root",
            |w| {
                let old = Issuer::root("Southern CA", key(Algorithm::Ed25519, "root"), (VALID.0, NOW - 1));
                w.root = old;
            },
            Fault::Expired { place: Place::Root, not_after: NOW - 1 },
        ),
    ];
    for (case, change, expected) in rows {
        let mut world = World::new(Algorithm::Ed25519);
        change(&mut world);
        let found = world.judge().and_then(|found| found.name().map(str::to_owned));
        assert_eq!(found, Err(expected), "{case}");
    }
}

/// The root's and the intermediate's own requests, changed.
type PathRow = (&'static str, fn(&mut Request, &mut Request), Fault);

#[test]
fn each_fault_of_a_path_has_its_own_name() {
    let rows: [PathRow; 6] = [
        ("not an authority", |_, inner| inner.authority = None, Fault::NotACa),
        ("may not issue", |_, inner| inner.usage = vec![Usage::CRLSign], Fault::KeyUsage),
        ("says nothing of its use", |_, inner| inner.usage.clear(), Fault::KeyUsage),
        ("the root permits none below", |root, _| root.authority = Some(Some(0)), Fault::PathLength),
        (
            "an old intermediate",
            |_, inner| inner.not_after = NOW - 1,
            Fault::Expired { place: Place::Intermediate, not_after: NOW - 1 },
        ),
        (
            "names that it may not certify",
            |_, inner| {
                // NameConstraints: permitted directoryName with the organisation "A".
                let permitted = "3016a0143012a410300e310c300a060355040a0c03414141";
                let der = permitted
                    .as_bytes()
                    .chunks(2)
                    .map(|pair| {
                        u8::from_str_radix(core::str::from_utf8(pair).expect("hex"), 16).expect("hex")
                    })
                    .collect();
                inner.extensions = vec![("2.5.29.30".into(), true, der)];
            },
            Fault::NameConstraints,
        ),
    ];
    for (case, change, expected) in rows {
        let mut world = World::new(Algorithm::EcdsaP256);
        let (root_key, inner_key) =
            (key(Algorithm::EcdsaP256, "root"), key(Algorithm::EcdsaP256, "intermediate"));
        let mut root = Request::authority(1, "Southern CA", &root_key, VALID, None);
        let mut inner = Request::authority(2, "Southern CA enterprises", &inner_key, VALID, Some(0));
        change(&mut root, &mut inner);
        world.root = Issuer::self_signed(&root, root_key);
        world.intermediate = world.root.authority(&inner, inner_key);
        assert_eq!(world.judge(), Err(expected), "{case}");
    }
}

#[test]
fn a_chain_is_in_order_and_whole() {
    let world = World::new(Algorithm::Ed25519);
    let (leaf, inner) = (world.leaf(), world.intermediate.certificate.clone());
    let judge = |chain: &[&[u8]]| judge_chain(&world.authority(&[]), chain, NOW);
    assert_eq!(judge(&[]), Err(Fault::Malformed { what: Document::Chain }));
    assert_eq!(judge(&[&leaf]), Err(Fault::UnknownAuthority));
    assert_eq!(judge(&[&inner, &leaf]), Err(Fault::SubscriberIsCa));
    assert_eq!(judge(&[&leaf, &leaf, &inner]), Err(Fault::BrokenPath));
    let many = vec![leaf.as_slice(); 7];
    assert!(matches!(judge(&many), Err(Fault::TooLong { what: Document::Chain, .. })));
    let mut forged = leaf.clone();
    *forged.last_mut().expect("bytes") ^= 1;
    assert_eq!(judge(&[&forged, &inner]), Err(Fault::BadSignature));
    let other = Issuer::root("Southern CA enterprises", key(Algorithm::Ed25519, "other"), VALID);
    assert_eq!(judge(&[&other.issue(&world.request), &inner]), Err(Fault::BadSignature));
    let cut = &leaf[..leaf.len() - 1];
    assert_eq!(judge(&[cut, &inner]), Err(Fault::Malformed { what: Document::Certificate }));
}

#[test]
fn the_code_may_stand_in_an_extension() {
    let mut world = World::new(Algorithm::Sm2);
    world.code_at = CodeSource::Extension("1.2.156.10260.4.1.4".into());
    assert_eq!(world.judge(), Err(Fault::CreditCodeMissing));
    let value = [&[0x13, 18], CODE.as_bytes()].concat();
    world.request.extensions = vec![("1.2.156.10260.4.1.4".into(), false, value)];
    assert_eq!(world.judge().expect("a code").credit_code, CODE);
    world.request.subject.retain(|(oid, _)| oid == COMMON_NAME || oid == ORGANISATION);
    assert_eq!(world.judge().expect("a code").credit_code, CODE);
}

/// An extension of a list: object identifier, whether critical, value.
type Special = (&'static str, bool, Vec<u8>);

fn revocation(serial: u64, date: u64) -> Revocation {
    let serial = serial.to_be_bytes().iter().copied().skip_while(|byte| *byte == 0).collect();
    Revocation { serial, date, invalid_since: Some(date - DAY), reason: Reason::KeyCompromise }
}

#[test]
fn a_revocation_list_is_its_authoritys_whole_and_fresh() {
    for algorithm in MADE {
        let world = World::new(algorithm);
        let inner = [world.intermediate.certificate.as_slice()];
        let entry = world.authority(&inner);
        let revoked = [revocation(77, NOW - DAY), revocation(9, NOW - 2 * DAY)];
        let der = world.intermediate.revocation_list(258, NOW - 10, NOW + DAY, &revoked);
        let list = judge_crl(&entry, &der, NOW).unwrap_or_else(|fault| panic!("{algorithm:?}: {fault}"));
        assert_eq!(list.number[18..], [1, 2]);
        assert_eq!((list.this_update, list.next_update), (NOW - 10, NOW + DAY));
        assert_eq!(list.find(&[77]), Some(&revoked[0]));
        assert_eq!(list.find(&[78]), None);
        assert_eq!(list.issuer_key_fingerprint, world.judge().expect("good").issuer_key_fingerprint);

        let stale = Err(Fault::CrlStale { next_update: NOW + DAY });
        assert_eq!(judge_crl(&entry, &der, NOW + DAY + 1), stale);
        let early = Err(Fault::CrlNotYetValid { this_update: NOW - 10 });
        assert_eq!(judge_crl(&entry, &der, NOW - 1000), early);
        let mut changed = der.clone();
        *changed.last_mut().expect("bytes") ^= 1;
        assert_eq!(judge_crl(&entry, &changed, NOW), Err(Fault::CrlSignature));
        let stranger = Issuer::root("Stranger", key(algorithm, "stranger"), VALID);
        let foreign = stranger.revocation_list(1, NOW - 10, NOW + DAY, &[]);
        assert_eq!(judge_crl(&entry, &foreign, NOW), Err(Fault::CrlSigner));
        let number = ("2.5.29.20", false, vec![2, 1, 1]);
        let special: [(&[Special], Fault); 4] = [
            (&[], Fault::CrlUnsupported),
            (&[number.clone(), ("2.5.29.27", true, vec![2, 1, 0])], Fault::CrlDelta),
            (&[number.clone(), ("2.5.29.28", true, vec![0x30, 0])], Fault::CrlUnsupported),
            (&[number, ("1.2.3", true, vec![5, 0])], Fault::CriticalExtension { oid: "1.2.3".into() }),
        ];
        for (extensions, expected) in special {
            let der = world.intermediate.special_list(extensions, NOW - 10, NOW + DAY, &[]);
            assert_eq!(judge_crl(&entry, &der, NOW), Err(expected));
        }
        assert_eq!(judge_crl(&entry, b"", NOW), Err(Fault::Malformed { what: Document::RevocationList }));
    }
}

#[test]
fn an_answer_is_about_this_certificate_and_fresh() {
    for algorithm in MADE {
        let world = World::new(algorithm);
        let leaf = world.leaf();
        let chain = [leaf.as_slice(), &world.intermediate.certificate];
        let entry = world.authority(&[]);
        let revoked = Revocation { invalid_since: None, ..revocation(77, NOW - DAY) };
        for status in [OcspStatus::Good, OcspStatus::Unknown, OcspStatus::Revoked(revoked)] {
            let der = world.intermediate.status_answer(&leaf, &status, NOW - 10, NOW + 60);
            let answer = judge_ocsp(&entry, &chain, &der, NOW)
                .unwrap_or_else(|fault| panic!("{algorithm:?}: {fault}"));
            assert_eq!((answer.status, answer.until), (status, NOW + 60));
            let stale = Err(Fault::OcspStale { until: NOW + 60 });
            assert_eq!(judge_ocsp(&entry, &chain, &der, NOW + 61), stale);
            let early = Err(Fault::OcspNotYetValid { this_update: NOW - 10 });
            assert_eq!(judge_ocsp(&entry, &chain, &der, NOW - 1000), early);
            let mut changed = der.clone();
            *changed.last_mut().expect("bytes") ^= 1;
            assert_eq!(judge_ocsp(&entry, &chain, &changed, NOW), Err(Fault::OcspSignature));
        }
        let other = world.intermediate.issue(&Request { serial: 78, ..world.request.clone() });
        let der = world.intermediate.status_answer(&other, &OcspStatus::Good, NOW - 10, NOW + 60);
        assert_eq!(judge_ocsp(&entry, &chain, &der, NOW), Err(Fault::OcspOtherCertificate));
        let der = world.root.status_answer(&leaf, &OcspStatus::Good, NOW - 10, NOW + 60);
        assert_eq!(judge_ocsp(&entry, &chain, &der, NOW), Err(Fault::OcspOtherCertificate));
        assert_eq!(
            judge_ocsp(&entry, &chain, &[0x30, 3, 0x0a, 1, 3], NOW),
            Err(Fault::OcspNoAnswer { status: 3 })
        );
    }
}

#[test]
fn an_authority_is_a_root_and_its_own_intermediates() {
    let world = World::new(Algorithm::Ed25519);
    let inner = world.intermediate.certificate.as_slice();
    assert_eq!(read_authority(inner, &[]), Err(Fault::NotSelfSigned));
    assert_eq!(read_authority(&world.leaf(), &[]), Err(Fault::NotACa));
    let other = World::new(Algorithm::EcdsaP384);
    assert_eq!(read_authority(&other.root.certificate, &[inner]), Err(Fault::BrokenPath));
}
