//! Parts of the map: everything whose key hash begins with the same bits.
//!
//! A part has a hash of its own, the same that the tree has at that place. So whoever knows the hashes of parts that
//! together cover the map can check each of them alone, and all of them together against the root.

use minicbor::{Decode, Encode};

use super::proof::{EMPTY_ROOT, bit, hash_inner, hash_key, hash_leaf, hash_value};
use crate::merkle::Hash;

/// Bits that a part can be deep: those of a key hash.
pub const DEPTH_MAX: u16 = 256;

/// What a part is. One key alone rises in the tree until it meets a neighbour, so the hash does not tell enough.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(index_only)]
pub enum Kind {
    /// No key.
    #[n(0)]
    Empty,
    /// One key.
    #[n(1)]
    Leaf,
    /// Several keys.
    #[n(2)]
    Inner,
}

/// A part of the map, by its hash.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Subtree {
    /// What it is.
    pub kind: Kind,
    /// Its hash.
    pub hash: Hash,
}

impl Subtree {
    /// The part without keys.
    pub const EMPTY: Self = Self { kind: Kind::Empty, hash: EMPTY_ROOT };

    /// The part, `depth` bits deep, of these keys and values in strictly ascending order of their key hashes; `None`
    /// when they are in another order.
    #[must_use]
    pub fn of<'a>(entries: impl IntoIterator<Item = (&'a [u8], &'a [u8])>, depth: u16) -> Option<Self> {
        let mut leaves: Vec<(Hash, Hash)> = Vec::new();
        for (key, value) in entries {
            let key_hash = hash_key(key);
            if leaves.last().is_some_and(|(last, _)| *last >= key_hash) {
                return None;
            }
            leaves.push((key_hash, hash_leaf(&key_hash, &hash_value(value))));
        }
        let kind = match leaves.len() {
            0 => Kind::Empty,
            1 => Kind::Leaf,
            _ => Kind::Inner,
        };
        Some(Self { kind, hash: super::subtree_root(&leaves, usize::from(depth)) })
    }

    /// The part that these two halves make.
    #[must_use]
    pub fn join(low: Self, high: Self) -> Self {
        match (low.kind, high.kind) {
            (Kind::Empty, Kind::Empty) => Self::EMPTY,
            (Kind::Empty, Kind::Leaf) => high,
            (Kind::Leaf, Kind::Empty) => low,
            _ => Self { kind: Kind::Inner, hash: hash_inner(&low.hash, &high.hash) },
        }
    }
}

/// Whether a key hash begins with the first `depth` bits of the path.
#[must_use]
pub fn lies_in(key_hash: &Hash, path: &Hash, depth: u16) -> bool {
    (0..usize::from(depth)).all(|at| bit(key_hash, at) == bit(path, at))
}

/// The path of the upper half of the part at this path, `depth` bits deep.
#[must_use]
pub fn upper_half(path: &Hash, depth: u16) -> Hash {
    let mut path = *path;
    if let Some(byte) = path.get_mut(usize::from(depth / 8)) {
        *byte |= 0x80 >> (depth % 8);
    }
    path
}
