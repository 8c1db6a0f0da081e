//! One direction between two nodes: its conditions, its chance, and what happened on it.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use tokio::sync::watch;

use super::condition::{Conditions, Cut};
use super::dice::Dice;

/// A UDP packet that would wait longer for a throttled link is lost.
const QUEUE_MAX: Duration = Duration::from_millis(500);
/// The pause until a lost TCP segment is sent again: the least that Linux waits.
const RETRANSMISSION: Duration = Duration::from_millis(200);
/// How far behind the first its double comes.
const DOUBLE_AFTER: Duration = Duration::from_millis(3);

/// One direction between two nodes.
pub(crate) struct Link {
    conditions: watch::Sender<Conditions>,
    lane: Mutex<Lane>,
    tally: Tally,
}

/// What packets of one link share.
struct Lane {
    dice: Dice,
    /// When the last packet that kept its place arrives.
    arrives: Instant,
    /// Until when a throttled link is busy.
    busy: Instant,
}

#[derive(Default)]
struct Tally {
    passed: AtomicU64,
    bytes: AtomicU64,
    lost: AtomicU64,
    doubled: AtomicU64,
    overtaken: AtomicU64,
    cut: AtomicU64,
}

/// What happened to the packets and chunks of a link.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Carried.
    pub passed: u64,
    /// Bytes carried.
    pub bytes: u64,
    /// Lost, or sent again over TCP.
    pub lost: u64,
    /// Carried twice.
    pub doubled: u64,
    /// Overtook another.
    pub overtaken: u64,
    /// Met a cut link.
    pub cut: u64,
}

impl Link {
    pub(crate) fn new(dice: Dice) -> Self {
        let now = Instant::now();
        let lane = Lane { dice, arrives: now, busy: now };
        Self {
            conditions: watch::Sender::new(Conditions::default()),
            lane: Mutex::new(lane),
            tally: Tally::default(),
        }
    }

    pub(crate) fn change(&self, change: impl FnOnce(&mut Conditions)) {
        self.conditions.send_modify(change);
    }

    pub(crate) fn counts(&self) -> Counts {
        let read = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        Counts {
            passed: read(&self.tally.passed),
            bytes: read(&self.tally.bytes),
            lost: read(&self.tally.lost),
            doubled: read(&self.tally.doubled),
            overtaken: read(&self.tally.overtaken),
            cut: read(&self.tally.cut),
        }
    }

    fn lane(&self) -> MutexGuard<'_, Lane> {
        self.lane.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn carried(&self, length: usize) {
        self.tally.passed.fetch_add(1, Ordering::Relaxed);
        self.tally.bytes.fetch_add(length as u64, Ordering::Relaxed);
    }

    /// When a UDP packet arrives: not at all, once or twice.
    pub(crate) fn packet(&self, length: usize, now: Instant) -> [Option<Instant>; 2] {
        let conditions = *self.conditions.borrow();
        if conditions.cut != Cut::Whole {
            self.tally.cut.fetch_add(1, Ordering::Relaxed);
            return [None, None];
        }
        let mut lane = self.lane();
        let crowded =
            conditions.bytes_per_second.is_some() && lane.busy.saturating_duration_since(now) > QUEUE_MAX;
        if crowded || lane.dice.happens(conditions.loss) {
            self.tally.lost.fetch_add(1, Ordering::Relaxed);
            return [None, None];
        }
        let mut arrives = lane.pace(length, now, &conditions) + lane.way(&conditions);
        if !lane.dice.happens(conditions.reordered) {
            arrives = arrives.max(lane.arrives);
            lane.arrives = arrives;
        } else if arrives < lane.arrives {
            self.tally.overtaken.fetch_add(1, Ordering::Relaxed);
        }
        self.carried(length);
        let doubled = lane.dice.happens(conditions.doubled);
        self.tally.doubled.fetch_add(u64::from(doubled), Ordering::Relaxed);
        [Some(arrives), doubled.then(|| arrives + DOUBLE_AFTER)]
    }

    /// When a chunk of a TCP stream arrives, after those before it.
    pub(crate) fn chunk(&self, length: usize, now: Instant) -> Instant {
        let conditions = *self.conditions.borrow();
        let mut lane = self.lane();
        let mut arrives = lane.pace(length, now, &conditions) + lane.way(&conditions);
        if lane.dice.happens(conditions.loss) {
            self.tally.lost.fetch_add(1, Ordering::Relaxed);
            arrives += RETRANSMISSION;
        }
        self.carried(length);
        arrives
    }

