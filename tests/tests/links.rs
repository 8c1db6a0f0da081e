//! Real processes under real faults: bad links, partitions, kills without end, a slow disk, a wrong clock, standstill.
//!
//! Every link goes through our own proxy, each node in a network namespace of its own where that is permitted.
//! `ZHULIAN_SEED` sets the seed, `ZHULIAN_SOAK_SECONDS` how long the loop of kills lasts.

use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use ledger::time::BlockTime;
use node::api::schema::{Phase, Readiness};
use scenarios::cluster::{Cluster, Node, until};
use scenarios::homes::Clock;
use scenarios::load::{Acknowledged, Load};
use scenarios::proxy::{Conditions, Cut, Dice, Flaps, Links, Proxy, flap, seed};
use scenarios::records::{block, verify_within};

/// Longest wait for the network to do what it does within seconds when it is left alone.
const BOUND: Duration = Duration::from_secs(60);
/// How long a client goes on trying while the network cannot decide anything.
const PATIENT: Duration = Duration::from_secs(150);
/// What was on its way when a link was cut has arrived by then.
const SETTLED: Duration = Duration::from_secs(5);

/// A percentile of the time that clients waited.
fn waited(acknowledged: &[Acknowledged], percent: usize) -> Duration {
    let mut all: Vec<Duration> = acknowledged.iter().map(|told| told.took).collect();
    all.sort_unstable();
    all[(all.len() - 1) * percent / 100]
}

/// Prints what a run came to.
fn tell(what: &str, began: Instant, acknowledged: &[Acknowledged], links: &Links) {
    println!(
        "{what}: {} acknowledged in {:.0?}, p50 {:.0?}, p99 {:.0?}; {}",
        acknowledged.len(),
        began.elapsed(),
        waited(acknowledged, 50),
        waited(acknowledged, 99),
        links.counts()
    );
}

/// The greatest height of all nodes.
async fn highest(cluster: &Cluster) -> u64 {
    let mut highest = 0;
    for node in &cluster.nodes {
        highest = highest.max(node.height().await);
    }
    highest
}

/// Waits until every node has decided something new, and says how long that took.
async fn all_go_on(cluster: &Cluster, what: &str) {
    let (began, from) = (Instant::now(), highest(cluster).await);
    for node in &cluster.nodes {
        node.reach_within(from + 1, BOUND).await;
    }
    println!("{what}: every node has a new block after {:.1?}", began.elapsed());
}

async fn readiness(node: &Node) -> Readiness {
    let (_, body) = node.get("/readyz?verbose").await;
    serde_json::from_str(&body).unwrap_or_else(|e| panic!("{e}: {body}"))
}

// --- Bad links ---

#[tokio::test(flavor = "multi_thread")]
async fn cluster_links_that_lose_delay_and_reorder_do_not_stop_trading() {
    let seed = seed(1);
    let (cluster, proxy) = Cluster::start_linked(Clock::Real, seed).await;
    proxy.links().set_all(Conditions::bad());
    let (began, load) = (Instant::now(), Load::start_patient(&cluster, 8, PATIENT));
    load.more_within(250, Duration::from_secs(120)).await;
    // Still on bad links: what was decided reaches everybody.
    let goal = highest(&cluster).await;
    for node in &cluster.nodes {
        node.reach_within(goal, BOUND).await;
    }
    let acknowledged = load.stop().await;
    tell("bad links", began, &acknowledged, proxy.links());
    verify_within(&cluster, &acknowledged, BOUND).await;
    let counts = proxy.links().counts();
    assert!(counts.lost > 0 && counts.doubled > 0 && counts.overtaken > 0, "{counts}");
}

