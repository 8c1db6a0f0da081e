//! Joining by a state snapshot, and staying awake: liars, kills, forks and silence.

use std::time::Duration;

use consensus::Message;
use ledger::block;
use ledger::certificate::{CommitCertificate, CommitSignature, VoteType, vote_sign_bytes};
use ledger::codec;
use ledger::governance::{Change, possession_bytes};
use ledger::id::Height;
use ledger::validators::Validator;
use minicbor::bytes::ByteVec;
use node::api::schema::{Phase, Status};
use node::keys::Secret;
use scenarios::acts::{Signed, admission, sign};
use scenarios::adversary::{Adversary, Chunks, SNAPSHOT_CHUNK_BYTES, SNAPSHOT_EVERY};
use scenarios::cluster::{Cluster, Node, PATIENCE, Tip, until};
use scenarios::homes::Clock;

/// The node that joins.
const JOINER: usize = 3;

fn keep_snapshots(cluster: &mut Cluster) {
    for node in &mut cluster.nodes {
        node.set("ZHULIAN_SNAPSHOTS_EVERY_BLOCKS", SNAPSHOT_EVERY);
        node.set("ZHULIAN_SNAPSHOTS_CHUNK_BYTES", SNAPSHOT_CHUNK_BYTES);
    }
    cluster.nodes[JOINER].set("ZHULIAN_SNAPSHOTS_JOIN", true);
}

async fn start(nodes: &mut [Node]) {
    nodes.iter_mut().for_each(Node::start);
    for node in nodes {
        node.wait_until_ready().await;
    }
}

/// Waits until the node joins and this holds of step, done and total.
async fn until_joining(node: &Node, what: &str, holds: impl Fn(&str, u64, u64) -> bool) -> Status {
    until(what, PATIENCE, async || {
        node.status().await.filter(|status| match &status.phase {
            Phase::Joining { step, done, total, .. } => holds(step, *done, *total),
            _ => false,
        })
    })
    .await
}

/// What it answers at this path, whatever the status; the node may not answer yet.
async fn text(node: &Node, path: &str) -> Option<String> {
    reqwest::get(format!("{}{path}", node.client.url())).await.ok()?.text().await.ok()
}

/// Waits until the metrics have this line.
async fn until_metric(node: &Node, line: &str, within: Duration) {
    until(&format!("{} to say {line}", node.name), within, async || {
        text(node, "/metrics").await?.lines().any(|found| found == line).then_some(())
    })
    .await;
}

/// Where the nodes stand when the joiner has named its keys for checkpoints, which is the one block that joining makes.
async fn joined(cluster: &Cluster, before: &Tip) -> Tip {
    let tip = until("the joiner's keys for checkpoints", PATIENCE, async || {
        let tip = cluster.agree().await;
        (tip.height > before.height).then_some(tip)
    })
    .await;
    assert_eq!(tip.height, before.height + 1, "joining makes one block");
    tip
}

