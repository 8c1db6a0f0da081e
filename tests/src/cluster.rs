//! Four real nodes as processes on loopback: start, kill, restart, look.

use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::fs::{self, File};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::OnceLock;
use std::time::{Duration, Instant, SystemTime};

use ledger::action::Action;
use ledger::crypto::SigningKey;
use ledger::governance::Change;
use ledger::id::{ChainId, ChangeId};
use ledger::procedure::approval::ApproveChange;
use ledger::procedure::proposal::ProposeChange;
use node::api::schema::{Phase, Status, SubmitResult};
use node::cli::client::{Client, ClientError, Wait, is_committed};
use node::config::Home;
use rustix::process::{Pid, Signal, kill_process};

use crate::acts::{CENTRES, EXPIRY, Signed, TIMEKEEPER, admission, sign};
use crate::ground::Ground;
use crate::homes::{Clock, Homes, Trades};
use crate::proxy::Proxy;

/// Longest wait for something that happens soon on an idle machine.
pub const PATIENCE: Duration = Duration::from_secs(40);

/// What every node of a test is told, unless the test says otherwise: little memory, little room.
const SETTINGS: [(&str, &str); 5] = [
    ("ZHULIAN_DISK_RESERVE_BYTES", "16777216"),
    ("ZHULIAN_STORE_BLOCK_CACHE_BYTES", "8388608"),
    ("ZHULIAN_STORE_WRITE_BUFFER_BYTES", "8388608"),
    ("ZHULIAN_STORE_NODE_CACHE_BYTES", "8388608"),
    ("ZHULIAN_LOG_FORMAT", "text"),
];

/// Where a node stands.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Tip {
    /// Height.
    pub height: u64,
    /// Block id.
    pub block: String,
    /// State root.
    pub state: String,
    /// Log root.
    pub log: String,
}

/// Four nodes. Dropping it kills every process.
pub struct Cluster {
    /// The nodes.
    pub nodes: Vec<Node>,
    /// Their homes.
    pub homes: Homes,
    /// Where the nodes of a linked network stand.
    pub ground: Option<Ground>,
    _alone: Alone,
}

impl Cluster {
    /// Makes the homes; no node runs yet.
    pub fn prepare(clock: Clock) -> Self {
        Self::prepare_with_window(clock, None)
    }

    /// The same; the network has the rules of tenders too.
    pub fn prepare_with_tenders(clock: Clock) -> Self {
        let alone = Alone::wait();
        let homes = Homes::with_trades(clock, None, Trades::Tenders);
        let nodes = (0..homes.homes.len()).map(|i| Node::new(&homes, i, homes.places[i].http)).collect();
        Self { nodes, homes, ground: None, _alone: alone }
    }

    /// The same; transactions expire after this many heights.
    pub fn prepare_with_window(clock: Clock, window: Option<u64>) -> Self {
        let alone = Alone::wait();
        let homes = Homes::with_window(clock, window);
        let nodes = (0..homes.homes.len()).map(|i| Node::new(&homes, i, homes.places[i].http)).collect();
        Self { nodes, homes, ground: None, _alone: alone }
    }

    /// Makes the homes of nodes whose every link goes through a proxy, each node in a network namespace of its own
    /// where that is permitted; no node runs yet.
    pub fn prepare_linked(clock: Clock, seed: u64) -> (Self, Proxy) {
        let alone = Alone::wait();
        let ground = Ground::make(CENTRES.len());
        let proxy = Proxy::start(&ground, seed);
        let homes = Homes::behind(clock, &ground, &proxy);
        let mut nodes: Vec<Node> =
            (0..homes.homes.len()).map(|i| Node::new(&homes, i, proxy.door(i))).collect();
        for (i, node) in nodes.iter_mut().enumerate() {
            node.within = ground.within(i);
        }
        (Self { nodes, homes, ground: Some(ground), _alone: alone }, proxy)
    }

    /// The same with all nodes started.
    pub async fn start_linked(clock: Clock, seed: u64) -> (Self, Proxy) {
        let (mut cluster, proxy) = Self::prepare_linked(clock, seed);
        cluster.start_all().await;
        (cluster, proxy)
    }

    /// Makes the homes and starts all nodes.
    pub async fn start(clock: Clock) -> Self {
        let mut cluster = Self::prepare(clock);
        cluster.start_all().await;
        cluster.cosigners().await;
        cluster
    }

    /// Waits until every node has named its keys for checkpoints, which it does by itself: after that no transaction is
    /// recorded but those of the test.
    pub async fn cosigners(&self) {
        let members = self.nodes.len();
        until("the cosigners of all nodes", PATIENCE, async || {
            let (_, policy) = self.nodes[0].get("/v1/policy").await;
            (policy.matches("witness ").count() == members).then_some(())
        })
        .await;
    }

