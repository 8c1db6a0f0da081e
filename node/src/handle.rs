//! The running node as the API sees it: submit, wait, read, watch.

use std::sync::Arc;
use std::time::Duration;

use ledger::block;
use ledger::checkpoint::SignedCheckpoint;
use ledger::event::Recorded;
use ledger::execute::rejection::Rejection;
use ledger::genesis::Genesis;
use ledger::hash::StateRoot;
use ledger::id::Height;
use ledger::store::Store;
use ledger::time::BlockTime;
use ledger::transaction;
use tokio::sync::{broadcast, mpsc, oneshot, watch};

use crate::catchup::watch::Behind;
use crate::checkpoints;
use crate::documents::Documents;
use crate::network;
use crate::tenders::Desk;

/// A running node. Cheap to clone.
#[derive(Clone)]
pub struct Handle {
    pub(crate) inner: Arc<Inner>,
}

/// What a handle is made of: the ends that the running node holds the other ends of.
pub struct Inner {
    /// The genesis this node began with.
    pub genesis: Genesis,
    /// The ledger on disk.
    pub store: Arc<Store>,
    /// Where submissions go.
    pub submissions: mpsc::Sender<Submission>,
    /// Where final blocks are announced, after they are on disk.
    pub commits: broadcast::Sender<Arc<CommittedBlock>>,
    /// Where the node stands.
    pub status: watch::Receiver<Status>,
    /// The other centres.
    pub network: network::Handle,
    /// The newest final checkpoint.
    pub checkpoints: checkpoints::Latest,
    /// Documents of bids.
    pub documents: Arc<Documents>,
    /// What this node does for tenders.
    pub desk: Arc<Desk>,
}

/// Transactions on their way in, and where to say what became of each.
pub struct Submission {
    /// The transactions' bytes, in order.
    pub transactions: Vec<Vec<u8>>,
    /// How long their submitter waits.
    pub wait: Wait,
    /// Takes one answer for each transaction, in order.
    pub answer: oneshot::Sender<Vec<Submitted>>,
}

/// How long a submitter waits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wait {
    /// Until the transaction is in the mempool.
    Accepted,
    /// Until it is on the ledger, at most this long.
    Committed(Duration),
}

/// What became of one submitted transaction.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Submitted {
    /// Its name; `None` when the bytes are not a transaction.
    pub id: Option<transaction::Id>,
    /// What became of it.
    pub outcome: Outcome,
}

/// What became of a transaction, as far as is known.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// In the mempool; not on the ledger yet.
    Pending,
    /// On the ledger, for good.
    Committed {
        /// The block.
        height: Height,
        /// Position in the block, from 0.
        index: u32,
    },
    /// Not taken.
    Refused(Refusal),
}

/// Why a transaction was not taken.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// The bytes are not a transaction of this chain, or its signature is wrong.
    #[error(transparent)]
    Malformed(#[from] transaction::TransactionError),
    /// A rule of the ledger refuses it.
    #[error(transparent)]
    Rejected(#[from] Rejection),
    /// The mempool is full.
    #[error("the node has as many waiting transactions as it may; try again shortly or at another node")]
    MempoolFull,
    /// The organisation has too many transactions waiting.
    #[error("the organisation has as many waiting transactions as it may; wait until some are recorded")]
    QuotaExceeded,
    /// The node is shutting down, behind the network, no member of it, or out of disk space.
    #[error("the node takes no transactions now; submit through another node")]
    NotReady,
}

/// A block that has just become final, with what happened in it.
#[derive(Clone, Debug)]
pub struct CommittedBlock {
    /// Its height.
    pub height: Height,
    /// Its name.
    pub id: block::Id,
    /// Its time.
    pub time: BlockTime,
    /// Its transactions, in order.
    pub transactions: Vec<transaction::Id>,
    /// What happened, in order; the position is the event's number within the block.
    pub events: Vec<Recorded>,
}

/// Where the node stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Status {
    /// Height of the last block on disk.
    pub height: Height,
    /// Its name.
    pub block_id: block::Id,
    /// Its time.
    pub block_time: BlockTime,
    /// State root after it.
    pub state_root: StateRoot,
    /// Leaves in the log.
    pub log_size: u64,
    /// Root of the log.
    pub log_root: [u8; 32],
    /// Milliseconds since 1970 of this machine's clock when that block was stored here.
    pub committed_at_unix_ms: u64,
    /// The round of the height being decided, if one is.
    pub round: Option<u32>,
    /// What the node is doing.
    pub phase: Phase,
    /// Transactions waiting.
    pub mempool_transactions: usize,
    /// Their bytes.
    pub mempool_bytes: usize,
    /// Size of the validator set.
    pub validators: usize,
    /// Whether this node is one of them. A node that is none follows, as far as its peers let it, and does
    /// not vote.
    pub member: bool,
    /// The first height whose transactions and certificate are held here; 1 unless the node joined by a snapshot.
    pub blocks_from: Height,
    /// The first height whose events are held here.
    pub events_from: Height,
    /// How far behind the network the node is, if it is.
    pub behind: Option<Behind>,
    /// By how many milliseconds this machine's clock is ahead of the other centres' clocks, at least; negative when
    /// it is behind. `None` on a network with a stepped clock, and while too few have answered.
    pub clock_ahead_ms: Option<i64>,
}