#[tokio::test(flavor = "multi_thread")]
async fn cluster_without_udp_trading_goes_on_over_tcp() {
    let seed = seed(2);
    let (cluster, proxy) = Cluster::start_linked(Clock::Real, seed).await;
    let load = Load::start_patient(&cluster, 8, PATIENT);
    load.more(50).await;
    let began = Instant::now();
    proxy.links().set_all(Conditions { cut: Cut::Udp, ..Conditions::default() });
    until("every link to be over TCP", BOUND, async || {
        for node in &cluster.nodes {
            let status = node.status().await?;
            if !status.peers.iter().all(|peer| peer.transport.as_deref() == Some("tcp")) {
                return None;
            }
        }
        Some(())
    })
    .await;
    println!("without UDP: every link is over TCP after {:.1?}", began.elapsed());
    load.more(100).await;
    // Lines of 2 Mbit/s each way.
    let narrow = Conditions {
        bytes_per_second: Some(250_000),
        delay: Duration::from_millis(10),
        ..Conditions::default()
    };
    proxy.links().set_all(Conditions { cut: Cut::Udp, ..narrow });
    load.more(100).await;
    let acknowledged = load.stop().await;
    tell("TCP only", began, &acknowledged, proxy.links());
    verify_within(&cluster, &acknowledged, BOUND).await;
}

// --- Partitions ---

