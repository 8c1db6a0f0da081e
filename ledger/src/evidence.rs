//! Proof that a validator contradicted itself.

use minicbor::{Decode, Encode};

use crate::certificate::VoteType;
use crate::codec::{self, CodecError};
use crate::crypto::PublicKey;
use crate::hash::tagged;
use crate::id::{ChainId, DoubleSigningId, Height};
use crate::vote::{SignedProposal, SignedVote};

/// Largest encoding of evidence, in bytes.
pub const MAX_EVIDENCE_BYTES: usize = 1_024;

/// Two signed messages of which an honest validator signs at most one. The lesser stands first, so
/// that one pair has one encoding.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Encode, Decode)]
pub enum Evidence {
    /// Two votes of one type for different blocks in one round.
    #[n(1)]
    Votes {
        /// The lesser.
        #[n(0)]
        first: SignedVote,
        /// The greater.
        #[n(1)]
        second: SignedVote,
    },
    /// Two different proposals in one round.
    #[n(2)]
    Proposals {
        /// The lesser.
        #[n(0)]
        first: SignedProposal,
        /// The greater.
        #[n(1)]
        second: SignedProposal,
    },
}

/// What was signed twice.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Encode, Decode)]
#[cbor(index_only)]
pub enum SigningKind {
    /// Two prevotes.
    #[n(1)]
    Prevote,
    /// Two precommits.
    #[n(2)]
    Precommit,
    /// Two proposals.
    #[n(3)]
    Proposal,
}

impl SigningKind {
    /// Its name in interfaces: `snake_case`, stable.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Prevote => "prevote",
            Self::Precommit => "precommit",
            Self::Proposal => "proposal",
        }
    }
}

/// Evidence that proves nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum EvidenceError {
    /// The two messages do not contradict each other.
    #[error("the two messages do not conflict")]
    NotConflicting,
    /// The two messages are not both by the accused.
    #[error("a message is not by the accused")]
    WrongSigner,
    /// A signature does not hold.
    #[error("a signature does not hold")]
    BadSignature,
}

impl Evidence {
    /// Puts two votes in order; [`Self::verify`] tells whether they prove anything.
    pub fn votes(one: SignedVote, other: SignedVote) -> Self {
        let (first, second) = if one <= other { (one, other) } else { (other, one) };
        Self::Votes { first, second }
    }

    /// Puts two proposals in order; [`Self::verify`] tells whether they prove anything.
    pub fn proposals(one: SignedProposal, other: SignedProposal) -> Self {
        let (first, second) = if one <= other { (one, other) } else { (other, one) };
        Self::Proposals { first, second }
    }

    /// Who is accused.
    pub fn accused(&self) -> PublicKey {
        match self {
            Self::Votes { first, .. } => first.vote.voter,
            Self::Proposals { first, .. } => first.proposal.proposer,
        }
    }

    /// The height it happened at.
    pub fn height(&self) -> Height {
        match self {
            Self::Votes { first, .. } => first.vote.height,
            Self::Proposals { first, .. } => first.proposal.height,
        }
    }

    /// The round it happened in.
    pub fn round(&self) -> u32 {
        match self {
            Self::Votes { first, .. } => first.vote.round,
            Self::Proposals { first, .. } => first.proposal.round,
        }
    }

    /// What was signed twice.
    pub fn kind(&self) -> SigningKind {
        match self {
            Self::Votes { first, .. } => match first.vote.vote_type {
                VoteType::Prevote => SigningKind::Prevote,
                VoteType::Precommit => SigningKind::Precommit,
            },
            Self::Proposals { .. } => SigningKind::Proposal,
        }
    }

    /// The name of the double signing that this proves: whoever signs three messages where one is
    /// allowed has signed twice once, whichever two of them are quoted.
    pub fn id(&self) -> DoubleSigningId {
        let what = (self.accused(), self.height(), self.round(), self.kind());
        DoubleSigningId::from_bytes(tagged("zhulian/double-signing/1", &[&codec::encode(&what)]))
    }

    /// Checks that `accused` signed both messages on this chain and that they contradict each
    /// other. Whether the accused was a validator at that height is for the caller to know.
    ///
    /// # Errors
    /// [`EvidenceError`], the first fault in the order of its variants.
    pub fn verify(&self, chain: &ChainId, accused: &PublicKey) -> Result<(), EvidenceError> {
        if !self.conflicts() {
            return Err(EvidenceError::NotConflicting);
        }
        if !self.signers().iter().all(|signer| signer == accused) {
            return Err(EvidenceError::WrongSigner);
        }
        if self.is_authentic(chain) { Ok(()) } else { Err(EvidenceError::BadSignature) }
    }

    fn conflicts(&self) -> bool {
        match self {
            Self::Votes { first, second } => {
                let (a, b) = (&first.vote, &second.vote);
                (a.height, a.round, a.vote_type) == (b.height, b.round, b.vote_type)
                    && a.block_id != b.block_id
                    && first < second
            }
            Self::Proposals { first, second } => {
                let (a, b) = (&first.proposal, &second.proposal);
                (a.height, a.round) == (b.height, b.round)
                    && (a.block_id, a.valid_round) != (b.block_id, b.valid_round)
                    && first < second
            }
        }
    }

    fn signers(&self) -> [PublicKey; 2] {
        match self {
            Self::Votes { first, second } => [first.vote.voter, second.vote.voter],
            Self::Proposals { first, second } => [first.proposal.proposer, second.proposal.proposer],
        }
    }

    fn is_authentic(&self, chain: &ChainId) -> bool {
        match self {
            Self::Votes { first, second } => first.is_authentic(chain) && second.is_authentic(chain),
            Self::Proposals { first, second } => first.is_authentic(chain) && second.is_authentic(chain),
        }
    }

    /// The deterministic encoding.
    pub fn encode(&self) -> Vec<u8> {
        codec::encode(self)
    }

    /// Reads evidence from untrusted bytes; it is not verified by this.
    ///
    /// # Errors
    /// [`CodecError`].
    pub fn decode(bytes: &[u8]) -> Result<Self, CodecError> {
        codec::decode(bytes, MAX_EVIDENCE_BYTES)
    }
}
