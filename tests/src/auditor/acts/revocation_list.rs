//! A centre records a revocation list (ID04, ID16 to ID51).

use std::collections::BTreeMap;
use std::sync::Arc;

use ledger::event::Event;
use ledger::id::IssuerId;
use ledger::procedure::revocation_list::RecordRevocationList;
use ledger::record::certificate::{Revocation, RevocationSource};
use ledger::time::BlockTime;

use super::{Entry, Moment, x509};
use crate::auditor::books::Books;
use crate::auditor::code::{Code, Faults};
use crate::auditor::identity::List;

pub(super) fn judge(act: &RecordRevocationList, moment: &Moment<'_>, faults: &mut Faults) {
    let Some(list) = faults.unless(read(act, moment.books, moment.time)) else { return };
    let issuer = IssuerId::from_bytes(list.issuer_key_fingerprint);
    if let Some(known) = moment.books.lists.get(&(act.authority, issuer)) {
        let follows = list.number > known.number && x509::instant(list.this_update) >= known.updates.0;
        faults.when(!follows, Code::RevocationListNotNewer);
    }
}

/// The list, judged with the intermediates that come along, which must lead to the root of the entry.
fn read(act: &RecordRevocationList, books: &Books, time: BlockTime) -> Result<pki::RevocationList, Code> {
    let authority = books.authorities.get(&act.authority).ok_or(Code::AuthorityUnknown)?;
    let mut terms = (*authority.terms).clone();
    terms.intermediates.extend(act.intermediates.iter().cloned());
    if !act.intermediates.is_empty() {
        x509::entry(&terms)?;
    }
    x509::ask(&terms, |entry| pki::judge_crl(entry, act.list.as_slice(), x509::seconds(time)))
}

pub(super) fn enter(act: &RecordRevocationList, books: &mut Books, entry: &Entry) -> Vec<Event> {
    // `judge` has read it.
    let Ok(list) = read(act, books, entry.time) else { return Vec::new() };
    let place = (act.authority, IssuerId::from_bytes(list.issuer_key_fingerprint));
    let of =
        |one: &pki::Revocation| (x509::number(&one.serial), (x509::since(one), x509::reason(one.reason)));
    let entries: BTreeMap<_, _> = list.entries.iter().map(of).collect();
    let this_update = x509::instant(list.this_update);
    let new = List {
        number: list.number,
        updates: (this_update, x509::instant(list.next_update)),
        recorded: (entry.signer.clone(), entry.time),
        entries: Arc::new(entries),
    };
    let entries = new.entries.clone();
    let before = books.lists.insert(place, new).map(|list| list.entries).unwrap_or_default();
    let count = u32::try_from(entries.len()).unwrap_or(u32::MAX);
    let mut events =
        vec![Event::RevocationListRecorded { authority: act.authority, this_update, entries: count }];
    for (serial, said) in entries.iter().filter(|(serial, said)| before.get(*serial) != Some(*said)) {
        let step = (place.1, serial.clone());
        let Some(id) = books.numbered(act.authority, &step) else { continue };
        let said = Revocation {
            date: said.0,
            reason: said.1,
            source: RevocationSource::List,
            as_of: this_update,
            recorded_at: entry.time,
        };
        if books.certificates[&id].learns_from(&said, entry.time) {
            events.push(books.revoke(&id, said, entry.time));
        }
    }
    for serial in before.keys().filter(|serial| !entries.contains_key(*serial)) {
        let Some(id) = books.numbered(act.authority, &(place.1, serial.clone())) else { continue };
        // Whoever does not stand on the list any more is held by no list; an answer as new as it still counts.
        let held = books.certificates[&id].hold;
        if held.is_some_and(|held| held.source == RevocationSource::List || held.as_of < this_update) {
            events.extend(books.lift(&id, entry.time));
        }
    }
    events
}
