//! Documents on the disk: `coming` has what is being uploaded, `held` what is whole and verified, `about` what each is for.
//!
//! A document is named by the SHA-256 of its bytes. Every piece is on the disk before it is acknowledged, so that an upload
//! goes on where it was after any crash; a document is moved from `coming` to `held` when all its bytes have the hash that
//! names it.

use std::collections::BTreeMap;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Read as _, Seek as _, SeekFrom, Write as _};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};

use ledger::codec;
use ledger::crypto::PublicKey;
use ledger::hash::DocumentHash;
use ledger::id::TenderId;
use ledger::time::BlockTime;
use minicbor::{Decode, Encode};
use sha2::{Digest as _, Sha256};

use crate::durable::write_whole;
use crate::host::free_bytes;

/// Bytes of a file in `about`, at most.
const ABOUT_BYTES_MAX: usize = 256;
/// Most documents uploaded under one one-time key: 16 versions of a bid with 16 documents each.
pub const PER_KEY_MAX: usize = 256;

/// How much may be held.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Bytes of all documents.
    pub bytes: u64,
    /// Bytes of one document.
    pub document_bytes: u64,
    /// Bytes of the documents that are uploaded under one one-time key.
    pub key_bytes: u64,
    /// Bytes that must stay free on the disk.
    pub reserve: u64,
}

/// What a document is for.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct About {
    /// The tender for which it is held.
    #[n(0)]
    pub tender: TenderId,
    /// Bytes of the ciphertext.
    #[n(1)]
    pub len: u64,
    /// The one-time key of the bid.
    #[n(2)]
    pub key: PublicKey,
    /// Block time at which it was announced here.
    #[n(3)]
    pub since: BlockTime,
    /// Block time at which this node first saw that nothing needs it any more.
    #[n(4)]
    pub unneeded_since: Option<BlockTime>,
}

/// Why a document is not taken.
#[derive(Debug, thiserror::Error)]
pub enum ShelfError {
    /// Another tender, key or length was announced for these bytes.
    #[error("these bytes are announced for another tender, key or length")]
    Conflict,
    /// Too long, or empty.
    #[error("a document has 1 to {0} bytes here")]
    Length(u64),
    /// Too much under one key.
    #[error("under one key at most {PER_KEY_MAX} documents of {0} bytes in all are taken")]
    Quota(u64),
    /// The disk or the shelf is full.
    #[error("there is no room for it here")]
    NoRoom,
    /// Nothing was announced under this name.
    #[error("no such document was announced here")]
    Unknown,
    /// Somebody else is writing to it.
    #[error("another request is writing to it")]
    Busy,
    /// Not where the upload stands.
    #[error("the upload stands at {0}")]
    Offset(u64),
    /// More bytes than were announced.
    #[error("there are more bytes than were announced")]
    TooMany,
    /// All bytes are there, and they have another hash. The upload begins anew.
    #[error("the bytes have another hash; the upload begins anew")]
    Differs,
    /// The disk.
    #[error("the file cannot be read or written: {0}")]
    Io(#[from] io::Error),
}

/// Where an upload stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Progress {
    /// Bytes that are on the disk.
    pub offset: u64,
    /// Bytes announced.
    pub len: u64,
    /// Whether all are there and have the right hash.
    pub held: bool,
}

struct Entry {
    about: About,
    offset: u64,
    held: bool,
    busy: bool,
}

impl Entry {
    const fn progress(&self) -> Progress {
        Progress { offset: self.offset, len: self.about.len, held: self.held }
    }
}

/// The documents of this node.
pub struct Shelf {
    dir: PathBuf,
    limits: Limits,
    entries: Mutex<BTreeMap<DocumentHash, Entry>>,
}

