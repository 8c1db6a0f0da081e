//! Verifies what the core asks about: each signature once.

// The core prescribes the type of its errors.
#![allow(clippy::result_large_err)]

use std::collections::BTreeSet;

use arc_malachitebft_core_consensus::ConsensusMsg;
use arc_malachitebft_core_types as core_types;
use core_types::{CertificateError, SignedMessage, ThresholdParam, ThresholdParams, VotingPower};
use ledger::certificate::VoteType;
use ledger::crypto::{Claim, verify_batch};
use ledger::id::ChainId;

use crate::context::{Address, Context, Validators};
use crate::message::{
    Proposal, RoundCertificate, RoundCertificateKind, RoundVote, SignedProposal, SignedVote, Vote,
};

/// How many verified messages are remembered in a height; later ones may be verified twice.
const VERIFIED_MAX: usize = 8192;

/// Verifies signatures, each message once.
pub(crate) struct Judge {
    pub(crate) chain: ChainId,
    validators: Validators,
    votes: BTreeSet<SignedVote>,
    proposals: BTreeSet<SignedProposal>,
}

impl Judge {
    pub(crate) fn new(chain: ChainId, validators: Validators) -> Self {
        Self { chain, validators, votes: BTreeSet::new(), proposals: BTreeSet::new() }
    }

    pub(crate) fn trust_vote(&mut self, vote: SignedVote) {
        if self.votes.len() < VERIFIED_MAX {
            self.votes.insert(vote);
        }
    }

    pub(crate) fn trust_proposal(&mut self, proposal: SignedProposal) {
        if self.proposals.len() < VERIFIED_MAX {
            self.proposals.insert(proposal);
        }
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
        let authentic = self.votes.contains(&vote) || vote.is_authentic(&self.chain);
        if authentic {
            self.trust_vote(vote);
        }
        authentic
    }

    fn proposal(&mut self, proposal: SignedProposal) -> bool {
        let authentic = self.proposals.contains(&proposal) || proposal.is_authentic(&self.chain);
        if authentic {
            self.trust_proposal(proposal);
        }
        authentic
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
        let new: Vec<SignedVote> = votes.into_iter().filter(|vote| !self.votes.contains(vote)).collect();
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
