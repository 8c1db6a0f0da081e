//! The host of one replica: what `node::host` does, over a simulated disk, clock and network.
//!
//! Where a line here differs from the program's it is because of time (virtual), threads (none) or the network (packets
//! that the world carries). The mempool, the questions between nodes and the gossip are the program's own.

mod blocks;
mod env;
mod progress;
mod report;
mod wal;

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::time::Duration;

use consensus::{Body, Input, Message, Output, Replica, Target, Timeout};
use ledger::block;
use ledger::certificate::CommitCertificate;
use ledger::crypto::{PublicKey, SigningKey};
use ledger::execute::{Executed, Tip};
use ledger::id::Height;
use ledger::time::BlockTime;
use ledger::validators::ValidatorSet;
use node::mempool::{Limits, Mempool};
use node::reports::Reports;

pub use blocks::Answer;
pub use env::{Bent, Commit, Effect, Env, Judged, Made, Mutation, Stop, To};
use progress::Claims;
use wal::Wal;

/// How often a host without work looks around, in ms.
pub const LOOK_AROUND_MS: u64 = 200;
/// How often a full disk is looked at again, in ms.
const DISK_EVERY_MS: u64 = 2_000;
/// How often a peer is asked how high it is, in ms.
const ASK_EVERY_MS: u64 = 3_000;
/// A block is made after so many ms even if nothing waits.
const HEARTBEAT_MS: u64 = 600_000;
/// Heights within which one double signing stands for others of its kind; the program's is more than most runs have.
pub const REPORT_AGAIN: u64 = 4;
/// A block dated so many ms ahead of our clock gets no vote.
pub const FUTURE_MS: u64 = 500;
/// A block dated so many ms behind our clock gets no vote.
pub const PAST_MS: u64 = 10_000;
const MEMPOOL: Limits = Limits { transactions: 10_000, bytes: 64 << 20, per_organisation: 5_000 };

/// Where a host stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Phase {
    /// It takes part.
    Running,
    /// It fetches blocks up to this height.
    CatchingUp(Height),
    /// It waits for room on the disk.
    DiskFull,
    /// It has stopped for safety.
    Halted(String),
}

/// The host of a replica: the memory of one process.
pub struct Host {
    centre: usize,
    key: SigningKey,
    replica: Replica,
    wal: Wal,
    timers: BTreeMap<Timeout, u64>,
    tip: Tip,
    validators: ValidatorSet,
    executed: BTreeMap<block::Id, Executed>,
    to_build: Option<ToBuild>,
    phase: Phase,
    claims: Claims,
    fetched: VecDeque<(CommitCertificate, Body, PublicKey)>,
    next_due: Option<BlockTime>,
    last_block: u64,
    last_asked: u64,
    last_disk: u64,
    ask_next: usize,
    mempool: Mempool,
    /// The question that is open: its number, whom it went to, and until when an answer counts.
    question: Option<(u64, usize, u64)>,
    questions: u64,
    /// Who was asked how high it is and has not answered.
    tips_asked: BTreeSet<usize>,
    /// Who decided the last height.
    last_validators: ValidatorSet,
    /// At this height it signs nothing: see [`Host::boot`].
    abstains_at: Option<Height>,
    reports: Reports,
}

#[derive(Clone, Copy, Debug)]
struct ToBuild {
    height: Height,
    round: u32,
    empty_after: u64,
}

impl Host {
    /// Takes up after the last block on disk, as a process that has just started.
    ///
    /// # Errors
    /// [`Stop`]; the process is then not there.
    pub fn boot(env: &mut Env<'_>) -> Result<Self, Stop> {
        let tip = env.disk.store.tip();
        let log_was_there = env.disk.open_log();
        let validators = env.validators()?;
        let key = env.own_key(&validators);
        let mut host = Self {
            centre: env.centre,
            replica: new_replica(env, &key, tip.height),
            wal: Wal::new(&key, env.chain.id()),
            key,
            timers: BTreeMap::new(),
            tip,
            validators: validators.clone(),
            executed: BTreeMap::new(),
            to_build: None,
            phase: Phase::Running,
            claims: Claims::default(),
            fetched: VecDeque::new(),
            next_due: None,
            last_block: env.now,
            last_asked: env.now,
            last_disk: env.now,
            ask_next: 0,
            mempool: Mempool::new(MEMPOOL),
            question: None,
            questions: 0,
            tips_asked: BTreeSet::new(),
            last_validators: validators,
            // Without its log it may have forgotten votes at this height.
            abstains_at: (!log_was_there).then(|| tip.height.next()),
            reports: match env.mutation {
                Some(Mutation::ForgetReports) => Reports::new(REPORT_AGAIN),
                _ => Reports::decode(&env.disk.reports, env.chain.id(), REPORT_AGAIN),
            },
        };
        host.refresh(env)?;
        host.take_up(env)?;
        Ok(host)
    }

