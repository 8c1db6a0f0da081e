//! Reading the store at one height.

use std::sync::Arc;

use super::cache::NodeCache;
use super::columns::{self, BlockIndex, Column, META_EVENTS, META_HELD, META_TIP, Place, TipRow};
use super::rocks::{Row, View};
use super::{History, StoreError, Tip, parse, tip_of};
use crate::codec;
use crate::merkle::Hash;
use crate::merkle::log;
use crate::merkle::map::{self, MapError, MapProof, MapReader, Node};
use crate::merkle::tile::{TileHashes, TileId, TileReader};
use crate::snapshot::EraLink;

/// The store as it was after one commit.
pub struct Snapshot<'a> {
    view: View<'a>,
    nodes: &'a NodeCache,
    tip: Tip,
}

/// A block as it was committed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BlockParts {
    /// Its height.
    pub height: u64,
    /// Its id.
    pub id: Hash,
    /// The header, as hashed.
    pub header: Vec<u8>,
    /// The transactions, in order.
    pub transactions: Vec<Vec<u8>>,
    /// Why it is final.
    pub certificate: Vec<u8>,
}

/// Something a block brought about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Event {
    /// The height of the block.
    pub height: u64,
    /// Its number in the block, from 0.
    pub number: u32,
    /// The event.
    pub bytes: Vec<u8>,
}

/// A header and the leaf hashes of its transactions.
pub type HeaderAndLeaves = (Vec<u8>, Vec<Hash>);

/// A key and its value.
pub type KeyValue = (Vec<u8>, Vec<u8>);

impl<'a> Snapshot<'a> {
    pub(super) fn new(view: View<'a>, nodes: &'a NodeCache) -> Result<Self, StoreError> {
        let row = view.get(Column::Meta, META_TIP)?.ok_or(StoreError::NotInitialised)?;
        let tip = tip_of(&parse(Column::Meta, META_TIP, TipRow::decode(&row))?);
        Ok(Self { view, nodes, tip })
    }

    /// The last block of this snapshot.
    #[must_use]
    pub fn tip(&self) -> Tip {
        self.tip
    }

    /// From which heights on what is held.
    ///
    /// # Errors
    /// When a row is damaged or the disk fails.
    pub fn history(&self) -> Result<History, StoreError> {
        let first = |key: &[u8]| match self.view.get(Column::Meta, key)? {
            Some(row) => parse(Column::Meta, key, columns::u64_value(&row)),
            None => Ok(1),
        };
        Ok(History { blocks_from: first(META_HELD)?, events_from: first(META_EVENTS)? })
    }

    /// The proof that the block of this height changed the validators, if it did and the proof could be had.
    ///
    /// # Errors
    /// When the row is damaged or the disk fails.
    pub fn era_link(&self, height: u64) -> Result<Option<EraLink>, StoreError> {
        let key = columns::era_key(height);
        let row = self.view.get(Column::Meta, &key)?;
        row.map(|row| codec::decode(&row, row.len()).map_err(|_| StoreError::damaged(Column::Meta, &key)))
            .transpose()
    }

    /// [`StoreError::NotHeld`] when the transactions of this height are not here.
    fn check_held(&self, height: u64) -> Result<(), StoreError> {
        let from = self.history()?.blocks_from;
        if height < from { Err(StoreError::NotHeld { height, from }) } else { Ok(()) }
    }

    /// The value of a state key.
    ///
    /// # Errors
    /// When the disk fails.
    pub fn state_get(&self, key: &[u8]) -> Result<Option<Vec<u8>>, StoreError> {
        self.view.get(Column::State, key)
    }

    /// State keys from `start` on, in order, up to but not including `end`. Take as many as you need.
    ///
    /// # Errors
    /// When the disk fails, now or for one row.
    pub fn state_range(
        &self,
        start: &[u8],
        end: Option<&[u8]>,
    ) -> Result<impl Iterator<Item = Result<KeyValue, StoreError>> + use<'_, 'a>, StoreError> {
        let rows = self.view.rows(Column::State, start, end)?;
        Ok(rows.map(|row| row.map(|(key, value)| (key.into_vec(), value.into_vec()))))
    }

