//! The demonstration's network: homes, genesis, ports and child processes.

use std::fs::{self, File};
use std::io::Write as _;
use std::net::{SocketAddr, TcpListener, UdpSocket};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::time::{Duration, Instant};

use super::cast::{
    BANK, BIDDERS, CENTRES, MORE_BIDDERS, ORGANISER, SECOND_DEVICE, SELLER, STAFF, TIMEKEEPER,
};
use super::progress::Progress;
use crate::api::schema::Readiness;
use crate::cli::client::Client;
use crate::cli::genesis::{CONSTRUCTION_RULES, RULES};
use crate::cli::init::{HomePlan, NewKeys, make_keys, write_config, write_new};
use crate::cli::output::{Failure, Words, words};
use crate::config::{Home, Keys, Peer};
use crate::genesis::{Draft, Organisation, SignOffs};
use crate::keys::Secret;
use ledger::crypto::SigningKey;

/// Marks a directory as one that a demonstration made and may remove.
const MARKER: &str = ".zhulian-demo";
/// Block time of height 0.
pub(super) const GENESIS_TIME: &str = "2026-03-02T09:00:00+08:00";
/// Longest wait for a node to be ready.
const READY_MAX: Duration = Duration::from_secs(30);
/// Longest wait for a node to stop by itself.
const STOP_MAX: Duration = Duration::from_secs(5);

/// Four nodes and everything they live from. Dropping it ends every child.
pub(super) struct Network {
    dir: PathBuf,
    pub(super) nodes: Vec<Node>,
}

/// One node.
pub(super) struct Node {
    pub(super) name: &'static str,
    pub(super) city: &'static str,
    pub(super) client: Client,
    home: Home,
    log: PathBuf,
    process: Option<Process>,
}

impl Node {
    /// What the node is called.
    pub(super) fn title(&self) -> Words {
        words(self.name, self.city)
    }

    /// Whether it runs.
    pub(super) fn is_up(&self) -> bool {
        self.process.is_some()
    }
}

impl Network {
    /// Makes homes, keys, a genesis that all centres signed off, and configurations.
    pub(super) fn prepare(dir: &Path, port_base: u16) -> Result<Self, Failure> {
        fresh_directory(dir)?;
        let ports = free_ports(port_base)?;
        fs::create_dir_all(dir.join("keys")).map_err(|e| no_files(dir, &e))?;
        for key in [SELLER.key, BANK.key, ORGANISER.key, "timekeeper", "stranger", STAFF, SECOND_DEVICE]
            .into_iter()
            .chain(BIDDERS.iter().chain(&MORE_BIDDERS).map(|b| b.key))
        {
            make_key(&dir.join("keys").join(format!("{key}.key")))?;
        }
        let mut plans: Vec<(Home, HomePlan)> = (0..CENTRES.len())
            .map(|i| Ok((home(dir, i), plan(i, &ports)?)))
            .collect::<Result<_, Failure>>()?;
        let centres = plans
            .iter()
            .map(|(home, plan)| make_keys(home, plan, &NewKeys::default()))
            .collect::<Result<Vec<_>, _>>()?;
        let draft = Draft {
            name: "zhulian-demo".into(),
            time: GENESIS_TIME.into(),
            timekeeper: Some(key_of(dir, "timekeeper")?.public_key()),
            certificates_required: true,
            organisations: vec![timekeeper(dir)?],
            rules: format!("{RULES}\n{CONSTRUCTION_RULES}"),
            centres,
        };
        let (text, genesis) = draft.render().map_err(|e| unexpected(&e))?;
        let mut signoffs = SignOffs::empty(&genesis);
        for (home, _) in &plans {
            let secret = Secret::read(&home.consensus_key()).map_err(|e| unexpected(&e))?;
            signoffs.sign(&genesis, &secret.signing_key()).map_err(|e| unexpected(&e))?;
        }
        let peers = (0..CENTRES.len()).map(|i| peer(&draft, i, &ports)).collect::<Result<Vec<_>, _>>()?;
        for (i, (home, plan)) in plans.iter_mut().enumerate() {
            plan.genesis_hash = genesis.hash.to_string();
            plan.peers =
                peers.iter().enumerate().filter(|(j, _)| *j != i).map(|(_, peer)| peer.clone()).collect();
            write_config(home, plan)?;
            write_new(&home.root().join("genesis.toml"), text.as_bytes())?;
            write_new(&home.root().join("signoffs.toml"), signoffs.render().as_bytes())?;
        }
        let nodes = (0..CENTRES.len()).map(|i| node(dir, i, &ports)).collect::<Result<_, _>>()?;
        Ok(Self { dir: dir.into(), nodes })
    }