    /// Begins at once the height that the log holds records of, if it is the next one.
    fn take_up(&mut self, env: &mut Env<'_>) -> Result<(), Stop> {
        let recovered = self.wal.begin(self.tip.height.next(), env)?;
        self.wal.reset();
        if recovered.is_empty() { Ok(()) } else { self.start_height(env) }
    }

    /// The key it votes with.
    #[must_use]
    pub fn public_key(&self) -> PublicKey {
        self.key.public_key()
    }

    /// The last block.
    #[must_use]
    pub const fn tip(&self) -> Tip {
        self.tip
    }

    /// The height it is deciding, if one is begun.
    #[must_use]
    pub fn current(&self) -> Option<Height> {
        self.replica.current()
    }

    /// Whether it still compares signatures about a decided height.
    #[must_use]
    pub fn remembers(&self, height: Height) -> bool {
        self.replica.remembers(height)
    }

    /// Where it stands.
    #[must_use]
    pub const fn phase(&self) -> &Phase {
        &self.phase
    }

    /// Who votes at the next height.
    #[must_use]
    pub const fn validators(&self) -> &ValidatorSet {
        &self.validators
    }

    /// Who votes at the last height or at the one after it.
    #[must_use]
    pub fn validators_of(&self, height: Height) -> &ValidatorSet {
        if height <= self.tip.height { &self.last_validators } else { &self.validators }
    }

    /// How many transactions wait.
    #[must_use]
    pub fn waiting(&self) -> usize {
        self.mempool.size().0
    }