#[tokio::test(flavor = "multi_thread")]
async fn cluster_a_joiner_is_killed_in_the_middle_and_finishes_though_a_peer_lies() {
    let mut cluster = Cluster::prepare(Clock::Real);
    keep_snapshots(&mut cluster);
    let adversary = Adversary::start(&cluster, 2).await;
    start(&mut cluster.nodes[..2]).await;
    let first = cluster.sign(&cluster.homes.operator(0), admission());
    let recorded = cluster.nodes[0].record(&first).await;
    for i in 0..60 {
        cluster.admit(i % 2).await;
    }
    let before = cluster.agree().await;
    let height = before.height / SNAPSHOT_EVERY * SNAPSHOT_EVERY;
    let shelves = [
        cluster.nodes[0].data_dir().join("snapshots"),
        cluster.nodes[1].data_dir().join("snapshots"),
        cluster.nodes[2].home.root().join("adversary.snapshots"),
    ];
    for shelf in shelves {
        let snapshot = shelf.join(format!("{height:020}"));
        until("a snapshot", PATIENCE, async || snapshot.exists().then_some(())).await;
    }

    // The only peer gives five chunks and no more.
    cluster.nodes[..2].iter_mut().for_each(Node::kill);
    adversary.give_chunks(Chunks::Few(5));
    cluster.nodes[JOINER].start();
    let joiner = &cluster.nodes[JOINER];
    let fetching = |step: &str, done, total| step == "fetching the state" && done == 5 && total > 10;
    until_joining(joiner, "five chunks", fetching).await;
    let (code, body) = joiner.get("/readyz").await;
    assert!(code == 503 && body.contains("joining by a snapshot: fetching the state, 5 of"), "{code} {body}");
    let (code, body) = joiner.get("/v1/blocks/latest").await;
    assert!(code == 503 && body.contains("\"joining\""), "{code} {body}");
    cluster.nodes[JOINER].kill();

    // It goes on where it was; now the peer lies, and is found out by the first chunk.
    adversary.give_chunks(Chunks::Spoiled);
    cluster.nodes[JOINER].start();
    let joiner = &cluster.nodes[JOINER];
    until_metric(joiner, "snapshot_join_liars 1", PATIENCE).await;
    until_joining(joiner, "the same five chunks", fetching).await;
    assert!(joiner.log().contains("going on with the snapshot that was begun"));

    // Others come back, and the rest comes from them.
    start(&mut cluster.nodes[..2]).await;
    cluster.nodes[JOINER].wait_until_ready().await;
    let joiner = &cluster.nodes[JOINER];
    joiner.reach(before.height).await;
    let before = joined(&cluster, &before).await;
    assert_eq!(joiner.must_status().await.blocks_from, 1, "all blocks lie in the expiry window");
    assert!(joiner.must_status().await.events_from > SNAPSHOT_EVERY);
    assert!(!joiner.data_dir().join("joining").exists());

    // What is recorded is not recorded again, and the joiner takes part.
    let again = joiner.record(&first).await;
    assert_eq!((again.height, again.index), (recorded.height, recorded.index));
    assert_eq!(cluster.agree().await, before);
    cluster.admit(JOINER).await;
    let after = cluster.agree().await;
    cluster.nodes[JOINER].kill();
    cluster.nodes[JOINER].start();
    cluster.nodes[JOINER].wait_until_ready().await;
    cluster.nodes[JOINER].reach(after.height).await;
    let (code, body) = cluster.nodes[JOINER].get("/readyz?verbose").await;
    assert!(code == 200 && body.contains("catch_up"), "{code} {body}");
    let (_, metrics) = cluster.nodes[JOINER].get("/metrics").await;
    assert!(metrics.contains("\ntip_age_seconds ") && metrics.contains("\ncatchup_stalled 0"));
}

/// The act stands for as long as the window of this network allows.
async fn admit_shortly(cluster: &Cluster, node: usize) -> Signed {
    let expiry = cluster.nodes[node].height().await + 9;
    let signed = sign(cluster.chain(), &cluster.homes.operator(node), admission(), expiry);
    cluster.nodes[node].record(&signed).await;
    signed
}

