//! Nodes of the map and their bytes.
//!
//! A node holds four binary levels of the tree at once. A leaf is kept inside its parent, so changing a key rewrites the
//! nodes on its path and nothing else. The root alone may be empty or a single leaf.
//!
//! ```text
//! key   = version: u64 big endian | depth: u8, in nibbles | the first depth nibbles of the key hash, zero padded
//! value = 00                                                          the map is empty
//!       | 01 key hash (32) value hash (32)                            the map has one key
//!       | 02 present: u16 leaves: u16 child...                        bit n (lowest first) speaks of nibble n
//! child = key hash (32) value hash (32)                               where the bit in `leaves` is set
//!       | hash (32) version: u64 big endian                           elsewhere
//! ```

use super::proof::{EMPTY_ROOT, ProofLeaf, hash_inner, hash_leaf};
use crate::merkle::Hash;

/// Children of a node.
pub(super) const WIDTH: usize = 16;

/// Nibbles in a key hash, the greatest depth.
pub(super) const DEPTH_MAX: usize = 64;

/// A leaf, with its hash so that neighbours can change without hashing it again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Leaf {
    pub(super) content: ProofLeaf,
    pub(super) hash: Hash,
}

impl Leaf {
    pub(super) fn new(key_hash: Hash, value_hash: Hash) -> Self {
        let hash = hash_leaf(&key_hash, &value_hash);
        Self { content: ProofLeaf { key_hash, value_hash }, hash }
    }
}

/// What lies at one place of the tree.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Slot {
    Empty,
    Leaf(Leaf),
    /// A node of its own, stored under the version that wrote it.
    Inner {
        hash: Hash,
        version: u64,
    },
}

impl Slot {
    /// The hash of the subtree here.
    pub(super) fn hash(&self) -> Hash {
        match self {
            Self::Empty => EMPTY_ROOT,
            Self::Leaf(leaf) => leaf.hash,
            Self::Inner { hash, .. } => *hash,
        }
    }

    fn kind(&self) -> Kind {
        match self {
            Self::Empty => Kind::Empty,
            Self::Leaf(_) => Kind::Leaf,
            Self::Inner { .. } => Kind::Inner,
        }
    }
}

/// The sixteen places below a node.
pub(super) type Slots = [Slot; WIDTH];

/// A stored node of the map.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Node(pub(super) Body);

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Body {
    /// A root that is empty or a single leaf.
    Single(Option<Leaf>),
    Branch(Box<Slots>),
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Empty,
    Leaf,
    Inner,
}

impl Node {
    /// The hash of the subtree below this node; of the root node, the root of the map.
    #[must_use]
    pub fn hash(&self) -> Hash {
        match &self.0 {
            Body::Single(None) => EMPTY_ROOT,
            Body::Single(Some(leaf)) => leaf.hash,
            Body::Branch(slots) => hash_slots(slots.as_slice()),
        }
    }

    /// Memory the node takes, in bytes.
    #[must_use]
    pub fn memory(&self) -> usize {
        match &self.0 {
            Body::Single(_) => size_of::<Self>(),
            Body::Branch(_) => size_of::<Self>() + size_of::<Slots>(),
        }
    }

    /// The node as bytes.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        match &self.0 {
            Body::Single(None) => vec![0],
            Body::Single(Some(leaf)) => {
                let mut bytes = vec![1];
                put_leaf(&mut bytes, leaf);
                bytes
            }
            Body::Branch(slots) => encode_branch(slots),
        }
    }

    /// Reads what [`Node::encode`] wrote; `None` when the bytes are anything else.
    #[must_use]
    pub fn decode(bytes: &[u8]) -> Option<Self> {
        let (tag, mut rest) = bytes.split_first()?;
        let body = match tag {
            0 => Body::Single(None),
            1 => Body::Single(Some(take_leaf(&mut rest)?)),
            2 => Body::Branch(decode_branch(&mut rest)?),
            _ => return None,
        };
        rest.is_empty().then_some(Self(body))
    }
}

/// The database key of the node on the path of `key_hash`, `depth` nibbles down, as written by `version`.
pub(super) fn node_key(version: u64, key_hash: &Hash, depth: usize) -> Vec<u8> {
    let mut key = Vec::with_capacity(9 + depth.div_ceil(2));
    key.extend_from_slice(&version.to_be_bytes());
    key.push(depth as u8);
    key.extend(key_hash.iter().take(depth.div_ceil(2)));
    if depth % 2 == 1
        && let Some(last) = key.last_mut()
    {
        *last &= 0xf0;
    }
    key
}

