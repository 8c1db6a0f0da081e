//! What every target begins with: real encodings, the same in every run.
//!
//! `UPDATE=1` with the test of the corpus writes them to `fuzz/corpus`, next to the inputs that once found a fault.

mod certificates;
mod consensus;
mod proofs;
mod snapshots;

use bytes::Bytes;
use ledger::codec;
use ledger::hash::DocumentHash;
use ledger::id::{Height, credit_check};
use ledger::time::BlockTime;
use minicbor::Encoder;
use minicbor::bytes::ByteVec;
use node::wire::{self, Answer, CertifiedBlock, Question};

pub(super) use self::consensus::{
    block_bytes, block_id, certify, empty_block, polka, signed_proposal, signed_vote,
};
use self::consensus::{certificate, evidence, logs, messages, reports};
use super::key;
use super::replica::LOG_HEIGHT;
use super::sealed::World;

const FORMATS: &str = include_str!("../../../ledger/tests/formats.hex");
const RULES: &str = include_str!("../../../examples/rules/land-listing-2026.toml");
const CONFIG: &str = include_str!("../../../examples/zhulian.toml");

/// A name within a target's corpus, and the bytes.
pub type Seed = (String, Vec<u8>);

/// The seeds of a target; none for a name that is no target's.
pub fn seeds(target: &str) -> Vec<Seed> {
    match target {
        "transaction" => formats("transaction"),
        "payload" => formats("payload "),
        "header" => formats("header"),
        "block" => [formats("block"), vec![seed("empty", empty_block().encode())]].concat(),
        "certificate" => [formats("certificate"), vec![seed("quorum", certificate(3).encode())]].concat(),
        "event" => formats("event "),
        "record" => formats("value "),
        "message" => messages().into_iter().map(|(name, m)| seed(name, m.encode())).collect(),
        "evidence" => evidence().into_iter().map(|(name, e)| seed(name, e.encode())).collect(),
        "log" => logs(),
        "reports" => reports(),
        "gossip" => gossip(),
        "question" => questions(),
        "answer" => answers(),
        "map_proof" => proofs::map_proofs(),
        "log_proof" => proofs::log_proofs(),
        "tiles" => proofs::tiles(),
        "manifest" => snapshots::manifests(),
        "chunk" => snapshots::chunks(),
        "era" => snapshots::eras(),
        "link" => snapshots::links(),
        "x509" => certificates::x509(),
        "delegation" => certificates::delegations(),
        "dealing" => vec![seed("genuine", World::get().dealing.clone())],
        "shares" => vec![seed("genuine", World::get().shares.clone())],
        "stamp" => vec![seed("odd", vec![0xc5; sealing::stamp::LEN])],
        "envelope" => vec![seed("genuine", World::get().envelope.clone())],
        "elements" => super::sealed::elements_seeds().into_iter().map(|(n, b)| seed(n, b)).collect(),
        "handover" => vec![
            seed("document key", World::get().document_key.clone()),
            seed("seat key", World::get().seat_key.clone()),
        ],
        "ciphertext" => vec![seed("genuine", [&[255][..], &World::get().ciphertext].concat())],
        "text" => TEXTS.iter().map(|(name, text)| seed(name, text.as_bytes().to_vec())).collect(),
        "genesis" => vec![seed("real clock", genesis_text(0)), seed("stepped clock", genesis_text(1))],
        "config" => configs(),
        "api_read" => READS
            .iter()
            .enumerate()
            .map(|(i, path)| seed(&format!("{i:02}"), path.as_bytes().to_vec()))
            .collect(),
        "api_submit" => submissions(),
        _ => Vec::new(),
    }
}

fn seed(name: &str, bytes: Vec<u8>) -> Seed {
    (name.replace(' ', "-"), bytes)
}

/// The pinned encodings whose names begin so.
fn formats(beginning: &str) -> Vec<Seed> {
    let lines: Vec<&str> = FORMATS.lines().collect();
    let pairs = lines.chunks(2).enumerate();
    pairs
        .filter(|(_, pair)| pair[0].starts_with(beginning))
        .map(|(i, pair)| seed(&format!("{i:02}-{}", pair[0]), from_hex(pair[1].trim())))
        .collect()
}

