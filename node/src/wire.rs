//! What nodes say to each other apart from consensus: gossip, and questions for catching up.

use bytes::Bytes;
use consensus::Body;
use ledger::block::{MAX_BLOCK_BYTES, MAX_LEAF_BYTES};
use ledger::certificate::CommitCertificate;
use ledger::codec::{self, CodecError};
use ledger::hash::DocumentHash;
use ledger::id::Height;
use ledger::merkle::Hash;
use ledger::snapshot::{EraLink, Link, MAX_CHUNK_BYTES, MAX_MANIFEST_BYTES};
use ledger::time::BlockTime;
use minicbor::bytes::ByteVec;
use minicbor::{Decode, Decoder, Encode};

/// Largest frame of gossip, in bytes.
pub const MAX_GOSSIP_BYTES: usize = 512 * 1024;
/// Most transactions in a frame of gossip: a peer that sends empty ones would pay a byte for each, and the receiver
/// a hundred.
pub const MAX_GOSSIP_TRANSACTIONS: usize = 4_096;
/// Most bytes of blocks in one answer, unless a single block is larger.
pub const MAX_ANSWER_BLOCKS: usize = 4 * 1024 * 1024;
/// Most bytes of headers and leaf hashes in one answer, unless a single block has more.
pub const MAX_ANSWER_LINKS: usize = 4 * 1024 * 1024;
/// Most bytes of proofs about changes of the validators in one answer.
pub const MAX_ANSWER_ERAS: usize = 1024 * 1024;
/// Most bytes of a document in one answer.
pub const MAX_DOCUMENT_PIECE: usize = 1024 * 1024;
const MAX_ANSWER_BYTES: usize = 15 * 1024 * 1024;
const MAX_QUESTION_BYTES: usize = 64;

/// A batch of transactions.
#[derive(Debug, Encode)]
#[cbor(transparent)]
struct Gossip(#[n(0)] Vec<ByteVec>);

/// The count and the lengths are checked before anything is allocated for them.
impl<'b> Decode<'b, ()> for Gossip {
    fn decode(d: &mut Decoder<'b>, _: &mut ()) -> Result<Self, minicbor::decode::Error> {
        use minicbor::decode::Error;
        let count = d.array()?.ok_or_else(|| Error::message("transactions are an array of known length"))?;
        if count > MAX_GOSSIP_TRANSACTIONS as u64 {
            return Err(Error::message("more transactions than a frame may have"));
        }
        let transaction = |_| match d.bytes()? {
            leaf if leaf.len() > MAX_LEAF_BYTES => Err(Error::message("a transaction is longer than a leaf")),
            leaf => Ok(leaf.to_vec().into()),
        };
        (0..count).map(transaction).collect::<Result<_, _>>().map(Self)
    }
}

/// Packs transactions into as few frames as their limit allows.
pub fn gossip<'a>(transactions: impl Iterator<Item = &'a [u8]>) -> Vec<Bytes> {
    let mut frames = Vec::new();
    let mut batch: Vec<ByteVec> = Vec::new();
    let mut size = 0;
    for transaction in transactions {
        if size + transaction.len() + 16 > MAX_GOSSIP_BYTES || batch.len() == MAX_GOSSIP_TRANSACTIONS {
            frames.push(codec::encode(&Gossip(std::mem::take(&mut batch))).into());
            size = 0;
        }
        size += transaction.len() + 8;
        batch.push(transaction.to_vec().into());
    }
    if !batch.is_empty() {
        frames.push(codec::encode(&Gossip(batch)).into());
    }
    frames
}

/// Reads a frame of gossip.
///
/// # Errors
/// [`CodecError`].
pub fn read_gossip(bytes: &[u8]) -> Result<Vec<Vec<u8>>, CodecError> {
    let Gossip(batch) = codec::decode(bytes, MAX_GOSSIP_BYTES)?;
    Ok(batch.into_iter().map(Into::into).collect())
}

