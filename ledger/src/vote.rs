//! Votes and proposals as validators sign them: what agreement is made of, and what evidence quotes.

use minicbor::{Decode, Encode};

use crate::block;
use crate::certificate::{VoteType, vote_sign_bytes};
use crate::codec;
use crate::crypto::{PublicKey, Signature, verify};
use crate::id::{ChainId, Height};

/// A prevote or precommit, for a block or (`None`) for nil.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Encode, Decode)]
pub struct Vote {
    /// The height voted on.
    #[n(0)]
    pub height: Height,
    /// The round voted in.
    #[n(1)]
    pub round: u32,
    /// First or second step.
    #[n(2)]
    pub vote_type: VoteType,
    /// Who votes.
    #[n(3)]
    pub voter: PublicKey,
    /// The block, or nil.
    #[n(4)]
    pub block_id: Option<block::Id>,
}

/// A vote with its signature, not necessarily verified.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Encode, Decode)]
pub struct SignedVote {
    /// What is signed.
    #[n(0)]
    pub vote: Vote,
    /// By `vote.voter`.
    #[n(1)]
    pub signature: Signature,
}

/// A proposer's offer of a block for a round.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Encode, Decode)]
pub struct Proposal {
    /// The height.
    #[n(0)]
    pub height: Height,
    /// The round.
    #[n(1)]
    pub round: u32,
    /// The block.
    #[n(2)]
    pub block_id: block::Id,
    /// Whose turn it is.
    #[n(3)]
    pub proposer: PublicKey,
    /// The earlier round in which two thirds already prevoted this block, if it is offered again.
    #[n(4)]
    pub valid_round: Option<u32>,
}

/// A proposal with its signature, not necessarily verified.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Encode, Decode)]
pub struct SignedProposal {
    /// What is signed.
    #[n(0)]
    pub proposal: Proposal,
    /// By `proposal.proposer`.
    #[n(1)]
    pub signature: Signature,
}

impl Vote {
    /// The bytes a voter signs.
    pub fn sign_bytes(&self, chain: &ChainId) -> Vec<u8> {
        vote_sign_bytes(chain, self.vote_type, self.height, self.round, self.block_id)
    }
}

impl SignedVote {
    /// Whether the voter signed this vote on this chain.
    pub fn is_authentic(&self, chain: &ChainId) -> bool {
        verify(&self.vote.voter, &self.vote.sign_bytes(chain), &self.signature).is_ok()
    }
}

impl Proposal {
    /// The bytes a proposer signs: a CBOR array of the text `zhulian/proposal/1`, the chain id,
    /// the height, the round, the valid round or null, and the block id.
    pub fn sign_bytes(&self, chain: &ChainId) -> Vec<u8> {
        let domain = "zhulian/proposal/1";
        codec::encode(&(domain, chain.as_str(), self.height, self.round, self.valid_round, self.block_id))
    }
}

impl SignedProposal {
    /// Whether the proposer signed this proposal on this chain.
    pub fn is_authentic(&self, chain: &ChainId) -> bool {
        verify(&self.proposal.proposer, &self.proposal.sign_bytes(chain), &self.signature).is_ok()
    }
}
