//! When bids came, as this centre has signed for it: once for each bid, on the disk before it is said.
//!
//! The file has a line for each arrival: tender, bid, one-time key and milliseconds. A line that a crash cut off was never
//! acknowledged and is left out. At every start the lines of tenders that take no bids any more could go; they are kept until
//! the file is long, because they are this centre's own record of what it has said.

use std::collections::BTreeMap;
use std::fs::{File, OpenOptions};
use std::io::{self, BufRead as _, BufReader, Write as _};
use std::path::Path;

use ledger::crypto::PublicKey;
use ledger::id::{BidId, TenderId};
use ledger::time::BlockTime;

/// Most arrivals under one one-time key: two for each of its 16 versions.
pub const PER_KEY_MAX: usize = 32;

/// The arrivals of this centre.
pub struct Arrivals {
    file: File,
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
    /// When it cannot be read or made.
    pub fn open(path: &Path) -> io::Result<Self> {
        let file = OpenOptions::new().read(true).append(true).create(true).open(path)?;
        let (mut bids, mut by_key, mut whole) = (BTreeMap::new(), BTreeMap::new(), 0_u64);
        let mut lines = BufReader::new(&file);
        let mut line = String::new();
        while lines.read_line(&mut line)? > 0 {
            let Some((tender, bid, key, at)) = line.strip_suffix('\n').and_then(parse) else { break };
            bids.entry(bid).or_insert((tender, at));
            *by_key.entry(key).or_insert(0) += 1;
            whole = whole.saturating_add(line.len() as u64);
            line.clear();
        }
        if whole < file.metadata()?.len() {
            tracing::warn!(path = %path.display(), "the last line is cut off and was never acknowledged; it goes");
            file.set_len(whole)?;
            file.sync_all()?;
        }
        Ok(Self { file, bids, by_key })
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
        let line = format!("{tender} {bid} {key} {}\n", now.as_millis());
        let before = self.file.metadata()?.len();
        let written = self.file.write_all(line.as_bytes()).and_then(|()| self.file.sync_data());
        if let Err(error) = written {
            // Half a line would hide what comes after it.
            self.file.set_len(before)?;
            return Err(error.into());
        }
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
