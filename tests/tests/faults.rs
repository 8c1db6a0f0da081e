//! Damaged logs, full disks, strangers, wrong files, too much at once.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use consensus::TimeoutKind;
use consensus::log::Key;
use consensus::log::{ALIGNMENT, Record, encode_frame};
use consensus::message::{SignedVote, Vote};
use ledger::certificate::{VoteType, vote_sign_bytes};
use ledger::crypto::SigningKey;
use ledger::id::{ChainId, Height};
use node::api::schema::{Phase, Readiness, SubmitStatus};
use node::cli::client::{ClientError, Wait};
use node::network::{self, Event, Limits, Member};
use node::wal::Wal;
use scenarios::acts::{EXPIRY, admission, sign};
use scenarios::cluster::{Cluster, PATIENCE, Tip, until};
use scenarios::homes::Clock;
use scenarios::load::Load;
use scenarios::records::verify;
use zeroize::Zeroizing;

// --- The consensus log ---

fn nil_prevote(chain: &ChainId, key: &SigningKey, height: Height) -> Record {
    let vote =
        Vote { height, round: 0, vote_type: VoteType::Prevote, voter: key.public_key(), block_id: None };
    let signature = key.sign(&vote_sign_bytes(chain, vote.vote_type, height, 0, None));
    Record::Vote(SignedVote { vote, signature })
}

/// Where the frames of a crafted log begin, and the end of the last one.
struct Frames(Vec<usize>);

/// Writes three frames about the next height into a node's log, as if it had waited for a proposal in vain,
/// prevoted nil and heard two others do the same.
fn craft(cluster: &Cluster, node: usize, tip: u64) -> (PathBuf, Frames) {
    let (chain, own, height) = (cluster.chain(), cluster.homes.voter(node), Height::new(tip + 1));
    let path = cluster.nodes[node].data_dir().join("consensus.log");
    let mut wal = Wal::open(&path, &own, chain).expect("a log");
    assert_eq!(wal.begin(height).expect("an intact log"), Vec::new(), "an idle network has begun nothing");
    let frames = [
        vec![Record::Timeout { round: 0, kind: TimeoutKind::Propose }],
        vec![nil_prevote(chain, &own, height)],
        (0..2).map(|i| nil_prevote(chain, &cluster.homes.voter(i), height)).collect(),
    ];
    let key = Key::derive(&own, chain).expect("a key in memory signs");
    let mut ends = vec![0];
    for (sequence, records) in (0..).zip(frames) {
        let frame = encode_frame(&key, height, sequence, &records).expect("a short frame");
        records.into_iter().for_each(|record| wal.append(record));
        wal.sync().expect("room on the disk");
        ends.push(ends.last().expect("a start") + frame.len());
    }
    assert!(ends.iter().all(|end| end % ALIGNMENT == 0));
    (path, Frames(ends))
}

/// Waits until nothing is under way: what the crafted logs say of others' votes contradicts those that they cast, and the
/// reports of that make blocks.
async fn idle(cluster: &Cluster) -> Tip {
    until("an idle network", PATIENCE, async || {
        let before = cluster.agree().await;
        tokio::time::sleep(Duration::from_secs(2)).await;
        let mut quiet = cluster.agree().await == before;
        for node in &cluster.nodes {
            quiet &= node.status().await?.mempool_transactions == 0;
        }
        quiet.then_some(before)
    })
    .await
}

fn change(path: &Path, damage: impl FnOnce(&mut Vec<u8>)) {
    let mut bytes = fs::read(path).expect("a log");
    damage(&mut bytes);
    fs::write(path, bytes).expect("a log");
}

