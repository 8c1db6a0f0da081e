//! What must not enter the ledger is refused with its code at every node, and leaves no trace.

use ledger::codec;
use ledger::crypto::SigningKey;
use ledger::id::ChainId;
use ledger::time::BlockTime;
use ledger::transaction::Payload;
use minicbor::bytes::ByteVec;
use minicbor::data::Tag;
use minicbor::{Decoder, Encoder};
use scenarios::acts::{
    BANK, BIDDER, EXPIRY, SELLER, Signed, TIMEKEEPER, admission, first_deal, key, notice, quote, sign, step,
};
use scenarios::cluster::{Cluster, PATIENCE, until};
use scenarios::homes::{Clock, GENESIS_TIME};
use scenarios::records::Records;

/// What is sent, and the code that it is refused with.
struct Case {
    what: &'static str,
    code: &'static str,
    bytes: Vec<u8>,
}

fn case(what: &'static str, code: &'static str, bytes: Vec<u8>) -> Case {
    Case { what, code, bytes }
}

fn time(text: &str) -> BlockTime {
    BlockTime::parse(text).expect("an instant")
}

/// The four parts of a COSE_Sign1.
struct Parts {
    protected: Vec<u8>,
    payload: Vec<u8>,
    signature: Vec<u8>,
}

impl Parts {
    fn of(signed: &Signed) -> Self {
        let mut d = Decoder::new(&signed.bytes);
        assert_eq!(d.tag().expect("a tag"), Tag::new(18));
        assert_eq!(d.array().expect("an array"), Some(4));
        let protected = d.bytes().expect("a protected header").to_vec();
        assert_eq!(d.map().expect("a map"), Some(0));
        let payload = d.bytes().expect("a payload").to_vec();
        let signature = d.bytes().expect("a signature").to_vec();
        Self { protected, payload, signature }
    }

    fn bytes(&self, head: &[u8], unprotected: &[u8], tail: &[u8]) -> Vec<u8> {
        let mut out = head.to_vec();
        let text = |bytes: &[u8]| codec::encode(&ByteVec::from(bytes.to_vec()));
        out.extend(text(&self.protected));
        out.extend(unprotected);
        out.extend(text(&self.payload));
        out.extend(text(&self.signature));
        out.extend(tail);
        out
    }

    /// Signs other content as if it were the right one.
    fn signed_by(mut self, chain: &ChainId, key: &SigningKey) -> Vec<u8> {
        let bytes = |b: &[u8]| ByteVec::from(b.to_vec());
        let content = ("Signature1", bytes(&self.protected), bytes(chain.as_bytes()), bytes(&self.payload));
        self.signature = key.sign(&codec::encode(&content)).as_bytes().to_vec();
        self.bytes(&HEAD, &[0xa0], &[])
    }
}

/// Tag 18, array of four.
const HEAD: [u8; 2] = [0xd2, 0x84];

fn malformed(good: &Signed, chain: &ChainId, key: &SigningKey) -> Vec<Case> {
    let parts = || Parts::of(good);
    assert_eq!(parts().bytes(&HEAD, &[0xa0], &[]), good.bytes);
    let other_algorithm = {
        let mut protected = Vec::new();
        let mut e = Encoder::new(&mut protected);
        let es256 = -7;
        let header = e.map(2).and_then(|e| e.u8(1)?.i64(es256)?.u8(4)?.bytes(key.public_key().as_bytes()));
        header.expect("encoding into memory");
        Parts { protected, ..parts() }
    };
    // The same map with its first key written in two bytes.
    let long_key = {
        let mut payload = parts().payload;
        assert_eq!(payload[..2], [0xa3, 0x00]);
        payload.splice(1..2, [0x18, 0x00]);
        Parts { payload, ..parts() }
    };
    let more_fields = {
        let mut payload = parts().payload;
        payload[0] = 0xa4;
        payload.extend([0x03, 0x00]);
        Parts { payload, ..parts() }
    };
    let no_such_act = Parts { payload: vec![0xa3, 0x00, 0x82, 0x18, 0x63, 0x81, 0xa0], ..parts() };
    let code = "malformed_transaction";
    vec![
        case("nothing", code, Vec::new()),
        case("text", code, b"{\"act\": \"submit_quote\"}".to_vec()),
        case("zeros", code, vec![0; 300]),
        case("cut short", code, good.bytes[..good.bytes.len() - 1].to_vec()),
        case("one byte more", code, parts().bytes(&HEAD, &[0xa0], &[0])),
        case("no tag", code, parts().bytes(&HEAD[1..], &[0xa0], &[])),
        case("a tag in two bytes", code, parts().bytes(&[0xd8, 18, 0x84], &[0xa0], &[])),
        case("an array of no length", code, parts().bytes(&[0xd2, 0x9f], &[0xa0], &[0xff])),
        case("an unprotected header", code, parts().bytes(&HEAD, &[0xa1, 0x01, 0x00], &[])),
        case("another algorithm", code, other_algorithm.signed_by(chain, key)),
        case("a payload with a long key", code, long_key.signed_by(chain, key)),
        case("a payload with a field more", code, more_fields.signed_by(chain, key)),
        case("an act that does not exist", code, no_such_act.signed_by(chain, key)),
    ]
}

fn forged(good: &Signed) -> Vec<u8> {
    let mut bytes = good.bytes.clone();
    *bytes.last_mut().expect("a signature") ^= 1;
    bytes
}

/// The payload of one transaction under the signature of another.
fn swapped(one: &Signed, other: &Signed) -> Vec<u8> {
    Parts { signature: Parts::of(other).signature, ..Parts::of(one) }.bytes(&HEAD, &[0xa0], &[])
}

