//! A ledger in memory: a state with the tree over it, and one node that makes every block, judges it as a stranger
//! would, and keeps it.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Bound;
use std::sync::Arc;

use anyhow::Context as _;
use ledger::crypto::PublicKey;
use ledger::execute::rejection::Rejection;
use ledger::execute::{self, Executed, Tip};
use ledger::genesis::Genesis;
use ledger::id::Height;
use ledger::merkle::Hash;
use ledger::merkle::map::{self, Builder, MapError, MapReader, Node};
use ledger::state::{Entry, StateError, StateRead};
use ledger::time::BlockTime;
use ledger::transaction::{self, Verified};

/// A block as it was made, and what was left out of it.
#[derive(Debug)]
pub struct Proposed {
    /// The block and what follows from it.
    pub executed: Executed,
    /// Refused candidates, in their order.
    pub refused: Vec<(transaction::Id, Rejection)>,
}

/// A state, the tree over it, and the names of what is recorded.
#[derive(Clone, Debug)]
pub struct State {
    values: BTreeMap<Vec<u8>, Vec<u8>>,
    nodes: BTreeMap<Vec<u8>, Arc<Node>>,
    recorded: BTreeSet<transaction::Id>,
}

impl State {
    /// The state at height 0.
    ///
    /// # Errors
    /// When the tree over it cannot be made.
    pub fn new(genesis: &Genesis) -> Result<Self, MapError> {
        let values = genesis.state();
        let none = BTreeMap::<Vec<u8>, Arc<Node>>::new();
        let first = map::update(&none, 0, values.iter().map(|(key, value)| (key, value.as_deref())))?;
        Ok(Self {
            values: values.into_iter().filter_map(|(key, value)| Some((key, value?))).collect(),
            nodes: first.nodes.into_iter().collect(),
            recorded: BTreeSet::new(),
        })
    }

    /// The state after this height, of all its rows in the order of their key hashes.
    ///
    /// # Errors
    /// When they come in another order.
    pub fn restored(
        height: u64,
        rows: Vec<Entry>,
        recorded: BTreeSet<transaction::Id>,
    ) -> Result<Self, MapError> {
        let mut builder = Builder::new(height);
        rows.iter().try_for_each(|(key, value)| builder.add(key, value))?;
        let (_, nodes) = builder.finish();
        Ok(Self { values: rows.into_iter().collect(), nodes: nodes.into_iter().collect(), recorded })
    }

    /// Takes over what a block brings about.
    pub fn keep(&mut self, executed: &Executed) {
        for (key, value) in &executed.changes {
            match value {
                Some(value) => drop(self.values.insert(key.clone(), value.clone())),
                None => drop(self.values.remove(key)),
            }
        }
        self.nodes.extend(executed.map_update.nodes.iter().cloned());
        executed.map_update.stale.iter().for_each(|key| drop(self.nodes.remove(key)));
        self.recorded.extend(executed.transactions.iter().map(|(id, _)| *id));
    }

    /// The rows from the first key up to the second one.
    pub fn rows(&self, from: &[u8], before: &[u8]) -> impl Iterator<Item = (&Vec<u8>, &Vec<u8>)> {
        self.values.range::<[u8], _>((Bound::Included(from), Bound::Excluded(before)))
    }

    /// The root of the tree after this height, if it is there.
    #[must_use]
    pub fn root(&self, height: Height) -> Option<Hash> {
        map::root(self, height.get()).ok()
    }

    /// Whether a transaction is on the ledger.
    #[must_use]
    pub fn holds(&self, id: &transaction::Id) -> bool {
        self.recorded.contains(id)
    }
}

impl StateRead for State {
    fn get(&self, key: &[u8]) -> Result<Option<Vec<u8>>, StateError> {
        Ok(self.values.get(key).cloned())
    }

    fn first_in(&self, from: &[u8], before: &[u8]) -> Result<Option<Entry>, StateError> {
        if from >= before {
            return Ok(None);
        }
        let range = (Bound::Included(from), Bound::Excluded(before));
        Ok(self.values.range::<[u8], _>(range).next().map(|(key, value)| (key.clone(), value.clone())))
    }

    fn is_recorded(&self, id: &transaction::Id) -> Result<bool, StateError> {
        Ok(self.holds(id))
    }
}

impl MapReader for State {
    fn node(&self, key: &[u8]) -> Result<Option<Arc<Node>>, MapError> {
        Ok(self.nodes.get(key).cloned())
    }
}

/// One node that decides alone.
#[derive(Clone)]
pub struct Chain {
    /// The state after the last block.
    pub state: State,
    tip: Tip,
    proposer: PublicKey,
}

impl Chain {
    /// The chain at height 0.
    ///
    /// # Errors
    /// When the tree over the first state cannot be made.
    pub fn new(genesis: &Genesis, proposer: PublicKey) -> anyhow::Result<Self> {
        Ok(Self { state: State::new(genesis)?, tip: genesis.tip(), proposer })
    }

    /// Makes the next block out of candidates, validates it and keeps it.
    ///
    /// # Errors
    /// When the state cannot be read, or validation refuses what was just made.
    pub fn block(&mut self, time: BlockTime, candidates: &[Verified]) -> anyhow::Result<Proposed> {
        let (made, refused) = execute::propose(&self.state, &self.tip, time, self.proposer, candidates)?;
        let names: BTreeSet<_> = made.transactions.iter().map(|(id, _)| *id).collect();
        // A candidate that stands twice is recorded once.
        let mut left = names;
        let taken: Vec<&Verified> = candidates.iter().filter(|c| left.remove(&c.id())).collect();
        let executed = execute::validate(&self.state, &self.tip, &made.header, &taken)
            .with_context(|| format!("the block made at height {} is not valid", made.header.height))?;
        self.state.keep(&executed);
        self.tip = Tip { height: executed.header.height, id: executed.id, time: executed.header.time };
        Ok(Proposed { executed, refused })
    }
}
