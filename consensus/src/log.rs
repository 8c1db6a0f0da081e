//! The write-ahead log: what a replica must remember to never contradict itself.
//!
//! Bytes in, bytes out: the host keeps the file. It writes the records of each
//! [`crate::Output::Sync`] as **one frame** behind the one before, flushes, and starts over at
//! offset 0 when a height is decided, leaving the frames of earlier heights behind the new ones.
//!
//! # Format
//!
//! ```text
//! offset  bytes  big endian
//!      0      4  magic "zWAL"
//!      4      2  format version, 1
//!      6      2  zero
//!      8      8  generation: the height
//!     16      4  sequence: 0 for the first frame of the generation, then counting up
//!     20      4  length of the payload
//!     24      8  check of bytes 0..24
//!     32     16  check of bytes 0..32 and the payload
//!     48      .  payload: CBOR array of records
//!      .      .  zeros up to a multiple of 512
//! ```
//!
//! Both checks are SHA-256 over a secret [`Key`] and the bytes, cut short: a payload holds blocks
//! that others made, and without the key nobody can hide a frame inside one.
//!
//! # Correctness
//!
//! A frame is written only after the one before it has reached the disk. So a crash can damage only
//! the last frame, and a damaged frame with an intact one behind it is a disk fault: see [`scan`].
//! That the very last frame was flushed and then damaged cannot be told from a crash.

use ledger::block;
use ledger::codec;
use ledger::crypto::PublicKey;
use ledger::hash::tagged;
use ledger::id::{ChainId, Height};
use minicbor::{Decode, Encode};

use crate::error::{DecodeError, LogError};
use crate::message::{
    BODY_BYTES_MAX, PolkaCertificate, SignedProposal, SignedVote, body_bytes, bounded, decode_canonical,
    round_within_bounds, signatures_within_bounds,
};
use crate::output::{Body, TimeoutKind};
use crate::signer::{Signer, SigningFailed};

/// Frames begin at multiples of this.
pub const ALIGNMENT: usize = 512;
/// The largest payload of a frame, in bytes.
pub const PAYLOAD_BYTES_MAX: usize = 8 * BODY_BYTES_MAX;

const MAGIC: [u8; 4] = *b"zWAL";
const VERSION: u16 = 1;
const HEADER_BYTES: usize = 48;

