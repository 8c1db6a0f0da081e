//! Properties of everything that reads bytes from outside, as functions of those bytes.
//!
//! Each target takes any bytes and panics when a promise is broken: not only must a decoder return, what it accepts
//! must encode to the very input, a proof or signature that verifies must be the genuine one, and a log never gives
//! back what was not written. The same functions run under libFuzzer (`fuzz/`, `make fuzz`) and over the checked-in
//! corpus with seeded mutations (`tests/tests/corpus.rs`).
//!
//! A new decoder gets a function in one of the files below, a row in [`ALL`], a seed in `seeds.rs`, and a program in
//! `fuzz/`; a test holds the four together.

pub mod api;
pub mod certificates;
pub mod files;
pub mod ledger;
pub mod mutate;
pub mod node;
pub mod proofs;
pub mod replica;
pub mod sealed;
pub mod seeds;
pub mod snapshots;
pub mod text;

use ::ledger::crypto::SigningKey;
use ::ledger::hash::sha256;
use ::ledger::id::ChainId;
use zeroize::Zeroizing;

/// One decoder under test.
#[derive(Clone, Copy, Debug)]
pub struct Target {
    /// Its name: of the fuzzing program and of the corpus directory.
    pub name: &'static str,
    /// The property.
    pub run: fn(&[u8]),
    /// Bytes that one run may allocate in all, whatever the input.
    pub allowance: usize,
    /// Further bytes that it may allocate for each byte of input.
    pub per_byte: usize,
}

/// A target with the usual allowance: what the checks themselves need, and a small multiple of the input.
const fn target(name: &'static str, run: fn(&[u8])) -> Target {
    Target { name, run, allowance: 128 << 10, per_byte: 128 }
}

/// A target that parses text of TOML, whose parser keeps a tree with places and whose errors show the line.
const fn text_target(name: &'static str, run: fn(&[u8])) -> Target {
    Target { name, run, allowance: 2 << 20, per_byte: 1024 }
}

/// Every target.
pub const ALL: [Target; 35] = [
    target("transaction", ledger::transaction),
    target("payload", ledger::payload),
    target("header", ledger::header),
    target("block", ledger::block),
    target("certificate", ledger::certificate),
    target("event", ledger::event),
    target("record", ledger::record),
    target("message", replica::message),
    target("evidence", replica::evidence),
    target("log", replica::log),
    target("reports", replica::reports),
    target("gossip", node::gossip),
    target("question", node::question),
    target("answer", node::answer),
    target("map_proof", proofs::map_proof),
    target("log_proof", proofs::log_proof),
    target("tiles", proofs::tiles),
    target("manifest", snapshots::manifest),
    target("chunk", snapshots::chunk),
    target("era", snapshots::era),
    target("link", snapshots::link),
    // Some twenty verdicts, each with errors in words.
    Target { name: "x509", run: certificates::x509, allowance: 1 << 20, per_byte: 1024 },
    target("delegation", certificates::delegation),
    target("dealing", sealed::dealing),
    target("shares", sealed::shares),
    target("stamp", sealed::stamp),
    target("envelope", sealed::envelope),
    target("elements", sealed::elements),
    target("handover", sealed::handover),
    // Two chunks wait in each direction.
    Target { name: "ciphertext", run: sealed::ciphertext, allowance: 1 << 20, per_byte: 128 },
    target("text", text::text),
    text_target("genesis", files::genesis),
    text_target("config", files::config),
    Target { name: "api_read", run: api::read, allowance: 4 << 20, per_byte: 1024 },
    Target { name: "api_submit", run: api::submit, allowance: 4 << 20, per_byte: 1024 },
];

/// The target of this name.
pub fn find(name: &str) -> Option<Target> {
    ALL.into_iter().find(|target| target.name == name)
}

/// The chain that every signature of the targets is bound to; the one of `ledger/tests/formats.hex`.
pub fn chain() -> ChainId {
    "test/0123456789abcdef".parse().expect("a chain id")
}

/// Names whose keys sign what the seeds hold; no other good signature can occur.
pub const SIGNERS: [&str; 6] = ["a", "gz votes", "voter 0", "voter 1", "voter 2", "voter 3"];

/// The key of a name, as in `ledger/tests/formats.hex`.
pub fn key(name: &str) -> SigningKey {
    SigningKey::from_seed(&Zeroizing::new(sha256(format!("zhulian test key {name}").as_bytes())))
}

/// Whether somebody of ours signs with this key. A stranger's good signature would be a forgery, except under a key of
/// small order, under which anybody can sign and which nobody can register.
fn may_sign(key_found: &::ledger::crypto::PublicKey) -> bool {
    !key_found.is_strong() || SIGNERS.iter().any(|name| key(name).public_key() == *key_found)
}