/// What a node is doing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Phase {
    /// Taking part.
    Running,
    /// Fetching blocks; the highest height seen.
    CatchingUp {
        /// The height to reach.
        target: Height,
    },
    /// Writes fail because the disk is full. It goes on when there is room.
    DiskFull,
    /// Stopped for a reason that an operator must look at; reading still works.
    Halted {
        /// What happened and what to do.
        reason: String,
    },
    /// Shutting down.
    Stopping,
}

/// How many blocks a node may be behind and still judge what it is given.
const BEHIND_MAX: u64 = 10;

impl Handle {
    /// A handle of these parts.
    pub fn new(inner: Inner) -> Self {
        Self { inner: Arc::new(inner) }
    }

    /// The genesis this node began with.
    pub fn genesis(&self) -> &Genesis {
        &self.inner.genesis
    }

    /// The ledger on disk.
    pub fn store(&self) -> &Arc<Store> {
        &self.inner.store
    }

    /// Where the node stands now.
    pub fn status(&self) -> Status {
        self.inner.status.borrow().clone()
    }

    /// The other centres, as far as they are connected.
    pub fn network(&self) -> &network::Handle {
        &self.inner.network
    }

    /// The newest checkpoint that is final.
    pub fn checkpoint(&self) -> Option<Arc<SignedCheckpoint>> {
        self.inner.checkpoints.get()
    }

    /// The documents of bids.
    pub fn documents(&self) -> &Arc<Documents> {
        &self.inner.documents
    }

    /// What this node does for tenders.
    pub fn desk(&self) -> &Arc<Desk> {
        &self.inner.desk
    }

    /// Blocks from now on, as they become final. A receiver that falls behind is told so and reads what
    /// it missed from the store.
    pub fn commits(&self) -> broadcast::Receiver<Arc<CommittedBlock>> {
        self.inner.commits.subscribe()
    }

    /// Submits transactions in their order and says what became of each, in that order.
    ///
    /// Transactions of one call may depend on one another.
    pub async fn submit(&self, transactions: Vec<Vec<u8>>, wait: Wait) -> Vec<Submitted> {
        let count = transactions.len();
        let (answer, answered) = oneshot::channel();
        let not_ready = || vec![Submitted { id: None, outcome: Outcome::Refused(Refusal::NotReady) }; count];
        if !self.takes_transactions() {
            return not_ready();
        }
        if self.inner.submissions.send(Submission { transactions, wait, answer }).await.is_err() {
            return not_ready();
        }
        answered.await.unwrap_or_else(|_| not_ready())
    }

    /// A node that takes no part would keep its submitters waiting; one far behind would refuse by rules of
    /// a state that is long past.
    fn takes_transactions(&self) -> bool {
        let status = self.inner.status.borrow();
        if !status.member {
            return false;
        }
        match &status.phase {
            Phase::Running => true,
            Phase::CatchingUp { target } => target.get().saturating_sub(status.height.get()) <= BEHIND_MAX,
            Phase::DiskFull | Phase::Halted { .. } | Phase::Stopping => false,
        }
    }
}
