//! The ledger on disk: one committed block, one durable batch.
//!
//! [`Store::commit`] writes a block, its log leaves and tiles, the state it leaves and every index in one synced batch:
//! after a crash the last block is there whole or not at all. One writer at a time, any number of readers; a reader
//! takes a [`Snapshot`] and sees one height throughout.
//!
//! When the disk is full, [`StoreError::Full`] says so and the block is not committed; reads go on. Free space and
//! commit the same block again: RocksDB looks every five seconds whether there is room for the write buffers of all
//! columns (11 quarters of [`Options::write_buffer_bytes`]), and refuses with `Full` until there is. A store that is
//! dropped and opened again needs less and does not wait.

#![expect(
    clippy::arithmetic_side_effects,
    reason = "counts of what is in memory; heights and leaf numbers from disk saturate"
)]

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock};

pub mod audit;
mod cache;
pub mod columns;
mod error;
mod migrate;
mod restore;
mod rocks;
mod snapshot;
mod view;

pub use columns::{BlockIndex, Column, Place};
pub use error::StoreError;
pub use migrate::FORMAT;
pub use restore::{Contents, PastBlock, Restore};
pub use rocks::Measures;
pub use snapshot::{BlockParts, Event, HeaderAndLeaves, KeyValue, Snapshot};

use crate::codec;
use crate::merkle::Hash;
use crate::merkle::log::{Frontier, leaf_hash};
use crate::merkle::map::{self, MapError, MapReader, MapUpdate, Node};
use crate::merkle::tile::TileEdge;
use crate::snapshot::EraLink;
use crate::state::StateKey as _;
use crate::state::keys::ValidatorsKey;
use cache::NodeCache;
use columns::{META_EVENTS, META_FORMAT, META_GENESIS, META_HELD, META_PRUNED, META_TIP, TipRow};
use rocks::{Batch, Rocks};

/// The longest header or transaction, in bytes: an entry of C2SP tlog-tiles cannot be longer.
pub const LEAF_MAX: usize = 65_535;

/// Versions of the map pruned in one commit at most, so that a shorter history is reached in small steps.
const PRUNE_STEP: u64 = 4;

/// Memory and history to keep.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Options {
    /// Bytes for blocks, indexes and filters read from disk.
    pub block_cache_bytes: usize,
    /// Bytes for writes not yet in table files.
    pub write_buffer_bytes: usize,
    /// Bytes for nodes of the authenticated map.
    pub node_cache_bytes: usize,
    /// Versions of the map that stay provable, the newest included; at least 2. A [`Snapshot`] keeps the version it
    /// began with however long it lives, so more are needed only by who asks for a past height. A node that becomes
    /// stale within as many blocks as fit into a write buffer never reaches a table file: few versions are cheap.
    pub keep_versions: u64,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            block_cache_bytes: 256 << 20,
            write_buffer_bytes: 128 << 20,
            node_cache_bytes: 256 << 20,
            keep_versions: 16,
        }
    }
}

/// The last committed block.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Tip {
    /// Its height; 0 is the genesis.
    pub height: u64,
    /// Its id; of the genesis, the id given to [`Store::initialise`].
    pub block_id: Hash,
    /// The root of the map after it.
    pub map_root: Hash,
    /// Leaves in the log.
    pub log_size: u64,
    /// The root of the log.
    pub log_root: Hash,
}

/// From which heights on a store holds what. Both are 1 in a store that was filled block by block.
///
/// Headers, their ids and the hashes of the log are held from the beginning in any store.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct History {
    /// Transactions and certificates. One above the tip when none are.
    pub blocks_from: u64,
    /// Events: they follow from executing blocks, which a store restored from a snapshot has not done.
    pub events_from: u64,
}

impl Default for History {
    fn default() -> Self {
        Self { blocks_from: 1, events_from: 1 }
    }
}

