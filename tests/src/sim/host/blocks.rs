//! Building, checking and committing blocks.

use std::sync::Arc;

use consensus::{Body, Input, Origin, Verdict};
use ledger::block::{self, Block};
use ledger::certificate::CommitCertificate;
use ledger::crypto::PublicKey;
use ledger::execute::rejection::Rejection;
use ledger::execute::{self, BlockFault, Executed, Failure, Tip, stepped_time};
use ledger::state::{Overlay, StateRead};
use ledger::time::{BlockTime, Span};
use ledger::transaction::{self, Verified};
use node::handle::Outcome;

use super::wal::Wal;
use super::{
    Commit, Effect, Env, FUTURE_MS, HEARTBEAT_MS, Host, Judged, Made, PAST_MS, Phase, Stop, ToBuild,
    new_replica,
};

/// Late transactions judged again after a block.
const JUDGE_AGAIN: usize = 256;

/// What became of a transaction that a client gave to a node.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Answer {
    /// It waits for a block.
    Waits,
    /// It is on the ledger.
    Recorded,
    /// It cannot be recorded as the ledger stands.
    Refused(&'static str),
}

impl Host {
    /// Takes a transaction from a client, judges it as the next block would, and tells the other nodes.
    ///
    /// # Errors
    /// [`Stop`].
    pub fn submit(&mut self, env: &mut Env<'_>, bytes: &[u8]) -> Result<Answer, Stop> {
        let answer = self.take_in(env, bytes, true)?;
        if answer == Answer::Waits {
            let frames = node::wire::gossip(std::iter::once(bytes));
            env.out.extend(frames.into_iter().map(|frame| Effect::Gossip(frame.to_vec())));
        }
        Ok(answer)
    }

    /// Takes transactions that another node has taken in.
    ///
    /// # Errors
    /// [`Stop`].
    pub fn on_gossip(&mut self, env: &mut Env<'_>, transactions: &[Vec<u8>]) -> Result<(), Stop> {
        transactions.iter().try_for_each(|bytes| self.take_in(env, bytes, false).map(drop))
    }

    fn take_in(&mut self, env: &mut Env<'_>, bytes: &[u8], by_client: bool) -> Result<Answer, Stop> {
        let Some(transaction) = env.chain.verified(bytes) else { return Ok(Answer::Refused("signature")) };
        if env.disk.store.holds(&transaction.id()) {
            return Ok(Answer::Recorded);
        }
        let state = env.state();
        let time = self.next_time(state, env.wall)?;
        let outcome = match execute::check(state, &self.tip, time, &transaction) {
            Ok(()) => Ok(()),
            Err(Failure::Rejected(rejection)) => Err(rejection),
            Err(Failure::State(error)) => return Err(error.into()),
        };
        let height = self.tip.height.next();
        let judged = Judged { height, time, transaction: transaction.clone(), outcome };
        let speaker = execute::speaker_of(&Overlay::new(state), &transaction)?;
        if by_client {
            env.out.push(Effect::Judged(judged));
        }
        if let Err(rejection) = outcome {
            return Ok(Answer::Refused(rejection.code()));
        }
        let Some(speaker) = speaker else { return Ok(Answer::Refused("unknown_key")) };
        let taken = self.mempool.insert(transaction, speaker, &mut None);
        Ok(if taken.is_ok() { Answer::Waits } else { Answer::Refused("mempool") })
    }

    /// The time that a block of ours would have now.
    fn next_time(&self, state: &(impl StateRead + ?Sized), wall: BlockTime) -> Result<BlockTime, Stop> {
        let after_tip = self.tip.time.plus(Span::from_millis(1));
        Ok(stepped_time(state, &self.tip)?.unwrap_or_else(|| wall.max(after_tip)))
    }

    pub(super) fn try_build(&mut self, env: &mut Env<'_>) -> Result<(), Stop> {
        match self.build(env)? {
            Some(built) => self.feed(env, built),
            None => Ok(()),
        }
    }

