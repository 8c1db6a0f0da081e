//! Four nodes as four processes on this machine, made as an operator makes them.

use std::fs::{self, File};
use std::net::{SocketAddr, TcpListener, UdpSocket};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context as _, bail, ensure};
use ledger::crypto::SigningKey;
use ledger::genesis::Genesis;
use node::config::{Home, Keys, NodeDescription, Peer, render};
use node::genesis::{Centre, Draft, SignOffs};
use node::host::real_time;
use node::keys::Secret;

use super::client;
use super::process::{Memory, cpu_seconds, memory};
use super::workload::credit_code;

/// Nodes of the network: one fault is borne.
pub(super) const NODES: usize = 4;
/// The rule pack of the examples.
const RULES: &str = include_str!("../../../examples/rules/land-listing-2026.toml");
/// Longest wait for a node to be ready, and for one to stop.
const WAIT: Duration = Duration::from_secs(30);

/// The network. Dropping it ends every process.
pub(super) struct Network {
    nodes: Vec<Node>,
    /// The genesis that all of them began with.
    pub(super) genesis: Genesis,
    /// The same as a file.
    pub(super) genesis_bytes: Vec<u8>,
}

struct Node {
    home: PathBuf,
    api: SocketAddr,
    child: Option<Child>,
}

impl Network {
    /// Makes homes, keys and a genesis on real time below a directory.
    pub(super) fn prepare(dir: &Path) -> anyhow::Result<Self> {
        let ports = free_ports(2 * NODES)?;
        let (api, mesh) = ports.split_at(NODES);
        let homes: Vec<Home> = (0..NODES).map(|i| Home::new(dir.join(format!("node-{i}")))).collect();
        let centres = (0..NODES).map(|i| centre(&homes[i], i)).collect::<anyhow::Result<Vec<_>>>()?;
        let draft = Draft {
            name: "bench".into(),
            time: real_time().to_string(),
            certificates_required: false,
            timekeeper: None,
            centres,
            organisations: Vec::new(),
            rules: far_calendar()?,
        };
        let (text, genesis) = draft.render()?;
        let mut signoffs = SignOffs::empty(&genesis);
        for home in &homes {
            signoffs.sign(&genesis, &Secret::read(&home.consensus_key())?.signing_key())?;
        }
        for (i, home) in homes.iter().enumerate() {
            let description = NodeDescription {
                name: format!("node-{i}"),
                genesis_hash: genesis.hash.to_string(),
                listen: addresses(mesh[i]),
                peers: peers(&draft, mesh, i)?,
                api: format!("127.0.0.1:{}", api[i]),
                keys: Keys::default(),
            };
            fs::write(home.config_file(), render(&description))?;
            fs::write(home.root().join("genesis.toml"), &text)?;
            fs::write(home.root().join("signoffs.toml"), signoffs.render())?;
        }
        let node = |(home, port): (&Home, &u16)| Node {
            home: home.root().to_owned(),
            api: SocketAddr::from(([127, 0, 0, 1], *port)),
            child: None,
        };
        let nodes = homes.iter().zip(api).map(node).collect();
        Ok(Self { nodes, genesis, genesis_bytes: text.into_bytes() })
    }

    /// Starts every node and waits until each can serve.
    pub(super) async fn start(&mut self, program: &Path) -> anyhow::Result<()> {
        for node in &mut self.nodes {
            node.start(program)?;
        }
        for node in &mut self.nodes {
            node.wait_until_ready().await?;
        }
        Ok(())
    }

    /// Tells every node to stop, and waits; each then moves into files what is in memory.
    pub(super) fn stop(&mut self) {
        // All are told first, so that they stop side by side.
        for child in self.nodes.iter_mut().filter_map(|node| node.child.as_mut()) {
            child.stdin.take();
        }
        self.nodes.iter_mut().for_each(Node::stop);
    }

    /// Where the nodes' interfaces are.
    pub(super) fn addresses(&self) -> Vec<SocketAddr> {
        self.nodes.iter().map(|node| node.api).collect()
    }

    /// Process ids.
    pub(super) fn pids(&self) -> Vec<u32> {
        self.nodes.iter().filter_map(|node| node.child.as_ref().map(Child::id)).collect()
    }

    /// Processor seconds used by each node so far.
    pub(super) fn cpu(&self) -> anyhow::Result<Vec<f64>> {
        self.pids().into_iter().map(cpu_seconds).collect()
    }

    /// Memory of each node.
    pub(super) fn memory(&self) -> anyhow::Result<Vec<Memory>> {
        self.pids().into_iter().map(memory).collect()
    }

    /// Where each node keeps its data.
    pub(super) fn data(&self) -> Vec<PathBuf> {
        self.nodes.iter().map(|node| node.home.join("data")).collect()
    }

