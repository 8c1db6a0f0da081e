//! What can go wrong with a store.

use std::path::PathBuf;

use thiserror::Error;

use super::LEAF_MAX;
use super::columns::Column;
use crate::merkle::log::LogError;
use crate::merkle::map::MapError;

/// Why the store could not be opened, read or written.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum StoreError {
    /// Another process, or this one, has the store open.
    #[error("{} is open elsewhere: one node may run on a data directory", .path.display())]
    Locked {
        /// The directory of the store.
        path: PathBuf,
    },
    /// The store was written by a program with another format.
    #[error(
        "the store has format {found}, this program reads format {supported}: {}",
        if .found > .supported { "use a newer program" } else { "use an older program, or fetch the blocks again" }
    )]
    Format {
        /// The format on disk.
        found: u32,
        /// The format of this program.
        supported: u32,
    },
    /// The directory holds a database that is not a ledger store.
    #[error("the directory holds data that is not a ledger store")]
    Foreign,
    /// The store has no genesis yet.
    #[error("the store has no genesis yet")]
    NotInitialised,
    /// The store has a genesis already.
    #[error("the store has a genesis already")]
    AlreadyInitialised,
    /// The block is not the next one.
    #[error("block {found} cannot follow block {tip}")]
    Height {
        /// The last committed height.
        tip: u64,
        /// The height given.
        found: u64,
    },
    /// The map update was made for another height.
    #[error("the map update is version {found}, the block {height}")]
    MapVersion {
        /// The height of the block.
        height: u64,
        /// The version of the update.
        found: u64,
    },
    /// A header or transaction is longer than [`LEAF_MAX`].
    #[error("a leaf has {length} bytes, more than {LEAF_MAX}")]
    LeafTooLong {
        /// Its length in bytes.
        length: usize,
    },
    /// More items in one block than can be numbered.
    #[error("a block with more than 2^32 transactions or events")]
    TooMany,
    /// The height is not in the store.
    #[error("no block at height {0}")]
    NoBlock(u64),
    /// The block is older than what is held here.
    #[error(
        "block {height} is not held here: this node holds transactions from height {from} on; ask another centre"
    )]
    NotHeld {
        /// The height asked for.
        height: u64,
        /// The first height whose transactions are held.
        from: u64,
    },
    /// What was to be restored does not hold together.
    #[error("the snapshot cannot be restored: {0}")]
    Restore(&'static str),
    /// The disk is full. Nothing was written.
    #[error("the disk is full: {0}")]
    Full(String),
    /// The disk gave back something else than was written.
    #[error("the database is corrupt: {0}")]
    Corrupt(String),
    /// Another failure of the database.
    #[error("database: {0}")]
    Io(String),
    /// A column is not there.
    #[error("column {0} is missing")]
    MissingColumn(&'static str),
    /// A row is missing or has another form than its column says.
    #[error("damaged row in {}, key {}", .column.name(), hex(.key))]
    Damaged {
        /// The column.
        column: Column,
        /// The key of the row.
        key: Vec<u8>,
    },
    /// A question the log has no answer to.
    #[error(transparent)]
    Log(#[from] LogError),
    /// A question the map has no answer to.
    #[error(transparent)]
    Map(#[from] MapError),
}

impl StoreError {
    pub(super) fn damaged(column: Column, key: &[u8]) -> Self {
        Self::Damaged { column, key: key.to_vec() }
    }

    /// Whether the same call may succeed later without repairing anything.
    #[must_use]
    pub fn is_full(&self) -> bool {
        matches!(self, Self::Full(_))
    }
}

pub(super) fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
