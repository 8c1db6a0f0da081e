//! What honest validators may sign: each question answered once, and no vote against a lock.

use std::collections::{BTreeMap, BTreeSet};

use consensus::Message;
use consensus::message::SignedVote;
use ledger::block;
use ledger::certificate::VoteType;
use ledger::crypto::PublicKey;

use super::Question;

/// Block and valid round.
type Answer = (Option<block::Id>, Option<u32>);

/// Everything that honest validators have said.
#[derive(Default)]
pub(super) struct Speech {
    said: BTreeMap<Question, Answer>,
    /// Who prevoted a block in a round of a height, honest validators only.
    prevotes: BTreeMap<(u64, u32, block::Id), BTreeSet<PublicKey>>,
    /// Blocks that a validator precommitted at a height, by round.
    precommits: BTreeMap<(PublicKey, u64), BTreeMap<u32, block::Id>>,
}

impl Speech {
    /// A validator counts on a prevote, its own or another's.
    pub(super) fn prevoted(&mut self, signed: &SignedVote) {
        let vote = &signed.vote;
        if let (VoteType::Prevote, Some(id)) = (vote.vote_type, vote.block_id) {
            self.prevotes.entry((vote.height.get(), vote.round, id)).or_default().insert(vote.voter);
        }
    }

    /// An honest validator speaks. `adversaries` of the validators may have prevoted anything.
    pub(super) fn said(
        &mut self,
        message: &Message,
        quorum: usize,
        adversaries: usize,
    ) -> Result<(), (&'static str, String)> {
        let (question, answer) = match message {
            Message::Vote(signed) | Message::VoteAgain(signed) => {
                self.keeps_lock(signed, quorum, adversaries)?;
                let vote = &signed.vote;
                let step = if vote.vote_type == VoteType::Prevote { 1 } else { 2 };
                ((vote.voter, vote.height.get(), vote.round, step), (vote.block_id, None))
            }
            Message::Proposal(signed) => {
                let proposal = &signed.proposal;
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
    fn keeps_lock(
        &mut self,
        signed: &SignedVote,
        quorum: usize,
        adversaries: usize,
    ) -> Result<(), (&'static str, String)> {
        let vote = &signed.vote;
        let (height, Some(id)) = (vote.height.get(), vote.block_id) else { return Ok(()) };
        let precommits = self.precommits.entry((vote.voter, height)).or_default();
        if vote.vote_type == VoteType::Precommit {
            precommits.insert(vote.round, id);
            return Ok(());
        }
        let lock = precommits.range(..vote.round).next_back().map(|(round, id)| (*round, *id));
        self.prevoted(signed);
        let Some((locked, locked_id)) = lock.filter(|(_, locked_id)| *locked_id != id) else { return Ok(()) };
        let released = (locked..vote.round).any(|round| {
            let honest = self.prevotes.get(&(height, round, id)).map_or(0, BTreeSet::len);
            honest + adversaries >= quorum
        });
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
