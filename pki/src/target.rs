//! Any bytes put into every place that takes bytes from outside, for fuzzing and property tests.

use core::fmt::Write as _;

use crate::{
    Algorithm, Authority, CodeSource, judge_chain, judge_crl, judge_ocsp, read_authority, verify_statement,
};

const ROOT: &[u8] = include_bytes!("../tests/openssl/p256-root.der");
const INNER: &[u8] = include_bytes!("../tests/openssl/p256-inner.der");
const LEAF: &[u8] = include_bytes!("../tests/openssl/p256-leaf.der");

/// Judges `bytes` as root, intermediate, subscriber's certificate, revocation list, status answer, key and
/// signature, at an instant in unix seconds, and returns all answers as text: the same each time, on every machine.
///
/// It must return, whatever the bytes are.
pub fn judge_everywhere(bytes: &[u8], at: u64) -> String {
    let mut answers = String::new();
    let sources =
        [CodeSource::SubjectAttribute("2.5.4.97".into()), CodeSource::Extension("2.5.29.14".into())];
    for credit_code_at in &sources {
        let entry = Authority {
            root: ROOT,
            intermediates: &[INNER],
            algorithms: &Algorithm::ALL,
            credit_code_at,
            policy: Some("1.2.3.4.5"),
        };
        let told = Authority { intermediates: &[bytes], ..entry };
        let rooted = Authority { root: bytes, ..entry };
        let chains = [
            judge_chain(&entry, &[bytes], at),
            judge_chain(&entry, &[LEAF, bytes], at),
            judge_chain(&told, &[LEAF], at),
            judge_chain(&rooted, &[LEAF, INNER], at),
        ];
        let lists = [&entry, &told, &rooted].map(|authority| judge_crl(authority, bytes, at));
        let statuses = [
            judge_ocsp(&entry, &[LEAF], bytes, at),
            judge_ocsp(&entry, &[bytes, INNER], bytes, at),
            judge_ocsp(&entry, &[LEAF, bytes], bytes, at),
        ];
        // Writing into a string does not fail.
        let _ = writeln!(answers, "{chains:?}\n{lists:?}\n{statuses:?}");
    }
    let entries = [read_authority(bytes, &[]), read_authority(ROOT, &[bytes])];
    let (message, key) = bytes.split_at_checked(bytes.len() / 2).unwrap_or_default();
    let statements = [bytes, key].map(|key| verify_statement(key, message, bytes));
    let _ = writeln!(answers, "{entries:?}\n{statements:?}");
    answers
}
