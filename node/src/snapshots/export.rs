//! Writing the state after a block into the files of a snapshot, while the network goes on.
//!
//! The state is stored by key and a snapshot is ordered by the hashes of the keys. So the state is first spread over
//! 256 files by the first byte of the hash; each of them is then sorted in memory. That takes a 256th of the state in
//! memory, and room on the disk for the state twice, once of which is given back at the end.

use std::fs::{self, File};
use std::io::{self, BufReader, BufWriter, Read as _, Write as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use ledger::block::Header;
use ledger::certificate::CommitCertificate;
use ledger::codec::CodecError;
use ledger::id::ChainId;
use ledger::snapshot::{Cut, KeyedEntry, Manifest, SnapshotError, VERSION, entry_bytes};
use ledger::state::MAX_VALUE_BYTES;
use ledger::store::{Snapshot, Store, StoreError};

use super::shelf::{MANIFEST, Shelf, chunk_name};
use crate::host::free_bytes;

/// Files that the state is spread over.
const BUCKETS: usize = 256;
/// Bits of the key hash that tell them apart.
const BUCKET_BITS: u16 = 8;

/// Why a snapshot was not made.
#[derive(Debug, thiserror::Error)]
pub enum ExportError {
    /// The store.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The files.
    #[error("a file of the snapshot: {0}")]
    Io(#[from] io::Error),
    /// The format.
    #[error(transparent)]
    Format(#[from] SnapshotError),
    /// The last block is not readable.
    #[error("the last block: {0}")]
    Block(#[from] CodecError),
    /// The disk has less room than the reserve.
    #[error("there is less free disk space than the reserve")]
    NoRoom,
}

/// When and how snapshots are made.
#[derive(Clone, Copy, Debug)]
pub struct Plan {
    /// At heights that are multiples of this; none when it is 0.
    pub every: u64,
    /// Bytes of a chunk, about.
    pub chunk_bytes: usize,
    /// Bytes that must stay free on the disk.
    pub reserve: u64,
}

/// Makes snapshots at certain heights.
pub struct Exporter {
    store: Arc<Store>,
    shelf: Arc<Shelf>,
    chain: ChainId,
    plan: Plan,
    busy: Arc<AtomicBool>,
}

impl Exporter {
    /// An exporter of this store to this shelf.
    pub fn new(store: Arc<Store>, shelf: Arc<Shelf>, chain: ChainId, plan: Plan) -> Self {
        Self { store, shelf, chain, plan, busy: Arc::default() }
    }

    /// To be called after each block, before the next one is stored. The work is done on a thread of its own; a height
    /// at which the one before is still being made is passed over.
    pub fn committed(&self, height: u64) {
        let every = self.plan.every;
        if every == 0 || !height.is_multiple_of(every) || self.busy.swap(true, Ordering::AcqRel) {
            return;
        }
        let (taken, is_taken) = crossbeam_channel::bounded(1);
        let (store, shelf, chain) = (self.store.clone(), self.shelf.clone(), self.chain.clone());
        let (busy, plan) = (self.busy.clone(), self.plan);
        let spawned = std::thread::Builder::new().name("snapshot".into()).spawn(move || {
            let snapshot = store.snapshot();
            let _ = taken.send(());
            let made = snapshot.map_err(Into::into).and_then(|s| export(&s, &shelf, &chain, &plan));
            match made {
                Ok(chunks) => tracing::info!(height, chunks, "a state snapshot is ready for others"),
                Err(error) => tracing::warn!(height, %error, "no state snapshot was made"),
            }
            busy.store(false, Ordering::Release);
        });
        match spawned {
            // The state of this height must be held before the next block changes it.
            Ok(_) => drop(is_taken.recv()),
            Err(error) => {
                tracing::warn!(height, %error, "no state snapshot was made: no thread");
                self.busy.store(false, Ordering::Release);
            }
        }
    }
}

/// Writes the state as it is in this snapshot of the store and puts it on the shelf. Returns the number of chunks.
///
/// # Errors
/// [`ExportError`]; what was written so far is removed.
pub fn export(
    snapshot: &Snapshot<'_>,
    shelf: &Shelf,
    chain: &ChainId,
    plan: &Plan,
) -> Result<usize, ExportError> {
    let height = snapshot.tip().height;
    let dir = shelf.begin(height)?;
    let made = write(snapshot, &dir, chain, plan).and_then(|manifest| {
        shelf.add(height, &dir, &manifest)?;
        Ok(manifest.chunks.len())
    });
    if made.is_err() {
        let _ = fs::remove_dir_all(&dir);
    }
    made
}

fn write(snapshot: &Snapshot<'_>, dir: &Path, chain: &ChainId, plan: &Plan) -> Result<Manifest, ExportError> {
    let height = snapshot.tip().height;
    let header = snapshot.header(height)?.ok_or(StoreError::NoBlock(height))?;
    let certificate = snapshot.certificate(height)?.ok_or(StoreError::NoBlock(height))?;
    let certificate = CommitCertificate::decode(&certificate)?;
    Header::decode(&header)?;
    let buckets = spread(snapshot, dir, plan.reserve)?;
    let mut emit = |number: usize, bytes: &[u8]| {
        if free_bytes(dir).is_some_and(|free| free < plan.reserve) {
            return Err(ExportError::NoRoom);
        }
        Ok(write_synced(&dir.join(chunk_name(number)), bytes)?)
    };
    let mut cut = Cut::new(plan.chunk_bytes, &mut emit);
    cut_buckets(&mut cut, &buckets, 0, 0)?;
    let chunks = cut.finish();
    for bucket in &buckets {
        fs::remove_file(&bucket.path).or_else(|e| if bucket.entries == 0 { Ok(()) } else { Err(e) })?;
    }
    let manifest =
        Manifest { version: VERSION, chain: chain.clone(), header: header.into(), certificate, chunks };
    write_synced(&dir.join(MANIFEST), &manifest.encode())?;
    File::open(dir)?.sync_all()?;
    Ok(manifest)
}

/// A 256th of the state, in a file.
struct Bucket {
    path: PathBuf,
    bytes: usize,
    entries: usize,
}

/// Spreads the state over the buckets. One that stays empty has no file.
fn spread(snapshot: &Snapshot<'_>, dir: &Path, reserve: u64) -> Result<Vec<Bucket>, ExportError> {
    let bucket = |n| Bucket { path: dir.join(format!("bucket-{n:03}")), bytes: 0, entries: 0 };
    let mut buckets: Vec<Bucket> = (0..BUCKETS).map(bucket).collect();
    let mut files: Vec<Option<BufWriter<File>>> = (0..BUCKETS).map(|_| None).collect();
    for (count, row) in snapshot.state_range(&[], None)?.enumerate() {
        let (key, value) = row?;
        let entry = KeyedEntry::new(key, value);
        let place = usize::from(entry.key_hash[0]);
        let (bucket, file) = (&mut buckets[place], &mut files[place]);
        let writer = match file {
            Some(writer) => writer,
            None => file.insert(BufWriter::new(File::create_new(&bucket.path)?)),
        };
        writer.write_all(&length(&entry.key)?)?;
        writer.write_all(&length(&entry.value)?)?;
        writer.write_all(&entry.key)?;
        writer.write_all(&entry.value)?;
        bucket.bytes += entry_bytes(&entry.key, &entry.value);
        bucket.entries += 1;
        if count % 65_536 == 0 && free_bytes(dir).is_some_and(|free| free < reserve) {
            return Err(ExportError::NoRoom);
        }
    }
    files.into_iter().flatten().try_for_each(|mut writer| writer.flush())?;
    Ok(buckets)
}

fn length(bytes: &[u8]) -> io::Result<[u8; 4]> {
    u32::try_from(bytes.len()).map(u32::to_be_bytes).map_err(io::Error::other)
}

/// Cuts the part that these buckets hold together, which begins with bucket `first`.
fn cut_buckets(
    cut: &mut Cut<'_, ExportError>,
    buckets: &[Bucket],
    first: usize,
    depth: u16,
) -> Result<(), ExportError> {
    let bytes = buckets.iter().map(|bucket| bucket.bytes).sum();
    let entries = buckets.iter().map(|bucket| bucket.entries).sum();
    if depth < BUCKET_BITS && cut.is_too_large(bytes, entries) {
        let (low, high) = buckets.split_at(buckets.len() / 2);
        cut_buckets(cut, low, first, depth + 1)?;
        return cut_buckets(cut, high, first + low.len(), depth + 1);
    }
    let mut all = Vec::with_capacity(entries);
    for bucket in buckets.iter().filter(|bucket| bucket.entries > 0) {
        let from = all.len();
        load(bucket, &mut all)?;
        all[from..].sort();
    }
    let mut path = [0; 32];
    path[0] = u8::try_from(first).map_err(io::Error::other)?;
    cut.part(&all, &path, depth)
}

fn load(bucket: &Bucket, into: &mut Vec<KeyedEntry>) -> io::Result<()> {
    let mut file = BufReader::new(File::open(&bucket.path)?);
    for _ in 0..bucket.entries {
        let (key, value) = (read_length(&mut file)?, read_length(&mut file)?);
        let mut take = |length| {
            let mut bytes = vec![0; length];
            file.read_exact(&mut bytes).map(|()| bytes)
        };
        into.push(KeyedEntry::new(take(key)?, take(value)?));
    }
    Ok(())
}

fn read_length(file: &mut impl io::Read) -> io::Result<usize> {
    let mut bytes = [0; 4];
    file.read_exact(&mut bytes)?;
    let length = u32::from_be_bytes(bytes) as usize;
    if length > MAX_VALUE_BYTES { Err(io::Error::other("a bucket is damaged")) } else { Ok(length) }
}

/// Writes a new file and waits until it is on disk.
pub(super) fn write_synced(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let mut file = File::create(path)?;
    file.write_all(bytes)?;
    file.sync_all()
}