    /// State keys that begin with `prefix`, in order.
    ///
    /// # Errors
    /// When the disk fails, now or for one row.
    pub fn state_prefix(
        &self,
        prefix: &[u8],
    ) -> Result<impl Iterator<Item = Result<KeyValue, StoreError>> + use<'_, 'a>, StoreError> {
        self.state_range(prefix, after_prefix(prefix).as_deref())
    }

    /// Proves the value of a state key, or its absence, under the map root of the tip.
    ///
    /// # Errors
    /// When the map is damaged or the disk fails.
    pub fn state_proof(&self, key: &[u8]) -> Result<MapProof, StoreError> {
        Ok(map::prove(self, self.tip.height, key)?)
    }

    /// Proves the value a state key had after `height`, which must be among the versions kept.
    ///
    /// # Errors
    /// When the version is pruned, or as for [`Snapshot::state_proof`].
    pub fn state_proof_at(&self, height: u64, key: &[u8]) -> Result<MapProof, StoreError> {
        Ok(map::prove(self, height, key)?)
    }

    /// Where the block of this height is in the log; `None` above the tip and for the genesis.
    ///
    /// # Errors
    /// When the row is damaged or the disk fails.
    pub fn block(&self, height: u64) -> Result<Option<BlockIndex>, StoreError> {
        let key = height.to_be_bytes();
        let Some(row) = self.view.get(Column::Blocks, &key)? else { return Ok(None) };
        parse(Column::Blocks, &key, BlockIndex::decode(&row)).map(Some)
    }

    /// The height of the block with this id.
    ///
    /// # Errors
    /// When the row is damaged or the disk fails.
    pub fn block_by_id(&self, id: &Hash) -> Result<Option<u64>, StoreError> {
        let Some(row) = self.view.get(Column::BlockIds, id)? else { return Ok(None) };
        parse(Column::BlockIds, id, columns::u64_value(&row)).map(Some)
    }

    /// The header of the block of this height.
    ///
    /// # Errors
    /// When the log is damaged or the disk fails.
    pub fn header(&self, height: u64) -> Result<Option<Vec<u8>>, StoreError> {
        let Some(block) = self.block(height)? else { return Ok(None) };
        self.leaf(block.first_leaf)
    }

    /// Why the block of this height is final.
    ///
    /// # Errors
    /// When the disk fails.
    pub fn certificate(&self, height: u64) -> Result<Option<Vec<u8>>, StoreError> {
        self.view.get(Column::Certificates, &height.to_be_bytes())
    }

    /// The block of this height, whole.
    ///
    /// # Errors
    /// [`StoreError::NotHeld`] for a block of which only the header is here; when a row is missing or damaged, or the
    /// disk fails.
    pub fn block_parts(&self, height: u64) -> Result<Option<BlockParts>, StoreError> {
        let Some(block) = self.block(height)? else { return Ok(None) };
        self.check_held(height)?;
        let end = block.log_size().to_be_bytes();
        let rows = self.view.rows(Column::Leaves, &block.first_leaf.to_be_bytes(), Some(&end))?;
        let mut leaves = Vec::new();
        for (expected, row) in (block.first_leaf..).zip(rows) {
            let (key, leaf) = row?;
            if *key != expected.to_be_bytes() {
                return Err(StoreError::damaged(Column::Leaves, &expected.to_be_bytes()));
            }
            leaves.push(leaf.into_vec());
        }
        if leaves.len() as u64 != u64::from(block.transactions) + 1 {
            let missing = block.first_leaf.saturating_add(leaves.len() as u64);
            return Err(StoreError::damaged(Column::Leaves, &missing.to_be_bytes()));
        }
        let header = leaves.remove(0);
        let key = height.to_be_bytes();
        let certificate = parse(Column::Certificates, &key, self.certificate(height)?)?;
        Ok(Some(BlockParts { height, id: block.id, header, transactions: leaves, certificate }))
    }