/// A question to one peer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode)]
pub enum Question {
    /// How high are you?
    #[n(1)]
    Tip,
    /// Which blocks follow, from this height on?
    #[n(2)]
    Blocks {
        /// The first height wanted.
        #[n(0)]
        from: Height,
    },
    /// What is your newest state snapshot, no higher than this?
    #[n(3)]
    Snapshot {
        /// The highest height wanted.
        #[n(0)]
        at_most: Height,
    },
    /// Which keys and values are in this chunk of the snapshot?
    #[n(4)]
    Chunk {
        /// The height of the snapshot.
        #[n(0)]
        height: Height,
        /// The hash of the chunk, as its manifest names it.
        #[cbor(n(1), with = "minicbor::bytes")]
        hash: Hash,
    },
    /// Which headers lead back to genesis, from this height on downwards?
    #[n(5)]
    Links {
        /// The height of the first header wanted.
        #[n(0)]
        top: Height,
    },
    /// Which blocks above this height have changed the validators, and what proves it?
    #[n(6)]
    Eras {
        /// The height of the last such block that is known.
        #[n(0)]
        after: Height,
    },
    /// Which bytes of this document of a bid follow, from this place on?
    #[n(7)]
    Document {
        /// SHA-256 of the whole.
        #[n(0)]
        hash: DocumentHash,
        /// The first byte wanted.
        #[n(1)]
        offset: u64,
    },
}

/// The answer to a [`Question`].
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub enum Answer {
    /// To [`Question::Tip`].
    #[n(1)]
    Tip {
        /// Height of the last block.
        #[n(0)]
        height: Height,
        /// What the clock of the one who answers says: whoever asks compares it with its own.
        #[n(1)]
        clock: BlockTime,
    },
    /// To [`Question::Blocks`]: consecutive blocks, perhaps none.
    #[n(2)]
    Blocks(#[n(0)] Vec<CertifiedBlock>),
    /// To [`Question::Snapshot`]: the encoding of a manifest; no bytes when there is none.
    #[n(3)]
    Snapshot(#[n(0)] ByteVec),
    /// To [`Question::Chunk`]: the encoding of the chunk; no bytes when it is not held.
    #[n(4)]
    Chunk(#[n(0)] ByteVec),
    /// To [`Question::Links`]: consecutive headers in descending order of heights, perhaps none.
    #[n(5)]
    Links(#[n(0)] Vec<Link>),
    /// To [`Question::Eras`]: in ascending order of heights, without a gap, perhaps none.
    #[n(6)]
    Eras(#[n(0)] Vec<EraLink>),
    /// To [`Question::Document`]: the bytes; none when the document is not held.
    #[n(7)]
    Document(#[n(0)] ByteVec),
}

/// A block with the certificate that makes it final.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub struct CertifiedBlock {
    /// Why it is final.
    #[n(0)]
    pub certificate: CommitCertificate,
    /// Its bytes.
    #[n(1)]
    pub body: ByteVec,
}

impl CertifiedBlock {
    /// The bytes as the replica takes them.
    pub fn into_parts(self) -> (CommitCertificate, Body) {
        (self.certificate, Vec::from(self.body).into())
    }
}

impl Question {
    /// The encoding.
    pub fn encode(&self) -> Bytes {
        codec::encode(self).into()
    }

    /// Reads a question.
    ///
    /// # Errors
    /// [`CodecError`].
    pub fn decode(bytes: &[u8]) -> Result<Self, CodecError> {
        codec::decode(bytes, MAX_QUESTION_BYTES)
    }
}

impl Answer {
    /// The encoding.
    pub fn encode(&self) -> Bytes {
        codec::encode(self).into()
    }

    /// Reads an answer.
    ///
    /// # Errors
    /// [`CodecError`].
    pub fn decode(bytes: &[u8]) -> Result<Self, CodecError> {
        let answer: Self = codec::decode(bytes, MAX_ANSWER_BYTES)?;
        let (max, found) = match &answer {
            Self::Blocks(blocks) => {
                (MAX_BLOCK_BYTES, blocks.iter().map(|b| b.body.len()).max().unwrap_or_default())
            }
            Self::Snapshot(bytes) => (MAX_MANIFEST_BYTES, bytes.len()),
            Self::Chunk(bytes) => (MAX_CHUNK_BYTES, bytes.len()),
            Self::Document(bytes) => (MAX_DOCUMENT_PIECE, bytes.len()),
            Self::Tip { .. } | Self::Links(_) | Self::Eras(_) => return Ok(answer),
        };
        if found > max { Err(CodecError::TooLong { max, found }) } else { Ok(answer) }
    }
}
