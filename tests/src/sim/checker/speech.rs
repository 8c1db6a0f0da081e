//! What honest validators may sign: each question answered once, no vote against a lock, no precommit without a polka, and
//! nothing in a round that nothing leads to.

use std::collections::{BTreeMap, BTreeSet};

use consensus::Message;
use consensus::message::SignedVote;
use ledger::block;
use ledger::certificate::{CommitCertificate, VoteType};
use ledger::crypto::PublicKey;

use super::Question;

/// A rule that does not hold, and what was seen.
type Fault = (&'static str, String);

/// Who votes at a height, as far as it matters here: the adversaries among them may have voted anything.
#[derive(Clone, Copy)]
pub(super) struct Set {
    pub(super) size: usize,
    pub(super) quorum: usize,
    pub(super) adversaries: usize,
}

/// Block and valid round.
type Answer = (Option<block::Id>, Option<u32>);

/// Everything that honest validators have said.
#[derive(Default)]
pub(super) struct Speech {
    said: BTreeMap<Question, Answer>,
    /// Who gave which vote in a round of a height, honest validators only.
    votes: BTreeMap<(u64, u32, VoteType, Option<block::Id>), BTreeSet<PublicKey>>,
    /// Blocks that a validator precommitted at a height, by round.
    precommits: BTreeMap<(PublicKey, u64), BTreeMap<u32, block::Id>>,
}

impl Speech {
    /// A validator counts on a vote, its own or another's.
    pub(super) fn voted(&mut self, signed: &SignedVote) {
        let vote = &signed.vote;
        let place = (vote.height.get(), vote.round, vote.vote_type, vote.block_id);
        self.votes.entry(place).or_default().insert(vote.voter);
    }

    /// How many honest validators have voted so.
    fn count(&self, height: u64, round: u32, vote_type: VoteType, id: block::Id) -> usize {
        self.votes.get(&(height, round, vote_type, Some(id))).map_or(0, BTreeSet::len)
    }

    /// Who of the honest validators has given any vote of this type in a round.
    fn voters(&self, height: u64, round: u32, vote_type: VoteType) -> BTreeSet<PublicKey> {
        let last = Some(block::Id::from_bytes([0xff; 32]));
        let given = self.votes.range((height, round, vote_type, None)..=(height, round, vote_type, last));
        given.flat_map(|(_, voters)| voters).copied().collect()
    }

    /// A block counts as decided only when two thirds have precommitted it.
    pub(super) fn decided(&self, certificate: &CommitCertificate, set: Set) -> Result<(), Fault> {
        let (height, round, id) = (certificate.height.get(), certificate.round, certificate.block_id);
        let honest = self.count(height, round, VoteType::Precommit, id);
        if honest + set.adversaries >= set.quorum {
            return Ok(());
        }
        let detail = format!("{id} at height {height}, round {round}, by {honest} honest validators");
        Err(("what is decided is what two thirds have precommitted", detail))
    }

    /// A round after the first is entered when two thirds have precommitted in the one before, or more than a third have
    /// voted in it already.
    fn may_speak_in(&self, height: u64, round: u32, set: Set) -> Result<(), Fault> {
        let Some(before) = round.checked_sub(1) else { return Ok(()) };
        let precommitted = self.voters(height, before, VoteType::Precommit).len();
        let mut there = self.voters(height, round, VoteType::Prevote);
        there.extend(self.voters(height, round, VoteType::Precommit));
        if precommitted + set.adversaries >= set.quorum || 3 * (there.len() + set.adversaries) > set.size {
            return Ok(());
        }
        let detail = format!(
            "height {height}, round {round}: {precommitted} honest precommits in the round before, {} voters there",
            there.len()
        );
        Err(("honest nodes enter a round that something leads to", detail))
    }

    /// A block is precommitted only when two thirds have prevoted it.
    fn has_polka(&self, signed: &SignedVote, set: Set) -> Result<(), Fault> {
        let vote = &signed.vote;
        let (VoteType::Precommit, Some(id)) = (vote.vote_type, vote.block_id) else { return Ok(()) };
        let honest = self.count(vote.height.get(), vote.round, VoteType::Prevote, id);
        if honest + set.adversaries >= set.quorum {
            return Ok(());
        }
        let detail = format!(
            "{} precommits {id} at height {}, round {}, prevoted by {honest} honest validators",
            vote.voter, vote.height, vote.round
        );
        Err(("honest nodes precommit what two thirds have prevoted", detail))
    }

    /// An honest validator speaks.
    pub(super) fn said(&mut self, message: &Message, set: Set) -> Result<(), Fault> {
        let (question, answer) = match message {
            Message::Vote(signed) | Message::VoteAgain(signed) => {
                let vote = &signed.vote;
                self.may_speak_in(vote.height.get(), vote.round, set)?;
                self.has_polka(signed, set)?;
                self.keeps_lock(signed, set)?;
                self.voted(signed);
                let step = if vote.vote_type == VoteType::Prevote { 1 } else { 2 };
                ((vote.voter, vote.height.get(), vote.round, step), (vote.block_id, None))
            }
            Message::Proposal(signed) => {
                let proposal = &signed.proposal;
                self.may_speak_in(proposal.height.get(), proposal.round, set)?;
                let question = (proposal.proposer, proposal.height.get(), proposal.round, 0);
                (question, (Some(proposal.block_id), proposal.valid_round))
            }
            _ => return Ok(()),
        };
        let before = *self.said.entry(question).or_insert(answer);
        if before == answer {
            return Ok(());
        }
        let (own, height, round, step) = question;
        let step = ["proposal", "prevote", "precommit"][usize::from(step)];
        let detail = format!("{own} at height {height}, round {round}: {step} {before:?}, then {answer:?}");
        Err(("honest nodes never contradict themselves", detail))
    }

    /// Whoever precommitted a block prevotes another only after two thirds have prevoted that one since.
    fn keeps_lock(&mut self, signed: &SignedVote, set: Set) -> Result<(), Fault> {
        let vote = &signed.vote;
        let (height, Some(id)) = (vote.height.get(), vote.block_id) else { return Ok(()) };
        let precommits = self.precommits.entry((vote.voter, height)).or_default();
        if vote.vote_type == VoteType::Precommit {
            precommits.insert(vote.round, id);
            return Ok(());
        }
        let lock = precommits.range(..vote.round).next_back().map(|(round, id)| (*round, *id));
        let Some((locked, locked_id)) = lock.filter(|(_, locked_id)| *locked_id != id) else { return Ok(()) };
        let released = (locked..vote.round)
            .any(|round| self.count(height, round, VoteType::Prevote, id) + set.adversaries >= set.quorum);
        if released {
            return Ok(());
        }
        let detail = format!(
            "{} precommitted {locked_id} in round {locked} of height {height} and prevotes {id} in round {}",
            vote.voter, vote.round
        );
        Err(("honest nodes keep their lock", detail))
    }
}