    pub(super) fn build(&mut self, env: &mut Env<'_>) -> Result<Option<Input>, Stop> {
        let Some(ToBuild { height, round, empty_after }) = self.to_build else { return Ok(None) };
        if self.replica.current() != Some(height) {
            self.to_build = None;
            return Ok(None);
        }
        if self.abstains() || (env.now < empty_after && !self.has_work(env)?) {
            return Ok(None);
        }
        self.to_build = None;
        let (executed, made) = self.make(env, 0, 0)?;
        for (id, rejection) in &made.refused {
            self.settle_refused(id, *rejection);
        }
        env.out.push(Effect::Made(Box::new(made)));
        let (block_id, body) = (executed.id, body_of(&executed));
        self.executed.insert(block_id, executed);
        Ok(Some(Input::Built { height, round, block_id, body }))
    }

    /// Makes a block from what waits, without the first `skip` of it and dated `later_ms` later.
    fn make(&self, env: &Env<'_>, skip: usize, later_ms: u64) -> Result<(Executed, Made), Stop> {
        let limits = &env.chain.genesis.parameters;
        let candidates =
            self.mempool.candidates(limits.block_transactions as usize, limits.block_bytes as usize);
        let wanted = candidates.into_iter().skip(skip).filter(|t| env.bent.censored != Some(t.key()));
        let candidates: Vec<Arc<Verified>> = wanted.collect();
        let state = env.state();
        let time = match stepped_time(state, &self.tip)? {
            Some(time) => time,
            None if env.bent.early => self.tip.time.plus(Span::from_millis(1 + later_ms)),
            None => self
                .next_time(state, env.wall)?
                .plus(Span::from_millis(env.bent.ahead_ms.saturating_add(later_ms))),
        };
        let proposer = self.key.public_key();
        let wanted = candidates.iter().map(AsRef::as_ref);
        let (executed, refused) = execute::propose(state, &self.tip, time, proposer, wanted)?;
        let recorded = executed.transactions.iter().map(|(id, _)| *id).collect();
        let height = executed.header.height;
        Ok((executed, Made { height, time, candidates, recorded, refused }))
    }

    /// Another valid block for the same place: what an equivocating proposer offers beside its first.
    ///
    /// # Errors
    /// [`Stop`].
    pub fn another_block(&self, env: &Env<'_>) -> Result<(block::Id, Body), Stop> {
        let (executed, _) = self.make(env, 1, 1)?;
        Ok((executed.id, body_of(&executed)))
    }

    pub(super) fn check(
        &mut self,
        env: &Env<'_>,
        block_id: block::Id,
        proposer: Option<PublicKey>,
        body: &[u8],
        origin: Origin,
    ) -> Result<Verdict, Stop> {
        if self.executed.contains_key(&block_id) {
            return Ok(Verdict::Valid);
        }
        let Ok(block) = Block::decode(body) else { return Ok(Verdict::Mismatch) };
        let root = Block::transaction_root(block.transactions.iter().map(Vec::as_slice));
        if block.header.id() != block_id || root != block.header.transaction_root {
            return Ok(Verdict::Mismatch);
        }
        let made_by = block.header.proposer;
        let known = self.validators.get(&made_by).is_some();
        if !known || proposer.is_some_and(|expected| expected != made_by) {
            return Ok(Verdict::Invalid);
        }
        let state = env.state();
        if origin == Origin::Proposal && !self.is_timely(state, env.wall, block.header.time)? {
            return Ok(Verdict::Invalid);
        }
        let verified = block.transactions.iter().map(|bytes| env.chain.verified(bytes));
        let Some(transactions) = verified.collect::<Option<Vec<Arc<Verified>>>>() else {
            return Ok(Verdict::Invalid);
        };
        let censored = |t: &Arc<Verified>| env.bent.censored == Some(t.key());
        if origin == Origin::Proposal && transactions.iter().any(censored) {
            return Ok(Verdict::Invalid);
        }
        match execute::validate(state, &self.tip, &block.header, &transactions) {
            Ok(executed) => {
                self.executed.insert(block_id, executed);
                Ok(Verdict::Valid)
            }
            Err(BlockFault::State(error)) => Err(error.into()),
            Err(_) => Ok(Verdict::Invalid),
        }
    }

    fn is_timely(
        &self,
        state: &(impl StateRead + ?Sized),
        wall: BlockTime,
        time: BlockTime,
    ) -> Result<bool, Stop> {
        if stepped_time(state, &self.tip)?.is_some() {
            return Ok(true);
        }
        Ok(time.since(wall).as_millis() <= FUTURE_MS && wall.since(time).as_millis() <= PAST_MS)
    }

