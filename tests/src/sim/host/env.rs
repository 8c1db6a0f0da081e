//! What a host has around it while it deals with one event.

use std::sync::Arc;

use consensus::{Body, Evidence, Message, Record};
use ledger::certificate::CommitCertificate;
use ledger::crypto::{PublicKey, SigningKey};
use ledger::execute::Executed;
use ledger::execute::rejection::Rejection;
use ledger::id::Height;
use ledger::state::keys::ValidatorsKey;
use ledger::state::{StateError, read};
use ledger::time::BlockTime;
use ledger::transaction::{self, Verified};
use ledger::validators::ValidatorSet;

use super::super::chain::Chain;
use super::super::disk::{Disk, Fault, Moment};
use super::super::random::Rng;
use crate::chain::State;

/// A fault built into every honest node, to see whether the checker finds it. Nothing of the kind is in the program:
/// each is something that this host does to the bytes on their way to or from the real code.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mutation {
    /// Flushes of the consensus log do nothing, so that a crash loses votes that were sent.
    SkipFlush,
    /// The records that make up the lock (polkas, others' prevotes, own precommits) are left out at recovery.
    ForgetLock,
    /// Every message is taken as if everybody in it had signed.
    TrustEverybody,
    /// What is to be reported of double signings is not kept over a restart.
    ForgetReports,
    /// Only polka certificates are taken so.
    TrustPolkas,
    /// Only round certificates are.
    TrustRounds,
    /// Only commit certificates are.
    TrustCommits,
}

impl Mutation {
    /// Whether a message is taken as if everybody in it had signed.
    #[must_use]
    pub const fn trusts(self, message: &Message) -> bool {
        match self {
            Self::SkipFlush | Self::ForgetLock | Self::ForgetReports => false,
            Self::TrustEverybody => true,
            Self::TrustPolkas => matches!(message, Message::Polka(_)),
            Self::TrustRounds => matches!(message, Message::Round(_)),
            Self::TrustCommits => matches!(message, Message::Commit(_)),
        }
    }
}

/// What an adversary's host does otherwise than an honest one's.
#[derive(Clone, Copy, Debug, Default)]
pub struct Bent {
    /// How much later than its clock its blocks are dated.
    pub ahead_ms: u64,
    /// Whether its blocks are dated as early as the rules allow.
    pub early: bool,
    /// The key whose transactions it leaves out, and for whose blocks it does not vote.
    pub censored: Option<PublicKey>,
}

/// Whom a message goes to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum To {
    /// Everybody else.
    All,
    /// The node of a centre.
    Centre(usize),
    /// These nodes, by their numbers.
    Nodes(Vec<usize>),
}

/// A block that a node has made durable.
#[derive(Clone, Debug)]
pub struct Commit {
    /// Why it is final.
    pub certificate: CommitCertificate,
    /// Its bytes.
    pub body: Body,
    /// What it brings about.
    pub executed: Executed,
    /// Who was to decide it, as this node's state has it.
    pub validators: ValidatorSet,
    /// Root of the log after it.
    pub log_root: [u8; 32],
}

/// A transaction that a node has judged as its next block would.
#[derive(Clone, Debug)]
pub struct Judged {
    /// The height of that block.
    pub height: Height,
    /// Its time.
    pub time: BlockTime,
    /// The transaction.
    pub transaction: Arc<Verified>,
    /// Why it was refused, if it was.
    pub outcome: Result<(), Rejection>,
}

/// A block that a node has made of what waited, and what it left out.
#[derive(Clone, Debug)]
pub struct Made {
    /// Its height.
    pub height: Height,
    /// Its time.
    pub time: BlockTime,
    /// What waited, in the order in which it was judged.
    pub candidates: Vec<Arc<Verified>>,
    /// What it records.
    pub recorded: Vec<transaction::Id>,
    /// What was refused.
    pub refused: Vec<(transaction::Id, Rejection)>,
}

/// Something for the world to do.
#[derive(Debug)]
pub enum Effect {
    /// Send a consensus message.
    Say {
        /// To whom.
        to: To,
        /// What.
        message: Message,
    },
    /// Send raw bytes as a consensus message.
    Raw {
        /// To whom.
        to: To,
        /// What.
        bytes: Vec<u8>,
    },
    /// Send transactions to everybody.
    Gossip(Vec<u8>),
    /// Ask a peer.
    Ask {
        /// The centre.
        peer: usize,
        /// Tells answers apart.
        number: u64,
        /// The question.
        bytes: Vec<u8>,
    },
    /// Answer a peer.
    Answer {
        /// The node that asked.
        node: usize,
        /// Its number for the question.
        number: u64,
        /// The answer.
        bytes: Vec<u8>,
    },
    /// Look at the timers then.
    WakeAt(u64),
    /// A record was handed to the log, not necessarily flushed.
    Persisted(Record),
    /// A transaction of a client was judged.
    Judged(Judged),
    /// A block was made of candidates.
    Made(Box<Made>),
    /// A double signing is proven.
    Accused {
        /// What proves it.
        evidence: Box<Evidence>,
        /// Whether it is on disk now, or was before.
        kept: bool,
    },
    /// A block is durable.
    Committed(Box<Commit>),
    /// The replica has forgotten what was not durable.
    StoodDown,
    /// The replica has stopped for safety.
    Halted(String),
}

/// Why a host does not go on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Stop {
    /// The process is gone.
    Crash(Moment),
    /// The disk is full.
    Full,
    /// The log of this height is damaged: votes may be forgotten.
    Damaged {
        /// The height.
        height: Height,
    },
    /// It would be unsafe to go on.
    Halt(String),
}

impl From<Fault> for Stop {
    fn from(fault: Fault) -> Self {
        match fault {
            Fault::Crash(moment) => Self::Crash(moment),
            Fault::Full => Self::Full,
        }
    }
}

impl From<StateError> for Stop {
    fn from(error: StateError) -> Self {
        Self::Halt(error.to_string())
    }
}

/// The surroundings.
pub struct Env<'a> {
    /// Virtual milliseconds since the run began.
    pub now: u64,
    /// What the node's clock shows.
    pub wall: BlockTime,
    /// The centre whose node it is.
    pub centre: usize,
    /// The number of the node.
    pub node: usize,
    /// What all share.
    pub chain: &'a Chain,
    /// The node's disk.
    pub disk: &'a mut Disk,
    /// How it misbehaves.
    pub bent: Bent,
    /// The fault built in, if any.
    pub mutation: Option<Mutation>,
    /// Chance of the disk.
    pub rng: &'a mut Rng,
    /// What is to be done.
    pub out: &'a mut Vec<Effect>,
}

impl Env<'_> {
    /// The state after the last block.
    #[must_use]
    pub fn state(&self) -> &State {
        &self.disk.store.state
    }

    /// Who votes at the next height.
    ///
    /// # Errors
    /// [`Stop::Halt`] when the state has no validator set.
    pub fn validators(&self) -> Result<ValidatorSet, Stop> {
        let set = read(self.state(), &ValidatorsKey)?;
        set.ok_or_else(|| Stop::Halt("the ledger has no validator set".into()))
    }

    /// The voting key of this node's centre that a set knows; the first one where it knows none.
    #[must_use]
    pub fn own_key(&self, validators: &ValidatorSet) -> SigningKey {
        let keys = &self.chain.centres[self.centre];
        let voting = if validators.get(&keys.next_voting.public_key()).is_some() {
            &keys.next_voting
        } else {
            &keys.voting
        };
        voting.clone()
    }
}