/// One thing to remember.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub enum Record {
    /// A vote, ours or another's.
    #[n(1)]
    Vote(#[n(0)] SignedVote),
    /// A proposal, ours or another's.
    #[n(2)]
    Proposal(#[n(0)] SignedProposal),
    /// A timeout that ran out and was acted on.
    #[n(3)]
    Timeout {
        /// The round.
        #[n(0)]
        round: u32,
        /// Propose, prevote or precommit.
        #[n(1)]
        kind: TimeoutKind,
    },
    /// What the host found about a proposed block. If valid, its body was recorded before.
    #[n(4)]
    Verdict {
        /// The round it was proposed in.
        #[n(0)]
        round: u32,
        /// The block.
        #[n(1)]
        block_id: block::Id,
        /// Who proposed it.
        #[n(2)]
        proposer: PublicKey,
        /// Whether it may be voted for.
        #[n(3)]
        valid: bool,
        /// The valid round of the proposal.
        #[n(4)]
        valid_round: Option<u32>,
    },
    /// Proof that two thirds prevoted a block.
    #[n(5)]
    Polka(#[n(0)] PolkaCertificate),
    /// A valid block.
    #[n(6)]
    Body {
        /// Its id.
        #[n(0)]
        block_id: block::Id,
        /// Its bytes.
        #[cbor(n(1), with = "body_bytes")]
        body: Body,
    },
}

/// The secret that the checks of a log are made with.
#[derive(Clone)]
pub struct Key([u8; 32]);

impl Key {
    /// The key of this node's log on this chain. It follows from the voting key, which others do
    /// not hold; a log kept under another voting key reads as empty, as it should.
    ///
    /// # Errors
    /// [`SigningFailed`].
    pub fn derive(signer: &dyn Signer, chain: &ChainId) -> Result<Self, SigningFailed> {
        let seed = signer.sign(&codec::encode(&("zhulian/log-key/1", chain.as_str())))?;
        Ok(Self(tagged("zhulian/log-key/1", &[seed.as_bytes()])))
    }
}

/// What a log holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Recovered {
    /// The records, in the order they were persisted.
    pub records: Vec<Record>,
    /// Where the next frame goes, in bytes from the start.
    pub end: usize,
    /// The sequence number of the next frame.
    pub next_sequence: u32,
    /// Whether a frame that a crash cut short stands at `end`. It is dropped: nothing was sent
    /// on the strength of it.
    pub torn_tail: bool,
}

/// Makes the frame that holds `records`.
///
/// # Errors
/// [`LogError::FrameTooLarge`] above [`PAYLOAD_BYTES_MAX`].
pub fn encode_frame(
    key: &Key,
    generation: Height,
    sequence: u32,
    records: &[Record],
) -> Result<Vec<u8>, LogError> {
    let mut frame = vec![0; HEADER_BYTES];
    let written = minicbor::encode(records, &mut frame);
    debug_assert!(written.is_ok(), "writing into memory does not fail");
    let length = frame.len().saturating_sub(HEADER_BYTES);
    let too_large = LogError::FrameTooLarge { actual: length, bound: PAYLOAD_BYTES_MAX };
    if length > PAYLOAD_BYTES_MAX {
        return Err(too_large);
    }
    let header = Header { generation, sequence, length: u32::try_from(length).map_err(|_| too_large)? };
    let fields = header.encode();
    let header_check = header_check(key, &fields);
    let payload_check = payload_check(key, &fields, frame.get(HEADER_BYTES..).unwrap_or_default());
    let parts = fields.iter().chain(&header_check).chain(&payload_check);
    frame.iter_mut().zip(parts).for_each(|(slot, byte)| *slot = *byte);
    frame.resize(header.frame_bytes(), 0);
    Ok(frame)
}

/// Reads the frames of one height from the start of a log.
///
/// Frames of other generations behind the tail are left-overs and ignored.
///
/// # Errors
/// [`LogError::CorruptMiddle`] when a damaged frame is followed by an intact one of the same
/// generation: the node must not vote on, because it may have forgotten a vote.
/// [`LogError::BadRecord`] when an intact frame does not decode.
pub fn scan(key: &Key, bytes: &[u8], generation: Height) -> Result<Recovered, LogError> {
    let mut found = Recovered { records: Vec::new(), end: 0, next_sequence: 0, torn_tail: false };
    while let Some(frame) = Frame::parse(key, bytes, found.end, generation) {
        if frame.header.sequence != found.next_sequence {
            return Err(LogError::CorruptMiddle { offset: found.end });
        }
        found.records.extend(frame.records(found.end)?);
        found.end = found.end.saturating_add(frame.header.frame_bytes());
        found.next_sequence = found.next_sequence.saturating_add(1);
    }
    let behind = (found.end..bytes.len()).step_by(ALIGNMENT).skip(1);
    if behind.into_iter().any(|offset| Frame::parse(key, bytes, offset, generation).is_some()) {
        return Err(LogError::CorruptMiddle { offset: found.end });
    }
    found.torn_tail = begins_like_a_frame(bytes.get(found.end..).unwrap_or_default(), generation);
    Ok(found)
}

fn begins_like_a_frame(bytes: &[u8], generation: Height) -> bool {
    bytes.get(..4) == Some(&MAGIC) && bytes.get(8..16) == Some(&generation.get().to_be_bytes())
}

#[derive(Clone, Copy)]
struct Header {
    generation: Height,
    sequence: u32,
    length: u32,
}

impl Header {
    fn encode(self) -> [u8; 24] {
        let mut fields = [0; 24];
        let parts = MAGIC
            .into_iter()
            .chain(VERSION.to_be_bytes())
            .chain([0, 0])
            .chain(self.generation.get().to_be_bytes())
            .chain(self.sequence.to_be_bytes())
            .chain(self.length.to_be_bytes());
        fields.iter_mut().zip(parts).for_each(|(slot, byte)| *slot = byte);
        fields
    }

    fn payload_bytes(self) -> usize {
        self.length as usize
    }

    fn frame_bytes(self) -> usize {
        HEADER_BYTES.saturating_add(self.payload_bytes()).next_multiple_of(ALIGNMENT)
    }
}

struct Frame<'a> {
    header: Header,
    payload: &'a [u8],
}

