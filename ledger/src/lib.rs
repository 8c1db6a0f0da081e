//! What is true: transactions, rules, blocks, state and proofs.
//!
//! This crate is pure. It opens no socket, reads no clock and draws no random number; time, order and
//! keys come in as data, so that every node and every auditor computes the same answer. RocksDB sits
//! behind the feature `store` and is named in one file.
#![forbid(unsafe_code)]
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

// Basics: values that carry their own validity.
pub mod amount;
pub mod calendar;
pub mod codec;
pub mod crypto;
pub mod hash;
pub mod id;
pub mod time;

// What is signed and what is chained.
pub mod action;
pub mod block;
pub mod certificate;
pub mod event;
pub mod evidence;
pub mod genesis;
pub mod governance;
pub mod rule;
pub mod transaction;
pub mod validators;
pub mod vote;

// What follows from it.
pub mod execute;
pub mod procedure;
pub mod record;
pub mod state;

pub mod merkle;

// What strangers verify.
pub mod checkpoint;

pub mod snapshot;

#[cfg(feature = "store")]
pub mod store;
