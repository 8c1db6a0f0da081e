//! The format version and what to do about another one.

use super::StoreError;

/// The format this program writes, as described in `columns`.
pub const FORMAT: u32 = 1;

/// Accepts the format found on disk, or says what to do about it.
///
/// Upgrades will be steps from one version to the next, each checked before and after. Version 1 is the first.
///
/// # Errors
/// When the store was written in another format.
pub(super) fn check(found: u32) -> Result<(), StoreError> {
    if found == FORMAT { Ok(()) } else { Err(StoreError::Format { found, supported: FORMAT }) }
}
