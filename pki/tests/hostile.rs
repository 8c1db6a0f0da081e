//! Bytes that nobody meant: whatever comes, there is an answer, and it is the same each time.

#![cfg(feature = "issue")]

use std::path::Path;

use pki::target::judge_everywhere;
use pki::{
    Algorithm, Authority, CodeSource, judge_chain, judge_crl, judge_ocsp, read_authority, verify_statement,
};
use proptest::prelude::*;

/// 2026-06-15 00:00:00 UTC.
const NOW: u64 = 1_781_481_600;

fn file(name: &str) -> Vec<u8> {
    std::fs::read(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/openssl").join(name)).expect("a file")
}

const KINDS: [&str; 6] = ["ed25519", "p256", "p384", "rsa2048", "pss256", "sm2"];
const FILES: [&str; 8] = [
    "p256-leaf.der",
    "p256-inner.der",
    "p256-root.der",
    "rsa2048-leaf.der",
    "p256-crl.der",
    "p256-ocsp-good.der",
    "rsa2048-ocsp-delegated.der",
    "path-dnsonly.der",
];

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, failure_persistence: None, ..ProptestConfig::default() })]

    /// Real files with bytes replaced, inserted and cut.
    #[test]
    fn changed_files_get_an_answer(
        which in 0..FILES.len(),
        changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>(), 0..4_u8), 1..6),
        at in prop_oneof![Just(NOW), any::<u64>()],
    ) {
        let mut bytes = file(FILES[which]);
        for (place, value, how) in changes {
            if bytes.is_empty() {
                break;
            }
            let place = place.index(bytes.len());
            match how {
                0 => bytes[place] = value,
                1 => bytes[place] = bytes[place].wrapping_add(1),
                2 => bytes.insert(place, value),
                _ => { bytes.remove(place); }
            }
        }
        prop_assert_eq!(judge_everywhere(&bytes, at), judge_everywhere(&bytes, at));
    }

    #[test]
    fn any_bytes_get_an_answer(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        judge_everywhere(&bytes, NOW);
    }
}

/// No bit of a chain can be changed without the chain being refused: all of it is signed.
#[test]
fn every_byte_of_a_chain_counts() {
    let code_at = CodeSource::SubjectAttribute("2.5.4.97".into());
    for name in KINDS {
        let [root, inner, leaf] = ["root", "inner", "leaf"].map(|who| file(&format!("{name}-{who}.der")));
        let entry = Authority {
            root: &root,
            intermediates: &[],
            algorithms: &Algorithm::ALL,
            credit_code_at: &code_at,
            policy: Some("1.2.3.4.5"),
        };
        assert!(judge_chain(&entry, &[&leaf, &inner], NOW).is_ok(), "{name}");
        for position in 0..leaf.len() {
            let mut changed = leaf.clone();
            changed[position] ^= 1 << (position % 8);
            assert!(judge_chain(&entry, &[&changed, &inner], NOW).is_err(), "{name}: leaf, byte {position}");
        }
        for position in 0..inner.len() {
            let mut changed = inner.clone();
            changed[position] ^= 1 << (position % 8);
            assert!(judge_chain(&entry, &[&leaf, &changed], NOW).is_err(), "{name}: inner, byte {position}");
        }
    }
}

#[test]
fn what_is_too_long_is_not_read() {
    let root = file("p256-root.der");
    let leaf = file("p256-leaf.der");
    let code_at = CodeSource::SubjectAttribute("2.5.4.97".into());
    let entry = Authority {
        root: &root,
        intermediates: &[],
        algorithms: &Algorithm::ALL,
        credit_code_at: &code_at,
        policy: None,
    };
    let long = vec![0x30; pki::MAX_CRL_BYTES + 1];
    let many = vec![leaf.as_slice(); pki::MAX_INTERMEDIATES + 1];
    let codes = [
        judge_chain(&entry, &[&long], NOW).map(|_| ()),
        judge_chain(&entry, &many, NOW).map(|_| ()),
        judge_chain(&Authority { intermediates: &many, ..entry }, &[&leaf], NOW).map(|_| ()),
        judge_crl(&entry, &long, NOW).map(|_| ()),
        judge_ocsp(&entry, &[&leaf], &long, NOW).map(|_| ()),
        read_authority(&long, &[]).map(|_| ()),
        verify_statement(&long, b"", b""),
    ];
    for found in codes {
        assert_eq!(found.map_err(|fault| fault.code()), Err("too_long"));
    }
}