    /// The key of a party.
    pub(super) fn key(&self, name: &str) -> Result<SigningKey, Failure> {
        key_of(&self.dir, name)
    }

    /// The key with which a centre signs transactions.
    pub(super) fn operator_key(&self, centre: usize) -> Result<SigningKey, Failure> {
        let secret = Secret::read(&self.nodes[centre].home.operator_key()).map_err(|e| unexpected(&e))?;
        Ok(secret.signing_key())
    }

    /// The path of a file in the directory.
    pub(super) fn path(&self, name: &str) -> PathBuf {
        self.dir.join(name)
    }

    /// Writes a file into the directory.
    pub(super) fn write(&self, name: &str, text: &str) -> Result<(), Failure> {
        fs::write(self.dir.join(name), text).map_err(|e| no_files(&self.dir, &e))
    }

    /// Starts all nodes and waits until they can serve.
    pub(super) async fn start_all(&mut self, progress: &mut Progress) -> Result<(), Failure> {
        for node in &mut self.nodes {
            node.start()?;
        }
        for node in &mut self.nodes {
            node.wait_until_ready().await?;
            let title = node.title();
            let url = node.client.url();
            progress.done(&words(
                format!("node {} is ready at {url}", title.en),
                format!("{}节点就绪 {url}", title.zh),
            ));
        }
        Ok(())
    }

    /// Tells all nodes to stop and waits for them.
    pub(super) fn stop(&mut self) {
        // All are told first, so that they stop side by side.
        for process in self.nodes.iter_mut().filter_map(|node| node.process.as_mut()) {
            process.stdin.take();
        }
        for node in &mut self.nodes {
            node.process.take();
        }
    }

    /// Removes the directory.
    pub(super) fn remove(&self) -> Result<(), Failure> {
        fs::remove_dir_all(&self.dir).map_err(|e| no_files(&self.dir, &e))
    }
}

impl Drop for Network {
    fn drop(&mut self) {
        self.stop();
    }
}

impl Node {
    /// Starts the node as a process of its own.
    pub(super) fn start(&mut self) -> Result<(), Failure> {
        let program = std::env::current_exe().map_err(|e| unexpected(&e))?;
        let log =
            File::options().create(true).append(true).open(&self.log).map_err(|e| no_files(&self.log, &e))?;
        let copy = log.try_clone().map_err(|e| no_files(&self.log, &e))?;
        let spawned = Command::new(program)
            .args(["start", "--stop-on-stdin-eof", "--home"])
            .arg(self.home.root())
            .stdin(Stdio::piped())
            .stdout(copy)
            .stderr(log)
            .spawn();
        let mut child = spawned.map_err(|e| unexpected(&e))?;
        let stdin = child.stdin.take();
        self.process = Some(Process { child, stdin });
        Ok(())
    }

    /// Takes the node's seat keys away, or gives them back: a centre that keeps its shares to itself.
    pub(super) fn hide_seat_keys(&self, hide: bool) -> Result<(), Failure> {
        let (hidden, root) = (self.home.root().join("hidden"), self.home.root());
        let (from, to) = if hide { (root, hidden.as_path()) } else { (hidden.as_path(), root) };
        let moved = fs::create_dir_all(&hidden).and_then(|()| {
            for file in fs::read_dir(from)?.flatten() {
                let name = file.file_name();
                if name.to_string_lossy().starts_with("seat-") {
                    fs::rename(file.path(), to.join(name))?;
                }
            }
            Ok(())
        });
        moved.map_err(|e| no_files(root, &e))
    }

