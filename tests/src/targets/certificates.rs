//! Certificates, and what is signed with their keys.

use ledger::codec;
use ledger::procedure::enrolment::{Delegation, Enrol};
use pki::target::judge_everywhere;

/// An instant within the validity of the certificates of the seeds, in unix seconds.
const AT: u64 = 1_800_000_000;

/// Any bytes as certificate, list, answer, key and signature: there is a verdict, and twice the same.
pub fn x509(bytes: &[u8]) {
    assert_eq!(judge_everywhere(bytes, AT), judge_everywhere(bytes, AT));
}

/// An enrolment or a delegation encodes to its bytes, and what is to be signed for it depends on all of it.
pub fn delegation(bytes: &[u8]) {
    if let Ok(enrolment) = codec::decode::<Enrol>(bytes, bytes.len()) {
        assert_eq!(codec::encode(&enrolment), bytes);
    }
    if let Ok(delegation) = codec::decode::<Delegation>(bytes, bytes.len()) {
        assert_eq!(codec::encode(&delegation), bytes);
    }
}
