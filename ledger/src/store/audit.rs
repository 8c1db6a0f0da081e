//! Re-derives from the leaves and the state what the store says of them, and compares.
//!
//! Checked: every header and transaction has its id and its hash in the tiles; the tiles above follow; blocks follow
//! each other without a gap; every transaction is indexed, once; the log frontier and the map root of the tip are those
//! of the leaves and of the flat state; every node of the newest map has the hash its parent says. Not checked:
//! signatures, certificates and the rules, which need more than bytes.
//!
//! A store that began with a snapshot lacks the transactions of its first blocks. Of those the audit checks headers, ids
//! and that the hashes of the log lead to its root; it counts them in [`Report::headers_only`].

use thiserror::Error;

use super::columns::{self, Column, Place};
use super::error::hex;
use super::rocks::Row;
use super::snapshot::{Snapshot, StoredNodes};
use super::{BlockIndex, StoreError};
use crate::merkle::Hash;
use crate::merkle::log::{Frontier, leaf_hash};
use crate::merkle::map::{self, MapError};
use crate::merkle::tile::{TILE_WIDTH, TileEdge, TileId, TileReader};

/// Findings after which an audit stops noting more.
pub const FINDINGS_MAX: usize = 1000;

/// How ids follow from bytes; `None` when the bytes are no header or transaction at all.
#[derive(Debug, Clone, Copy)]
pub struct Identify {
    /// The id of a header.
    pub block: fn(&[u8]) -> Option<Hash>,
    /// The id of a transaction.
    pub transaction: fn(&[u8]) -> Option<Hash>,
}

/// Something that is not as it must be.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum Finding {
    /// Rows cannot be read.
    #[error("{} cannot be read: {error}", .column.name())]
    Unreadable {
        /// The column.
        column: Column,
        /// Why.
        error: StoreError,
    },
    /// A leaf is not there; what follows it was not checked.
    #[error("leaf {leaf} is missing")]
    LeafMissing {
        /// The leaf.
        leaf: u64,
    },
    /// A leaf has another hash than the tiles say.
    #[error("leaf {leaf} does not have the hash in its tile")]
    LeafHash {
        /// The leaf.
        leaf: u64,
    },
    /// A tile above the leaves, or its length, does not follow from the leaves.
    #[error("tile {number} of level {level} does not follow from the leaves")]
    Tile {
        /// Its level.
        level: u8,
        /// Its number.
        number: u64,
    },
    /// A block is not there or is in another place of the log; what follows it was not checked.
    #[error("block {height} is missing or not where the one before it ends")]
    Block {
        /// Its height.
        height: u64,
    },
    /// The header does not have the id of its block, or the id does not lead to the block.
    #[error("block {height} does not have its id")]
    BlockId {
        /// Its height.
        height: u64,
    },
    /// A block has no certificate.
    #[error("block {height} has no certificate")]
    Certificate {
        /// Its height.
        height: u64,
    },
    /// The id of a transaction does not lead to it.
    #[error("transaction {index} of block {height} is not found by its id")]
    Transaction {
        /// The height of its block.
        height: u64,
        /// Its position in the block.
        index: u32,
    },
    /// The index holds other transactions than the blocks.
    #[error("{indexed} transactions are indexed, {committed} are in blocks")]
    TransactionCount {
        /// Rows of the index.
        indexed: u64,
        /// Transactions in blocks.
        committed: u64,
    },
    /// The log of the tip is not the log of the leaves.
    #[error("the log has root {}, its leaves have {}", hex(.stored), hex(.derived))]
    LogRoot {
        /// What the tip says.
        stored: Hash,
        /// What follows from the leaves.
        derived: Hash,
    },
    /// The map of the tip is not the map of the flat state.
    #[error("the map has root {}, the state has {}", hex(.stored), hex(.derived))]
    MapRoot {
        /// What the tip says.
        stored: Hash,
        /// What follows from the state.
        derived: Hash,
    },
    /// The nodes of the map do not hold together.
    #[error("{0}")]
    MapNode(MapError),
}

/// What an audit covered and found.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Report {
    /// Blocks checked.
    pub blocks: u64,
    /// Of these, blocks of which only the header is held: their transactions cannot be checked here.
    pub headers_only: u64,
    /// Leaves checked.
    pub leaves: u64,
    /// State keys checked.
    pub keys: u64,
    /// What is wrong; at most [`FINDINGS_MAX`].
    pub findings: Vec<Finding>,
}

impl Report {
    fn note(&mut self, finding: Finding) {
        if self.findings.len() < FINDINGS_MAX {
            self.findings.push(finding);
        }
    }

    fn note_error(&mut self, column: Column, error: StoreError) {
        self.note(Finding::Unreadable { column, error });
    }
}

/// Audits the store as it is in this snapshot. Reads everything once; needs about 100 bytes of memory for a state key.
#[must_use]
pub fn audit(snapshot: &Snapshot<'_>, identify: &Identify) -> Report {
    let mut report = Report::default();
    if let Err(error) = audit_log(snapshot, identify, &mut report) {
        report.note_error(Column::Leaves, error);
    }
    if let Err(error) = audit_state(snapshot, &mut report) {
        report.note_error(Column::State, error);
    }
    report
}

