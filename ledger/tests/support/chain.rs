//! A ledger in memory: every block is made, judged as a stranger would, and kept.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Bound;
use std::sync::Arc;

use ledger::action::Action;
use ledger::block::{Block, Header};
use ledger::crypto::{PublicKey, SigningKey};
use ledger::execute::rejection::Rejection;
use ledger::execute::{BlockFault, Executed, Failure, Tip, propose, validate};
use ledger::genesis::Genesis;
use ledger::id::{ChainId, Height};
use ledger::merkle::map::{self, MapError, MapReader, Node};
use ledger::state::{Entry, StateError, StateKey, StateRead};
use ledger::time::BlockTime;
use ledger::transaction::{self, Approval, Payload, Verified, approval_bytes, sign};

/// A state, the tree over it, and the blocks so far.
#[derive(Clone)]
pub struct Chain {
    pub chain_id: ChainId,
    pub tip: Tip,
    pub state: BTreeMap<Vec<u8>, Vec<u8>>,
    pub nodes: BTreeMap<Vec<u8>, Arc<Node>>,
    pub recorded: BTreeSet<transaction::Id>,
    salt: u64,
}

impl Chain {
    pub fn new(genesis: &Genesis) -> Self {
        let changes = genesis.state();
        let first = map::update(
            &BTreeMap::<Vec<u8>, Arc<Node>>::new(),
            0,
            changes.iter().map(|(k, v)| (k, v.as_deref())),
        )
        .unwrap();
        let state = changes.into_iter().filter_map(|(k, v)| Some((k, v?))).collect();
        let nodes = first.nodes.into_iter().collect();
        let (chain_id, tip) = (genesis.chain_id.clone(), genesis.tip());
        Self { chain_id, tip, state, nodes, recorded: BTreeSet::new(), salt: 0 }
    }

    pub fn read<K: StateKey>(&self, key: &K) -> Option<K::Value> {
        ledger::state::read(self, key).unwrap()
    }

    /// Signs an act, with an expiry `ahead` of the next height.
    pub fn sign(&mut self, key: &SigningKey, action: Action, ahead: i64) -> Vec<u8> {
        self.sign_approved(key, action, ahead, &[])
    }

    /// The same with approvals by these keys, in the order of their public halves.
    pub fn sign_approved(
        &mut self,
        key: &SigningKey,
        action: Action,
        ahead: i64,
        approving: &[SigningKey],
    ) -> Vec<u8> {
        self.salt += 1;
        let mut salt = [0; 16];
        salt[..8].copy_from_slice(&self.salt.to_be_bytes());
        let expiry = Height::new(self.tip.height.next().get().checked_add_signed(ahead).unwrap());
        let mut payload = Payload { action, expiry, salt, approvals: Vec::new() };
        let message = approval_bytes(&self.chain_id, &key.public_key(), &payload);
        let approval = |one: &SigningKey| Approval { key: one.public_key(), signature: one.sign(&message) };
        payload.approvals = approving.iter().map(approval).collect();
        payload.approvals.sort_by_key(|approval| approval.key);
        sign(&self.chain_id, key, &payload)
    }

    pub fn verified(&self, bytes: &[u8]) -> Verified {
        Verified::decode(&self.chain_id, bytes).unwrap()
    }

    /// Makes the next block, validates it from its bytes alone, and keeps it.
    pub fn block(&mut self, time: BlockTime, candidates: &[Verified]) -> (Executed, Vec<Rejection>) {
        let (made, refused) = self.propose(time, candidates);
        let judged = self.judge(&made).expect("a block that we made is valid");
        assert_eq!(judged.header, made.header);
        assert_eq!((&judged.id, &judged.changes, &judged.events), (&made.id, &made.changes, &made.events));
        assert_eq!(judged.map_update, made.map_update);
        self.keep(&judged);
        (made, refused)
    }

    pub fn propose(&self, time: BlockTime, candidates: &[Verified]) -> (Executed, Vec<Rejection>) {
        let (made, refused) = propose(self, &self.tip, time, proposer(), candidates).unwrap();
        (made, refused.into_iter().map(|(_, rejection)| rejection).collect())
    }

    /// What a validator does with the bytes of a block.
    pub fn judge(&self, made: &Executed) -> Result<Executed, BlockFault> {
        let transactions = made.transactions.iter().map(|(_, bytes)| bytes.clone()).collect();
        let bytes = Block { header: made.header.clone(), transactions }.encode();
        let block = Block::decode(&bytes).unwrap();
        let transactions: Vec<Verified> =
            block.transactions.iter().map(|bytes| self.verified(bytes)).collect();
        self.validate(&block.header, &transactions)
    }

    pub fn validate(&self, header: &Header, transactions: &[Verified]) -> Result<Executed, BlockFault> {
        validate(self, &self.tip, header, transactions)
    }

    /// What a store does with an executed block.
    pub fn keep(&mut self, executed: &Executed) {
        for (key, value) in &executed.changes {
            match value {
                Some(value) => self.state.insert(key.clone(), value.clone()),
                None => self.state.remove(key),
            };
        }
        self.nodes.extend(executed.map_update.nodes.iter().cloned());
        executed.map_update.stale.iter().for_each(|key| drop(self.nodes.remove(key)));
        self.recorded.extend(executed.transactions.iter().map(|(id, _)| *id));
        self.tip = Tip { height: executed.header.height, id: executed.id, time: executed.header.time };
    }

    /// Puts a value into the state that no act has written. The tree does not follow: from then on the
    /// chain is good for [`Chain::check`] only.
    pub fn put<K: StateKey>(&mut self, key: &K, value: &K::Value) {
        self.state.insert(key.key(), ledger::codec::encode(value));
    }

    /// How the next block would answer a transaction.
    pub fn check(&self, time: BlockTime, transaction: &Verified) -> Option<Rejection> {
        match ledger::execute::check(self, &self.tip, time, transaction) {
            Ok(()) => None,
            Err(Failure::Rejected(rejection)) => Some(rejection),
            Err(Failure::State(error)) => panic!("{error}"),
        }
    }

    /// The root of the whole state, made anew.
    pub fn root_made_anew(&self) -> [u8; 32] {
        let all = self.state.iter().map(|(k, v)| (k, Some(v)));
        map::update(&BTreeMap::<Vec<u8>, Arc<Node>>::new(), 0, all).unwrap().root
    }
}

/// The voting key of the first centre; whose turn it is does not concern execution.
pub fn proposer() -> PublicKey {
    super::network::key("gz votes").public_key()
}

impl StateRead for Chain {
    fn get(&self, key: &[u8]) -> Result<Option<Vec<u8>>, StateError> {
        Ok(self.state.get(key).cloned())
    }

    fn first_in(&self, from: &[u8], before: &[u8]) -> Result<Option<Entry>, StateError> {
        if from >= before {
            return Ok(None);
        }
        let range = (Bound::Included(from), Bound::Excluded(before));
        Ok(self.state.range::<[u8], _>(range).next().map(|(k, v)| (k.clone(), v.clone())))
    }

    fn is_recorded(&self, id: &transaction::Id) -> Result<bool, StateError> {
        Ok(self.recorded.contains(id))
    }
}

impl MapReader for Chain {
    fn node(&self, key: &[u8]) -> Result<Option<Arc<Node>>, MapError> {
        Ok(self.nodes.get(key).cloned())
    }
}