    /// Starts every node that does not run, and waits until all are ready.
    pub async fn start_all(&mut self) {
        self.nodes.iter_mut().filter(|node| !node.is_up()).for_each(Node::start);
        for node in &mut self.nodes {
            node.wait_until_ready().await;
        }
    }

    /// Makes the home of one more centre and tells its number; the node does not run yet.
    pub fn join(&mut self) -> usize {
        let own = self.homes.join();
        self.nodes.push(Node::new(&self.homes, own, self.homes.places[own].http));
        own
    }

    /// Has a change proposed by the first of these members and approved by the others, all through the node of
    /// the first, and tells its id.
    pub async fn decide(&self, members: &[usize], change: Change) -> ChangeId {
        let proposal = Action::ProposeChange(ProposeChange { change });
        let proposed = self.record(members[0], &self.homes.operator(members[0]), proposal).await;
        let id: ChangeId = proposed.id.expect("what is recorded has an id").parse().expect("an id");
        for member in &members[1..] {
            let approval = Action::ApproveChange(ApproveChange { change: id });
            self.record(members[0], &self.homes.operator(*member), approval).await;
        }
        id
    }

    /// The chain.
    pub fn chain(&self) -> &ChainId {
        &self.homes.genesis.chain_id
    }

    /// Signs an act that stands for as long as the test runs.
    pub fn sign(&self, key: &SigningKey, action: Action) -> Signed {
        sign(self.chain(), key, action, EXPIRY)
    }

    /// Has an act recorded through a node, and says where.
    pub async fn record(&self, node: usize, key: &SigningKey, action: Action) -> SubmitResult {
        self.nodes[node].record(&self.sign(key, action)).await
    }

    /// Has an admission recorded through a node: one block on an idle network.
    pub async fn admit(&self, node: usize) -> SubmitResult {
        self.record(node, &self.homes.operator(node), admission()).await
    }

    /// Moves the clock.
    pub async fn step(&self, millis: u64) -> SubmitResult {
        self.record(0, &TIMEKEEPER.key(), crate::acts::step(millis)).await
    }

    /// Waits until all nodes that run stand at the same tip, and tells it.
    pub async fn agree(&self) -> Tip {
        self.agree_within(PATIENCE).await
    }

    /// The same with another bound.
    pub async fn agree_within(&self, patience: Duration) -> Tip {
        until("the same tip everywhere", patience, async || {
            let mut tips = Vec::new();
            for node in self.nodes.iter().filter(|node| node.is_up()) {
                tips.push(node.tip().await?);
            }
            tips.dedup();
            if let [tip] = tips.as_slice() { Some(tip.clone()) } else { None }
        })
        .await
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        for node in &mut self.nodes {
            node.kill();
        }
        if std::thread::panicking() {
            for node in &self.nodes {
                eprintln!("--- the end of the log of {}\n{}", node.name, node.log_tail(25));
            }
        }
    }
}

/// One node.
pub struct Node {
    /// Its name.
    pub name: String,
    /// Talks to its HTTP interface.
    pub client: Client,
    /// Its home.
    pub home: Home,
    /// Settings of its own, as environment variables.
    pub settings: BTreeMap<String, String>,
    /// A program with its arguments that runs the node under it, in the same process.
    pub under: Vec<String>,
    /// What puts the process into its network namespace.
    within: Vec<String>,
    log: PathBuf,
    process: Option<(Child, Option<ChildStdin>)>,
}

impl Node {
    /// A node that clients find at `door`.
    fn new(homes: &Homes, i: usize, door: SocketAddr) -> Self {
        let name = format!("node{i}");
        let url = format!("http://{door}");
        Self {
            client: Client::new(&url).unwrap_or_else(|e| panic!("{url}: {}", e.message.en)),
            home: homes.homes[i].clone(),
            settings: SETTINGS.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect(),
            under: Vec::new(),
            within: Vec::new(),
            log: homes.dir().join(format!("{name}.log")),
            process: None,
            name,
        }
    }

    /// Changes a setting from the next start on: `ZHULIAN_<SECTION>_<KEY>`.
    pub fn set(&mut self, name: &str, value: impl ToString) {
        self.settings.insert(name.to_owned(), value.to_string());
    }

    /// Where it keeps its data.
    pub fn data_dir(&self) -> PathBuf {
        let set = self.settings.get("ZHULIAN_NODE_DATA_DIR");
        set.map_or_else(|| self.home.root().join("data"), PathBuf::from)
    }

    /// Whether it was started and not killed.
    pub fn is_up(&self) -> bool {
        self.process.is_some()
    }

    /// The number of its process, while it runs.
    pub fn pid(&self) -> Option<u32> {
        self.process.as_ref().map(|(child, _)| child.id())
    }