fn from_hex(text: &str) -> Vec<u8> {
    let digit = |i: usize| u8::from_str_radix(&text[i..i + 2], 16).expect("hexadecimal digits");
    (0..text.len()).step_by(2).map(digit).collect()
}

fn format(name: &str) -> Vec<u8> {
    formats(name).remove(0).1
}

// --- Between nodes ---

fn gossip() -> Vec<Seed> {
    let transaction = format("transaction");
    let frame = |count: usize| -> Bytes {
        wire::gossip(std::iter::repeat_n(transaction.as_slice(), count)).remove(0)
    };
    vec![seed("one", frame(1).to_vec()), seed("three", frame(3).to_vec()), seed("none", vec![0x80])]
}

fn questions() -> Vec<Seed> {
    let height = Height::new(300);
    let questions = [
        ("tip", Question::Tip),
        ("blocks", Question::Blocks { from: height }),
        ("snapshot", Question::Snapshot { at_most: height }),
        ("chunk", Question::Chunk { height, hash: [7; 32] }),
        ("links", Question::Links { top: height }),
        ("eras", Question::Eras { after: height }),
        ("document", Question::Document { hash: DocumentHash::of(b"a document"), offset: 1 << 20 }),
    ];
    questions.into_iter().map(|(name, question)| seed(name, question.encode().to_vec())).collect()
}

fn answers() -> Vec<Seed> {
    let one = || CertifiedBlock { certificate: certificate(3), body: ByteVec::from(format("block")) };
    let answers = [
        ("tip", Answer::Tip { height: LOG_HEIGHT, clock: BlockTime::default() }),
        ("no blocks", Answer::Blocks(Vec::new())),
        ("two blocks", Answer::Blocks(vec![one(), one()])),
    ];
    let answers = answers.into_iter().chain(snapshots::answers());
    answers.map(|(name, answer)| seed(name, answer.encode().to_vec())).collect()
}

// --- Text ---

const TEXTS: [(&str, &str); 15] = [
    ("credit code", "91350100M000100Y43"),
    ("credit code in lower case", "91350100m000100y43"),
    ("deal code", "B01-914401000000000017-20241004-999999-L"),
    ("deal code with a star", "B*1-914401000000000017-20241004-999999-0"),
    ("chain", "test/0123456789abcdef"),
    ("region", "440400"),
    ("letter", "914401000000000105:G1"),
    ("rule", "LL01"),
    ("title", "珠海市国有建设用地使用权"),
    ("hash", "82c1a5ad8d60fc47813afbc547d839580fcaef6a9cdc30f6fc494a2c44b71427"),
    ("amount", "100000000000000.00"),
    ("time", "2026-03-02T09:00:00.5+08:00"),
    ("last time", "9999-12-31T23:59:59.999+08:00"),
    ("a year of five digits", "9999-12-31T23:59:59.999Z"),
    ("day", "2026-02-28"),
];

/// A genesis of two centres; with `steppers` organisations that step the clock, its clock is stepped.
pub(super) fn genesis_text(steppers: usize) -> Vec<u8> {
    let code = |i: usize| {
        let body = format!("91440100{i:09}");
        let check = credit_check(&body).expect("digits");
        format!("{body}{}", char::from(check))
    };
    let public = |name: &str| key(name).public_key();
    let centre = |i: usize| {
        format!(
            "[[centre]]\ncode = \"{}\"\nname = \"中心\"\nregion = \"440400\"\nconsensus_key = \"{}\"\n\
             network_key = \"{}\"\nkeys = [\"{}\"]\n",
            code(i),
            public(&format!("voter {i}")),
            public(&format!("network {i}")),
            public(&format!("operator {i}")),
        )
    };
    let stepper = |i: usize| {
        format!(
            "[[organisation]]\ncode = \"{}\"\nname = \"时钟\"\nregion = \"440400\"\nroles = [\"timekeeper\"]\n\
             keys = [\"{}\"]\n",
            code(10 + i),
            public(&format!("keeper {i}")),
        )
    };
    let clock = match steppers {
        0 => "kind = \"real\"".to_owned(),
        _ => format!("kind = \"stepped\"\ntimekeeper = \"{}\"", public("keeper 0")),
    };
    format!(
        "name = \"test\"\ntime = \"2026-03-02T09:00:00+08:00\"\n[parameters]\nexpiry_window = 1000\n\
         block_bytes = 1000000\nblock_transactions = 5000\n[clock]\n{clock}\n{}{}{}{RULES}",
        centre(0),
        centre(1),
        (0..steppers).map(stepper).collect::<String>(),
    )
    .into_bytes()
}

