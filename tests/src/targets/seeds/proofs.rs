//! Proofs of a small map and a small log, frontiers and tiles.

use ledger::hash::sha256;
use ledger::merkle::log::Frontier;

use super::super::proofs::{KEYS, LEAVES, SmallLog, SmallMap};
use super::{Seed, seed};

pub(super) fn map_proofs() -> Vec<Seed> {
    let proof = |key: u8| [&[key][..], &SmallMap::get().prove(&[key]).encode()].concat();
    [0, 5, KEYS - 1, KEYS, 200].map(|key| seed(&format!("key {key}"), proof(key))).to_vec()
}

pub(super) fn log_proofs() -> Vec<Seed> {
    let bytes = |a: u64, b: u64, hashes: Vec<[u8; 32]>| {
        [&a.to_be_bytes()[..], &b.to_be_bytes()[..], &hashes.concat()].concat()
    };
    let log = SmallLog::get();
    let inclusion = |a, b| seed(&format!("leaf {a} of {b}"), bytes(a, b, log.inclusion(a, b)));
    let consistency = |a, b| seed(&format!("from {a} to {b}"), bytes(a, b, log.consistency(a, b)));
    vec![
        inclusion(0, 1),
        inclusion(0, LEAVES),
        inclusion(255, 257),
        inclusion(LEAVES - 1, LEAVES),
        consistency(1, 2),
        consistency(64, LEAVES),
        consistency(255, 299),
        consistency(200, 200),
        seed("largest numbers", bytes(u64::MAX - 1, u64::MAX, vec![[1; 32]; 65])),
        seed("largest sizes", bytes(1 << 61, 1 << 62, vec![[1; 32]; 62])),
    ]
}

pub(super) fn tiles() -> Vec<Seed> {
    let frontier = |size: u64| {
        let mut frontier = Frontier::default();
        (0..size).for_each(|i| frontier.append(sha256(&i.to_be_bytes())));
        frontier.encode()
    };
    let sizes = [0, 1, 7, 255, 256];
    let mut all: Vec<Seed> = sizes.map(|size| seed(&format!("frontier {size}"), frontier(size))).to_vec();
    let largest = [&(1u64 << 62).to_be_bytes()[..], &[7; 320]].concat();
    all.push(seed("largest size", largest));
    all
}