    /// Waits until TCP passes; `false` when that takes longer than `patience`.
    pub(crate) async fn passable(&self, patience: Duration) -> bool {
        let mut conditions = self.conditions.subscribe();
        if conditions.borrow_and_update().cut == Cut::All {
            self.tally.cut.fetch_add(1, Ordering::Relaxed);
        }
        let whole = conditions.wait_for(|now| now.cut != Cut::All);
        matches!(tokio::time::timeout(patience, whole).await, Ok(Ok(_)))
    }
}

impl Lane {
    /// When something has left, after what waits before it.
    fn pace(&mut self, length: usize, now: Instant, conditions: &Conditions) -> Instant {
        let Some(rate) = conditions.bytes_per_second else { return now };
        self.busy = self.busy.max(now) + Duration::from_secs_f64(length as f64 / rate.max(1) as f64);
        self.busy
    }

    fn way(&mut self, conditions: &Conditions) -> Duration {
        let Conditions { delay, jitter, .. } = *conditions;
        if jitter.is_zero() {
            return delay;
        }
        self.dice.between(&(delay.saturating_sub(jitter)..=delay + jitter))
    }
}

impl std::iter::Sum for Counts {
    fn sum<I: Iterator<Item = Self>>(all: I) -> Self {
        all.fold(Self::default(), |sum, one| Self {
            passed: sum.passed + one.passed,
            bytes: sum.bytes + one.bytes,
            lost: sum.lost + one.lost,
            doubled: sum.doubled + one.doubled,
            overtaken: sum.overtaken + one.overtaken,
            cut: sum.cut + one.cut,
        })
    }
}

impl std::fmt::Display for Counts {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { passed, bytes, lost, doubled, overtaken, cut } = self;
        let mib = *bytes >> 20;
        write!(
            f,
            "{passed} packets and chunks ({mib} MiB) carried, {lost} lost, {doubled} twice, {overtaken} overtaking, {cut} cut"
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn link(conditions: Conditions) -> Link {
        let link = Link::new(Dice::of(3, "link"));
        link.change(|now| *now = conditions);
        link
    }

    /// Arrivals after the sending of packets of 1,000 bytes, one in a millisecond.
    fn arrivals(link: &Link, count: u64) -> Vec<Duration> {
        let begin = Instant::now();
        let sent = (0..count).map(|i| begin + Duration::from_millis(i));
        sent.flat_map(|at| link.packet(1_000, at)).flatten().map(|at| at - begin).collect()
    }

    #[test]
    fn a_whole_link_carries_everything_at_once_and_a_cut_one_nothing() {
        let millis: Vec<Duration> = (0..50).map(Duration::from_millis).collect();
        assert_eq!(arrivals(&link(Conditions::default()), 50), millis);
        for cut in [Cut::Udp, Cut::All] {
            let link = link(Conditions { cut, ..Conditions::default() });
            assert_eq!(arrivals(&link, 50).len(), 0);
            assert_eq!(link.counts(), Counts { cut: 50, ..Counts::default() });
        }
    }

    #[test]
    fn a_bad_link_loses_doubles_delays_and_reorders() {
        let bad = link(Conditions::bad());
        let arrivals = arrivals(&bad, 10_000);
        let counts = bad.counts();
        assert!((200..400).contains(&counts.lost), "{counts}");
        assert!((50..150).contains(&counts.doubled), "{counts}");
        assert!((500..2_500).contains(&counts.overtaken), "{counts}");
        assert_eq!(counts.passed + counts.lost, 10_000);
        assert_eq!(arrivals.len() as u64, counts.passed + counts.doubled);
        assert!(!arrivals.is_sorted());
        // Without leave to overtake, packets keep their order, whatever the jitter.
        let orderly = link(Conditions { reordered: 0, doubled: 0, ..Conditions::bad() });
        assert!(super::tests::arrivals(&orderly, 10_000).is_sorted());
    }

    #[test]
    fn a_throttled_link_carries_so_many_bytes_a_second_and_drops_what_waits_too_long() {
        let throttled = link(Conditions { bytes_per_second: Some(100_000), ..Conditions::default() });
        let arrivals = arrivals(&throttled, 2_000);
        let last = arrivals.last().expect("something arrives").as_millis() as usize;
        // 2 s of sending and half a second of waiting, at 100 packets a second.
        assert!((2_400..=2_600).contains(&last), "{last} ms");
        assert!((last / 10 - 5..=last / 10 + 5).contains(&arrivals.len()), "{} in {last} ms", arrivals.len());
    }
}
