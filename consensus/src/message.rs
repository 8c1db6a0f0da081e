//! What replicas send each other, and what of it is signed.
//!
//! # Format
//!
//! Every message is one deterministic CBOR value; [`Message::decode`] refuses anything that would
//! not encode to the same bytes. Votes are signed over [`Vote::sign_bytes`], proposals over
//! [`Proposal::sign_bytes`]. Certificates hold votes without repeating height and round.

use std::sync::Arc;

use ledger::block;
use ledger::certificate::{CommitCertificate, CommitSignature, VoteType};
use ledger::codec;
use ledger::crypto::{PublicKey, Signature};
use ledger::id::Height;
use ledger::validators::MAX_VALIDATORS;
pub use ledger::vote::{Proposal, SignedProposal, SignedVote, Vote};
use minicbor::{Decode, Encode};

use crate::error::DecodeError;
use crate::output::Body;

/// The largest round taken from outside; far more than any height can need.
pub const ROUND_MAX: u32 = 1 << 20;
/// The largest block body taken from outside, in bytes.
pub const BODY_BYTES_MAX: usize = 16 << 20;
/// The largest message other than a block, in bytes.
pub const SMALL_MESSAGE_BYTES_MAX: usize = 32 << 10;
/// The largest message, in bytes.
pub const MESSAGE_BYTES_MAX: usize = BODY_BYTES_MAX + 128;

/// Proof that more than two thirds prevoted a block in a round.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub struct PolkaCertificate {
    /// The height.
    #[n(0)]
    pub height: Height,
    /// The round.
    #[n(1)]
    pub round: u32,
    /// The block.
    #[n(2)]
    pub block_id: block::Id,
    /// Over the prevotes.
    #[n(3)]
    pub signatures: Vec<CommitSignature>,
}

/// Proof that a round may be entered.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub struct RoundCertificate {
    /// The height.
    #[n(0)]
    pub height: Height,
    /// The round the votes are of.
    #[n(1)]
    pub round: u32,
    /// What it justifies.
    #[n(2)]
    pub kind: RoundCertificateKind,
    /// The votes, at most one per validator.
    #[n(3)]
    pub votes: Vec<RoundVote>,
}

/// What a round certificate justifies.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(index_only)]
pub enum RoundCertificateKind {
    /// More than a third voted in this round: enter it.
    #[n(1)]
    Skip,
    /// More than two thirds precommitted in this round: enter the next one.
    #[n(2)]
    Precommit,
}

/// One vote in a round certificate; height and round are the certificate's.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub struct RoundVote {
    /// First or second step.
    #[n(0)]
    pub vote_type: VoteType,
    /// Who votes.
    #[n(1)]
    pub voter: PublicKey,
    /// By the voter.
    #[n(2)]
    pub signature: Signature,
    /// The block, or nil.
    #[n(3)]
    pub block_id: Option<block::Id>,
}

