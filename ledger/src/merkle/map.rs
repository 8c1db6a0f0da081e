//! The authenticated map: one root for the whole state.
//!
//! A versioned sparse Merkle tree with the hashes of the Jellyfish Merkle tree (see [`proof`]). Every update makes the
//! next version and leaves the former ones readable until their nodes are pruned. An update visits each touched node
//! once, however many of its keys change. Values are not kept here: the tree knows their hashes.

use std::collections::BTreeMap;
use std::sync::Arc;

use thiserror::Error;

mod build;
mod node;
pub mod proof;
pub mod subtree;

pub use build::{Builder, Nodes};
pub use node::Node;
pub use proof::{EMPTY_ROOT, MapProof, ProofError};

use super::Hash;
use node::{
    Body, DEPTH_MAX, Leaf, Slot, Slots, WIDTH, hash_slots, nibble, node_key, set_nibble, starts_with,
};
use proof::{bit, hash_inner, hash_key, hash_leaf, hash_value};

/// Why the map could not be read or changed.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum MapError {
    /// The version was never written, or its nodes are pruned.
    #[error("the map has no version {version}, or it is pruned")]
    UnknownVersion {
        /// The version asked for.
        version: u64,
    },
    /// A node another node points to is not stored.
    #[error("map node {} is missing", hex(.key))]
    MissingNode {
        /// The database key of the node.
        key: Vec<u8>,
    },
    /// A node does not fit its place.
    #[error("map node {} is damaged", hex(.key))]
    Damaged {
        /// The database key of the node.
        key: Vec<u8>,
    },
    /// The storage failed.
    #[error("map storage: {0}")]
    Storage(String),
}

/// Where the nodes come from.
pub trait MapReader {
    /// The node stored under this key.
    ///
    /// # Errors
    /// When the storage fails or the stored bytes are no node.
    fn node(&self, key: &[u8]) -> Result<Option<Arc<Node>>, MapError>;
}

impl MapReader for BTreeMap<Vec<u8>, Arc<Node>> {
    fn node(&self, key: &[u8]) -> Result<Option<Arc<Node>>, MapError> {
        Ok(self.get(key).cloned())
    }
}

/// The next version of the map, not yet stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MapUpdate {
    /// The version made.
    pub version: u64,
    /// The root of the map in this version.
    pub root: Hash,
    /// Nodes to store, by database key.
    pub nodes: Vec<(Vec<u8>, Arc<Node>)>,
    /// Keys of nodes that only versions before this one need.
    pub stale: Vec<Vec<u8>>,
}

/// Makes version `version` by setting (`Some`) or removing (`None`) keys of the version before it; version 0 is made
/// from the empty map. Of changes to one key the last counts. Nothing is written: see [`MapUpdate`].
///
/// # Errors
/// When the version before is not there, or a node cannot be read.
pub fn update<R, K, V>(
    reader: &R,
    version: u64,
    changes: impl IntoIterator<Item = (K, Option<V>)>,
) -> Result<MapUpdate, MapError>
where
    R: MapReader + ?Sized,
    K: AsRef<[u8]>,
    V: AsRef<[u8]>,
{
    let hash = |(key, value): (K, Option<V>)| {
        (hash_key(key.as_ref()), value.map(|value| hash_value(value.as_ref())))
    };
    let changes: BTreeMap<Hash, Option<Hash>> = changes.into_iter().map(hash).collect();
    let changes: Vec<Change> = changes.into_iter().collect();
    let mut writer = Writer { reader, version, nodes: Vec::new(), stale: Vec::new() };
    let root = writer.root(&changes)?;
    Ok(MapUpdate { version, root, nodes: writer.nodes, stale: writer.stale })
}

/// The root of a stored version.
///
/// # Errors
/// When the version is not stored.
pub fn root<R: MapReader + ?Sized>(reader: &R, version: u64) -> Result<Hash, MapError> {
    Ok(load_root(reader, version)?.hash())
}

/// The root of a map given whole, straight from the definition of the tree. Of entries with one key the last counts.
#[must_use]
pub fn root_of<K: AsRef<[u8]>, V: AsRef<[u8]>>(entries: impl IntoIterator<Item = (K, V)>) -> Hash {
    let hash = |(key, value): (K, V)| (hash_key(key.as_ref()), hash_value(value.as_ref()));
    let leaves: BTreeMap<Hash, Hash> = entries.into_iter().map(hash).collect();
    let leaves: Vec<_> = leaves.iter().map(|(key, value)| (*key, hash_leaf(key, value))).collect();
    subtree_root(&leaves, 0)
}

fn subtree_root(leaves: &[(Hash, Hash)], depth: usize) -> Hash {
    match leaves {
        [] => EMPTY_ROOT,
        [(_, hash)] => *hash,
        _ => {
            let (low, high) = leaves.split_at(leaves.partition_point(|(key, _)| !bit(key, depth)));
            hash_inner(&subtree_root(low, depth + 1), &subtree_root(high, depth + 1))
        }
    }
}

