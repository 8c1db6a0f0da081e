//! Certificates, lists, answers and signatures made by openssl, good and bad: `openssl/make.sh` says how.

use std::path::Path;

use pki::{
    Algorithm, Authority, CodeSource, Document, Fault, OcspStatus, Place, Reason, judge_chain, judge_crl,
    judge_ocsp, read_authority, read_subject_key, verify_statement,
};

/// 2026-06-15 00:00:00 UTC: all certificates are valid from 2026 to 2036, the lists in June 2026.
const NOW: u64 = 1_781_481_600;
const DAY: u64 = 86_400;
const MARCH: u64 = 1_772_323_200;
const CODE: &str = "91440400MA4W1XQ38T";

/// Each made authority, and the kind of its keys.
const MADE: [(&str, Algorithm); 9] = [
    ("ed25519", Algorithm::Ed25519),
    ("p256", Algorithm::EcdsaP256),
    ("p384", Algorithm::EcdsaP384),
    ("rsa2048", Algorithm::Rsa),
    ("rsa4096", Algorithm::Rsa),
    ("pss256", Algorithm::Rsa),
    ("pss384", Algorithm::Rsa),
    ("pss512", Algorithm::Rsa),
    ("sm2", Algorithm::Sm2),
];

fn file(name: &str) -> Vec<u8> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/openssl").join(name);
    std::fs::read(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

fn der(name: &str) -> Vec<u8> {
    file(&format!("{name}.der"))
}

/// Judges with the authority of this name, without intermediates on the trust list unless some are given.
struct World {
    root: Vec<u8>,
    intermediates: Vec<Vec<u8>>,
    code_at: CodeSource,
}

impl World {
    fn new(name: &str, intermediates: &[&str]) -> Self {
        Self {
            root: der(&format!("{name}-root")),
            intermediates: intermediates.iter().map(|name| der(name)).collect(),
            code_at: CodeSource::SubjectAttribute("2.5.4.97".into()),
        }
    }

    fn with<T>(&self, judge: impl FnOnce(&Authority<'_>) -> T) -> T {
        let intermediates: Vec<&[u8]> = self.intermediates.iter().map(Vec::as_slice).collect();
        judge(&Authority {
            root: &self.root,
            intermediates: &intermediates,
            algorithms: &Algorithm::ALL,
            credit_code_at: &self.code_at,
            policy: None,
        })
    }

    fn chain(&self, names: &[&str]) -> Result<pki::Subscriber, Fault> {
        let chain: Vec<Vec<u8>> = names.iter().map(|name| der(name)).collect();
        let chain: Vec<&[u8]> = chain.iter().map(Vec::as_slice).collect();
        self.with(|authority| judge_chain(authority, &chain, NOW))
    }

    fn ocsp(&self, chain: &[&str], answer: &str, at: u64) -> Result<pki::OcspAnswer, Fault> {
        let chain: Vec<Vec<u8>> = chain.iter().map(|name| der(name)).collect();
        let chain: Vec<&[u8]> = chain.iter().map(Vec::as_slice).collect();
        self.with(|authority| judge_ocsp(authority, &chain, &der(answer), at))
    }
}

#[test]
fn chains_and_statements_of_every_kind_of_key() {
    for (name, algorithm) in MADE {
        let world = World::new(name, &[]);
        let chain = [format!("{name}-leaf"), format!("{name}-inner")];
        let subscriber =
            world.chain(&[&chain[0], &chain[1]]).unwrap_or_else(|fault| panic!("{name}: {fault}"));
        assert_eq!(subscriber.algorithm, algorithm, "{name}");
        assert_eq!(subscriber.credit_code, CODE, "{name}");
        assert_eq!(subscriber.name(), Ok("珠海某某建设有限公司"), "{name}");
        assert_eq!(subscriber.serial, [0x4d], "{name}");

        let signature = file(&format!("{name}.sig"));
        let verify =
            |message: &[u8], signature: &[u8]| verify_statement(&subscriber.spki, message, signature);
        assert_eq!(verify(b"one statement", &signature), Ok(()), "{name}");
        assert_eq!(verify(b"another", &signature), Err(Fault::StatementSignature), "{name}");
        for position in 0..signature.len() {
            let mut changed = signature.clone();
            changed[position] ^= 0x40;
            assert_eq!(
                verify(b"one statement", &changed),
                Err(Fault::StatementSignature),
                "{name}: {position}"
            );
        }

        let facts = read_authority(&world.root, &[&der(&chain[1])]).unwrap_or_else(|f| panic!("{name}: {f}"));
        assert_eq!((facts.algorithm, facts.intermediates.len()), (algorithm, 1), "{name}");
        assert_eq!(facts.subject, "CN=Southern CA root,O=Southern CA,C=CN");
    }
}

#[test]
fn the_key_of_a_certificate_is_read_before_anything_is_signed() {
    for (name, algorithm) in MADE {
        let key = read_subject_key(&der(&format!("{name}-leaf"))).unwrap();
        assert_eq!(key.algorithm, algorithm, "{name}");
        verify_statement(&key.spki, b"one statement", &file(&format!("{name}.sig"))).unwrap();
    }
    assert!(matches!(read_subject_key(&der("bad-rsa1024")), Err(Fault::ShortKey { .. })));
    assert!(matches!(read_subject_key(&der("bad-p521")), Err(Fault::AlgorithmUnknown)));
    assert!(matches!(read_subject_key(b"0"), Err(Fault::Malformed { .. })));
}

#[test]
fn each_kind_of_bad_certificate_is_refused_for_what_it_is() {
    let subscriber = Place::Subscriber;
    let rows = [
        ("bad-expired", Fault::Expired { place: subscriber, not_after: MARCH }),
        ("bad-early", Fault::NotYetValid { place: subscriber, not_before: 2_051_222_400 }),
        ("bad-server", Fault::WrongPurpose),
        ("bad-encryption", Fault::NotForSigning),
        ("bad-silent", Fault::NotForSigning),
        ("bad-strange", Fault::CriticalExtension { oid: "1.2.3.4".into() }),
        ("bad-authority", Fault::SubscriberIsCa),
        ("bad-nocode", Fault::CreditCodeMissing),
        ("bad-badcode", Fault::CreditCodeInvalid),
        ("bad-twocodes", Fault::CreditCodeInvalid),
        ("bad-noname", Fault::NameMissing),
        ("bad-ecsha1", Fault::WeakDigest { place: Some(subscriber) }),
        ("bad-rsa1024", Fault::ShortKey { place: subscriber, bits: 1024 }),
        ("bad-rsa5120", Fault::LongKey { place: subscriber, bits: 5120 }),
        ("bad-p521", Fault::AlgorithmUnknown),
        ("bad-version1", Fault::Version),
    ];
    for (name, expected) in rows {
        let found = World::new("p256", &[]).chain(&[name, "p256-inner"]);
        assert_eq!(found.and_then(|found| found.name().map(str::to_owned)), Err(expected), "{name}");
    }
    let weak = Fault::WeakDigest { place: Some(subscriber) };
    for name in ["bad-sha1", "bad-md5", "bad-psssha1"] {
        assert_eq!(World::new("rsa2048", &[]).chain(&[name, "rsa2048-inner"]), Err(weak.clone()), "{name}");
    }
}

#[test]
fn each_kind_of_bad_path_is_refused_for_what_it_is() {
    let rows: [(&[&str], Fault); 9] = [
        (&["path-noca-leaf", "path-noca"], Fault::NotACa),
        (&["path-nosign-leaf", "path-nosign"], Fault::KeyUsage),
        (&["path-deep-leaf", "path-deep", "p256-inner"], Fault::PathLength),
        (&["path-dnsonly-leaf", "path-dnsonly"], Fault::NameConstraints),
        (&["path-dironly-leaf", "path-dironly"], Fault::NameConstraints),
        (&["p256-leaf"], Fault::UnknownAuthority),
        (&["p256-leaf", "path-noca"], Fault::BrokenPath),
        // Both roots have one name, and so do the intermediates: only keys tell them apart.
        (&["p384-leaf", "p384-inner"], Fault::BadSignature),
        (&["p256-leaf", "p384-inner"], Fault::BadSignature),
    ];
    for (chain, expected) in rows {
        assert_eq!(World::new("p256", &[]).chain(chain), Err(expected), "{chain:?}");
    }
    let listed = World::new("p256", &["p256-inner"]);
    assert!(listed.chain(&["p256-leaf"]).is_ok(), "the intermediate is on the trust list");
}

#[test]
fn the_code_may_stand_in_an_extension() {
    let mut world = World::new("p256", &[]);
    world.code_at = CodeSource::Extension("1.2.156.10260.4.1.4".into());
    let found = world.chain(&["bad-extension", "p256-inner"]).map(|subscriber| subscriber.credit_code);
    assert_eq!(found, Ok(CODE.to_owned()));
}

#[test]
fn revocation_lists_of_every_kind_of_key() {
    for (name, _) in MADE {
        let inner = format!("{name}-inner");
        let world = World::new(name, &[&inner]);
        let bytes = der(&format!("{name}-crl"));
        let judge = |bytes: &[u8], at| world.with(|authority| judge_crl(authority, bytes, at));
        let list = judge(&bytes, NOW).unwrap_or_else(|fault| panic!("{name}: {fault}"));
        assert_eq!(list.number[19], 7);
        assert_eq!(list.entries.len(), 2);
        let found = list.find(&[0x4d]).expect("the first entry");
        assert_eq!((found.date, found.reason), (MARCH, Reason::KeyCompromise), "{name}");
        assert_eq!(list.find(&[1, 0]).map(|entry| entry.reason), Some(Reason::Unspecified), "{name}");
        assert_eq!(judge(&bytes, NOW + 30 * DAY).map_err(|fault| fault.code()), Err("crl_stale"), "{name}");
        assert_eq!(judge(&bytes, NOW - 30 * DAY).map_err(|f| f.code()), Err("crl_not_yet_valid"), "{name}");
        // Every bit that is signed and every bit of the signature counts.
        for position in 0..bytes.len() {
            let mut changed = bytes.clone();
            changed[position] ^= 1;
            assert!(judge(&changed, NOW).is_err(), "{name}: byte {position}");
        }
    }
}

#[test]
fn each_kind_of_bad_list_is_refused_for_what_it_is() {
    let rows = [
        ("p256", "bad-crl-delta", Fault::CrlDelta),
        ("p256", "bad-crl-indirect", Fault::CrlUnsupported),
        ("p256", "bad-crl-partial", Fault::CrlUnsupported),
        ("p256", "bad-crl-unknown", Fault::CriticalExtension { oid: "1.2.3.4".into() }),
        ("rsa2048", "bad-crl-sha1", Fault::WeakDigest { place: None }),
        ("p256", "p384-crl", Fault::CrlSignature),
        ("p256", "p256-leaf", Fault::Malformed { what: Document::RevocationList }),
    ];
    for (name, list, expected) in rows {
        let world = World::new(name, &[&format!("{name}-inner")]);
        let found = world.with(|authority| judge_crl(authority, &der(list), NOW));
        assert_eq!(found, Err(expected), "{list}");
    }
    let unlisted = World::new("p256", &[]).with(|authority| judge_crl(authority, &der("p256-crl"), NOW));
    assert_eq!(unlisted, Err(Fault::CrlSigner), "an intermediate that is not on the list");
    let world = World::new("p256", &["path-nocrl"]);
    let found = world.with(|authority| judge_crl(authority, &der("path-nocrl-crl"), NOW));
    assert_eq!(found, Err(Fault::CrlSigner), "without cRLSign");
    assert!(world.chain(&["path-nocrl-leaf"]).is_ok(), "but it issues certificates");
}

#[test]
fn answers_of_issuers_and_of_those_they_appointed() {
    for name in ["p256", "rsa2048"] {
        let (leaf, inner) = (format!("{name}-leaf"), format!("{name}-inner"));
        let chain = [leaf.as_str(), inner.as_str()];
        let world = World::new(name, &[]);
        let answer = |kind: &str, at| world.ocsp(&chain, &format!("{name}-ocsp-{kind}"), at);
        // openssl dates its answers by the clock of the day they were made.
        let Err(Fault::OcspNotYetValid { this_update: made }) = answer("good", NOW) else {
            panic!("{name}: made after {NOW}");
        };
        for kind in ["good", "delegated"] {
            let found = answer(kind, made + DAY).unwrap_or_else(|fault| panic!("{name} {kind}: {fault}"));
            assert_eq!(
                (found.status, found.serial.as_slice()),
                (OcspStatus::Good, &[0x4d][..]),
                "{name} {kind}"
            );
            assert_eq!(
                answer(kind, made + 8 * DAY).map_err(|fault| fault.code()),
                Err("ocsp_stale"),
                "{name}"
            );
        }
        let found = answer("revoked", made + DAY).unwrap_or_else(|fault| panic!("{name}: {fault}"));
        let OcspStatus::Revoked(revocation) = found.status else { panic!("{name}: {found:?}") };
        assert_eq!((revocation.date, revocation.reason), (MARCH, Reason::KeyCompromise), "{name}");
        assert_eq!(answer("stranger", made + DAY), Err(Fault::OcspSigner), "{name}");
        // A responder's certificate is valid until 2036.
        let late = answer("delegated", 2_100_000_000);
        assert!(matches!(late, Err(Fault::Expired { place: Place::Responder, .. })), "{name}: {late:?}");

        let bytes = der(&format!("{name}-ocsp-delegated"));
        let leaf = der(&leaf);
        let inner = der(&inner);
        for position in 0..bytes.len() {
            let mut changed = bytes.clone();
            changed[position] ^= 1;
            let judged = world.with(|entry| judge_ocsp(entry, &[&leaf, &inner], &changed, made + DAY));
            // Certificates that come along are not signed by the answer; only the responder's is looked at.
            if let Ok(judged) = judged {
                assert_eq!(judged.status, OcspStatus::Good, "{name}: byte {position}");
            }
        }
    }
    let world = World::new("p256", &["p256-inner"]);
    assert_eq!(world.ocsp(&["p256-leaf"], "bad-ocsp-other", NOW), Err(Fault::OcspOtherCertificate));
    assert_eq!(world.ocsp(&["p384-leaf"], "p256-ocsp-good", NOW), Err(Fault::UnknownAuthority));
    assert_eq!(world.ocsp(&["p384-leaf", "p384-inner"], "p256-ocsp-good", NOW), Err(Fault::UnknownAuthority));
    let malformed = Fault::Malformed { what: Document::OcspResponse };
    assert_eq!(world.ocsp(&["p256-leaf"], "p256-crl", NOW), Err(malformed));
}