    /// Does something and settles what goes wrong: a full disk is waited for, anything else halts. Then does what is to
    /// be done between events.
    ///
    /// # Errors
    /// [`Stop::Crash`] only.
    pub fn work(
        &mut self,
        env: &mut Env<'_>,
        act: impl FnOnce(&mut Self, &mut Env<'_>) -> Result<(), Stop>,
    ) -> Result<(), Stop> {
        self.guarded(env, act)?;
        self.guarded(env, Self::go_on)
    }

    fn guarded(
        &mut self,
        env: &mut Env<'_>,
        act: impl FnOnce(&mut Self, &mut Env<'_>) -> Result<(), Stop>,
    ) -> Result<(), Stop> {
        if matches!(self.phase, Phase::Halted(_)) {
            return Ok(());
        }
        match act(self, env) {
            Ok(()) => Ok(()),
            Err(Stop::Crash(moment)) => Err(Stop::Crash(moment)),
            Err(Stop::Full) => {
                self.stand_down(env, Phase::DiskFull);
                Ok(())
            }
            Err(Stop::Damaged { height }) => {
                let reason = format!("the consensus log is damaged at height {height}");
                env.out.push(Effect::Halted(reason.clone()));
                self.stand_down(env, Phase::Halted(reason));
                Ok(())
            }
            Err(Stop::Halt(reason)) => {
                env.out.push(Effect::Halted(reason.clone()));
                self.stand_down(env, Phase::Halted(reason));
                Ok(())
            }
        }
    }

    /// Forgets what is not durable, as a crash would.
    fn stand_down(&mut self, env: &mut Env<'_>, phase: Phase) {
        env.out.push(Effect::StoodDown);
        self.replica = new_replica(env, &self.key, self.tip.height);
        self.timers.clear();
        self.executed.clear();
        self.to_build = None;
        self.fetched.clear();
        self.wal.reset();
        self.phase = phase;
    }

    const fn takes_part(&self) -> bool {
        matches!(self.phase, Phase::Running | Phase::CatchingUp(_))
    }

    /// A consensus message from the node of a centre.
    ///
    /// # Errors
    /// [`Stop`].
    pub fn on_message(&mut self, env: &mut Env<'_>, peer: usize, message: Message) -> Result<(), Stop> {
        match self.voter(env, peer) {
            Some(from) if self.takes_part() && !self.abstains() => {
                self.feed(env, Input::Message { from, message })
            }
            _ => Ok(()),
        }
    }

    /// Whether it has begun a height at which it must not sign.
    fn abstains(&self) -> bool {
        self.abstains_at.is_some_and(|height| self.tip.height < height)
    }

    /// What is to be done between events.
    fn go_on(&mut self, env: &mut Env<'_>) -> Result<(), Stop> {
        self.watch_disk(env)?;
        if !self.takes_part() {
            return Ok(());
        }
        self.watch_catch_up(env);
        self.report(env)?;
        self.watch_question(env)?;
        while let Some(timeout) = self.elapsed(env.now) {
            self.timers.remove(&timeout);
            if !self.abstains() {
                self.feed(env, Input::TimeoutElapsed(timeout))?;
            }
        }
        self.take_fetched(env)?;
        if env.now.saturating_sub(self.last_asked) >= ASK_EVERY_MS {
            self.ask_somebody(env);
        }
        if self.replica.current().is_none() && !self.abstains() && self.should_start(env)? {
            self.start_height(env)?;
        }
        self.try_build(env)
    }

    fn elapsed(&self, now: u64) -> Option<Timeout> {
        let due = self.timers.iter().filter(|(_, at)| **at <= now);
        due.min_by_key(|(timeout, at)| (**at, **timeout)).map(|(timeout, _)| *timeout)
    }

    /// Feeds an input and everything that follows from it.
    fn feed(&mut self, env: &mut Env<'_>, input: Input) -> Result<(), Stop> {
        let mut inputs = VecDeque::from([input]);
        while let Some(input) = inputs.pop_front() {
            for output in self.replica.handle(input) {
                inputs.extend(self.carry_out(env, output)?);
            }
        }
        Ok(())
    }

    /// Carries out one output; some are answered by an input.
    fn carry_out(&mut self, env: &mut Env<'_>, output: Output) -> Result<Option<Input>, Stop> {
        match output {
            Output::Persist(record) => {
                env.out.push(Effect::Persisted(record.clone()));
                self.wal.append(record);
            }
            Output::Sync => self.wal.sync(env)?,
            Output::Send { to, message } => self.send(env, to, message),
            Output::Schedule { timeout, duration } => {
                let at = env.now + millis(duration).max(1);
                self.timers.insert(timeout, at);
                env.out.push(Effect::WakeAt(at));
            }
            Output::Cancel(timeout) => drop(self.timers.remove(&timeout)),
            Output::Build { height, round, deadline } => {
                let empty_after = env.now + millis(deadline) / 4;
                self.to_build = Some(ToBuild { height, round, empty_after });
                env.out.push(Effect::WakeAt(empty_after));
                return self.build(env);
            }
            Output::Check { height, round: _, proposer, block_id, body, origin } => {
                let verdict = self.check(env, block_id, proposer, &body, origin)?;
                return Ok(Some(Input::Checked { height, block_id, origin, verdict }));
            }
            Output::Evidence(evidence) => self.note_evidence(env, evidence),
            Output::Commit { certificate, body } => self.commit(env, certificate, body)?,
            Output::Behind { height, from } => self.on_behind(env, height, &from),
            Output::BeginAgain { .. } => {
                self.stand_down(env, Phase::Running);
                self.take_up(env)?;
            }
            // The loop asks the replica whether it wants to start, and who is behind will ask.
            Output::RoundStarted { .. } | Output::NextHeightBegun { .. } | Output::PeerBehind { .. } => {}
            Output::Halt { reason } => return Err(Stop::Halt(reason.to_string())),
        }
        Ok(None)
    }

    fn send(&self, env: &mut Env<'_>, to: Target, message: Message) {
        let to = match to {
            Target::All => Some(To::All),
            Target::One(voter) => self.centre_of(env, &voter).map(To::Centre),
        };
        if let Some(to) = to {
            env.out.push(Effect::Say { to, message });
        }
    }

    /// The voting key behind a peer, as the validator set of the next height has it.
    fn voter(&self, env: &Env<'_>, peer: usize) -> Option<PublicKey> {
        let network = env.chain.centres.get(peer)?.network;
        self.validators.iter().find(|v| v.network_key == network).map(|v| v.public_key)
    }

    /// The peer behind a voting key.
    fn centre_of(&self, env: &Env<'_>, voter: &PublicKey) -> Option<usize> {
        let network = self.validators.get(voter)?.network_key;
        env.chain.centres.iter().position(|keys| keys.network == network)
    }
}

fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

fn new_replica(env: &Env<'_>, key: &SigningKey, decided: Height) -> Replica {
    Replica::new(env.chain.id().clone(), Box::new(key.clone()), consensus::Params::default(), decided)
}
