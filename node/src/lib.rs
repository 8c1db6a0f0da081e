//! The program: network, timers, files, HTTP interface and command line around the ledger.

pub mod config;
pub mod genesis;
pub mod keys;

pub mod handle;
pub mod ingest;
pub mod members;
pub mod mempool;

pub mod answers;
pub mod bidding;
pub mod catchup;
pub mod checkpoints;
mod descriptors;
pub mod documents;
mod durable;
pub mod host;
pub mod lanes;
pub mod network;
pub mod reports;
pub mod run;
pub mod snapshots;
pub mod tenders;
pub mod wal;
pub mod wire;

pub mod api;

pub mod cli;
mod demo;
