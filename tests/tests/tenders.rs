//! Tenders on real nodes, from the command line: sealed, uploaded, replaced, withdrawn, opened by the nodes themselves.

use std::path::PathBuf;
use std::process::Command;
use std::time::Duration;

use ledger::hash::DocumentHash;
use ledger::time::BlockTime;
use node::keys::Secret;
use scenarios::acts::{BANK, CONTRACTORS, ORGANISER, Party};
use scenarios::cluster::{Cluster, program, until};
use scenarios::homes::{Clock, GENESIS_TIME};
use serde_json::Value;

const SOON: Duration = Duration::from_secs(60);
const DAY: u64 = 86_400_000;

struct Shell<'a> {
    cluster: &'a Cluster,
    dir: PathBuf,
}

struct Said {
    code: i32,
    out: Value,
    error: Value,
    text: String,
}

impl Shell<'_> {
    /// Runs `zhulian` with all nodes that are up.
    async fn run(&self, arguments: &[&str]) -> Said {
        self.cluster.agree().await;
        let up = self.cluster.nodes.iter().filter(|node| node.is_up()).map(|node| node.client.url());
        self.run_at(&up.collect::<Vec<_>>().join(","), arguments)
    }

    fn run_at(&self, nodes: &str, arguments: &[&str]) -> Said {
        let mut command = Command::new(program());
        for (name, _) in std::env::vars().filter(|(name, _)| name.starts_with("ZHULIAN_")) {
            command.env_remove(name);
        }
        command.current_dir(&self.dir).env("ZHULIAN_NODE", nodes);
        command.args(arguments).args(["--output", "json", "--lang", "en"]);
        let output = tokio::task::block_in_place(|| command.output()).expect("the program runs");
        let read = |bytes: &[u8]| serde_json::from_slice(bytes).unwrap_or(Value::Null);
        let text =
            format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
        let code = output.status.code().unwrap_or(-1);
        Said { code, out: read(&output.stdout), error: read(&output.stderr), text }
    }

    async fn ok(&self, arguments: &[&str]) -> Value {
        let said = self.run(arguments).await;
        assert_eq!(said.code, 0, "{arguments:?}: {}", said.text);
        said.out
    }

    async fn refused(&self, arguments: &[&str], exit: i32, code: Option<&str>) {
        let said = self.run(arguments).await;
        assert_eq!(said.code, exit, "{arguments:?}: {}", said.text);
        if let Some(code) = code {
            assert_eq!(said.error["error"]["code"], code, "{arguments:?}: {}", said.text);
        }
    }

    /// The key file of a party.
    fn key(&self, party: Party) -> String {
        let path = self.dir.join(format!("{}.key", party.code));
        if !path.exists() {
            let seed = ledger::hash::sha256(party.code.as_bytes());
            Secret::from_seed(seed.into()).create(&path).expect("a key file");
        }
        path.display().to_string()
    }

    fn write(&self, name: &str, text: &str) {
        std::fs::write(self.dir.join(name), text).expect("a file");
    }

    async fn record(&self, node: usize, path: &str) -> Value {
        let (status, text) = self.cluster.nodes[node].get(path).await;
        if status != 200 {
            return Value::Null;
        }
        serde_json::from_str::<Value>(&text).map(|value| value["data"].clone()).unwrap_or_default()
    }

    /// Prepares a bid of a contractor with the bank's letter and an offer of this price.
    async fn prepare(&self, tender: &str, bidder: Party, folder: &str, price: &str, documents: &str) {
        let key = self.key(bidder);
        self.ok(&["bid", "prepare", folder, "--tender", tender, "--key", &key, "--unencrypted"]).await;
        let (request, bond) = (format!("{folder}.request"), format!("{folder}.bond"));
        self.ok(&["bid", "request-bond", folder, "--bidder", bidder.code, "--out", &request]).await;
        let (bank, number) = (self.key(BANK), format!("LG-{folder}"));
        let terms = ["--amount", "500000.00", "--valid-until", "2026-09-30T18:00:00+08:00"];
        let sign = ["guarantee", "sign-bond", &request, "--guarantor", BANK.code, "--number", &number];
        self.ok(&[&sign[..], &terms[..], &["--key", &bank, "--out", &bond]].concat()).await;
        self.offer(folder, &bond, price, documents);
        self.seal(folder, bidder).await;
    }

    fn offer(&self, folder: &str, bond: &str, price: &str, documents: &str) {
        let text = format!(
            "documents = [{documents}]\nbond = \"{bond}\"\n[[prices]]\nlot = 1\n\
             price = {{ amount = \"{price}\", currency = \"CNY\" }}\n"
        );
        self.write(&format!("{folder}.toml"), &text);
    }

    async fn seal(&self, folder: &str, bidder: Party) {
        let (key, offer) = (self.key(bidder), format!("{folder}.toml"));
        self.ok(&["bid", "seal", folder, &offer, "--bidder", bidder.code, "--key", &key]).await;
    }
}