fn audit_log(snapshot: &Snapshot<'_>, identify: &Identify, report: &mut Report) -> Result<(), StoreError> {
    let (mut frontier, mut edge) = (Frontier::default(), TileEdge::default());
    let mut rows = snapshot.raw_rows(Column::Leaves)?;
    let mut committed = 0;
    let held = snapshot.history()?.blocks_from;
    for height in 1..=snapshot.tip().height {
        let block = match snapshot.block(height)? {
            Some(block) if block.first_leaf == frontier.size() => block,
            _ => {
                report.note(Finding::Block { height });
                return Ok(());
            }
        };
        let end = if height < held { block.first_leaf.saturating_add(1) } else { block.log_size() };
        let Some(leaves) = take_leaves(&mut rows, block.first_leaf..end, report)? else { return Ok(()) };
        let mut hashes: Vec<Hash> = leaves.iter().map(|leaf| leaf_hash(leaf)).collect();
        if height < held {
            audit_id(snapshot, identify, height, &block, leaves.first().map(AsRef::as_ref), report)?;
            hashes.extend(snapshot.link(height)?.map(|(_, leaves)| leaves).unwrap_or_default());
            report.headers_only += 1;
        } else {
            audit_block(snapshot, identify, height, &block, &leaves, report)?;
            committed += u64::from(block.transactions);
        }
        hashes.iter().for_each(|hash| frontier.append(*hash));
        let tiles = edge.append(&hashes);
        for (id, hashes) in tiles.iter().filter(|(_, hashes)| hashes.len() == TILE_WIDTH) {
            audit_tile(snapshot, *id, hashes, report);
        }
        report.blocks += 1;
        report.leaves = frontier.size();
    }
    for (id, hashes) in edge.unfinished() {
        audit_tile(snapshot, id, hashes, report);
    }
    if frontier != snapshot.tip_row()?.frontier {
        report.note(Finding::LogRoot { stored: snapshot.tip().log_root, derived: frontier.root() });
    }
    let mut indexed = 0;
    for row in snapshot.raw_rows(Column::Transactions)? {
        row?;
        indexed += 1;
    }
    if indexed != committed {
        report.note(Finding::TransactionCount { indexed, committed });
    }
    Ok(())
}

/// The leaves of a block, taken from the rows of all leaves.
fn take_leaves(
    rows: &mut impl Iterator<Item = Result<Row, StoreError>>,
    numbers: std::ops::Range<u64>,
    report: &mut Report,
) -> Result<Option<Vec<Box<[u8]>>>, StoreError> {
    let mut leaves = Vec::new();
    for leaf in numbers {
        match rows.next().transpose()? {
            Some((key, bytes)) if *key == leaf.to_be_bytes() => leaves.push(bytes),
            _ => {
                report.note(Finding::LeafMissing { leaf });
                return Ok(None);
            }
        }
    }
    Ok(Some(leaves))
}

fn audit_block(
    snapshot: &Snapshot<'_>,
    identify: &Identify,
    height: u64,
    block: &BlockIndex,
    leaves: &[Box<[u8]>],
    report: &mut Report,
) -> Result<(), StoreError> {
    let Some((header, transactions)) = leaves.split_first() else { return Ok(()) };
    audit_id(snapshot, identify, height, block, Some(header), report)?;
    if snapshot.certificate(height)?.is_none() {
        report.note(Finding::Certificate { height });
    }
    for (index, transaction) in (0..).zip(transactions) {
        let found = (identify.transaction)(transaction).map(|id| snapshot.place(&id)).transpose()?;
        if found.flatten() != Some(Place { height, index }) {
            report.note(Finding::Transaction { height, index });
        }
    }
    Ok(())
}

fn audit_id(
    snapshot: &Snapshot<'_>,
    identify: &Identify,
    height: u64,
    block: &BlockIndex,
    header: Option<&[u8]>,
    report: &mut Report,
) -> Result<(), StoreError> {
    let id = header.and_then(|header| (identify.block)(header));
    if id != Some(block.id) || snapshot.block_by_id(&block.id)? != Some(height) {
        report.note(Finding::BlockId { height });
    }
    Ok(())
}

fn audit_tile(snapshot: &Snapshot<'_>, id: TileId, derived: &[Hash], report: &mut Report) {
    let stored = snapshot.tile(id).unwrap_or_default();
    if stored == derived {
        return;
    }
    if id.level > 0 || stored.len() != derived.len() {
        report.note(Finding::Tile { level: id.level, number: id.number });
        return;
    }
    let first = id.number * TILE_WIDTH as u64;
    for (leaf, _) in
        (first..).zip(stored.iter().zip(derived)).filter(|(_, (stored, derived))| stored != derived)
    {
        report.note(Finding::LeafHash { leaf });
    }
}

fn audit_state(snapshot: &Snapshot<'_>, report: &mut Report) -> Result<(), StoreError> {
    let mut failure = None;
    let rows = snapshot.raw_rows(Column::State)?;
    let rows = rows.map_while(|row| row.map_err(|error| failure = Some(error)).ok());
    let derived = map::root_of(rows.inspect(|_| report.keys += 1));
    if let Some(error) = failure {
        return Err(error);
    }
    let stored = snapshot.tip().map_root;
    if stored != derived {
        report.note(Finding::MapRoot { stored, derived });
    }
    let (nodes, version) = (StoredNodes(snapshot), snapshot.tip().height);
    match map::check(&nodes, version).and_then(|_| map::root(&nodes, version)) {
        Ok(root) if root == stored => {}
        Ok(root) => report.note(Finding::MapRoot { stored, derived: root }),
        Err(error) => report.note(Finding::MapNode(error)),
    }
    Ok(())
}

/// The name and rows of each column as text, one row a line, in hexadecimal.
///
/// # Errors
/// When the disk fails.
pub fn dump(snapshot: &Snapshot<'_>) -> Result<String, StoreError> {
    let mut text = String::new();
    for column in columns::Column::ALL {
        text.push_str(&format!("[{}]\n", column.name()));
        for row in snapshot.raw_rows(column)? {
            let (key, value) = row?;
            text.push_str(&format!("{} = {}\n", hex(&key), hex(&value)));
        }
    }
    Ok(text)
}
