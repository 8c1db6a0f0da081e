//! The snapshots that this node holds for others, as files.
//!
//! ```text
//! snapshots/00000000000000010000/manifest     the manifest's encoding
//!                               /00000.chunk  the encoding of the chunk of that number in the manifest
//! ```
//!
//! A directory with this name is complete: it is filled under another name first.

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{PoisonError, RwLock};

use ledger::id::{ChainId, Height};
use ledger::merkle::Hash;
use ledger::snapshot::Manifest;

/// Name of the manifest's file.
pub(super) const MANIFEST: &str = "manifest";
/// What the name of an unfinished snapshot ends in.
const UNFINISHED: &str = ".part";

/// Snapshots on disk.
pub struct Shelf {
    dir: PathBuf,
    keep: usize,
    held: RwLock<BTreeMap<u64, Held>>,
}

/// One snapshot: the numbers of its chunks by their hashes.
struct Held {
    chunks: BTreeMap<Hash, usize>,
}

impl Shelf {
    /// Opens the snapshots in this directory, which is made if need be. What is unfinished or unreadable is removed.
    ///
    /// # Errors
    /// When the disk fails.
    pub fn open(dir: &Path, keep: usize, chain: &ChainId) -> io::Result<Self> {
        fs::create_dir_all(dir)?;
        let shelf = Self { dir: dir.to_owned(), keep: keep.max(1), held: RwLock::default() };
        for entry in fs::read_dir(dir)? {
            let path = entry?.path();
            let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
            let height: Option<u64> = name.parse().ok();
            if height.is_none() && !name.ends_with(UNFINISHED) {
                continue;
            }
            let manifest = fs::read(path.join(MANIFEST)).ok();
            match (height, manifest.and_then(|bytes| Manifest::decode(chain, &bytes).ok())) {
                (Some(height), Some((manifest, header, _))) if header.height.get() == height => {
                    shelf.write().insert(height, Held::new(&manifest));
                }
                _ => fs::remove_dir_all(&path)?,
            }
        }
        shelf.prune();
        Ok(shelf)
    }

    /// The heights of the snapshots, ascending.
    #[must_use]
    pub fn heights(&self) -> Vec<u64> {
        self.read().keys().copied().collect()
    }

    /// The manifest of the newest snapshot no higher than this.
    #[must_use]
    pub fn manifest(&self, at_most: Height) -> Option<Vec<u8>> {
        let height = *self.read().range(..=at_most.get()).next_back()?.0;
        fs::read(self.place(height).join(MANIFEST)).ok()
    }

    /// A chunk of a snapshot by its hash.
    #[must_use]
    pub fn chunk(&self, height: Height, hash: &Hash) -> Option<Vec<u8>> {
        let number = *self.read().get(&height.get())?.chunks.get(hash)?;
        fs::read(self.place(height.get()).join(chunk_name(number))).ok()
    }

    /// An empty directory in which a snapshot can be made.
    pub(super) fn begin(&self, height: u64) -> io::Result<PathBuf> {
        let dir = self.dir.join(format!("{height:020}{UNFINISHED}"));
        if dir.exists() {
            fs::remove_dir_all(&dir)?;
        }
        fs::create_dir_all(&dir)?;
        Ok(dir)
    }

    /// Takes a finished snapshot in and removes the oldest ones.
    pub(super) fn add(&self, height: u64, made: &Path, manifest: &Manifest) -> io::Result<()> {
        let place = self.place(height);
        if place.exists() {
            fs::remove_dir_all(&place)?;
        }
        fs::rename(made, place)?;
        fs::File::open(&self.dir)?.sync_all()?;
        self.write().insert(height, Held::new(manifest));
        self.prune();
        Ok(())
    }

    fn prune(&self) {
        let mut held = self.write();
        while held.len() > self.keep {
            let Some((height, _)) = held.pop_first() else { return };
            if let Err(error) = fs::remove_dir_all(self.place(height)) {
                tracing::warn!(height, %error, "an old snapshot could not be removed");
            }
        }
    }

    fn place(&self, height: u64) -> PathBuf {
        self.dir.join(format!("{height:020}"))
    }

    fn read(&self) -> std::sync::RwLockReadGuard<'_, BTreeMap<u64, Held>> {
        self.held.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn write(&self) -> std::sync::RwLockWriteGuard<'_, BTreeMap<u64, Held>> {
        self.held.write().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Held {
    fn new(manifest: &Manifest) -> Self {
        Self { chunks: (0..).zip(&manifest.chunks).map(|(number, chunk)| (chunk.hash, number)).collect() }
    }
}

/// Name of the file of a chunk.
pub(super) fn chunk_name(number: usize) -> String {
    format!("{number:05}.chunk")
}
