//! A bounded queue in which nobody's flood pushes out or holds up what others send.
//!
//! Every sender has a lane. The room is shared: when it is used up, whoever uses most of it makes room (longest queue
//! drop: Suter et al., *Design considerations for supporting TCP with per-flow queueing*, INFOCOM 1998). The lanes are
//! emptied in turn, each by as many bytes as the others (deficit round robin: Shreedhar and Varghese, *Efficient fair
//! queueing using deficit round-robin*, SIGCOMM 1995). So a member that floods waits for itself.

use std::collections::{BTreeMap, VecDeque};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use tokio::sync::Notify;

/// What a lane may take in its turn, in bytes; what it does not use up while it is empty is lost.
const QUANTUM: usize = 16 * 1024;
/// What an item costs beside its bytes, in bytes: to verify a signature takes as long as to hash so many. So of items up
/// to a kibibyte each lane gives about one in its turn.
const OVERHEAD: usize = 15 * 1024;

/// The room that all lanes share.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Room {
    /// Most items that wait.
    pub items: usize,
    /// Most bytes that wait.
    pub bytes: usize,
}

#[derive(Debug)]
struct Lane<T> {
    /// What waits, each with its bytes.
    items: VecDeque<(T, usize)>,
    bytes: usize,
    /// Bytes that it may still take in this turn.
    credit: usize,
}

/// The queue itself.
#[derive(Debug)]
struct Lanes<K, T> {
    room: Room,
    lanes: BTreeMap<K, Lane<T>>,
    /// Lanes in which something waits, in the order of their turns.
    turns: VecDeque<K>,
    items: usize,
    bytes: usize,
}

impl<K: Ord + Clone, T> Lanes<K, T> {
    const fn new(room: Room) -> Self {
        Self { room, lanes: BTreeMap::new(), turns: VecDeque::new(), items: 0, bytes: 0 }
    }

    /// Takes an item in and returns what has to go for it, the newest of a lane first: perhaps the item itself.
    fn push(&mut self, key: K, bytes: usize, item: T) -> Vec<(K, T)> {
        let lane = self.lanes.entry(key.clone()).or_insert_with(|| Lane {
            items: VecDeque::new(),
            bytes: 0,
            credit: 0,
        });
        if lane.items.is_empty() {
            self.turns.push_back(key);
        }
        lane.items.push_back((item, bytes));
        lane.bytes += bytes;
        self.items += 1;
        self.bytes += bytes;
        let mut gone = Vec::new();
        while let Some(fullest) = self.fullest() {
            gone.extend(self.take_back(&fullest).map(|item| (fullest, item)));
        }
        gone
    }

    /// Who has to make room, if somebody has to.
    fn fullest(&self) -> Option<K> {
        let most = |size: fn(&Lane<T>) -> usize| {
            self.lanes.iter().max_by_key(|(_, lane)| size(lane)).map(|(key, _)| key.clone())
        };
        if self.bytes > self.room.bytes {
            most(|lane| lane.bytes)
        } else if self.items > self.room.items {
            most(|lane| lane.items.len())
        } else {
            None
        }
    }

    fn take_back(&mut self, key: &K) -> Option<T> {
        let (item, bytes) = self.lanes.get_mut(key)?.items.pop_back()?;
        self.took(key, bytes);
        Some(item)
    }

    /// The next item, in turn.
    fn pop(&mut self) -> Option<T> {
        loop {
            let key = self.turns.front()?.clone();
            let lane = self.lanes.get_mut(&key)?;
            let cost = lane.items.front().map(|(_, bytes)| bytes + OVERHEAD)?;
            if let Some(credit) = lane.credit.checked_sub(cost) {
                lane.credit = credit;
                let (item, bytes) = lane.items.pop_front()?;
                self.took(&key, bytes);
                return Some(item);
            }
            lane.credit += QUANTUM;
            self.turns.rotate_left(1);
        }
    }

    /// Keeps the books after an item has left a lane.
    fn took(&mut self, key: &K, bytes: usize) {
        self.items -= 1;
        self.bytes -= bytes;
        let Some(lane) = self.lanes.get_mut(key) else { return };
        lane.bytes -= bytes;
        if lane.items.is_empty() {
            self.lanes.remove(key);
            self.turns.retain(|turn| turn != key);
        }
    }
}

