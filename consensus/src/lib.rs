//! How the centres agree on the next block.
//!
//! A [`Replica`] is a state machine without socket, disk, clock or randomness: [`Input`]s go in,
//! [`Output`]s come out, and the same inputs give the same outputs. Inside works the core of
//! Malachite, a Tendermint implementation; around it stand what the core leaves to others: the
//! bodies of blocks, the messages, the write-ahead log, evidence, and catching up.
//!
//! The words: in each *round* of a *height* one *proposer* offers a block. Validators *prevote* it or
//! nil; two thirds of prevotes are a *polka*. Validators that see the polka *precommit* the block;
//! two thirds of precommits decide it, and these signatures are the *commit certificate*.

#![cfg_attr(
    not(test),
    deny(
        clippy::unwrap_used,
        clippy::expect_used,
        clippy::panic,
        clippy::unreachable,
        clippy::indexing_slicing,
        clippy::arithmetic_side_effects
    )
)]

pub mod error;
pub mod log;
pub mod message;
pub mod output;
pub mod params;
pub mod proposer;
pub mod replica;
pub mod signer;

mod blocks;
mod context;
mod convert;
mod engine;
mod height;
mod judge;
mod outbox;
mod pending;

pub use error::HaltReason;
pub use ledger::evidence::{self, Evidence};
pub use log::Record;
pub use message::Message;
pub use output::{Body, Input, Origin, Output, Target, Timeout, TimeoutKind, Verdict};
pub use params::Params;
pub use replica::Replica;
pub use signer::{Signer, SigningFailed};
