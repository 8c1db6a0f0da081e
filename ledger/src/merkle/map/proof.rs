//! Proofs that a key has a value, or has none.
//!
//! A verifier needs this file and SHA-256, no store:
//!
//! ```text
//! key hash      = SHA-256("zhulian/state-key/v1" || key)
//! value hash    = SHA-256(value)
//! leaf          = SHA-256("JMT::LeafNode" || key hash || value hash)
//! inner node    = SHA-256("JMT::IntrnalNode" || left || right)
//! empty subtree = the 32 ASCII bytes "SPARSE_MERKLE_PLACEHOLDER_HASH__"
//! ```
//!
//! The tree is binary and follows the bits of the key hash, highest first; a subtree with one leaf is that leaf. These
//! are the hashes of the Jellyfish Merkle tree, ICS-23 compatible. On the wire:
//!
//! ```text
//! leaf: 00 | 01 key hash (32) value hash (32)      00 = the path ends in an empty subtree
//! count: u16 big endian, at most 256               siblings, nearest to the leaf first
//! empty: ceil(count / 8) bytes                     bit i (highest first) set = sibling i is an empty subtree
//! 32 bytes for each sibling that is not empty
//! ```

use thiserror::Error;

use crate::merkle::{Hash, sha256};

/// The root of the map without keys, and the hash of any empty subtree.
pub const EMPTY_ROOT: Hash = *b"SPARSE_MERKLE_PLACEHOLDER_HASH__";

/// The most siblings a proof can have: one for each bit of the key hash.
pub const SIBLINGS_MAX: usize = 256;

/// The longest encoded proof, in bytes.
pub const ENCODED_MAX: usize = 1 + 64 + 2 + SIBLINGS_MAX / 8 + SIBLINGS_MAX * 32;

const KEY_DOMAIN: &[u8] = b"zhulian/state-key/v1";
const LEAF_DOMAIN: &[u8] = b"JMT::LeafNode";
const INNER_DOMAIN: &[u8] = b"JMT::IntrnalNode";

/// Why a proof is refused.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum ProofError {
    /// The bytes are not a proof in its one valid encoding.
    #[error("malformed proof: {0}")]
    Malformed(&'static str),
    /// The proof shows another key's leaf, or an empty place, where a value was claimed.
    #[error("the proof does not show the key")]
    KeyAbsent,
    /// The proof shows the key where its absence was claimed.
    #[error("the proof shows the key, not its absence")]
    KeyPresent,
    /// The proof shows another value.
    #[error("the proof shows another value")]
    OtherValue,
    /// The leaf shown lies elsewhere in the tree and says nothing about the key.
    #[error("the leaf shown is not on the path of the key")]
    OffPath,
    /// The proof leads to another root.
    #[error("the proof does not lead to the root")]
    RootMismatch,
}

/// The one leaf at the end of a key's path.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ProofLeaf {
    /// The hash of the leaf's key.
    pub key_hash: Hash,
    /// The hash of its value.
    pub value_hash: Hash,
}

/// What lies on the way of a key, from its leaf to the root.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MapProof {
    leaf: Option<ProofLeaf>,
    siblings: Vec<Hash>,
}

impl MapProof {
    /// `siblings` nearest to the leaf first; the caller has at most [`SIBLINGS_MAX`] of them.
    pub(super) fn new(leaf: Option<ProofLeaf>, siblings: Vec<Hash>) -> Self {
        debug_assert!(siblings.len() <= SIBLINGS_MAX);
        Self { leaf, siblings }
    }

    /// The leaf the path of the key ends in, if any: the key's own when the key is present.
    #[must_use]
    pub fn leaf(&self) -> Option<&ProofLeaf> {
        self.leaf.as_ref()
    }

    /// The hashes beside the path, nearest to the leaf first.
    #[must_use]
    pub fn siblings(&self) -> &[Hash] {
        &self.siblings
    }

    /// Checks that under this root the key has the value, or with `None` that it has no value.
    ///
    /// # Errors
    /// When the proof does not show it.
    pub fn verify(&self, root: &Hash, key: &[u8], value: Option<&[u8]>) -> Result<(), ProofError> {
        let key_hash = hash_key(key);
        match (value, &self.leaf) {
            (Some(_), None) => return Err(ProofError::KeyAbsent),
            (Some(_), Some(leaf)) if leaf.key_hash != key_hash => return Err(ProofError::KeyAbsent),
            (Some(value), Some(leaf)) if leaf.value_hash != hash_value(value) => {
                return Err(ProofError::OtherValue);
            }
            (None, Some(leaf)) if leaf.key_hash == key_hash => return Err(ProofError::KeyPresent),
            (None, Some(leaf)) if common_bits(&leaf.key_hash, &key_hash) < self.siblings.len() => {
                return Err(ProofError::OffPath);
            }
            _ => {}
        }
        let start = self.leaf.as_ref().map_or(EMPTY_ROOT, |leaf| hash_leaf(&leaf.key_hash, &leaf.value_hash));
        let depths = (0..self.siblings.len()).rev();
        let found = self.siblings.iter().zip(depths).fold(start, |hash, (sibling, depth)| {
            if bit(&key_hash, depth) { hash_inner(sibling, &hash) } else { hash_inner(&hash, sibling) }
        });
        if found == *root { Ok(()) } else { Err(ProofError::RootMismatch) }
    }

