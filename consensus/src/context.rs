//! Our types as the engine's types: the only generic code.
//!
//! The engine counts rounds as `Round::Nil` (-1) or a number; ours are plain numbers. The orphan
//! rule asks for newtypes around the ledger's.

use core::fmt;
use std::sync::Arc;

use arc_malachitebft_core_types as core_types;
use core_types::{NilOrVal, Round, SignedMessage, VotingPower};
use ledger::block;
use ledger::certificate::VoteType;
use ledger::crypto::{PublicKey, Signature};
use ledger::validators::ValidatorSet;

use crate::message::{Proposal, SignedProposal, SignedVote, Vote};
use crate::proposer::proposer;

/// The family of types the engine is instantiated with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Context;

/// A height as the engine wants it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Height(pub(crate) ledger::id::Height);

/// A validator's name: its voting key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Address(pub(crate) PublicKey);

/// What is agreed on: the id of a block.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Value(pub(crate) block::Id);

/// A validator, one vote each.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Validator(pub(crate) Address);

/// The validators of a height. Cheap to clone: the engine clones it for every certificate.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Validators {
    set: Arc<ValidatorSet>,
    members: Arc<[Validator]>,
}

/// A vote in the engine's terms.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct CoreVote {
    height: Height,
    round: Round,
    value: NilOrVal<Value>,
    vote_type: core_types::VoteType,
    voter: Address,
}

/// A proposal in the engine's terms.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct CoreProposal {
    height: Height,
    round: Round,
    value: Value,
    valid_round: Round,
    proposer: Address,
}

/// The engine knows signatures only as opaque ordered values: signing and verifying is ours.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Scheme;

/// Parts of a proposal, which we do not use: a block travels as one message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Part;

/// Timeouts are computed outside the engine.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct NoTimeouts;

/// A round number from the engine; nil has none.
pub(crate) fn round_number(round: Round) -> u32 {
    round.as_u32().unwrap_or_default()
}

impl Validators {
    pub(crate) fn new(set: ValidatorSet) -> Self {
        let members = set.iter().map(|validator| Validator(Address(validator.public_key))).collect();
        Self { set: Arc::new(set), members }
    }

    pub(crate) fn set(&self) -> &ValidatorSet {
        &self.set
    }

    fn position(&self, key: &PublicKey) -> Option<usize> {
        self.members.binary_search_by_key(key, |member| member.0.0).ok()
    }
}

impl From<&Vote> for CoreVote {
    fn from(vote: &Vote) -> Self {
        Self {
            height: Height(vote.height),
            round: Round::new(vote.round),
            value: vote.block_id.map_or(NilOrVal::Nil, |id| NilOrVal::Val(Value(id))),
            vote_type: match vote.vote_type {
                VoteType::Prevote => core_types::VoteType::Prevote,
                VoteType::Precommit => core_types::VoteType::Precommit,
            },
            voter: Address(vote.voter),
        }
    }
}

impl From<&CoreVote> for Vote {
    fn from(vote: &CoreVote) -> Self {
        Self {
            height: vote.height.0,
            round: round_number(vote.round),
            vote_type: vote_type(vote.vote_type),
            voter: vote.voter.0,
            block_id: block_id(&vote.value),
        }
    }
}

impl From<&Proposal> for CoreProposal {
    fn from(proposal: &Proposal) -> Self {
        Self {
            height: Height(proposal.height),
            round: Round::new(proposal.round),
            value: Value(proposal.block_id),
            valid_round: Round::from(proposal.valid_round),
            proposer: Address(proposal.proposer),
        }
    }
}

impl From<&CoreProposal> for Proposal {
    fn from(proposal: &CoreProposal) -> Self {
        Self {
            height: proposal.height.0,
            round: round_number(proposal.round),
            block_id: proposal.value.0,
            proposer: proposal.proposer.0,
            valid_round: proposal.valid_round.as_u32(),
        }
    }
}

pub(crate) fn vote_type(vote_type: core_types::VoteType) -> VoteType {
    match vote_type {
        core_types::VoteType::Prevote => VoteType::Prevote,
        core_types::VoteType::Precommit => VoteType::Precommit,
    }
}

pub(crate) fn block_id(value: &NilOrVal<Value>) -> Option<block::Id> {
    match value {
        NilOrVal::Nil => None,
        NilOrVal::Val(value) => Some(value.0),
    }
}

pub(crate) fn to_core_vote(signed: &SignedVote) -> core_types::SignedVote<Context> {
    SignedMessage::new(CoreVote::from(&signed.vote), signed.signature)
}

pub(crate) fn from_core_vote(signed: &core_types::SignedVote<Context>) -> SignedVote {
    SignedVote { vote: Vote::from(&signed.message), signature: signed.signature }
}

pub(crate) fn to_core_proposal(signed: &SignedProposal) -> core_types::SignedProposal<Context> {
    SignedMessage::new(CoreProposal::from(&signed.proposal), signed.signature)
}

pub(crate) fn from_core_proposal(signed: &core_types::SignedProposal<Context>) -> SignedProposal {
    SignedProposal { proposal: Proposal::from(&signed.message), signature: signed.signature }
}