struct Shared<K, T> {
    lanes: Mutex<Lanes<K, T>>,
    /// For a thread that waits.
    filled: Condvar,
    /// For a task that waits.
    notify: Notify,
    senders: AtomicUsize,
}

impl<K, T> Shared<K, T> {
    /// Nothing in here panics between two writes, so what a panicking thread leaves is whole.
    fn lock(&self) -> MutexGuard<'_, Lanes<K, T>> {
        self.lanes.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn is_closed(&self) -> bool {
        self.senders.load(Ordering::Acquire) == 0
    }

    fn wake(&self) {
        self.filled.notify_one();
        self.notify.notify_one();
    }
}

/// Where the senders put things in.
pub struct Sender<K, T>(Arc<Shared<K, T>>);

/// Where they come out, for one reader.
pub struct Receiver<K, T>(Arc<Shared<K, T>>);

/// Why [`Receiver::recv_timeout`] has nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Empty {
    /// Nothing came in time.
    Timeout,
    /// Nothing will come: there is no sender any more.
    Closed,
}

/// A queue of lanes that share a room.
#[must_use]
pub fn lanes<K: Ord + Clone, T>(room: Room) -> (Sender<K, T>, Receiver<K, T>) {
    let shared = Arc::new(Shared {
        lanes: Mutex::new(Lanes::new(room)),
        filled: Condvar::new(),
        notify: Notify::new(),
        senders: AtomicUsize::new(1),
    });
    (Sender(shared.clone()), Receiver(shared))
}

impl<K: Ord + Clone, T> Sender<K, T> {
    /// Puts an item into a lane, without waiting. Returns what there was no room for: items of the fullest lane, and
    /// this one itself when that is its lane.
    #[must_use]
    pub fn push(&self, key: K, bytes: usize, item: T) -> Vec<(K, T)> {
        let gone = self.0.lock().push(key, bytes, item);
        self.0.wake();
        gone
    }
}

impl<K, T> Clone for Sender<K, T> {
    fn clone(&self) -> Self {
        self.0.senders.fetch_add(1, Ordering::AcqRel);
        Self(self.0.clone())
    }
}

impl<K, T> Drop for Sender<K, T> {
    fn drop(&mut self) {
        if self.0.senders.fetch_sub(1, Ordering::AcqRel) == 1 {
            // Whoever looks and waits holds the lock in between, and must not miss this.
            drop(self.0.lock());
            self.0.wake();
        }
    }
}

impl<K, T> std::fmt::Debug for Sender<K, T> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Sender").finish_non_exhaustive()
    }
}

impl<K: Ord + Clone, T> Receiver<K, T> {
    /// The next item if there is one already.
    #[must_use]
    pub fn try_recv(&self) -> Option<T> {
        self.0.lock().pop()
    }

    /// The next item; `None` when there will be none. Cancel safe.
    pub async fn recv(&self) -> Option<T> {
        loop {
            let closed = self.0.is_closed();
            if let Some(item) = self.try_recv() {
                return Some(item);
            }
            if closed {
                return None;
            }
            self.0.notify.notified().await;
        }
    }

    /// The next item, for a thread outside the runtime.
    ///
    /// # Errors
    /// [`Empty`].
    pub fn recv_timeout(&self, time: Duration) -> Result<T, Empty> {
        let until = Instant::now() + time;
        let mut lanes = self.0.lock();
        loop {
            if let Some(item) = lanes.pop() {
                return Ok(item);
            }
            if self.0.is_closed() {
                return Err(Empty::Closed);
            }
            let left = until.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return Err(Empty::Timeout);
            }
            lanes = self.0.filled.wait_timeout(lanes, left).unwrap_or_else(PoisonError::into_inner).0;
        }
    }
}

