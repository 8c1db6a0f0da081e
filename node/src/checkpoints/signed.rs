//! What this node has signed last, on disk before the signature leaves.
//!
//! # Format
//!
//! Two slots of 48 bytes at 0 and 512, written in turn: size (8, big-endian), root (32), and the first 8 bytes of SHA-256 over
//! both. The newest slot that is whole counts. A slot that was torn had not been flushed, so its signature has not left.

use std::fs::{File, OpenOptions};
use std::io::{self, Read as _};
use std::os::unix::fs::FileExt as _;
use std::path::{Path, PathBuf};

use ledger::hash::sha256;
use ledger::merkle::Hash;

/// Bytes of a slot.
const SLOT: usize = 48;
/// Where the second slot is: in another sector than the first.
const SECOND: usize = 512;

/// Why a checkpoint is not signed.
#[derive(Debug, thiserror::Error)]
pub enum Refused {
    /// Another root of the same size was signed earlier.
    #[error(
        "it has signed another root of the log at size {size}; the data directory holds another chain than it did, or the \
         ledger is damaged: compare with the other centres, and keep both"
    )]
    OtherRoot {
        /// The size.
        size: u64,
    },
    /// A longer log was signed earlier.
    #[error(
        "it has signed the log at size {signed}, and the log here has {size}: wait until the node has caught up"
    )]
    Shorter {
        /// What was signed.
        signed: u64,
        /// What is here.
        size: u64,
    },
    /// The file is not readable.
    #[error("{} is damaged: it says which state of the log this node has signed last. Restore it from a copy of the data \
             directory; remove it only if the ledger here is whole and the other centres agree with it", .0.display())]
    Damaged(PathBuf),
    /// The file system.
    #[error("{}: {reason}", path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// What it said.
        #[source]
        reason: io::Error,
    },
}

/// A state of the log.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Last {
    size: u64,
    root: Hash,
}

impl Last {
    fn encode(&self) -> Vec<u8> {
        let mut slot = [&self.size.to_be_bytes()[..], &self.root].concat();
        slot.extend(sha256(&slot).iter().take(8));
        slot
    }

    fn decode(slot: &[u8]) -> Option<Self> {
        let (size, rest) = slot.split_first_chunk::<8>()?;
        let (root, _) = rest.split_first_chunk::<32>()?;
        let last = Self { size: u64::from_be_bytes(*size), root: *root };
        (last.encode() == slot).then_some(last)
    }
}

/// The last signed state.
#[derive(Debug)]
pub struct Signed {
    path: PathBuf,
    file: File,
    last: Option<Last>,
    /// Whether the next slot to be written is the second.
    second: bool,
}

impl Signed {
    /// Reads the file; nothing was signed when there is none.
    ///
    /// # Errors
    /// [`Refused::Damaged`] or [`Refused::Io`].
    pub fn read(path: &Path) -> Result<Self, Refused> {
        let io = |reason| Refused::Io { path: path.to_owned(), reason };
        let new = !path.exists();
        let options = OpenOptions::new().read(true).write(true).create(true).truncate(false).open(path);
        let mut file = options.map_err(io)?;
        let mut bytes = Vec::new();
        (&mut file).take(SECOND as u64 * 2).read_to_end(&mut bytes).map_err(io)?;
        if new {
            path.parent().map_or(Ok(()), |directory| File::open(directory)?.sync_all()).map_err(io)?;
        }
        let slot = |at: usize| bytes.get(at..at + SLOT).and_then(Last::decode);
        let (first, second) = (slot(0), slot(SECOND));
        let last = first.into_iter().chain(second).max_by_key(|last| last.size);
        if last.is_none() && !bytes.is_empty() {
            return Err(Refused::Damaged(path.to_owned()));
        }
        Ok(Self { path: path.to_owned(), file, last, second: last.is_some() && last == first })
    }

    /// Notes on disk that this state is about to be signed.
    ///
    /// # Errors
    /// [`Refused`]: then it must not be.
    pub fn note(&mut self, size: u64, root: &Hash) -> Result<(), Refused> {
        match &self.last {
            Some(last) if last.size == size && last.root == *root => return Ok(()),
            Some(last) if last.size == size => return Err(Refused::OtherRoot { size }),
            Some(last) if last.size > size => return Err(Refused::Shorter { signed: last.size, size }),
            _ => {}
        }
        let last = Last { size, root: *root };
        let at = if self.second { SECOND } else { 0 };
        let written = self.file.write_all_at(&last.encode(), at as u64).and_then(|()| self.file.sync_data());
        written.map_err(|reason| Refused::Io { path: self.path.clone(), reason })?;
        self.second = !self.second;
        self.last = Some(last);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_is_signed_that_contradicts_what_was() {
        let directory = tempfile::tempdir().expect("a directory");
        let path = directory.path().join("cosigned");
        let mut signed = Signed::read(&path).expect("no file is no fault");
        // size, root, answer; across restarts
        for (size, root, good) in [
            (5, 1, true),
            (5, 1, true),
            (5, 2, false),
            (4, 1, false),
            (9, 3, true),
            (5, 1, false),
            (9, 4, false),
            (10, 4, true),
        ] {
            assert_eq!(signed.note(size, &[root; 32]).is_ok(), good, "{size} {root}");
            signed = Signed::read(&path).expect("it was written");
            assert_eq!(signed.note(size, &[root; 32]).is_ok(), good, "{size} {root} after a restart");
        }
        drop(signed);
        let whole = std::fs::read(&path).expect("it is there");
        // The newest slot is torn: the one before counts. Both are: nobody knows.
        let (mut torn, mut gone) = (whole.clone(), whole);
        let newest = if Last::decode(&torn[..SLOT]).is_some_and(|last| last.size == 10) { 0 } else { SECOND };
        torn[newest + 20] ^= 1;
        std::fs::write(&path, torn).expect("it can be written");
        assert_eq!(Signed::read(&path).expect("one slot is whole").last.map(|last| last.size), Some(9));
        gone[20] ^= 1;
        gone[SECOND + 20] ^= 1;
        std::fs::write(&path, gone).expect("it can be written");
        assert!(matches!(Signed::read(&path), Err(Refused::Damaged(_))));
    }
}
