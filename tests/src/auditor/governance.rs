//! What the books hold of the members: who votes, what they have proposed, and who signed twice.

use std::collections::BTreeMap;
use std::sync::Arc;

use ledger::codec;
use ledger::crypto::PublicKey;
use ledger::evidence::{Evidence, SigningKind};
use ledger::governance::{Change, ChangeStatus};
use ledger::hash::sha256;
use ledger::id::{ChangeId, CreditCode, DoubleSigningId};
use ledger::time::BlockTime;
use ledger::validators::{Validator, ValidatorSet};

use super::books::Books;
use super::due;

/// The keys of a member's node.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Seat {
    /// With which it votes.
    pub votes: PublicKey,
    /// With which it speaks on the network.
    pub speaks: PublicKey,
}

/// Members by organisation.
pub type Members = BTreeMap<CreditCode, Seat>;

/// A proposed change.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Proposal {
    /// What is to change.
    pub change: Arc<Change>,
    /// Which member proposed it.
    pub proposer: CreditCode,
    /// When.
    pub proposed_at: BlockTime,
    /// Until when it can be approved.
    pub expires_at: BlockTime,
    /// Who has approved, in their order.
    pub approvals: Vec<(CreditCode, BlockTime)>,
    /// Where it stands.
    pub status: ChangeStatus,
}

/// A double signing that was reported.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DoubleSigning {
    /// What proves it.
    pub evidence: Arc<Evidence>,
    /// For whom the accused key voted at that height.
    pub organisation: CreditCode,
    /// Who reported it.
    pub reported_by: CreditCode,
    /// When.
    pub reported_at: BlockTime,
}

/// The keys with which a member signs checkpoints.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cosigner {
    /// The one for the log, and the one that cosigns.
    pub keys: (PublicKey, PublicKey),
    /// The height at which they were registered.
    pub since: u64,
}

/// What a message quoted as evidence says of itself: by whom, at which height, in which round, of which kind.
pub(super) type Place = (PublicKey, u64, u32, SigningKind);

/// The name of a double signing.
pub(super) fn name((accused, height, round, kind): Place) -> DoubleSigningId {
    let kind: u8 = match kind {
        SigningKind::Prevote => 1,
        SigningKind::Precommit => 2,
        SigningKind::Proposal => 3,
    };
    let mut bytes = b"zhulian/double-signing/1\0".to_vec();
    bytes.extend(codec::encode(&(accused, height, round, kind)));
    DoubleSigningId::from_bytes(sha256(&bytes))
}

/// The seat that a validator's record describes.
pub(super) fn seat(validator: &Validator) -> Seat {
    Seat { votes: validator.public_key, speaks: validator.network_key }
}

/// The members that a validator set describes.
pub(super) fn members(set: &ValidatorSet) -> Members {
    set.iter().map(|validator| (validator.organisation.clone(), seat(validator))).collect()
}

impl Proposal {
    /// Whether it can still be approved.
    pub fn is_open(&self) -> bool {
        self.status == ChangeStatus::Open
    }

    /// Whether an organisation has approved it.
    pub fn has_approval_of(&self, code: &CreditCode) -> bool {
        self.approvals.iter().any(|(who, _)| who == code)
    }

    /// Whether more than two thirds of these members have approved it.
    pub fn has_quorum(&self, members: &Members) -> bool {
        let behind = members.keys().filter(|code| self.has_approval_of(code)).count();
        behind * 3 > members.len() * 2
    }
}

impl Books {
    /// Who decides a height: the members of the last era that has begun by then.
    pub fn members_at(&self, height: u64) -> Option<&Members> {
        self.eras.range(..=height).next_back().map(|(_, members)| members)
    }

    /// The member whose node votes with a key now.
    pub fn voter(&self, key: &PublicKey) -> Option<&CreditCode> {
        self.members.iter().find(|(_, seat)| seat.votes == *key).map(|(code, _)| code)
    }

    /// How many changes a member has open.
    pub fn open_changes_of(&self, code: &CreditCode) -> usize {
        self.changes.values().filter(|proposal| proposal.is_open() && proposal.proposer == *code).count()
    }

    /// Changes the members from a height on.
    pub(super) fn change_members(&mut self, from: u64, change: impl FnOnce(&mut Members)) {
        change(&mut self.members);
        self.eras.insert(from, self.members.clone());
    }

    /// Changes a proposal. What it waits for follows from how it stands then.
    pub(super) fn change_proposal(&mut self, id: ChangeId, change: impl FnOnce(&mut Proposal)) {
        let Some(proposal) = self.changes.get_mut(&id) else { return };
        let before = due::of_change(id, proposal);
        change(proposal);
        let after = due::of_change(id, proposal);
        self.plan(before, after);
    }

    /// Enters a new proposal.
    pub(super) fn add_proposal(&mut self, id: ChangeId, proposal: Proposal) {
        self.plan(None, due::of_change(id, &proposal));
        self.changes.insert(id, proposal);
    }
}
