//! Not falling behind: peers' heights, fetched blocks, and room on the disk.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use consensus::Input;
use ledger::crypto::PublicKey;
use ledger::id::Height;
use ledger::record::Clock as ClockKind;

use super::clock::millis;
use super::{DISK_EVERY, Host, HostError};
use crate::catchup::short;
use crate::catchup::watch::{Behind, Watch};
use crate::handle::Phase;
use crate::network;
use crate::wire::CertifiedBlock;

/// How long catching up may bring no block before the claim that began it is doubted.
const STALLED: Duration = Duration::from_secs(5);
/// How often the watchdog asks another peer while nothing comes.
const PROD_EVERY: Duration = Duration::from_secs(3);
/// How long the claims of a doubted peer begin no catching up. Its blocks are taken all the same.
const DOUBTED: Duration = Duration::from_secs(60);

/// What is known of peers that claim to be higher.
#[derive(Default)]
pub(super) struct Claims {
    /// The last one that was believed, and whose it is.
    aim: Option<(Height, network::PublicKey)>,
    /// Whose claims came to nothing, and when.
    doubted: BTreeMap<network::PublicKey, Instant>,
    /// When catching up began.
    since: Option<Instant>,
    /// How high the network is, whoever lies.
    pub(super) watch: Watch,
    /// When the watchdog last asked another peer.
    prodded: Option<Instant>,
}

impl Claims {
    fn is_doubted(&self, peer: &network::PublicKey) -> bool {
        self.doubted.get(peer).is_some_and(|at| at.elapsed() < DOUBTED)
    }

    /// Gives the aim up; whoever set it is doubted. Whoever is really higher will be heard again.
    fn doubt(&mut self) {
        if let Some((_, peer)) = self.aim.take() {
            self.doubted.insert(peer, Instant::now());
        }
    }
}

impl Host {
    /// The replica has seen a peer at a height it cannot follow.
    pub(super) fn on_behind(&mut self, height: Height, from: PublicKey) {
        if let Some(peer) = self.names.network(&from) {
            let decided = Height::new(height.get().saturating_sub(1));
            self.claims.watch.heard(peer, decided);
            self.aim_at(decided, peer);
        }
    }

    /// Fetches from a peer that claims to be higher. A false claim costs one question, and a node that
    /// makes many of them cannot keep this one from taking part.
    pub(super) fn aim_at(&mut self, height: Height, peer: network::PublicKey) {
        if height <= self.tip.height || !self.takes_part() {
            return;
        }
        let believed = !self.claims.is_doubted(&peer);
        if believed || self.claims.aim.is_none() {
            self.claims.aim = Some((height, peer));
        }
        // One block behind is what a slow message looks like: consensus itself heals that.
        if believed && height > self.tip.height.next() && self.phase == Phase::Running {
            tracing::info!(ours = self.tip.height.get(), theirs = height.get(), "behind; fetching blocks");
            self.claims.since = Some(Instant::now());
            self.phase = Phase::CatchingUp { target: height };
            self.publish();
        }
        // From our own last block on: whether a peer that is higher has the same one is worth its bytes.
        self.parts.catch_up.fetch(peer, self.tip.height.max(Height::new(1)));
    }

    /// Compares our clock with a peer's, and says when it is wrong and when it is right again. With a wrong clock
    /// this node's blocks are refused, or it refuses those of the others; the network goes on without its vote.
    pub(super) fn compare_clocks(&mut self, peer: network::PublicKey, ahead_ms: i64) {
        // A stepped clock is on the ledger and the same for all.
        if matches!(self.parts.genesis.parameters.clock, ClockKind::Stepped { .. }) {
            return;
        }
        self.offsets.note(peer, ahead_ms, Instant::now());
        let most = millis(self.parts.bounds.future);
        let is_off = |ahead: Option<i64>| ahead.is_some_and(|ahead| ahead.unsigned_abs() > most);
        let before = self.clock_ahead_ms;
        self.clock_ahead_ms = self.offsets.ahead_ms(self.validators.len());
        let now = self.clock_ahead_ms;
        metrics::gauge!("clock_ahead_seconds").set(now.unwrap_or(0) as f64 / 1_000.0);
        match (is_off(before), is_off(now)) {
            (false, true) => tracing::warn!(
                ahead_ms = now,
                most_ms = most,
                "this machine's clock is not that of the other centres: they and this node refuse each other's \
                 blocks; set it right, for example with NTP"
            ),
            (true, false) => tracing::info!(ahead_ms = now, "this machine's clock is right again"),
            _ => {}
        }
        if before != now {
            self.publish();
        }
    }

    pub(super) fn on_fetched(
        &mut self,
        peer: network::PublicKey,
        blocks: Vec<CertifiedBlock>,
    ) -> Result<(), HostError> {
        let before = self.tip.height;
        // An answer may begin with our own last block, and be full with it.
        let met = blocks.iter().any(|block| block.certificate.height == before);
        // A node that is about to join knows its peers from its configuration before it knows how they vote.
        let voter = self.names.voter(&peer).unwrap_or_else(|| PublicKey::from_bytes(peer));
        for block in blocks {
            let (certificate, body) = block.into_parts();
            self.fetched.push_back((certificate, body, voter));
        }
        self.take_fetched()?;
        self.fetched.clear();
        if self.takes_part() {
            self.ask_for_more(peer, met || self.tip.height > before);
        }
        Ok(())
    }

