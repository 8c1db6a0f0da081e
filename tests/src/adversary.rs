//! A member that breaks the rules: the network and replica of a real node, under another host.
//!
//! It follows the chain like everybody else, so that its turn to propose comes; then it proposes what it
//! was told to. It can also lie about how far the chain is.

mod crime;
mod host;

use std::net::{SocketAddr, TcpListener, UdpSocket};
use std::sync::{Arc, Mutex, PoisonError};

use consensus::Message;
use ledger::block;
use ledger::crypto::PublicKey;
use ledger::id::Height;
use node::keys::Secret;
use node::network::{self, Channel, Limits};
use tokio::task::JoinHandle;

pub use crime::Crime;
use host::Host;

use crate::cluster::{Cluster, PATIENCE, until};

/// An adversary makes a state snapshot at every multiple of this height.
pub const SNAPSHOT_EVERY: u64 = 10;
/// The pieces of its snapshots have about this many bytes.
pub const SNAPSHOT_CHUNK_BYTES: usize = 1 << 10;

/// What the adversary is to do, and what came of it.
#[derive(Debug, Default)]
struct Orders {
    /// The crime for its next turn.
    crime: Option<Crime>,
    /// The last block that it should not have proposed.
    committed: Option<Offence>,
    /// Claim heights that nobody has, and give no blocks.
    lie: bool,
    /// Whether it takes part in votes.
    silent: bool,
    /// Whether it votes for nil besides every vote for a block.
    double: bool,
    /// What it does when somebody asks for a piece of a state snapshot.
    chunks: Chunks,
}

/// How an adversary gives pieces of a state snapshot.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Chunks {
    /// Honestly.
    #[default]
    Honest,
    /// This many honestly, and then none.
    Few(usize),
    /// With one byte changed.
    Spoiled,
}

/// A proposed block that is not as it should be.
#[derive(Clone, Debug)]
pub struct Offence {
    /// The height.
    pub height: Height,
    /// The block.
    pub block_id: block::Id,
    /// Who prevoted or precommitted it, apart from the adversary.
    pub votes: Vec<PublicKey>,
}

/// An adversary in the place of one node.
pub struct Adversary {
    orders: Arc<Mutex<Orders>>,
    network: network::Handle,
    mesh: SocketAddr,
    task: JoinHandle<()>,
}

impl Adversary {
    /// Takes the place of a node that does not run.
    pub async fn start(cluster: &Cluster, node: usize) -> Self {
        assert!(!cluster.nodes[node].is_up(), "two nodes with one key");
        let home = &cluster.homes.homes[node];
        let members = cluster.homes.members();
        let config = network::Config {
            listen: members[node].addresses.clone(),
            members,
            chain: cluster.chain().to_string(),
            limits: Limits::default(),
        };
        let seed = Secret::read(&home.network_key()).expect("a key").seed().clone();
        let (network, events) = network::start(seed, config).await.expect("a network");
        let orders = Arc::new(Mutex::new(Orders::default()));
        let genesis = std::fs::read(home.root().join("genesis.toml")).expect("a genesis");
        let data = home.root().join("adversary");
        let key = cluster.homes.voter(node);
        let host = Host::new(&cluster.homes.genesis, &genesis, &data, key, network.clone(), orders.clone());
        let mesh = cluster.homes.places[node].mesh;
        Self { orders, network, mesh, task: tokio::spawn(host.run(events)) }
    }

    fn with<T>(&self, act: impl FnOnce(&mut Orders) -> T) -> T {
        act(&mut self.orders.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Sets the crime for its next turn to propose.
    pub fn plan(&self, crime: Crime) {
        self.with(|orders| (orders.crime, orders.committed) = (Some(crime), None));
    }

    /// The crime, once it was committed.
    pub fn offence(&self) -> Option<Offence> {
        self.with(|orders| orders.committed.clone())
    }

    /// Ends it and frees its addresses.
    pub async fn stop(mut self) {
        self.task.abort();
        let _ = (&mut self.task).await;
        self.network.shutdown().await;
        // The transports close their sockets a moment later.
        until("the ports of an adversary", PATIENCE, async || {
            let free = UdpSocket::bind(self.mesh).is_ok() && TcpListener::bind(self.mesh).is_ok();
            free.then_some(())
        })
        .await;
    }

    /// From now on it gives pieces of state snapshots in this way.
    pub fn give_chunks(&self, how: Chunks) {
        self.with(|orders| orders.chunks = how);
    }

    /// Tells everybody something, whatever its replica thinks of it.
    pub fn say(&self, message: &Message) {
        let _ = self.network.broadcast(Channel::Consensus, message.encode().into());
    }

    /// From now on it votes no more, claims heights that nobody has, and keeps whoever asks for their blocks
    /// waiting.
    pub fn lie(&self) {
        self.with(|orders| (orders.lie, orders.silent) = (true, true));
    }

    /// From now on, or no longer, it signs a vote for nil with every vote for a block.
    pub fn sign_twice(&self, double: bool) {
        self.with(|orders| orders.double = double);
    }
}

impl Drop for Adversary {
    fn drop(&mut self) {
        self.task.abort();
    }
}