/// Reads every node of a stored version, checks that each has the hash its parent says, and counts the keys.
///
/// # Errors
/// The first node that is missing or does not have its hash.
pub fn check<R: MapReader + ?Sized>(reader: &R, version: u64) -> Result<u64, MapError> {
    let root = load_root(reader, version)?;
    check_below(reader, &root, &mut [0; 32], 0)
}

/// `path` holds the nibbles above `depth`.
fn check_below<R: MapReader + ?Sized>(
    reader: &R,
    node: &Node,
    path: &mut Hash,
    depth: usize,
) -> Result<u64, MapError> {
    let slots = match &node.0 {
        Body::Single(leaf) => return Ok(u64::from(leaf.is_some())),
        Body::Branch(slots) => slots,
    };
    let mut keys = 0;
    for (place, slot) in (0..).zip(slots.iter()) {
        set_nibble(path, depth, place);
        match slot {
            Slot::Empty => {}
            Slot::Leaf(leaf) if starts_with(&leaf.content.key_hash, path, depth + 1) => keys += 1,
            Slot::Leaf(leaf) => return Err(MapError::Damaged { key: leaf.content.key_hash.to_vec() }),
            Slot::Inner { hash, version } => {
                let key = node_key(*version, path, depth + 1);
                let below = load(reader, key.clone())?;
                if below.hash() != *hash || matches!(below.0, Body::Single(_)) {
                    return Err(MapError::Damaged { key });
                }
                keys += check_below(reader, &below, path, depth + 1)?;
            }
        }
    }
    set_nibble(path, depth, 0);
    Ok(keys)
}

/// Proves the value of a key, or its absence, in a stored version.
///
/// # Errors
/// When the version is not stored or a node cannot be read.
pub fn prove<R: MapReader + ?Sized>(reader: &R, version: u64, key: &[u8]) -> Result<MapProof, MapError> {
    let key_hash = hash_key(key);
    let mut siblings = Vec::new();
    let mut node = load_root(reader, version)?;
    for depth in 0..DEPTH_MAX {
        let slots = match &node.0 {
            Body::Single(leaf) => return Ok(finish(leaf.as_ref(), siblings)),
            Body::Branch(slots) => slots,
        };
        match descend(slots, nibble(&key_hash, depth), &mut siblings) {
            Slot::Empty => return Ok(finish(None, siblings)),
            Slot::Leaf(leaf) => return Ok(finish(Some(&leaf), siblings)),
            Slot::Inner { version, .. } => node = load(reader, node_key(version, &key_hash, depth + 1))?,
        }
    }
    Err(MapError::Damaged { key: node_key(version, &key_hash, DEPTH_MAX) })
}

/// A key hash and the hash of its new value.
type Change = (Hash, Option<Hash>);

struct Writer<'a, R: ?Sized> {
    reader: &'a R,
    version: u64,
    nodes: Vec<(Vec<u8>, Arc<Node>)>,
    stale: Vec<Vec<u8>>,
}

