//! The consensus write-ahead log on disk: one preallocated file, overwritten height after height.
//!
//! A file that grows costs the file system a journal entry at every flush, which is milliseconds; one
//! that is already there costs a tenth of one. The format of frames is that of [`consensus::log`].

use std::fs::{File, OpenOptions};
use std::io::{self, Read as _, Seek as _, Write as _};
use std::os::unix::fs::{FileExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};

use consensus::error::LogError;
use consensus::log::{self, Key};
use consensus::{Record, Signer};
use ledger::id::{ChainId, Height};

/// Size to which the file is made at first; a height that needs more lets it grow.
const PREALLOCATED: u64 = 32 * 1024 * 1024;
/// Most bytes read back: beyond this no height of ours has ever written.
const MAX_BYTES: u64 = 1 << 30;

/// Why the log cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum WalError {
    /// The file system.
    #[error("the consensus log {path} failed: {source}")]
    Io {
        /// The file.
        path: PathBuf,
        /// What the system said.
        #[source]
        source: io::Error,
    },
    /// The voting key did not sign, from which the log's own key follows.
    #[error(transparent)]
    Key(#[from] consensus::SigningFailed),
    /// What it holds.
    #[error(
        "the consensus log {path} is damaged: {source}. This node may have forgotten a vote and must not vote \
         again at this height. Keep the file for examination, move it away, let the other centres decide height \
         {height}, and start this node again"
    )]
    Damaged {
        /// The file.
        path: PathBuf,
        /// The height it holds records of.
        height: Height,
        /// What is wrong.
        #[source]
        source: LogError,
    },
}

impl WalError {
    /// Whether the disk is full: the same may succeed later.
    pub fn is_full(&self) -> bool {
        matches!(self, Self::Io { source, .. }
            if matches!(source.kind(), io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded))
    }
}

/// The log of the height that is being decided.
pub struct Wal {
    path: PathBuf,
    file: File,
    key: Key,
    generation: Height,
    sequence: u32,
    end: u64,
    pending: Vec<Record>,
    is_new: bool,
}

impl Wal {
    /// Opens the log in `path`, or makes one.
    ///
    /// # Errors
    /// [`WalError::Io`], [`WalError::Key`].
    pub fn open(path: &Path, signer: &dyn Signer, chain: &ChainId) -> Result<Self, WalError> {
        let is_new = !path.exists();
        let file = open_file(path).map_err(|source| WalError::Io { path: path.to_owned(), source })?;
        Ok(Self {
            path: path.to_owned(),
            file,
            key: Key::derive(signer, chain)?,
            generation: Height::GENESIS,
            sequence: 0,
            end: 0,
            pending: Vec::new(),
            is_new,
        })
    }

    /// Whether there was no log before it was opened.
    pub const fn is_new(&self) -> bool {
        self.is_new
    }

    /// Takes the name from the file that was just made, so that the next start finds again that there is none. The log
    /// works on without it; open it anew before anything is written that must outlive this process.
    ///
    /// # Errors
    /// [`WalError::Io`].
    pub fn unmake(&self) -> Result<(), WalError> {
        std::fs::remove_file(&self.path).map_err(|source| self.io(source))
    }

    /// Begins a height and returns what the log already holds of it.
    ///
    /// # Errors
    /// [`WalError::Damaged`] when a vote may have been forgotten; [`WalError::Io`].
    pub fn begin(&mut self, height: Height) -> Result<Vec<Record>, WalError> {
        self.pending.clear();
        let fresh = self.generation != Height::GENESIS;
        (self.generation, self.sequence, self.end) = (height, 0, 0);
        if fresh {
            // This process has written only older heights: there is nothing to read.
            return Ok(Vec::new());
        }
        let bytes = self.read().map_err(|source| self.io(source))?;
        let found = log::scan(&self.key, &bytes, height).map_err(|source| WalError::Damaged {
            path: self.path.clone(),
            height,
            source,
        })?;
        if found.torn_tail {
            tracing::warn!(
                height = height.get(),
                "the last frame of the consensus log was cut short and is dropped"
            );
        }
        (self.sequence, self.end) = (found.next_sequence, found.end as u64);
        Ok(found.records)
    }

    /// Forgets that this process has begun a height, so that the next one reads the file again.
    pub fn reset(&mut self) {
        self.pending.clear();
        self.generation = Height::GENESIS;
    }

    /// Adds a record to the frame that the next [`Wal::sync`] writes.
    pub fn append(&mut self, record: Record) {
        self.pending.push(record);
    }

    /// Makes everything appended durable.
    ///
    /// # Errors
    /// [`WalError`]; nothing may then be sent that depends on it.
    pub fn sync(&mut self) -> Result<(), WalError> {
        if self.pending.is_empty() {
            return Ok(());
        }
        let frame = log::encode_frame(&self.key, self.generation, self.sequence, &self.pending).map_err(
            |source| WalError::Damaged { path: self.path.clone(), height: self.generation, source },
        )?;
        let written = self.file.write_all_at(&frame, self.end).and_then(|()| self.file.sync_data());
        written.map_err(|source| self.io(source))?;
        self.pending.clear();
        self.sequence += 1;
        self.end += frame.len() as u64;
        Ok(())
    }

    /// What the open file holds: it may have lost its name, see [`Wal::unmake`].
    fn read(&self) -> io::Result<Vec<u8>> {
        let (mut file, mut bytes) = (&self.file, Vec::new());
        file.seek(io::SeekFrom::Start(0))?;
        file.take(MAX_BYTES).read_to_end(&mut bytes)?;
        Ok(bytes)
    }

    fn io(&self, source: io::Error) -> WalError {
        WalError::Io { path: self.path.clone(), source }
    }
}

fn open_file(path: &Path) -> io::Result<File> {
    let mut file =
        OpenOptions::new().read(true).write(true).create(true).truncate(false).mode(0o600).open(path)?;
    let length = file.metadata()?.len();
    if length < PREALLOCATED {
        // Written rather than only reserved: the first use of a reserved block is journalled too.
        file.seek(io::SeekFrom::End(0))?;
        let zeros = vec![0; 1 << 20];
        let mut left = PREALLOCATED - length;
        while left > 0 {
            let step = left.min(zeros.len() as u64);
            file.write_all(&zeros[..step as usize])?;
            left -= step;
        }
        file.sync_all()?;
        if let Some(parent) = path.parent() {
            File::open(parent)?.sync_all()?;
        }
    }
    Ok(file)
}
