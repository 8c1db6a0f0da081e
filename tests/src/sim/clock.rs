//! A node's own clock: wrong by a constant and by a rate.

use ledger::time::BlockTime;

/// How a node's clock differs from the world's.
#[derive(Clone, Copy, Debug, Default)]
pub struct Clock {
    /// Milliseconds it is ahead (or, if negative, behind) from the beginning.
    pub skew_ms: i64,
    /// Milliseconds it gains (or loses) in a million.
    pub drift_ppm: i64,
}

impl Clock {
    /// What the clock shows when the world's shows `world_ms` after `elapsed_ms` of the run.
    #[must_use]
    pub fn reads(&self, world_ms: u64, elapsed_ms: u64) -> BlockTime {
        let drift = i64::try_from(elapsed_ms).unwrap_or(i64::MAX) / 1_000 * self.drift_ppm / 1_000;
        let shown = world_ms.saturating_add_signed(self.skew_ms.saturating_add(drift));
        BlockTime::from_millis(shown).unwrap_or_default()
    }
}
