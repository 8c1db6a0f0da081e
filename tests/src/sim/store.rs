//! The ledger of one node in memory: what `ledger::store` keeps on disk.

use consensus::Body;
use ledger::certificate::CommitCertificate;
use ledger::execute::{Executed, Tip};
use ledger::genesis::Genesis;
use ledger::id::Height;
use ledger::merkle::Hash;
use ledger::merkle::log::{Frontier, leaf_hash};
use ledger::merkle::map;
use ledger::snapshot::EraLink;
use ledger::state::StateKey as _;
use ledger::state::keys::ValidatorsKey;
use ledger::transaction;

use crate::chain::State;

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
    /// The state after the last block.
    pub state: State,
    genesis_tip: Tip,
    frontier: Frontier,
    blocks: Vec<Stored>,
    /// The blocks that changed the validators, with what proves it.
    eras: Vec<EraLink>,
}

impl Store {
    /// A ledger that holds the genesis.
    ///
    /// # Panics
    /// When an empty tree cannot be read.
    #[must_use]
    pub fn new(genesis: &Genesis) -> Self {
        Self {
            state: State::new(genesis).expect("an empty tree can be read"),
            genesis_tip: genesis.tip(),
            frontier: Frontier::default(),
            blocks: Vec::new(),
            eras: Vec::new(),
        }
    }

    /// A ledger made from the pieces of a snapshot.
    #[must_use]
    pub fn restored(
        genesis: &Genesis,
        state: State,
        frontier: Frontier,
        blocks: Vec<Stored>,
        eras: Vec<EraLink>,
    ) -> Self {
        Self { state, genesis_tip: genesis.tip(), frontier, blocks, eras }
    }

    /// The blocks that changed the validators, the first one first.
    #[must_use]
    pub fn eras(&self) -> &[EraLink] {
        &self.eras
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
        self.state.holds(id)
    }

    /// Keeps a decided block and all it brings about, at once.
    ///
    /// # Panics
    /// When it is not the next one: the host has lost its way.
    pub fn commit(&mut self, certificate: CommitCertificate, body: Body, executed: &Executed) {
        assert_eq!(executed.header.height, self.tip().height.next(), "blocks are stored in order");
        self.state.keep(executed);
        let changed = executed.changes.iter().find(|(key, _)| **key == ValidatorsKey.key());
        if let Some((key, Some(validators))) = changed {
            let proof =
                map::prove(&self.state, executed.header.height.get(), key).expect("it was just written");
            self.eras.push(EraLink {
                header: executed.header_bytes.clone().into(),
                certificate: certificate.encode().into(),
                validators: validators.clone().into(),
                proof: proof.encode().into(),
            });
        }
        self.frontier.append(leaf_hash(&executed.header_bytes));
        executed.transactions.iter().for_each(|(_, bytes)| self.frontier.append(leaf_hash(bytes)));
        let tip = Tip { height: executed.header.height, id: executed.id, time: executed.header.time };
        let (state_root, log_root) = (executed.map_update.root, self.frontier.root());
        self.blocks.push(Stored { certificate, body, tip, state_root, log_root });
    }
}
