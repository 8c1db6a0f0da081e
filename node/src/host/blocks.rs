//! Building, checking and committing blocks.

use std::sync::Arc;
use std::time::{Duration, Instant};

use consensus::{Body, Input, Origin, Verdict};
use ledger::block::{self, Block};
use ledger::certificate::CommitCertificate;
use ledger::crypto::PublicKey;
use ledger::event::Recorded;
use ledger::execute::rejection::Rejection;
use ledger::execute::{self, BlockFault, Executed, Failure};
use ledger::hash::StateRoot;
use ledger::id::Height;
use ledger::merkle::Hash;
use ledger::state::keys::ValidatorsKey;
use ledger::state::read;
use ledger::store::{BlockCommit, Snapshot};
use ledger::transaction::{self, Unverified, Verified};
use rayon::prelude::*;

use super::clock::{is_timely, next_time, real_time};
use super::{Host, HostError, JUDGE_AGAIN, ToBuild};
use crate::handle::{CommittedBlock, Outcome, Phase, Status};
use crate::ingest::recorded;
use crate::wal::Wal;

/// Signatures verified in one equation at most.
const BATCH: usize = 256;
/// How long candidates are executed for one block.
const BUILD_AT_MOST: Duration = Duration::from_millis(100);

impl Host {
    /// Builds the block that is asked for, if there is something to build or no more time to wait.
    pub(super) fn try_build(&mut self) -> Result<(), HostError> {
        match self.build()? {
            Some(built) => self.feed(built),
            None => Ok(()),
        }
    }

    pub(super) fn build(&mut self) -> Result<Option<Input>, HostError> {
        let Some(ToBuild { height, round, empty_after }) = self.to_build else { return Ok(None) };
        if self.replica.current() != Some(height) {
            self.to_build = None;
            return Ok(None);
        }
        if self.abstains() || (!self.timed_out(empty_after) && !self.has_work()?) {
            return Ok(None);
        }
        self.to_build = None;
        let limits = &self.parts.genesis.parameters;
        let candidates =
            self.parts.mempool.candidates(limits.block_transactions as usize, limits.block_bytes as usize);
        let snapshot = self.parts.store.snapshot()?;
        let time = next_time(&snapshot, &self.tip)?;
        let proposer = self.parts.key.public_key();
        // The others execute the block too before they vote: what takes long here takes long there, and a
        // round does not wait for ever. The rest goes into the next block.
        let until = Instant::now() + BUILD_AT_MOST;
        let in_time = candidates.iter().map(AsRef::as_ref).take_while(|_| Instant::now() < until);
        let (executed, refused) = execute::propose(&snapshot, &self.tip, time, proposer, in_time)?;
        for (id, rejection) in refused {
            self.settle_refused(&snapshot, &id, rejection)?;
        }
        drop(snapshot);
        let transactions = executed.transactions.iter().map(|(_, bytes)| bytes.clone()).collect();
        let body: Body = Block { header: executed.header.clone(), transactions }.encode().into();
        let block_id = executed.id;
        self.executed.insert(block_id, executed);
        Ok(Some(Input::Built { height, round, block_id, body }))
    }

    /// Judges a block that somebody else made.
    pub(super) fn check(
        &mut self,
        block_id: block::Id,
        proposer: Option<PublicKey>,
        body: &[u8],
        origin: Origin,
    ) -> Result<Verdict, HostError> {
        if self.executed.contains_key(&block_id) {
            return Ok(Verdict::Valid);
        }
        let Ok(block) = Block::decode(body) else { return Ok(Verdict::Mismatch) };
        let root = Block::transaction_root(block.transactions.iter().map(Vec::as_slice));
        if block.header.id() != block_id || root != block.header.transaction_root {
            return Ok(Verdict::Mismatch);
        }
        let snapshot = self.parts.store.snapshot()?;
        let made_by = block.header.proposer;
        let known = self.validators.get(&made_by).is_some();
        if !known || proposer.is_some_and(|expected| expected != made_by) {
            return Ok(Verdict::Invalid);
        }
        if origin == Origin::Proposal
            && !is_timely(&snapshot, &self.tip, block.header.time, &self.parts.bounds)?
        {
            tracing::warn!(time = %block.header.time, "a proposed block is dated too far from this machine's clock");
            return Ok(Verdict::Invalid);
        }
        let Some(transactions) = self.verify(&block.transactions) else { return Ok(Verdict::Invalid) };
        match execute::validate(&snapshot, &self.tip, &block.header, &transactions) {
            Ok(executed) => {
                drop(snapshot);
                self.executed.insert(block_id, executed);
                Ok(Verdict::Valid)
            }
            Err(BlockFault::State(error)) => Err(error.into()),
            Err(fault) => {
                tracing::warn!(%block_id, %fault, "a block breaks a rule");
                Ok(Verdict::Invalid)
            }
        }
    }

