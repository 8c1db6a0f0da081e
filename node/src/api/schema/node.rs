//! The node itself as clients read it.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// Where the node stands.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Status {
    /// Name of the node.
    pub node: String,
    /// Version of the program.
    pub version: String,
    /// The chain.
    pub chain_id: String,
    /// SHA-256 of the genesis file, in hexadecimal.
    pub genesis_hash: String,
    /// Height of the last block.
    pub height: u64,
    /// Its name, in hexadecimal.
    pub block_id: String,
    /// Its time (RFC 3339).
    pub block_time: String,
    /// Root of the state after it, in hexadecimal.
    pub state_root: String,
    /// Leaves in the log.
    pub log_size: u64,
    /// Root of the log, in hexadecimal.
    pub log_root: String,
    /// Seconds since this node stored the last block, by its own clock.
    pub tip_age_seconds: u64,
    /// The first height whose transactions and certificate this node holds; 1 unless it joined by a state snapshot.
    pub blocks_from: u64,
    /// The first height whose events this node holds; 1 unless it joined by a state snapshot.
    pub events_from: u64,
    /// How far behind the network the node is, if it is.
    pub catch_up: Option<CatchUp>,
    /// Round of the height being decided, if one is.
    pub round: Option<u32>,
    /// What the node is doing.
    pub phase: Phase,
    /// Transactions waiting.
    pub mempool_transactions: usize,
    /// Their bytes.
    pub mempool_bytes: usize,
    /// Size of the validator set.
    pub validators: usize,
    /// Whether this node is one of them and votes. A node that is none follows as far as its peers let it.
    pub member: bool,
    /// By how many milliseconds this machine's clock is ahead of the other centres' clocks, at least; negative when
    /// it is behind. `null` on a network with a stepped clock, and while too few centres have answered.
    #[serde(default)]
    pub clock_ahead_ms: Option<i64>,
    /// The other centres' nodes.
    pub peers: Vec<Peer>,
    /// How block time relates to real time.
    pub clock: Clock,
}

/// A node that is behind.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct CatchUp {
    /// A height that more than a third of the members have reached.
    pub target: u64,
    /// Seconds for which no block has come.
    pub quiet_seconds: u64,
    /// Whether that is longer than it should be.
    pub stalled: bool,
}

impl From<crate::catchup::watch::Behind> for CatchUp {
    fn from(behind: crate::catchup::watch::Behind) -> Self {
        Self {
            target: behind.target.get(),
            quiet_seconds: behind.quiet.as_secs(),
            stalled: behind.is_stalled(),
        }
    }
}

/// What a node is doing.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(tag = "name", rename_all = "snake_case")]
pub enum Phase {
    /// Fetching a state snapshot; there is no ledger yet.
    Joining {
        /// What is being done.
        step: String,
        /// The height of the snapshot; 0 while none is chosen.
        target: u64,
        /// Of this step: what is done.
        done: u64,
        /// Of this step: what there is to do.
        total: u64,
    },
    /// Taking part.
    Running,
    /// Fetching blocks.
    CatchingUp {
        /// The height to reach.
        target: u64,
    },
    /// Writes fail because the disk is full.
    DiskFull,
    /// Stopped for a reason that an operator must look at; reading still works.
    Halted {
        /// What happened and what to do.
        reason: String,
    },
    /// Shutting down.
    Stopping,
}

impl From<crate::handle::Phase> for Phase {
    fn from(phase: crate::handle::Phase) -> Self {
        use crate::handle::Phase as P;
        match phase {
            P::Running => Self::Running,
            P::CatchingUp { target } => Self::CatchingUp { target: target.get() },
            P::DiskFull => Self::DiskFull,
            P::Halted { reason } => Self::Halted { reason },
            P::Stopping => Self::Stopping,
        }
    }
}

/// Another centre's node as this node sees it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Peer {
    /// Its network key, in hexadecimal.
    pub public_key: String,
    /// Credit code of its centre.
    pub organisation: Option<String>,
    /// Whether it is connected.
    pub connected: bool,
    /// `quic` or `tcp`, while connected.
    pub transport: Option<String>,
    /// Last measured round trip in microseconds, while connected.
    pub round_trip_us: Option<u64>,
}

/// How block time relates to real time.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Clock {
    /// Block time is real time.
    Real,
    /// Block time is moved by hand: this is a demonstration or a test.
    Stepped {
        /// What the clock reads (RFC 3339).
        reads: String,
        /// Who may move it: a public key in hexadecimal.
        timekeeper: String,
        /// A warning to readers, in English.
        note: String,
        /// A warning to readers, in Chinese.
        note_zh: String,
    },
}

/// Whether the node can serve, part by part.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Readiness {
    /// Whether every part is.
    pub ready: bool,
    /// The parts: all with `verbose` or when one is not ready, otherwise those that are degraded.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub parts: Vec<ReadinessPart>,
}

/// One part of the node.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ReadinessPart {
    /// `consensus`, `membership`, `peers`, `clock`, `disk`, `tip`, `catch_up`, `mempool` or `revocation_data`; `snapshot`
    /// while joining by one.
    pub name: String,
    /// Whether it is ready.
    pub ready: bool,
    /// Whether somebody should look after it although the node serves.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub degraded: bool,
    /// What the part is about, where there is one for each: the authority of `revocation_data`, in hexadecimal.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub subject: Option<String>,
    /// What was found, and what to do if it is not ready.
    pub detail: String,
}

/// The program.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Version {
    /// Its version.
    pub version: String,
    /// Version of blocks that it writes.
    pub block_version: u32,
    /// Format of its store.
    pub store_format: u32,
}
