//! The pieces of a state: cutting them, and reading them from strangers.

use minicbor::bytes::ByteVec;
use minicbor::{Decode, Decoder, Encode};

use super::{CHUNK_BYTES, CHUNK_ENTRIES, Chunk, MAX_CHUNK_BYTES, MAX_CHUNKS, Part, SnapshotError};
use crate::codec;
use crate::merkle::Hash;
use crate::merkle::map::proof::hash_key;
use crate::merkle::map::subtree::{Kind, Subtree, lies_in, upper_half};
use crate::state::Entry;

/// A key with its place in the tree, and its value.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct KeyedEntry {
    /// The hash of the key.
    pub key_hash: Hash,
    /// The key.
    pub key: Vec<u8>,
    /// The value.
    pub value: Vec<u8>,
}

impl KeyedEntry {
    /// Places a key.
    #[must_use]
    pub fn new(key: Vec<u8>, value: Vec<u8>) -> Self {
        Self { key_hash: hash_key(&key), key, value }
    }
}

/// Bytes that an entry takes in a chunk, at most.
#[must_use]
pub fn entry_bytes(key: &[u8], value: &[u8]) -> usize {
    // An array of two and two lengths.
    key.len().saturating_add(value.len()).saturating_add(11)
}

/// Takes the number and the bytes of a chunk.
pub type Emit<'f, E> = &'f mut dyn FnMut(usize, &[u8]) -> Result<(), E>;

/// Cuts a state into chunks; it hands out each as soon as it is complete.
pub struct Cut<'f, E> {
    chunks: Vec<Chunk>,
    chunk_bytes: usize,
    emit: Emit<'f, E>,
}

impl<'f, E: From<SnapshotError>> Cut<'f, E> {
    /// Cuts into chunks of about `chunk_bytes`, at most [`CHUNK_BYTES`], that `emit` is given with their numbers. Empty
    /// ones are not given.
    pub fn new(chunk_bytes: usize, emit: Emit<'f, E>) -> Self {
        Self { chunks: Vec::new(), chunk_bytes: chunk_bytes.min(CHUNK_BYTES), emit }
    }

    /// Whether a part with this much in it is cut further.
    #[must_use]
    pub fn is_too_large(&self, bytes: usize, entries: usize) -> bool {
        entries > 1 && (bytes > self.chunk_bytes || entries > CHUNK_ENTRIES)
    }

    /// Adds the part at this path, whose entries are sorted, in as many chunks as it takes. Parts are added in the
    /// order of their paths.
    ///
    /// # Errors
    /// [`SnapshotError::TooManyChunks`], and whatever `emit` fails with.
    pub fn part(&mut self, entries: &[KeyedEntry], path: &Hash, depth: u16) -> Result<(), E> {
        let bytes = entries.iter().fold(0usize, |sum, e| sum.saturating_add(entry_bytes(&e.key, &e.value)));
        if !self.is_too_large(bytes, entries.len()) {
            return self.chunk(entries, depth);
        }
        let upper = upper_half(path, depth);
        let (low, high) = entries.split_at(entries.partition_point(|entry| entry.key_hash < upper));
        let below = depth.saturating_add(1);
        self.part(low, path, below)?;
        self.part(high, &upper, below)
    }

    /// The chunks, when all parts are added.
    #[must_use]
    pub fn finish(self) -> Vec<Chunk> {
        self.chunks
    }

    fn chunk(&mut self, entries: &[KeyedEntry], depth: u16) -> Result<(), E> {
        let number = self.chunks.len();
        if number >= MAX_CHUNKS {
            return Err(SnapshotError::TooManyChunks.into());
        }
        let pairs = entries.iter().map(|entry| (entry.key.as_slice(), entry.value.as_slice()));
        let Subtree { kind, hash } = Subtree::of(pairs, depth).ok_or(SnapshotError::Chunk)?;
        let mut length = 0;
        if kind != Kind::Empty {
            let bytes = codec::encode(&Wire(
                entries.iter().map(|e| (e.key.clone().into(), e.value.clone().into())).collect(),
            ));
            length = u32::try_from(bytes.len()).map_err(|_| SnapshotError::Chunk)?;
            (self.emit)(number, &bytes)?;
        }
        self.chunks.push(Chunk { depth, kind, hash, bytes: length });
        Ok(())
    }
}

/// Reads a chunk from untrusted bytes: the keys and values of this part, all of them and no others, in the order of key
/// hashes. They must have the hash that the manifest gives. Its length and kind are not compared: nothing proves those, and
/// whoever lies about them must not make the chunks of others look like lies.
///
/// # Errors
/// [`SnapshotError`].
pub fn read_chunk(bytes: &[u8], part: &Part) -> Result<Vec<Entry>, SnapshotError> {
    let Wire(pairs) = codec::decode(bytes, MAX_CHUNK_BYTES)?;
    let entries: Vec<Entry> = pairs.into_iter().map(|(key, value)| (key.into(), value.into())).collect();
    if !entries.iter().all(|(key, _)| lies_in(&hash_key(key), &part.path, part.depth)) {
        return Err(SnapshotError::Chunk);
    }
    let pairs = entries.iter().map(|(key, value)| (key.as_slice(), value.as_slice()));
    let found = Subtree::of(pairs, part.depth).ok_or(SnapshotError::Chunk)?;
    if found.hash == part.subtree.hash { Ok(entries) } else { Err(SnapshotError::Chunk) }
}

/// Keys and values, in the order of key hashes.
#[derive(Encode)]
#[cbor(transparent)]
struct Wire(#[n(0)] Vec<(ByteVec, ByteVec)>);

/// The count is checked before anything is allocated for it.
impl<'b> Decode<'b, ()> for Wire {
    fn decode(d: &mut Decoder<'b>, ctx: &mut ()) -> Result<Self, minicbor::decode::Error> {
        use minicbor::decode::Error;
        let count = d.array()?.ok_or_else(|| Error::message("a chunk is an array of known length"))?;
        if count > CHUNK_ENTRIES as u64 {
            return Err(Error::message("more entries than a chunk may have"));
        }
        (0..count).map(|_| <(ByteVec, ByteVec)>::decode(d, ctx)).collect::<Result<_, _>>().map(Self)
    }
}