fn configs() -> Vec<Seed> {
    let hash = "82c1a5ad8d60fc47813afbc547d839580fcaef6a9cdc30f6fc494a2c44b71427";
    let small = format!(
        "[node]\nname = \"zhuhai\"\ndata_dir = \"data\"\ngenesis = \"genesis.toml\"\ngenesis_hash = \"{hash}\"\n\
         signoffs = \"signoffs.toml\"\n[network]\nlisten = [\"/ip4/127.0.0.1/udp/1/quic-v1\"]\n\
         [[network.peer]]\nkey = \"{}\"\naddresses = [\"/dns4/example.org/tcp/9000\"]\n\
         [api]\nlisten = \"127.0.0.1:80\"\n",
        key("network 1").public_key(),
    );
    let set = format!("{small}\0ZHULIAN_MEMPOOL_BYTES=2_000_000\0ZHULIAN_NETWORK_LISTEN=/ip4/0.0.0.0/tcp/1");
    vec![
        seed("example", CONFIG.as_bytes().to_vec()),
        seed("small", small.into_bytes()),
        seed("environment", set.into_bytes()),
    ]
}

// --- The interface ---

const READS: [&str; 30] = [
    "/",
    "/openapi.json",
    "/v1/status",
    "/v1/genesis",
    "/v1/rules",
    "/v1/blocks",
    "/v1/blocks?limit=2&from=3",
    "/v1/blocks/1?",
    "/v1/blocks/18446744073709551615",
    "/v1/listings?limit=1000&stage=open",
    "/v1/listings/B01-914401000000000017-20241004-999999-L/quotes",
    "/v1/organisations?limit=1&cursor=MDEy",
    "/v1/organisations/91350100M000100Y43",
    "/v1/guarantees?cursor=%22",
    "/v1/guarantees/914401000000000105:G1",
    "/v1/events?format=json&from=0.4294967295&limit=10",
    "/v1/transactions/82c1a5ad8d60fc47813afbc547d839580fcaef6a9cdc30f6fc494a2c44b71427/proof",
    "/readyz?verbose",
    "/metrics",
    "/v1/%00%ff?%zz=%e4%b8",
    "/v1/members",
    "/v1/governance/changes?limit=1&status=open",
    "/v1/evidence?limit=3",
    "/v1/authorities",
    "/v1/authorities/82c1a5ad8d60fc47813afbc547d839580fcaef6a9cdc30f6fc494a2c44b71427",
    "/v1/certificates/82c1a5ad8d60fc47813afbc547d839580fcaef6a9cdc30f6fc494a2c44b71427",
    "/v1/organisations/91350100M000100Y43/certificates?limit=1",
    "/v1/organisations/91350100M000100Y43/keys",
    "/v1/shared-keys?cursor=MDEy",
    "/v1/listings/B01-914401000000000017-20241004-999999-L/bidders?limit=0",
];

/// First a byte that says whether a batch is sent, then the body.
fn submissions() -> Vec<Seed> {
    let transaction = format("transaction");
    let batch = |transactions: &[&[u8]]| {
        let mut encoder = Encoder::new(vec![1]);
        let written = encoder
            .array(transactions.len() as u64)
            .and_then(|e| transactions.iter().try_for_each(|bytes| e.bytes(bytes).map(drop)));
        written.expect("encoding into memory");
        encoder.into_writer()
    };
    vec![
        seed("one", [&[0][..], &transaction].concat()),
        seed("batch", batch(&[&transaction, &[], &transaction])),
        seed("registration", [&[0][..], &super::api::good_transaction()].concat()),
        seed("batch in vain", batch(&[&codec::encode(&1u8)])),
    ]
}
