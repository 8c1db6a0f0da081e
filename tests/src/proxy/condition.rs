//! What one direction of a link does to what it carries.

use std::time::Duration;

/// The conditions of one direction. The default carries everything at once.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Conditions {
    /// What does not pass at all.
    pub cut: Cut,
    /// How long everything takes.
    pub delay: Duration,
    /// At most this much is added to or taken from the delay, each time anew.
    pub jitter: Duration,
    /// UDP packets that are lost, and TCP segments that are sent again, in a thousand.
    pub loss: u16,
    /// UDP packets that arrive twice, in a thousand.
    pub doubled: u16,
    /// UDP packets that need not wait for those before them, in a thousand; with jitter these overtake.
    pub reordered: u16,
    /// Most bytes per second; `None` has no limit.
    pub bytes_per_second: Option<u64>,
}

/// What a link does not carry.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Cut {
    /// It carries everything.
    #[default]
    Whole,
    /// No UDP, as behind a firewall that lets only TCP through.
    Udp,
    /// Nothing.
    All,
}

impl Conditions {
    /// A bad line: 3 % loss, 50 ms give or take 50 ms, a quarter of the packets out of their order, one in a hundred
    /// twice.
    pub fn bad() -> Self {
        Self {
            delay: Duration::from_millis(50),
            jitter: Duration::from_millis(50),
            loss: 30,
            doubled: 10,
            reordered: 250,
            ..Self::default()
        }
    }
}
