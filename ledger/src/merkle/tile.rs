//! The hashes of the log, in the tiles of C2SP tlog-tiles.
//!
//! ```text
//! tile (level L, number N) = up to 256 hashes of 32 bytes;
//! hash i is the root of the complete subtree of 256^L leaves number 256 * N + i
//! ```
//!
//! Hashes between two levels are computed again when a proof needs them: at most 255 hashes of work for each tile.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::collections::btree_map::Entry;

use super::Hash;
use super::log::{HashReader, LogError, SIZE_MAX, node_hash};

/// Hashes in a full tile.
pub const TILE_WIDTH: usize = 256;

/// Binary levels in a tile.
const TILE_HEIGHT: u32 = 8;

/// Which tile: its level first, then its number, so that tiles sort by level.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct TileId {
    /// 0 for leaf hashes, one more for each 256-fold summary.
    pub level: u8,
    /// Position among the tiles of the level.
    pub number: u64,
}

/// What a path of C2SP tlog-tiles names.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TileKind {
    /// Hashes of a tile.
    Hashes(TileId),
    /// The leaves of the tile with this number of level 0, each with its length before it.
    Entries(u64),
}

/// A path below `/tile/`: `LEVEL/N[.p/W]` or `entries/N[.p/W]`, where N is written in groups of three digits, all but the
/// last with an `x` before them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TilePath {
    /// What.
    pub kind: TileKind,
    /// How many hashes or leaves: 1 to 256.
    pub width: u16,
}

/// A path that is none of C2SP tlog-tiles.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not a path of tlog-tiles")]
pub struct InvalidTilePath;

impl TilePath {
    /// How many leaves a log has at least that has this tile; `None` when no log has.
    pub fn covered_leaves(&self) -> Option<u64> {
        let TileKind::Hashes(id) = self.kind else { return None };
        let hashes = id.number.checked_mul(TILE_WIDTH as u64)?.checked_add(u64::from(self.width))?;
        let leaves_each = 1u64.checked_shl(u32::from(id.level).checked_mul(TILE_HEIGHT)?)?;
        hashes.checked_mul(leaves_each)
    }
}

impl core::str::FromStr for TilePath {
    type Err = InvalidTilePath;

    fn from_str(path: &str) -> Result<Self, InvalidTilePath> {
        let (level, rest) = path.split_once('/').ok_or(InvalidTilePath)?;
        let (number, width) = match rest.split_once(".p/") {
            Some((number, width)) => {
                let width: u16 = plain(width).filter(|w| (1..256).contains(w)).ok_or(InvalidTilePath)? as u16;
                (number, width)
            }
            None => (rest, TILE_WIDTH as u16),
        };
        let number = grouped(number).ok_or(InvalidTilePath)?;
        let kind = match level {
            "entries" => TileKind::Entries(number),
            _ => {
                let level = plain(level).filter(|level| *level < 8).ok_or(InvalidTilePath)?;
                TileKind::Hashes(TileId { level: level as u8, number })
            }
        };
        Ok(Self { kind, width })
    }
}

impl core::fmt::Display for TilePath {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        let number = match self.kind {
            TileKind::Hashes(id) => {
                write!(f, "{}/", id.level)?;
                id.number
            }
            TileKind::Entries(number) => {
                f.write_str("entries/")?;
                number
            }
        };
        let digits = format!("{number}");
        let padded = format!("{number:0width$}", width = digits.len().div_ceil(3) * 3);
        let groups = padded.len() / 3;
        for index in 0..groups {
            let group = padded.get(index * 3..index * 3 + 3).unwrap_or_default();
            if index + 1 < groups { write!(f, "x{group}/")? } else { f.write_str(group)? }
        }
        if usize::from(self.width) < TILE_WIDTH { write!(f, ".p/{}", self.width) } else { Ok(()) }
    }
}

/// A number without sign and leading zeros.
fn plain(text: &str) -> Option<u64> {
    let digits = text.bytes().all(|b| b.is_ascii_digit()) && (text == "0" || !text.starts_with('0'));
    text.parse().ok().filter(|_| digits)
}

/// A number in groups of three digits, without groups that say nothing.
fn grouped(text: &str) -> Option<u64> {
    let groups: Vec<&str> = text.split('/').collect();
    let (last, first) = groups.split_last()?;
    let mut digits = String::new();
    for group in first {
        digits.push_str(group.strip_prefix('x').filter(|group| group.len() == 3)?);
    }
    digits.push_str(last);
    let well_formed = last.len() == 3
        && digits.bytes().all(|b| b.is_ascii_digit())
        && (first.is_empty() || !digits.starts_with("000"))
        && digits.len() <= 21;
    digits.parse().ok().filter(|_| well_formed)
}

/// Where tiles come from.
pub trait TileReader {
    /// What can go wrong, refusals included.
    type Error: From<LogError>;

    /// The hashes of a tile, as many as are known.
    ///
    /// # Errors
    /// When there is no such tile.
    fn tile(&self, id: TileId) -> Result<Vec<Hash>, Self::Error>;

