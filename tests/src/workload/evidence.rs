//! Messages signed twice with the voting keys in the hand.

use ledger::block;
use ledger::certificate::VoteType;
use ledger::crypto::{PublicKey, Signature};
use ledger::evidence::Evidence;
use ledger::id::{ChainId, Height};
use ledger::vote::{Proposal, SignedProposal, SignedVote, Vote};

use super::hand::{Hand, Scene};

/// Who signs what where.
#[derive(Clone)]
pub(super) struct Place {
    /// The voting key.
    pub(super) key: PublicKey,
    /// The chain for which it signs.
    pub(super) chain: ChainId,
    /// The height.
    pub(super) height: u64,
    /// The round.
    pub(super) round: u32,
}

/// A block by a small number; 0 is none.
fn block(number: u64) -> Option<block::Id> {
    (number > 0).then(|| block::Id::from_bytes([number as u8; 32]))
}

impl Place {
    fn sign(&self, hand: &Hand, bytes: &[u8]) -> Option<Signature> {
        Some(hand.key(&self.key)?.sign(bytes))
    }

    /// A vote for the block of this number.
    pub(super) fn vote(&self, hand: &Hand, vote_type: VoteType, number: u64) -> Option<SignedVote> {
        let (height, round, voter) = (Height::new(self.height), self.round, self.key);
        let vote = Vote { height, round, vote_type, voter, block_id: block(number) };
        let signature = self.sign(hand, &vote.sign_bytes(&self.chain))?;
        Some(SignedVote { vote, signature })
    }

    /// A proposal of the block of this number.
    pub(super) fn proposal(
        &self,
        hand: &Hand,
        number: u64,
        valid_round: Option<u32>,
    ) -> Option<SignedProposal> {
        let (height, round, proposer) = (Height::new(self.height), self.round, self.key);
        let proposal = Proposal { height, round, block_id: block(number)?, proposer, valid_round };
        let signature = self.sign(hand, &proposal.sign_bytes(&self.chain))?;
        Some(SignedProposal { proposal, signature })
    }
}

/// A height that has been reached, and the key of somebody that voted then.
pub(super) fn place(hand: &mut Hand, scene: &Scene<'_>) -> Option<Place> {
    let height = 1 + hand.chance.below(scene.height);
    let members = scene.books.members_at(height)?;
    let keys: Vec<PublicKey> =
        members.values().map(|seat| seat.votes).filter(|key| hand.key(key).is_some()).collect();
    let key = *hand.chance.pick(&keys)?;
    let round = hand.chance.below(3) as u32;
    Some(Place { key, chain: hand.chain.clone(), height, round })
}

/// One of the two votes.
pub(super) fn vote_type(hand: &mut Hand) -> VoteType {
    if hand.chance.happens(50) { VoteType::Prevote } else { VoteType::Precommit }
}

/// Two messages that contradict each other.
pub(super) fn at(hand: &mut Hand, place: &Place) -> Option<Evidence> {
    let one = hand.chance.below(3);
    let other = one + 1 + hand.chance.below(2);
    if hand.chance.happens(60) {
        let kind = vote_type(hand);
        return Some(Evidence::votes(place.vote(hand, kind, one)?, place.vote(hand, kind, other)?));
    }
    let valid = (place.round > 0 && hand.chance.happens(50)).then(|| place.round - 1);
    let late = (hand.chance.happens(50)).then_some(0);
    // One block twice contradicts itself where the round differs in which it is said to have been valid.
    let other = if valid != late && hand.chance.happens(30) { one + 1 } else { other + 1 };
    Some(Evidence::proposals(place.proposal(hand, one + 1, valid)?, place.proposal(hand, other, late)?))
}

/// Evidence that proves a double signing.
pub(super) fn sound(hand: &mut Hand, scene: &Scene<'_>) -> Option<Evidence> {
    let place = place(hand, scene)?;
    at(hand, &place)
}

/// Evidence that may prove one, about any height.
pub(super) fn any(hand: &mut Hand, scene: &Scene<'_>) -> Option<Evidence> {
    let mut place = place(hand, scene)?;
    if hand.chance.happens(30) {
        place.height = hand.chance.below(scene.height + 3);
    }
    if hand.chance.happens(10) {
        place.key = hand.fresh_key();
    }
    let kind = vote_type(hand);
    let (one, other) = (hand.chance.below(3), hand.chance.below(3));
    let (first, second) = (place.vote(hand, kind, one)?, place.vote(hand, kind, other)?);
    Some(Evidence::Votes { first, second })
}
