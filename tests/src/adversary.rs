//! A member that breaks the rules: the network and replica of a real node, under another host.
//!
//! It follows the chain like everybody else, so that its turn to propose comes; then it proposes what it
//! was told to. It can also lie about how far the chain is.

mod crime;
mod host;

use std::sync::{Arc, Mutex, PoisonError};

use ledger::block;
use ledger::crypto::PublicKey;
use ledger::id::Height;
use node::keys::Secret;
use node::network::{self, Limits};
use tokio::task::JoinHandle;

pub use crime::Crime;
use host::Host;

use crate::cluster::Cluster;

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
    task: JoinHandle<()>,
}

impl Adversary {
    /// Takes the place of a node that does not run.
    pub async fn start(cluster: &Cluster, node: usize) -> Self {
        assert!(!cluster.nodes[node].is_up(), "two nodes with one key");
        let home = &cluster.homes.homes[node];
        let members = cluster.homes.members();
        let config =
            network::Config { listen: members[node].addresses.clone(), members, limits: Limits::default() };
        let seed = Secret::read(&home.network_key()).expect("a key").seed().clone();
        let (network, events) = network::start(seed, config).await.expect("a network");
        let orders = Arc::new(Mutex::new(Orders::default()));
        let genesis = std::fs::read(home.root().join("genesis.toml")).expect("a genesis");
        let data = home.root().join("adversary");
        let key = cluster.homes.voter(node);
        let host = Host::new(&cluster.homes.genesis, &genesis, &data, key, network, orders.clone());
        Self { orders, task: tokio::spawn(host.run(events)) }
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