/// A decided block and what it brings about.
#[derive(Debug, Clone)]
pub struct BlockCommit<'a> {
    /// Its height: one above the tip.
    pub height: u64,
    /// Its id.
    pub block_id: Hash,
    /// The header as it is hashed: the first leaf of the block.
    pub header: &'a [u8],
    /// Ids and bytes of the transactions, in order: the leaves after it.
    pub transactions: &'a [(Hash, Vec<u8>)],
    /// Why it is final.
    pub certificate: &'a [u8],
    /// State keys set and removed.
    pub changes: &'a BTreeMap<Vec<u8>, Option<Vec<u8>>>,
    /// The map after these changes: [`map::update`] with version `height`.
    pub map_update: MapUpdate,
    /// Events, in order.
    pub events: &'a [Vec<u8>],
}

/// A ledger on disk. Share it in an `Arc`.
pub struct Store {
    rocks: Rocks,
    nodes: NodeCache,
    tip: RwLock<Option<Tip>>,
    history: RwLock<History>,
    writer: Mutex<Writer>,
    keep_versions: u64,
}

/// What the writer knows without reading.
#[derive(Default)]
struct Writer {
    frontier: Frontier,
    edge: TileEdge,
    pruned: u64,
}

impl Store {
    /// Opens the store in this directory, or creates one without a genesis.
    ///
    /// # Errors
    /// When it is open elsewhere, has another format, is damaged, or the disk fails.
    pub fn open(path: &Path, options: &Options) -> Result<Self, StoreError> {
        let rocks = Rocks::open(path, options)?;
        match rocks.get(Column::Meta, META_FORMAT)? {
            Some(row) => {
                migrate::upgrade(&rocks, parse(Column::Meta, META_FORMAT, columns::u32_value(&row))?)?
            }
            None if rocks.view().rows(Column::Meta, &[], None)?.next().is_some() => {
                return Err(StoreError::Foreign);
            }
            None => {
                let mut batch = rocks.batch();
                batch.put(Column::Meta, META_FORMAT, &FORMAT.to_be_bytes())?;
                rocks.write(batch)?;
            }
        }
        let store = Self {
            rocks,
            nodes: NodeCache::new(options.node_cache_bytes),
            tip: RwLock::default(),
            history: RwLock::default(),
            writer: Mutex::default(),
            keep_versions: options.keep_versions.max(2),
        };
        store.resume()?;
        Ok(store)
    }

    /// Takes up where the last commit ended.
    fn resume(&self) -> Result<(), StoreError> {
        let Some(row) = self.rocks.get(Column::Meta, META_TIP)? else { return Ok(()) };
        let row = parse(Column::Meta, META_TIP, TipRow::decode(&row))?;
        let pruned = self.rocks.get(Column::Meta, META_PRUNED)?.unwrap_or_default();
        let pruned = parse(Column::Meta, META_PRUNED, columns::u64_value(&pruned))?;
        let edge = TileEdge::load(&self.snapshot()?, row.frontier.size())?;
        self.set_history(History {
            blocks_from: self.first_height(META_HELD)?,
            events_from: self.first_height(META_EVENTS)?,
        });
        self.publish(tip_of(&row));
        *self.writer() = Writer { frontier: row.frontier, edge, pruned };
        Ok(())
    }

    /// A row of a height; stores that were filled block by block lack it.
    fn first_height(&self, key: &[u8]) -> Result<u64, StoreError> {
        match self.rocks.get(Column::Meta, key)? {
            Some(row) => parse(Column::Meta, key, columns::u64_value(&row)),
            None => Ok(1),
        }
    }

