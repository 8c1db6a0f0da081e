//! The machine's clock, and how far from it a block may be dated.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use ledger::execute::{Tip, stepped_time};
use ledger::state::{StateError, StateRead};
use ledger::time::{BlockTime, Span};

use super::Bounds;

/// What this machine's clock says.
pub fn real_time() -> BlockTime {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    BlockTime::from_millis(millis(since)).unwrap_or_default()
}

pub(super) fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

/// The time that a block of ours would have now.
pub(super) fn next_time(state: &(impl StateRead + ?Sized), tip: &Tip) -> Result<BlockTime, StateError> {
    let after_tip = tip.time.plus(Span::from_millis(1));
    Ok(stepped_time(state, tip)?.unwrap_or_else(|| real_time().max(after_tip)))
}

/// Whether a proposed block may have this time. The ledger checks a stepped clock itself.
pub(super) fn is_timely(
    state: &(impl StateRead + ?Sized),
    tip: &Tip,
    time: BlockTime,
    bounds: &Bounds,
) -> Result<bool, StateError> {
    if stepped_time(state, tip)?.is_some() {
        return Ok(true);
    }
    let now = real_time();
    let ahead = time.since(now).as_millis() <= millis(bounds.future);
    let behind = now.since(time).as_millis() <= millis(bounds.past);
    Ok(ahead && behind)
}