    /// The error for a tile that is shorter than the tree needs.
    fn too_short(&self, id: TileId) -> Self::Error;
}

/// Subtree hashes out of tiles. Keeps the tiles it has read, so use one for one proof.
pub struct TileHashes<'a, R> {
    reader: &'a R,
    seen: RefCell<BTreeMap<TileId, Vec<Hash>>>,
}

impl<'a, R: TileReader> TileHashes<'a, R> {
    /// Reads through this reader.
    pub fn new(reader: &'a R) -> Self {
        Self { reader, seen: RefCell::default() }
    }
}

impl<R: TileReader> HashReader for TileHashes<'_, R> {
    type Error = R::Error;

    fn subtree(&self, level: u8, index: u64) -> Result<Hash, R::Error> {
        let (tile_level, inner) = (u32::from(level) / TILE_HEIGHT, u32::from(level) % TILE_HEIGHT);
        let first = index << inner;
        let id = TileId { level: tile_level as u8, number: first / TILE_WIDTH as u64 };
        let start = (first % TILE_WIDTH as u64) as usize;
        let mut seen = self.seen.borrow_mut();
        let tile = match seen.entry(id) {
            Entry::Occupied(known) => known.into_mut(),
            Entry::Vacant(free) => free.insert(self.reader.tile(id)?),
        };
        match tile.get(start..start + (1 << inner)) {
            Some(hashes) => Ok(complete_root(hashes)),
            None => Err(self.reader.too_short(id)),
        }
    }
}

/// The unfinished last tile of each level: what the writer keeps in memory to append.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct TileEdge {
    size: u64,
    open: Vec<Vec<Hash>>,
}

impl TileEdge {
    /// Reads the unfinished tiles of a tree of `size` leaves.
    ///
    /// # Errors
    /// When the size is above [`SIZE_MAX`], or a tile is missing or shorter than the size says.
    pub fn load<R: TileReader>(reader: &R, size: u64) -> Result<Self, R::Error> {
        if size > SIZE_MAX {
            return Err(LogError::TooLarge { size }.into());
        }
        let mut open = Vec::new();
        let mut hashes = size;
        while hashes > 0 {
            let (number, width) = (hashes / TILE_WIDTH as u64, (hashes % TILE_WIDTH as u64) as usize);
            let mut tile = Vec::new();
            if width > 0 {
                let id = TileId { level: open.len() as u8, number };
                tile = reader.tile(id)?;
                if tile.len() < width {
                    return Err(reader.too_short(id));
                }
                tile.truncate(width);
            }
            open.push(tile);
            hashes = number;
        }
        Ok(Self { size, open })
    }

    /// Leaves so far.
    #[must_use]
    pub fn size(&self) -> u64 {
        self.size
    }

    /// Adds leaf hashes and returns every tile that changed, as it now is.
    pub fn append(&mut self, leaf_hashes: &[Hash]) -> BTreeMap<TileId, Vec<Hash>> {
        let mut changed = BTreeMap::new();
        for hash in leaf_hashes {
            self.size += 1;
            self.push(*hash, &mut changed);
        }
        let before = self.size - leaf_hashes.len() as u64;
        for (id, tile) in self.unfinished() {
            if hashes_at(before, id.level) != hashes_at(self.size, id.level) {
                changed.insert(id, tile.to_vec());
            }
        }
        changed
    }

    /// The unfinished tiles that hold anything.
    pub fn unfinished(&self) -> impl Iterator<Item = (TileId, &[Hash])> {
        let tiles = (0..).zip(&self.open).filter(|(_, tile)| !tile.is_empty());
        tiles.map(|(level, tile)| (TileId { level, number: tiles_before(self.size, level) }, tile.as_slice()))
    }

    fn push(&mut self, leaf_hash: Hash, finished: &mut BTreeMap<TileId, Vec<Hash>>) {
        let mut hash = leaf_hash;
        for level in 0.. {
            if self.open.len() == usize::from(level) {
                self.open.push(Vec::new());
            }
            let Some(tile) = self.open.get_mut(usize::from(level)) else { return };
            tile.push(hash);
            if tile.len() < TILE_WIDTH {
                return;
            }
            hash = complete_root(tile);
            let number = tiles_before(self.size, level) - 1;
            finished.insert(TileId { level, number }, std::mem::take(tile));
        }
    }
}

/// The root of a complete subtree: a power of two of hashes.
fn complete_root(hashes: &[Hash]) -> Hash {
    match hashes {
        [] => super::log::empty_root(),
        [one] => *one,
        _ => {
            let (left, right) = hashes.split_at(hashes.len() / 2);
            node_hash(&complete_root(left), &complete_root(right))
        }
    }
}

/// Hashes a tree of `size` leaves has at a tile level.
fn hashes_at(size: u64, level: u8) -> u64 {
    size.checked_shr(TILE_HEIGHT * u32::from(level)).unwrap_or(0)
}

/// Full tiles a tree of `size` leaves has at a level; also the number of the unfinished one.
fn tiles_before(size: u64, level: u8) -> u64 {
    hashes_at(size, level) / TILE_WIDTH as u64
}