    /// Writes the genesis and the state it describes, as height 0 and version 0, and returns the tip.
    ///
    /// # Errors
    /// When there is a genesis already, or the disk fails.
    pub fn initialise(
        &self,
        genesis: &[u8],
        genesis_id: Hash,
        state: &BTreeMap<Vec<u8>, Vec<u8>>,
    ) -> Result<Tip, StoreError> {
        let mut writer = self.writer();
        if self.tip().is_some() {
            return Err(StoreError::AlreadyInitialised);
        }
        self.clear()?;
        let no_nodes = BTreeMap::new();
        let update = map::update(&no_nodes, 0, state.iter().map(|(key, value)| (key, Some(value))))?;
        let row =
            TipRow { height: 0, block_id: genesis_id, map_root: update.root, frontier: Frontier::default() };
        let mut batch = self.rocks.batch();
        batch.put(Column::Meta, META_GENESIS, genesis)?;
        batch.put(Column::Meta, META_PRUNED, &0u64.to_be_bytes())?;
        batch.put(Column::Meta, META_TIP, &row.encode())?;
        batch.put(Column::BlockIds, &genesis_id, &0u64.to_be_bytes())?;
        for (key, value) in state {
            batch.put(Column::State, key, value)?;
        }
        put_nodes(&mut batch, &update)?;
        self.rocks.write(batch)?;
        self.nodes.replace(&update.stale, update.nodes);
        *writer = Writer::default();
        self.publish(tip_of(&row));
        Ok(tip_of(&row))
    }

    /// Writes the next block with all it brings about, waits until it is on disk, and returns the new tip. When it
    /// fails, nothing has changed. The caller vouches that `map_update` belongs to `changes`.
    ///
    /// # Errors
    /// When the block is not the next one, a leaf is too long, the disk is full, or it fails.
    pub fn commit(&self, block: BlockCommit<'_>) -> Result<Tip, StoreError> {
        self.commit_with(block, true)
    }

    /// Like [`Self::commit`], without waiting for the disk: for blocks that others have decided, fetched one after the other.
    /// A crash may lose the last of them; what it leaves is whole, up to some block. [`Self::sync`] ends that, and so does
    /// the next [`Self::commit`].
    ///
    /// # Errors
    /// As there.
    pub fn commit_unsynced(&self, block: BlockCommit<'_>) -> Result<Tip, StoreError> {
        self.commit_with(block, false)
    }

    /// Waits until every block committed is on disk.
    ///
    /// # Errors
    /// When the disk is full or fails.
    pub fn sync(&self) -> Result<(), StoreError> {
        self.rocks.sync()
    }

    fn commit_with(&self, block: BlockCommit<'_>, sync: bool) -> Result<Tip, StoreError> {
        let mut writer = self.writer();
        let tip = self.tip().ok_or(StoreError::NotInitialised)?;
        check(&block, tip.height)?;

        let leaf_hashes: Vec<Hash> = leaves(&block).map(leaf_hash).collect();
        let mut frontier = writer.frontier.clone();
        leaf_hashes.iter().for_each(|hash| frontier.append(*hash));
        let mut edge = writer.edge.clone();
        let tiles = edge.append(&leaf_hashes);
        let row = TipRow {
            height: block.height,
            block_id: block.block_id,
            map_root: block.map_update.root,
            frontier,
        };

        let mut batch = self.rocks.batch();
        put_block(&mut batch, &block, writer.frontier.size())?;
        for (id, hashes) in &tiles {
            batch.put(Column::Tiles, &columns::tile_key(*id), columns::tile_value(hashes))?;
        }
        for (key, value) in block.changes {
            match value {
                Some(value) => batch.put(Column::State, key, value)?,
                None => batch.delete(Column::State, key)?,
            }
        }
        put_nodes(&mut batch, &block.map_update)?;
        let pruned = self.prune(&mut batch, writer.pruned, block.height)?;
        if let Some(Some(validators)) = block.changes.get(&ValidatorsKey.key()) {
            let link = self.era_link(&block, validators)?;
            batch.put(Column::Meta, &columns::era_key(block.height), &codec::encode(&link))?;
        }
        batch.put(Column::Meta, META_TIP, &row.encode())?;
        self.rocks.write_with(batch, sync)?;

        let tip = tip_of(&row);
        self.nodes.replace(&block.map_update.stale, block.map_update.nodes);
        *writer = Writer { frontier: row.frontier, edge, pruned };
        self.publish(tip);
        Ok(tip)
    }