/// A network whose committee has formed and whose centres can issue stamps, with a project.
async fn network() -> (Cluster, tempfile::TempDir) {
    let mut cluster = Cluster::prepare_with_tenders(Clock::Stepped);
    cluster.start_all().await;
    let dir = tempfile::tempdir().expect("a directory");
    let shell = Shell { cluster: &cluster, dir: dir.path().into() };
    until("a committee", SOON, async || {
        (shell.record(0, "/v1/sealing/epoch").await["formed"] == true).then_some(())
    })
    .await;
    until("keys for stamps", SOON, async || {
        let keys = shell.record(0, "/v1/stamp-keys").await;
        keys.as_array().is_some_and(|keys| keys.len() >= 4).then_some(())
    })
    .await;
    (cluster, dir)
}

/// Publishes a tender that closes 22 days from now, and tells its id.
async fn publish(shell: &Shell<'_>, title: &str) -> String {
    let organiser = shell.key(ORGANISER);
    let projects = shell.record(0, "/v1/projects").await;
    let project = match projects.as_array().and_then(|projects| projects.first()) {
        Some(project) => project["code"].as_str().expect("a code").to_owned(),
        None => {
            shell.write("project.toml", include_str!("../../examples/project.toml"));
            shell.ok(&["tender", "project", "project.toml", "--key", &organiser]).await;
            let projects = shell.record(0, "/v1/projects").await;
            projects[0]["code"].as_str().expect("a code").to_owned()
        }
    };
    let notice = include_str!("../../examples/tender.toml").replace("珠海市示例大桥工程施工招标公告", title);
    shell.write("tender.toml", &notice);
    let published =
        shell.ok(&["tender", "publish", "tender.toml", "--project", &project, "--key", &organiser]).await;
    let tender = published["events"][0]["tender"].as_str();
    tender.unwrap_or_else(|| panic!("no tender in {published}")).to_owned()
}

