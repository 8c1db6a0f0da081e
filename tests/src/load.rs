//! Clients that submit one transaction after the other and remember what they were told.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use ledger::crypto::SigningKey;
use ledger::id::ChainId;
use node::cli::client::{Client, ClientError, Wait, is_committed};
use tokio::task::JoinHandle;

use crate::acts::{EXPIRY, Signed, admission, sign};
use crate::cluster::{Cluster, until};

/// Longest a client tries to have one transaction recorded.
const TRY_MAX: Duration = Duration::from_secs(45);

/// What a node told a client.
#[derive(Clone, Debug)]
pub struct Acknowledged {
    /// The transaction.
    pub signed: Signed,
    /// Where it stands.
    pub place: (u64, u32),
    /// Whether it was sent more than once.
    pub again: bool,
    /// How long the client waited, from the first attempt on.
    pub took: Duration,
}

/// Clients at work.
pub struct Load {
    stop: Arc<AtomicBool>,
    count: Arc<AtomicU64>,
    clients: Vec<JoinHandle<Vec<Acknowledged>>>,
}

impl Load {
    /// Starts clients, each of which has one transaction under way at a time. When a node does not answer
    /// well, a client sends the same bytes to the next one, as the interface tells it to.
    pub fn start(cluster: &Cluster, clients: usize) -> Self {
        Self::start_patient(cluster, clients, TRY_MAX)
    }

    /// The same with clients that go on trying for so long.
    pub fn start_patient(cluster: &Cluster, clients: usize, patience: Duration) -> Self {
        let (stop, count) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicU64::new(0)));
        let nodes: Vec<Client> = cluster.nodes.iter().map(|node| node.client.clone()).collect();
        let clients = (0..clients)
            .map(|i| {
                let worker = Worker {
                    chain: cluster.chain().clone(),
                    key: cluster.homes.operator(i % nodes.len()),
                    nodes: nodes.clone(),
                    at: i,
                    patience,
                };
                tokio::spawn(worker.run(stop.clone(), count.clone()))
            })
            .collect();
        Self { stop, count, clients }
    }

    /// How many transactions were acknowledged so far.
    pub fn count(&self) -> u64 {
        self.count.load(Ordering::Relaxed)
    }

    /// Waits for this many more.
    pub async fn more(&self, transactions: u64) {
        self.more_within(transactions, Duration::from_secs(60)).await;
    }

    /// The same with another bound.
    pub async fn more_within(&self, transactions: u64, patience: Duration) {
        let goal = self.count() + transactions;
        let what = format!("{transactions} more transactions under load");
        until(&what, patience, async || (self.count() >= goal).then_some(())).await;
    }

    /// Ends after what is under way, and tells everything that was acknowledged.
    pub async fn stop(self) -> Vec<Acknowledged> {
        self.stop.store(true, Ordering::Relaxed);
        let mut all = Vec::new();
        for client in self.clients {
            all.extend(client.await.unwrap_or_else(|e| panic!("a client failed: {e}")));
        }
        all
    }
}

struct Worker {
    chain: ChainId,
    key: SigningKey,
    nodes: Vec<Client>,
    at: usize,
    patience: Duration,
}

impl Worker {
    async fn run(mut self, stop: Arc<AtomicBool>, count: Arc<AtomicU64>) -> Vec<Acknowledged> {
        let mut all = Vec::new();
        while !stop.load(Ordering::Relaxed) {
            let signed = sign(&self.chain, &self.key, admission(), EXPIRY);
            all.push(self.record(signed).await);
            count.fetch_add(1, Ordering::Relaxed);
        }
        all
    }

    async fn record(&mut self, signed: Signed) -> Acknowledged {
        let (began, mut again) = (Instant::now(), false);
        loop {
            let node = &self.nodes[self.at % self.nodes.len()];
            match node.submit(&signed.bytes, Wait::Committed(Duration::from_secs(4))).await {
                Ok(result) if is_committed(&result) => {
                    assert_eq!(result.id.as_ref(), Some(&signed.id));
                    let place = result.height.zip(result.index).expect("what is recorded has a place");
                    return Acknowledged { signed, place, again, took: began.elapsed() };
                }
                Err(ClientError::Refused(problem)) if problem.status < 500 => {
                    panic!("{} refuses a good transaction: {problem:?}", node.url());
                }
                Ok(_) | Err(_) => {}
            }
            assert!(began.elapsed() < self.patience, "no node records {} in {:?}", signed.id, self.patience);
            again = true;
            self.at += 1;
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }
}