    /// Proves the validators that a block puts in place: later its version of the map is gone.
    fn era_link(&self, block: &BlockCommit<'_>, validators: &[u8]) -> Result<EraLink, StoreError> {
        let snapshot = self.snapshot()?;
        let new = block.map_update.nodes.iter().map(|(key, node)| (key.as_slice(), node)).collect();
        let next = NextVersion { new, before: &snapshot };
        let proof = map::prove(&next, block.height, &ValidatorsKey.key())?;
        Ok(EraLink {
            header: block.header.to_vec().into(),
            certificate: block.certificate.to_vec().into(),
            validators: validators.to_vec().into(),
            proof: proof.encode().into(),
        })
    }

    /// Deletes the nodes that only versions older than those kept need, a few versions at a time.
    fn prune(&self, batch: &mut Batch<'_>, pruned: u64, height: u64) -> Result<u64, StoreError> {
        let oldest_kept = height.saturating_add(1).saturating_sub(self.keep_versions);
        let until = oldest_kept.min(pruned.saturating_add(PRUNE_STEP));
        for version in pruned.saturating_add(1)..=until {
            let row_key = version.to_be_bytes();
            let Some(row) = self.rocks.get(Column::TreeStale, &row_key)? else { continue };
            for key in parse(Column::TreeStale, &row_key, columns::stale_from_value(&row))? {
                batch.delete_written_once(Column::TreeNodes, key)?;
            }
            batch.delete(Column::TreeStale, &row_key)?;
        }
        if until <= pruned {
            return Ok(pruned);
        }
        batch.put(Column::Meta, META_PRUNED, &until.to_be_bytes())?;
        Ok(until)
    }

    /// The last committed block; `None` before the genesis.
    #[must_use]
    pub fn tip(&self) -> Option<Tip> {
        *self.tip.read().unwrap_or_else(PoisonError::into_inner)
    }

    /// From which heights on what is held.
    #[must_use]
    pub fn history(&self) -> History {
        *self.history.read().unwrap_or_else(PoisonError::into_inner)
    }

    /// The genesis bytes; `None` before the genesis.
    ///
    /// # Errors
    /// When the disk fails.
    pub fn genesis(&self) -> Result<Option<Vec<u8>>, StoreError> {
        self.rocks.get(Column::Meta, META_GENESIS)
    }

    /// The latest value of a state key. For several keys of one height use [`Store::snapshot`].
    ///
    /// # Errors
    /// When the disk fails.
    pub fn state_get(&self, key: &[u8]) -> Result<Option<Vec<u8>>, StoreError> {
        self.rocks.get(Column::State, key)
    }

    /// Whether a transaction is in a committed block: one filter look-up when it is not.
    ///
    /// # Errors
    /// When the disk fails.
    pub fn transaction_exists(&self, id: &Hash) -> Result<bool, StoreError> {
        self.rocks.contains(Column::Transactions, id)
    }

    /// Everything as it is after the last commit, unmoved by later ones. Short-lived: it holds back compaction.
    ///
    /// # Errors
    /// When there is no genesis yet, or the disk fails.
    pub fn snapshot(&self) -> Result<Snapshot<'_>, StoreError> {
        Snapshot::new(self.rocks.view(), &self.nodes)
    }

    /// Sizes and pressure, for metrics.
    #[must_use]
    pub fn stats(&self) -> Stats {
        Stats { database: self.rocks.measure(), node_cache_bytes: self.nodes.bytes() as u64 }
    }

    /// Moves what is in memory into files, so that the next opening has nothing to replay.
    ///
    /// # Errors
    /// When the disk is full or fails.
    pub fn flush(&self) -> Result<(), StoreError> {
        self.rocks.flush()
    }

    /// Overwrites or removes one row and nothing else. Only for tests of [`audit`].
    ///
    /// # Errors
    /// When the disk fails.
    #[doc(hidden)]
    pub fn damage(&self, column: Column, key: &[u8], value: Option<&[u8]>) -> Result<(), StoreError> {
        let mut batch = self.rocks.batch();
        match value {
            Some(value) => batch.put(column, key, value)?,
            None => batch.delete(column, key)?,
        }
        self.rocks.write(batch)
    }

    fn set_history(&self, history: History) {
        *self.history.write().unwrap_or_else(PoisonError::into_inner) = history;
    }

    fn publish(&self, tip: Tip) {
        *self.tip.write().unwrap_or_else(PoisonError::into_inner) = Some(tip);
    }

    fn writer(&self) -> MutexGuard<'_, Writer> {
        self.writer.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Sizes and pressure of a store.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Stats {
    /// What RocksDB says.
    pub database: Measures,
    /// Bytes of map nodes in memory.
    pub node_cache_bytes: u64,
}

