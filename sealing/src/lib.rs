//! Sealed bids: nobody opens one early, nobody can withhold one.
//!
//! A bid is sealed to a committee of `n` centres, any `k` of which open it after the deadline and fewer learn
//! nothing. Every node can check, before it accepts a bid, that all `k`-subsets will find the same content. The scheme
//! is DHPVSS (Cascudo, David, Garms and Konring, "YOLO YOSO", Asiacrypt 2022) as a key encapsulation to many
//! receivers, with an AEAD. `docs/decisions/0013-sealed-bids.md` gives the choices and what must be reviewed.
//!
//! The crate computes and decides nothing else: no clock, file, socket or random source. Randomness comes in as
//! [`rand_core::CryptoRng`], signatures are made and judged by whoever calls, over the bytes that [`message`] names.
//!
//! # The way of a bid
//!
//! 1. Centres register seat keys ([`seat`]), the chain forms a [`committee::Committee`].
//! 2. A bidder makes a [`bid::Draft`], encrypts documents ([`document`]), and finishes it to a [`bid::Sealed`].
//! 3. Every node decodes and verifies it ([`bid::BidContext::verify`]).
//! 4. After the deadline centres give their shares of a whole chunk with one proof ([`opening::ChunkContext`]).
//! 5. With `k` of them every node finds the secret and opens the envelope ([`opening::Quorum`], [`envelope`]).
#![forbid(unsafe_code)]
#![cfg_attr(
    not(test),
    deny(
        clippy::unwrap_used,
        clippy::expect_used,
        clippy::panic,
        clippy::unreachable,
        clippy::indexing_slicing
    )
)]

// What the scheme computes with.
pub mod label;
pub mod suite;

pub mod element;
pub mod id;

mod dleq;
mod polynomial;

// The scheme, in the order of a bid's life.
pub mod seat;

pub mod committee;

pub mod bid;
pub mod envelope;

pub mod opening;

pub use dleq::{InvalidProof, Proof};

// What stands around it.
pub mod document;
pub mod message;
pub mod stamp;

#[cfg(feature = "handover")]
pub mod handover;