    /// Takes the fetched blocks and waits for the disk once.
    pub(super) fn take_fetched(&mut self) -> Result<(), HostError> {
        self.take_fetched_one_by_one()?;
        self.sync_store()
    }

    /// Hands fetched blocks to the replica one by one; each must be the next.
    fn take_fetched_one_by_one(&mut self) -> Result<(), HostError> {
        while let Some((certificate, body, from)) = self.fetched.pop_front() {
            let before = self.tip.height;
            if certificate.height <= before {
                self.watch_fork(&certificate)?;
                continue;
            }
            if certificate.height != before.next() || !self.takes_part() {
                self.fetched.clear();
                return Ok(());
            }
            if self.replica.current().is_none() {
                self.start_height()?;
            }
            // Taking up the height may already have decided it from the log.
            if self.tip.height == before {
                self.feed(Input::Certified { from, certificate, body })?;
            }
            if self.tip.height == before {
                tracing::warn!(height = before.next().get(), %from, "a peer's certified block does not hold");
                self.fetched.clear();
            }
        }
        Ok(())
    }

    fn ask_for_more(&mut self, peer: network::PublicKey, rose: bool) {
        match self.claims.aim {
            Some((target, _)) if target > self.tip.height && rose => {
                self.parts.catch_up.fetch(peer, self.tip.height.next());
            }
            Some((target, claimant)) if target > self.tip.height => {
                tracing::debug!(peer = %short(&peer), target = target.get(), "no next block from this peer; asking another");
                if claimant == peer {
                    self.claims.doubt();
                }
                self.arrived();
                self.ask_somebody();
            }
            _ => self.arrived(),
        }
    }

    /// How far this node is behind what more than a third of the members have, if it is.
    pub(super) fn behind(&mut self) -> Option<Behind> {
        self.claims.watch.look(self.tip.height, self.validators.len(), Instant::now())
    }

    /// The watchdog: when this node is known to be behind and nothing comes, it asks whoever has more, one after the
    /// other and doubted or not, and asks everybody how high they are.
    fn prod(&mut self) {
        let Some(behind) = self.behind().filter(Behind::is_stalled) else { return };
        if self.claims.prodded.is_some_and(|at| at.elapsed() < PROD_EVERY) {
            return;
        }
        self.claims.prodded = Some(Instant::now());
        tracing::warn!(
            height = self.tip.height.get(),
            target = behind.target.get(),
            seconds = behind.quiet.as_secs(),
            "behind, and no block comes; asking another peer"
        );
        metrics::counter!("catchup_prods_total").increment(1);
        for peer in self.parts.network.peers().into_iter().filter(|peer| peer.connected) {
            self.parts.catch_up.ask_tip(peer.public_key);
        }
        if let Some(peer) = self.claims.watch.next_above(self.tip.height) {
            self.parts.catch_up.fetch(peer, self.tip.height.next());
        }
    }

    /// Ends catching up when the target is reached by whatever way, or when nothing comes.
    pub(super) fn watch_catch_up(&mut self) {
        self.prod();
        let Phase::CatchingUp { target } = self.phase else { return };
        let stalled = |since: Instant| since.max(self.last_block).elapsed() >= STALLED;
        if self.tip.height >= target {
            self.arrived();
        } else if self.claims.since.is_none_or(stalled) {
            tracing::warn!(
                target = target.get(),
                "no blocks came; taking part again until another peer is higher"
            );
            self.claims.doubt();
            self.arrived();
        }
    }

    fn arrived(&mut self) {
        if matches!(self.phase, Phase::CatchingUp { .. }) {
            tracing::info!(height = self.tip.height.get(), "taking part");
            self.phase = Phase::Running;
            self.publish();
        }
    }

    /// Asks one connected peer after the other how high it is.
    pub(super) fn ask_somebody(&mut self) {
        self.last_asked = Instant::now();
        let connected: Vec<_> = self.parts.network.peers().into_iter().filter(|p| p.connected).collect();
        if connected.is_empty() {
            return;
        }
        self.ask_next = (self.ask_next + 1) % connected.len();
        self.parts.catch_up.ask_tip(connected[self.ask_next].public_key);
        self.publish();
    }

    /// Stands down when space runs low, before a write fails, and stands up when there is room again.
    pub(super) fn watch_disk(&mut self) -> Result<(), HostError> {
        if self.last_disk.elapsed() < DISK_EVERY {
            return Ok(());
        }
        self.last_disk = Instant::now();
        let Some(free) = free_bytes(&self.parts.data_dir) else { return Ok(()) };
        metrics::gauge!("disk_free_bytes").set(free as f64);
        let low = free < self.parts.bounds.disk_reserve;
        match (&self.phase, low) {
            (Phase::Running | Phase::CatchingUp { .. }, true) => {
                tracing::error!(
                    free,
                    reserve = self.parts.bounds.disk_reserve,
                    "less free disk space than the reserve; this node stops taking part until there is room"
                );
                self.stand_down(Phase::DiskFull);
            }
            (Phase::DiskFull, false) => {
                tracing::info!(free, "there is room on the disk again; taking part");
                self.phase = Phase::Running;
                self.publish();
                self.ask_somebody();
                self.take_up()?;
            }
            _ => {}
        }
        Ok(())
    }
}

/// Free bytes for an ordinary process where `path` lies.
pub(crate) fn free_bytes(path: &std::path::Path) -> Option<u64> {
    let stat = rustix::fs::statvfs(path).ok()?;
    Some(stat.f_bavail.saturating_mul(stat.f_frsize))
}
