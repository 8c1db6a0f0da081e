//! The bounded queue of frames on one channel to one peer.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use bytes::Bytes;
use tokio::sync::Notify;

use super::channel::{Channel, Overflow};
use super::limits::ChannelLimits;
use super::status::ChannelStatus;

/// Bytes after which a batch is closed, so that one write does not hold back what comes behind.
const BATCH_BYTES: usize = 256 * 1024;

/// The queue was full and the frame was not taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Full;

/// A frame and when it was queued.
#[derive(Debug, Clone)]
struct Waiting {
    since: Instant,
    frame: Bytes,
}

#[derive(Debug, Default)]
struct Queue {
    frames: VecDeque<Waiting>,
    bytes: usize,
}

/// Frames of one channel on their way to one peer: any thread puts in, one task takes out.
#[derive(Debug)]
pub(crate) struct Outbox {
    channel: Channel,
    limits: ChannelLimits,
    queue: Mutex<Queue>,
    ready: Notify,
    sent: AtomicU64,
    dropped: AtomicU64,
    pub(crate) received: AtomicU64,
}

/// Frames taken out together. Unless it is confirmed, dropping it loses them, so put it back.
#[derive(Debug)]
pub(crate) struct Batch {
    waiting: Vec<Waiting>,
}

impl Batch {
    /// The frames, in order.
    pub(crate) fn frames(&self) -> Vec<Bytes> {
        self.waiting.iter().map(|waiting| waiting.frame.clone()).collect()
    }
}

impl Queue {
    fn push_back(&mut self, waiting: Waiting) {
        self.bytes = self.bytes.saturating_add(waiting.frame.len());
        self.frames.push_back(waiting);
    }

    fn push_front(&mut self, waiting: Waiting) {
        self.bytes = self.bytes.saturating_add(waiting.frame.len());
        self.frames.push_front(waiting);
    }

    fn pop_front(&mut self) -> Option<Waiting> {
        let waiting = self.frames.pop_front()?;
        self.bytes = self.bytes.saturating_sub(waiting.frame.len());
        Some(waiting)
    }

    /// Whether a frame of `length` more bytes fits. An empty queue takes any single frame.
    fn has_room(&self, length: usize, limits: &ChannelLimits) -> bool {
        self.frames.is_empty()
            || (self.frames.len() < limits.queue_frames_max
                && self.bytes.saturating_add(length) <= limits.queue_bytes_max)
    }
}

impl Outbox {
    pub(crate) fn new(channel: Channel, limits: ChannelLimits) -> Self {
        Self {
            channel,
            limits,
            queue: Mutex::default(),
            ready: Notify::new(),
            sent: AtomicU64::new(0),
            dropped: AtomicU64::new(0),
            received: AtomicU64::new(0),
        }
    }

    /// Queues a frame, making room as the channel's [`Overflow`] rule says.
    pub(crate) fn push(&self, frame: Bytes) -> Result<(), Full> {
        let mut queue = self.lock();
        while !queue.has_room(frame.len(), &self.limits) {
            self.dropped.fetch_add(1, Ordering::Relaxed);
            if self.channel.overflow() == Overflow::DropNewest {
                return Err(Full);
            }
            queue.pop_front();
        }
        queue.push_back(Waiting { since: Instant::now(), frame });
        drop(queue);
        self.ready.notify_one();
        Ok(())
    }

    /// Takes the next frames, waiting for the first. Cancel safe: nothing is taken until it returns.
    pub(crate) async fn take(&self) -> Batch {
        loop {
            let batch = self.try_take();
            if !batch.waiting.is_empty() {
                return batch;
            }
            self.ready.notified().await;
        }
    }

    fn try_take(&self) -> Batch {
        let mut queue = self.lock();
        let mut waiting = Vec::new();
        let mut bytes = 0usize;
        while bytes < BATCH_BYTES {
            let Some(next) = queue.pop_front() else { break };
            bytes = bytes.saturating_add(next.frame.len());
            waiting.push(next);
        }
        Batch { waiting }
    }

    /// Notes that a batch was handed to the transport.
    pub(crate) fn confirm(&self, batch: &Batch) {
        self.sent.fetch_add(batch.waiting.len() as u64, Ordering::Relaxed);
    }

