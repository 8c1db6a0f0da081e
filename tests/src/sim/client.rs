//! Clients: they submit, wait, and try the next node with the same bytes, as the interface tells them to.

use std::collections::{BTreeMap, BTreeSet};

use ledger::id::ChainId;
use ledger::transaction::{self, Unverified};

/// How long a client waits for one node, in ms.
const PATIENCE_MS: u64 = 4_000;

/// A transaction that is under way.
#[derive(Clone, Debug)]
pub struct Open {
    /// Its bytes.
    pub bytes: Vec<u8>,
    /// Whether it must be recorded.
    pub must: bool,
    /// When it was submitted first.
    pub since: u64,
    /// The node it was given to last.
    pub node: usize,
    act: &'static str,
    tried_at: u64,
}

impl Open {
    /// What it asks for.
    pub fn act(&self) -> &'static str {
        self.act
    }
}

/// All clients of a run.
#[derive(Debug, Default)]
pub struct Clients {
    open: BTreeMap<transaction::Id, Open>,
    acknowledged: BTreeSet<transaction::Id>,
}

impl Clients {
    /// A node has taken a transaction in.
    pub fn submitted(&mut self, now: u64, chain: &ChainId, node: usize, bytes: Vec<u8>, must: bool) {
        let Ok(unverified) = Unverified::decode(chain, &bytes) else { return };
        let (id, act) = (unverified.id(), unverified.payload().action.name());
        if self.acknowledged.contains(&id) {
            return;
        }
        let open = self.open.entry(id).or_insert(Open { bytes, must, since: now, node, act, tried_at: now });
        (open.node, open.tried_at) = (node, now);
    }

    /// A node says that a transaction is recorded.
    pub fn acknowledged(&mut self, id: transaction::Id) {
        self.open.remove(&id);
        self.acknowledged.insert(id);
    }

    /// A block is durable at a node: it answers those who wait there.
    pub fn recorded_at(&mut self, node: usize, ids: impl Iterator<Item = transaction::Id>) {
        for id in ids {
            if self.open.get(&id).is_some_and(|open| open.node == node) {
                self.acknowledged(id);
            }
        }
    }

    /// A node says that a transaction cannot be recorded. Who knows better does not believe it.
    pub fn refused(&mut self, id: &transaction::Id) {
        if self.open.get(id).is_some_and(|open| !open.must) {
            self.open.remove(id);
        }
    }

    /// Transactions of which nothing was heard for long: they go to another node.
    pub fn overdue(&mut self, now: u64) -> Vec<(transaction::Id, Open)> {
        let late = |open: &Open| now.saturating_sub(open.tried_at) >= PATIENCE_MS;
        let due: Vec<_> =
            self.open.iter().filter(|(_, open)| late(open)).map(|(id, o)| (*id, o.clone())).collect();
        for (id, _) in &due {
            if let Some(open) = self.open.get_mut(id) {
                open.tried_at = now;
            }
        }
        due
    }

    /// Everything that was acknowledged.
    #[must_use]
    pub fn all_acknowledged(&self) -> Vec<transaction::Id> {
        self.acknowledged.iter().copied().collect()
    }

    /// Transactions that must be recorded and of which no node has said so.
    pub fn musts(&self) -> impl Iterator<Item = (&transaction::Id, &Open)> {
        self.open.iter().filter(|(_, open)| open.must)
    }
}