    /// Starts the process.
    pub fn start(&mut self) {
        assert!(!self.is_up(), "{} runs already", self.name);
        let log = File::options().create(true).append(true).open(&self.log).expect("a log file");
        let mut words = self.within.iter().chain(&self.under).map(OsStr::new).chain([program().as_os_str()]);
        let mut command = Command::new(words.next().expect("a program"));
        command.args(words).args(["start", "--stop-on-stdin-eof", "--home"]).arg(self.home.root());
        for (name, _) in std::env::vars().filter(|(name, _)| name.starts_with("ZHULIAN_")) {
            command.env_remove(name);
        }
        command
            .envs(&self.settings)
            .env("NO_COLOR", "1")
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(log);
        let mut child = command.spawn().expect("the program starts");
        let stdin = child.stdin.take();
        self.process = Some((child, stdin));
    }

    /// SIGKILL, as a power failure would end it.
    pub fn kill(&mut self) {
        if let Some((mut child, _)) = self.process.take() {
            // It may have ended by itself.
            let _ = child.kill();
            let _ = child.wait();
        }
    }

    /// SIGSTOP: it stands still until [`Self::resume`], as a machine does that is suspended.
    pub fn pause(&self) {
        self.signal(Signal::STOP);
    }

    /// SIGCONT.
    pub fn resume(&self) {
        self.signal(Signal::CONT);
    }

    fn signal(&self, signal: Signal) {
        let (child, _) = self.process.as_ref().unwrap_or_else(|| panic!("{} does not run", self.name));
        kill_process(Pid::from_child(child), signal).expect("a signal to our own child");
    }

    /// Tells it to stop, as SIGTERM does, and returns its exit code.
    pub async fn stop(&mut self) -> Option<i32> {
        if let Some((_, stdin)) = &mut self.process {
            drop(stdin.take());
        }
        self.wait_for_end().await
    }

    /// Waits until the process has ended by itself and returns its exit code.
    pub async fn wait_for_end(&mut self) -> Option<i32> {
        let Some((mut child, _stdin)) = self.process.take() else { panic!("{} does not run", self.name) };
        until("the end of the process", PATIENCE, async || child.try_wait().expect("a child")).await.code()
    }

    /// Starts it, expects that it refuses, and returns its exit code and what it said.
    pub async fn refused_start(&mut self) -> (Option<i32>, String) {
        let before = fs::metadata(&self.log).map_or(0, |m| m.len());
        self.start();
        let code = self.wait_for_end().await;
        let log = fs::read(&self.log).expect("a log file");
        let said = log.get(usize::try_from(before).expect("a short log")..).unwrap_or_default();
        (code, String::from_utf8_lossy(said).into_owned())
    }

    /// Waits until it says that it is ready.
    pub async fn wait_until_ready(&mut self) {
        let Self { client, process, name, .. } = self;
        until(&format!("{name} to be ready"), PATIENCE, async || {
            let (child, _) = process.as_mut()?;
            if let Ok(Some(status)) = child.try_wait() {
                panic!("{name} ended: {status}");
            }
            client.get::<serde_json::Value>("/readyz").await.ok()
        })
        .await;
    }

    /// Where it stands, if it answers.
    pub async fn status(&self) -> Option<Status> {
        self.client.status().await.ok()
    }

    /// Where it stands; it must answer.
    pub async fn must_status(&self) -> Status {
        self.client.status().await.unwrap_or_else(|e| panic!("{}: {e:?}", self.name))
    }

    /// Its tip, if it answers.
    pub async fn tip(&self) -> Option<Tip> {
        let status = self.status().await?;
        let Status { height, block_id: block, state_root: state, log_root: log, .. } = status;
        Some(Tip { height, block, state, log })
    }

    /// Its height; it must answer.
    pub async fn height(&self) -> u64 {
        self.must_status().await.height
    }

    /// Waits until it stands at this height or above.
    pub async fn reach(&self, height: u64) {
        self.reach_within(height, PATIENCE).await;
    }

    /// The same with another bound.
    pub async fn reach_within(&self, height: u64, patience: Duration) {
        let what = format!("{} at height {height}", self.name);
        until(&what, patience, async || self.status().await.filter(|status| status.height >= height)).await;
    }

    /// Waits until it is in this phase.
    pub async fn until_phase(&self, wanted: &Phase) -> Status {
        let what = format!("{} to be {wanted:?}", self.name);
        until(&what, PATIENCE, async || self.status().await.filter(|status| status.phase == *wanted)).await
    }