#[tokio::test(flavor = "multi_thread")]
async fn cluster_a_joiner_trusts_a_named_block_says_what_it_lacks_and_becomes_whole() {
    let mut cluster = Cluster::prepare_with_window(Clock::Real, Some(10));
    keep_snapshots(&mut cluster);
    start(&mut cluster.nodes[..3]).await;
    let first = admit_shortly(&cluster, 0).await;
    for i in 0..35 {
        admit_shortly(&cluster, i % 3).await;
    }
    let last = admit_shortly(&cluster, 0).await;
    let tip = cluster.agree().await;
    let height = tip.height / SNAPSHOT_EVERY * SNAPSHOT_EVERY;
    for node in &cluster.nodes[..3] {
        let snapshot = node.data_dir().join("snapshots").join(format!("{height:020}"));
        until("a snapshot", PATIENCE, async || snapshot.exists().then_some(())).await;
    }

    // A block that never was leads nowhere, and nobody is called a liar for it.
    let wrong = format!("{}:{}", tip.height, "ab".repeat(32));
    cluster.nodes[JOINER].set("ZHULIAN_SNAPSHOTS_TRUST_BLOCK", wrong);
    cluster.nodes[JOINER].set("ZHULIAN_SNAPSHOTS_BACKFILL", false);
    cluster.nodes[JOINER].start();
    until("advice about the trusted block", PATIENCE, async || {
        text(&cluster.nodes[JOINER], "/readyz").await?.contains("given as trusted").then_some(())
    })
    .await;
    cluster.nodes[JOINER].kill();
    let right = format!("{}:{}", tip.height, tip.block);
    cluster.nodes[JOINER].set("ZHULIAN_SNAPSHOTS_TRUST_BLOCK", right);
    cluster.nodes[JOINER].start();
    cluster.nodes[JOINER].wait_until_ready().await;
    cluster.nodes[JOINER].reach(tip.height).await;
    let tip = joined(&cluster, &tip).await;

    let joiner = &cluster.nodes[JOINER];
    let status = joiner.must_status().await;
    assert!(status.blocks_from > 3 && status.blocks_from < status.events_from, "{status:?}");
    let unknown = format!("/v1/transactions/{}", "cd".repeat(32));
    let old = [
        "/v1/blocks/3".to_owned(),
        format!("/v1/transactions/{}", first.id),
        "/v1/events?format=json".to_owned(),
        "/v1/events?from=1.0".to_owned(),
        unknown.clone(),
    ];
    for path in &old {
        let (code, body) = joiner.get(path).await;
        assert!(code == 410 && body.contains("not_held_here"), "{path}: {code} {body}");
    }
    let headers = ["/v1/blocks?from=1&limit=5".to_owned(), format!("/v1/transactions/{}/proof", last.id)];
    for path in &headers {
        assert_eq!(joiner.get(path).await.0, 200, "{path}");
    }
    // A transaction of the window is known, so it cannot be recorded twice.
    joiner.record(&last).await;
    assert_eq!(cluster.agree().await, tip);
    admit_shortly(&cluster, JOINER).await;
    let tip = cluster.agree().await;

    cluster.nodes[JOINER].kill();
    cluster.nodes[JOINER].set("ZHULIAN_SNAPSHOTS_BACKFILL", true);
    cluster.nodes[JOINER].start();
    cluster.nodes[JOINER].wait_until_ready().await;
    let joiner = &cluster.nodes[JOINER];
    until("all blocks", PATIENCE, async || joiner.status().await.filter(|status| status.blocks_from == 1))
        .await;
    joiner.reach(tip.height).await;
    let block = async |node: &Node, height: u64| {
        let (code, body) = node.get(&format!("/v1/blocks/{height}")).await;
        assert_eq!(code, 200, "{body}");
        let mut block = serde_json::from_str::<serde_json::Value>(&body).expect("JSON")["data"].clone();
        // Each node keeps the precommits that it has seen.
        block.as_object_mut().expect("a block").remove("certificate").expect("a certificate");
        block
    };
    for height in 1..=tip.height {
        assert_eq!(block(joiner, height).await, block(&cluster.nodes[0], height).await, "block {height}");
    }
    assert_eq!(joiner.get(&old[1]).await.0, 200);
    assert_eq!(joiner.get(&format!("{}/proof", old[1])).await.0, 200);
    assert_eq!(joiner.get(&unknown).await.0, 404, "now it is known that there is none");
    assert_eq!(joiner.get(&old[2]).await.0, 410, "events follow from execution");
}

/// A commit certificate of these voters for a block that was never proposed.
fn certificate(cluster: &Cluster, height: u64, voters: std::ops::Range<usize>) -> CommitCertificate {
    let (height, block_id) = (Height::new(height), block::Id::from_bytes([0x5a; 32]));
    let bytes = vote_sign_bytes(cluster.chain(), VoteType::Precommit, height, 0, Some(block_id));
    let mut signatures: Vec<_> = voters
        .map(|node| cluster.homes.voter(node))
        .map(|key| CommitSignature { public_key: key.public_key(), signature: key.sign(&bytes) })
        .collect();
    signatures.sort_by_key(|signature| signature.public_key);
    CommitCertificate { height, round: 0, block_id, signatures }
}

