//! Every column family: what is in it and how it looks.
//!
//! Integers are big endian, so that rows sort by number. Format version 2:
//!
//! | column | key | value |
//! |---|---|---|
//! | `meta` | `format` | u32: version of this table |
//! | | `genesis` | the genesis bytes |
//! | | `tip` | height u64, block id 32, map root 32, log frontier (see `merkle::log`) |
//! | | `pruned` | u64: stale nodes of versions up to this one are gone |
//! | | `held` | u64: the first height whose transactions and certificate are held; 1 when absent |
//! | | `events` | u64: the first height whose events are held; 1 when absent |
//! | | `restoring` | u64: a snapshot of this height is being filled in, and there is no tip |
//! | | `era`, height u64 | proof that this block changed the validators: see `snapshot::EraLink`; absent where it could not be had |
//! | `state` | the state's key | its latest value |
//! | `tree_nodes` | see `merkle::map::Node` | see `merkle::map::Node` |
//! | `tree_stale` | version u64 | for each node that version made stale: length u8, node key |
//! | `leaves` | leaf u64 | header or transaction, at most 65,535 bytes |
//! | `tiles` | level u8, number u64 | 1 to 256 hashes of 32 bytes |
//! | `blocks` | height u64 | first leaf u64, transactions u32, block id 32 |
//! | `certificates` | height u64 | the bytes that prove the block was decided |
//! | `block_ids` | block id 32 | height u64 |
//! | `transactions` | transaction id 32 | height u64, index in the block u32 |
//! | `events` | height u64, number in the block u32 | event bytes |
//!
//! The leaves of block `h` are its header at `first leaf` and its transactions after it. Below `held` there are no
//! transactions: neither their leaves nor their rows in `transactions`, nor certificates.

use crate::merkle::Hash;
use crate::merkle::log::Frontier;
use crate::merkle::tile::TileId;

/// A column family.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Column {
    /// Facts about the whole store.
    Meta,
    /// The latest state, flat.
    State,
    /// Nodes of the authenticated map.
    TreeNodes,
    /// Nodes that newer versions no longer need.
    TreeStale,
    /// The leaves of the log.
    Leaves,
    /// The hashes of the log.
    Tiles,
    /// Where each block's leaves are.
    Blocks,
    /// Why each block is final.
    Certificates,
    /// Heights by block id.
    BlockIds,
    /// Places by transaction id.
    Transactions,
    /// What each block brought about.
    Events,
}

impl Column {
    /// All columns, in the order of the table.
    pub const ALL: [Self; 11] = [
        Self::Meta,
        Self::State,
        Self::TreeNodes,
        Self::TreeStale,
        Self::Leaves,
        Self::Tiles,
        Self::Blocks,
        Self::Certificates,
        Self::BlockIds,
        Self::Transactions,
        Self::Events,
    ];

    /// The name in the database.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Meta => "meta",
            Self::State => "state",
            Self::TreeNodes => "tree_nodes",
            Self::TreeStale => "tree_stale",
            Self::Leaves => "leaves",
            Self::Tiles => "tiles",
            Self::Blocks => "blocks",
            Self::Certificates => "certificates",
            Self::BlockIds => "block_ids",
            Self::Transactions => "transactions",
            Self::Events => "events",
        }
    }
}

pub(super) const META_FORMAT: &[u8] = b"format";
pub(super) const META_GENESIS: &[u8] = b"genesis";
pub(super) const META_TIP: &[u8] = b"tip";
pub(super) const META_PRUNED: &[u8] = b"pruned";
pub(super) const META_HELD: &[u8] = b"held";
pub(super) const META_EVENTS: &[u8] = b"events";
pub(super) const META_RESTORING: &[u8] = b"restoring";
const META_ERA: &[u8] = b"era";

/// The key of the proof that the block of a height changed the validators.
pub(super) fn era_key(height: u64) -> Vec<u8> {
    [META_ERA, &height.to_be_bytes()].concat()
}

/// Where a block is in the log.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BlockIndex {
    /// The leaf that is the header.
    pub first_leaf: u64,
    /// Transactions in the block; their leaves follow the header.
    pub transactions: u32,
    /// The id of the block.
    pub id: Hash,
}

impl BlockIndex {
    /// Leaves in the log after this block.
    #[must_use]
    pub fn log_size(&self) -> u64 {
        self.first_leaf.saturating_add(1).saturating_add(u64::from(self.transactions))
    }

