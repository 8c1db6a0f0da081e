//! Merkle trees: the log of what happened and the map of what is true.
//!
//! [`log`] is the RFC 6962 tree over every block header and transaction, in order; [`tile`] is how its hashes are
//! kept and served. [`map`] authenticates the current state by key. Everything here is bytes in, hashes out:
//! where the bytes live is the business of [`log::HashReader`], [`tile::TileReader`] and [`map::MapReader`].

#![expect(
    clippy::arithmetic_side_effects,
    reason = "tree sizes are at most 2^62 and depths at most 256, checked where they enter"
)]

use sha2::{Digest, Sha256};

pub mod log;
pub mod map;
pub mod tile;

/// A SHA-256 digest.
pub type Hash = [u8; 32];

/// SHA-256 of the parts, one after the other.
pub(crate) fn sha256(parts: &[&[u8]]) -> Hash {
    let mut hasher = Sha256::new();
    for part in parts {
        hasher.update(part);
    }
    hasher.finalize().into()
}
