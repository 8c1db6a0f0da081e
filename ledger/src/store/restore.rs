//! Filling a store from a snapshot instead of from blocks.
//!
//! Everything is verified by the caller before it comes here. Until [`Restore::finish`] the store has no tip, whatever
//! happens: a restore that was cut short is begun anew and clears what the former one wrote.

use crate::block;
use crate::codec;
use crate::merkle::Hash;
use crate::merkle::log::{Frontier, leaf_hash};
use crate::merkle::map::{Builder, Nodes};
use crate::merkle::tile::TileEdge;
use crate::snapshot::EraLink;
use crate::state::Entry;

use super::columns::{
    self, BlockIndex, Column, META_EVENTS, META_GENESIS, META_HELD, META_PRUNED, META_RESTORING, META_TIP,
    Place, TipRow,
};
use super::rocks::Batch;
use super::{History, Store, StoreError, Tip, Writer, tip_of};

/// Bytes of rows written together, about.
const BATCH_BYTES: usize = 4 << 20;

/// A block of the past, as far as it is known.
#[derive(Clone, Debug)]
pub struct PastBlock<'a> {
    /// Its id.
    pub id: Hash,
    /// Its header.
    pub header: &'a [u8],
    /// The leaf hashes of its transactions, in order.
    pub leaves: &'a [Hash],
    /// Its contents. Blocks without come first: after one with contents all have them.
    pub contents: Option<Contents<'a>>,
}

/// What a block holds apart from its header.
#[derive(Clone, Copy, Debug)]
pub struct Contents<'a> {
    /// Ids and bytes of the transactions, in order.
    pub transactions: &'a [(Hash, Vec<u8>)],
    /// Why it is final.
    pub certificate: &'a [u8],
}

/// A store being filled.
pub struct Restore<'a> {
    store: &'a Store,
    map: Builder,
    /// The height after which this is the state.
    height: u64,
    /// The last block added.
    at: u64,
    id: Hash,
    frontier: Frontier,
    edge: TileEdge,
    held: Option<u64>,
    batch: Batch<'a>,
    bytes: usize,
}