    pub(super) fn encode(&self) -> Vec<u8> {
        [&self.first_leaf.to_be_bytes()[..], &self.transactions.to_be_bytes(), &self.id].concat()
    }

    pub(super) fn decode(mut bytes: &[u8]) -> Option<Self> {
        let rest = &mut bytes;
        let index = Self { first_leaf: take_u64(rest)?, transactions: take_u32(rest)?, id: take(rest)? };
        rest.is_empty().then_some(index)
    }
}

/// Where a transaction is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Place {
    /// The height of its block.
    pub height: u64,
    /// Its position among the transactions of the block, from 0.
    pub index: u32,
}

impl Place {
    pub(super) fn encode(&self) -> [u8; 12] {
        event_key(self.height, self.index)
    }

    pub(super) fn decode(bytes: &[u8]) -> Option<Self> {
        let (height, index) = event_from_key(bytes)?;
        Some(Self { height, index })
    }
}

/// The row `tip`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct TipRow {
    pub(super) height: u64,
    pub(super) block_id: Hash,
    pub(super) map_root: Hash,
    pub(super) frontier: Frontier,
}

impl TipRow {
    pub(super) fn encode(&self) -> Vec<u8> {
        [&self.height.to_be_bytes()[..], &self.block_id, &self.map_root, &self.frontier.encode()].concat()
    }

    pub(super) fn decode(mut bytes: &[u8]) -> Option<Self> {
        let rest = &mut bytes;
        let (height, block_id, map_root) = (take_u64(rest)?, take(rest)?, take(rest)?);
        Some(Self { height, block_id, map_root, frontier: Frontier::decode(rest).ok()? })
    }
}

pub(super) fn tile_key(id: TileId) -> [u8; 9] {
    let mut key = [id.level; 9];
    if let Some((_, number)) = key.split_first_mut() {
        number.copy_from_slice(&id.number.to_be_bytes());
    }
    key
}

pub(super) fn tile_value(hashes: &[Hash]) -> &[u8] {
    hashes.as_flattened()
}

pub(super) fn tile_from_value(value: &[u8]) -> Option<Vec<Hash>> {
    let (hashes, odd) = value.as_chunks::<32>();
    (odd.is_empty() && (1..=256).contains(&hashes.len())).then(|| hashes.to_vec())
}

pub(super) fn event_key(height: u64, number: u32) -> [u8; 12] {
    let mut key = [0; 12];
    let (high, low) = key.split_at_mut(8);
    high.copy_from_slice(&height.to_be_bytes());
    low.copy_from_slice(&number.to_be_bytes());
    key
}

pub(super) fn event_from_key(mut key: &[u8]) -> Option<(u64, u32)> {
    let (height, number) = (take_u64(&mut key)?, take_u32(&mut key)?);
    key.is_empty().then_some((height, number))
}

/// One row for all nodes a version made stale.
pub(super) fn stale_value(keys: &[Vec<u8>]) -> Vec<u8> {
    let mut value = Vec::with_capacity(keys.iter().map(|key| key.len() + 1).sum());
    for key in keys {
        value.push(key.len() as u8);
        value.extend_from_slice(key);
    }
    value
}

pub(super) fn stale_from_value(mut value: &[u8]) -> Option<Vec<&[u8]>> {
    let mut keys = Vec::new();
    while let Some((length, rest)) = value.split_first() {
        let (key, rest) = rest.split_at_checked(usize::from(*length))?;
        keys.push(key);
        value = rest;
    }
    Some(keys)
}

pub(super) fn u64_value(mut value: &[u8]) -> Option<u64> {
    let number = take_u64(&mut value)?;
    value.is_empty().then_some(number)
}

pub(super) fn u32_value(mut value: &[u8]) -> Option<u32> {
    let number = take_u32(&mut value)?;
    value.is_empty().then_some(number)
}

fn take_u64(rest: &mut &[u8]) -> Option<u64> {
    take(rest).map(u64::from_be_bytes)
}

fn take_u32(rest: &mut &[u8]) -> Option<u32> {
    take(rest).map(u32::from_be_bytes)
}

fn take<const N: usize>(rest: &mut &[u8]) -> Option<[u8; N]> {
    let (head, tail) = rest.split_first_chunk::<N>()?;
    *rest = tail;
    Some(*head)
}