impl<R: MapReader + ?Sized> Writer<'_, R> {
    /// Every version has a root of its own, even when nothing changed.
    fn root(&mut self, changes: &[Change]) -> Result<Hash, MapError> {
        let slot = match self.version.checked_sub(1) {
            None => self.merge(None, changes, 0)?,
            Some(before) => {
                self.stale.push(node_key(before, &EMPTY_ROOT, 0));
                let root = load_root(self.reader, before)?;
                match &root.0 {
                    Body::Single(leaf) => self.merge(leaf.as_ref(), changes, 0)?,
                    Body::Branch(slots) => {
                        let mut slots = slots.clone();
                        self.change_all(&mut slots, changes, 0)?;
                        self.close(slots, &EMPTY_ROOT, 0)
                    }
                }
            }
        };
        match slot {
            Slot::Empty => self.write(Body::Single(None), &EMPTY_ROOT, 0),
            Slot::Leaf(leaf) => self.write(Body::Single(Some(leaf)), &EMPTY_ROOT, 0),
            Slot::Inner { .. } => {}
        }
        Ok(slot.hash())
    }

    /// Applies changes, which all lie below this slot and are not none, and returns what is there afterwards.
    fn change(&mut self, slot: Slot, changes: &[Change], depth: usize) -> Result<Slot, MapError> {
        let version = match slot {
            Slot::Empty => return self.merge(None, changes, depth),
            Slot::Leaf(leaf) => return self.merge(Some(&leaf), changes, depth),
            Slot::Inner { version, .. } => version,
        };
        let Some((path, _)) = changes.first() else { return Ok(slot) };
        let key = node_key(version, path, depth);
        let node = load(self.reader, key.clone())?;
        let Body::Branch(before) = &node.0 else { return Err(MapError::Damaged { key }) };
        let mut slots = before.clone();
        self.change_all(&mut slots, changes, depth)?;
        if slots == *before {
            return Ok(slot);
        }
        self.stale.push(key);
        Ok(self.close(slots, path, depth))
    }

    fn change_all(&mut self, slots: &mut Slots, changes: &[Change], depth: usize) -> Result<(), MapError> {
        for group in changes.chunk_by(|a, b| nibble(&a.0, depth) == nibble(&b.0, depth)) {
            let place = group.first().map_or(0, |(key_hash, _)| nibble(key_hash, depth));
            if let Some(slot) = slots.get_mut(place) {
                *slot = self.change(*slot, group, depth + 1)?;
            }
        }
        Ok(())
    }

    /// Where there was at most one leaf: builds the subtree of it and of what is set.
    fn merge(&mut self, leaf: Option<&Leaf>, changes: &[Change], depth: usize) -> Result<Slot, MapError> {
        let mut leaves: Vec<Leaf> =
            changes.iter().filter_map(|(key, value)| value.map(|value| Leaf::new(*key, value))).collect();
        if let Some(leaf) = leaf
            && let Err(place) =
                changes.binary_search_by_key(&leaf.content.key_hash, |(key_hash, _)| *key_hash)
        {
            let removed = changes.iter().take(place).filter(|(_, value)| value.is_none()).count();
            leaves.insert(place - removed, *leaf);
        }
        self.build(&leaves, depth)
    }

    /// Builds the subtree of leaves that are sorted and distinct.
    fn build(&mut self, leaves: &[Leaf], depth: usize) -> Result<Slot, MapError> {
        let path = match leaves {
            [] => return Ok(Slot::Empty),
            [leaf] => return Ok(Slot::Leaf(*leaf)),
            [leaf, ..] => leaf.content.key_hash,
        };
        if depth >= DEPTH_MAX {
            return Err(MapError::Damaged { key: node_key(self.version, &path, depth) });
        }
        let mut slots = Box::new([Slot::Empty; WIDTH]);
        let place = |leaf: &Leaf| nibble(&leaf.content.key_hash, depth);
        for group in leaves.chunk_by(|a, b| place(a) == place(b)) {
            if let Some(slot) = slots.get_mut(group.first().map_or(0, place)) {
                *slot = self.build(group, depth + 1)?;
            }
        }
        Ok(self.close(slots, &path, depth))
    }

    /// Writes a node, unless what is left of it is nothing or one leaf, which belongs in the parent.
    fn close(&mut self, slots: Box<Slots>, path: &Hash, depth: usize) -> Slot {
        let mut present = slots.iter().filter(|slot| **slot != Slot::Empty);
        match (present.next(), present.next()) {
            (None, _) => Slot::Empty,
            (Some(Slot::Leaf(leaf)), None) => Slot::Leaf(*leaf),
            _ => {
                let hash = hash_slots(slots.as_slice());
                self.write(Body::Branch(slots), path, depth);
                Slot::Inner { hash, version: self.version }
            }
        }
    }

    fn write(&mut self, body: Body, path: &Hash, depth: usize) {
        self.nodes.push((node_key(self.version, path, depth), Arc::new(Node(body))));
    }
}

/// Goes down the four binary levels of a node, noting the sibling at each, until one thing is left on the path.
fn descend(slots: &Slots, place: usize, siblings: &mut Vec<Hash>) -> Slot {
    let mut range = slots.as_slice();
    let mut place = place;
    while range.len() > 1 {
        let half = range.len() / 2;
        let (low, high) = range.split_at(half);
        let (ours, other) = if place < half { (low, high) } else { (high, low) };
        place %= half;
        siblings.push(hash_slots(other));
        let mut present = ours.iter().filter(|slot| **slot != Slot::Empty);
        match (present.next(), present.next()) {
            (None, _) => return Slot::Empty,
            (Some(leaf @ Slot::Leaf(_)), None) => return *leaf,
            _ => range = ours,
        }
    }
    range.first().copied().unwrap_or(Slot::Empty)
}

fn finish(leaf: Option<&Leaf>, mut siblings: Vec<Hash>) -> MapProof {
    siblings.reverse();
    MapProof::new(leaf.map(|leaf| leaf.content), siblings)
}

fn load<R: MapReader + ?Sized>(reader: &R, key: Vec<u8>) -> Result<Arc<Node>, MapError> {
    reader.node(&key)?.ok_or(MapError::MissingNode { key })
}

fn load_root<R: MapReader + ?Sized>(reader: &R, version: u64) -> Result<Arc<Node>, MapError> {
    reader.node(&node_key(version, &EMPTY_ROOT, 0))?.ok_or(MapError::UnknownVersion { version })
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
