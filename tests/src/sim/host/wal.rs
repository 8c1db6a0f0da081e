//! The consensus log over a simulated disk: `node::wal` without its file.

use consensus::log::{self, Key};
use consensus::{Record, Signer};
use ledger::certificate::VoteType;
use ledger::crypto::PublicKey;
use ledger::id::{ChainId, Height};

use super::env::{Env, Mutation, Stop};

/// The log of the height that is being decided.
pub(super) struct Wal {
    key: Key,
    own: PublicKey,
    generation: Height,
    sequence: u32,
    end: usize,
    pending: Vec<Record>,
}

impl Wal {
    pub(super) fn new(signer: &dyn Signer, chain: &ChainId) -> Self {
        Self {
            key: Key::derive(signer, chain).expect("a key in memory signs"),
            own: signer.public_key(),
            generation: Height::GENESIS,
            sequence: 0,
            end: 0,
            pending: Vec::new(),
        }
    }

    /// Begins a height and returns what the log already holds of it.
    pub(super) fn begin(&mut self, height: Height, env: &Env<'_>) -> Result<Vec<Record>, Stop> {
        self.pending.clear();
        let fresh = self.generation != Height::GENESIS;
        (self.generation, self.sequence, self.end) = (height, 0, 0);
        if fresh {
            return Ok(Vec::new());
        }
        let found =
            log::scan(&self.key, &env.disk.read_log(), height).map_err(|_| Stop::Damaged { height })?;
        (self.sequence, self.end) = (found.next_sequence, found.end);
        let mut records = found.records;
        if env.mutation == Some(Mutation::ForgetLock) {
            records.retain(|record| !self.is_of_the_lock(record));
        }
        Ok(records)
    }

    fn is_of_the_lock(&self, record: &Record) -> bool {
        match record {
            Record::Polka(_) => true,
            Record::Vote(signed) => {
                (signed.vote.voter == self.own) == (signed.vote.vote_type == VoteType::Precommit)
            }
            _ => false,
        }
    }

    pub(super) fn reset(&mut self) {
        self.pending.clear();
        self.generation = Height::GENESIS;
    }

    pub(super) fn append(&mut self, record: Record) {
        self.pending.push(record);
    }

    pub(super) fn sync(&mut self, env: &mut Env<'_>) -> Result<(), Stop> {
        if self.pending.is_empty() {
            return Ok(());
        }
        let frame = log::encode_frame(&self.key, self.generation, self.sequence, &self.pending)
            .map_err(|error| Stop::Halt(error.to_string()))?;
        env.disk.write_log(self.end, &frame, env.rng)?;
        self.pending.clear();
        self.sequence += 1;
        self.end += frame.len();
        Ok(())
    }
}
