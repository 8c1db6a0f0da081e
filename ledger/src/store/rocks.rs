//! The only file that names RocksDB: open, read, write one batch, iterate, measure.
//!
//! One write-ahead log serves all columns, so a batch is on disk whole or not at all. Point lookups pass a Bloom filter
//! of 10 bits a key (one false positive in a hundred). All blocks, indexes and filters share one cache of bounded size,
//! all write buffers another bound. Columns of hashes are not compressed: hashes do not shrink.

use std::path::Path;

use rocksdb::{
    BlockBasedOptions, Cache, ColumnFamily, ColumnFamilyDescriptor, DB, DBCompressionType, DBRecoveryMode,
    Direction, ErrorKind, IteratorMode, LogLevel, ReadOptions, SnapshotWithThreadMode, WriteBatch,
    WriteOptions, properties,
};

use super::columns::Column;
use super::{Options, StoreError};

/// Share of a write buffer that its filter takes: 8 bits a key of rows of 80 bytes.
const MEMORY_FILTER: f64 = 0.0125;

/// Behind every key.
const KEY_END: [u8; 256] = [0xff; 256];

/// A row: key and value.
pub(super) type Row = (Box<[u8]>, Box<[u8]>);

/// An open database.
pub(super) struct Rocks {
    db: DB,
    cache: Cache,
}

impl Rocks {
    /// Opens the database, or creates an empty one.
    pub(super) fn open(path: &Path, options: &Options) -> Result<Self, StoreError> {
        let cache = Cache::new_lru_cache(options.block_cache_bytes);
        let columns = Column::ALL.map(|column| {
            ColumnFamilyDescriptor::new(column.name(), column_options(column, options, &cache))
        });
        let db = DB::open_cf_descriptors(&database_options(options), path, columns)
            .map_err(|error| open_error(error, path))?;
        Ok(Self { db, cache })
    }

    /// The newest value of a key.
    pub(super) fn get(&self, column: Column, key: &[u8]) -> Result<Option<Vec<u8>>, StoreError> {
        self.db.get_cf(self.handle(column)?, key).map_err(read_error)
    }

    /// Whether a key is there, without copying its value.
    pub(super) fn contains(&self, column: Column, key: &[u8]) -> Result<bool, StoreError> {
        Ok(self.db.get_pinned_cf(self.handle(column)?, key).map_err(read_error)?.is_some())
    }

    /// What is stored now, unmoved by later writes.
    pub(super) fn view(&self) -> View<'_> {
        View { rocks: self, snapshot: self.db.snapshot() }
    }

    /// Writes a batch and waits until it is on disk.
    pub(super) fn write(&self, batch: Batch<'_>) -> Result<(), StoreError> {
        self.write_with(batch, true)
    }

    /// Writes a batch that need not be on disk before the next one or [`Self::sync`]. A crash loses none but the last ones.
    pub(super) fn write_with(&self, batch: Batch<'_>, sync: bool) -> Result<(), StoreError> {
        let mut options = WriteOptions::default();
        options.set_sync(sync);
        self.db.write_opt(batch.batch, &options).map_err(write_error)
    }

    /// Waits until everything written is on disk.
    pub(super) fn sync(&self) -> Result<(), StoreError> {
        self.db.flush_wal(true).map_err(write_error)
    }

    /// An empty batch.
    pub(super) fn batch(&self) -> Batch<'_> {
        Batch { rocks: self, batch: WriteBatch::default() }
    }

    /// Moves everything from memory into files, as a clean shutdown does.
    pub(super) fn flush(&self) -> Result<(), StoreError> {
        for column in Column::ALL {
            self.db.flush_cf(self.handle(column)?).map_err(write_error)?;
        }
        Ok(())
    }

    /// A number RocksDB keeps, summed over the columns.
    fn sum(&self, name: &properties::PropName) -> u64 {
        let of = |column| {
            let handle = self.handle(column).ok()?;
            self.db.property_int_value_cf(handle, name).ok().flatten()
        };
        Column::ALL.into_iter().filter_map(of).sum()
    }

    /// A number RocksDB keeps for the database.
    fn number(&self, name: &properties::PropName) -> u64 {
        self.db.property_int_value(name).ok().flatten().unwrap_or(0)
    }

    pub(super) fn measure(&self) -> Measures {
        Measures {
            table_bytes: self.sum(properties::TOTAL_SST_FILES_SIZE),
            write_buffer_bytes: self.sum(properties::CUR_SIZE_ALL_MEM_TABLES),
            pending_compaction_bytes: self.sum(properties::ESTIMATE_PENDING_COMPACTION_BYTES),
            block_cache_bytes: self.cache.get_usage() as u64,
            background_errors: self.number(properties::BACKGROUND_ERRORS),
            delayed_write_rate: self.number(properties::ACTUAL_DELAYED_WRITE_RATE),
            writes_stopped: self.number(properties::IS_WRITE_STOPPED) != 0,
        }
    }

    fn handle(&self, column: Column) -> Result<&ColumnFamily, StoreError> {
        self.db.cf_handle(column.name()).ok_or(StoreError::MissingColumn(column.name()))
    }
}

