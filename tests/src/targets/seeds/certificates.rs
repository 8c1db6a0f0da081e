//! Certificates, lists and answers that openssl has made, and an enrolment.

use ledger::action::Action;
use ledger::codec;
use ledger::transaction::Payload;

use super::{Seed, format, seed};

macro_rules! openssl {
    ($($name:literal),* $(,)?) => {
        [$(($name, include_bytes!(concat!("../../../../pki/tests/openssl/", $name, ".der")).as_slice())),*]
    };
}

pub(super) fn x509() -> Vec<Seed> {
    let files = openssl![
        "p256-leaf",
        "p256-inner",
        "p256-root",
        "p256-crl",
        "p256-ocsp-good",
        "p256-ocsp-delegated",
        "p384-leaf",
        "sm2-leaf",
        "sm2-crl",
        "bad-strange",
        "bad-crl-delta",
        "bad-twocodes",
        "bad-version1",
    ];
    files.iter().map(|(name, bytes)| seed(name, bytes.to_vec())).collect()
}

pub(super) fn delegations() -> Vec<Seed> {
    let payload = format("payload enrol");
    let payload: Payload = codec::decode(&payload, payload.len()).expect("a pinned payload");
    let Action::Enrol(enrolment) = payload.action else { panic!("a payload of another act") };
    vec![
        seed("enrolment", codec::encode(&enrolment)),
        seed("delegation", codec::encode(&enrolment.delegation)),
    ]
}