impl Shelf {
    /// Opens the folder, which is made if it is not there, and takes up uploads where they were.
    ///
    /// # Errors
    /// When the folder cannot be read or made.
    pub fn open(dir: &Path, limits: Limits) -> io::Result<Self> {
        for part in ["coming", "held", "about"] {
            fs::create_dir_all(dir.join(part))?;
        }
        let shelf = Self { dir: dir.to_owned(), limits, entries: Mutex::default() };
        let mut entries = BTreeMap::new();
        for file in fs::read_dir(dir.join("about"))? {
            let path = file?.path();
            let name = path.file_name().and_then(|name| name.to_str()).and_then(|name| name.parse().ok());
            let Some((hash, about)) = name.zip(read_about(&path)) else {
                tracing::warn!(path = %path.display(), "not readable as a note about a document; it is left alone");
                continue;
            };
            let held = fs::metadata(shelf.path("held", &hash)).is_ok_and(|file| file.len() == about.len);
            let offset = fs::metadata(shelf.path("coming", &hash)).map_or(0, |file| file.len());
            let offset = if held { about.len } else { offset.min(about.len) };
            entries.insert(hash, Entry { about, offset, held, busy: false });
        }
        *shelf.lock() = entries;
        Ok(shelf)
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<DocumentHash, Entry>> {
        self.entries.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn path(&self, part: &str, hash: &DocumentHash) -> PathBuf {
        self.dir.join(part).join(hash.to_string())
    }

    /// Announces a document, or finds it announced, and says where its upload stands.
    ///
    /// # Errors
    /// [`ShelfError`].
    pub fn announce(&self, hash: &DocumentHash, about: &About) -> Result<Progress, ShelfError> {
        let mut entries = self.lock();
        if let Some(entry) = entries.get(hash) {
            let known = &entry.about;
            let same = (&known.tender, known.len, &known.key) == (&about.tender, about.len, &about.key);
            return if same { Ok(entry.progress()) } else { Err(ShelfError::Conflict) };
        }
        self.check_limits(&entries, about)?;
        self.write_about(hash, about)?;
        let entry = Entry { about: about.clone(), offset: 0, held: false, busy: false };
        let progress = entry.progress();
        entries.insert(*hash, entry);
        Ok(progress)
    }

    /// What is announced counts as if it were there: otherwise many uploads at a time would go beyond every limit.
    fn check_limits(&self, entries: &BTreeMap<DocumentHash, Entry>, about: &About) -> Result<(), ShelfError> {
        let Limits { bytes, document_bytes, key_bytes, reserve } = self.limits;
        if about.len == 0 || about.len > document_bytes {
            return Err(ShelfError::Length(document_bytes));
        }
        let sum = |lens: &mut dyn Iterator<Item = u64>| lens.fold(about.len, u64::saturating_add);
        let of_key = || entries.values().filter(|entry| entry.about.key == about.key);
        if of_key().count() >= PER_KEY_MAX || sum(&mut of_key().map(|entry| entry.about.len)) > key_bytes {
            return Err(ShelfError::Quota(key_bytes));
        }
        let missing = entries.values().map(|entry| entry.about.len.saturating_sub(entry.offset));
        let needed = missing.fold(about.len, u64::saturating_add).saturating_add(reserve);
        let room = free_bytes(&self.dir).is_none_or(|free| free >= needed);
        if sum(&mut entries.values().map(|entry| entry.about.len)) > bytes || !room {
            return Err(ShelfError::NoRoom);
        }
        Ok(())
    }

    /// Adds a piece at the place where the upload stands. With the last one the whole is verified.
    ///
    /// # Errors
    /// [`ShelfError`].
    pub fn append(&self, hash: &DocumentHash, offset: u64, piece: &[u8]) -> Result<Progress, ShelfError> {
        let writing = self.begin(hash, offset, piece.len() as u64)?;
        let Some(len) = writing.len else { return self.progress(hash).ok_or(ShelfError::Unknown) };
        let path = self.path("coming", hash);
        let mut file = OpenOptions::new().create(true).truncate(false).write(true).open(&path)?;
        file.set_len(offset)?;
        file.seek(SeekFrom::Start(offset))?;
        file.write_all(piece)?;
        file.sync_all()?;
        let end = offset.saturating_add(piece.len() as u64);
        if end < len {
            return Ok(writing.end(end, false));
        }
        if hash_of(&path)? != *hash {
            fs::remove_file(&path)?;
            writing.end(0, false);
            return Err(ShelfError::Differs);
        }
        fs::rename(&path, self.path("held", hash))?;
        File::open(self.dir.join("held"))?.sync_all()?;
        File::open(self.dir.join("coming"))?.sync_all()?;
        Ok(writing.end(end, true))
    }

    /// Takes the right to write; a document that is held already needs no writing.
    fn begin(&self, hash: &DocumentHash, offset: u64, more: u64) -> Result<Writing<'_>, ShelfError> {
        let mut entries = self.lock();
        let entry = entries.get_mut(hash).ok_or(ShelfError::Unknown)?;
        if entry.held {
            return Ok(Writing { shelf: self, hash: *hash, len: None });
        }
        match entry {
            Entry { busy: true, .. } => Err(ShelfError::Busy),
            Entry { offset: stands, .. } if *stands != offset => Err(ShelfError::Offset(*stands)),
            Entry { about, .. } if offset.saturating_add(more) > about.len => Err(ShelfError::TooMany),
            Entry { about, busy, .. } => {
                *busy = true;
                Ok(Writing { shelf: self, hash: *hash, len: Some(about.len) })
            }
        }
    }

    /// Where an upload stands.
    #[must_use]
    pub fn progress(&self, hash: &DocumentHash) -> Option<Progress> {
        self.lock().get(hash).map(Entry::progress)
    }

    /// What a held document is for; nothing unless all of it is here.
    #[must_use]
    pub fn held(&self, hash: &DocumentHash) -> Option<About> {
        self.lock().get(hash).filter(|entry| entry.held).map(|entry| entry.about.clone())
    }

    /// The file of a held document.
    #[must_use]
    pub fn file(&self, hash: &DocumentHash) -> Option<PathBuf> {
        self.held(hash).map(|_| self.path("held", hash))
    }

    /// A piece of a held document, at most `most` bytes.
    #[must_use]
    pub fn read(&self, hash: &DocumentHash, offset: u64, most: usize) -> Option<Vec<u8>> {
        let mut file = File::open(self.file(hash)?).ok()?;
        file.seek(SeekFrom::Start(offset)).ok()?;
        let mut piece = Vec::new();
        file.take(most as u64).read_to_end(&mut piece).ok()?;
        Some(piece)
    }

    /// All documents with what they are for, and whether they are held.
    #[must_use]
    pub fn list(&self) -> Vec<(DocumentHash, About, bool)> {
        self.lock().iter().map(|(hash, entry)| (*hash, entry.about.clone(), entry.held)).collect()
    }

    /// Notes since when nothing needs a document, or that something needs it again.
    ///
    /// # Errors
    /// [`ShelfError`].
    pub fn note(&self, hash: &DocumentHash, unneeded_since: Option<BlockTime>) -> Result<(), ShelfError> {
        let mut entries = self.lock();
        let entry = entries.get_mut(hash).ok_or(ShelfError::Unknown)?;
        if entry.about.unneeded_since != unneeded_since {
            let about = About { unneeded_since, ..entry.about.clone() };
            self.write_about(hash, &about)?;
            entry.about = about;
        }
        Ok(())
    }

    /// Removes a document.
    ///
    /// # Errors
    /// [`ShelfError`].
    pub fn forget(&self, hash: &DocumentHash) -> Result<(), ShelfError> {
        let mut entries = self.lock();
        if entries.get(hash).is_some_and(|entry| entry.busy) {
            return Err(ShelfError::Busy);
        }
        // The note last: without it nobody would know of the bytes.
        for part in ["coming", "held", "about"] {
            match fs::remove_file(self.path(part, hash)) {
                Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error.into()),
                _ => {}
            }
        }
        entries.remove(hash);
        Ok(())
    }