impl core_types::Context for Context {
    type Address = Address;
    type Height = Height;
    type ProposalPart = Part;
    type Proposal = CoreProposal;
    type Validator = Validator;
    type ValidatorSet = Validators;
    type Timeouts = NoTimeouts;
    type Value = Value;
    type Vote = CoreVote;
    type Extension = ();
    type SigningScheme = Scheme;

    // The signature leaves no other answer for an empty set, and there is none.
    #[allow(clippy::expect_used)]
    fn select_proposer<'a>(&self, validators: &'a Validators, height: Height, round: Round) -> &'a Validator {
        let key = proposer(validators.set(), height.0, round_number(round));
        let index = validators.position(&key).unwrap_or_default();
        validators.members.get(index).expect("a validator set has at least one member")
    }

    fn new_proposal(
        &self,
        height: Height,
        round: Round,
        value: Value,
        valid_round: Round,
        proposer: Address,
    ) -> CoreProposal {
        CoreProposal { height, round, value, valid_round, proposer }
    }

    fn new_prevote(&self, height: Height, round: Round, value: NilOrVal<Value>, voter: Address) -> CoreVote {
        CoreVote { height, round, value, vote_type: core_types::VoteType::Prevote, voter }
    }

    fn new_precommit(
        &self,
        height: Height,
        round: Round,
        value: NilOrVal<Value>,
        voter: Address,
    ) -> CoreVote {
        CoreVote { height, round, value, vote_type: core_types::VoteType::Precommit, voter }
    }
}

impl core_types::Height for Height {
    const ZERO: Self = Self(ledger::id::Height::new(0));
    const INITIAL: Self = Self(ledger::id::Height::new(1));

    fn increment_by(&self, n: u64) -> Self {
        Self(self.0.plus(n))
    }

    fn decrement_by(&self, n: u64) -> Option<Self> {
        self.0.get().checked_sub(n).map(|height| Self(ledger::id::Height::new(height)))
    }

    fn as_u64(&self) -> u64 {
        self.0.get()
    }
}

impl core_types::Address for Address {}

impl core_types::Value for Value {
    type Id = Self;

    fn id(&self) -> Self {
        *self
    }
}

impl core_types::Validator<Context> for Validator {
    fn address(&self) -> &Address {
        &self.0
    }

    fn public_key(&self) -> &PublicKey {
        &self.0.0
    }

    fn voting_power(&self) -> VotingPower {
        1
    }
}

impl core_types::ValidatorSet<Context> for Validators {
    fn count(&self) -> usize {
        self.members.len()
    }

    fn total_voting_power(&self) -> VotingPower {
        u64::try_from(self.members.len()).unwrap_or(u64::MAX)
    }

    fn get_by_address(&self, address: &Address) -> Option<&Validator> {
        self.members.get(self.position(&address.0)?)
    }

    fn get_by_index(&self, index: usize) -> Option<&Validator> {
        self.members.get(index)
    }
}

impl core_types::Vote<Context> for CoreVote {
    fn height(&self) -> Height {
        self.height
    }

    fn round(&self) -> Round {
        self.round
    }

    fn value(&self) -> &NilOrVal<Value> {
        &self.value
    }

    fn take_value(self) -> NilOrVal<Value> {
        self.value
    }

    fn vote_type(&self) -> core_types::VoteType {
        self.vote_type
    }

    fn validator_address(&self) -> &Address {
        &self.voter
    }

    fn extension(&self) -> Option<&core_types::SignedExtension<Context>> {
        None
    }

    fn take_extension(&mut self) -> Option<core_types::SignedExtension<Context>> {
        None
    }

    fn extend(self, _: core_types::SignedExtension<Context>) -> Self {
        self
    }
}

impl core_types::Proposal<Context> for CoreProposal {
    fn height(&self) -> Height {
        self.height
    }

    fn round(&self) -> Round {
        self.round
    }

    fn value(&self) -> &Value {
        &self.value
    }

    fn take_value(self) -> Value {
        self.value
    }

    fn pol_round(&self) -> Round {
        self.valid_round
    }

    fn validator_address(&self) -> &Address {
        &self.proposer
    }
}

impl core_types::ProposalPart<Context> for Part {
    fn is_first(&self) -> bool {
        true
    }

    fn is_last(&self) -> bool {
        true
    }
}

impl core_types::Timeouts<Context> for NoTimeouts {
    fn duration_for(&self, _: core_types::Timeout) -> core::time::Duration {
        core::time::Duration::ZERO
    }
}

impl core_types::SigningScheme for Scheme {
    type DecodingError = &'static str;
    type Signature = Signature;
    type PublicKey = PublicKey;
    type PrivateKey = ();

    fn decode_signature(bytes: &[u8]) -> Result<Signature, &'static str> {
        bytes.try_into().map(Signature::from_bytes).map_err(|_| "a signature has 64 bytes")
    }

    fn encode_signature(signature: &Signature) -> Vec<u8> {
        signature.as_bytes().to_vec()
    }

    fn decode_public_key(bytes: &[u8]) -> Result<PublicKey, &'static str> {
        bytes.try_into().map(PublicKey::from_bytes).map_err(|_| "a public key has 32 bytes")
    }

    fn encode_public_key(key: &PublicKey) -> Vec<u8> {
        key.as_bytes().to_vec()
    }
}

impl fmt::Display for Height {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl fmt::Display for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}
