//! What a snapshot consists of.

use minicbor::bytes::ByteVec;
use minicbor::{Decode, Encode};

use super::{MAX_CHUNK_BYTES, MAX_CHUNKS, MAX_MANIFEST_BYTES, SnapshotError, VERSION};
use crate::block::{Header, MAX_HEADER_BYTES};
use crate::certificate::CommitCertificate;
use crate::codec;
use crate::id::ChainId;
use crate::merkle::Hash;
use crate::merkle::map::subtree::{DEPTH_MAX, Kind, Subtree, upper_half};
use crate::validators::ValidatorSet;

/// A part of the state, as a manifest names it. Its place follows from those before it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode)]
pub struct Chunk {
    /// Leading bits of the key hash that its keys share.
    #[n(0)]
    pub depth: u16,
    /// What it is; an empty one is not stored or sent.
    #[n(1)]
    pub kind: Kind,
    /// The hash of the tree at its place.
    #[cbor(n(2), with = "minicbor::bytes")]
    pub hash: Hash,
    /// Bytes of its encoding, at most [`MAX_CHUNK_BYTES`]; 0 when it is empty. Nothing proves it: it says how much room to
    /// make, and no more.
    #[n(3)]
    pub bytes: u32,
}

/// A snapshot's table of contents.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct Manifest {
    /// [`VERSION`].
    #[n(0)]
    pub version: u32,
    /// The chain.
    #[n(1)]
    pub chain: ChainId,
    /// The header of the block after which this is the state.
    #[n(2)]
    pub header: ByteVec,
    /// Why that block is final.
    #[n(3)]
    pub certificate: CommitCertificate,
    /// The chunks in the order of key hashes.
    #[n(4)]
    pub chunks: Vec<Chunk>,
}

/// A chunk with its place in the map.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Part {
    /// The leading bits that its key hashes share; the others are zero.
    pub path: Hash,
    /// How many bits those are.
    pub depth: u16,
    /// What the tree has there.
    pub subtree: Subtree,
    /// Bytes of its encoding, as the manifest says: see [`Chunk::bytes`].
    pub bytes: u32,
}

impl Manifest {
    /// The deterministic encoding.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        codec::encode(self)
    }

    /// Reads a manifest from untrusted bytes and checks that it holds together: its chunks cover the map, each once, and
    /// lead to the state root of its header. Returns it with the header and the parts that are not empty.
    ///
    /// Whether the header is final is another question: see [`Manifest::verify_certificate`].
    ///
    /// # Errors
    /// [`SnapshotError`].
    pub fn decode(chain: &ChainId, bytes: &[u8]) -> Result<(Self, Header, Vec<Part>), SnapshotError> {
        let manifest: Self = codec::decode(bytes, MAX_MANIFEST_BYTES)?;
        if manifest.version != VERSION {
            return Err(SnapshotError::Version(manifest.version));
        }
        if manifest.chain != *chain {
            return Err(SnapshotError::Chain);
        }
        if manifest.chunks.len() > MAX_CHUNKS {
            return Err(SnapshotError::TooManyChunks);
        }
        let header: Header = codec::decode(&manifest.header, MAX_HEADER_BYTES)?;
        if manifest.certificate.block_id != header.id() || manifest.certificate.height != header.height {
            return Err(SnapshotError::OtherBlock);
        }
        let mut cover = Cover { chunks: manifest.chunks.iter(), parts: Vec::new() };
        let whole = cover.take(None, &[0; 32], 0)?;
        if cover.chunks.next().is_some() {
            return Err(SnapshotError::Partition);
        }
        if whole.hash != *header.state_root.as_bytes() {
            return Err(SnapshotError::StateRoot);
        }
        let parts = cover.parts;
        Ok((manifest, header, parts))
    }

    /// Checks that a quorum of a trusted validator set decided the block. `header` is the manifest's own.
    ///
    /// # Errors
    /// [`SnapshotError::UntrustedValidators`] when the header names another set, and any fault of the certificate.
    pub fn verify_certificate(&self, header: &Header, trusted: &ValidatorSet) -> Result<(), SnapshotError> {
        if header.validators != trusted.hash() {
            return Err(SnapshotError::UntrustedValidators { height: header.height, set: header.validators });
        }
        Ok(self.certificate.verify(&self.chain, trusted)?)
    }
}

/// Chunks not yet placed.
struct Cover<'a> {
    chunks: std::slice::Iter<'a, Chunk>,
    parts: Vec<Part>,
}

impl Cover<'_> {
    /// Takes the chunks that make the part at this path; `held` is the next one when it is taken already.
    fn take(&mut self, held: Option<Chunk>, path: &Hash, depth: u16) -> Result<Subtree, SnapshotError> {
        let chunk = match held {
            Some(chunk) => chunk,
            None => *self.chunks.next().ok_or(SnapshotError::Partition)?,
        };
        if chunk.depth > DEPTH_MAX || chunk.depth < depth {
            return Err(SnapshotError::Partition);
        }
        if chunk.depth == depth {
            return self.place(chunk, path);
        }
        let below = depth.saturating_add(1);
        let low = self.take(Some(chunk), path, below)?;
        let high = self.take(None, &upper_half(path, depth), below)?;
        Ok(Subtree::join(low, high))
    }

    fn place(&mut self, chunk: Chunk, path: &Hash) -> Result<Subtree, SnapshotError> {
        let subtree = Subtree { kind: chunk.kind, hash: chunk.hash };
        if chunk.kind == Kind::Empty {
            let empty = subtree == Subtree::EMPTY && chunk.bytes == 0;
            return if empty { Ok(subtree) } else { Err(SnapshotError::Partition) };
        }
        if chunk.bytes as usize > MAX_CHUNK_BYTES {
            return Err(SnapshotError::ChunkLength);
        }
        self.parts.push(Part { path: *path, depth: chunk.depth, subtree, bytes: chunk.bytes });
        Ok(subtree)
    }
}