    /// Puts a batch whose stream broke back in front, for the next stream, as far as there is room.
    pub(crate) fn put_back(&self, batch: Batch) {
        let mut queue = self.lock();
        for waiting in batch.waiting.into_iter().rev() {
            if queue.has_room(waiting.frame.len(), &self.limits) {
                queue.push_front(waiting);
            } else {
                self.dropped.fetch_add(1, Ordering::Relaxed);
            }
        }
        drop(queue);
        self.ready.notify_one();
    }

    /// Gives up frames that have waited longer than `age`.
    pub(crate) fn discard_older_than(&self, age: Duration) {
        let mut queue = self.lock();
        while queue.frames.front().is_some_and(|waiting| waiting.since.elapsed() > age) {
            queue.pop_front();
            self.dropped.fetch_add(1, Ordering::Relaxed);
        }
    }

    pub(crate) fn status(&self) -> ChannelStatus {
        let queue = self.lock();
        ChannelStatus {
            channel: self.channel,
            queued_frames: queue.frames.len(),
            queued_bytes: queue.bytes,
            sent_frames: self.sent.load(Ordering::Relaxed),
            dropped_frames: self.dropped.load(Ordering::Relaxed),
            received_frames: self.received.load(Ordering::Relaxed),
        }
    }

    /// The queue; a panic elsewhere cannot leave it half changed, so poison means nothing.
    fn lock(&self) -> MutexGuard<'_, Queue> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIMITS: ChannelLimits =
        ChannelLimits { frame_bytes_max: 100, queue_frames_max: 3, queue_bytes_max: 10 };

    /// Pushes frames of the given lengths; what is left, and how many were dropped.
    fn check(channel: Channel, lengths: &[usize], left: &[usize], dropped: u64) {
        let outbox = Outbox::new(channel, LIMITS);
        for &length in lengths {
            let _ = outbox.push(Bytes::from(vec![0; length]));
        }
        let status = outbox.status();
        let found: Vec<usize> = outbox.try_take().frames().iter().map(Bytes::len).collect();
        assert_eq!((found.as_slice(), status.dropped_frames), (left, dropped), "{channel:?} {lengths:?}");
        assert_eq!(status.queued_bytes, left.iter().sum::<usize>());
        assert_eq!(outbox.status().queued_bytes, 0);
    }

    #[test]
    fn a_full_queue_follows_the_rule_of_its_channel() {
        check(Channel::Consensus, &[1, 2, 3], &[1, 2, 3], 0);
        check(Channel::Consensus, &[1, 2, 3, 4], &[2, 3, 4], 1);
        check(Channel::Consensus, &[1, 2, 8], &[2, 8], 1);
        check(Channel::Consensus, &[1, 2, 50], &[50], 2);
        check(Channel::Transactions, &[1, 2, 3, 4, 5], &[1, 2, 3], 2);
        check(Channel::Transactions, &[4, 7, 6], &[4, 6], 1);
        check(Channel::Transactions, &[50, 1], &[50], 1);
    }

    #[test]
    fn a_batch_put_back_keeps_its_place() {
        let outbox = Outbox::new(Channel::Consensus, LIMITS);
        for length in [1, 2] {
            outbox.push(Bytes::from(vec![0; length])).unwrap();
        }
        let batch = outbox.try_take();
        outbox.push(Bytes::from(vec![0; 3])).unwrap();
        outbox.put_back(batch);
        let lengths: Vec<usize> = outbox.try_take().frames().iter().map(Bytes::len).collect();
        assert_eq!(lengths, [1, 2, 3]);
    }

    #[test]
    fn frames_grow_too_old() {
        let outbox = Outbox::new(Channel::Blocks, LIMITS);
        outbox.push(Bytes::from_static(b"x")).unwrap();
        outbox.discard_older_than(Duration::from_secs(60));
        assert_eq!(outbox.status().queued_frames, 1);
        std::thread::sleep(Duration::from_millis(2));
        outbox.discard_older_than(Duration::from_millis(1));
        assert_eq!((outbox.status().queued_frames, outbox.status().dropped_frames), (0, 1));
    }
}
