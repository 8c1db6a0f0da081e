//! State snapshots: keeping them for others, and joining by one.
//!
//! [`export`] writes the state after certain heights into files, [`shelf`] keeps the newest of them and gives them to
//! peers. [`join`] takes a node that has nothing to the state of such a snapshot; [`backfill`] then fetches the older
//! blocks in the background, until the node holds what it would hold had it fetched everything.

pub mod backfill;
pub mod export;
pub mod join;
pub mod shelf;

use crate::wire::{Answer, Question};
use shelf::Shelf;

/// Answers a peer that asks for a snapshot or a part of one; no bytes when it is not held.
#[must_use]
pub fn answer(shelf: &Shelf, question: &Question) -> Option<Answer> {
    match question {
        Question::Snapshot { at_most } => {
            Some(Answer::Snapshot(shelf.manifest(*at_most).unwrap_or_default().into()))
        }
        Question::Chunk { height, hash } => {
            Some(Answer::Chunk(shelf.chunk(*height, hash).unwrap_or_default().into()))
        }
        _ => None,
    }
}
