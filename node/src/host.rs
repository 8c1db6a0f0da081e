//! The host of a replica: one thread that carries out its outputs in order.
//!
//! Everything that changes the ledger happens here, one thing after the other: inputs come in through one
//! bounded queue, outputs go to the log, the store and the network, and what is spoken was durable before.

mod blocks;
mod clock;
mod fork;
mod inbox;
mod members;
mod progress;
mod report;
mod timers;

use std::collections::{BTreeMap, VecDeque};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::Bytes;
use consensus::{Body, Input, Message, Output, Replica, Target, TimeoutKind, Verdict};
use ledger::block;
use ledger::certificate::CommitCertificate;
use ledger::crypto::PublicKey;
use ledger::execute::{Executed, Tip};
use ledger::genesis::Genesis;
use ledger::id::Height;
use ledger::state::keys::ValidatorsKey;
use ledger::state::{StateError, read};
use ledger::store::{Store, StoreError};
use ledger::validators::ValidatorSet;
use tokio::sync::{broadcast, watch};

use crate::catchup::{ASK_EVERY, CatchUp, Names};
use crate::checkpoints;
use crate::handle::{CommittedBlock, Phase, Status};
use crate::keys::{LedgerKey, NextKey, Voice};
use crate::lanes::Empty;
use crate::mempool::Mempool;
use crate::network::{self, Channel};
use crate::reports::Reports;
use crate::snapshots::export::Exporter;
use crate::wal::{Wal, WalError};
use crate::wire::CertifiedBlock;

use clock::Offsets;
pub use clock::{real_time, surely_ahead};
pub use inbox::{HostEvents, Inbox, inbox};
use progress::Claims;
pub(crate) use progress::free_bytes;
use timers::Timers;

/// How often a host without work looks around: heartbeats, dues, disk, peers.
const LOOK_AROUND: Duration = Duration::from_millis(200);
/// How often a full disk is looked at again.
const DISK_EVERY: Duration = Duration::from_secs(2);
/// Late transactions judged again after a block.
const JUDGE_AGAIN: usize = 256;

/// Something for the host to deal with.
#[derive(Debug)]
pub enum HostEvent {
    /// A consensus message from a member.
    Message {
        /// Its network key.
        peer: network::PublicKey,
        /// The message.
        message: Message,
    },
    /// A transaction waits.
    Wake,
    /// An enrolment was refused because a key of it is another organisation's.
    SharedKey(Box<ledger::procedure::enrolment::Enrol>),
    /// A member is connected.
    Connected(network::PublicKey),
    /// A member says how high it is.
    PeerTip {
        /// Its network key.
        peer: network::PublicKey,
        /// Height of its last block.
        height: Height,
        /// By how many milliseconds our clock is surely ahead of its clock; negative when ours is behind.
        ahead_ms: i64,
    },
    /// Blocks that were asked for.
    Fetched {
        /// Who gave them.
        peer: network::PublicKey,
        /// The blocks, in order; perhaps none.
        blocks: Vec<CertifiedBlock>,
    },
    /// End after the work at hand.
    Stop,
}

/// What a host needs to run.
pub struct Parts {
    /// The genesis.
    pub genesis: Genesis,
    /// The ledger on disk.
    pub store: Arc<Store>,
    /// Whether the ledger was there before this start.
    pub begun: bool,
    /// The voting key.
    pub key: LedgerKey,
    /// The same for those that sign beside consensus.
    pub voice: Voice,
    /// The next voting key, if there is one.
    pub next_key: NextKey,
    /// The keys that sign checkpoints.
    pub checkpoint_keys: checkpoints::Keys,
    /// The nodes that the configuration names, with their addresses.
    pub peers: Vec<network::Member>,
    /// How long to wait for what.
    pub params: consensus::Params,
    /// Local bounds.
    pub bounds: Bounds,
    /// Where the consensus log is.
    pub wal_path: PathBuf,
    /// Where double signings are kept until they are reported.
    pub reports_path: PathBuf,
    /// Where free space is measured.
    pub data_dir: PathBuf,
    /// What waits for a block.
    pub mempool: Arc<Mempool>,
    /// The members' mesh.
    pub network: network::Handle,
    /// Asks peers for blocks.
    pub catch_up: CatchUp,
    /// Makes state snapshots for others.
    pub exporter: Exporter,
    /// Announces final blocks.
    pub commits: broadcast::Sender<Arc<CommittedBlock>>,
    /// Publishes where the node stands.
    pub status: watch::Sender<Status>,
}

