//! The append-only tree of RFC 6962.
//!
//! ```text
//! leaf(d)    = SHA-256(00 || d)
//! node(l, r) = SHA-256(01 || l || r)
//! root()     = SHA-256("")
//! root(n)    = node(root of the first k leaves, root of the others), k = largest power of two below n
//! ```
//!
//! Proofs are lists of hashes, nearest to the leaf first, as in RFC 9162 section 2.1.3 and 2.1.4 and in C2SP tlog-proof.
//! What a stranger sends is never trusted: lengths are checked before anything is hashed, and nothing panics.

use thiserror::Error;

use super::{Hash, sha256};

/// The longest inclusion proof a tree of fewer than 2^64 leaves can need.
pub const INCLUSION_PROOF_MAX: usize = 64;

/// The longest consistency proof a tree of fewer than 2^64 leaves can need.
pub const CONSISTENCY_PROOF_MAX: usize = 65;

/// The largest tree this ledger builds or reads: far out of reach, and small enough that no sum overflows.
pub const SIZE_MAX: u64 = 1 << 62;

/// Why a log, a frontier or a proof is refused.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum LogError {
    /// Nothing can be proved about a tree without leaves.
    #[error("a tree of size 0 has no proofs")]
    Empty,
    /// The tree is larger than [`SIZE_MAX`].
    #[error("tree size {size} is above the limit {SIZE_MAX}")]
    TooLarge {
        /// The size asked for.
        size: u64,
    },
    /// The leaf is not in the tree.
    #[error("leaf {index} is not in a tree of {size} leaves")]
    OutOfRange {
        /// The leaf asked for.
        index: u64,
        /// Leaves in the tree.
        size: u64,
    },
    /// The old tree is larger than the new one.
    #[error("a tree of {old} leaves cannot grow into one of {new}")]
    Shrinks {
        /// Leaves in the old tree.
        old: u64,
        /// Leaves in the new tree.
        new: u64,
    },
    /// The proof has too few or too many hashes.
    #[error("the proof has {found} hashes where the sizes need {expected}")]
    ProofLength {
        /// Hashes the sizes call for.
        expected: usize,
        /// Hashes given.
        found: usize,
    },
    /// The proof is well formed and leads to another root.
    #[error("the proof does not lead to the root")]
    RootMismatch,
    /// A hash has another length than 32 bytes.
    #[error("a hash has {found} bytes, not 32")]
    HashLength {
        /// Bytes given.
        found: usize,
    },
    /// The bytes are not an encoded frontier.
    #[error("malformed frontier: {0}")]
    Frontier(&'static str),
}

/// The root of the tree without leaves.
#[must_use]
pub fn empty_root() -> Hash {
    sha256(&[])
}

/// The hash of one leaf.
#[must_use]
pub fn leaf_hash(leaf: &[u8]) -> Hash {
    sha256(&[&[0], leaf])
}

/// The hash of two neighbours.
#[must_use]
pub fn node_hash(left: &Hash, right: &Hash) -> Hash {
    sha256(&[&[1], left, right])
}

/// The root of a tree held in memory, given its leaf hashes.
#[must_use]
pub fn root_of(leaf_hashes: &[Hash]) -> Hash {
    let mut frontier = Frontier::default();
    for hash in leaf_hashes {
        frontier.append(*hash);
    }
    frontier.root()
}

/// The least that must be kept to go on appending: the roots of the complete subtrees, largest first.
///
/// ```text
/// size: u64 big endian | one 32-byte hash for each bit set in size, highest bit first
/// ```
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Frontier {
    size: u64,
    peaks: Vec<Hash>,
}

impl Frontier {
    /// Leaves so far.
    #[must_use]
    pub fn size(&self) -> u64 {
        self.size
    }

    /// Adds the hash of the next leaf.
    pub fn append(&mut self, leaf_hash: Hash) {
        let mut right = leaf_hash;
        for _ in 0..self.size.trailing_ones() {
            let Some(left) = self.peaks.pop() else { break };
            right = node_hash(&left, &right);
        }
        self.peaks.push(right);
        self.size += 1;
    }

    /// The root over all leaves so far.
    #[must_use]
    pub fn root(&self) -> Hash {
        let mut peaks = self.peaks.iter().rev();
        match peaks.next() {
            None => empty_root(),
            Some(last) => peaks.fold(*last, |right, left| node_hash(left, &right)),
        }
    }

