//! The format version and what to do about another one.

use super::StoreError;
use super::columns::{Column, META_FORMAT};
use super::rocks::Rocks;

/// The format this program writes, as described in `columns`.
///
/// * 1: blocks from genesis on, whole.
/// * 2: a store may begin with a snapshot. It has the rows `held`, `events` and `restoring`; a program that does not
///   know them would take a missing transaction for one that was never recorded.
pub const FORMAT: u32 = 2;

/// Accepts the format found on disk, after taking the steps from there to [`FORMAT`], or says what to do about it.
///
/// # Errors
/// When the store was written in a format that this program does not know, or the disk fails.
pub(super) fn upgrade(rocks: &Rocks, found: u32) -> Result<(), StoreError> {
    match found {
        FORMAT => Ok(()),
        // Every row of format 1 means the same in format 2, and the rows that are new may be absent.
        1 => {
            let mut batch = rocks.batch();
            batch.put(Column::Meta, META_FORMAT, &FORMAT.to_be_bytes())?;
            rocks.write(batch)
        }
        _ => Err(StoreError::Format { found, supported: FORMAT }),
    }
}