fn check(block: &BlockCommit<'_>, tip: u64) -> Result<(), StoreError> {
    if tip.checked_add(1) != Some(block.height) {
        return Err(StoreError::Height { tip, found: block.height });
    }
    if block.map_update.version != block.height {
        return Err(StoreError::MapVersion { height: block.height, found: block.map_update.version });
    }
    if let Some(leaf) = leaves(block).find(|leaf| leaf.len() > LEAF_MAX) {
        return Err(StoreError::LeafTooLong { length: leaf.len() });
    }
    Ok(())
}

/// The leaves of a block: its header, then its transactions.
fn leaves<'a>(block: &BlockCommit<'a>) -> impl Iterator<Item = &'a [u8]> {
    std::iter::once(block.header).chain(block.transactions.iter().map(|(_, bytes)| bytes.as_slice()))
}

/// The map with a version that is not stored yet.
struct NextVersion<'a> {
    new: BTreeMap<&'a [u8], &'a Arc<Node>>,
    before: &'a Snapshot<'a>,
}

impl MapReader for NextVersion<'_> {
    fn node(&self, key: &[u8]) -> Result<Option<Arc<Node>>, MapError> {
        self.new.get(key).map_or_else(|| self.before.node(key), |node| Ok(Some(Arc::clone(node))))
    }
}

fn put_block(batch: &mut Batch<'_>, block: &BlockCommit<'_>, first_leaf: u64) -> Result<(), StoreError> {
    let height = block.height.to_be_bytes();
    let transactions = u32::try_from(block.transactions.len()).map_err(|_| StoreError::TooMany)?;
    let index = BlockIndex { first_leaf, transactions, id: block.block_id };
    batch.put(Column::Blocks, &height, &index.encode())?;
    batch.put(Column::Certificates, &height, block.certificate)?;
    batch.put(Column::BlockIds, &block.block_id, &height)?;
    for (leaf, bytes) in (first_leaf..).zip(leaves(block)) {
        batch.put(Column::Leaves, &leaf.to_be_bytes(), bytes)?;
    }
    for (index, (id, _)) in (0..transactions).zip(block.transactions) {
        batch.put(Column::Transactions, id, &Place { height: block.height, index }.encode())?;
    }
    let events = u32::try_from(block.events.len()).map_err(|_| StoreError::TooMany)?;
    for (number, event) in (0..events).zip(block.events) {
        batch.put(Column::Events, &columns::event_key(block.height, number), event)?;
    }
    Ok(())
}

fn put_nodes(batch: &mut Batch<'_>, update: &MapUpdate) -> Result<(), StoreError> {
    for (key, node) in &update.nodes {
        batch.put(Column::TreeNodes, key, &node.encode())?;
    }
    if update.stale.is_empty() {
        return Ok(());
    }
    batch.put(Column::TreeStale, &update.version.to_be_bytes(), &columns::stale_value(&update.stale))
}

fn tip_of(row: &TipRow) -> Tip {
    Tip {
        height: row.height,
        block_id: row.block_id,
        map_root: row.map_root,
        log_size: row.frontier.size(),
        log_root: row.frontier.root(),
    }
}

fn parse<T>(column: Column, key: &[u8], parsed: Option<T>) -> Result<T, StoreError> {
    parsed.ok_or_else(|| StoreError::damaged(column, key))
}