#[tokio::test(flavor = "multi_thread")]
async fn cluster_two_decided_blocks_at_one_height_stop_a_node_that_keeps_the_proof() {
    let mut cluster = Cluster::prepare(Clock::Real);
    let adversary = Adversary::start(&cluster, 3).await;
    start(&mut cluster.nodes[..3]).await;
    for i in 0..3 {
        cluster.admit(i).await;
    }
    let tip = cluster.agree().await;
    // Two votes prove nothing.
    adversary.say(&Message::Commit(certificate(&cluster, tip.height - 1, 0..2)));
    cluster.admit(0).await;
    let tip = cluster.agree().await;

    let forked = tip.height - 1;
    let theirs = certificate(&cluster, forked, 0..3);
    until("the node to halt", PATIENCE, async || {
        adversary.say(&Message::Commit(theirs.clone()));
        cluster.nodes[0].status().await.filter(|status| matches!(status.phase, Phase::Halted { .. }))
    })
    .await;
    let (code, body) = cluster.nodes[0].get("/readyz").await;
    assert!(code == 503 && body.contains(&format!("two blocks are decided at height {forked}")), "{body}");
    let proof = cluster.nodes[0].data_dir().join(format!("fork-at-{forked}.cbor"));
    let proof = std::fs::read(proof).expect("the proof");
    let kept: Vec<ByteVec> = codec::decode(&proof, 1 << 20).expect("an array of two");
    let certificates: Vec<_> =
        kept.iter().map(|bytes| CommitCertificate::decode(bytes).expect("a certificate")).collect();
    for certificate in &certificates {
        certificate.verify(cluster.chain(), &cluster.homes.genesis.validators).expect("both hold");
    }
    assert_eq!(certificates[1], theirs);
    assert_ne!(certificates[0].block_id, certificates[1].block_id);
    assert_eq!(certificates[0].height, certificates[1].height);
}

#[tokio::test(flavor = "multi_thread")]
async fn cluster_a_node_that_gets_no_blocks_says_so_and_recovers() {
    let mut cluster = Cluster::prepare(Clock::Real);
    // More than a third claim to be higher and give nothing: more than a node can see through.
    let liars = [Adversary::start(&cluster, 2).await, Adversary::start(&cluster, 3).await];
    liars.iter().for_each(Adversary::lie);
    cluster.nodes[..2].iter_mut().for_each(Node::start);
    until_metric(&cluster.nodes[0], "catchup_stalled 1", Duration::from_secs(90)).await;
    let (code, body) = cluster.nodes[0].get("/readyz").await;
    assert!(code == 503 && body.contains("stalled: height 0 of"), "{code} {body}");
    for liar in liars {
        liar.stop().await;
    }
    start(&mut cluster.nodes[2..]).await;
    cluster.admit(2).await;
    let tip = cluster.agree().await;
    cluster.nodes[0].reach(tip.height).await;
    until_metric(&cluster.nodes[0], "catchup_stalled 0", PATIENCE).await;
    cluster.nodes[0].wait_until_ready().await;
    cluster.admit(0).await;
    cluster.agree().await;
}

/// Two members change their voting keys, and then a member joins by a snapshot that validators of a later era have certified:
/// without a trusted block, because each change is in a block that the era before has certified.
#[tokio::test(flavor = "multi_thread")]
async fn cluster_a_joiner_needs_no_trusted_block_after_the_members_have_changed() {
    let mut cluster = Cluster::prepare(Clock::Real);
    keep_snapshots(&mut cluster);
    start(&mut cluster.nodes[..JOINER]).await;
    for rotates in [1, 2] {
        let home = cluster.homes.homes[rotates].clone();
        let next = Secret::generate().expect("random bytes");
        next.create(&home.next_consensus_key()).expect("a key file");
        let validator = Validator {
            public_key: next.public_key(),
            network_key: Secret::read(&home.network_key()).expect("a key").public_key(),
            organisation: cluster.homes.code(rotates),
        };
        let proof = next.signing_key().sign(&possession_bytes(cluster.chain(), &validator));
        cluster.decide(&[0, 1, 2], Change::RotateKeys { validator, proof }).await;
        cluster.admit(0).await;
    }
    let changed = cluster.agree().await.height;
    while cluster.nodes[0].height().await <= changed + 2 * SNAPSHOT_EVERY {
        cluster.admit(0).await;
    }
    let tip = cluster.agree().await;
    let height = tip.height / SNAPSHOT_EVERY * SNAPSHOT_EVERY;
    for node in &cluster.nodes[..JOINER] {
        let snapshot = node.data_dir().join("snapshots").join(format!("{height:020}"));
        until("a snapshot", PATIENCE, async || snapshot.exists().then_some(())).await;
    }
    cluster.nodes[JOINER].start();
    cluster.nodes[JOINER].wait_until_ready().await;
    let joiner = &cluster.nodes[JOINER];
    joiner.reach(tip.height).await;
    assert_eq!(cluster.agree().await, tip);
    assert!(joiner.must_status().await.events_from > changed, "it came by the snapshot");
    // It votes, and it can prove the eras to the next one that joins.
    cluster.admit(JOINER).await;
    cluster.agree().await;
}
