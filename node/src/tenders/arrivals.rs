//! When bids came, as this centre has signed for it: once for each bid, on the disk before it is said.
//!
//! The file has a line for each arrival: tender, bid, one-time key and milliseconds. It is this centre's own record of what
//! it has said, and nothing is taken out of it.

use std::collections::BTreeMap;
use std::io;
use std::path::Path;

use ledger::crypto::PublicKey;
use ledger::id::{BidId, TenderId};
use ledger::time::BlockTime;

use super::lines::Lines;

/// Most arrivals under one one-time key: two for each of its 16 versions.
pub const PER_KEY_MAX: usize = 32;

/// The arrivals of this centre.
pub struct Arrivals {
    lines: Lines,
    bids: BTreeMap<BidId, (TenderId, BlockTime)>,
    by_key: BTreeMap<PublicKey, usize>,
}

/// Why an arrival is not signed for.
#[derive(Debug, thiserror::Error)]
pub enum ArrivalError {
    /// Too many under one key.
    #[error("Under one one-time key at most {PER_KEY_MAX} arrivals are signed for")]
    TooMany,
    /// The disk.
    #[error("the file of arrivals cannot be written: {0}")]
    Io(#[from] io::Error),
}

impl Arrivals {
    /// Reads the file, which is made if it is not there.
    ///
    /// # Errors
    /// When it cannot be read or made, or is damaged.
    pub fn open(path: &Path) -> io::Result<Self> {
        let (mut bids, mut by_key) = (BTreeMap::new(), BTreeMap::new());
        let lines = Lines::open(path, |line| {
            let (tender, bid, key, at) = parse(line)?;
            bids.entry(bid).or_insert((tender, at));
            *by_key.entry(key).or_insert(0) += 1;
            Some(())
        })?;
        Ok(Self { lines, bids, by_key })
    }

    /// When a bid came: now, or when it was first said. It is on the disk when this returns.
    ///
    /// # Errors
    /// [`ArrivalError`].
    pub fn note(
        &mut self,
        tender: TenderId,
        bid: BidId,
        key: PublicKey,
        now: BlockTime,
    ) -> Result<BlockTime, ArrivalError> {
        if let Some((_, at)) = self.bids.get(&bid) {
            return Ok(*at);
        }
        let count = self.by_key.get(&key).copied().unwrap_or(0);
        if count >= PER_KEY_MAX {
            return Err(ArrivalError::TooMany);
        }
        self.lines.add(&format!("{tender} {bid} {key} {}", now.as_millis()))?;
        self.bids.insert(bid, (tender, now));
        self.by_key.insert(key, count.saturating_add(1));
        Ok(now)
    }
}

fn parse(line: &str) -> Option<(TenderId, BidId, PublicKey, BlockTime)> {
    let mut parts = line.split(' ');
    let (tender, bid, key) =
        (parts.next()?.parse().ok()?, parts.next()?.parse().ok()?, parts.next()?.parse().ok()?);
    let at = BlockTime::from_millis(parts.next()?.parse().ok()?).ok()?;
    parts.next().is_none().then_some((tender, bid, key, at))
}
