//! How the node does its part in tenders, for operators. A node that lacks a key or a document serves all the same: it is degraded.

use super::super::schema::ReadinessPart;
use crate::documents::task::Missing;
use crate::tenders::{KeyStanding, Known};

/// Parts about keys, shares and documents; only those that have something to say.
pub(super) fn parts(known: &Known, documents: Missing) -> Vec<ReadinessPart> {
    let mut parts = vec![
        key("seat_key", &known.seat_key, "its tenders open without this centre, if enough others are there"),
        key("stamp_key", &known.stamp_key, "bidders get no admission stamps from this centre this quarter"),
    ];
    if known.shares_missing > 0 {
        let detail = format!(
            "the shares of this centre for {} chunks of bids cannot be given: put the seat key back",
            known.shares_missing
        );
        parts.push(part("shares", true, detail));
    }
    if documents.nowhere > 0 {
        let detail = format!(
            "{} documents that this centre should hold were given by no other centre; it goes on asking",
            documents.nowhere
        );
        parts.push(part("documents", true, detail));
    }
    parts
}

fn key(name: &str, standing: &KeyStanding, consequence: &str) -> ReadinessPart {
    match standing {
        KeyStanding::NotNeeded => part(name, false, "not needed".to_owned()),
        KeyStanding::Waiting => part(name, false, "being made or registered".to_owned()),
        KeyStanding::Registered => part(name, false, "registered, and here".to_owned()),
        KeyStanding::Lost(what) => part(
            name,
            true,
            format!("registered, but not here: {what}; restore it from the backup, {consequence}"),
        ),
    }
}

fn part(name: &str, degraded: bool, detail: String) -> ReadinessPart {
    ReadinessPart { name: name.to_owned(), ready: true, degraded, subject: None, detail }
}