    /// The block's transactions with their signatures verified: those of the mempool were verified when
    /// they came in, the others are verified now. `None` if one is not a transaction or wrongly signed.
    fn verify(&self, transactions: &[Vec<u8>]) -> Option<Vec<Arc<Verified>>> {
        let chain = &self.parts.genesis.chain_id;
        let known = self.parts.mempool.verified(transactions);
        let mut unknown = Vec::new();
        for (bytes, known) in transactions.iter().zip(&known) {
            if known.is_none() {
                unknown.push(Unverified::decode(chain, bytes).ok()?);
            }
        }
        let mut batches = Vec::new();
        while !unknown.is_empty() {
            batches.push(unknown.split_off(unknown.len().saturating_sub(BATCH)));
        }
        batches.reverse();
        let fresh: Vec<_> = match batches.len() {
            // Waking another thread costs more than it would save.
            0 | 1 => batches.into_iter().flat_map(Unverified::verify_batch).collect(),
            _ => batches.into_par_iter().flat_map_iter(Unverified::verify_batch).collect(),
        };
        let mut fresh = fresh.into_iter();
        known
            .into_iter()
            .map(|known| match known {
                Some(transaction) => Some(transaction),
                None => fresh.next()?.ok().map(Arc::new),
            })
            .collect()
    }

    /// Makes a decided block durable and tells everybody.
    pub(super) fn commit(&mut self, certificate: &CommitCertificate, body: &Body) -> Result<(), HostError> {
        let executed = match self.executed.remove(&certificate.block_id) {
            Some(executed) => executed,
            None => self.execute_again(certificate, body)?,
        };
        let height = certificate.height;
        let transactions: Vec<_> = executed.transactions.iter().map(|(id, _)| *id).collect();
        let tip = execute::Tip { height, id: executed.id, time: executed.header.time };
        let events = self.store_block(certificate, executed)?;
        self.note_recorded(&events);
        self.parts.exporter.committed(height.get());
        metrics::histogram!("consensus_block_interval_seconds")
            .record(self.last_block.elapsed().as_secs_f64());
        self.tip = tip;
        if self.abstains_at.take_if(|abstained| *abstained <= height).is_some() {
            // A log that is there says that nothing of that height can have been forgotten.
            self.sync_store()?;
            let parts = &self.parts;
            self.wal = Wal::open(&parts.wal_path, &parts.key, &parts.genesis.chain_id)?;
            tracing::info!(height = height.get(), "this node takes part again, with a new consensus log");
        }
        self.executed.clear();
        self.to_build = None;
        self.timers.clear();
        self.round = None;
        self.last_block = Instant::now();
        self.committed_at_unix_ms = real_time().as_millis();
        // First: whoever is told of the block may ask next how high the node is.
        self.publish();
        self.parts.mempool.committed(height, &transactions);
        metrics::counter!("ledger_transactions_total").increment(transactions.len() as u64);
        metrics::gauge!("consensus_height").set(height.get() as f64);
        tracing::info!(
            height = height.get(), block = %tip.id, transactions = transactions.len(), round = certificate.round,
            time = %tip.time, "committed"
        );
        // Nobody may be listening, which is fine.
        let _ = self.parts.commits.send(Arc::new(CommittedBlock {
            height,
            id: tip.id,
            time: tip.time,
            transactions,
            events,
        }));
        self.refresh()?;
        self.judge_late_ones()
    }

    /// A block decided from the log after a restart: it was valid when we voted for it.
    fn execute_again(&mut self, certificate: &CommitCertificate, body: &Body) -> Result<Executed, HostError> {
        let verdict = self.check(certificate.block_id, None, body, Origin::Certificate)?;
        self.executed.remove(&certificate.block_id).ok_or_else(|| {
            HostError::Halted(format!(
                "block {} is decided by the others and {verdict:?} here: this node has diverged",
                certificate.block_id
            ))
        })
    }

    /// Writes the block and returns its events.
    ///
    /// Of blocks that are fetched one after the other only the last one waits for the disk. Nothing is signed on the strength
    /// of the others, and the consensus log is not written, before [`Host::sync_store`].
    fn store_block(
        &mut self,
        certificate: &CommitCertificate,
        executed: Executed,
    ) -> Result<Vec<Recorded>, HostError> {
        let transactions: Vec<(Hash, Vec<u8>)> =
            executed.transactions.into_iter().map(|(id, bytes)| (*id.as_bytes(), bytes)).collect();
        let events: Vec<Vec<u8>> =
            executed.events.iter().map(|e: &Recorded| execute::encode_event(e)).collect();
        let block = BlockCommit {
            height: certificate.height.get(),
            block_id: *executed.id.as_bytes(),
            header: &executed.header_bytes,
            transactions: &transactions,
            certificate: &certificate.encode(),
            changes: &executed.changes,
            map_update: executed.map_update,
            events: &events,
        };
        self.unsynced = !self.fetched.is_empty();
        match self.unsynced {
            true => self.parts.store.commit_unsynced(block)?,
            false => self.parts.store.commit(block)?,
        };
        Ok(executed.events)
    }