/// What RocksDB says of itself.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Measures {
    /// Bytes in table files.
    pub table_bytes: u64,
    /// Bytes in memory not yet in table files.
    pub write_buffer_bytes: u64,
    /// Bytes compaction has still to rewrite, estimated.
    pub pending_compaction_bytes: u64,
    /// Bytes in the block cache.
    pub block_cache_bytes: u64,
    /// Failures of background work since opening.
    pub background_errors: u64,
    /// Bytes a second writers are held to; 0 when they are not.
    pub delayed_write_rate: u64,
    /// Whether writers wait for compaction.
    pub writes_stopped: bool,
}

/// Changes to be written together.
pub(super) struct Batch<'a> {
    rocks: &'a Rocks,
    batch: WriteBatch,
}

impl Batch<'_> {
    pub(super) fn put(&mut self, column: Column, key: &[u8], value: &[u8]) -> Result<(), StoreError> {
        self.batch.put_cf(self.rocks.handle(column)?, key, value);
        Ok(())
    }

    pub(super) fn delete(&mut self, column: Column, key: &[u8]) -> Result<(), StoreError> {
        self.batch.delete_cf(self.rocks.handle(column)?, key);
        Ok(())
    }

    /// Removes a row that was written once and is not there twice. Unlike after [`Batch::delete`] nothing stays behind as
    /// soon as compaction meets the row, which for a short-lived one is when memory is moved into a file.
    pub(super) fn delete_written_once(&mut self, column: Column, key: &[u8]) -> Result<(), StoreError> {
        self.batch.single_delete_cf(self.rocks.handle(column)?, key);
        Ok(())
    }

    /// Removes every row of a column; none has a key as long as [`KEY_END`].
    pub(super) fn clear(&mut self, column: Column) -> Result<(), StoreError> {
        self.batch.delete_range_cf(self.rocks.handle(column)?, &[][..], &KEY_END[..]);
        Ok(())
    }
}

/// The database as it was at one moment.
pub(super) struct View<'a> {
    rocks: &'a Rocks,
    snapshot: SnapshotWithThreadMode<'a, DB>,
}

impl View<'_> {
    pub(super) fn get(&self, column: Column, key: &[u8]) -> Result<Option<Vec<u8>>, StoreError> {
        self.snapshot.get_cf(self.rocks.handle(column)?, key).map_err(read_error)
    }

    pub(super) fn contains(&self, column: Column, key: &[u8]) -> Result<bool, StoreError> {
        Ok(self.snapshot.get_pinned_cf(self.rocks.handle(column)?, key).map_err(read_error)?.is_some())
    }

    /// Rows from `start` on, in order, up to but not including `end`.
    pub(super) fn rows(
        &self,
        column: Column,
        start: &[u8],
        end: Option<&[u8]>,
    ) -> Result<impl Iterator<Item = Result<Row, StoreError>> + use<'_>, StoreError> {
        let mut options = ReadOptions::default();
        if let Some(end) = end {
            options.set_iterate_upper_bound(end);
        }
        let mode = IteratorMode::From(start, Direction::Forward);
        let rows = self.snapshot.iterator_cf_opt(self.rocks.handle(column)?, options, mode);
        Ok(rows.map(|row| row.map_err(read_error)))
    }
}