/// Bounds that each node sets for itself.
#[derive(Clone, Copy, Debug)]
pub struct Bounds {
    /// A block dated further ahead of our clock gets no vote.
    pub future: Duration,
    /// A block dated further behind our clock gets no vote.
    pub past: Duration,
    /// A block is made after this long even if nothing waits.
    pub heartbeat: Duration,
    /// Below this much free space the node stops taking part.
    pub disk_reserve: u64,
}

/// Why a host cannot begin, or had to end.
#[derive(Debug, thiserror::Error)]
pub enum HostError {
    /// The store.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The state.
    #[error(transparent)]
    State(#[from] StateError),
    /// The consensus log.
    #[error(transparent)]
    Wal(#[from] WalError),
    /// The file of double signings.
    #[error("the double signings that are to be reported cannot be read: {0}")]
    Reports(std::io::Error),
    /// The replica stopped for safety.
    #[error("consensus stopped: {0}")]
    Halted(String),
    /// Nothing can be decided any more.
    #[error("the ledger has no validator set")]
    NoValidators,
    /// More than a third of the validators have signed two blocks at one height.
    #[error(
        "two blocks are decided at height {height}: more than a third of the validators have signed both; the proof is {}",
        match .kept { Ok(path) => format!("in {}", path.display()), Err(error) => format!("not on disk: {error}") }
    )]
    Fork {
        /// The height.
        height: Height,
        /// Where both certificates are kept, or why they are not.
        kept: Result<PathBuf, String>,
    },
}

impl HostError {
    fn is_full(&self) -> bool {
        match self {
            Self::Store(error) => error.is_full(),
            Self::Wal(error) => error.is_full(),
            Self::State(_) | Self::Reports(_) | Self::Halted(_) | Self::NoValidators | Self::Fork { .. } => {
                false
            }
        }
    }
}

/// The host of a replica.
pub struct Host {
    parts: Parts,
    replica: Replica,
    wal: Wal,
    timers: Timers,
    tip: Tip,
    validators: ValidatorSet,
    names: Names,
    /// Nodes that are no members any more and stay in the mesh a little longer, and since when.
    parting: Vec<(network::PublicKey, Instant)>,
    /// Blocks of the current height that are executed already.
    executed: BTreeMap<block::Id, Executed>,
    /// A block we are asked to build, when there is nothing to put into it yet.
    to_build: Option<ToBuild>,
    phase: Phase,
    claims: Claims,
    reports: Reports,
    shared_keys: report::SharedKeys,
    cosigner: report::CosignerSent,
    fetched: VecDeque<(CommitCertificate, Body, PublicKey)>,
    /// Whether the last block was stored without waiting for the disk.
    unsynced: bool,
    next_due: Option<ledger::time::BlockTime>,
    last_block: Instant,
    /// When the last block was stored, or this process began.
    committed_at_unix_ms: u64,
    last_asked: Instant,
    last_disk: Instant,
    last_published: Instant,
    round: Option<u32>,
    ask_next: usize,
    offsets: Offsets,
    clock_ahead_ms: Option<i64>,
    /// At this height the node signs nothing: see [`Host::abstains`].
    abstains_at: Option<Height>,
}

#[derive(Clone, Copy, Debug)]
struct ToBuild {
    height: Height,
    round: u32,
    /// Until then a transaction may still come; afterwards an empty block will do.
    empty_after: Instant,
}

impl Host {
    /// Opens the consensus log and takes up after the last block on disk.
    ///
    /// # Errors
    /// [`HostError`].
    pub fn new(parts: Parts) -> Result<Self, HostError> {
        let tip = parts.store.ledger_tip(parts.genesis.time)?;
        let wal = Wal::open(&parts.wal_path, &parts.key, &parts.genesis.chain_id)?;
        let replica = new_replica(&parts, tip.height);
        let validators = read(&parts.store.snapshot()?, &ValidatorsKey)?.ok_or(HostError::NoValidators)?;
        let abstains_at = (parts.begun && wal.is_new()).then(|| tip.height.next());
        if let Some(height) = abstains_at {
            // Until that height is decided every start must find out the same.
            wal.unmake()?;
            tracing::warn!(
                height = height.get(),
                "the consensus log is gone, and with it what this node may have signed; it takes part again once \
                 the other centres have decided this height"
            );
        }
        let reports =
            Reports::read(&parts.reports_path, &parts.genesis.chain_id).map_err(HostError::Reports)?;
        let now = Instant::now();
        let mut host = Self {
            replica,
            wal,
            timers: Timers::default(),
            tip,
            validators,
            names: Names::default(),
            parting: Vec::new(),
            executed: BTreeMap::new(),
            to_build: None,
            phase: Phase::Running,
            claims: Claims::default(),
            reports,
            shared_keys: report::SharedKeys::default(),
            cosigner: report::CosignerSent::default(),
            fetched: VecDeque::new(),
            unsynced: false,
            next_due: None,
            last_block: now,
            committed_at_unix_ms: real_time().as_millis(),
            last_asked: now,
            last_disk: now - DISK_EVERY,
            last_published: now,
            round: None,
            ask_next: 0,
            offsets: Offsets::default(),
            clock_ahead_ms: None,
            abstains_at,
            parts,
        };
        host.refresh()?;
        host.take_up()?;
        host.publish();
        Ok(host)
    }

