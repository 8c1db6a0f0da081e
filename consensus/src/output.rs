//! What goes into a replica and what comes out.
//!
//! The replica owns no socket, disk, clock or block. The host feeds it an [`Input`], gets back an
//! ordered list of [`Output`]s and carries them out **in that order**:
//!
//! * [`Output::Persist`] may be buffered; [`Output::Sync`] means that everything persisted so far
//!   must be on disk before the next output is looked at.
//! * Every other output may be started at once and need not be awaited, except that a later
//!   `StartHeight` must only be given once the `Commit` before it is durable.
//!
//! Persist, then speak: a `Sync` precedes every message that carries a new signature of ours.

use std::sync::Arc;
use std::time::Duration;

use ledger::block;
use ledger::certificate::CommitCertificate;
use ledger::crypto::PublicKey;
use ledger::id::Height;
use ledger::validators::ValidatorSet;
use minicbor::{Decode, Encode};

use crate::error::HaltReason;
use crate::log::Record;
use crate::message::Message;
use ledger::evidence::Evidence;

/// The bytes of a block as they travel, opaque to the replica. Cheap to clone.
pub type Body = Arc<[u8]>;

/// Something that happened outside the replica.
#[derive(Clone, Debug)]
pub enum Input {
    /// Begin a height: the block before it is durable.
    ///
    /// Heights are begun in order, each at most once in the life of a replica.
    StartHeight {
        /// The height to decide.
        height: Height,
        /// Who votes at this height.
        validators: ValidatorSet,
        /// What [`crate::log::scan`] recovered for exactly this height, in order. Empty for a
        /// height that was never begun.
        recovered: Vec<Record>,
    },
    /// A decoded message from an authenticated peer.
    Message {
        /// The peer that sent it (not necessarily the one that signed it).
        from: PublicKey,
        /// The message.
        message: Message,
    },
    /// A timeout that was scheduled has run out. One that was cancelled meanwhile is ignored.
    TimeoutElapsed(Timeout),
    /// The answer to [`Output::Build`]: a block of our own, already executed and valid.
    Built {
        /// As asked.
        height: Height,
        /// As asked.
        round: u32,
        /// The id of the block.
        block_id: block::Id,
        /// The whole block.
        body: Body,
    },
    /// The answer to [`Output::Check`].
    Checked {
        /// As asked.
        height: Height,
        /// As asked.
        block_id: block::Id,
        /// As asked.
        origin: Origin,
        /// What the host found.
        verdict: Verdict,
    },
    /// Catch-up: a block of the current height with its commit certificate, from anywhere.
    ///
    /// The certificate is verified here and the body goes through [`Output::Check`].
    Certified {
        /// Who delivered it; asked no more when the bytes are not the certified block.
        from: PublicKey,
        /// The id the certificate is about.
        certificate: CommitCertificate,
        /// The whole block.
        body: Body,
    },
}

/// Something the host has to do.
#[derive(Clone, Debug)]
pub enum Output {
    /// Append to the write-ahead log of the current height.
    Persist(Record),
    /// Make everything persisted so far durable: write it as one frame and flush it to disk.
    Sync,
    /// Send a message.
    Send {
        /// To whom.
        to: Target,
        /// What.
        message: Message,
    },
    /// Start a timer. Replaces a pending one with the same identity.
    Schedule {
        /// Hand this back in [`Input::TimeoutElapsed`].
        timeout: Timeout,
        /// How long from now.
        duration: Duration,
    },
    /// Drop a timer if it is still pending.
    Cancel(Timeout),
    /// Build a block and answer with [`Input::Built`], or stay silent if there is none to build.
    Build {
        /// For this height.
        height: Height,
        /// For this round.
        round: u32,
        /// An answer after this long is too late.
        deadline: Duration,
    },
    /// Execute a block and answer with [`Input::Checked`], always.
    Check {
        /// The height it is for.
        height: Height,
        /// The round it was proposed or committed in.
        round: u32,
        /// Whom the block's header must name as its proposer. `None` when the block may have
        /// been built in an earlier round than it was found in: then any validator may be named.
        proposer: Option<PublicKey>,
        /// The id the bytes must have.
        block_id: block::Id,
        /// The bytes.
        body: Body,
        /// Why it is asked.
        origin: Origin,
    },
    /// Somebody has signed two messages of which an honest validator signs one. Keep it durably until it is reported: it
    /// comes once in the life of a replica, and not from the log alone.
    Evidence(Evidence),
    /// The height is decided. Store block and certificate durably, then go on with
    /// [`Input::StartHeight`] when the next height is due.
    Commit {
        /// More than two thirds of the validators precommitted this block.
        certificate: CommitCertificate,
        /// The block, already found valid.
        body: Body,
    },
    /// A round began: for telemetry only.
    RoundStarted {
        /// The height.
        height: Height,
        /// The round.
        round: u32,
        /// Whose turn it is.
        proposer: PublicKey,
    },
    /// A peer has begun the height after the one we decided: start it even if we have no
    /// transactions. At most once a height.
    NextHeightBegun {
        /// The height to start.
        height: Height,
    },
    /// A peer is at a later height than we can follow: fetch certified blocks up to it.
    /// Repeated now and then while it stays true.
    Behind {
        /// The height the peer is working on; everything below is decided.
        height: Height,
        /// The peer to ask first.
        from: PublicKey,
    },
    /// Nothing new was signed at this height, because others claimed to have decided it; they have taken that back. Forget the
    /// replica as a crash would, and begin the height with the records of the log.
    BeginAgain {
        /// The height.
        height: Height,
    },
    /// A peer is stuck at a height older than the last one: it needs certified blocks.
    PeerBehind {
        /// The peer.
        peer: PublicKey,
        /// The height it is working on.
        height: Height,
    },
    /// Stop: going on would be unsafe or pointless. The replica ignores every later input.
    Halt {
        /// Why, and what an operator should look at.
        reason: HaltReason,
    },
}

/// To whom a message goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Target {
    /// Every connected peer.
    All,
    /// One peer.
    One(PublicKey),
}

/// Why a block is to be checked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Origin {
    /// It was proposed: apply every rule, the bounds on its timestamp included.
    Proposal,
    /// More than two thirds have prevoted it, so that some honest validator found it timely: apply every rule
    /// except those that compare with our own clock. However late we look, we must be able to join them.
    Polka,
    /// It is committed: more than two thirds found it valid. Apply every rule except those that
    /// compare with our own clock.
    Certificate,
}

/// What the host found about a block.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// The bytes are that block and the block is valid.
    Valid,
    /// The bytes are that block (id and transaction root agree) and the block breaks a rule.
    Invalid,
    /// The bytes are not that block: they do not decode, or hash to something else. This blames
    /// who delivered the bytes and says nothing about the block.
    Mismatch,
}

/// The identity of a timer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Timeout {
    /// The height it belongs to.
    pub height: Height,
    /// The round it belongs to; zero for [`TimeoutKind::Fetch`].
    pub round: u32,
    /// What it is for.
    pub kind: TimeoutKind,
}

/// What a timer is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Encode, Decode)]
#[cbor(index_only)]
pub enum TimeoutKind {
    /// No proposal came.
    #[n(1)]
    Propose,
    /// A quorum of prevotes, for no single block.
    #[n(2)]
    Prevote,
    /// A quorum of precommits, for no single block.
    #[n(3)]
    Precommit,
    /// Nothing has happened for a while: repeat our votes.
    #[n(4)]
    Rebroadcast,
    /// A block we know of is still missing: ask the next peer.
    #[n(5)]
    Fetch,
}
