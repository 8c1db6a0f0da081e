//! Four nodes on loopback: agreement, kills, catching up, silence.

use std::time::Duration;

use ledger::time::{BlockTime, DAY_MS};
use node::api::schema::Listing;
use scenarios::acts::{SELLER, first_deal, notice};
use scenarios::cluster::{Cluster, PATIENCE, until};
use scenarios::homes::{Clock, GENESIS_TIME};
use scenarios::load::Load;
use scenarios::records::verify;

fn time(text: &str) -> BlockTime {
    BlockTime::parse(text).expect("an instant")
}

#[tokio::test(flavor = "multi_thread")]
async fn cluster_four_nodes_keep_one_ledger() {
    let cluster = Cluster::start(Clock::Real).await;
    let load = Load::start(&cluster, 8);
    load.more(300).await;
    let acknowledged = load.stop().await;
    let records = verify(&cluster, &acknowledged).await;
    // And the four registrations of keys for checkpoints.
    assert_eq!(records.transactions.len(), acknowledged.len() + 4, "nothing else is recorded");
    for node in &cluster.nodes {
        let (status, body) = node.get("/readyz?verbose").await;
        assert_eq!(status, 200, "{}: {body}", node.name);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn cluster_kill_of_each_node_in_turn_loses_nothing() {
    let mut cluster = Cluster::start(Clock::Real).await;
    let load = Load::start(&cluster, 8);
    load.more(30).await;
    for round in 0..6 {
        let victim = round % cluster.nodes.len();
        cluster.nodes[victim].kill();
        load.more(40).await;
        let others = cluster.nodes[(victim + 1) % 4].height().await;
        cluster.nodes[victim].start();
        cluster.nodes[victim].reach(others).await;
    }
    let acknowledged = load.stop().await;
    assert!(acknowledged.iter().any(|told| told.again), "a kill makes some client send again");
    verify(&cluster, &acknowledged).await;
    // Whoever asks again, at any node, is told the same place and nothing is recorded anew.
    let before = cluster.agree().await;
    for (i, told) in acknowledged.iter().enumerate().step_by(acknowledged.len() / 20) {
        let result = cluster.nodes[i % 4].record(&told.signed).await;
        assert_eq!((result.height, result.index), (Some(told.place.0), Some(told.place.1)));
    }
    assert_eq!(cluster.agree().await, before);
}

#[tokio::test(flavor = "multi_thread")]
async fn cluster_kill_of_all_nodes_at_once_loses_nothing() {
    let mut cluster = Cluster::start(Clock::Real).await;
    let load = Load::start(&cluster, 8);
    for _ in 0..3 {
        load.more(60).await;
        cluster.nodes.iter_mut().for_each(|node| node.kill());
        cluster.start_all().await;
    }
    load.more(60).await;
    let acknowledged = load.stop().await;
    verify(&cluster, &acknowledged).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn cluster_a_node_away_for_hundreds_of_blocks_catches_up() {
    let mut cluster = Cluster::prepare(Clock::Real);
    // One block in four waits for the proposer that is away.
    cluster.nodes.iter_mut().for_each(|node| node.set("ZHULIAN_CONSENSUS_PROPOSE_MS", 150));
    cluster.start_all().await;
    let away = cluster.nodes[3].height().await;
    cluster.nodes[3].kill();
    let load = Load::start(&cluster, 3);
    let from = cluster.nodes[0].height().await;
    until("250 blocks", Duration::from_secs(180), async || {
        (cluster.nodes[0].height().await >= from + 250).then_some(())
    })
    .await;
    // While the network runs.
    let goal = cluster.nodes[0].height().await;
    assert!(goal >= away + 250);
    cluster.nodes[3].start();
    cluster.nodes[3].reach(goal).await;
    let acknowledged = load.stop().await;
    verify(&cluster, &acknowledged).await;
}

/// Whoever is told that a transaction is recorded finds the node at that height.
#[tokio::test(flavor = "multi_thread")]
async fn cluster_an_answer_is_not_ahead_of_the_status() {
    let cluster = Cluster::start(Clock::Real).await;
    for i in 0..60 {
        let recorded = cluster.admit(i % 4).await.height.expect("a place");
        let height = cluster.nodes[i % 4].height().await;
        assert!(height >= recorded, "recorded at {recorded}, the status says {height}");
    }
}

/// A network without trades decides nothing, so a node that was away hears nothing: it must ask.
#[tokio::test(flavor = "multi_thread")]
async fn cluster_a_node_catches_up_with_an_idle_network() {
    let mut cluster = Cluster::start(Clock::Real).await;
    for missed in [1, 2, 60] {
        cluster.nodes[3].kill();
        let height = cluster.agree().await.height;
        for i in 0..missed {
            cluster.admit(i % 3).await;
        }
        let goal = cluster.agree().await.height;
        assert!(goal >= height + missed as u64);
        cluster.nodes[3].start();
        cluster.nodes[3].reach(goal).await;
        assert_eq!(cluster.agree().await.height, goal, "catching up makes no block");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn cluster_an_idle_network_makes_no_blocks_and_a_deadline_makes_its_own() {
    let cluster = Cluster::start(Clock::Stepped).await;
    cluster.cosigners().await;
    for i in 0..20 {
        cluster.admit(i % 4).await;
    }
    let records = verify(&cluster, &[]).await;
    assert_eq!(records.transactions.len(), 20 + cluster.nodes.len(), "and each node's keys for checkpoints");
    // A proposer that hears of the transaction late may make an empty block first; that is rare.
    assert!(records.empty <= 3, "{} of {} blocks are empty", records.empty, records.blocks.len());
    assert_silent(&cluster).await;

    // 21 days later the listing opens, in a block of its own after that of the step.
    let (opens, closes) = (time("2026-03-23T09:00:00+08:00"), time("2026-04-03T15:00:00+08:00"));
    cluster.record(0, &SELLER.key(), notice(opens, closes)).await;
    let path = format!("/v1/listings/{}", first_deal(time(GENESIS_TIME)));
    let deadlines = [(22 * DAY_MS, "Listed"), (12 * DAY_MS, "Failed")];
    for (step, stage) in deadlines {
        let before = cluster.agree().await.height;
        let recorded = cluster.step(step).await;
        assert_eq!(recorded.height, Some(before + 1));
        let what = format!("the listing to be {stage}");
        until(&what, PATIENCE, async || {
            let listing: Listing = cluster.nodes[1].client.record(&path).await.ok()?;
            (format!("{:?}", listing.stage) == stage).then_some(())
        })
        .await;
        assert_eq!(cluster.agree().await.height, before + 2, "one block for the deadline");
        assert_silent(&cluster).await;
    }
}

async fn assert_silent(cluster: &Cluster) {
    let before = cluster.agree().await;
    tokio::time::sleep(Duration::from_secs(5)).await;
    assert_eq!(cluster.agree().await, before, "an idle network makes no blocks");
}