    /// Makes a decided block durable and tells everybody.
    pub(super) fn commit(
        &mut self,
        env: &mut Env<'_>,
        certificate: CommitCertificate,
        body: Body,
    ) -> Result<(), Stop> {
        let executed = match self.executed.remove(&certificate.block_id) {
            Some(executed) => executed,
            None => self.execute_again(env, &certificate, &body)?,
        };
        let stored = env.disk.commit(&certificate, &body, &executed, env.rng);
        let height = certificate.height;
        if stored.is_ok() || env.disk.store.tip().height == height {
            let validators = self.validators.clone();
            let log_root = env.disk.store.blocks().last().map_or([0; 32], |block| block.log_root);
            let executed = executed.clone();
            let commit = Commit { certificate, body, executed, validators, log_root };
            env.out.push(Effect::Committed(Box::new(commit)));
        }
        stored?;
        let transactions: Vec<_> = executed.transactions.iter().map(|(id, _)| *id).collect();
        self.note_recorded(env, &executed.events);
        self.tip = Tip { height, id: executed.id, time: executed.header.time };
        if self.abstains_at.take_if(|abstained| *abstained <= height).is_some() {
            env.disk.make_log();
        }
        self.executed.clear();
        self.to_build = None;
        self.timers.clear();
        self.last_block = env.now;
        self.mempool.committed(height, &transactions);
        self.refresh(env)?;
        self.judge_late_ones(env)
    }

    fn execute_again(
        &mut self,
        env: &Env<'_>,
        certificate: &CommitCertificate,
        body: &Body,
    ) -> Result<Executed, Stop> {
        let verdict = self.check(env, certificate.block_id, None, body, Origin::Certificate)?;
        let diverged = || {
            Stop::Halt(format!("block {} is decided and {verdict:?} here: diverged", certificate.block_id))
        };
        self.executed.remove(&certificate.block_id).ok_or_else(diverged)
    }

    /// Reads again what follows from the new state, the node's own voting key included.
    pub(super) fn refresh(&mut self, env: &Env<'_>) -> Result<(), Stop> {
        self.next_due = execute::next_due(env.state())?;
        self.last_validators = std::mem::replace(&mut self.validators, env.validators()?);
        let key = env.own_key(&self.validators);
        if key.public_key() != self.key.public_key() {
            // The operator has put the new key in place before the height from which it counts.
            self.replica = new_replica(env, &key, self.tip.height);
            self.wal = Wal::new(&key, env.chain.id());
            self.key = key;
        }
        Ok(())
    }

    fn judge_late_ones(&self, env: &Env<'_>) -> Result<(), Stop> {
        let late = self.mempool.passed_over(JUDGE_AGAIN);
        if late.is_empty() {
            return Ok(());
        }
        let state = env.state();
        let time = self.next_time(state, env.wall)?;
        let mut judging = execute::BlockExecution::begin(state, &self.tip, time)?;
        for transaction in late {
            match judging.add(&transaction) {
                Ok(()) => {}
                Err(Failure::Rejected(rejection)) => self.settle_refused(&transaction.id(), rejection),
                Err(Failure::State(error)) => return Err(error.into()),
            }
        }
        Ok(())
    }

    fn settle_refused(&self, id: &transaction::Id, rejection: Rejection) {
        self.mempool.settle(id, &Outcome::Refused(rejection.into()));
    }

    pub(super) fn start_height(&mut self, env: &mut Env<'_>) -> Result<(), Stop> {
        let height = self.tip.height.next();
        let recovered = self.wal.begin(height, env)?;
        let validators = self.validators.clone();
        self.feed(env, Input::StartHeight { height, validators, recovered })
    }

    fn has_work(&self, env: &Env<'_>) -> Result<bool, Stop> {
        if !self.mempool.is_empty() || env.now.saturating_sub(self.last_block) >= HEARTBEAT_MS {
            return Ok(true);
        }
        let Some(due) = self.next_due else { return Ok(false) };
        Ok(due <= self.next_time(env.state(), env.wall)?)
    }

    pub(super) fn should_start(&self, env: &Env<'_>) -> Result<bool, Stop> {
        let fetching = matches!(self.phase, Phase::CatchingUp(_));
        Ok(self.replica.wants_start() || (!fetching && self.has_work(env)?))
    }
}

fn body_of(executed: &Executed) -> Body {
    let transactions = executed.transactions.iter().map(|(_, bytes)| bytes.clone()).collect();
    Block { header: executed.header.clone(), transactions }.encode().into()
}