    /// Waits for the disk if blocks were stored without.
    pub(super) fn sync_store(&mut self) -> Result<(), HostError> {
        if self.unsynced {
            self.parts.store.sync()?;
            self.unsynced = false;
        }
        Ok(())
    }

    /// Reads again what follows from the new state.
    pub(super) fn refresh(&mut self) -> Result<(), HostError> {
        let snapshot = self.parts.store.snapshot()?;
        self.next_due = execute::next_due(&snapshot)?;
        let validators = read(&snapshot, &ValidatorsKey)?.ok_or(HostError::NoValidators)?;
        drop(snapshot);
        self.take_members(validators)
    }

    /// What several blocks have passed over is probably no longer valid; whoever waits for it should know,
    /// and it must not keep the chain awake.
    fn judge_late_ones(&self) -> Result<(), HostError> {
        let late = self.parts.mempool.passed_over(JUDGE_AGAIN);
        if late.is_empty() {
            return Ok(());
        }
        let snapshot = self.parts.store.snapshot()?;
        let time = next_time(&snapshot, &self.tip)?;
        let mut judging = execute::BlockExecution::begin(&snapshot, &self.tip, time)?;
        for transaction in late {
            match judging.add(&transaction) {
                Ok(()) => {}
                Err(Failure::Rejected(rejection)) => {
                    self.settle_refused(&snapshot, &transaction.id(), rejection)?;
                }
                Err(Failure::State(error)) => return Err(error.into()),
            }
        }
        Ok(())
    }

    /// Forgets a waiting transaction that no block takes. Whoever waits for one that is recorded already
    /// is told its place: that is no refusal.
    fn settle_refused(
        &self,
        snapshot: &Snapshot<'_>,
        id: &transaction::Id,
        rejection: Rejection,
    ) -> Result<(), HostError> {
        let place = match rejection {
            Rejection::AlreadyRecorded => snapshot.place(id.as_bytes())?,
            _ => None,
        };
        let outcome = place.map_or(Outcome::Refused(rejection.into()), recorded);
        self.parts.mempool.settle(id, &outcome);
        Ok(())
    }

    /// Publishes where the node stands.
    pub(super) fn publish(&mut self) {
        self.last_published = Instant::now();
        let (mempool_transactions, mempool_bytes) = self.parts.mempool.size();
        let store_tip = self.parts.store.tip();
        let history = self.parts.store.history();
        let status = Status {
            height: self.tip.height,
            block_id: self.tip.id,
            block_time: self.tip.time,
            state_root: StateRoot::from_bytes(store_tip.map_or([0; 32], |tip| tip.map_root)),
            log_size: store_tip.map_or(0, |tip| tip.log_size),
            log_root: store_tip.map_or([0; 32], |tip| tip.log_root),
            committed_at_unix_ms: self.committed_at_unix_ms,
            round: self.round,
            phase: self.phase.clone(),
            mempool_transactions,
            mempool_bytes,
            validators: self.validators.len(),
            member: self.is_member(),
            blocks_from: Height::new(history.blocks_from),
            events_from: Height::new(history.events_from),
            behind: self.behind(),
            clock_ahead_ms: self.clock_ahead_ms,
        };
        metrics::gauge!("mempool_size").set(mempool_transactions as f64);
        self.parts.status.send_replace(status);
    }

    /// Starts the next height.
    pub(super) fn start_height(&mut self) -> Result<(), HostError> {
        let height: Height = self.tip.height.next();
        let recovered = self.wal.begin(height)?;
        if !recovered.is_empty() {
            tracing::info!(
                height = height.get(),
                records = recovered.len(),
                "taking up a height from the consensus log"
            );
        }
        let validators = self.validators.clone();
        self.feed(Input::StartHeight { height, validators, recovered })
    }

    /// Whether a block would have something in it.
    pub(super) fn has_work(&self) -> Result<bool, HostError> {
        if !self.parts.mempool.is_empty() || self.last_block.elapsed() >= self.parts.bounds.heartbeat {
            return Ok(true);
        }
        let Some(due) = self.next_due else { return Ok(false) };
        let snapshot = self.parts.store.snapshot()?;
        Ok(due <= next_time(&snapshot, &self.tip)?)
    }

    /// Whether the next height should begin: a peer has begun it, or there is work and no peer is known to
    /// be further.
    pub(super) fn should_start(&self) -> Result<bool, HostError> {
        let fetching = matches!(self.phase, Phase::CatchingUp { .. });
        Ok(self.replica.wants_start() || (!fetching && self.has_work()?))
    }
}
