//! The ledger of one node in memory: what `ledger::store` keeps on disk.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Bound;
use std::sync::Arc;

use consensus::Body;
use ledger::certificate::CommitCertificate;
use ledger::codec;
use ledger::execute::{Executed, Tip};
use ledger::genesis::Genesis;
use ledger::id::Height;
use ledger::merkle::Hash;
use ledger::merkle::log::{Frontier, leaf_hash};
use ledger::merkle::map::{self, MapError, MapReader, Node};
use ledger::state::keys::ValidatorsKey;
use ledger::state::{Entry, StateError, StateKey as _, StateRead};
use ledger::transaction;
use ledger::validators::ValidatorSet;

/// A decided block.
#[derive(Clone, Debug)]
pub struct Stored {
    /// Why it is final.
    pub certificate: CommitCertificate,
    /// Its bytes.
    pub body: Body,
    /// The tip it makes.
    pub tip: Tip,
    /// Root of the state after it.
    pub state_root: Hash,
    /// Root of the log after it.
    pub log_root: Hash,
}

/// A ledger that keeps every block and the newest state.
#[derive(Clone, Debug)]
pub struct Store {
    genesis_tip: Tip,
    state: BTreeMap<Vec<u8>, Vec<u8>>,
    nodes: BTreeMap<Vec<u8>, Arc<Node>>,
    recorded: BTreeSet<transaction::Id>,
    frontier: Frontier,
    blocks: Vec<Stored>,
}

impl Store {
    /// A ledger that holds the genesis.
    #[must_use]
    pub fn new(genesis: &Genesis) -> Self {
        let changes = genesis.state();
        let empty = BTreeMap::<Vec<u8>, Arc<Node>>::new();
        let first = map::update(&empty, 0, changes.iter().map(|(key, value)| (key, value.as_deref())))
            .expect("an empty map can be read");
        Self {
            genesis_tip: genesis.tip(),
            state: changes.into_iter().filter_map(|(key, value)| Some((key, value?))).collect(),
            nodes: first.nodes.into_iter().collect(),
            recorded: BTreeSet::new(),
            frontier: Frontier::default(),
            blocks: Vec::new(),
        }
    }

    /// The last block.
    #[must_use]
    pub fn tip(&self) -> Tip {
        self.blocks.last().map_or(self.genesis_tip, |block| block.tip)
    }

    /// The blocks, height 1 first.
    #[must_use]
    pub fn blocks(&self) -> &[Stored] {
        &self.blocks
    }

    /// The block at a height.
    #[must_use]
    pub fn block(&self, height: Height) -> Option<&Stored> {
        self.blocks.get(usize::try_from(height.get().checked_sub(1)?).ok()?)
    }

    /// Whether a transaction is on the ledger.
    #[must_use]
    pub fn holds(&self, id: &transaction::Id) -> bool {
        self.recorded.contains(id)
    }

    /// Keeps a decided block and all it brings about, at once.
    ///
    /// # Panics
    /// When it is not the next one: the host has lost its way.
    pub fn commit(&mut self, certificate: CommitCertificate, body: Body, executed: &Executed) {
        assert_eq!(executed.header.height, self.tip().height.next(), "blocks are stored in order");
        for (key, value) in &executed.changes {
            match value {
                Some(value) => self.state.insert(key.clone(), value.clone()),
                None => self.state.remove(key),
            };
        }
        self.nodes.extend(executed.map_update.nodes.iter().cloned());
        executed.map_update.stale.iter().for_each(|key| drop(self.nodes.remove(key)));
        self.frontier.append(leaf_hash(&executed.header_bytes));
        executed.transactions.iter().for_each(|(_, bytes)| self.frontier.append(leaf_hash(bytes)));
        self.recorded.extend(executed.transactions.iter().map(|(id, _)| *id));
        let tip = Tip { height: executed.header.height, id: executed.id, time: executed.header.time };
        let (state_root, log_root) = (executed.map_update.root, self.frontier.root());
        self.blocks.push(Stored { certificate, body, tip, state_root, log_root });
    }

    /// The state as execution reads it. `validators` stands in for the set in the state where a script of
    /// [`super::membership::Membership`] says so.
    #[must_use]
    pub fn view(&self, validators: Option<&ValidatorSet>) -> View<'_> {
        View { store: self, validators: validators.map(codec::encode) }
    }
}

/// A state and the tree over it.
#[derive(Debug)]
pub struct View<'a> {
    store: &'a Store,
    validators: Option<Vec<u8>>,
}

impl StateRead for View<'_> {
    fn get(&self, key: &[u8]) -> Result<Option<Vec<u8>>, StateError> {
        match &self.validators {
            Some(set) if key == ValidatorsKey.key() => Ok(Some(set.clone())),
            _ => Ok(self.store.state.get(key).cloned()),
        }
    }

    fn first_in(&self, from: &[u8], before: &[u8]) -> Result<Option<Entry>, StateError> {
        if from >= before {
            return Ok(None);
        }
        let range = (Bound::Included(from), Bound::Excluded(before));
        Ok(self.store.state.range::<[u8], _>(range).next().map(|(k, v)| (k.clone(), v.clone())))
    }

    fn is_recorded(&self, id: &transaction::Id) -> Result<bool, StateError> {
        Ok(self.store.recorded.contains(id))
    }
}

impl MapReader for View<'_> {
    fn node(&self, key: &[u8]) -> Result<Option<Arc<Node>>, MapError> {
        Ok(self.store.nodes.get(key).cloned())
    }
}
