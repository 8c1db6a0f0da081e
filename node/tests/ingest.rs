//! The way in: what is answered, what waits, and what is passed over.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use ledger::action::Action;
use ledger::block;
use ledger::crypto::SigningKey;
use ledger::execute::rejection::Rejection;
use ledger::execute::{self, Tip};
use ledger::genesis::Genesis;
use ledger::id::Height;
use ledger::procedure::clock::AdvanceClock;
use ledger::store::{BlockCommit, Options, Store};
use ledger::time::Span;
use ledger::transaction::{Payload, Verified, sign};
use node::genesis::{Centre, Draft, Organisation};
use node::handle::{Outcome, Refusal, Submission, Submitted, Wait};
use node::host::HostEvents;
use node::ingest::{self, GossipInbox, Ingest, SUBMISSION_QUEUE};
use node::mempool::{Limits, Mempool};
use node::network;
use node::wire::gossip;
use tempfile::TempDir;
use tokio::sync::{mpsc, oneshot};
use zeroize::Zeroizing;

const RULES: &str = include_str!("../../examples/rules/land-listing-2026.toml");
/// The member whose gossip comes in.
const PEER: network::PublicKey = [3; 32];

fn key(seed: u8) -> SigningKey {
    SigningKey::from_seed(&Zeroizing::new([seed; 32]))
}

/// A network with one centre and a stepped clock.
fn genesis() -> (String, Genesis) {
    let centre = Centre {
        code: "12440100DEM0000149".parse().unwrap(),
        name: "示例中心".parse().unwrap(),
        region: "440100".parse().unwrap(),
        consensus_key: key(1).public_key().to_string(),
        network_key: key(2).public_key().to_string(),
        keys: vec![key(3).public_key().to_string()],
    };
    let timekeeper = Organisation {
        code: "12440000DEM000102J".parse().unwrap(),
        name: "示例时钟管理者".parse().unwrap(),
        region: "440000".parse().unwrap(),
        roles: vec!["timekeeper".into()],
        keys: vec![key(4).public_key().to_string()],
    };
    let draft = Draft {
        name: "test".into(),
        time: "2026-03-02T09:00:00+08:00".into(),
        certificates_required: false,
        timekeeper: Some(key(4).public_key()),
        centres: vec![centre],
        organisations: vec![timekeeper],
        rules: RULES.into(),
    };
    draft.render().unwrap()
}

/// Everything around the way in, with a host that does nothing.
struct Inlet {
    genesis: Genesis,
    store: Arc<Store>,
    mempool: Arc<Mempool>,
    submissions: mpsc::Sender<Submission>,
    gossip: GossipInbox,
    woken: HostEvents,
    network: network::Handle,
    _events: network::Events,
    _dir: TempDir,
}

