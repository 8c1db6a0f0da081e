//! The machine's clock, how far from it a block may be dated, and how far it is from those of the others.

use std::collections::BTreeMap;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use ledger::execute::{Tip, stepped_time};
use ledger::state::{StateError, StateRead};
use ledger::time::{BlockTime, Span};

use super::Bounds;
use crate::network;

/// How long a comparison with a peer's clock counts: long enough for each of many peers to be asked in turn.
const FRESH: Duration = Duration::from_secs(300);

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

/// By how many milliseconds our clock is surely ahead of the clock of a peer; negative when it is behind. `asked`
/// and `answered` are ours, from before the question and after the answer. A clock that may have been read
/// between the two is not surely wrong.
pub fn surely_ahead(asked: BlockTime, theirs: BlockTime, answered: BlockTime) -> i64 {
    let milliseconds = |span: Span| i64::try_from(span.as_millis()).unwrap_or(i64::MAX);
    // A difference below zero is a span of zero.
    milliseconds(asked.since(theirs)) - milliseconds(theirs.since(answered))
}

/// What the comparisons with the peers' clocks have shown.
#[derive(Default)]
pub(super) struct Offsets(BTreeMap<network::PublicKey, (i64, Instant)>);

impl Offsets {
    /// Notes by how much our clock is surely ahead of a peer's.
    pub(super) fn note(&mut self, peer: network::PublicKey, ahead_ms: i64, now: Instant) {
        self.0.retain(|_, (_, at)| now.saturating_duration_since(*at) < FRESH);
        self.0.insert(peer, (ahead_ms, now));
    }

    /// By how much our clock is ahead of the network's, in milliseconds, negative when it is behind: at least so
    /// much by the word of one more peer than may lie. `None` while too few were asked.
    pub(super) fn ahead_ms(&self, validators: usize) -> Option<i64> {
        let liars = validators.saturating_sub(1) / 3;
        let mut all: Vec<i64> = self.0.values().map(|(ahead, _)| *ahead).collect();
        all.sort_unstable();
        let behind = all.get(liars).copied()?.min(0);
        let ahead = all.iter().rev().nth(liars).copied()?.max(0);
        // Both at once is a quarrel among the others.
        Some(if behind < 0 && ahead > 0 { 0 } else { behind + ahead })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(millis: u64) -> BlockTime {
        BlockTime::from_millis(1_000_000 + millis).unwrap()
    }

    #[test]
    fn a_clock_is_surely_wrong_only_outside_question_and_answer() {
        let cases = [
            (10, 10, 10, 0),
            (10, 15, 20, 0),
            (10, 20, 20, 0),
            (10, 25, 20, -5),
            (10, 4, 20, 6),
            (0, 300_000, 40, -299_960),
        ];
        for (asked, theirs, answered, ahead) in cases {
            assert_eq!(
                surely_ahead(at(asked), at(theirs), at(answered)),
                ahead,
                "{asked} {theirs} {answered}"
            );
        }
    }

    #[test]
    fn one_more_peer_than_may_lie_must_say_so() {
        let cases: [(usize, &[i64], Option<i64>); 12] = [
            (1, &[], None),
            (2, &[700], Some(700)),
            (4, &[700], None),
            (4, &[700, 600], Some(600)),
            (4, &[700, 0], Some(0)),
            (4, &[0, 0, 0], Some(0)),
            // A liar moves nothing.
            (4, &[0, 0, 1 << 40], Some(0)),
            (4, &[0, 0, -(1 << 40)], Some(0)),
            (4, &[300_000, 300_010, -5], Some(300_000)),
            (4, &[-300_000, -300_010, 5], Some(-300_000)),
            // The others quarrel.
            (4, &[-900, -800, 700, 600], Some(0)),
            (7, &[-900, -800, -700, 0, 0, 0], Some(-700)),
        ];
        for (validators, ahead, expected) in cases {
            let (mut offsets, now) = (Offsets::default(), Instant::now());
            for (number, ahead) in (0..).zip(ahead) {
                offsets.note([number; 32], *ahead, now);
            }
            assert_eq!(offsets.ahead_ms(validators), expected, "{validators} {ahead:?}");
        }
    }

    #[test]
    fn old_comparisons_do_not_count() {
        let (mut offsets, now) = (Offsets::default(), Instant::now());
        offsets.note([1; 32], 900, now);
        offsets.note([2; 32], 900, now);
        assert_eq!(offsets.ahead_ms(4), Some(900));
        offsets.note([2; 32], 0, now + FRESH);
        assert_eq!(offsets.ahead_ms(4), None);
    }
}