fn database_options(options: &Options) -> rocksdb::Options {
    let mut database = rocksdb::Options::default();
    database.create_if_missing(true);
    database.create_missing_column_families(true);
    database.set_max_background_jobs(2);
    database.set_max_open_files(512);
    database.set_db_write_buffer_size(options.write_buffer_bytes);
    database.set_max_total_wal_size(2 * options.write_buffer_bytes as u64);
    // A torn last record is a batch nobody was told of; anything else torn is refused at opening.
    database.set_wal_recovery_mode(DBRecoveryMode::PointInTime);
    // Overwriting a log costs a sync less than growing one.
    database.set_recycle_log_file_num(2);
    database.set_bytes_per_sync(1 << 20);
    database.set_paranoid_checks(true);
    database.set_log_level(LogLevel::Warn);
    database.set_keep_log_file_num(4);
    database.set_max_log_file_size(4 << 20);
    database
}

fn column_options(column: Column, options: &Options, cache: &Cache) -> rocksdb::Options {
    let mut table = BlockBasedOptions::default();
    table.set_block_cache(cache);
    table.set_cache_index_and_filter_blocks(true);
    table.set_pin_l0_filter_and_index_blocks_in_cache(true);
    table.set_format_version(6);
    if looked_up(column) {
        table.set_bloom_filter(10.0, false);
        table.set_optimize_filters_for_memory(true);
    } else {
        table.set_block_size(16 << 10);
    }
    let mut family = rocksdb::Options::default();
    family.set_block_based_table_factory(&table);
    family.set_write_buffer_size(options.write_buffer_bytes / 4);
    if asked_for_absent(column) {
        // What is not there is not searched for in memory either.
        family.set_memtable_prefix_bloom_ratio(MEMORY_FILTER);
        family.set_memtable_whole_key_filtering(true);
    }
    family.set_level_compaction_dynamic_level_bytes(true);
    let compression = if shrinks(column) { DBCompressionType::Lz4 } else { DBCompressionType::None };
    family.set_compression_type(compression);
    family.set_bottommost_compression_type(compression);
    family
}

/// Columns read by exact key, some of which is not there.
fn looked_up(column: Column) -> bool {
    matches!(column, Column::State | Column::TreeNodes | Column::BlockIds | Column::Transactions)
}

/// Columns that every transaction asks for a key that is usually not there: its own id, what it creates.
fn asked_for_absent(column: Column) -> bool {
    matches!(column, Column::State | Column::Transactions)
}

/// Columns that are not mostly hashes.
fn shrinks(column: Column) -> bool {
    matches!(column, Column::Meta | Column::State | Column::Leaves | Column::Certificates | Column::Events)
}

fn open_error(error: rocksdb::Error, path: &Path) -> StoreError {
    let text = error.as_ref();
    if text.contains("lock hold by current process")
        || text.contains("LOCK: Resource temporarily unavailable")
    {
        return StoreError::Locked { path: path.to_owned() };
    }
    write_error(error)
}

fn read_error(error: rocksdb::Error) -> StoreError {
    match error.kind() {
        ErrorKind::Corruption => StoreError::Corrupt(error.into_string()),
        _ => StoreError::Io(error.into_string()),
    }
}

fn write_error(error: rocksdb::Error) -> StoreError {
    let full = ["No space left on device", "Disk quota exceeded", "Max allowed space was reached"];
    if full.iter().any(|words| error.as_ref().contains(words)) {
        return StoreError::Full(error.into_string());
    }
    read_error(error)
}