    /// Begins at once the height that the log holds records of, if it is the next one: this node may have
    /// voted there, and others may wait for it.
    fn take_up(&mut self) -> Result<(), HostError> {
        let recovered = self.wal.begin(self.tip.height.next())?;
        self.wal.reset();
        if recovered.is_empty() { Ok(()) } else { self.start_height() }
    }

    /// Runs until [`HostEvent::Stop`] or until every sender is gone.
    pub fn run(mut self, inbox: &HostEvents) {
        loop {
            let wait =
                self.timers.next().map_or(LOOK_AROUND, |at| at.saturating_duration_since(Instant::now()));
            let wait = self
                .to_build
                .map_or(wait, |b| wait.min(b.empty_after.saturating_duration_since(Instant::now())));
            match inbox.recv_timeout(wait.min(LOOK_AROUND)) {
                Ok(HostEvent::Stop) | Err(Empty::Closed) => break,
                Ok(event) => self.guarded(|host| host.on_event(event)),
                Err(Empty::Timeout) => {}
            }
            self.guarded(Self::go_on);
        }
        self.phase = Phase::Stopping;
        self.publish();
        if let Err(error) = self.parts.store.flush() {
            tracing::warn!(%error, "the store could not be flushed; the next start reads its log");
        }
    }

    /// Does something and settles what goes wrong: a full disk is waited for, anything else halts.
    fn guarded(&mut self, act: impl FnOnce(&mut Self) -> Result<(), HostError>) {
        if matches!(self.phase, Phase::Halted { .. }) {
            return;
        }
        let Err(error) = act(self) else { return };
        if error.is_full() {
            tracing::error!(%error, "the disk is full; this node stops taking part until there is room");
            self.stand_down(Phase::DiskFull);
        } else {
            let reason = format!(
                "{error}. This node stops voting; what it holds can still be read. Run `zhulian status`, keep the \
                 data directory for examination, and restart when the cause is removed"
            );
            tracing::error!(%reason, "halted");
            self.stand_down(Phase::Halted { reason });
        }
    }

    /// Forgets what is not durable, as a crash would.
    fn stand_down(&mut self, phase: Phase) {
        self.replica = new_replica(&self.parts, self.tip.height);
        self.timers.clear();
        self.executed.clear();
        self.to_build = None;
        self.fetched.clear();
        self.wal.reset();
        self.round = None;
        self.phase = phase;
        self.publish();
    }

    fn on_event(&mut self, event: HostEvent) -> Result<(), HostError> {
        match event {
            HostEvent::Message { peer, message } => match self.names.voter(&peer) {
                Some(from) if self.takes_part() && !self.abstains() => {
                    if let Message::Commit(certificate) = &message {
                        self.watch_fork(certificate)?;
                    }
                    self.feed(Input::Message { from, message })
                }
                _ => Ok(()),
            },
            HostEvent::Connected(peer) => {
                self.parts.catch_up.ask_tip(peer);
                Ok(())
            }
            HostEvent::PeerTip { peer, height, ahead_ms } => {
                self.claims.watch.heard(peer, height);
                self.compare_clocks(peer, ahead_ms);
                self.aim_at(height, peer);
                Ok(())
            }
            HostEvent::Fetched { peer, blocks } => self.on_fetched(peer, blocks),
            HostEvent::SharedKey(enrolment) => {
                self.note_shared_key(*enrolment);
                Ok(())
            }
            HostEvent::Wake | HostEvent::Stop => Ok(()),
        }
    }

    /// Whether it must not sign at the next height. Whoever has lost the consensus log may have voted there and
    /// forgotten it; to vote again would contradict that. It waits for the others' certificate instead.
    fn abstains(&self) -> bool {
        self.abstains_at.is_some_and(|height| self.tip.height < height)
    }

    const fn takes_part(&self) -> bool {
        matches!(self.phase, Phase::Running | Phase::CatchingUp { .. })
    }

