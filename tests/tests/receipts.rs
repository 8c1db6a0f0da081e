//! What strangers see of a real network: checkpoints, tiles and receipts over HTTP, judged by programs of others.

use std::time::Duration;

use ledger::checkpoint::{CheckpointError, Policy, Receipt, SignedCheckpoint};
use node::api::schema::SubmitResult;
use scenarios::cluster::{Cluster, until};
use scenarios::homes::Clock;
use signed_note::{Note, StandardVerifier, VerifierList};

/// Within this time after a transaction is recorded there is a receipt (the promise to bidders is two seconds; a machine that
/// also compiles gets more).
const SOON: Duration = Duration::from_secs(20);

async fn receipt(cluster: &Cluster, node: usize, recorded: &SubmitResult) -> String {
    let id = recorded.id.clone().expect("a recorded transaction has an id");
    let path = format!("/v1/transactions/{id}/receipt");
    until("a receipt", SOON, async || match cluster.nodes[node].get(&path).await {
        (200, text) => Some(text),
        // Not signed by enough yet, or not recorded at this node yet.
        (503 | 404, text) => {
            assert!(text.contains("not_final_yet") || text.contains("not_found"), "{text}");
            None
        }
        other => panic!("{other:?}"),
    })
    .await
}

/// The policy in which all four centres are named.
async fn policy(cluster: &Cluster, node: usize) -> String {
    until("four cosigners", SOON, async || match cluster.nodes[node].get("/v1/policy").await {
        (200, text) if text.matches("witness ").count() == 4 => Some(text),
        (200 | 503, _) => None,
        other => panic!("{other:?}"),
    })
    .await
}

#[tokio::test(flavor = "multi_thread")]
async fn cluster_receipts_of_every_node_hold_with_the_policy_of_any() {
    let cluster = Cluster::start(Clock::Real).await;
    let text = policy(&cluster, 0).await;
    let rules = Policy::parse(&text).expect("a policy");
    for node in 0..4 {
        assert_eq!(policy(&cluster, node).await, text);
        let recorded = cluster.admit(node).await;
        for other in 0..4 {
            let receipt = Receipt::parse(&receipt(&cluster, other, &recorded).await).expect("a receipt");
            let verified = receipt.verify(None, &rules).expect("it holds");
            assert!(verified.finality.witnesses.len() >= 3);
        }
    }
    // Without traffic the last checkpoint is completed by those that sign late.
    until("all four cosignatures", SOON, async || {
        let (_, text) = cluster.nodes[1].get("/checkpoint").await;
        let signed = SignedCheckpoint::parse(&text).ok()?;
        (rules.judge(&signed).ok()?.witnesses.len() == 4).then_some(())
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn cluster_strangers_verify_checkpoint_and_tiles() {
    let cluster = Cluster::start(Clock::Real).await;
    let policy = policy(&cluster, 0).await;
    let recorded = cluster.admit(2).await;
    receipt(&cluster, 3, &recorded).await;
    let (_, text) = cluster.nodes[3].get("/checkpoint").await;

    // Signed by the log key of one of the centres, as Go's note code sees it.
    let keys: Vec<_> = policy.lines().filter_map(|line| line.strip_prefix("log ")).collect();
    let signed_by = |key: &&&str| {
        let note = Note::from_bytes(text.as_bytes()).expect("a note");
        let verifier = StandardVerifier::new(key).expect("a key");
        note.verify(&VerifierList::new(vec![Box::new(verifier)])).is_ok()
    };
    assert_eq!(keys.len(), 4);
    assert_eq!(keys.iter().filter(signed_by).count(), 1);

    // The entries that the tiles hold give the root that is signed, and their hashes are those of the tiles.
    let body: String = text.split_inclusive('\n').take(3).collect();
    let checkpoint = tlog_tiles::Checkpoint::from_bytes(body.as_bytes()).expect("a checkpoint");
    let (size, mut entries) = (checkpoint.size(), Vec::new());
    assert!(size < 256, "one tile");
    let url = |kind: &str| format!("{}/tile/{kind}/000.p/{size}", cluster.nodes[0].client.url());
    let fetch = async |kind: &str| {
        let answer = reqwest::get(url(kind)).await.expect("an answer").error_for_status().expect("a tile");
        answer.bytes().await.expect("a body").to_vec()
    };
    let (bundle, tile) = (fetch("entries").await, fetch("0").await);
    let mut rest = bundle.as_slice();
    while let Some((length, tail)) = rest.split_first_chunk::<2>() {
        let (entry, tail) = tail.split_at(usize::from(u16::from_be_bytes(*length)));
        entries.push(entry.to_vec());
        rest = tail;
    }
    let hashes: Vec<_> = entries.iter().map(|entry| tlog_tiles::record_hash(entry)).collect();
    assert_eq!(hashes.len() as u64, size);
    assert_eq!(hashes.iter().flat_map(|hash| hash.0).collect::<Vec<_>>(), tile);
    let plain: Vec<[u8; 32]> = hashes.iter().map(|hash| hash.0).collect();
    assert_eq!(ledger::merkle::log::root_of(&plain), checkpoint.hash().0);
    for missing in [format!("/tile/0/000.p/{}", size + 5), "/tile/0/001".into(), "/tile/entries/000".into()] {
        assert_eq!(cluster.nodes[0].get(&missing).await.0, 404, "{missing}");
    }
    for wrong in [
        "/tile/0/0",
        "/tile/9/000",
        "/tile/0/000.p/0",
        "/tile/0/000.p/256",
        "/tile/0/x000/000",
        "/tile/-1/000",
    ] {
        assert_eq!(cluster.nodes[0].get(wrong).await.0, 400, "{wrong}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn cluster_three_of_four_are_enough_and_keys_outlive_a_kill() {
    let mut cluster = Cluster::start(Clock::Real).await;
    let rules = Policy::parse(&policy(&cluster, 0).await).expect("a policy");
    cluster.nodes[3].kill();
    let recorded = cluster.admit(0).await;
    let three = Receipt::parse(&receipt(&cluster, 1, &recorded).await).expect("a receipt");
    assert_eq!(three.verify(None, &rules).expect("it holds").finality.witnesses.len(), 3);
    let mut two = three.clone();
    two.checkpoint.lines.pop();
    assert_eq!(two.verify(None, &rules), Err(CheckpointError::NoQuorum { found: 2 }));

    // Killed in the middle and started again, a node signs on with the same keys.
    cluster.nodes[1].kill();
    cluster.nodes[1].start();
    cluster.nodes[3].start();
    cluster.nodes[1].wait_until_ready().await;
    cluster.nodes[3].wait_until_ready().await;
    for _ in 0..3 {
        cluster.admit(2).await;
    }
    until("all four cosignatures", SOON, async || {
        let (_, text) = cluster.nodes[2].get("/checkpoint").await;
        (rules.judge(&SignedCheckpoint::parse(&text).ok()?).ok()?.witnesses.len() == 4).then_some(())
    })
    .await;
    assert!(!cluster.nodes[1].log().contains("signs no checkpoint"), "{}", cluster.nodes[1].log());
}