    /// The frontier as bytes.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        let mut bytes = self.size.to_be_bytes().to_vec();
        for peak in &self.peaks {
            bytes.extend_from_slice(peak);
        }
        bytes
    }

    /// Reads what [`Frontier::encode`] wrote.
    ///
    /// # Errors
    /// When the length does not follow from the size, or the size is above [`SIZE_MAX`].
    pub fn decode(bytes: &[u8]) -> Result<Self, LogError> {
        let (size, rest) = bytes.split_first_chunk::<8>().ok_or(LogError::Frontier("no size"))?;
        let size = check_size(u64::from_be_bytes(*size))?;
        let (peaks, odd) = rest.as_chunks::<32>();
        if peaks.len() != size.count_ones() as usize || !odd.is_empty() {
            return Err(LogError::Frontier("as many hashes as bits set in the size"));
        }
        Ok(Self { size, peaks: peaks.to_vec() })
    }
}

/// Where the hashes of complete subtrees come from.
pub trait HashReader {
    /// What can go wrong, refusals included.
    type Error: From<LogError>;

    /// The root of the `index`-th complete subtree of 2^`level` leaves.
    ///
    /// # Errors
    /// When the hash is not stored.
    fn subtree(&self, level: u8, index: u64) -> Result<Hash, Self::Error>;
}

/// The root of the first `size` leaves.
///
/// # Errors
/// When the size is above [`SIZE_MAX`] or a hash cannot be read.
pub fn root<R: HashReader>(reader: &R, size: u64) -> Result<Hash, R::Error> {
    if check_size(size)? == 0 {
        return Ok(empty_root());
    }
    range(reader, 0, size)
}

/// The proof that leaf `index` is in the tree of the first `size` leaves.
///
/// # Errors
/// When there is no such leaf or a hash cannot be read.
pub fn inclusion_proof<R: HashReader>(reader: &R, index: u64, size: u64) -> Result<Vec<Hash>, R::Error> {
    check_index(index, size)?;
    let (mut begin, mut end) = (0, size);
    let mut proof = Vec::new();
    while end - begin > 1 {
        let middle = begin + split(end - begin);
        if index < middle {
            proof.push(range(reader, middle, end)?);
            end = middle;
        } else {
            proof.push(range(reader, begin, middle)?);
            begin = middle;
        }
    }
    proof.reverse();
    Ok(proof)
}

/// The proof that the first `old` leaves are the beginning of the first `new` leaves.
///
/// # Errors
/// When the sizes are 0 or reversed, or a hash cannot be read.
pub fn consistency_proof<R: HashReader>(reader: &R, old: u64, new: u64) -> Result<Vec<Hash>, R::Error> {
    check_sizes(old, new)?;
    let (mut begin, mut end) = (0, new);
    let mut proof = Vec::new();
    while end != old {
        let middle = begin + split(end - begin);
        if old <= middle {
            proof.push(range(reader, middle, end)?);
            end = middle;
        } else {
            proof.push(range(reader, begin, middle)?);
            begin = middle;
        }
    }
    // The verifier knows the old root; only a smaller subtree has to be told.
    if begin != 0 {
        proof.push(range(reader, begin, end)?);
    }
    proof.reverse();
    Ok(proof)
}

/// Checks that the leaf with this hash is number `index` of the tree with this size and root.
///
/// # Errors
/// When it is not, or when the proof has the wrong length for the sizes.
pub fn verify_inclusion(
    leaf_hash: &Hash,
    index: u64,
    size: u64,
    proof: &[Hash],
    root: &Hash,
) -> Result<(), LogError> {
    check_index(index, size)?;
    let (inner, border) = path_lengths(index, size);
    let (inner, border) = split_proof(proof, inner, border)?;
    let seed = ascend(*leaf_hash, inner, index);
    check_root(&ascend_right(seed, border), root)
}

