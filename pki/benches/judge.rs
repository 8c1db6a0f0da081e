//! What judging costs: an enrolment by each kind of key, a revocation list, a status answer.
//!
//! `cargo bench -p pki --features issue --bench judge`
#![allow(missing_docs, reason = "criterion makes a public function")]

use std::hint::black_box;
use std::path::Path;

use criterion::{Criterion, criterion_group, criterion_main};
use pki::issue::{Issuer, Request, SigningKey};
use pki::{
    Algorithm, Authority, CodeSource, OcspStatus, Reason, Revocation, judge_chain, judge_crl, judge_ocsp,
    verify_statement,
};

/// 2026-06-15 00:00:00 UTC.
const NOW: u64 = 1_781_481_600;
const DAY: u64 = 86_400;

fn file(name: &str) -> Vec<u8> {
    std::fs::read(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/openssl").join(name)).expect("a file")
}

/// A certificate and one intermediate up to the root, and the statement: what every node does once an enrolment.
fn enrolments(bench: &mut Criterion) {
    let code_at = CodeSource::SubjectAttribute("2.5.4.97".into());
    let mut group = bench.benchmark_group("enrolment");
    for name in ["ed25519", "p256", "p384", "rsa2048", "rsa4096", "sm2"] {
        let [leaf, inner, root] = ["leaf", "inner", "root"].map(|who| file(&format!("{name}-{who}.der")));
        let signature = file(&format!("{name}.sig"));
        let authority = Authority {
            root: &root,
            intermediates: &[],
            algorithms: &Algorithm::ALL,
            credit_code_at: &code_at,
            policy: None,
        };
        group.bench_function(name, |bench| {
            bench.iter(|| {
                let subscriber = judge_chain(&authority, black_box(&[&leaf, &inner]), NOW).expect("good");
                verify_statement(&subscriber.spki, b"one statement", &signature).expect("good");
            });
        });
    }
}

/// A list of 1,000 entries, and an answer, by each kind of key that is made here.
fn revocations(bench: &mut Criterion) {
    let code_at = CodeSource::SubjectAttribute("2.5.4.97".into());
    let validity = (NOW - DAY, NOW + DAY);
    for algorithm in [Algorithm::Ed25519, Algorithm::EcdsaP256, Algorithm::EcdsaP384, Algorithm::Sm2] {
        let key =
            |seed: &str| SigningKey::from_seed(algorithm, seed.as_bytes()).expect("a kind that is made");
        let root = Issuer::root("Southern CA", key("root"), validity);
        let request = Request::enterprise(7, "Enterprise", "91440400MA4W1XQ38T", &key("holder"), validity);
        let leaf = root.issue(&request);
        let revoked = (1..=1000_u64).map(|serial| Revocation {
            serial: (serial + (1 << 40)).to_be_bytes().into_iter().skip(2).collect(),
            date: NOW - DAY,
            invalid_since: None,
            reason: Reason::Superseded,
        });
        let list = root.revocation_list(1, NOW, NOW + DAY, &revoked.collect::<Vec<_>>());
        let answer = root.status_answer(&leaf, &OcspStatus::Good, NOW, NOW + DAY);
        let authority = Authority {
            root: &root.certificate,
            intermediates: &[],
            algorithms: &Algorithm::ALL,
            credit_code_at: &code_at,
            policy: None,
        };
        bench.bench_function(&format!("list of 1000/{}", algorithm.name()), |bench| {
            bench.iter(|| judge_crl(&authority, black_box(&list), NOW).expect("good"));
        });
        bench.bench_function(&format!("answer/{}", algorithm.name()), |bench| {
            bench.iter(|| judge_ocsp(&authority, &[&leaf], black_box(&answer), NOW).expect("good"));
        });
    }
}

criterion_group!(benches, enrolments, revocations);
criterion_main!(benches);