impl Inlet {
    async fn open() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let (text, genesis) = genesis();
        let store = Arc::new(Store::open(dir.path(), &Options::default()).unwrap());
        let state = genesis.state().into_iter().filter_map(|(key, value)| Some((key, value?))).collect();
        store.initialise(text.as_bytes(), *genesis.hash.as_bytes(), &state).unwrap();
        let config = network::Config {
            listen: vec!["/ip4/127.0.0.1/tcp/0".parse().unwrap()],
            ..network::Config::default()
        };
        let (network, events) = network::start(Zeroizing::new([2; 32]), config).await.unwrap();
        let limits = Limits { transactions: 100, bytes: 1 << 20, per_organisation: 50 };
        let mempool = Arc::new(Mempool::new(limits));
        let (host, woken) = node::host::inbox();
        let (submissions, submitted) = mpsc::channel(SUBMISSION_QUEUE);
        let (gossip, gossiped) = ingest::gossip();
        let ingest = Ingest {
            chain: genesis.chain_id.clone(),
            genesis_time: genesis.time,
            store: store.clone(),
            mempool: mempool.clone(),
            network: network.clone(),
            host,
        };
        tokio::spawn(ingest.run(submitted, gossiped));
        Self { genesis, store, mempool, submissions, gossip, woken, network, _events: events, _dir: dir }
    }

    /// A step of the clock.
    fn signed(&self, millis: u64, expiry: u64) -> Vec<u8> {
        let action = Action::AdvanceClock(AdvanceClock { by: Span::from_millis(millis) });
        let payload = Payload { action, expiry: Height::new(expiry), salt: [0; 16], approvals: Vec::new() };
        sign(&self.genesis.chain_id, &key(4), &payload)
    }

    fn verified(&self, bytes: &[u8]) -> Verified {
        Verified::decode(&self.genesis.chain_id, bytes).unwrap()
    }

    async fn submit(&self, transactions: Vec<Vec<u8>>, wait: Wait) -> oneshot::Receiver<Vec<Submitted>> {
        let (answer, answered) = oneshot::channel();
        let sent = self.submissions.send(Submission { transactions, wait, answer }).await;
        sent.unwrap_or_else(|_| panic!("the way in is closed"));
        answered
    }

    /// What becomes of transactions, as far as it is known at once.
    async fn outcomes(&self, transactions: Vec<Vec<u8>>) -> Vec<Outcome> {
        let answered = self.submit(transactions, Wait::Accepted).await;
        let answers = tokio::time::timeout(Duration::from_secs(20), answered).await.unwrap().unwrap();
        answers.into_iter().map(|submitted| submitted.outcome).collect()
    }

    /// Makes the next block of these, past the mempool.
    fn record(&self, transactions: &[Verified]) {
        let tip: Tip = self.store.ledger_tip(self.genesis.time).unwrap();
        let snapshot = self.store.snapshot().unwrap();
        let time = execute::stepped_time(&snapshot, &tip).unwrap().unwrap();
        let (made, refused) =
            execute::propose(&snapshot, &tip, time, key(1).public_key(), transactions).unwrap();
        assert_eq!(refused, []);
        drop(snapshot);
        let ids: Vec<_> = made.transactions.iter().map(|(id, b)| (*id.as_bytes(), b.clone())).collect();
        let commit = BlockCommit {
            height: made.header.height.get(),
            block_id: *block::Id::as_bytes(&made.id),
            header: &made.header_bytes,
            transactions: &ids,
            certificate: b"none",
            changes: &made.changes,
            map_update: made.map_update.clone(),
            events: &[],
        };
        self.store.commit(commit).unwrap();
    }

    /// Waits until the batch at hand is through.
    async fn through(&self) {
        for _ in 0..1_000 {
            if self.woken.try_recv().is_some() {
                return;
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        panic!("the host is not woken");
    }
}

fn place(height: u64, index: u32) -> Outcome {
    Outcome::Committed { height: Height::new(height), index }
}

/// Gossip is often slower than the block it should have helped to make. What is recorded must not wait: it
/// would keep the chain awake and end as a refusal.
#[tokio::test(flavor = "multi_thread")]
async fn gossip_of_what_is_recorded_is_passed_over() {
    let inlet = Inlet::open().await;
    let (old, new) = (inlet.signed(1, 100), inlet.signed(2, 100));
    inlet.record(&[inlet.verified(&old)]);
    for frame in gossip([old.as_slice(), new.as_slice()].into_iter()) {
        inlet.gossip.frame(PEER, frame);
    }
    inlet.through().await;
    let waiting: Vec<_> = inlet.mempool.candidates(10, 1 << 20).iter().map(|t| t.id()).collect();
    assert_eq!(waiting, [inlet.verified(&new).id()]);
    inlet.network.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn unreadable_or_wrongly_signed_gossip_does_no_harm() {
    let inlet = Inlet::open().await;
    let good = inlet.signed(1, 100);
    let mut forged = inlet.signed(2, 100);
    *forged.last_mut().unwrap() ^= 1;
    inlet.gossip.frame(PEER, Bytes::from_static(b"no gossip"));
    for frame in gossip([forged.as_slice(), b"no transaction".as_slice(), good.as_slice()].into_iter()) {
        inlet.gossip.frame(PEER, frame);
    }
    while inlet.mempool.is_empty() {
        inlet.through().await;
    }
    assert_eq!(inlet.mempool.size(), (1, good.len()));
    inlet.network.shutdown().await;
}

/// A member that fills all the room for gossip loses its own frames and nobody else's.
#[tokio::test(flavor = "multi_thread")]
async fn a_flood_of_gossip_pushes_out_nobody_elses() {
    let inlet = Inlet::open().await;
    let transactions: Vec<Vec<u8>> = (1..=20).map(|millis| inlet.signed(millis, 100)).collect();
    let noise = Bytes::from(vec![0x9b; 500 << 10]);
    for bytes in &transactions {
        for _ in 0..100 {
            inlet.gossip.frame([4; 32], noise.clone());
        }
        inlet.gossip.frame(PEER, gossip(std::iter::once(bytes.as_slice())).remove(0));
    }
    while inlet.mempool.size().0 < transactions.len() {
        inlet.through().await;
    }
    inlet.network.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn every_transaction_of_a_batch_is_answered_in_its_place() {
    let inlet = Inlet::open().await;
    let recorded = inlet.signed(1, 100);
    let soon_expired = inlet.signed(2, 1);
    inlet.record(&[inlet.verified(&recorded), inlet.verified(&soon_expired)]);
    let waiting = inlet.signed(3, 100);
    let mut forged = waiting.clone();
    *forged.last_mut().unwrap() ^= 1;
    let refused = |rejection: Rejection| Outcome::Refused(rejection.into());
    let batch = vec![
        (waiting.clone(), Outcome::Pending),
        (recorded, place(1, 0)),
        // Its expiry has passed, but there it stands.
        (soon_expired, place(1, 1)),
        (inlet.signed(4, 1), refused(Rejection::Expired)),
        (waiting, Outcome::Pending),
        (inlet.signed(0, 100), refused(Rejection::ClockStepInvalid)),
    ];
    let (bytes, expected): (Vec<_>, Vec<_>) = batch.into_iter().unzip();
    assert_eq!(inlet.outcomes(bytes).await, expected);
    assert_eq!(inlet.mempool.size().0, 1);
    for wrong in [forged, b"no transaction".to_vec(), Vec::new()] {
        let outcomes = inlet.outcomes(vec![wrong]).await;
        assert!(matches!(outcomes[..], [Outcome::Refused(Refusal::Malformed(_))]), "{outcomes:?}");
    }
    inlet.network.shutdown().await;
}

/// The same transaction twice in one batch waits once, and both are told.
#[tokio::test(flavor = "multi_thread")]
async fn all_who_wait_for_one_transaction_are_told() {
    let inlet = Inlet::open().await;
    let bytes = inlet.signed(1, 100);
    let wait = Wait::Committed(Duration::from_secs(20));
    let twice = inlet.submit(vec![bytes.clone(), bytes.clone()], wait).await;
    inlet.through().await;
    let later = inlet.submit(vec![bytes.clone()], wait).await;
    inlet.through().await;
    let transaction = inlet.verified(&bytes);
    assert_eq!(inlet.mempool.size().0, 1);
    inlet.record(std::slice::from_ref(&transaction));
    inlet.mempool.committed(Height::new(1), &[transaction.id()]);
    for (answered, count) in [(twice, 2), (later, 1)] {
        let answers = tokio::time::timeout(Duration::from_secs(10), answered).await.unwrap().unwrap();
        let outcomes: Vec<_> = answers.into_iter().map(|a| a.outcome).collect();
        assert_eq!(outcomes, vec![place(1, 0); count]);
    }
    inlet.network.shutdown().await;
}

/// Whoever does not want to wait for ever is told that it still waits.
#[tokio::test(flavor = "multi_thread")]
async fn a_wait_ends() {
    let inlet = Inlet::open().await;
    let answered =
        inlet.submit(vec![inlet.signed(1, 100)], Wait::Committed(Duration::from_millis(200))).await;
    let answers = tokio::time::timeout(Duration::from_secs(10), answered).await.unwrap().unwrap();
    assert_eq!(answers[0].outcome, Outcome::Pending);
    assert_eq!(inlet.mempool.size().0, 1);
    inlet.network.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_quota_refuses_the_rest_of_a_batch() {
    let inlet = Inlet::open().await;
    let many: Vec<_> = (1..=60).map(|millis| inlet.signed(millis, 100)).collect();
    let outcomes = inlet.outcomes(many).await;
    let expected: Vec<_> = (0..60)
        .map(|i| if i < 50 { Outcome::Pending } else { Outcome::Refused(Refusal::QuotaExceeded) })
        .collect();
    assert_eq!(outcomes, expected);
    inlet.network.shutdown().await;
}