/// Checks that the tree of `old` leaves is the beginning of the tree of `new` leaves.
///
/// # Errors
/// When it is not, when the sizes are 0 or reversed, or when the proof has the wrong length for the sizes.
pub fn verify_consistency(
    old: u64,
    new: u64,
    proof: &[Hash],
    old_root: &Hash,
    new_root: &Hash,
) -> Result<(), LogError> {
    check_sizes(old, new)?;
    if old == new {
        split_proof(proof, 0, 0)?;
        return check_root(old_root, new_root);
    }
    let level = old.trailing_zeros();
    let (inner, border) = path_lengths(old - 1, new);
    let inner = inner - level as usize;
    let (seed, rest) = if old.is_power_of_two() {
        (old_root, proof)
    } else {
        proof.split_first().ok_or(LogError::ProofLength { expected: 1 + inner + border, found: 0 })?
    };
    let (inner, border) = split_proof(rest, inner, border)?;
    let path = (old - 1) >> level;
    let lefts = inner.iter().enumerate().filter(|(i, _)| bit(path, *i)).map(|(_, hash)| hash);
    let old_seed = lefts.fold(*seed, |right, left| node_hash(left, &right));
    check_root(&ascend_right(old_seed, border), old_root)?;
    check_root(&ascend_right(ascend(*seed, inner, path), border), new_root)
}

/// Turns byte strings from outside into hashes.
///
/// # Errors
/// When there are more than [`CONSISTENCY_PROOF_MAX`], or one is not 32 bytes long.
pub fn parse_hashes<B: AsRef<[u8]>>(parts: &[B]) -> Result<Vec<Hash>, LogError> {
    if parts.len() > CONSISTENCY_PROOF_MAX {
        return Err(LogError::ProofLength { expected: CONSISTENCY_PROOF_MAX, found: parts.len() });
    }
    let parse = |part: &B| {
        let bytes = part.as_ref();
        bytes.try_into().map_err(|_| LogError::HashLength { found: bytes.len() })
    };
    parts.iter().map(parse).collect()
}

/// The root of leaves `begin..end`, a range that RFC 6962 splits off: it begins at a multiple of its own width.
fn range<R: HashReader>(reader: &R, begin: u64, end: u64) -> Result<Hash, R::Error> {
    let width = end - begin;
    if width.is_power_of_two() {
        let level = width.trailing_zeros();
        return reader.subtree(level as u8, begin >> level);
    }
    let middle = begin + split(width);
    let left = range(reader, begin, middle)?;
    let right = range(reader, middle, end)?;
    Ok(node_hash(&left, &right))
}

/// The largest power of two below `width`, which is at least 2.
fn split(width: u64) -> u64 {
    1 << (width - 1).ilog2()
}

/// How many hashes of an inclusion proof lie below, and how many beside, the point where the paths to this leaf and to
/// the last leaf part.
fn path_lengths(index: u64, size: u64) -> (usize, usize) {
    let inner = u64::BITS - (index ^ (size - 1)).leading_zeros();
    let border = index.checked_shr(inner).unwrap_or(0).count_ones();
    (inner as usize, border as usize)
}

fn split_proof(proof: &[Hash], inner: usize, border: usize) -> Result<(&[Hash], &[Hash]), LogError> {
    match proof.split_at_checked(inner) {
        Some((below, beside)) if beside.len() == border => Ok((below, beside)),
        _ => Err(LogError::ProofLength { expected: inner + border, found: proof.len() }),
    }
}

fn ascend(seed: Hash, proof: &[Hash], path: u64) -> Hash {
    proof.iter().enumerate().fold(seed, |seed, (i, sibling)| {
        if bit(path, i) { node_hash(sibling, &seed) } else { node_hash(&seed, sibling) }
    })
}

fn ascend_right(seed: Hash, proof: &[Hash]) -> Hash {
    proof.iter().fold(seed, |right, left| node_hash(left, &right))
}

fn bit(path: u64, i: usize) -> bool {
    (path >> i) & 1 == 1
}

fn check_root(found: &Hash, expected: &Hash) -> Result<(), LogError> {
    if found == expected { Ok(()) } else { Err(LogError::RootMismatch) }
}

fn check_size(size: u64) -> Result<u64, LogError> {
    if size > SIZE_MAX { Err(LogError::TooLarge { size }) } else { Ok(size) }
}

fn check_index(index: u64, size: u64) -> Result<(), LogError> {
    match check_size(size)? {
        0 => Err(LogError::Empty),
        _ if index >= size => Err(LogError::OutOfRange { index, size }),
        _ => Ok(()),
    }
}

fn check_sizes(old: u64, new: u64) -> Result<(), LogError> {
    check_size(new)?;
    if old == 0 {
        return Err(LogError::Empty);
    }
    if old > new { Err(LogError::Shrinks { old, new }) } else { Ok(()) }
}