/// A message between replicas.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub enum Message {
    /// A block is offered. The block itself travels as [`Message::Block`].
    #[n(1)]
    Proposal(#[n(0)] SignedProposal),
    /// A vote, sent once.
    #[n(2)]
    Vote(#[n(0)] SignedVote),
    /// The same vote again, because nothing has happened for a while. A peer that has already
    /// decided the height answers with [`Message::Commit`].
    #[n(3)]
    VoteAgain(#[n(0)] SignedVote),
    /// The bytes of a block, claimed to have this id: sent by the proposer, or as an answer.
    #[n(4)]
    Block {
        /// The height.
        #[n(0)]
        height: Height,
        /// A round in which the block was proposed.
        #[n(1)]
        round: u32,
        /// Its id.
        #[n(2)]
        block_id: block::Id,
        /// Its bytes.
        #[cbor(n(3), with = "body_bytes")]
        body: Body,
    },
    /// A request for a block, and for the proposal of it if there is one.
    #[n(5)]
    WantBlock {
        /// The height.
        #[n(0)]
        height: Height,
        /// A round in which the block was proposed or committed.
        #[n(1)]
        round: u32,
        /// Its id.
        #[n(2)]
        block_id: block::Id,
    },
    /// Two thirds prevoted a block.
    #[n(6)]
    Polka(#[n(0)] PolkaCertificate),
    /// A round may be entered.
    #[n(7)]
    Round(#[n(0)] RoundCertificate),
    /// The height is decided.
    #[n(8)]
    Commit(#[n(0)] CommitCertificate),
}

impl PolkaCertificate {
    /// The prevotes it consists of.
    pub fn votes(&self) -> impl Iterator<Item = SignedVote> + '_ {
        self.signatures.iter().map(|one| SignedVote {
            vote: Vote {
                height: self.height,
                round: self.round,
                vote_type: VoteType::Prevote,
                voter: one.public_key,
                block_id: Some(self.block_id),
            },
            signature: one.signature,
        })
    }
}

impl RoundCertificate {
    /// The votes it consists of.
    pub fn votes(&self) -> impl Iterator<Item = SignedVote> + '_ {
        self.votes.iter().map(|one| SignedVote {
            vote: Vote {
                height: self.height,
                round: self.round,
                vote_type: one.vote_type,
                voter: one.voter,
                block_id: one.block_id,
            },
            signature: one.signature,
        })
    }
}

impl Message {
    /// The height it is about.
    pub fn height(&self) -> Height {
        match self {
            Self::Proposal(signed) => signed.proposal.height,
            Self::Vote(signed) | Self::VoteAgain(signed) => signed.vote.height,
            Self::Block { height, .. } | Self::WantBlock { height, .. } => *height,
            Self::Polka(certificate) => certificate.height,
            Self::Round(certificate) => certificate.height,
            Self::Commit(certificate) => certificate.height,
        }
    }

    /// The round it is about.
    pub fn round(&self) -> u32 {
        match self {
            Self::Proposal(signed) => signed.proposal.round,
            Self::Vote(signed) | Self::VoteAgain(signed) => signed.vote.round,
            Self::Block { round, .. } | Self::WantBlock { round, .. } => *round,
            Self::Polka(certificate) => certificate.round,
            Self::Round(certificate) => certificate.round,
            Self::Commit(certificate) => certificate.round,
        }
    }

    /// The deterministic encoding.
    pub fn encode(&self) -> Vec<u8> {
        codec::encode(self)
    }

    /// Reads a message from untrusted bytes. Nothing is verified but form and size.
    ///
    /// # Errors
    /// [`DecodeError`].
    pub fn decode(bytes: &[u8]) -> Result<Self, DecodeError> {
        bounded("message length", bytes.len(), MESSAGE_BYTES_MAX)?;
        let message: Self = decode_canonical(bytes)?;
        if !matches!(message, Self::Block { .. }) {
            bounded("message length", bytes.len(), SMALL_MESSAGE_BYTES_MAX)?;
        }
        message.within_bounds()?;
        Ok(message)
    }

    fn within_bounds(&self) -> Result<(), DecodeError> {
        round_within_bounds(self.round())?;
        match self {
            Self::Proposal(signed) => round_within_bounds(signed.proposal.valid_round.unwrap_or(0)),
            Self::Block { body, .. } => bounded("body length", body.len(), BODY_BYTES_MAX),
            Self::Polka(certificate) => signatures_within_bounds(certificate.signatures.len()),
            Self::Round(certificate) => signatures_within_bounds(certificate.votes.len()),
            Self::Commit(certificate) => signatures_within_bounds(certificate.signatures.len()),
            Self::Vote(_) | Self::VoteAgain(_) | Self::WantBlock { .. } => Ok(()),
        }
    }
}

pub(crate) fn round_within_bounds(round: u32) -> Result<(), DecodeError> {
    bounded("round", round as usize, ROUND_MAX as usize)
}

pub(crate) fn signatures_within_bounds(count: usize) -> Result<(), DecodeError> {
    bounded("number of signatures", count, MAX_VALIDATORS)
}

pub(crate) fn bounded(what: &'static str, actual: usize, bound: usize) -> Result<(), DecodeError> {
    if actual > bound { Err(DecodeError::OutOfBounds { what, actual, bound }) } else { Ok(()) }
}

/// Decodes a value and compares its encoding with the input, without building that encoding:
/// a block body is large.
pub(crate) fn decode_canonical<'b, T>(bytes: &'b [u8]) -> Result<T, DecodeError>
where
    T: Decode<'b, ()> + Encode<()>,
{
    let value: T = minicbor::decode(bytes).map_err(|_| DecodeError::Malformed)?;
    let mut comparison = Comparison { rest: bytes };
    match minicbor::encode(&value, &mut comparison) {
        Ok(()) if comparison.rest.is_empty() => Ok(value),
        _ => Err(DecodeError::NotCanonical),
    }
}

/// A writer that accepts exactly the bytes it was made of.
struct Comparison<'a> {
    rest: &'a [u8],
}

#[derive(Debug, thiserror::Error)]
#[error("the encoding differs from the input")]
struct Different;

impl minicbor::encode::Write for Comparison<'_> {
    type Error = Different;

    fn write_all(&mut self, bytes: &[u8]) -> Result<(), Different> {
        self.rest = self.rest.strip_prefix(bytes).ok_or(Different)?;
        Ok(())
    }
}

/// A body as a CBOR byte string.
pub(crate) mod body_bytes {
    use super::{Arc, Body};

    pub(crate) fn encode<C, W: minicbor::encode::Write>(
        body: &Body,
        e: &mut minicbor::Encoder<W>,
        _: &mut C,
    ) -> Result<(), minicbor::encode::Error<W::Error>> {
        e.bytes(body)?.ok()
    }

    pub(crate) fn decode<C>(
        d: &mut minicbor::Decoder<'_>,
        _: &mut C,
    ) -> Result<Body, minicbor::decode::Error> {
        Ok(Arc::from(d.bytes()?))
    }
}