    /// The header of the block of this height and the leaf hashes of its transactions, which are held from the
    /// beginning even where the transactions are not.
    ///
    /// # Errors
    /// When a row is missing or damaged, or the disk fails.
    pub fn link(&self, height: u64) -> Result<Option<HeaderAndLeaves>, StoreError> {
        let Some(block) = self.block(height)? else { return Ok(None) };
        let Some(header) = self.leaf(block.first_leaf)? else {
            return Err(StoreError::damaged(Column::Leaves, &block.first_leaf.to_be_bytes()));
        };
        let first = block.first_leaf.saturating_add(1);
        let hashes = TileHashes::new(self);
        let leaves = (first..block.log_size()).map(|leaf| log::HashReader::subtree(&hashes, 0, leaf));
        Ok(Some((header, leaves.collect::<Result<_, _>>()?)))
    }

    /// Blocks from `height` on, for a node that is behind: as many as fit into `bytes`, but at least one if there is
    /// one.
    ///
    /// # Errors
    /// As for [`Snapshot::block_parts`].
    pub fn blocks_from(&self, height: u64, bytes: usize) -> Result<Vec<BlockParts>, StoreError> {
        let mut blocks = Vec::new();
        let mut left = bytes;
        for height in height.max(1)..=self.tip.height {
            let Some(block) = self.block_parts(height)? else { return Err(StoreError::NoBlock(height)) };
            let size = block.header.len()
                + block.certificate.len()
                + block.transactions.iter().map(Vec::len).sum::<usize>();
            if size > left && !blocks.is_empty() {
                break;
            }
            left = left.saturating_sub(size);
            blocks.push(block);
            if left == 0 {
                break;
            }
        }
        Ok(blocks)
    }

    /// One leaf of the log.
    ///
    /// # Errors
    /// When the disk fails.
    pub fn leaf(&self, index: u64) -> Result<Option<Vec<u8>>, StoreError> {
        self.view.get(Column::Leaves, &index.to_be_bytes())
    }

    /// Leaves from `first` on, at most `limit`: the entries of a tlog-tiles bundle.
    ///
    /// # Errors
    /// When a leaf is missing or the disk fails.
    pub fn leaves(&self, first: u64, limit: usize) -> Result<Vec<Vec<u8>>, StoreError> {
        let rows = self.view.rows(Column::Leaves, &first.to_be_bytes(), None)?;
        let mut leaves = Vec::new();
        for (expected, row) in (first..).zip(rows).take(limit) {
            let (key, leaf) = row?;
            if *key != expected.to_be_bytes() {
                return Err(StoreError::damaged(Column::Leaves, &expected.to_be_bytes()));
            }
            leaves.push(leaf.into_vec());
        }
        Ok(leaves)
    }

    /// A transaction: where it is, and its bytes.
    ///
    /// # Errors
    /// When a row is missing or damaged, or the disk fails.
    pub fn transaction(&self, id: &Hash) -> Result<Option<(Place, Vec<u8>)>, StoreError> {
        let Some(place) = self.place(id)? else { return Ok(None) };
        let leaf = self.leaf_of(place)?;
        let bytes = parse(Column::Leaves, &leaf.to_be_bytes(), self.leaf(leaf)?)?;
        Ok(Some((place, bytes)))
    }

    /// Where a transaction is.
    ///
    /// # Errors
    /// When the row is damaged or the disk fails.
    pub fn place(&self, id: &Hash) -> Result<Option<Place>, StoreError> {
        let Some(row) = self.view.get(Column::Transactions, id)? else { return Ok(None) };
        parse(Column::Transactions, id, Place::decode(&row)).map(Some)
    }

    /// The leaf that is the transaction at this place.
    ///
    /// # Errors
    /// When there is no such place, or the disk fails.
    pub fn leaf_of(&self, place: Place) -> Result<u64, StoreError> {
        let block = self.block(place.height)?.ok_or(StoreError::NoBlock(place.height))?;
        if place.index >= block.transactions {
            return Err(StoreError::damaged(Column::Blocks, &place.height.to_be_bytes()));
        }
        Ok(block.first_leaf.saturating_add(1).saturating_add(u64::from(place.index)))
    }

    /// Whether a transaction is in a committed block: one filter look-up when it is not.
    ///
    /// # Errors
    /// When the disk fails.
    pub fn transaction_exists(&self, id: &Hash) -> Result<bool, StoreError> {
        self.view.contains(Column::Transactions, id)
    }

