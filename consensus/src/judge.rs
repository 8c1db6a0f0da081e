//! Verifies signatures, each once, and compares what one validator has signed.
//!
//! Everything that is found authentic at a height is kept by what it answers: voter, round and kind. A second answer that
//! differs is proof of double signing, wherever it came from: a vote, a certificate, or a message that comes after the
//! height is decided. The core keeps less than that: it forgets rounds before its lock and ends with the height.

// The core prescribes the type of its errors.
#![allow(clippy::result_large_err)]

use std::collections::{BTreeMap, BTreeSet};

use arc_malachitebft_core_consensus::ConsensusMsg;
use arc_malachitebft_core_types as core_types;
use core_types::{CertificateError, SignedMessage, ThresholdParam, ThresholdParams, VotingPower};
use ledger::certificate::{CommitCertificate, VoteType};
use ledger::crypto::{Claim, PublicKey, verify_batch};
use ledger::evidence::{Evidence, SigningKind};
use ledger::id::{ChainId, Height};

use crate::context::{Address, Context, Validators};
use crate::message::{
    Message, Proposal, RoundCertificate, RoundCertificateKind, RoundVote, SignedProposal, SignedVote, Vote,
};
use crate::proposer::proposer as turn;

/// How many verified messages of one validator are remembered in a height. Whoever signs more loses only the comparison of
/// his own: they are verified each time they come.
const VERIFIED_MAX: usize = 256;

/// A question that a validator answers once at a height.
type Question = (u32, SigningKind);

/// What was found authentic: the first answer to a question.
#[derive(Clone, Debug)]
enum Answer {
    Vote(SignedVote),
    Proposal(SignedProposal),
}

/// Verifies the signatures of one height.
pub(crate) struct Judge {
    pub(crate) chain: ChainId,
    height: Height,
    validators: Validators,
    answers: BTreeMap<PublicKey, BTreeMap<Question, Answer>>,
    /// Double signings that are proven already.
    proven: BTreeSet<(PublicKey, Question)>,
    evidence: Vec<Evidence>,
}

impl Judge {
    pub(crate) fn new(chain: ChainId, height: Height, validators: Validators) -> Self {
        let (answers, proven, evidence) = (BTreeMap::new(), BTreeSet::new(), Vec::new());
        Self { chain, height, validators, answers, proven, evidence }
    }

    /// The height it judges.
    pub(crate) fn height(&self) -> Height {
        self.height
    }

    /// Double signings proven since this was last asked.
    pub(crate) fn take_evidence(&mut self) -> Vec<Evidence> {
        std::mem::take(&mut self.evidence)
    }

    /// Keeps an authentic vote, and compares it with what the same validator has signed before.
    pub(crate) fn trust_vote(&mut self, vote: SignedVote) {
        let (voter, question) = (vote.vote.voter, question(&vote));
        match self.answer(&voter, question) {
            Some(Answer::Vote(first)) if first.vote.block_id != vote.vote.block_id => {
                let evidence = Evidence::votes(first.clone(), vote);
                self.prove(voter, question, evidence);
            }
            Some(_) => {}
            None => self.keep(voter, question, Answer::Vote(vote)),
        }
    }

    /// Keeps an authentic proposal, and compares it with what the same validator has signed before.
    pub(crate) fn trust_proposal(&mut self, proposal: SignedProposal) {
        let (proposer, question) =
            (proposal.proposal.proposer, (proposal.proposal.round, SigningKind::Proposal));
        match self.answer(&proposer, question) {
            Some(Answer::Proposal(first)) if first.proposal != proposal.proposal => {
                let evidence = Evidence::proposals(first.clone(), proposal);
                self.prove(proposer, question, evidence);
            }
            Some(_) => {}
            None => self.keep(proposer, question, Answer::Proposal(proposal)),
        }
    }

    fn answer(&self, signer: &PublicKey, question: Question) -> Option<&Answer> {
        self.answers.get(signer)?.get(&question)
    }

    fn keep(&mut self, signer: PublicKey, question: Question, answer: Answer) {
        let answers = self.answers.entry(signer).or_default();
        if answers.len() < VERIFIED_MAX {
            answers.insert(question, answer);
        }
    }

    fn prove(&mut self, signer: PublicKey, question: Question, evidence: Evidence) {
        if self.proven.insert((signer, question)) {
            self.evidence.push(evidence);
        }
    }

    /// Whether it is known to be authentic.
    fn knows_vote(&self, vote: &SignedVote) -> bool {
        let known = self.answer(&vote.vote.voter, question(vote));
        matches!(known, Some(Answer::Vote(first)) if first == vote)
    }

    /// Whether another vote would tell anything: whoever is proven to have signed twice need not be heard a third time.
    fn is_news(&self, vote: &SignedVote) -> bool {
        let voter = vote.vote.voter;
        self.validators.set().get(&voter).is_some()
            && vote.vote.height == self.height
            && !self.proven.contains(&(voter, question(vote)))
            && !self.knows_vote(vote)
    }

    pub(crate) fn message(&mut self, message: &SignedMessage<Context, ConsensusMsg<Context>>) -> bool {
        match &message.message {
            ConsensusMsg::Vote(vote) => {
                self.vote(SignedVote { vote: Vote::from(vote), signature: message.signature })
            }
            ConsensusMsg::Proposal(proposal) => self.proposal(SignedProposal {
                proposal: Proposal::from(proposal),
                signature: message.signature,
            }),
        }
    }

