//! What nodes hold, read back block by block and compared with what clients were told.

use std::collections::{BTreeMap, VecDeque};
use std::time::Duration;

use node::api::schema::Block;
use node::cli::client::Client;

use crate::cluster::{Cluster, PATIENCE};
use crate::load::Acknowledged;

/// Blocks of one node that are asked for at a time.
const AHEAD: u64 = 16;

/// Everything that one node holds.
#[derive(Debug, PartialEq, Eq)]
pub struct Records {
    /// Ids of the blocks, in order.
    pub blocks: Vec<String>,
    /// Blocks without a transaction.
    pub empty: usize,
    /// Where each transaction stands.
    pub transactions: BTreeMap<String, (u64, u32)>,
}

impl Records {
    /// Reads a node's blocks up to a height.
    ///
    /// # Panics
    /// When a transaction stands there twice.
    pub async fn read(client: &Client, height: u64) -> Self {
        let mut records = Self { blocks: Vec::new(), empty: 0, transactions: BTreeMap::new() };
        let ask = |height| {
            let client = client.clone();
            tokio::spawn(async move { block(&client, height).await })
        };
        let mut asked: VecDeque<_> = (1..=height.min(AHEAD)).map(&ask).collect();
        for at in 1..=height {
            let block = asked.pop_front().expect("asked for").await.unwrap_or_else(|e| panic!("{e}"));
            asked.extend((at + AHEAD <= height).then(|| ask(at + AHEAD)));
            records.empty += usize::from(block.transactions.is_empty());
            records.blocks.push(block.summary.id);
            for (index, id) in (0..).zip(block.transactions) {
                let before = records.transactions.insert(id.clone(), (at, index));
                assert_eq!(before, None, "{id} is recorded twice");
            }
        }
        records
    }
}

/// One block of a node.
pub async fn block(client: &Client, height: u64) -> Block {
    let read = client.record(&format!("/v1/blocks/{height}")).await;
    read.unwrap_or_else(|e| panic!("block {height} of {}: {e:?}", client.url()))
}

/// Waits until all nodes agree, then holds the ledgers of all of them against each other and against what
/// clients were told: all of it is there, in its place, once.
pub async fn verify(cluster: &Cluster, acknowledged: &[Acknowledged]) -> Records {
    verify_within(cluster, acknowledged, PATIENCE).await
}

/// The same with another bound for the agreement.
pub async fn verify_within(cluster: &Cluster, acknowledged: &[Acknowledged], patience: Duration) -> Records {
    let tip = cluster.agree_within(patience).await;
    let mut ledgers = Vec::new();
    for node in &cluster.nodes {
        ledgers.push(Records::read(&node.client, tip.height).await);
    }
    let first = ledgers.remove(0);
    assert_eq!(first.blocks.last(), Some(&tip.block).filter(|_| tip.height > 0));
    for (node, other) in cluster.nodes.iter().skip(1).zip(&ledgers) {
        assert_eq!(&first, other, "the ledger of {}", node.name);
    }
    for told in acknowledged {
        let held = first.transactions.get(&told.signed.id);
        assert_eq!(held, Some(&told.place), "{} was acknowledged there", told.signed.id);
    }
    first
}
