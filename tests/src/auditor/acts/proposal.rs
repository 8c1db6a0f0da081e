//! A member proposes a change, and approves it by that (GO01, GO05, and the rules of the change).

use std::sync::Arc;

use ledger::event::Event;
use ledger::governance::ChangeStatus;
use ledger::id::ChangeId;
use ledger::procedure::proposal::ProposeChange;

use super::{Entry, Moment, change};
use crate::auditor::books::Books;
use crate::auditor::calendar;
use crate::auditor::code::{Code, Faults};
use crate::auditor::governance::Proposal;

/// Thirty days, in milliseconds.
const VALIDITY: u64 = 30 * 86_400_000;
const MOST_OPEN: usize = 16;

pub(super) fn judge(act: &ProposeChange, moment: &Moment<'_>, faults: &mut Faults) {
    faults.when(!moment.books.members.contains_key(moment.signer), Code::NotAMember);
    faults.when(moment.books.open_changes_of(moment.signer) >= MOST_OPEN, Code::TooManyOpenChanges);
    change::judge(&act.change, moment, faults);
}

pub(super) fn enter(act: &ProposeChange, books: &mut Books, entry: &Entry) -> Vec<Event> {
    let id = ChangeId::from_bytes(*entry.id.as_bytes());
    let (by, expires_at) = (entry.signer.clone(), calendar::later(entry.time, VALIDITY));
    let proposal = Proposal {
        change: Arc::new(act.change.clone()),
        proposer: by.clone(),
        proposed_at: entry.time,
        expires_at,
        approvals: vec![(by.clone(), entry.time)],
        status: ChangeStatus::Open,
    };
    books.add_proposal(id, proposal);
    let mut events = vec![Event::ChangeProposed { change: id, by, expires_at }];
    events.extend(change::settle(id, books, entry));
    events
}
