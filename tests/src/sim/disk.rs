//! The disk of one node: what a crash loses of it, and what it forgets by itself.
//!
//! A consensus log is bytes with writes that are not yet flushed. A crash may lose such a write, keep any of its
//! sectors, or keep it whole. The ledger is committed in one flushed batch: there before, or there after.

use consensus::Body;
use ledger::certificate::CommitCertificate;
use ledger::execute::Executed;

use super::random::Rng;
use super::store::Store;

/// What is written at once or not at all, in bytes.
const SECTOR: usize = 512;

/// Where a crash strikes around a flush.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Moment {
    /// Nothing of the write reaches the disk.
    Before,
    /// Some sectors of it do.
    Torn,
    /// All of it does, but nothing is said any more.
    After,
}

/// Why a write did not end well.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// The process is gone.
    Crash(Moment),
    /// No room.
    Full,
}

/// What a disk was made to do.
#[derive(Clone, Copy, Debug, Default)]
pub struct Habits {
    /// Crashes in a thousand flushes.
    pub crash_permille: u64,
    /// Whether there is no room.
    pub full: bool,
    /// Whether flushes of the consensus log do nothing: a test of the checker.
    pub skips_flush: bool,
}

/// A disk.
#[derive(Clone, Debug)]
pub struct Disk {
    /// The ledger.
    pub store: Store,
    /// Double signings that are to be reported, as the program's file holds them.
    pub reports: Vec<u8>,
    /// How it behaves at present.
    pub habits: Habits,
    log: Vec<u8>,
    unflushed: Vec<(usize, Vec<u8>)>,
    /// Where the flushed frames of the current height begin and end.
    frames: Vec<(usize, usize)>,
    flushes: u64,
    /// A crash around one flush, for scripts.
    crash_at: Option<(u64, Moment)>,
    /// Whether a page in the middle of the log is damaged.
    damaged: bool,
    /// Whether a process has run here before.
    begun: bool,
    /// Whether there is a log, be it empty.
    log_exists: bool,
}

impl Disk {
    /// A disk that holds a ledger and an empty log.
    #[must_use]
    pub fn new(store: Store) -> Self {
        let habits = Habits { crash_permille: 0, full: false, skips_flush: false };
        let (log, unflushed, frames) = (Vec::new(), Vec::new(), Vec::new());
        Self {
            store,
            reports: Vec::new(),
            habits,
            log,
            unflushed,
            frames,
            flushes: 0,
            crash_at: None,
            damaged: false,
            begun: false,
            log_exists: false,
        }
    }

    /// Flushes so far.
    #[must_use]
    pub const fn flushes(&self) -> u64 {
        self.flushes
    }

    /// Plans a crash around the flush with this number, counted from 1.
    pub const fn crash_at(&mut self, flush: u64, moment: Moment) {
        self.crash_at = Some((flush, moment));
    }

    fn moment(&mut self, rng: &mut Rng) -> Option<Moment> {
        self.flushes += 1;
        if self.crash_at.is_some_and(|(flush, _)| flush == self.flushes) {
            return self.crash_at.take().map(|(_, moment)| moment);
        }
        if self.habits.crash_permille == 0 || !rng.permille(self.habits.crash_permille) {
            return None;
        }
        rng.pick(&[Moment::Before, Moment::Torn, Moment::After]).copied()
    }

    /// Writes a frame of the log and flushes it.
    ///
    /// # Errors
    /// [`Fault`].
    pub fn write_log(&mut self, offset: usize, frame: &[u8], rng: &mut Rng) -> Result<(), Fault> {
        if offset == 0 {
            self.frames.clear();
        }
        if self.habits.full {
            // What fits is written before the error is told.
            let part = rng.index(frame.len() + 1);
            self.apply(offset, &frame[..part]);
            return Err(Fault::Full);
        }
        let moment = self.moment(rng);
        match moment {
            Some(Moment::Before) => return Err(Fault::Crash(Moment::Before)),
            Some(Moment::Torn) => {
                self.tear(offset, frame, rng);
                return Err(Fault::Crash(Moment::Torn));
            }
            Some(Moment::After) | None => {}
        }
        if self.habits.skips_flush {
            self.unflushed.push((offset, frame.to_vec()));
        } else {
            self.apply(offset, frame);
            self.frames.push((offset, offset + frame.len()));
        }
        moment.map_or(Ok(()), |moment| Err(Fault::Crash(moment)))
    }