fn cases(cluster: &Cluster, recorded: &Signed, height: u64) -> Vec<Case> {
    let (chain, centre) = (cluster.chain(), cluster.homes.operator(0));
    let act = |key: &SigningKey, action| sign(chain, key, action, EXPIRY).bytes;
    let expiring = |expiry| sign(chain, &centre, admission(), expiry).bytes;
    let good = cluster.sign(&centre, admission());
    let window = cluster.homes.genesis.parameters.expiry_window;
    let other_chain: ChainId = "zhulian-test/0000000000000000".parse().expect("a chain id");
    let listing = first_deal(time(GENESIS_TIME));
    let stranger = key("stranger");
    let mut cases = malformed(&good, chain, &centre);
    cases.extend([
        case("a byte more than a leaf", "body_too_large", vec![0; ledger::block::MAX_LEAF_BYTES + 1]),
        case("five megabytes", "body_too_large", vec![0; 5 << 20]),
        case("a signature with a bit turned", "invalid_signature", forged(&good)),
        case("the signature of another act", "invalid_signature", swapped(&good, recorded)),
        case("a recorded act under a wrong signature", "invalid_signature", forged(recorded)),
        case(
            "an act for another chain",
            "invalid_signature",
            sign(&other_chain, &centre, admission(), EXPIRY).bytes,
        ),
        case("expired at genesis", "expired", expiring(0)),
        case("expired just now", "expired", expiring(height)),
        case("an expiry one too far", "expiry_too_far", expiring(height + 1 + window + 1)),
        case("an expiry for ever", "expiry_too_far", expiring(u64::MAX)),
        case("a key that nobody registered", "unknown_key", act(&stranger, quote(&listing))),
        case("an admission by the seller", "role_not_permitted", act(&SELLER.key(), admission())),
        case("a quote by the bank", "role_not_permitted", act(&BANK.key(), quote(&listing))),
        case("a step of the clock by a centre", "role_not_permitted", act(&centre, step(1))),
        case("a step of no time", "clock_step_invalid", act(&TIMEKEEPER.key(), step(0))),
        case("a quote before the opening", "stage_not_permitted", act(&BIDDER.key(), quote(&listing))),
        case(
            "a notice that opens tomorrow",
            "notice_too_short",
            act(&SELLER.key(), notice(time("2026-03-03T09:00:00+08:00"), time("2026-04-03T15:00:00+08:00"))),
        ),
        case(
            "a quote for a listing that does not exist",
            "listing_unknown",
            act(&BIDDER.key(), quote(&first_deal(time("2026-03-01T09:00:00+08:00")))),
        ),
    ]);
    cases
}

#[tokio::test(flavor = "multi_thread")]
async fn cluster_every_node_refuses_with_the_same_code_and_records_nothing() {
    let cluster = Cluster::start(Clock::Stepped).await;
    cluster.cosigners().await;
    let recorded = cluster.sign(&cluster.homes.operator(1), admission());
    let place = cluster.nodes[1].record(&recorded).await;
    let listing = notice(time("2026-03-23T09:00:00+08:00"), time("2026-04-03T15:00:00+08:00"));
    cluster.record(2, &SELLER.key(), listing).await;
    let before = cluster.agree().await;

    for case in cases(&cluster, &recorded, before.height) {
        for node in &cluster.nodes {
            let code = node.refusal(&case.bytes).await;
            assert_eq!(code.as_deref(), Some(case.code), "{} at {}", case.what, node.name);
        }
    }
    // Sent again it is no fault: every node tells where it stands.
    for node in &cluster.nodes {
        let again = node.record(&recorded).await;
        assert_eq!((again.height, again.index), (place.height, place.index), "at {}", node.name);
    }
    for node in &cluster.nodes {
        until("an empty mempool", PATIENCE, async || {
            let status = node.status().await?;
            ((status.mempool_transactions, status.mempool_bytes) == (0, 0)).then_some(())
        })
        .await;
    }
    assert_eq!(cluster.agree().await, before, "no block was made of it");
    let records = Records::read(&cluster.nodes[3].client, before.height).await;
    // Each node has named its keys for checkpoints by itself.
    assert_eq!(records.transactions.len(), 2 + cluster.nodes.len());
}

/// The last height at which a transaction may be recorded is the one it names.
#[tokio::test(flavor = "multi_thread")]
async fn cluster_an_expiry_holds_to_the_height() {
    let cluster = Cluster::start(Clock::Stepped).await;
    let centre = cluster.homes.operator(0);
    cluster.admit(0).await;
    let height = cluster.agree().await.height;
    let window = cluster.homes.genesis.parameters.expiry_window;
    for expiry in [height + 1, height + 2 + window] {
        let signed = sign(cluster.chain(), &centre, admission(), expiry);
        cluster.nodes[0].record(&signed).await;
        cluster.agree().await;
    }
    // Recorded and long expired: whoever asks again still learns where it stands.
    let first = sign(cluster.chain(), &centre, admission(), height + 3);
    let place = cluster.nodes[0].record(&first).await;
    cluster.admit(1).await;
    cluster.agree().await;
    for node in &cluster.nodes {
        let again = node.record(&first).await;
        assert_eq!((again.height, again.index), (place.height, place.index), "at {}", node.name);
    }
}

/// A payload is a map of three fields; the cases above count on it.
#[test]
fn a_payload_begins_with_its_act() {
    let payload = Payload {
        action: admission(),
        expiry: ledger::id::Height::new(1),
        salt: [0; 16],
        approvals: Vec::new(),
    };
    assert_eq!(codec::encode(&payload)[..2], [0xa3, 0x00]);
}