    /// The key with which a centre signs transactions.
    pub(super) fn operator(&self, node: usize) -> anyhow::Result<SigningKey> {
        let home = Home::new(&self.nodes[node].home);
        Ok(Secret::read(&home.operator_key())?.signing_key())
    }

    /// Waits until all nodes have the same last block, and returns its height.
    pub(super) async fn settled(&self) -> anyhow::Result<u64> {
        let began = Instant::now();
        loop {
            let mut tips = Vec::new();
            for node in &self.nodes {
                let status = client::get(node.api, "/v1/status").await?;
                tips.push((
                    status["height"].as_u64(),
                    status["block_id"].clone(),
                    status["state_root"].clone(),
                ));
            }
            tips.dedup();
            if let [(Some(height), ..)] = tips.as_slice() {
                return Ok(*height);
            }
            ensure!(began.elapsed() < WAIT, "the nodes do not agree: {tips:?}");
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }
}

impl Drop for Network {
    fn drop(&mut self) {
        self.stop();
    }
}

impl Node {
    fn start(&mut self, program: &Path) -> anyhow::Result<()> {
        let log = File::create(self.home.join("node.log"))?;
        let mut command = Command::new(program);
        // A child whose standard input ends stops: so it cannot outlive this program.
        command.args(["start", "--stop-on-stdin-eof", "--home"]).arg(&self.home);
        command.stdin(Stdio::piped()).stdout(log.try_clone()?).stderr(log);
        let spawned = command.spawn();
        self.child = Some(spawned.with_context(|| format!("{} does not start", program.display()))?);
        Ok(())
    }

    async fn wait_until_ready(&mut self) -> anyhow::Result<()> {
        let began = Instant::now();
        while let Err(error) = client::get(self.api, "/readyz").await {
            let ended = self.child.as_mut().is_none_or(|child| !matches!(child.try_wait(), Ok(None)));
            if ended || began.elapsed() > WAIT {
                let log = fs::read_to_string(self.home.join("node.log")).unwrap_or_default();
                let tail = log.lines().rev().take(5).collect::<Vec<_>>().join("\n");
                bail!(
                    "{} is not ready ({error:#}); its log ends, last line first:\n{tail}",
                    self.home.display()
                );
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        Ok(())
    }

    fn stop(&mut self) {
        let Some(mut child) = self.child.take() else { return };
        child.stdin.take();
        let began = Instant::now();
        while matches!(child.try_wait(), Ok(None)) {
            if began.elapsed() > WAIT {
                // It has had its time; what is left is to see that it is gone.
                let _ = child.kill();
                let _ = child.wait();
                return;
            }
            std::thread::sleep(Duration::from_millis(20));
        }
    }
}

/// Keys and genesis entry of a centre.
fn centre(home: &Home, index: usize) -> anyhow::Result<Centre> {
    fs::create_dir_all(home.root())?;
    let make = |path: PathBuf| -> anyhow::Result<String> {
        let secret = Secret::generate()?;
        secret.create(&path)?;
        Ok(secret.public_key().to_string())
    };
    Ok(Centre {
        code: credit_code("12440000CT", index)?,
        name: format!("第{index}号测速交易中心").parse()?,
        region: "440000".parse()?,
        consensus_key: make(home.consensus_key())?,
        network_key: make(home.network_key())?,
        keys: vec![make(home.operator_key())?],
    })
}

fn addresses(port: u16) -> Vec<String> {
    vec![format!("/ip4/127.0.0.1/udp/{port}/quic-v1"), format!("/ip4/127.0.0.1/tcp/{port}")]
}

/// The other members, as node `own` is told of them.
fn peers(draft: &Draft, mesh: &[u16], own: usize) -> anyhow::Result<Vec<Peer>> {
    let others = draft.centres.iter().zip(mesh).enumerate().filter(|(i, _)| *i != own);
    others
        .map(|(_, (centre, port))| {
            let addresses = addresses(*port).iter().map(|a| a.parse()).collect::<Result<_, _>>()?;
            Ok(Peer { key: centre.network_key.parse()?, addresses })
        })
        .collect()
}

/// The rule pack with a holiday table that goes on: a measurement must not end with a year.
fn far_calendar() -> anyhow::Result<String> {
    let line =
        RULES.lines().find(|line| line.starts_with("last = ")).context("the rule pack has no last day")?;
    Ok(RULES.replace(line, "last = \"2199-12-31\""))
}

/// Ports that nobody uses now, for TCP and UDP alike.
fn free_ports(count: usize) -> anyhow::Result<Vec<u16>> {
    let mut held = Vec::new();
    for _ in 0..count * 20 {
        let tcp = TcpListener::bind(("127.0.0.1", 0))?;
        let port = tcp.local_addr()?.port();
        if let Ok(udp) = UdpSocket::bind(("127.0.0.1", port)) {
            held.push((port, tcp, udp));
        }
        if held.len() == count {
            return Ok(held.iter().map(|(port, ..)| *port).collect());
        }
    }
    bail!("no {count} free ports")
}
