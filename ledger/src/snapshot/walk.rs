//! The chain of headers, from a block that is known to be final back to genesis.

use minicbor::bytes::ByteVec;
use minicbor::{Decode, Encode};

use super::SnapshotError;
use crate::block::{self, Header, MAX_HEADER_BYTES};
use crate::codec;
use crate::hash::GenesisHash;
use crate::id::Height;
use crate::merkle::Hash;
use crate::merkle::log;

/// A header and the leaf hashes of its transactions, as they travel.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub struct Link {
    /// The header's encoding.
    #[n(0)]
    pub header: ByteVec,
    /// The RFC 6962 leaf hashes of the transactions, 32 bytes each, in order.
    #[n(1)]
    pub leaves: ByteVec,
}

/// A link that belongs to the chain.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Linked {
    /// The header.
    pub header: Header,
    /// The block.
    pub id: block::Id,
    /// The leaf hashes of its transactions.
    pub leaves: Vec<Hash>,
}

/// Walks the chain backwards. Every step is checked by the one before it, so a lie is found where it is told.
#[derive(Clone, Copy, Debug)]
pub struct Walk {
    genesis: GenesisHash,
    height: Height,
    id: block::Id,
}

impl Walk {
    /// Begins at a block that is known to be final.
    #[must_use]
    pub fn new(genesis: GenesisHash, height: Height, id: block::Id) -> Self {
        Self { genesis, height, id }
    }

    /// The height of the next link; 0 when genesis is reached.
    #[must_use]
    pub fn height(&self) -> Height {
        self.height
    }

    /// The block whose header comes next.
    #[must_use]
    pub fn id(&self) -> block::Id {
        self.id
    }

    /// Takes the next link, one block further back.
    ///
    /// # Errors
    /// [`SnapshotError`] when it is not the block that the one after it names; nothing has changed then.
    pub fn step(&mut self, link: &Link) -> Result<Linked, SnapshotError> {
        let header: Header = codec::decode(&link.header, MAX_HEADER_BYTES)?;
        let id = header.id();
        if id != self.id || header.height != self.height || self.height == Height::GENESIS {
            return Err(SnapshotError::Link(self.height));
        }
        let (leaves, odd) = link.leaves.as_chunks::<32>();
        if !odd.is_empty() || log::root_of(leaves) != *header.transaction_root.as_bytes() {
            return Err(SnapshotError::Leaves(self.height));
        }
        let below = Height::new(self.height.get().saturating_sub(1));
        if below == Height::GENESIS && header.previous.as_bytes() != self.genesis.as_bytes() {
            return Err(SnapshotError::Genesis);
        }
        (self.height, self.id) = (below, header.previous);
        Ok(Linked { header, id, leaves: leaves.to_vec() })
    }
}