    /// Stores a decided block with all it brings about, flushed.
    ///
    /// # Errors
    /// [`Fault`].
    pub fn commit(
        &mut self,
        certificate: &CommitCertificate,
        body: &Body,
        executed: &Executed,
        rng: &mut Rng,
    ) -> Result<(), Fault> {
        if self.habits.full {
            return Err(Fault::Full);
        }
        let moment = self.moment(rng);
        // A batch is whole or absent, so a torn one is absent.
        if matches!(moment, Some(Moment::Before | Moment::Torn)) {
            return Err(Fault::Crash(Moment::Before));
        }
        self.store.commit(certificate.clone(), body.clone(), executed);
        // What the log holds is of a height that is over.
        self.frames.clear();
        moment.map_or(Ok(()), |moment| Err(Fault::Crash(moment)))
    }

    /// The log as a process reads it.
    #[must_use]
    pub fn read_log(&self) -> Vec<u8> {
        let mut log = self.log.clone();
        for (offset, bytes) in &self.unflushed {
            put(&mut log, *offset, bytes);
        }
        log
    }

    /// What a crash leaves: writes that were not flushed are gone.
    pub fn lose_unflushed(&mut self) {
        self.unflushed.clear();
    }

    /// Turns bits in a flushed frame of the current height that others stand behind. Tells whether there was one.
    pub fn damage_middle(&mut self, rng: &mut Rng) -> bool {
        let Some(last) = self.frames.len().checked_sub(1) else { return false };
        let Some((begin, end)) = rng.pick(&self.frames[..last]).copied() else { return false };
        let (at, mask) = (begin + rng.index(end - begin), 1 << rng.below(8));
        let Some(byte) = self.log.get_mut(at) else { return false };
        *byte ^= mask;
        self.damaged = true;
        true
    }

    /// Whether a page in the middle of the log is damaged.
    #[must_use]
    pub const fn is_damaged(&self) -> bool {
        self.damaged
    }

    /// The operator moves the log away.
    pub fn remove_log(&mut self) {
        self.log.clear();
        self.unflushed.clear();
        self.frames.clear();
        (self.damaged, self.log_exists) = (false, false);
    }

    /// A process opens the log; the first one that runs here makes it. Tells whether it is there.
    pub const fn open_log(&mut self) -> bool {
        self.log_exists |= !self.begun;
        self.begun = true;
        self.log_exists
    }

    /// A process that found no log makes one, once it need not fear to have forgotten anything.
    pub const fn make_log(&mut self) {
        self.log_exists = true;
    }

    fn apply(&mut self, offset: usize, bytes: &[u8]) {
        put(&mut self.log, offset, bytes);
    }

    /// Any of the sectors arrive, in no order.
    fn tear(&mut self, offset: usize, frame: &[u8], rng: &mut Rng) {
        let count = frame.len().div_ceil(SECTOR);
        let lost = rng.index(count);
        for (number, sector) in frame.chunks(SECTOR).enumerate() {
            if number == lost {
                // At least this one does not arrive whole.
                let part = rng.index(sector.len());
                self.apply(offset + number * SECTOR, &sector[..part]);
            } else if rng.permille(500) {
                self.apply(offset + number * SECTOR, sector);
            }
        }
    }
}

fn put(log: &mut Vec<u8>, offset: usize, bytes: &[u8]) {
    let end = offset + bytes.len();
    if log.len() < end {
        log.resize(end.next_multiple_of(16 * 1024), 0);
    }
    log[offset..end].copy_from_slice(bytes);
}
