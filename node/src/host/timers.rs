//! The replica's timers.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Instant;

use consensus::Timeout;

/// Timers by the instant at which they run out.
#[derive(Default)]
pub(super) struct Timers {
    at: BTreeMap<Timeout, Instant>,
    order: BTreeSet<(Instant, Timeout)>,
}

impl Timers {
    /// Starts a timer, in place of one of the same name.
    pub(super) fn schedule(&mut self, timeout: Timeout, at: Instant) {
        self.cancel(&timeout);
        self.at.insert(timeout, at);
        self.order.insert((at, timeout));
    }

    /// Stops a timer if it runs.
    pub(super) fn cancel(&mut self, timeout: &Timeout) {
        if let Some(at) = self.at.remove(timeout) {
            self.order.remove(&(at, *timeout));
        }
    }

    /// Stops all of them.
    pub(super) fn clear(&mut self) {
        self.at.clear();
        self.order.clear();
    }

    /// When the next one runs out.
    pub(super) fn next(&self) -> Option<Instant> {
        self.order.first().map(|(at, _)| *at)
    }

    /// Takes one that has run out.
    pub(super) fn take_elapsed(&mut self, now: Instant) -> Option<Timeout> {
        let (at, timeout) = *self.order.first()?;
        if at > now {
            return None;
        }
        self.cancel(&timeout);
        Some(timeout)
    }
}