impl<K, T> std::fmt::Debug for Receiver<K, T> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Receiver").finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ROOM: Room = Room { items: 100, bytes: 1 << 20 };

    /// Everything that waits, in the order in which it is taken.
    fn drain(lanes: &mut Lanes<&'static str, u32>) -> Vec<u32> {
        let mut taken = Vec::new();
        while let Some(item) = lanes.pop() {
            taken.push(item);
        }
        assert_eq!((lanes.items, lanes.bytes, lanes.lanes.len(), lanes.turns.len()), (0, 0, 0, 0));
        taken
    }

    #[test]
    fn who_uses_most_makes_room() {
        // what the flood sends, how often; what others send, how often; how many of theirs come through
        let cases =
            [(10, 1_000, 10, 20), (64 << 10, 500, 1 << 10, 30), (1 << 20, 50, 200 << 10, 2), (0, 500, 0, 30)];
        for (flood_bytes, floods, bytes, count) in cases {
            let mut lanes = Lanes::new(ROOM);
            let mut gone = Vec::new();
            for i in 0..floods {
                gone.extend(lanes.push("flood", flood_bytes, 1_000_000 + i));
                if i < count {
                    gone.extend(lanes.push("one", bytes, i));
                    gone.extend(lanes.push("other", bytes, 1_000 + i));
                }
                assert!(lanes.items <= ROOM.items && lanes.bytes <= ROOM.bytes);
            }
            assert!(gone.iter().all(|(key, _)| *key == "flood"), "{gone:?}");
            let taken = drain(&mut lanes);
            let of = |range: std::ops::Range<u32>| -> Vec<u32> {
                taken.iter().copied().filter(|item| range.contains(item)).collect()
            };
            assert_eq!(of(0..1_000), (0..count).collect::<Vec<_>>(), "all of them, in their order");
            assert_eq!(of(1_000..2_000), (1_000..1_000 + count).collect::<Vec<_>>());
            assert_eq!(taken.len() + gone.len(), floods as usize + 2 * count as usize);
        }
    }

    #[test]
    fn lanes_are_emptied_in_turn_by_bytes() {
        let mut lanes = Lanes::new(Room { items: 10_000, bytes: 64 << 20 });
        for i in 0..3 {
            assert!(lanes.push("flood", 15 << 20, 1_000 + i).is_empty());
        }
        for i in 0..5_000 {
            assert!(lanes.push("small flood", 100, 10_000 + i).is_empty());
        }
        for i in 0..50 {
            assert!(lanes.push("one", 300, i).is_empty());
        }
        let taken = drain(&mut lanes);
        let last = taken.iter().position(|item| *item == 49).expect("it was sent");
        // About one small frame of the flood stands before each of the fifty, and none of the large ones.
        assert!(last <= 2 * 50 + 5, "the fiftieth of an honest lane is taken as number {last}");
        assert!(!taken[..last].iter().any(|item| (1_000..2_000).contains(item)));
    }

    #[test]
    fn what_is_too_large_for_the_room_goes_itself() {
        let mut lanes = Lanes::new(ROOM);
        assert_eq!(lanes.push("one", 2 << 20, 1), [("one", 1)]);
        assert_eq!(lanes.push("other", 5, 2), []);
        assert_eq!(lanes.push("one", 2 << 20, 3), [("one", 3)]);
        assert_eq!(drain(&mut lanes), [2]);
    }

    #[tokio::test]
    async fn readers_wait_and_learn_of_the_end() {
        let (sender, receiver) = lanes::<u8, u32>(ROOM);
        assert_eq!(receiver.recv_timeout(Duration::from_millis(1)), Err(Empty::Timeout));
        let other = sender.clone();
        let thread = std::thread::spawn(move || {
            for i in 0..200 {
                let _ = other.push(0, 1, i);
                std::thread::sleep(Duration::from_micros(50));
            }
        });
        let mut taken = Vec::new();
        while taken.len() < 100 {
            taken.push(receiver.recv().await.expect("a sender is left"));
        }
        drop(sender);
        while let Some(item) = receiver.recv().await {
            taken.push(item);
        }
        thread.join().expect("it ends");
        assert_eq!(taken, (0..200).collect::<Vec<_>>());
        assert_eq!(receiver.recv_timeout(Duration::from_secs(60)), Err(Empty::Closed));
    }
}