#[tokio::test(flavor = "multi_thread")]
async fn cluster_a_torn_tail_of_the_consensus_log_is_recovered() {
    type Damage = fn(&mut Vec<u8>, usize, usize);
    let damages: [(&str, Damage); 5] = [
        ("nothing torn", |_, _, _| {}),
        ("the end of the last frame never written", |bytes, _, end| bytes[end - ALIGNMENT..end].fill(0)),
        ("the last frame half written", |bytes, last, _| bytes[last + 60..last + 100].fill(0xff)),
        ("the file cut within the last frame", |bytes, last, _| bytes.truncate(last + 70)),
        ("only a header of the last frame", |bytes, last, end| bytes[last + 48..end].fill(0)),
    ];
    let mut cluster = Cluster::start(Clock::Real).await;
    cluster.admit(0).await;
    for (what, damage) in damages {
        let tip = idle(&cluster).await;
        cluster.nodes[3].kill();
        let (path, Frames(ends)) = craft(&cluster, 3, tip.height);
        change(&path, |bytes| damage(bytes, ends[2], ends[3]));
        cluster.nodes[3].start();
        cluster.nodes[3].wait_until_ready().await;
        // It says nil once more, as it has said, and the height is decided in whatever round.
        cluster.admit(1).await;
        let after = cluster.agree().await;
        assert!(after.height > tip.height, "{what}");
        let log = cluster.nodes[3].log();
        assert!(log.contains("taking up a height from the consensus log"), "{what}");
    }
    assert!(cluster.nodes[3].log().contains("was cut short and is dropped"));
    verify(&cluster, &[]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn cluster_a_damaged_consensus_log_refuses_to_start_and_the_others_go_on() {
    let mut cluster = Cluster::start(Clock::Real).await;
    cluster.admit(0).await;
    let tip = cluster.agree().await;
    cluster.nodes[3].kill();
    let (path, Frames(ends)) = craft(&cluster, 3, tip.height);
    let intact = fs::read(&path).expect("a log");
    let offsets = [
        ("the first frame's header", ends[0] + 20),
        ("the first frame's payload", ends[0] + 50),
        ("the second frame's check", ends[1] + 35),
        ("the second frame's payload", ends[1] + 60),
    ];
    for (what, offset) in offsets {
        change(&path, |bytes| bytes[offset] ^= 1);
        let (code, said) = cluster.nodes[3].refused_start().await;
        assert_eq!(code, Some(1), "{what}: {said}");
        for words in ["consensus log", "is damaged", "Keep the file", "move it away", "let the other centres"]
        {
            assert!(said.contains(words), "{what}: {said}");
        }
        fs::write(&path, &intact).expect("a log");
    }
    // As the message says: keep it, move it away, let the others decide the height, start again.
    change(&path, |bytes| bytes[ends[0] + 50] ^= 1);
    fs::rename(&path, path.with_extension("damaged")).expect("a log");
    for i in 0..3 {
        cluster.admit(i).await;
    }
    let goal = cluster.agree().await;
    cluster.nodes[3].start();
    cluster.nodes[3].reach(goal.height).await;
    cluster.admit(3).await;
    verify(&cluster, &[]).await;
}

// --- Room on the disk ---

/// A small file system of its own, for as long as the value lives.
struct SmallDisk(PathBuf);

impl SmallDisk {
    /// `None` where mounting is not permitted.
    fn mount(at: PathBuf, megabytes: u32) -> Option<Self> {
        fs::create_dir_all(&at).expect("a directory");
        let options = format!("size={megabytes}m");
        let mount = Command::new("mount").args(["-t", "tmpfs", "-o", &options, "tmpfs"]).arg(&at).output();
        match mount {
            Ok(output) if output.status.success() => Some(Self(at)),
            refused => {
                println!("skipped: a small file system cannot be mounted here: {refused:?}");
                None
            }
        }
    }

    /// Takes every byte that is left.
    fn fill(&self) {
        use std::io::Write as _;
        let mut file = File::create(self.0.join("filler")).expect("a file");
        let zeros = vec![0; 1 << 16];
        while file.write_all(&zeros).is_ok() {}
        while file.write_all(&[0]).is_ok() {}
    }

    fn make_room(&self) {
        fs::remove_file(self.0.join("filler")).expect("the filler");
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        // Nothing can be done about a file system that stays.
        let _ = Command::new("umount").arg("-l").arg(&self.0).status();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn cluster_a_full_disk_stops_one_node_until_there_is_room() {
    let mut cluster = Cluster::prepare(Clock::Real);
    let Some(disk) = SmallDisk::mount(cluster.homes.dir().join("disk"), 200) else { return };
    cluster.nodes[3].set("ZHULIAN_NODE_DATA_DIR", disk.0.join("data").display());
    cluster.nodes[3].set("ZHULIAN_STORE_WRITE_BUFFER_BYTES", 1 << 20);
    for node in &mut cluster.nodes {
        node.set("ZHULIAN_CONSENSUS_PROPOSE_MS", 200);
    }
    cluster.start_all().await;
    let load = Load::start(&cluster, 6);
    load.more(50).await;
    for round in 0..2 {
        disk.fill();
        let stopped = cluster.nodes[3].until_phase(&Phase::DiskFull).await;
        // The others go on without it, and it says what is the matter.
        load.more(60).await;
        let (status, body) = cluster.nodes[3].get("/readyz?verbose").await;
        assert_eq!(status, 503, "{body}");
        let readiness: Readiness = serde_json::from_str(&body).expect("a readiness document");
        let at_fault = |name: &str| readiness.parts.iter().any(|part| part.name == name && !part.ready);
        assert!(at_fault("disk"), "{body}");
        let signed = cluster.sign(&cluster.homes.operator(3), admission());
        let answer = cluster.nodes[3].client.submit(&signed.bytes, Wait::Committed(Duration::from_secs(2)));
        match answer.await {
            Err(ClientError::Refused(problem)) => assert_eq!(problem.code, "not_ready"),
            other => panic!("a node without room took a transaction: {other:?}"),
        }
        assert!(cluster.nodes[3].height().await <= stopped.height + 2, "it takes no part");
        disk.make_room();
        let goal = cluster.nodes[0].height().await;
        cluster.nodes[3].reach(goal).await;
        cluster.nodes[3].until_phase(&Phase::Running).await;
        load.more(20).await;
        if round == 0 {
            // What it wrote around the fault is whole.
            cluster.nodes[3].kill();
            cluster.nodes[3].start();
            // Without room it would not even start: the disk fills again only once it is up.
            cluster.nodes[3].wait_until_ready().await;
        }
    }
    let acknowledged = load.stop().await;
    verify(&cluster, &acknowledged).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn cluster_less_room_than_the_reserve_stops_a_node_before_a_write_fails() {
    let mut cluster = Cluster::prepare(Clock::Real);
    let reserve = cluster.nodes[3].settings["ZHULIAN_DISK_RESERVE_BYTES"].clone();
    cluster.nodes[3].set("ZHULIAN_DISK_RESERVE_BYTES", 1u64 << 44);
    cluster.nodes.iter_mut().for_each(|node| node.start());
    cluster.nodes[3].until_phase(&Phase::DiskFull).await;
    for i in 0..3 {
        cluster.nodes[i].wait_until_ready().await;
        cluster.admit(i).await;
    }
    let status = cluster.nodes[3].must_status().await;
    assert_eq!((status.phase, status.height), (Phase::DiskFull, 0));
    let (code, body) = cluster.nodes[3].get("/readyz?verbose").await;
    assert_eq!(code, 503);
    assert!(body.contains("free some space, the node goes on by itself"), "{body}");
    assert!(cluster.nodes[3].log().contains("less free disk space than the reserve"));

    assert_eq!(cluster.nodes[3].stop().await, Some(0));
    cluster.nodes[3].set("ZHULIAN_DISK_RESERVE_BYTES", reserve);
    cluster.start_all().await;
    assert!(cluster.agree().await.height >= 3);
}

// --- Strangers and wrong files ---

#[tokio::test(flavor = "multi_thread")]
async fn cluster_a_stranger_is_not_let_in() {
    let cluster = Cluster::start(Clock::Real).await;
    let members: Vec<Member> = cluster.homes.members();
    let config = network::Config {
        listen: vec!["/ip4/127.0.0.1/tcp/0".parse().expect("an address")],
        members: members.clone(),
        chain: cluster.chain().to_string(),
        limits: Limits::default(),
    };
    let seed = Zeroizing::new(ledger::hash::sha256(b"a stranger"));
    let (stranger, mut events) = network::start(seed, config).await.expect("a network");
    let heard = tokio::time::timeout(Duration::from_secs(5), async {
        while let Some(event) = events.recv().await {
            assert!(!matches!(event, Event::Message { .. } | Event::Request { .. }), "{event:?}");
        }
    });
    assert!(heard.await.is_err(), "the stranger's own network went down");
    let name = hex(&stranger.public_key());
    let refused = cluster.nodes.iter().filter(|node| node.log().contains(&format!("{name} is not a member")));
    assert!(refused.count() >= 3, "the stranger {name} was refused");
    for node in &cluster.nodes {
        assert_eq!(node.must_status().await.peers.len(), 3, "{}", node.name);
    }
    stranger.shutdown().await;
    cluster.admit(0).await;
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// What an operator did wrong, and what the program must say.
type Mistake = (&'static str, fn(&Path), &'static [&'static str]);

const MISTAKES: [Mistake; 6] = [
    (
        "another genesis",
        |home| {
            edit(&home.join("genesis.toml"), |text| text.replace("name = \"zhulian-test\"", "name = \"x\""))
        },
        &["the genesis file has hash", "this node agreed to", "zhulian genesis hash"],
    ),
    (
        "a sign-off missing",
        |home| {
            edit(&home.join("signoffs.toml"), |text| {
                let last = text.rfind("[[signoff]]").expect("sign-offs");
                text[..last].to_owned()
            });
        },
        &["not signed off yet by: 12442000DEM000049F", "zhulian genesis sign"],
    ),
    (
        "two keys in each other's place",
        |home| {
            fs::copy(home.join("operator.key"), home.join("network.key")).expect("a key");
        },
        &["the network key of this home is", "but genesis names"],
    ),
    (
        "a key that others can read",
        |home| {
            use std::os::unix::fs::PermissionsExt as _;
            let mode = fs::Permissions::from_mode(0o644);
            fs::set_permissions(home.join("consensus.key"), mode).expect("a key");
        },
        &["has mode 644", "chmod 600"],
    ),
    (
        "a key of the configuration misspelt",
        |home| {
            edit(&home.join("zhulian.toml"), |text| text.replace("heartbeat_seconds", "heartbeat_secs"));
        },
        &["heartbeat_secs", "heartbeat_seconds"],
    ),
    (
        "a section of the configuration misspelt",
        |home| edit(&home.join("zhulian.toml"), |text| text.replace("[mempool]", "[mempol]")),
        &["mempol", "mempool"],
    ),
];

fn edit(path: &Path, change: impl FnOnce(String) -> String) {
    let text = fs::read_to_string(path).expect("a file");
    let changed = change(text.clone());
    assert_ne!(text, changed, "{}", path.display());
    fs::write(path, changed).expect("a file");
}

#[tokio::test(flavor = "multi_thread")]
async fn process_wrong_files_refuse_to_start_and_say_why() {
    for (what, make, words) in MISTAKES {
        let mut cluster = Cluster::prepare(Clock::Stepped);
        let node = &mut cluster.nodes[3];
        make(node.home.root());
        let (code, said) = node.refused_start().await;
        assert_eq!(code, Some(1), "{what}: {said}");
        for word in words {
            assert!(said.contains(word), "{what}: {word:?} is not in: {said}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn process_a_data_directory_has_one_node_and_one_genesis() {
    let mut cluster = Cluster::prepare(Clock::Stepped);
    cluster.nodes[2].start();
    let taken = cluster.nodes[2].data_dir();
    until("the first node", PATIENCE, async || cluster.nodes[2].status().await).await;
    cluster.nodes[3].set("ZHULIAN_NODE_DATA_DIR", taken.display());
    let (code, said) = cluster.nodes[3].refused_start().await;
    assert_eq!(code, Some(1), "{said}");
    assert!(said.contains("in use") || said.contains("open"), "{said}");
    assert!(cluster.nodes[2].status().await.is_some(), "the first node goes on");
    assert_eq!(cluster.nodes[2].stop().await, Some(0));

    // The ledger of another network is left alone.
    let homes = scenarios::homes::Homes::make(Clock::Stepped);
    for file in ["genesis.toml", "signoffs.toml", "zhulian.toml", "consensus.key", "network.key"] {
        let from = homes.homes[2].root().join(file);
        fs::copy(from, cluster.nodes[2].home.root().join(file)).expect("a file");
    }
    let (code, said) = cluster.nodes[2].refused_start().await;
    assert_eq!(code, Some(1), "{said}");
    assert!(said.contains("began with another genesis"), "{said}");
}

// --- Too much at once, and too few nodes ---

#[tokio::test(flavor = "multi_thread")]
async fn cluster_five_thousand_submissions_at_once_are_all_answered() {
    const MANY: usize = 5_000;
    let cluster = Cluster::start(Clock::Real).await;
    let key = cluster.homes.operator(0);
    let signed: Vec<_> = (0..MANY).map(|_| cluster.sign(&key, admission())).collect();
    let mut under_way = tokio::task::JoinSet::new();
    for signed in &signed {
        let (client, bytes) = (cluster.nodes[0].client.clone(), signed.bytes.clone());
        under_way.spawn(async move { client.submit(&bytes, Wait::Committed(Duration::from_secs(45))).await });
    }
    let answers = tokio::time::timeout(Duration::from_secs(55), under_way.join_all()).await;
    let answers = answers.expect("every submission is answered in time");
    let mut committed = 0;
    for answer in answers {
        match answer {
            Ok(result) if result.status == SubmitStatus::Committed => committed += 1,
            // Under pressure a node may say so; it may not lose anything.
            Err(ClientError::Refused(problem)) if problem.status >= 500 => {}
            other => panic!("{other:?}"),
        }
    }
    assert!(committed > MANY / 2, "{committed} of {MANY} were committed at the first attempt");
    let records = verify(&cluster, &[]).await;
    assert!(records.transactions.len() >= committed);
    until("an empty mempool", PATIENCE, async || {
        let status = cluster.nodes[0].status().await?;
        ((status.mempool_transactions, status.mempool_bytes) == (0, 0)).then_some(())
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn cluster_quotas_and_bounds_of_the_mempool_are_told_by_their_codes() {
    let mut cluster = Cluster::prepare(Clock::Real);
    cluster.nodes[0].set("ZHULIAN_MEMPOOL_PER_ORGANISATION", 50);
    cluster.nodes[0].set("ZHULIAN_MEMPOOL_TRANSACTIONS", 70);
    // Two of four nodes decide nothing, so that everything waits.
    cluster.nodes[0].start();
    cluster.nodes[1].start();
    for node in &cluster.nodes[..2] {
        until("the node", PATIENCE, async || node.status().await).await;
    }
    // Each of the two wants to name its keys for checkpoints, and counts against its centre.
    until("the nodes' own acts", PATIENCE, async || {
        (cluster.nodes[0].status().await?.mempool_transactions == 2).then_some(())
    })
    .await;
    let batch = |centre: usize, count: usize| -> Vec<Vec<u8>> {
        let key = cluster.homes.operator(centre);
        (0..count).map(|_| sign(cluster.chain(), &key, admission(), EXPIRY).bytes).collect()
    };
    let first = batch(0, 60);
    let codes = async |transactions: &[Vec<u8>]| -> Vec<String> {
        let answers = cluster.nodes[0].client.submit_batch(transactions, Wait::Accepted).await;
        let answers = answers.unwrap_or_else(|e| panic!("{e:?}"));
        answers.into_iter().map(|a| a.problem.map_or("taken".into(), |p| p.code)).collect()
    };
    let expect = |taken: usize, refused: usize, code: &str| -> Vec<String> {
        [vec!["taken".to_owned(); taken], vec![code.to_owned(); refused]].concat()
    };
    assert_eq!(codes(&first).await, expect(49, 11, "quota_exceeded"));
    // What waits already may be sent again, whatever the quota.
    assert_eq!(codes(&first[..49]).await, expect(49, 0, ""));
    assert_eq!(codes(&batch(1, 30)).await, expect(19, 11, "mempool_full"));
    // A wrong signature is refused even under the name of an act that waits.
    let mut forged = first[0].clone();
    *forged.last_mut().expect("a signature") ^= 1;
    assert_eq!(cluster.nodes[0].refusal(&forged).await.as_deref(), Some("invalid_signature"));
    let client = cluster.nodes[0].client.clone();
    let waiting = async |count: usize| {
        until("the mempool to say so", PATIENCE, async || {
            (client.status().await.ok()?.mempool_transactions == count).then_some(())
        })
        .await;
    };
    waiting(70).await;
    assert_eq!(cluster.nodes[0].height().await, 0);

    // With a third node everything that waits is recorded, once, and there is room again.
    cluster.nodes[2].start();
    waiting(0).await;
    cluster.nodes[3].start();
    cluster.nodes[3].wait_until_ready().await;
    cluster.cosigners().await;
    let records = verify(&cluster, &[]).await;
    assert_eq!(records.transactions.len(), 72, "and what the other two nodes wanted");
}

/// The same transaction twice in one batch, and through two nodes at once, is one transaction.
#[tokio::test(flavor = "multi_thread")]
async fn cluster_a_transaction_sent_twice_at_once_is_recorded_once() {
    let cluster = Cluster::start(Clock::Real).await;
    cluster.cosigners().await;
    let wait = Wait::Committed(Duration::from_secs(20));
    for _ in 0..10 {
        let signed = cluster.sign(&cluster.homes.operator(0), admission());
        let twice = vec![signed.bytes.clone(), signed.bytes.clone()];
        let (batch, other) = tokio::join!(
            cluster.nodes[0].client.submit_batch(&twice, wait),
            cluster.nodes[1].client.submit(&signed.bytes, wait),
        );
        let mut places: Vec<_> = batch.unwrap_or_else(|e| panic!("{e:?}"));
        places.push(other.unwrap_or_else(|e| panic!("{e:?}")));
        for result in &places {
            assert_eq!(result.status, SubmitStatus::Committed, "{places:?}");
            assert_eq!((result.height, result.index), (places[0].height, places[0].index));
        }
    }
    let records = verify(&cluster, &[]).await;
    assert_eq!(records.transactions.len(), 10 + cluster.nodes.len(), "and each node's keys for checkpoints");
}