    /// The proof as bytes.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        let mut bytes = Vec::new();
        match &self.leaf {
            None => bytes.push(0),
            Some(leaf) => {
                bytes.push(1);
                bytes.extend_from_slice(&leaf.key_hash);
                bytes.extend_from_slice(&leaf.value_hash);
            }
        }
        bytes.extend_from_slice(&(self.siblings.len() as u16).to_be_bytes());
        for group in self.siblings.chunks(8) {
            let empty = group.iter().enumerate().filter(|(_, hash)| **hash == EMPTY_ROOT);
            bytes.push(empty.fold(0, |bits, (i, _)| bits | 0x80 >> i));
        }
        for sibling in self.siblings.iter().filter(|hash| **hash != EMPTY_ROOT) {
            bytes.extend_from_slice(sibling);
        }
        bytes
    }

    /// Reads what [`MapProof::encode`] wrote; every proof has one encoding.
    ///
    /// # Errors
    /// When the bytes are anything else.
    pub fn decode(bytes: &[u8]) -> Result<Self, ProofError> {
        let (flag, rest) = bytes.split_first().ok_or(ProofError::Malformed("no bytes"))?;
        let (leaf, rest) = match flag {
            0 => (None, rest),
            1 => {
                let (key_hash, rest) = take_hash(rest)?;
                let (value_hash, rest) = take_hash(rest)?;
                (Some(ProofLeaf { key_hash, value_hash }), rest)
            }
            _ => return Err(ProofError::Malformed("the leaf is neither 00 nor 01")),
        };
        let (count, rest) = rest.split_first_chunk::<2>().ok_or(ProofError::Malformed("no count"))?;
        let count = usize::from(u16::from_be_bytes(*count));
        if count > SIBLINGS_MAX {
            return Err(ProofError::Malformed("more than 256 siblings"));
        }
        let (empty, mut rest) =
            rest.split_at_checked(count.div_ceil(8)).ok_or(ProofError::Malformed("cut short"))?;
        let mut siblings = Vec::with_capacity(count);
        for flag in empty.iter().flat_map(|byte| (0..8).map(move |i| byte & (0x80 >> i) != 0)) {
            if flag && siblings.len() < count {
                siblings.push(EMPTY_ROOT);
            } else if siblings.len() < count {
                let (sibling, after) = take_hash(rest)?;
                siblings.push(sibling);
                rest = after;
            }
        }
        let proof = Self { leaf, siblings };
        // Trailing bytes, stray bits and empty subtrees written out all show here.
        if proof.encode() == bytes {
            Ok(proof)
        } else {
            Err(ProofError::Malformed("not the canonical encoding"))
        }
    }
}

fn take_hash(bytes: &[u8]) -> Result<(Hash, &[u8]), ProofError> {
    let (hash, rest) = bytes.split_first_chunk::<32>().ok_or(ProofError::Malformed("cut short"))?;
    Ok((*hash, rest))
}

/// The place of a key in the tree.
#[must_use]
pub fn hash_key(key: &[u8]) -> Hash {
    sha256(&[KEY_DOMAIN, key])
}

/// What the tree says of a value.
#[must_use]
pub fn hash_value(value: &[u8]) -> Hash {
    sha256(&[value])
}

/// The hash of a leaf.
#[must_use]
pub fn hash_leaf(key_hash: &Hash, value_hash: &Hash) -> Hash {
    sha256(&[LEAF_DOMAIN, key_hash, value_hash])
}

/// The hash of two neighbouring subtrees.
#[must_use]
pub fn hash_inner(left: &Hash, right: &Hash) -> Hash {
    sha256(&[INNER_DOMAIN, left, right])
}

/// Bit `depth` of a hash, counted from the highest.
pub(super) fn bit(hash: &Hash, depth: usize) -> bool {
    hash.get(depth / 8).is_some_and(|byte| byte & (0x80 >> (depth % 8)) != 0)
}

fn common_bits(a: &Hash, b: &Hash) -> usize {
    (0..SIBLINGS_MAX).take_while(|depth| bit(a, *depth) == bit(b, *depth)).count()
}
