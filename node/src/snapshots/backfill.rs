//! Fetching, in the background, the blocks from before the snapshot that a node joined by.
//!
//! Their headers are here and verified already, so a block from whatever peer is either the one its header names or it is
//! not. The work goes downwards, so that one number says what is held, and leaves pauses to the work that matters more.
//! Events are not backfilled: they follow from executing the blocks, and nothing signed tells what they were.

use std::sync::Arc;
use std::time::Duration;

use ledger::block::Header;
use ledger::codec::CodecError;
use ledger::genesis::Genesis;
use ledger::id::Height;
use ledger::state::era_of;
use ledger::store::{Contents, Store, StoreError};

use super::join::fetch::is_block;
use super::join::install::transactions;
use crate::catchup::short;
use crate::network;
use crate::wire::{Answer, CertifiedBlock, Question};

/// Blocks asked for at a time, at most.
const SPAN_MAX: u64 = 256;
/// Pause after each answer.
const PAUSE: Duration = Duration::from_millis(50);
/// Pause after an answer that was of no use; it doubles up to [`REST_MAX`].
const REST: Duration = Duration::from_millis(500);
/// Longest pause.
const REST_MAX: Duration = Duration::from_secs(30);
/// How long a peer may take to answer.
const PATIENCE: Duration = Duration::from_secs(10);

/// Fetches until nothing is missing. The node may stop at any time and goes on at its next start.
pub async fn run(
    genesis: Genesis,
    store: Arc<Store>,
    network: network::Handle,
    data: std::path::PathBuf,
    reserve: u64,
) {
    let (mut span, mut rest, mut turn) = (SPAN_MAX, REST, 0usize);
    while store.history().blocks_from > 1 {
        let from = store.history().blocks_from;
        metrics::gauge!("ledger_backfill_remaining_blocks").set(from.saturating_sub(1) as f64);
        let first = from.saturating_sub(span).max(1);
        let connected: Vec<_> = network.peers().into_iter().filter(|peer| peer.connected).collect();
        turn = turn.wrapping_add(1);
        let peer = turn.checked_rem(connected.len()).and_then(|at| connected.get(at));
        let room = crate::host::free_bytes(&data).is_none_or(|free| free >= reserve.saturating_mul(2));
        let (Some(peer), true) = (peer, room) else {
            tokio::time::sleep(if room { REST } else { REST_MAX }).await;
            continue;
        };
        let question = Question::Blocks { from: Height::new(first) };
        let answer = network.request(&peer.public_key, question.encode(), PATIENCE).await;
        let blocks = match answer.map(|bytes| Answer::decode(&bytes)) {
            Ok(Ok(Answer::Blocks(mut blocks))) => {
                blocks.truncate(usize::try_from(from - first).unwrap_or(usize::MAX));
                blocks
            }
            _ => Vec::new(),
        };
        let reaches = blocks.len() as u64 == from - first;
        if !blocks.is_empty() && !reaches && span > 1 {
            // The answer is full before it comes to where it joins what is held.
            span = (blocks.len() as u64).min(span / 2).max(1);
            continue;
        }
        let (work, store_of) = ((genesis.clone(), blocks), store.clone());
        let added = tokio::task::spawn_blocking(move || add(&store_of, &work.0, first, &work.1)).await;
        match added {
            Ok(Ok(())) if reaches => {
                (span, rest) = (span.saturating_mul(2).min(SPAN_MAX), REST);
                tokio::time::sleep(PAUSE).await;
            }
            other => {
                if let Ok(Err(error)) = other {
                    tracing::warn!(peer = %short(&peer.public_key), %error, "older blocks from a peer do not hold");
                }
                tokio::time::sleep(rest).await;
                rest = rest.saturating_mul(2).min(REST_MAX);
            }
        }
    }
    metrics::gauge!("ledger_backfill_remaining_blocks").set(0.0);
    tracing::info!("all blocks from genesis on are held");
}

/// Why blocks were not added.
#[derive(Debug, thiserror::Error)]
enum BackfillError {
    /// Not what the header names.
    #[error("block {0} is not the one its header names, or its certificate does not hold")]
    OtherBlock(u64),
    /// Not readable.
    #[error(transparent)]
    Codec(#[from] CodecError),
    /// The store.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The state.
    #[error(transparent)]
    State(#[from] ledger::state::StateError),
}

/// Verifies blocks from height `first` on, which join what is held, and adds them.
fn add(store: &Store, genesis: &Genesis, first: u64, blocks: &[CertifiedBlock]) -> Result<(), BackfillError> {
    let snapshot = store.snapshot()?;
    let mut verified = Vec::with_capacity(blocks.len());
    for (height, block) in (first..).zip(blocks) {
        let header = snapshot.header(height)?.ok_or(StoreError::NoBlock(height))?;
        let header = Header::decode(&header)?;
        let set = era_of(&snapshot, Height::new(height))?.validators;
        let certified =
            set.hash() == header.validators && block.certificate.verify(&genesis.chain_id, &set).is_ok();
        if !certified || !is_block(block, header.id(), header.transaction_root) {
            return Err(BackfillError::OtherBlock(height));
        }
        verified.push((height, transactions(genesis, block)?, block.certificate.encode()));
    }
    drop(snapshot);
    let contents = verified
        .iter()
        .rev()
        .map(|(height, transactions, certificate)| (*height, Contents { transactions, certificate }));
    store.backfill(&contents.collect::<Vec<_>>())?;
    Ok(())
}