impl<'a> Frame<'a> {
    /// The intact frame of a generation that begins at `offset`, if there is one.
    fn parse(key: &Key, bytes: &'a [u8], offset: usize, generation: Height) -> Option<Self> {
        let bytes = bytes.get(offset..)?;
        let sequence = u32::from_be_bytes(bytes.get(16..20)?.try_into().ok()?);
        let length = u32::from_be_bytes(bytes.get(20..24)?.try_into().ok()?);
        let header = Header { generation, sequence, length };
        let fields = header.encode();
        // The check of the header comes first and is cheap: whatever a payload imitates, no more
        // than this is spent on it.
        let header_intact = bytes.get(..24)? == fields.as_slice()
            && bytes.get(24..32)? == header_check(key, &fields).as_slice();
        if !header_intact || header.payload_bytes() > PAYLOAD_BYTES_MAX {
            return None;
        }
        let (body, padding) =
            bytes.get(HEADER_BYTES..header.frame_bytes())?.split_at_checked(header.payload_bytes())?;
        let intact = bytes.get(32..48)? == payload_check(key, &fields, body).as_slice();
        (intact && padding.iter().all(|byte| *byte == 0)).then_some(Self { header, payload: body })
    }

    fn records(&self, offset: usize) -> Result<Vec<Record>, LogError> {
        let refuse = |source| LogError::BadRecord { offset, source };
        let records: Vec<Record> = decode_canonical(self.payload).map_err(refuse)?;
        records.iter().try_for_each(Record::within_bounds).map_err(refuse)?;
        Ok(records)
    }
}

impl Record {
    /// Roughly how much of a frame it takes, in bytes.
    pub(crate) fn size_hint(&self) -> usize {
        match self {
            Self::Body { body, .. } => body.len().saturating_add(64),
            Self::Polka(certificate) => certificate.signatures.len().saturating_mul(112).saturating_add(64),
            Self::Vote(_) | Self::Proposal(_) | Self::Timeout { .. } | Self::Verdict { .. } => 256,
        }
    }

    /// Whose signature it holds, if it is about one message.
    pub(crate) fn signer(&self) -> Option<PublicKey> {
        match self {
            Self::Vote(signed) => Some(signed.vote.voter),
            Self::Proposal(signed) => Some(signed.proposal.proposer),
            Self::Timeout { .. } | Self::Verdict { .. } | Self::Polka(_) | Self::Body { .. } => None,
        }
    }

    fn within_bounds(&self) -> Result<(), DecodeError> {
        match self {
            Self::Vote(signed) => round_within_bounds(signed.vote.round),
            Self::Proposal(signed) => round_within_bounds(signed.proposal.round),
            Self::Timeout { round, .. } | Self::Verdict { round, .. } => round_within_bounds(*round),
            Self::Polka(certificate) => signatures_within_bounds(certificate.signatures.len()),
            Self::Body { body, .. } => bounded("body length", body.len(), BODY_BYTES_MAX),
        }
    }
}

fn header_check(key: &Key, fields: &[u8; 24]) -> [u8; 8] {
    cut(tagged("zhulian/log-header/1", &[&key.0, fields]))
}

fn payload_check(key: &Key, fields: &[u8; 24], payload: &[u8]) -> [u8; 16] {
    cut(tagged("zhulian/log-payload/1", &[&key.0, fields, payload]))
}

fn cut<const N: usize>(digest: [u8; 32]) -> [u8; N] {
    let mut short = [0; N];
    short.iter_mut().zip(digest).for_each(|(slot, byte)| *slot = byte);
    short
}
