//! The blocks of one height: which are wanted, which have come, what was found about them.
//!
//! Bounds: a block is *known* only because of a proposal the core accepted (two a round, from the
//! rightful proposer, within ten rounds), a polka or a commit certificate. The bytes of an unknown
//! block are kept only from the rightful proposer of a round near by, one block a round. A known
//! block is checked once for each origin, and again only after different bytes proved to be another
//! block, each sender getting one try.

use std::collections::{BTreeMap, BTreeSet};

use ledger::block;
use ledger::crypto::PublicKey;

use crate::message::SignedProposal;
use crate::output::{Body, Origin};

/// How many rounds ahead of ours a block is kept before its proposal has come.
const EARLY_ROUNDS: u32 = 2;
/// How many blocks of past rounds are kept besides those that may still be decided.
const PAST_BLOCKS_MAX: usize = 8;

/// A known block.
#[derive(Debug)]
pub(crate) struct Block {
    /// The last round it was proposed or certified in.
    pub(crate) round: u32,
    /// Whom its header must name, if it was proposed afresh.
    pub(crate) proposer: Option<PublicKey>,
    pub(crate) status: Status,
    /// Who has sent other bytes under its id.
    liars: BTreeSet<PublicKey>,
    /// How often it was asked for.
    pub(crate) attempts: u32,
}

/// How far we are with a known block.
#[derive(Debug)]
pub(crate) enum Status {
    Missing,
    Checking {
        body: Body,
        from: PublicKey,
        origin: Origin,
    },
    Valid(Body),
    /// Kept, because the others may commit it and then other rules count.
    Invalid {
        body: Body,
        from: PublicKey,
        origin: Origin,
    },
}

/// All blocks of a height.
#[derive(Debug, Default)]
pub(crate) struct Blocks {
    known: BTreeMap<block::Id, Block>,
    early: BTreeMap<u32, (block::Id, Body, PublicKey)>,
    proposals: BTreeMap<(u32, block::Id), SignedProposal>,
}

impl Blocks {
    pub(crate) fn get(&self, id: &block::Id) -> Option<&Block> {
        self.known.get(id)
    }

    pub(crate) fn get_mut(&mut self, id: &block::Id) -> Option<&mut Block> {
        self.known.get_mut(id)
    }

    /// The bytes, if they were found valid.
    pub(crate) fn valid(&self, id: &block::Id) -> Option<Body> {
        match self.known.get(id).map(|block| &block.status) {
            Some(Status::Valid(body)) => Some(body.clone()),
            _ => None,
        }
    }

    /// A proposal of the block, that of `round` if there is one.
    pub(crate) fn proposal(&self, round: u32, id: &block::Id) -> Option<&SignedProposal> {
        self.proposals.get(&(round, *id)).or_else(|| {
            let of_block = |entry: &(&(u32, block::Id), _)| entry.0.1 == *id;
            self.proposals.iter().find(of_block).map(|(_, proposal)| proposal)
        })
    }

    pub(crate) fn has_proposal(&self, round: u32, id: &block::Id) -> bool {
        self.proposals.contains_key(&(round, *id))
    }

    pub(crate) fn holds_proposal(&self, signed: &SignedProposal) -> bool {
        self.proposals.get(&(signed.proposal.round, signed.proposal.block_id)) == Some(signed)
    }

    pub(crate) fn add_proposal(&mut self, signed: &SignedProposal) {
        let proposal = &signed.proposal;
        self.proposals.entry((proposal.round, proposal.block_id)).or_insert_with(|| signed.clone());
        let fresh = proposal.valid_round.is_none();
        self.add(proposal.block_id, proposal.round, fresh.then_some(proposal.proposer));
    }

    /// Makes a block known, or known to be of interest in a later round.
    pub(crate) fn add(&mut self, id: block::Id, round: u32, proposer: Option<PublicKey>) -> &mut Block {
        let missing =
            || Block { round, proposer, status: Status::Missing, liars: BTreeSet::new(), attempts: 0 };
        let block = self.known.entry(id).or_insert_with(missing);
        block.round = block.round.max(round);
        block
    }

    pub(crate) fn add_valid(&mut self, id: block::Id, round: u32, proposer: Option<PublicKey>, body: Body) {
        self.add(id, round, proposer).status = Status::Valid(body);
    }

    /// Keeps the bytes of a block whose proposal has not come yet; the first of a round counts.
    pub(crate) fn add_early(&mut self, now: u32, round: u32, id: block::Id, body: Body, from: PublicKey) {
        if round >= now && round.saturating_sub(now) <= EARLY_ROUNDS {
            self.early.entry(round).or_insert((id, body, from));
        }
    }

    /// Takes the bytes that came before the block was known.
    pub(crate) fn take_early(&mut self, id: &block::Id) -> Option<(Body, PublicKey)> {
        let round = self.early.iter().find(|(_, early)| early.0 == *id).map(|(round, _)| *round)?;
        self.early.remove(&round).map(|(_, body, from)| (body, from))
    }

    /// The blocks that are known but not here, in order of id.
    pub(crate) fn missing(&self) -> impl Iterator<Item = (block::Id, u32)> + '_ {
        let is_missing = |entry: &(&block::Id, &Block)| matches!(entry.1.status, Status::Missing);
        self.known.iter().filter(is_missing).map(|(id, block)| (*id, block.round))
    }

    /// Forgets what can hardly matter any more: proposals of past rounds that came to nothing.
    /// Should one of them be decided after all, it is fetched again.
    pub(crate) fn enter_round(&mut self, round: u32, keep: &BTreeSet<block::Id>) {
        self.early.retain(|early, _| *early >= round);
        let mut past: Vec<(u32, block::Id)> = self
            .known
            .iter()
            .filter(|(id, block)| block.round < round && !keep.contains(id))
            .map(|(id, block)| (block.round, *id))
            .collect();
        past.sort_unstable();
        let excess = past.len().saturating_sub(PAST_BLOCKS_MAX);
        for (_, id) in past.into_iter().take(excess) {
            self.known.remove(&id);
            self.proposals.retain(|(_, proposed), _| *proposed != id);
        }
    }
}

impl Block {
    pub(crate) fn is_missing(&self) -> bool {
        matches!(self.status, Status::Missing)
    }

    pub(crate) fn has_lied(&self, peer: &PublicKey) -> bool {
        self.liars.contains(peer)
    }

    /// Notes that `peer` sent other bytes under this id, and that the block is still missing.
    pub(crate) fn blame(&mut self, peer: PublicKey) {
        self.liars.insert(peer);
        self.status = Status::Missing;
    }

    /// Whom to ask next: the validators in turn, without us and without those who lied, unless
    /// nobody else is left.
    pub(crate) fn next_peer(&mut self, peers: &[PublicKey]) -> Option<PublicKey> {
        if peers.iter().all(|peer| self.liars.contains(peer)) {
            self.liars.clear();
        }
        let honest: Vec<PublicKey> =
            peers.iter().filter(|peer| !self.liars.contains(peer)).copied().collect();
        let turn = usize::try_from(self.attempts).unwrap_or_default().checked_rem(honest.len())?;
        self.attempts = self.attempts.saturating_add(1);
        honest.get(turn).copied()
    }
}
