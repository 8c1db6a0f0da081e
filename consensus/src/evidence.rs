//! Proof that a validator contradicted itself.

use ledger::codec;
use ledger::crypto::PublicKey;
use ledger::id::{ChainId, Height};
use minicbor::{Decode, Encode};

use crate::error::{DecodeError, EvidenceError};
use crate::message::{SMALL_MESSAGE_BYTES_MAX, SignedProposal, SignedVote, bounded, decode_canonical};

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
    /// [`DecodeError`].
    pub fn decode(bytes: &[u8]) -> Result<Self, DecodeError> {
        bounded("evidence length", bytes.len(), SMALL_MESSAGE_BYTES_MAX)?;
        decode_canonical(bytes)
    }
}