    /// Events from number `number` of block `height` on, at most `limit`.
    ///
    /// # Errors
    /// When a row is damaged or the disk fails.
    pub fn events_from(&self, height: u64, number: u32, limit: usize) -> Result<Vec<Event>, StoreError> {
        let rows = self.view.rows(Column::Events, &columns::event_key(height, number), None)?;
        let event = |row: Result<Row, StoreError>| {
            let (key, bytes) = row?;
            let (height, number) = parse(Column::Events, &key, columns::event_from_key(&key))?;
            Ok(Event { height, number, bytes: bytes.into_vec() })
        };
        rows.take(limit).map(event).collect()
    }

    /// The root the log had with `size` leaves.
    ///
    /// # Errors
    /// When the log is shorter or damaged, or the disk fails.
    pub fn log_root(&self, size: u64) -> Result<Hash, StoreError> {
        self.check_size(size)?;
        log::root(&TileHashes::new(self), size)
    }

    /// Proves that a leaf is in the log of `size` leaves.
    ///
    /// # Errors
    /// When there is no such leaf, the log is shorter or damaged, or the disk fails.
    pub fn inclusion_proof(&self, leaf: u64, size: u64) -> Result<Vec<Hash>, StoreError> {
        self.check_size(size)?;
        log::inclusion_proof(&TileHashes::new(self), leaf, size)
    }

    /// Proves that the log of `old` leaves is the beginning of the log of `new` leaves.
    ///
    /// # Errors
    /// When the sizes are 0 or reversed, the log is shorter or damaged, or the disk fails.
    pub fn consistency_proof(&self, old: u64, new: u64) -> Result<Vec<Hash>, StoreError> {
        self.check_size(new)?;
        log::consistency_proof(&TileHashes::new(self), old, new)
    }

    pub(super) fn raw_rows(
        &self,
        column: Column,
    ) -> Result<impl Iterator<Item = Result<Row, StoreError>> + use<'_, 'a>, StoreError> {
        self.view.rows(column, &[], None)
    }

    pub(super) fn tip_row(&self) -> Result<TipRow, StoreError> {
        let row = self.view.get(Column::Meta, META_TIP)?.ok_or(StoreError::NotInitialised)?;
        parse(Column::Meta, META_TIP, TipRow::decode(&row))
    }

    fn check_size(&self, size: u64) -> Result<(), StoreError> {
        if size > self.tip.log_size {
            return Err(log::LogError::Shrinks { old: size, new: self.tip.log_size }.into());
        }
        Ok(())
    }
}

impl MapReader for Snapshot<'_> {
    fn node(&self, key: &[u8]) -> Result<Option<Arc<Node>>, MapError> {
        if let Some(node) = self.nodes.get(key) {
            return Ok(Some(node));
        }
        let node = StoredNodes(self).node(key)?;
        if let Some(node) = &node {
            self.nodes.insert(key, node);
        }
        Ok(node)
    }
}

/// The map as it is on disk, not as it is remembered.
pub(super) struct StoredNodes<'a>(pub(super) &'a Snapshot<'a>);

impl MapReader for StoredNodes<'_> {
    fn node(&self, key: &[u8]) -> Result<Option<Arc<Node>>, MapError> {
        let row =
            self.0.view.get(Column::TreeNodes, key).map_err(|error| MapError::Storage(error.to_string()))?;
        let Some(row) = row else { return Ok(None) };
        let node = Node::decode(&row).ok_or_else(|| MapError::Damaged { key: key.to_vec() })?;
        Ok(Some(Arc::new(node)))
    }
}

impl TileReader for Snapshot<'_> {
    type Error = StoreError;

    fn tile(&self, id: TileId) -> Result<Vec<Hash>, StoreError> {
        let key = columns::tile_key(id);
        let row = self.view.get(Column::Tiles, &key)?;
        parse(Column::Tiles, &key, row.and_then(|row| columns::tile_from_value(&row)))
    }

    fn too_short(&self, id: TileId) -> StoreError {
        StoreError::damaged(Column::Tiles, &columns::tile_key(id))
    }
}

/// The first key after all those with this prefix; `None` when there is none.
fn after_prefix(prefix: &[u8]) -> Option<Vec<u8>> {
    let mut end = prefix.to_vec();
    while let Some(last) = end.pop() {
        if let Some(next) = last.checked_add(1) {
            end.push(next);
            return Some(end);
        }
    }
    None
}