    /// Ends the node as a power failure would: SIGKILL.
    pub(super) fn kill(&mut self) {
        if let Some(mut process) = self.process.take() {
            process.kill();
        }
    }

    /// Waits until the node says that it can serve.
    pub(super) async fn wait_until_ready(&mut self) -> Result<(), Failure> {
        let began = Instant::now();
        loop {
            let missing = match self.client.readiness().await {
                Ok(Readiness { ready: true, .. }) => return Ok(()),
                Ok(answer) => unready(&answer),
                Err(error) => format!("{error:?}"),
            };
            let ended = self.process.as_mut().is_none_or(Process::has_ended);
            if ended || began.elapsed() > READY_MAX {
                return Err(self.not_ready(ended, &missing));
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }

    fn not_ready(&self, ended: bool, missing: &str) -> Failure {
        let log = fs::read_to_string(&self.log).unwrap_or_default();
        let tail: Vec<&str> = log.lines().rev().take(8).collect();
        let tail = tail.into_iter().rev().collect::<Vec<_>>().join("\n");
        let (en, zh) = match ended {
            true => ("ended before it was ready", "在就绪前退出"),
            false => ("is not ready", "未就绪"),
        };
        Failure::failed(words(
            format!("Node {} {en} ({missing}). The end of {}:\n{tail}", self.name, self.log.display()),
            format!("{}节点{zh}（{missing}）。日志 {} 末尾：\n{tail}", self.city, self.log.display()),
        ))
    }
}

/// The parts that keep a node from serving.
fn unready(answer: &Readiness) -> String {
    let parts = answer.parts.iter().filter(|part| !part.ready);
    parts.map(|part| format!("{}: {}", part.name, part.detail)).collect::<Vec<_>>().join("; ")
}

/// A child process. It stops when its standard input ends, which also happens when this program is killed.
struct Process {
    child: Child,
    stdin: Option<ChildStdin>,
}

impl Process {
    fn kill(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }

    fn has_ended(&mut self) -> bool {
        !matches!(self.child.try_wait(), Ok(None))
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        self.stdin.take();
        let began = Instant::now();
        while !self.has_ended() {
            if began.elapsed() > STOP_MAX {
                return self.kill();
            }
            std::thread::sleep(Duration::from_millis(20));
        }
    }
}

/// Ports of each node: HTTP, mesh.
type Ports = Vec<(u16, u16)>;

/// The first block of ports from `base` on that nobody uses.
fn free_ports(base: u16) -> Result<Ports, Failure> {
    let block = |first: u16| -> Option<Ports> {
        (0..4u16).map(|i| Some((first.checked_add(i)?, first.checked_add(10 + i)?))).collect()
    };
    (0..60u16)
        .filter_map(|i| block(base.checked_add(i.checked_mul(20)?)?))
        .find(|ports| ports.iter().all(|(http, mesh)| is_free(*http) && is_free(*mesh)))
        .ok_or_else(|| {
            Failure::failed(words(
                format!("No free ports from {base} on. Give another --port-base."),
                format!("自 {base} 起没有空闲端口，请用 --port-base 指定其他端口。"),
            ))
        })
}

fn is_free(port: u16) -> bool {
    TcpListener::bind(("127.0.0.1", port)).is_ok() && UdpSocket::bind(("127.0.0.1", port)).is_ok()
}

/// An empty directory; one that an earlier demonstration made is emptied, any other one is left alone.
fn fresh_directory(dir: &Path) -> Result<(), Failure> {
    if dir.exists() {
        if !dir.join(MARKER).exists() {
            return Err(Failure::failed(words(
                format!(
                    "{} exists and was not made by a demonstration; it is left alone. Give another --dir.",
                    dir.display()
                ),
                format!("{} 已存在且不是演示目录，未作改动。请用 --dir 指定其他目录。", dir.display()),
            )));
        }
        fs::remove_dir_all(dir).map_err(|e| no_files(dir, &e))?;
    }
    fs::create_dir_all(dir).map_err(|e| no_files(dir, &e))?;
    let mut marker = File::create(dir.join(MARKER)).map_err(|e| no_files(dir, &e))?;
    writeln!(marker, "Made by `zhulian demo`; the next demonstration removes this directory.")
        .map_err(|e| no_files(dir, &e))
}

fn home(dir: &Path, centre: usize) -> Home {
    Home::new(dir.join(CENTRES[centre].node))
}

fn plan(centre: usize, ports: &Ports) -> Result<HomePlan, Failure> {
    let (cast, (http, _)) = (&CENTRES[centre], ports[centre]);
    Ok(HomePlan {
        name: cast.node.into(),
        code: cast.code.parse().map_err(|e| unexpected(&e))?,
        title: cast.name.parse().map_err(|e| unexpected(&e))?,
        region: cast.region.parse().map_err(|e| unexpected(&e))?,
        listen: addresses(centre, ports)?,
        api: SocketAddr::from(([127, 0, 0, 1], http)),
        peers: Vec::new(),
        genesis_hash: String::new(),
        keys: Keys::default(),
    })
}

fn addresses(centre: usize, ports: &Ports) -> Result<Vec<libp2p::Multiaddr>, Failure> {
    let mesh = ports[centre].1;
    [format!("/ip4/127.0.0.1/udp/{mesh}/quic-v1"), format!("/ip4/127.0.0.1/tcp/{mesh}")]
        .iter()
        .map(|text| text.parse().map_err(|e| unexpected(&e)))
        .collect()
}

fn peer(draft: &Draft, centre: usize, ports: &Ports) -> Result<Peer, Failure> {
    let key = draft.centres[centre].network_key.parse().map_err(|e| unexpected(&e))?;
    Ok(Peer { key, addresses: addresses(centre, ports)? })
}

fn node(dir: &Path, centre: usize, ports: &Ports) -> Result<Node, Failure> {
    let cast = &CENTRES[centre];
    Ok(Node {
        name: cast.node,
        city: cast.city,
        client: Client::new(&format!("http://127.0.0.1:{}", ports[centre].0))?,
        home: home(dir, centre),
        log: dir.join(format!("{}.log", cast.node)),
        process: None,
    })
}

fn timekeeper(dir: &Path) -> Result<Organisation, Failure> {
    Ok(Organisation {
        code: TIMEKEEPER.0.parse().map_err(|e| unexpected(&e))?,
        name: TIMEKEEPER.1.parse().map_err(|e| unexpected(&e))?,
        region: "440000".parse().map_err(|e| unexpected(&e))?,
        roles: vec!["timekeeper".into()],
        keys: vec![key_of(dir, "timekeeper")?.public_key().to_string()],
    })
}

fn make_key(path: &Path) -> Result<(), Failure> {
    Secret::generate().and_then(|secret| secret.create(path)).map_err(|e| unexpected(&e))
}

fn key_of(dir: &Path, name: &str) -> Result<SigningKey, Failure> {
    let secret = Secret::read(&dir.join("keys").join(format!("{name}.key"))).map_err(|e| unexpected(&e))?;
    Ok(secret.signing_key())
}

fn no_files(path: &Path, error: &std::io::Error) -> Failure {
    Failure::because(
        format!("{}: {error}", path.display()),
        words(
            "The demonstration needs a directory it can write to; give another --dir.",
            "演示需要可写目录，请用 --dir 指定。",
        ),
    )
}

/// Something that the demonstration's own data rules out.
fn unexpected(error: &dyn std::fmt::Display) -> Failure {
    Failure::because(error, words("The demonstration cannot go on.", "演示无法继续。"))
}