/// Moves the clock to an instant.
async fn until_time(cluster: &Cluster, from: &str, to: &str) {
    let parse = |text: &str| BlockTime::parse(text).expect("an instant").as_millis();
    cluster.step(parse(to) - parse(from)).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn cluster_bids_are_sealed_held_and_opened_by_the_nodes() {
    let (mut cluster, dir) = network().await;
    let shell = Shell { cluster: &cluster, dir: dir.path().into() };
    let tender = publish(&shell, "第一招标公告").await;

    // A document of more than one piece.
    let plain: Vec<u8> = (0..5_000_000_u32).map(|at| (at % 253) as u8).collect();
    std::fs::write(dir.path().join("technical.bin"), &plain).expect("a file");
    shell.prepare(&tender, CONTRACTORS[0], "first", "39800000.00", "\"technical.bin\"").await;
    shell.refused(&["bid", "withdraw", "first"], 1, Some("bid_unknown")).await;
    // One node cannot give the word of two centres; what it has stays.
    let one = cluster.nodes[0].client.url();
    let said = shell.run_at(one, &["bid", "submit", "first"]);
    assert_eq!(said.code, 2, "{}", said.text);
    shell.ok(&["bid", "submit", "first"]).await;
    shell.refused(&["bid", "submit", "first"], 3, None).await;
    let rehearsed = shell.ok(&["bid", "rehearse", "first"]).await;
    assert_eq!(rehearsed["prices"][0]["price"]["amount"], "39800000.00");

    shell.prepare(&tender, CONTRACTORS[1], "second", "41000000.00", "").await;
    shell.ok(&["bid", "submit", "second"]).await;
    shell.offer("second", "second.bond", "39500000.00", "");
    shell.seal("second", CONTRACTORS[1]).await;
    shell.ok(&["bid", "submit", "second"]).await;
    shell.prepare(&tender, CONTRACTORS[2], "third", "40500000.00", "").await;
    shell.ok(&["bid", "submit", "third"]).await;
    shell.ok(&["bid", "withdraw", "third"]).await;
    // Act 3 of this key is the next; what was sealed as act 1 cannot be it. What is sealed twice is submitted once.
    shell.refused(&["bid", "submit", "third"], 3, None).await;
    shell.seal("third", CONTRACTORS[2]).await;
    shell.seal("third", CONTRACTORS[2]).await;
    shell.ok(&["bid", "submit", "third", "--arrivals"]).await;

    let shown = shell.ok(&["bid", "show", "third"]).await;
    let versions = shown["sealed_versions"].as_array().expect("a list").iter();
    let versions: Vec<_> = versions.map(|one| (&one["version"], &one["sequence"])).collect();
    let expected = [(1, 1), (2, 3), (3, 3)].map(|(version, act)| (Value::from(version), Value::from(act)));
    assert_eq!(versions, expected.iter().map(|(version, act)| (version, act)).collect::<Vec<_>>());
    assert_eq!(
        (&shown["on_the_ledger"]["version"], &shown["on_the_ledger"]["sequence"]),
        (&3.into(), &3.into())
    );

    // Before the opening: names and one-time keys, and nothing else.
    let bids = shell.record(2, &format!("/v1/tenders/{tender}/bids")).await;
    assert_eq!(bids.as_array().map(Vec::len), Some(3));
    assert!(bids[0].as_object().is_some_and(|bid| bid.len() == 2), "{bids}");
    let opened = shell.record(2, &format!("/v1/tenders/{tender}/opened-bids")).await;
    assert_eq!(opened, Value::Array(Vec::new()));

    // Two centres were given the document; a third fetches it by itself, and it survives a restart.
    let sealed = shell.record(0, &format!("/v1/bids/{}", rehearsal_key(&shell, "first"))).await;
    let hash = sealed["documents"][0]["hash"].as_str().expect("a document").to_owned();
    let path = format!("/v1/documents/{hash}");
    let holders = async |cluster: &Cluster| {
        let mut holders = Vec::new();
        for (number, node) in cluster.nodes.iter().enumerate().filter(|(_, node)| node.is_up()) {
            if node.head(&path).await == 200 {
                holders.push(number);
            }
        }
        holders
    };
    let held = until("three holders", SOON, async || {
        let held = holders(&cluster).await;
        (held.len() >= 3).then_some(held)
    })
    .await;

    // A holder is gone for good: the fourth centre takes its place.
    let gone = held.into_iter().max().expect("three holders");
    assert!(gone >= 2, "the clock is stepped through the first node");
    cluster.nodes[gone].kill();
    until("a fourth holder", SOON, async || {
        let others = holders(&cluster).await;
        (others.len() >= 3).then_some(())
    })
    .await;

    // The opening, with that centre down: three of four are enough, and they need nobody's hand.
    let shell = Shell { cluster: &cluster, dir: dir.path().into() };
    let closes = shell.record((gone + 1) % 4, &format!("/v1/tenders/{tender}")).await;
    let opens = closes["opens_at"].as_str().expect("an instant").to_owned();
    until_time(&cluster, GENESIS_TIME, &opens).await;
    cluster.step(1_000).await;
    let up = (gone + 1) % 4;
    until("the opening", SOON, async || {
        (shell.record(up, &format!("/v1/tenders/{tender}")).await["stage"] == "opened").then_some(())
    })
    .await;
    let opened = shell.record(up, &format!("/v1/tenders/{tender}/opened-bids")).await;
    let price = |bidder: Party| {
        let bids = opened.as_array().expect("a list");
        let bid = bids.iter().find(|bid| bid["bidder"] == bidder.code);
        bid.map(|bid| bid["prices"][0]["price"]["amount"].as_str().unwrap_or_default().to_owned())
    };
    let prices = CONTRACTORS.map(price);
    let expected = ["39800000.00", "39500000.00", "40500000.00"].map(|price| Some(price.to_owned()));
    assert_eq!(prices, expected);

    // Everybody can read the document now.
    let written = shell.ok(&["bid", "documents", &tender, CONTRACTORS[0].code, "--into", "opened"]).await;
    let file = written["documents"][0].as_str().expect("a file");
    let found = std::fs::read(dir.path().join(file)).expect("the document");
    assert_eq!(DocumentHash::of(&found), DocumentHash::of(&plain));

    // The centre that was down comes back and agrees.
    cluster.nodes[gone].start();
    cluster.nodes[gone].wait_until_ready().await;
    cluster.agree().await;
}

/// The one-time key of a folder.
fn rehearsal_key(shell: &Shell<'_>, folder: &str) -> String {
    let text = std::fs::read_to_string(shell.dir.join(folder).join("bid.json")).expect("the folder's facts");
    let facts: Value = serde_json::from_str(&text).expect("JSON");
    facts["key"].as_str().expect("a key").to_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn cluster_two_bids_stay_sealed_and_stamps_are_counted() {
    let (cluster, dir) = network().await;
    let shell = Shell { cluster: &cluster, dir: dir.path().into() };
    let tender = publish(&shell, "第二招标公告").await;
    for (number, bidder) in CONTRACTORS.into_iter().take(2).enumerate() {
        let folder = format!("bid{number}");
        shell.prepare(&tender, bidder, &folder, "40000000.00", "").await;
        shell.ok(&["bid", "submit", &folder]).await;
    }
    // Whoever may not bid gets no stamp.
    let organiser = shell.key(ORGANISER);
    let prepare = ["bid", "prepare", "stranger", "--tender", &tender, "--key", &organiser, "--unencrypted"];
    shell.refused(&prepare, 1, Some("invalid_ticket")).await;

    let closes = shell.record(0, &format!("/v1/tenders/{tender}")).await;
    let opens = closes["opens_at"].as_str().expect("an instant").to_owned();
    until_time(&cluster, GENESIS_TIME, &opens).await;
    cluster.step(1_000).await;
    until("the failure", SOON, async || {
        (shell.record(0, &format!("/v1/tenders/{tender}")).await["stage"] == "failed").then_some(())
    })
    .await;
    // Days later they are as sealed as before.
    cluster.step(3 * DAY).await;
    assert_eq!(shell.record(1, &format!("/v1/tenders/{tender}/opening")).await, Value::Null);
    for number in 0..2 {
        let key = rehearsal_key(&shell, &format!("bid{number}"));
        let bid = shell.record(1, &format!("/v1/bids/{key}")).await;
        assert_eq!((&bid["status"], &bid["secret"]), (&Value::from("live"), &Value::Null));
    }
    shell.refused(&["bid", "withdraw", "bid0"], 1, Some("tender_stage_not_permitted")).await;
    shell.refused(&["bid", "open-self", "bid0"], 1, Some("tender_stage_not_permitted")).await;
}