impl Store {
    /// Begins to fill the store with the state after `height` and the blocks up to it. What an unfinished restore has
    /// written is gone.
    ///
    /// # Errors
    /// When the store has a tip, or the disk fails.
    pub fn restore(&self, height: u64) -> Result<Restore<'_>, StoreError> {
        if self.tip().is_some() {
            return Err(StoreError::AlreadyInitialised);
        }
        self.clear()?;
        let mut batch = self.rocks.batch();
        batch.put(Column::Meta, META_RESTORING, &height.to_be_bytes())?;
        self.rocks.write(batch)?;
        Ok(Restore {
            store: self,
            map: Builder::new(height),
            height,
            at: 0,
            id: [0; 32],
            frontier: Frontier::default(),
            edge: TileEdge::default(),
            held: None,
            batch: self.rocks.batch(),
            bytes: 0,
        })
    }

    /// Removes what an unfinished restore has left, if there was one.
    pub(super) fn clear(&self) -> Result<(), StoreError> {
        if self.rocks.get(Column::Meta, META_RESTORING)?.is_none() {
            return Ok(());
        }
        let mut batch = self.rocks.batch();
        for column in Column::ALL.into_iter().filter(|column| *column != Column::Meta) {
            batch.clear(column)?;
        }
        batch.delete(Column::Meta, META_RESTORING)?;
        self.rocks.write(batch)
    }

    /// Adds the contents of blocks that were restored without, which the caller has verified against their headers.
    /// They are given in descending order of heights, the first one just below the lowest that is held.
    ///
    /// # Errors
    /// When they do not fit, or the disk fails. Nothing is written then.
    pub fn backfill(&self, blocks: &[(u64, Contents<'_>)]) -> Result<History, StoreError> {
        let _writer = self.writer();
        let snapshot = self.snapshot()?;
        let mut history = self.history();
        let mut batch = self.rocks.batch();
        for (height, contents) in blocks {
            if height.checked_add(1) != Some(history.blocks_from) {
                return Err(StoreError::NotHeld { height: *height, from: history.blocks_from });
            }
            let index = snapshot.block(*height)?.ok_or(StoreError::NoBlock(*height))?;
            if u64::from(index.transactions) != contents.transactions.len() as u64 {
                return Err(StoreError::damaged(Column::Blocks, &height.to_be_bytes()));
            }
            put_contents(&mut batch, *height, index.first_leaf, contents)?;
            history.blocks_from = *height;
        }
        batch.put(Column::Meta, META_HELD, &history.blocks_from.to_be_bytes())?;
        self.rocks.write(batch)?;
        self.set_history(history);
        Ok(history)
    }
}

impl Restore<'_> {
    /// Adds keys and values, in ascending order of their hashes over all calls.
    ///
    /// # Errors
    /// When they come in another order, or the disk fails.
    pub fn entries(&mut self, entries: &[Entry]) -> Result<(), StoreError> {
        for (key, value) in entries {
            self.map.add(key, value)?;
            self.batch.put(Column::State, key, value)?;
            self.bytes += key.len() + value.len();
        }
        let nodes = self.map.take_nodes();
        self.nodes(&nodes)?;
        self.write_if_full()
    }

    /// Adds the proof that the block of a height changed the validators, so that this store can give it to others.
    ///
    /// # Errors
    /// When the disk fails.
    pub fn era(&mut self, height: u64, link: &EraLink) -> Result<(), StoreError> {
        self.batch.put(Column::Meta, &columns::era_key(height), &codec::encode(link))?;
        self.write_if_full()
    }

    /// Adds the next block, beginning with that of height 1.
    ///
    /// # Errors
    /// When there are more than the snapshot has, or the disk fails.
    pub fn block(&mut self, past: &PastBlock<'_>) -> Result<(), StoreError> {
        let height = self.at + 1;
        if height > self.height || (self.held.is_some() && past.contents.is_none()) {
            return Err(StoreError::Height { tip: self.at, found: height });
        }
        let first_leaf = self.frontier.size();
        let transactions = u32::try_from(past.leaves.len()).map_err(|_| StoreError::TooMany)?;
        let hashes: Vec<Hash> =
            std::iter::once(leaf_hash(past.header)).chain(past.leaves.iter().copied()).collect();
        hashes.iter().for_each(|hash| self.frontier.append(*hash));
        for (id, hashes) in self.edge.append(&hashes) {
            self.batch.put(Column::Tiles, &columns::tile_key(id), columns::tile_value(&hashes))?;
        }
        let key = height.to_be_bytes();
        let index = BlockIndex { first_leaf, transactions, id: past.id };
        self.batch.put(Column::Blocks, &key, &index.encode())?;
        self.batch.put(Column::BlockIds, &past.id, &key)?;
        self.batch.put(Column::Leaves, &first_leaf.to_be_bytes(), past.header)?;
        if let Some(contents) = &past.contents {
            put_contents(&mut self.batch, height, first_leaf, contents)?;
            self.bytes += contents.transactions.iter().map(|(_, bytes)| bytes.len() + 64).sum::<usize>();
            self.held.get_or_insert(height);
        }
        self.bytes += past.header.len() + 64 * hashes.len();
        (self.at, self.id) = (height, past.id);
        self.write_if_full()
    }

    /// Ends: from now on the store has a tip. `root` is the state root of the last header.
    ///
    /// # Errors
    /// When blocks are missing, the state has another root, or the disk fails.
    pub fn finish(mut self, genesis: &[u8], genesis_id: Hash, root: &Hash) -> Result<Tip, StoreError> {
        if self.at != self.height || self.height == 0 {
            return Err(StoreError::NoBlock(self.at + 1));
        }
        let map = std::mem::replace(&mut self.map, Builder::new(self.height));
        let (found, nodes) = map.finish();
        if found != *root {
            return Err(StoreError::Restore("the state does not have the root that its block names"));
        }
        self.nodes(&nodes)?;
        let Self { store, height, id, frontier, edge, held, mut batch, .. } = self;
        let history = History { blocks_from: held.unwrap_or(height + 1), events_from: height + 1 };
        let row = TipRow { height, block_id: id, map_root: found, frontier };
        batch.put(Column::Meta, META_GENESIS, genesis)?;
        batch.put(Column::BlockIds, &genesis_id, &0u64.to_be_bytes())?;
        batch.put(Column::Meta, META_PRUNED, &height.to_be_bytes())?;
        batch.put(Column::Meta, META_HELD, &history.blocks_from.to_be_bytes())?;
        batch.put(Column::Meta, META_EVENTS, &history.events_from.to_be_bytes())?;
        batch.put(Column::Meta, META_TIP, &row.encode())?;
        batch.delete(Column::Meta, META_RESTORING)?;
        store.rocks.write(batch)?;
        let tip = tip_of(&row);
        *store.writer() = Writer { frontier: row.frontier, edge, pruned: height };
        store.set_history(history);
        store.publish(tip);
        Ok(tip)
    }

    fn nodes(&mut self, nodes: &Nodes) -> Result<(), StoreError> {
        for (key, node) in nodes {
            let value = node.encode();
            self.bytes += key.len() + value.len();
            self.batch.put(Column::TreeNodes, key, &value)?;
        }
        Ok(())
    }

    fn write_if_full(&mut self) -> Result<(), StoreError> {
        if self.bytes < BATCH_BYTES {
            return Ok(());
        }
        self.bytes = 0;
        let batch = std::mem::replace(&mut self.batch, self.store.rocks.batch());
        self.store.rocks.write(batch)
    }
}

fn put_contents(
    batch: &mut Batch<'_>,
    height: u64,
    first_leaf: u64,
    contents: &Contents<'_>,
) -> Result<(), StoreError> {
    batch.put(Column::Certificates, &height.to_be_bytes(), contents.certificate)?;
    for (index, (id, bytes)) in (0u32..).zip(contents.transactions) {
        if bytes.len() > block::MAX_LEAF_BYTES {
            return Err(StoreError::LeafTooLong { length: bytes.len() });
        }
        let leaf = first_leaf + 1 + u64::from(index);
        batch.put(Column::Leaves, &leaf.to_be_bytes(), bytes)?;
        batch.put(Column::Transactions, id, &Place { height, index }.encode())?;
    }
    Ok(())
}