/// Nibble `depth` of a hash.
pub(super) fn nibble(hash: &Hash, depth: usize) -> usize {
    let byte = hash.get(depth / 2).copied().unwrap_or(0);
    usize::from(if depth.is_multiple_of(2) { byte >> 4 } else { byte & 0x0f })
}

/// Overwrites nibble `depth` of a path.
pub(super) fn set_nibble(path: &mut Hash, depth: usize, nibble: u8) {
    if let Some(byte) = path.get_mut(depth / 2) {
        *byte = if depth.is_multiple_of(2) { *byte & 0x0f | nibble << 4 } else { *byte & 0xf0 | nibble };
    }
}

/// Whether the first `depth` nibbles of a hash are those of the path.
pub(super) fn starts_with(hash: &Hash, path: &Hash, depth: usize) -> bool {
    (0..depth).all(|at| nibble(hash, at) == nibble(path, at))
}

/// The hash of the four binary levels over the slots.
pub(super) fn hash_slots(slots: &[Slot]) -> Hash {
    combine(slots).1
}

/// The subtree over some of the slots: one leaf rises until it meets a neighbour.
fn combine(slots: &[Slot]) -> (Kind, Hash) {
    match slots {
        [] => (Kind::Empty, EMPTY_ROOT),
        [one] => (one.kind(), one.hash()),
        _ => {
            let (low, high) = slots.split_at(slots.len() / 2);
            match (combine(low), combine(high)) {
                ((Kind::Empty, _), (Kind::Empty, _)) => (Kind::Empty, EMPTY_ROOT),
                ((Kind::Empty, _), leaf @ (Kind::Leaf, _)) | (leaf @ (Kind::Leaf, _), (Kind::Empty, _)) => {
                    leaf
                }
                ((_, left), (_, right)) => (Kind::Inner, hash_inner(&left, &right)),
            }
        }
    }
}

fn put_leaf(bytes: &mut Vec<u8>, leaf: &Leaf) {
    bytes.extend_from_slice(&leaf.content.key_hash);
    bytes.extend_from_slice(&leaf.content.value_hash);
}

fn encode_branch(slots: &Slots) -> Vec<u8> {
    let mask = |wanted: fn(&Slot) -> bool| {
        slots.iter().enumerate().fold(0u16, |mask, (n, slot)| mask | u16::from(wanted(slot)) << n)
    };
    let mut bytes = Vec::with_capacity(5 + WIDTH * 64);
    bytes.push(2);
    bytes.extend_from_slice(&mask(|slot| !matches!(slot, Slot::Empty)).to_be_bytes());
    bytes.extend_from_slice(&mask(|slot| matches!(slot, Slot::Leaf(_))).to_be_bytes());
    for slot in slots {
        match slot {
            Slot::Empty => {}
            Slot::Leaf(leaf) => put_leaf(&mut bytes, leaf),
            Slot::Inner { hash, version } => {
                bytes.extend_from_slice(hash);
                bytes.extend_from_slice(&version.to_be_bytes());
            }
        }
    }
    bytes
}

fn decode_branch(rest: &mut &[u8]) -> Option<Box<Slots>> {
    let present = u16::from_be_bytes(take(rest)?);
    let leaves = u16::from_be_bytes(take(rest)?);
    // A branch of nothing, or of one leaf, would have been written as that.
    if leaves & !present != 0 || present == 0 || (leaves == present && present.is_power_of_two()) {
        return None;
    }
    let mut slots = Box::new([Slot::Empty; WIDTH]);
    for (n, slot) in slots.iter_mut().enumerate() {
        if leaves >> n & 1 == 1 {
            *slot = Slot::Leaf(take_leaf(rest)?);
        } else if present >> n & 1 == 1 {
            *slot = Slot::Inner { hash: take(rest)?, version: u64::from_be_bytes(take(rest)?) };
        }
    }
    Some(slots)
}

fn take_leaf(rest: &mut &[u8]) -> Option<Leaf> {
    Some(Leaf::new(take(rest)?, take(rest)?))
}

fn take<const N: usize>(rest: &mut &[u8]) -> Option<[u8; N]> {
    let (head, tail) = rest.split_first_chunk::<N>()?;
    *rest = tail;
    Some(*head)
}
