//! Opening: which bids, the shares of the seats, and the secret that `k` of them give.

mod quorum;
mod shares;

pub use quorum::{NotThisDealer, Quorum, WrongQuorum, open_with_dealer_secret};
pub use shares::{ChunkContext, InvalidShares, OpeningShares, Shares};

use core::ops::Range;

use crate::id::{BidId, TenderId};
use crate::label;
use crate::suite::{Digest, Suite};

/// Bids whose shares stand in one transaction, with one proof.
pub const CHUNK: usize = 256;

/// The bids that are opened, in the order of their names: fixed by the first block at or after the opening time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LiveList {
    bids: Vec<BidId>,
}

impl LiveList {
    /// Sorts the names; one that comes twice stands once.
    pub fn new(bids: impl IntoIterator<Item = BidId>) -> Self {
        let mut bids: Vec<BidId> = bids.into_iter().collect();
        bids.sort();
        bids.dedup();
        Self { bids }
    }

    /// All names in order.
    pub fn bids(&self) -> &[BidId] {
        &self.bids
    }

    /// What the shares commit to: the tender and the whole list.
    pub fn root<S: Suite>(&self, tender: &TenderId) -> Digest {
        let all: Vec<u8> = self.bids.iter().flat_map(|bid| *bid.as_bytes()).collect();
        S::hash(label::LIVE, &[tender.as_bytes(), &all])
    }

    /// How many chunks there are: none for an empty list.
    pub const fn chunks(&self) -> usize {
        self.bids.len().div_ceil(CHUNK)
    }

    /// Where a chunk's bids stand; nothing beyond the last chunk.
    pub fn chunk_range(&self, chunk: u32) -> Option<Range<usize>> {
        let start = usize::try_from(chunk).ok()?.checked_mul(CHUNK)?;
        (start < self.bids.len()).then(|| start..self.bids.len().min(start + CHUNK))
    }

    /// The bids of a chunk, from 0: 1 to [`CHUNK`] of them; nothing beyond the last chunk.
    pub fn chunk(&self, chunk: u32) -> Option<&[BidId]> {
        self.bids.get(self.chunk_range(chunk)?)
    }
}
