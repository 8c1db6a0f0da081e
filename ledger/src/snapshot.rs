//! State snapshots: the whole state after one block, in pieces that a stranger can check.
//!
//! A [`Manifest`] names the block and lists the chunks. A chunk is a part of the authenticated map: all keys whose hash
//! begins with certain bits, with the hash that the tree has at that place. The parts cover the map, so their hashes
//! lead to the state root of the header, and each chunk is checked alone, whoever sent it and in whatever order. The
//! header is final because its certificate, or the chain of headers from a block that is trusted, says so. The validators of
//! a certificate follow from those of the genesis by an [`EraWalk`].
//!
//! The log is not in a header. It is made again from the headers and the leaf hashes of the transactions, which
//! [`Walk`] accepts from the last block back to genesis: nothing about it has to be believed.

mod chunk;
mod era;
mod manifest;
mod walk;

pub use chunk::{Cut, Emit, KeyedEntry, entry_bytes, read_chunk};
pub use era::{EraLink, EraWalk};
pub use manifest::{Chunk, Manifest, Part};
pub use walk::{Link, Linked, Walk};

use crate::certificate::CertificateError;
use crate::codec::CodecError;
use crate::hash::ValidatorSetHash;
use crate::id::Height;
use crate::state::MAX_VALUE_BYTES;

/// The version of the format.
pub const VERSION: u32 = 1;
/// Bytes above which a chunk is cut in two, if it has more than one entry.
pub const CHUNK_BYTES: usize = 1 << 20;
/// Entries above which a chunk is cut in two.
pub const CHUNK_ENTRIES: usize = 65_536;
/// Largest encoding of a chunk, in bytes: one with a single entry may have the largest value.
pub const MAX_CHUNK_BYTES: usize = MAX_VALUE_BYTES + (64 << 10);
/// Most chunks of a snapshot: a state of 32 GiB and more.
pub const MAX_CHUNKS: usize = 65_536;
/// Largest encoding of a manifest, in bytes.
pub const MAX_MANIFEST_BYTES: usize = 4 << 20;

/// Why a snapshot, or a piece of one, is refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SnapshotError {
    /// Not of the published schema.
    #[error(transparent)]
    Codec(#[from] CodecError),
    /// Made in a format that this program does not know.
    #[error("the snapshot has format {0}; this program knows format 1: install a newer release")]
    Version(u32),
    /// Of another chain.
    #[error("the snapshot belongs to another chain")]
    Chain,
    /// More chunks than a snapshot may have.
    #[error("the state needs more than 65,536 chunks: join by fetching every block instead")]
    TooManyChunks,
    /// The chunks do not cover the map exactly.
    #[error("the chunks of the manifest do not cover the state exactly")]
    Partition,
    /// A chunk is longer than one may be.
    #[error("the manifest names a chunk that is longer than a chunk may be")]
    ChunkLength,
    /// The chunks do not lead to the state root of the header.
    #[error("the chunks do not lead to the state root of the header")]
    StateRoot,
    /// The certificate is about another block.
    #[error("the certificate is about another block")]
    OtherBlock,
    /// The header names validators that nobody here trusts.
    #[error(
        "block {height} was decided by validators ({set}) that nobody has shown to follow from those of the genesis: ask \
         the other centres for nodes that hold every change of members, or start with --trust-block HEIGHT:ID, a block that \
         another centre's operator names"
    )]
    UntrustedValidators {
        /// The height of the block.
        height: Height,
        /// The set its header names.
        set: ValidatorSetHash,
    },
    /// The block does not end the era before it, or the validators after it are not proven.
    #[error("block {0} does not prove a change of the validators that are known")]
    Era(Height),
    /// The certificate does not hold.
    #[error(transparent)]
    Certificate(#[from] CertificateError),
    /// A chunk has a key of another part, keys out of order, or does not have its hash.
    #[error("the chunk is not the one the manifest names")]
    Chunk,
    /// A header is not the one its successor names.
    #[error("the header is not the one that the block after height {0} names")]
    Link(Height),
    /// The leaf hashes are not those of the transactions that the header commits to.
    #[error("the leaf hashes at height {0} do not lead to the transaction root")]
    Leaves(Height),
    /// The first header does not name the genesis.
    #[error("the chain of headers does not begin with this genesis")]
    Genesis,
}
