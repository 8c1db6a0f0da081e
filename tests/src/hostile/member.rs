//! A member that floods: its key is good, so it is let in, and it sends as much as the links take.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use bytes::Bytes;
use consensus::Message;
use consensus::message::{SignedVote, Vote};
use ledger::block;
use ledger::certificate::VoteType;
use ledger::codec;
use ledger::crypto::SigningKey;
use ledger::hash::sha256;
use ledger::id::{ChainId, Height};
use ledger::transaction::{Payload, sign};
use minicbor::bytes::ByteVec;
use node::keys::Secret;
use node::network::{self, Channel, Events, Limits};
use node::wire::{MAX_GOSSIP_BYTES, Question};
use tokio::task::JoinSet;

use crate::acts::{EXPIRY, admission, key};
use crate::cluster::{Cluster, PATIENCE, until};

/// Pause between two rounds of frames: the queues to the peers are full long before.
const PAUSE: Duration = Duration::from_millis(5);

/// A flooding member in the place of a node.
pub struct Flood {
    network: network::Handle,
    sent: Arc<AtomicU64>,
    tasks: JoinSet<()>,
}

impl Flood {
    /// Takes the place of a node that does not run, and begins.
    pub async fn start(cluster: &Cluster, node: usize) -> Self {
        Self::with(cluster, node, Limits::default()).await
    }

    /// The same with channels of its own that take longer frames than the others allow.
    pub async fn oversized(cluster: &Cluster, node: usize) -> Self {
        let mut limits = Limits::default();
        for channel in [&mut limits.consensus, &mut limits.transactions] {
            channel.frame_bytes_max = 64 << 20;
            channel.queue_bytes_max = 128 << 20;
        }
        Self::with(cluster, node, limits).await
    }

    async fn with(cluster: &Cluster, node: usize, limits: Limits) -> Self {
        assert!(!cluster.nodes[node].is_up(), "two nodes with one key");
        let members = cluster.homes.members();
        let oversized = limits.consensus.frame_bytes_max > Limits::default().consensus.frame_bytes_max;
        let config = || network::Config {
            listen: members[node].addresses.clone(),
            members: members.clone(),
            chain: cluster.chain().to_string(),
            limits: limits.clone(),
        };
        let home = &cluster.homes.homes[node];
        let seed = Secret::read(&home.network_key()).expect("a key").seed().clone();
        // Whoever had the ports before may need a moment to let them go.
        let (network, events) = until("the ports of a member", PATIENCE, async || {
            network::start(seed.clone(), config()).await.ok()
        })
        .await;
        let sent = Arc::new(AtomicU64::new(0));
        let mut tasks = JoinSet::new();
        tasks.spawn(ignore(events));
        let frames = if oversized {
            vec![(Channel::Consensus, vec![Bytes::from(vec![0; 32 << 20])])]
        } else {
            let (voter, chain) = (cluster.homes.voter(node), cluster.chain());
            vec![
                (Channel::Consensus, votes(&voter, chain)),
                (Channel::Blocks, blocks()),
                (Channel::Transactions, gossip(chain)),
            ]
        };
        for (channel, frames) in frames {
            tasks.spawn(send(network.clone(), channel, frames, sent.clone()));
        }
        for member in members {
            for _ in 0..8 {
                tasks.spawn(ask(network.clone(), member.public_key));
            }
        }
        Self { network, sent, tasks }
    }

    /// Bytes that were offered to the others so far; its own queues keep the newest of them.
    pub fn sent(&self) -> u64 {
        self.sent.load(Ordering::Relaxed)
    }

    /// Ends it and frees its ports.
    pub async fn stop(mut self) {
        self.tasks.shutdown().await;
        self.network.shutdown().await;
    }
}

async fn ignore(mut events: Events) {
    while events.recv().await.is_some() {}
}

async fn send(network: network::Handle, channel: Channel, frames: Vec<Bytes>, sent: Arc<AtomicU64>) {
    loop {
        for frame in &frames {
            if let Ok(peers) = network.broadcast(channel, frame.clone()) {
                sent.fetch_add(peers as u64 * frame.len() as u64, Ordering::Relaxed);
            }
        }
        tokio::time::sleep(PAUSE).await;
    }
}

/// Asks for all blocks, and never for the next ones.
async fn ask(network: network::Handle, peer: [u8; 32]) {
    loop {
        let question = Question::Blocks { from: Height::new(1) }.encode();
        let _ = network.request(&peer, question, Duration::from_secs(5)).await;
        tokio::time::sleep(PAUSE).await;
    }
}

/// Votes of its own for heights and blocks that do not exist, well signed, and noise.
fn votes(voter: &SigningKey, chain: &ChainId) -> Vec<Bytes> {
    let vote = |i: u32| {
        let vote = Vote {
            height: Height::new(u64::from(i % 50)),
            round: i % 7,
            vote_type: if i.is_multiple_of(2) { VoteType::Prevote } else { VoteType::Precommit },
            voter: voter.public_key(),
            block_id: Some(block::Id::from_bytes(sha256(&i.to_be_bytes()))),
        };
        let signature = voter.sign(&vote.sign_bytes(chain));
        Bytes::from(Message::Vote(SignedVote { vote, signature }).encode())
    };
    let noise = Bytes::from(vec![0x9b; 200 << 10]);
    (0..2_000).map(vote).chain([noise]).collect()
}

/// Bodies of blocks that nobody asked for, as long as a frame may be.
fn blocks() -> Vec<Bytes> {
    let body = |i: u8| Message::Block {
        height: Height::new(u64::from(i) + 1),
        round: 0,
        block_id: block::Id::from_bytes([i; 32]),
        body: vec![i; 15 << 20].into(),
    };
    (0..2).map(|i| Bytes::from(body(i).encode())).collect()
}

/// Transactions under wrong signatures, and frames of as many empty ones as fit.
fn gossip(chain: &ChainId) -> Vec<Bytes> {
    let stranger = key("a flooding stranger");
    let forged = |i: u8| {
        let mut salt = [0; 16];
        salt[0] = i;
        let payload =
            Payload { action: admission(), expiry: Height::new(EXPIRY), salt, approvals: Vec::new() };
        let mut bytes = sign(chain, &stranger, &payload);
        *bytes.last_mut().expect("a signature") ^= 1;
        ByteVec::from(bytes)
    };
    let wrong: Vec<ByteVec> = (0..200).map(forged).collect();
    let empty = vec![ByteVec::from(Vec::new()); MAX_GOSSIP_BYTES - 5];
    vec![codec::encode(&wrong).into(), codec::encode(&empty).into()]
}
