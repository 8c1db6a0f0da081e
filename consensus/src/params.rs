//! How long a replica waits.

use std::time::Duration;

use crate::output::{Timeout, TimeoutKind};

/// Waiting times, for a local network by default. On the happy path none of them is waited for.
///
/// Each grows by its delta with every round, so that however slow the network turns out to be, some
/// round is long enough.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Params {
    /// For the proposal of round 0.
    pub propose: Duration,
    /// More for each later round.
    pub propose_delta: Duration,
    /// For prevotes to agree after a quorum of them has come.
    pub prevote: Duration,
    /// More for each later round.
    pub prevote_delta: Duration,
    /// For precommits to agree after a quorum of them has come.
    pub precommit: Duration,
    /// More for each later round.
    pub precommit_delta: Duration,
    /// Without progress, until our votes are sent again.
    pub rebroadcast: Duration,
    /// More for each later round.
    pub rebroadcast_delta: Duration,
    /// For a missing block, until the next peer is asked.
    pub fetch: Duration,
    /// No wait is longer than this.
    pub wait_max: Duration,
}

impl Default for Params {
    fn default() -> Self {
        Self {
            propose: Duration::from_millis(1000),
            propose_delta: Duration::from_millis(500),
            prevote: Duration::from_millis(500),
            prevote_delta: Duration::from_millis(250),
            precommit: Duration::from_millis(500),
            precommit_delta: Duration::from_millis(250),
            rebroadcast: Duration::from_millis(1000),
            rebroadcast_delta: Duration::from_millis(500),
            fetch: Duration::from_millis(150),
            wait_max: Duration::from_secs(30),
        }
    }
}

impl Params {
    /// How long `timeout` is. For [`TimeoutKind::Fetch`] the round is the number of attempts so far.
    pub fn duration(&self, timeout: &Timeout) -> Duration {
        let (base, delta) = match timeout.kind {
            TimeoutKind::Propose => (self.propose, self.propose_delta),
            TimeoutKind::Prevote => (self.prevote, self.prevote_delta),
            TimeoutKind::Precommit => (self.precommit, self.precommit_delta),
            TimeoutKind::Rebroadcast => (self.rebroadcast, self.rebroadcast_delta),
            TimeoutKind::Fetch => (self.fetch, self.fetch),
        };
        base.saturating_add(delta.saturating_mul(timeout.round)).min(self.wait_max)
    }
}