    fn vote(&mut self, vote: SignedVote) -> bool {
        let authentic = self.knows_vote(&vote) || vote.is_authentic(&self.chain);
        if authentic {
            self.trust_vote(vote);
        }
        authentic
    }

    fn proposal(&mut self, proposal: SignedProposal) -> bool {
        let known =
            self.answer(&proposal.proposal.proposer, (proposal.proposal.round, SigningKind::Proposal));
        let known = matches!(known, Some(Answer::Proposal(first)) if *first == proposal);
        let authentic = known || proposal.is_authentic(&self.chain);
        if authentic {
            self.trust_proposal(proposal);
        }
        authentic
    }

    /// Takes a message as testimony only: what it shows to be signed is compared, and nothing else follows from it.
    pub(crate) fn hear(&mut self, message: &Message) {
        match message {
            Message::Vote(vote) | Message::VoteAgain(vote) => self.hear_votes(std::iter::once(vote.clone())),
            Message::Polka(certificate) => self.hear_votes(certificate.votes()),
            Message::Round(certificate) => self.hear_votes(certificate.votes()),
            Message::Commit(certificate) => self.hear_votes(precommits(certificate)),
            Message::Proposal(signed) => {
                let proposer = signed.proposal.proposer;
                let question = (signed.proposal.round, SigningKind::Proposal);
                let is_turn = proposer == turn(self.validators.set(), self.height, signed.proposal.round);
                if is_turn && !self.proven.contains(&(proposer, question)) {
                    self.proposal(signed.clone());
                }
            }
            Message::Block { .. } | Message::WantBlock { .. } => {}
        }
    }

    /// Those that are news are verified one by one: a certificate may hold one that does not hold itself.
    fn hear_votes(&mut self, votes: impl Iterator<Item = SignedVote>) {
        for vote in votes {
            if self.is_news(&vote) {
                self.vote(vote);
            }
        }
    }

    pub(crate) fn round_certificate(
        &mut self,
        certificate: &RoundCertificate,
        thresholds: ThresholdParams,
    ) -> Result<(), CertificateError<Context>> {
        let threshold = match certificate.kind {
            RoundCertificateKind::Skip => thresholds.honest,
            RoundCertificateKind::Precommit => thresholds.quorum,
        };
        let is_prevote = |vote: &&RoundVote| vote.vote_type == VoteType::Prevote;
        match certificate.votes.iter().find(is_prevote) {
            Some(vote) if certificate.kind == RoundCertificateKind::Precommit => {
                Err(CertificateError::InvalidVoteType(Address(vote.voter)))
            }
            _ => self.certificate(certificate.votes().collect(), threshold),
        }
    }

    /// Checks that the votes are by different validators, are authentic, and are enough.
    pub(crate) fn certificate(
        &mut self,
        votes: Vec<SignedVote>,
        threshold: ThresholdParam,
    ) -> Result<(), CertificateError<Context>> {
        let mut seen = BTreeSet::new();
        for vote in &votes {
            let voter = vote.vote.voter;
            if !seen.insert(voter) {
                return Err(CertificateError::DuplicateVote(Address(voter)));
            }
            if self.validators.set().get(&voter).is_none() {
                return Err(CertificateError::UnknownValidator(Address(voter)));
            }
        }
        let power = |count: usize| VotingPower::try_from(count).unwrap_or(VotingPower::MAX);
        let (signed, total) = (power(votes.len()), power(self.validators.set().len()));
        if !threshold.is_met(signed, total) {
            let expected = threshold.min_expected(total);
            return Err(CertificateError::NotEnoughVotingPower { signed, total, expected });
        }
        if self.authentic_batch(votes) { Ok(()) } else { Err(CertificateError::VerificationError(None)) }
    }

    fn authentic_batch(&mut self, votes: Vec<SignedVote>) -> bool {
        let new: Vec<SignedVote> = votes.into_iter().filter(|vote| !self.knows_vote(vote)).collect();
        let signed: Vec<Vec<u8>> = new.iter().map(|vote| vote.vote.sign_bytes(&self.chain)).collect();
        let claims: Vec<Claim<'_>> = new
            .iter()
            .zip(&signed)
            .map(|(vote, message)| Claim { key: &vote.vote.voter, message, signature: &vote.signature })
            .collect();
        let authentic = verify_batch(&claims).into_iter().all(|good| good);
        if authentic {
            new.into_iter().for_each(|vote| self.trust_vote(vote));
        }
        authentic
    }
}

fn question(vote: &SignedVote) -> Question {
    let kind = match vote.vote.vote_type {
        VoteType::Prevote => SigningKind::Prevote,
        VoteType::Precommit => SigningKind::Precommit,
    };
    (vote.vote.round, kind)
}

/// The precommits that a commit certificate consists of.
fn precommits(certificate: &CommitCertificate) -> impl Iterator<Item = SignedVote> + '_ {
    certificate.signatures.iter().map(|one| SignedVote {
        vote: Vote {
            height: certificate.height,
            round: certificate.round,
            vote_type: VoteType::Precommit,
            voter: one.public_key,
            block_id: Some(certificate.block_id),
        },
        signature: one.signature,
    })
}