    fn write_about(&self, hash: &DocumentHash, about: &About) -> Result<(), ShelfError> {
        Ok(write_whole(&self.path("about", hash), &codec::encode(about))?)
    }
}

/// The right to write to one document; given back when dropped.
struct Writing<'a> {
    shelf: &'a Shelf,
    hash: DocumentHash,
    /// Bytes announced; nothing for a document that is held already.
    len: Option<u64>,
}

impl Writing<'_> {
    fn end(&self, offset: u64, held: bool) -> Progress {
        let len = self.len.unwrap_or(offset);
        if let Some(entry) = self.shelf.lock().get_mut(&self.hash) {
            (entry.offset, entry.held) = (offset, held);
        }
        Progress { offset, len, held }
    }
}

impl Drop for Writing<'_> {
    fn drop(&mut self) {
        if self.len.is_some()
            && let Some(entry) = self.shelf.lock().get_mut(&self.hash)
        {
            entry.busy = false;
        }
    }
}

fn read_about(path: &Path) -> Option<About> {
    let mut bytes = Vec::new();
    File::open(path).ok()?.take(ABOUT_BYTES_MAX as u64 + 1).read_to_end(&mut bytes).ok()?;
    codec::decode(&bytes, ABOUT_BYTES_MAX).ok()
}

fn hash_of(path: &Path) -> io::Result<DocumentHash> {
    let (mut file, mut hasher, mut buffer) = (File::open(path)?, Sha256::new(), vec![0; 1 << 16]);
    loop {
        match file.read(&mut buffer)? {
            0 => return Ok(DocumentHash::from_bytes(hasher.finalize().into())),
            read => hasher.update(buffer.get(..read).unwrap_or_default()),
        }
    }
}
