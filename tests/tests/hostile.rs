//! Trading goes on, in bounded memory, while peers and clients do their worst.

use std::time::{Duration, Instant};

use scenarios::cluster::{Cluster, PATIENCE, until};
use scenarios::homes::Clock;
use scenarios::hostile::{Client, Flood, Manner, Silent, StalledQuic, resident};
use scenarios::load::Load;
use scenarios::records::verify;

const MIB: u64 = 1 << 20;
/// Most that a node of these tests may ever hold resident, in bytes: bodies and answers of HTTP have 256 MiB each,
/// the messages of one peer 32 MiB, consensus 64 MiB, gossip 32 MiB; the rest is the program and its caches.
const RESIDENT_MAX: u64 = 1024 * MIB;
/// Transactions that must be recorded during each attack.
const TRADES: u64 = 40;

/// Waits until trades went on for at least `time`, and tells what the nodes took.
async fn trade_through(what: &str, cluster: &Cluster, load: &Load, time: Duration) -> u64 {
    let (begin, before) = (Instant::now(), load.count());
    load.more(TRADES).await;
    while begin.elapsed() < time {
        load.more(1).await;
    }
    let pids = cluster.nodes.iter().filter_map(|node| node.pid());
    let (now, most) = pids.map(resident).fold((0, 0), |a, b| (a.0.max(b.0), a.1.max(b.1)));
    println!(
        "{what}: {} trades in {:.1?}; largest node {} MiB now, {} MiB at its highest",
        load.count() - before,
        begin.elapsed(),
        now / MIB,
        most / MIB
    );
    assert!(most <= RESIDENT_MAX, "{what}: a node took {most} bytes, {RESIDENT_MAX} are allowed");
    most
}

fn hex(key: &[u8; 32]) -> String {
    key.map(|byte| format!("{byte:02x}")).concat()
}

/// Frames of this member that a node had no room for.
fn dropped(metrics: &str, member: &str) -> u64 {
    let counted = |line: &&str| line.contains("_dropped_total{") && line.contains(member);
    let value = |line: &str| line.rsplit(' ').next()?.parse::<u64>().ok();
    metrics.lines().filter(counted).filter_map(value).sum()
}

#[tokio::test(flavor = "multi_thread")]
async fn cluster_clients_that_stall_and_flood_cost_bounded_memory() {
    let cluster = Cluster::start(Clock::Real).await;
    let load = Load::start(&cluster, 4);
    trade_through("before", &cluster, &load, Duration::from_secs(3)).await;
    let port = cluster.homes.places[0].http.port();
    for manner in Manner::ALL {
        let clients = Client::start(port, manner, 150);
        trade_through(&format!("150 clients, {manner:?}"), &cluster, &load, Duration::from_secs(5)).await;
        if manner == Manner::EndlessHead {
            until("an endless head to be cut off", PATIENCE, async || (clients.cut() > 0).then_some(()))
                .await;
        }
    }
    // All at once, with long bodies from more clients than there is room for.
    let together: Vec<Client> = Manner::ALL.map(|manner| Client::start(port, manner, 100)).into();
    trade_through("700 clients of every manner", &cluster, &load, Duration::from_secs(40)).await;
    // Nobody stays for ever: the silent, the slow and the stalled are all sent away within their times. A stream of
    // events may go on as long as what it says fits into the buffers of the system.
    for (manner, clients) in Manner::ALL.iter().zip(&together).filter(|(m, _)| **m != Manner::UnreadEvents) {
        until(&format!("{manner:?} to be cut off"), PATIENCE, async || (clients.cut() > 0).then_some(()))
            .await;
    }
    let cut = Manner::ALL.iter().zip(together.iter().map(Client::cut));
    println!("cut off, by manner: {:?}", cut.collect::<Vec<_>>());
    drop(together);
    let acknowledged = load.stop().await;
    verify(&cluster, &acknowledged).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn cluster_strangers_that_stall_handshakes_keep_no_member_out() {
    let mut cluster = Cluster::start(Clock::Real).await;
    let load = Load::start(&cluster, 4);
    trade_through("before", &cluster, &load, Duration::from_secs(3)).await;
    let (key, port) = (cluster.homes.members()[0].public_key, cluster.homes.places[0].mesh.port());
    let tcp = Silent::start(port, 300);
    trade_through("300 silent TCP strangers", &cluster, &load, Duration::from_secs(8)).await;
    let quic = StalledQuic::start(key, port, 40).await;
    trade_through("and 40 stalling QUIC strangers", &cluster, &load, Duration::from_secs(12)).await;
    println!("{} TCP connections opened, {} QUIC datagrams sent", tcp.opened(), quic.begun());
    assert!(tcp.opened() >= 300 && quic.begun() >= 40);
    assert_eq!(cluster.nodes[0].must_status().await.peers.len(), 3);
    // A member that starts in the middle of it finds its way in.
    cluster.nodes[3].kill();
    cluster.nodes[3].start();
    cluster.nodes[3].wait_until_ready().await;
    let name = hex(&cluster.homes.members()[3].public_key);
    until("the member to be connected to the node under attack", PATIENCE, async || {
        let status = cluster.nodes[0].status().await?;
        status.peers.iter().any(|peer| peer.public_key == name && peer.connected).then_some(())
    })
    .await;
    drop((tcp, quic));
    let acknowledged = load.stop().await;
    verify(&cluster, &acknowledged).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn cluster_a_member_that_floods_every_channel_stops_nobody() {
    let mut cluster = Cluster::start(Clock::Real).await;
    let load = Load::start(&cluster, 4);
    trade_through("before", &cluster, &load, Duration::from_secs(3)).await;
    cluster.nodes[3].kill();
    trade_through("three of four nodes", &cluster, &load, Duration::from_secs(3)).await;

    let flood = Flood::start(&cluster, 3).await;
    trade_through("a member that floods", &cluster, &load, Duration::from_secs(25)).await;
    println!("{} MiB were offered by the flooding member", flood.sent() / MIB);
    assert!(flood.sent() > 100 * MIB);
    // Each has a lane of its own: the flood pushes out what it has sent itself, and nothing of the others.
    let names = cluster.homes.members().iter().map(|m| hex(&m.public_key)).collect::<Vec<_>>();
    let mut lost = [0; 4];
    for node in &cluster.nodes[..3] {
        let (_, metrics) = node.get("/metrics").await;
        for (name, lost) in names.iter().zip(&mut lost) {
            *lost += dropped(&metrics, name);
        }
    }
    println!("frames dropped for want of room, by sender: {lost:?}");
    assert!(lost[3] > 0, "the flood never filled a queue");
    assert_eq!(lost[..3], [0; 3], "honest members lost frames to the flood");
    flood.stop().await;

    let oversized = Flood::oversized(&cluster, 3).await;
    trade_through("a member with oversized frames", &cluster, &load, Duration::from_secs(5)).await;
    until("the oversized frame to be noticed", PATIENCE, async || {
        cluster.nodes[0].log().contains("a member broke the protocol").then_some(())
    })
    .await;
    oversized.stop().await;

    cluster.start_all().await;
    let acknowledged = load.stop().await;
    verify(&cluster, &acknowledged).await;
}
