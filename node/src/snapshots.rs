//! State snapshots: keeping them for others, and joining by one.
//!
//! [`export`] writes the state after certain heights into files, [`shelf`] keeps the newest of them and gives them to
//! peers. [`join`] takes a node that has nothing to the state of such a snapshot; [`backfill`] then fetches the older
//! blocks in the background, until the node holds what it would hold had it fetched everything.

pub mod backfill;
pub mod export;
pub mod join;
pub mod shelf;

use bytes::Bytes;
use ledger::store::Store;
use tokio::sync::oneshot;

use crate::wire::{Answer, Question};
use shelf::Shelf;

/// Answers a peer's question from the store or from the snapshots. Silence is an answer to nonsense.
pub fn answer(store: &Store, shelf: &Shelf, question: &[u8], respond: oneshot::Sender<Bytes>) {
    let found = match Question::decode(question) {
        Ok(Question::Snapshot { at_most }) => {
            Answer::Snapshot(shelf.manifest(at_most).unwrap_or_default().into())
        }
        Ok(Question::Chunk { height, hash }) => {
            Answer::Chunk(shelf.chunk(height, &hash).unwrap_or_default().into())
        }
        _ => return crate::catchup::answer(store, question, respond),
    };
    let _ = respond.send(found.encode());
}