#[tokio::test(flavor = "multi_thread")]
async fn cluster_two_against_two_decide_nothing_and_go_on_when_they_meet() {
    let seed = seed(3);
    let (cluster, proxy) = Cluster::start_linked(Clock::Real, seed).await;
    let (began, load) = (Instant::now(), Load::start_patient(&cluster, 8, PATIENT));
    let mut dice = Dice::of(seed, "groups");
    for round in 0..3 {
        load.more(40).await;
        let partner = 1 + dice.below(3);
        proxy.links().part(&[0, partner]);
        tokio::time::sleep(SETTLED).await;
        let before = highest(&cluster).await;
        tokio::time::sleep(Duration::from_secs(8)).await;
        assert_eq!(highest(&cluster).await, before, "two of four nodes decide nothing");
        for node in &cluster.nodes {
            until(&format!("{} to say that too few are reachable", node.name), BOUND, async || {
                let parts = readiness(node).await.parts;
                parts.into_iter().find(|part| part.name == "peers" && !part.ready)
            })
            .await;
        }
        proxy.links().heal();
        all_go_on(&cluster, &format!("partition {round}, nodes 0 and {partner} on one side")).await;
    }
    load.more(40).await;
    let acknowledged = load.stop().await;
    tell("partitions", began, &acknowledged, proxy.links());
    verify_within(&cluster, &acknowledged, BOUND).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn cluster_links_cut_one_way_stop_nobody_else() {
    let seed = seed(4);
    let (cluster, proxy) = Cluster::start_linked(Clock::Real, seed).await;
    let (began, load) = (Instant::now(), Load::start_patient(&cluster, 8, PATIENT));
    load.more(40).await;
    let links = proxy.links();
    let mut dice = Dice::of(seed, "one way");
    // One link in one direction: no quorum lacks it.
    let (from, to) = (dice.below(3), 3);
    links.cut_one_way(from, to, Cut::All);
    load.more(60).await;
    links.heal();
    all_go_on(&cluster, &format!("{from} unheard by {to}, healed")).await;
    // A node that hears everything and is heard by nobody, then one that is heard and hears nothing.
    for outward in [true, false] {
        let node = dice.below(4);
        let others = (0..4).filter(|other| *other != node);
        for other in others {
            let (from, to) = if outward { (node, other) } else { (other, node) };
            links.cut_one_way(from, to, Cut::All);
        }
        load.more(60).await;
        links.heal();
        let what = if outward { "heard by nobody" } else { "hearing nobody" };
        all_go_on(&cluster, &format!("node {node} {what}, healed")).await;
    }
    let acknowledged = load.stop().await;
    tell("one way", began, &acknowledged, links);
    verify_within(&cluster, &acknowledged, BOUND).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn cluster_a_node_cut_off_for_long_catches_up_under_load() {
    let seed = seed(5);
    let (cluster, proxy) = Cluster::start_linked(Clock::Real, seed).await;
    let away = Dice::of(seed, "who").below(4);
    let (began, load) = (Instant::now(), Load::start_patient(&cluster, 8, PATIENT));
    load.more(20).await;
    proxy.links().part(&[away]);
    tokio::time::sleep(SETTLED).await;
    let before = cluster.nodes[away].height().await;
    tokio::time::sleep(Duration::from_secs(20)).await;
    let goal = until("the others to go on", Duration::from_secs(120), async || {
        Some(highest(&cluster).await).filter(|height| *height > before + 100)
    })
    .await;
    assert_eq!(cluster.nodes[away].height().await, before, "a node alone decides nothing");
    proxy.links().heal();
    let healed = Instant::now();
    cluster.nodes[away].reach_within(goal, BOUND).await;
    println!(
        "node {away} missed {} blocks and has them {:.1?} after it is back",
        goal - before,
        healed.elapsed()
    );
    // And it takes part again, though the others do not wait for it.
    cluster.nodes[away].until_phase(&Phase::Running).await;
    let acknowledged = load.stop().await;
    tell("one cut off", began, &acknowledged, proxy.links());
    verify_within(&cluster, &acknowledged, BOUND).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn cluster_flapping_links_lose_nothing() {
    let seed = seed(6);
    let (cluster, proxy) = Cluster::start_linked(Clock::Real, seed).await;
    let (began, load) = (Instant::now(), Load::start_patient(&cluster, 8, PATIENT));
    load.more(20).await;
    let (second, before) = (Duration::from_secs, load.count());
    let flaps = Flaps { whole: second(2)..=second(8), cut: second(1)..=second(4), one_way: 300 };
    let cuts = flap(proxy.links(), seed, &flaps, second(40)).await;
    println!("{cuts} cuts in 40 s, {} acknowledged meanwhile", load.count() - before);
    assert!(cuts >= 20, "{cuts}");
    all_go_on(&cluster, "after the flapping").await;
    load.more(40).await;
    let acknowledged = load.stop().await;
    tell("flapping", began, &acknowledged, proxy.links());
    verify_within(&cluster, &acknowledged, BOUND).await;
}

// --- Processes ---

/// How long the loop of kills lasts.
fn soak() -> Duration {
    let seconds = std::env::var("ZHULIAN_SOAK_SECONDS").map_or(Ok(60), |text| text.parse());
    Duration::from_secs(seconds.expect("ZHULIAN_SOAK_SECONDS is a number"))
}

#[tokio::test(flavor = "multi_thread")]
async fn cluster_kills_without_end_lose_nothing_and_double_nothing() {
    let seed = seed(7);
    let (mut cluster, proxy) = Cluster::start_linked(Clock::Real, seed).await;
    let mut dice = Dice::of(seed, "kills");
    let (began, soak, load) = (Instant::now(), soak(), Load::start_patient(&cluster, 8, PATIENT));
    let millis = |from, to| Duration::from_millis(from)..=Duration::from_millis(to);
    let mut kills = 0;
    while began.elapsed() < soak {
        tokio::time::sleep(dice.between(&millis(500, 4_000))).await;
        let first = dice.below(4);
        // Now and then two at once, so that the others cannot go on without them.
        let second = dice.happens(250).then(|| (first + 1 + dice.below(3)) % 4);
        let victims: Vec<usize> = [Some(first), second].into_iter().flatten().collect();
        victims.iter().for_each(|victim| cluster.nodes[*victim].kill());
        kills += victims.len();
        tokio::time::sleep(dice.between(&millis(0, 2_500))).await;
        victims.iter().for_each(|victim| cluster.nodes[*victim].start());
    }
    for node in &mut cluster.nodes {
        node.wait_until_ready().await;
    }
    all_go_on(&cluster, "after the kills").await;
    let acknowledged = load.stop().await;
    let again = acknowledged.iter().filter(|told| told.again).count();
    tell("kills", began, &acknowledged, proxy.links());
    println!("{kills} kills in {soak:?}, {again} transactions were sent more than once");
    assert!(again > 0, "a kill makes some client send again");
    let records = verify_within(&cluster, &acknowledged, BOUND).await;
    // Whoever asks again, at any node, is told the same place and nothing is recorded anew.
    for (i, told) in acknowledged.iter().enumerate().step_by(acknowledged.len().div_ceil(50)) {
        let result = cluster.nodes[i % 4].record(&told.signed).await;
        assert_eq!((result.height, result.index), (Some(told.place.0), Some(told.place.1)));
    }
    assert_eq!(cluster.agree().await.height, records.blocks.len() as u64);
    for node in &cluster.nodes {
        let log = node.log();
        for word in ["panicked", "ERROR"] {
            let line = log.lines().find(|line| line.contains(word));
            assert_eq!(line, None, "{} after {kills} kills", node.name);
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn cluster_nodes_that_stand_still_in_turn_catch_up() {
    let seed = seed(8);
    let (cluster, proxy) = Cluster::start_linked(Clock::Real, seed).await;
    let (began, load) = (Instant::now(), Load::start_patient(&cluster, 8, PATIENT));
    // Longer than the patience of pings (6 s), of idle connections (8 s), and of every round.
    let standstill = Duration::from_secs(12);
    let first = Dice::of(seed, "order").below(4);
    for node in (0..4).map(|i| (first + i) % 4) {
        load.more(30).await;
        cluster.nodes[node].pause();
        let (before, from) = (load.count(), Instant::now());
        // Three of four go on.
        load.more(20).await;
        tokio::time::sleep(standstill.saturating_sub(from.elapsed())).await;
        println!("{} acknowledged in {:.0?} without node {node}", load.count() - before, from.elapsed());
        let goal = cluster.nodes[(node + 1) % 4].height().await;
        cluster.nodes[node].resume();
        let woken = Instant::now();
        cluster.nodes[node].reach_within(goal, BOUND).await;
        println!("node {node} is at height {goal} {:.1?} after it woke", woken.elapsed());
    }
    // All at once: nobody is left to notice.
    cluster.nodes.iter().for_each(Node::pause);
    tokio::time::sleep(standstill).await;
    cluster.nodes.iter().for_each(Node::resume);
    all_go_on(&cluster, "after all stood still").await;
    let acknowledged = load.stop().await;
    tell("standstill", began, &acknowledged, proxy.links());
    verify_within(&cluster, &acknowledged, BOUND).await;
}

/// Whether a tool is there; says so when it is not.
fn have(tool: &str, arguments: &[&str]) -> bool {
    let runs = Command::new(tool).args(arguments).output().is_ok_and(|output| output.status.success());
    if !runs {
        println!("skipped: `{tool}` does not run here; `make e2e` installs it");
    }
    runs
}

/// The median of the times between two blocks, as they are dated.
async fn between_blocks(node: &Node) -> Duration {
    let mut times = Vec::new();
    for height in 1..=node.height().await {
        let time = block(&node.client, height).await.summary.time;
        times.push(BlockTime::parse(&time).expect("a block's time").as_millis());
    }
    let mut between: Vec<u64> = times.windows(2).map(|pair| pair[1] - pair[0]).collect();
    between.sort_unstable();
    Duration::from_millis(between[between.len() / 2])
}

#[tokio::test(flavor = "multi_thread")]
async fn cluster_a_slow_disk_of_one_node_is_not_the_latency_of_the_network() {
    const FLUSH: Duration = Duration::from_millis(300);
    let delay = format!("inject=fsync,fdatasync:delay_enter={}ms", FLUSH.as_millis());
    // The node stays our child: the tracer is the grandchild, and stops it at these two calls only.
    let strace = [
        "strace",
        "-D",
        "-f",
        "--seccomp-bpf",
        "-qq",
        "-o",
        "/dev/null",
        "-e",
        "trace=fsync,fdatasync",
        "-e",
    ];
    if !have(
        "strace",
        &["-f", "--seccomp-bpf", "-qq", "-o", "/dev/null", "-e", "trace=fsync", "-e", delay.as_str(), "true"],
    ) {
        return;
    }
    let seed = seed(9);
    let (mut cluster, proxy) = Cluster::prepare_linked(Clock::Real, seed);
    let slow = Dice::of(seed, "who").below(4);
    cluster.nodes[slow].under = strace.map(str::to_owned).into_iter().chain([delay]).collect();
    cluster.start_all().await;
    let (began, load) = (Instant::now(), Load::start_patient(&cluster, 8, PATIENT));
    load.more_within(400, Duration::from_secs(120)).await;
    let acknowledged = load.stop().await;
    tell("slow disk", began, &acknowledged, proxy.links());
    // The clients wait for one another's blocks and gather at the height whose proposer is slow, so their waiting says little
    // of the others. A network that waited for the slow node's votes would take two flushes for each height.
    let median = between_blocks(&cluster.nodes[(slow + 1) % 4]).await;
    println!("half of the blocks come within {median:?} of the one before");
    assert!(median < FLUSH, "half of the blocks take {median:?}, a flush of node {slow} takes {FLUSH:?}");
    // It is behind, and comes after in its own time: some flushes for each block.
    let ended = Instant::now();
    verify_within(&cluster, &acknowledged, PATIENT).await;
    println!("node {slow} has everything {:.0?} after the end", ended.elapsed());
    // With a good disk it is as the others.
    cluster.nodes[slow].kill();
    cluster.nodes[slow].under.clear();
    cluster.start_all().await;
    cluster.admit(slow).await;
    cluster.agree().await;
}

/// Where Debian's package `libfaketime` keeps the library for programs with threads.
const FAKETIME: [&str; 3] = [
    "/usr/lib/x86_64-linux-gnu/faketime/libfaketimeMT.so.1",
    "/usr/lib/aarch64-linux-gnu/faketime/libfaketimeMT.so.1",
    "/usr/lib/faketime/libfaketimeMT.so.1",
];

/// Removes the shared memory that libfaketime leaves behind when its process is killed, now and on drop.
struct FaketimeLeftovers;

impl FaketimeLeftovers {
    fn remove() {
        for entry in std::fs::read_dir("/dev/shm").into_iter().flatten().flatten() {
            let name = entry.file_name().to_string_lossy().into_owned();
            let owner = name.strip_prefix("faketime_shm_").or(name.strip_prefix("sem.faketime_sem_"));
            if owner.is_some_and(|owner| !Path::new("/proc").join(owner).exists()) {
                // Another test may have removed it.
                let _ = std::fs::remove_file(entry.path());
            }
        }
    }
}

impl Drop for FaketimeLeftovers {
    fn drop(&mut self) {
        Self::remove();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn cluster_a_wrong_clock_stops_only_its_own_node_and_is_said() {
    let Some(library) = FAKETIME.into_iter().find(|path| Path::new(path).exists()) else {
        println!("skipped: libfaketime is not installed; `make e2e` installs it");
        return;
    };
    FaketimeLeftovers::remove();
    let _leftovers = FaketimeLeftovers;
    let seed = seed(10);
    let (mut cluster, proxy) = Cluster::start_linked(Clock::Real, seed).await;
    let wrong = Dice::of(seed, "who").below(4);
    let (began, load) = (Instant::now(), Load::start_patient(&cluster, 8, PATIENT));
    for (offset, side) in [("+180s", "ahead"), ("-180s", "behind")] {
        let node = &mut cluster.nodes[wrong];
        node.kill();
        node.set("LD_PRELOAD", library);
        node.set("FAKETIME", offset);
        // Only the clock of the wall.
        node.set("FAKETIME_DONT_FAKE_MONOTONIC", 1);
        node.start();
        let detail = until("the clock to be found wrong", BOUND, async || {
            let parts = readiness_if_up(&cluster.nodes[wrong]).await?.parts;
            parts.into_iter().find(|part| part.name == "clock" && !part.ready).map(|part| part.detail)
        })
        .await;
        println!("{offset}: {detail}");
        assert!(detail.contains(side) && detail.contains("set it right"), "{detail}");
        let ahead = cluster.nodes[wrong].must_status().await.clock_ahead_ms.expect("compared");
        assert!((175_000..=185_000).contains(&ahead.abs()) && (ahead > 0) == (side == "ahead"), "{ahead}");
        assert!(cluster.nodes[wrong].log().contains("clock is not that of the other centres"));
        let from = highest(&cluster).await + 1;
        load.more(100).await;
        let to = highest(&cluster).await;
        for (i, node) in cluster.nodes.iter().enumerate().filter(|(i, _)| *i != wrong) {
            let clock = readiness(node).await.parts.into_iter().find(|part| part.name == "clock");
            assert!(clock.is_some_and(|part| part.ready), "the clock of node {i} is right");
        }
        if side == "ahead" {
            let own = cluster.homes.voter(wrong).public_key().to_string();
            for height in from..=to {
                let block = block(&cluster.nodes[(wrong + 1) % 4].client, height).await;
                assert_ne!(block.summary.proposer, own, "block {height} is dated by a wrong clock");
            }
        }
        cluster.nodes[wrong].reach_within(to, BOUND).await;
    }
    let node = &mut cluster.nodes[wrong];
    node.kill();
    node.settings.retain(|name, _| name.starts_with("ZHULIAN_"));
    node.start();
    until("the clock to be right again", BOUND, async || {
        let parts = readiness_if_up(&cluster.nodes[wrong]).await?.parts;
        parts.into_iter().find(|part| part.name == "clock" && part.ready && part.detail.starts_with("0 ms"))
    })
    .await;
    load.more(40).await;
    let acknowledged = load.stop().await;
    tell("wrong clock", began, &acknowledged, proxy.links());
    verify_within(&cluster, &acknowledged, BOUND).await;
    refused_by_others(&cluster, wrong);
}

/// The others have said that a block of the future was proposed to them.
fn refused_by_others(cluster: &Cluster, wrong: usize) {
    let others = cluster.nodes.iter().enumerate().filter(|(i, _)| *i != wrong);
    let said = others.filter(|(_, node)| node.log().contains("dated too far from this machine's clock"));
    assert!(said.count() >= 2, "the others refuse blocks that are dated by a wrong clock");
}

async fn readiness_if_up(node: &Node) -> Option<Readiness> {
    let answer = reqwest::get(format!("{}/readyz?verbose", node.client.url())).await.ok()?;
    serde_json::from_str(&answer.text().await.ok()?).ok()
}

// --- The proxy itself ---

/// The nodes know nothing but the proxy: with all links cut, nobody is connected.
#[tokio::test(flavor = "multi_thread")]
async fn cluster_there_is_no_way_around_the_proxy() {
    let (mut cluster, proxy): (Cluster, Proxy) = Cluster::prepare_linked(Clock::Real, seed(11));
    proxy.links().set_all(Conditions { cut: Cut::All, ..Conditions::default() });
    cluster.nodes.iter_mut().for_each(Node::start);
    for node in &cluster.nodes {
        until("the node", BOUND, async || node.status().await).await;
    }
    until("attempts on every link", BOUND, async || {
        let pairs = (0..4).flat_map(|from| (0..4).map(move |to| (from, to))).filter(|(from, to)| from != to);
        pairs.into_iter().all(|(from, to)| proxy.links().counts_of(from, to).cut > 0).then_some(())
    })
    .await;
    for node in &cluster.nodes {
        assert!(node.must_status().await.peers.iter().all(|peer| !peer.connected), "{}", node.name);
    }
    proxy.links().heal();
    cluster.start_all().await;
    for node in &cluster.nodes {
        cluster.admit(cluster.nodes.iter().position(|other| other.name == node.name).expect("a node")).await;
    }
    cluster.agree().await;
}