    /// Has a transaction recorded, waiting for it; a node that is busy catching up is asked again.
    pub async fn record(&self, signed: &Signed) -> SubmitResult {
        let what = format!("{} recorded through {}", signed.id, self.name);
        until(&what, PATIENCE, async || {
            match self.client.submit(&signed.bytes, Wait::Committed(Duration::from_secs(10))).await {
                Ok(result) => Some(result).filter(is_committed),
                Err(ClientError::Refused(problem)) if problem.status >= 500 => None,
                Err(error) => panic!("{what}: {error:?}"),
            }
        })
        .await
    }

    /// The code with which it refuses these bytes; `None` when it takes them.
    pub async fn refusal(&self, bytes: &[u8]) -> Option<String> {
        match self.client.submit(bytes, Wait::Committed(Duration::from_secs(2))).await {
            Ok(_) => None,
            Err(ClientError::Refused(problem)) => Some(problem.code),
            Err(error) => panic!("{}: {error:?}", self.name),
        }
    }

    /// Status code and body of a path.
    pub async fn get(&self, path: &str) -> (u16, String) {
        let url = format!("{}{path}", self.client.url());
        let answer = reqwest::get(&url).await.unwrap_or_else(|e| panic!("{url}: {e}"));
        (answer.status().as_u16(), answer.text().await.unwrap_or_default())
    }

    /// Status code of a path, without its body.
    pub async fn head(&self, path: &str) -> u16 {
        let url = format!("{}{path}", self.client.url());
        let answer = reqwest::Client::new().head(&url).send().await;
        answer.unwrap_or_else(|e| panic!("{url}: {e}")).status().as_u16()
    }

    /// Everything it wrote to its log.
    pub fn log(&self) -> String {
        fs::read_to_string(&self.log).unwrap_or_default()
    }

    fn log_tail(&self, lines: usize) -> String {
        let log = self.log();
        let tail: Vec<&str> = log.lines().rev().take(lines).collect();
        tail.into_iter().rev().collect::<Vec<_>>().join("\n")
    }
}

impl Drop for Node {
    fn drop(&mut self) {
        self.kill();
    }
}

/// Waits until `probe` finds something.
///
/// # Panics
/// When it takes longer than `within`.
pub async fn until<T>(what: &str, within: Duration, mut probe: impl AsyncFnMut() -> Option<T>) -> T {
    let began = Instant::now();
    loop {
        if let Some(found) = probe().await {
            return found;
        }
        assert!(began.elapsed() < within, "waited {within:?} for {what}");
        tokio::time::sleep(Duration::from_millis(30)).await;
    }
}

/// One network at a time on this machine: the tests measure time and share two cores.
struct Alone(#[expect(dead_code, reason = "the lock is held for as long as the file is open")] File);

impl Alone {
    fn wait() -> Self {
        let path = std::env::temp_dir().join("zhulian-scenarios.lock");
        let file = File::options().create(true).truncate(false).write(true).open(path).expect("a lock file");
        file.lock().expect("a lock");
        Self(file)
    }
}

/// The program under test: that of this build, made now when it is missing or older than its sources.
/// `ZHULIAN_TEST_PROGRAM` names another one.
pub fn program() -> &'static Path {
    static PROGRAM: OnceLock<PathBuf> = OnceLock::new();
    PROGRAM.get_or_init(|| {
        if let Some(other) = std::env::var_os("ZHULIAN_TEST_PROGRAM") {
            return PathBuf::from(other);
        }
        let own = std::env::current_exe().expect("the test's own path");
        let release = own.parent().and_then(Path::parent).expect("a test stands in target/release/deps");
        let program = release.join("zhulian");
        if !is_fresh(&program) {
            eprintln!("{} is missing or older than its sources; building it", program.display());
            let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
            let mut build = Command::new(cargo);
            // The whole workspace chooses the features, as everywhere, so that nothing is compiled twice.
            build.args(["build", "--release", "--locked", "--workspace", "--bin", "zhulian"]);
            build.arg("--target-dir").arg(release.parent().expect("target/release has a parent"));
            let built = build.current_dir(env!("CARGO_MANIFEST_DIR")).status();
            assert!(
                built.is_ok_and(|status| status.success()),
                "run `cargo build --release --workspace --bin zhulian`"
            );
        }
        program
    })
}

fn is_fresh(program: &Path) -> bool {
    let Ok(built) = fs::metadata(program).and_then(|m| m.modified()) else { return false };
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("the workspace");
    ["ledger/src", "consensus/src", "node/src"].iter().all(|dir| newest(&root.join(dir)) <= built)
}

fn newest(directory: &Path) -> SystemTime {
    let entries = fs::read_dir(directory).into_iter().flatten().flatten();
    let time = |path: PathBuf| match path.is_dir() {
        true => newest(&path),
        false => fs::metadata(&path).and_then(|m| m.modified()).unwrap_or(SystemTime::UNIX_EPOCH),
    };
    entries.map(|entry| time(entry.path())).max().unwrap_or(SystemTime::UNIX_EPOCH)
}