    /// What is to be done between events.
    fn go_on(&mut self) -> Result<(), HostError> {
        // The mempool fills without the host's doing.
        if self.last_published.elapsed() >= LOOK_AROUND {
            self.publish();
        }
        self.watch_disk()?;
        if !self.takes_part() {
            return Ok(());
        }
        self.watch_catch_up();
        self.report()?;
        self.let_go();
        while let Some(timeout) = self.timers.take_elapsed(Instant::now()) {
            if timeout.kind == TimeoutKind::Propose {
                self.to_build.take_if(|asked| asked.round <= timeout.round);
            }
            if !self.abstains() {
                self.feed(Input::TimeoutElapsed(timeout))?;
            }
        }
        self.take_fetched()?;
        if self.last_asked.elapsed() >= ASK_EVERY {
            self.ask_somebody();
        }
        if self.replica.current().is_none() && !self.abstains() && self.should_start()? {
            self.start_height()?;
        }
        self.try_build()
    }

    /// Feeds an input and everything that follows from it.
    fn feed(&mut self, input: Input) -> Result<(), HostError> {
        let mut inputs = VecDeque::from([input]);
        while let Some(input) = inputs.pop_front() {
            for output in self.replica.handle(input) {
                inputs.extend(self.carry_out(output)?);
            }
        }
        Ok(())
    }

    /// Carries out one output; some are answered by an input.
    fn carry_out(&mut self, output: Output) -> Result<Option<Input>, HostError> {
        match output {
            Output::Persist(record) => self.wal.append(record),
            Output::Sync => {
                // The log overwrites that of an earlier height: no block before may be lost after that.
                self.sync_store()?;
                self.wal.sync()?;
            }
            Output::Send { to, message } => self.send(to, &message),
            Output::Schedule { timeout, duration } => {
                self.timers.schedule(timeout, Instant::now() + duration)
            }
            Output::Cancel(timeout) => self.timers.cancel(&timeout),
            Output::Build { height, round, deadline } => {
                let empty_after = Instant::now() + deadline / 4;
                self.to_build = Some(ToBuild { height, round, empty_after });
                return self.build();
            }
            Output::Check { height, round: _, proposer, block_id, body, origin } => {
                let verdict = self.check(block_id, proposer, &body, origin)?;
                if verdict != Verdict::Valid {
                    tracing::warn!(height = height.get(), %block_id, ?verdict, ?origin, "a block is not voted for");
                }
                return Ok(Some(Input::Checked { height, block_id, origin, verdict }));
            }
            Output::Evidence(evidence) => self.note_evidence(evidence),
            Output::Commit { certificate, body } => self.commit(&certificate, &body)?,
            Output::RoundStarted { height, round, proposer } => {
                if round > 0 {
                    tracing::info!(height = height.get(), round, %proposer, "another round");
                }
                metrics::gauge!("consensus_rounds").set(f64::from(round));
                // Nobody waits any more for a block of an earlier round.
                self.to_build.take_if(|asked| asked.round < round);
                self.round = Some(round);
            }
            // The loop asks the replica whether it wants to start.
            Output::NextHeightBegun { .. } => {}
            Output::Behind { height, from } => self.on_behind(height, from),
            Output::BeginAgain { height } => {
                tracing::warn!(
                    height = height.get(),
                    "the centres that claimed to have decided this height have not; beginning it again"
                );
                self.stand_down(Phase::Running);
                self.take_up()?;
            }
            Output::PeerBehind { peer, height } => {
                tracing::debug!(%peer, height = height.get(), "a peer is behind; it will ask");
            }
            Output::Halt { reason } => return Err(HostError::Halted(reason.to_string())),
        }
        Ok(None)
    }

    fn send(&self, to: Target, message: &Message) {
        let channel =
            if matches!(message, Message::Block { .. }) { Channel::Blocks } else { Channel::Consensus };
        let bytes = Bytes::from(message.encode());
        let sent = match to {
            Target::All => self.parts.network.broadcast(channel, bytes).map(|_| ()),
            Target::One(voter) => match self.names.network(&voter) {
                Some(peer) => self.parts.network.send(&peer, channel, bytes),
                None => Ok(()),
            },
        };
        if let Err(error) = sent {
            // The replica repeats what matters.
            tracing::debug!(%error, "a consensus message was not sent");
        }
    }

    fn timed_out(&self, at: Instant) -> bool {
        Instant::now() >= at
    }
}

fn new_replica(parts: &Parts, decided: Height) -> Replica {
    Replica::new(parts.genesis.chain_id.clone(), Box::new(parts.key.clone()), parts.params, decided)
}
