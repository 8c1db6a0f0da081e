//! A proxy between the nodes: every link passes through it and can be made bad, by command and by seed.
//!
//! A link is an ordered pair of nodes and stands for one direction: what the first sends to the second, over
//! UDP or TCP, whoever of the two has dialled. The nodes know one another by the proxy's addresses only; between
//! network namespaces there is no other way, on loopback nothing else is known to them.
//!
//! UDP packets are lost, doubled, delayed each on its own, and so reordered. A TCP stream is ended here and begun
//! anew: there a loss shows as the pause of a retransmission, and a cut as bytes that do not arrive until the link
//! is whole again.

mod condition;
mod dice;
mod flap;
mod link;
mod relay;
mod tcp;
mod udp;

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::Arc;
use std::thread::JoinHandle;

use tokio::sync::oneshot;

pub use condition::{Conditions, Cut};
pub use dice::{Dice, seed};
pub use flap::{Flaps, flap};
pub use link::Counts;

use crate::ground::Ground;
use link::Link;
use relay::Doors;

/// Where one node finds another: the addresses of the proxy for this pair.
#[derive(Clone, Copy, Debug)]
pub struct Dial {
    /// For QUIC.
    pub udp: SocketAddr,
    /// For TCP.
    pub tcp: SocketAddr,
}

/// The links between all nodes. Cheap to clone.
#[derive(Clone)]
pub struct Links {
    links: Arc<BTreeMap<(usize, usize), Link>>,
    nodes: usize,
}

/// A running proxy. Dropping it ends every relay.
pub struct Proxy {
    links: Links,
    doors: Doors,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl Proxy {
    /// Starts the relays of a network that does not run yet, all links whole.
    ///
    /// # Panics
    /// When no address can be bound.
    pub fn start(ground: &Ground, seed: u64) -> Self {
        let links = Links::new(ground.nodes().len(), seed);
        let (stop, stopped) = oneshot::channel();
        let (thread, doors) = relay::start(ground, &links, stopped);
        Self { links, doors, stop: Some(stop), thread: Some(thread) }
    }

    /// The links.
    pub fn links(&self) -> &Links {
        &self.links
    }

    /// Where node `from` finds node `to`.
    pub fn dial(&self, from: usize, to: usize) -> Dial {
        self.doors.dials[&(from, to)]
    }

    /// Where clients find the HTTP interface of a node; the way there is always good.
    pub fn door(&self, node: usize) -> SocketAddr {
        self.doors.http[node]
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        drop(self.stop.take());
        if let Some(thread) = self.thread.take() {
            // Its panic has been printed already.
            let _ = thread.join();
        }
    }
}

impl Links {
    fn new(nodes: usize, seed: u64) -> Self {
        let pairs = (0..nodes).flat_map(|from| (0..nodes).map(move |to| (from, to)));
        let links = pairs
            .filter(|(from, to)| from != to)
            .map(|(from, to)| ((from, to), Link::new(Dice::of(seed, &format!("{from} to {to}")))))
            .collect();
        Self { links: Arc::new(links), nodes }
    }

    fn get(&self, from: usize, to: usize) -> &Link {
        &self.links[&(from, to)]
    }

    /// How many nodes it joins.
    pub fn nodes(&self) -> usize {
        self.nodes
    }

    /// Changes one direction between two nodes.
    pub fn change(&self, from: usize, to: usize, change: impl FnOnce(&mut Conditions)) {
        self.get(from, to).change(change);
    }

    /// Puts all links under these conditions.
    pub fn set_all(&self, conditions: Conditions) {
        self.links.values().for_each(|link| link.change(|now| *now = conditions));
    }

    /// Makes every link whole and fast.
    pub fn heal(&self) {
        self.set_all(Conditions::default());
    }

    /// Cuts or heals what the first sends to the second, and leaves the rest of its conditions.
    pub fn cut_one_way(&self, from: usize, to: usize, cut: Cut) {
        self.change(from, to, |now| now.cut = cut);
    }

    /// Cuts or heals both directions between two nodes.
    pub fn cut(&self, one: usize, other: usize, cut: Cut) {
        self.cut_one_way(one, other, cut);
        self.cut_one_way(other, one, cut);
    }

    /// Cuts every link between this group and all other nodes, both ways.
    pub fn part(&self, group: &[usize]) {
        for (from, to) in self.links.keys() {
            if group.contains(from) != group.contains(to) {
                self.cut_one_way(*from, *to, Cut::All);
            }
        }
    }

    /// What happened on all links together since the start.
    pub fn counts(&self) -> Counts {
        self.links.values().map(Link::counts).sum()
    }

    /// What happened in one direction since the start.
    pub fn counts_of(&self, from: usize, to: usize) -> Counts {
        self.get(from, to).counts()
    }
}
