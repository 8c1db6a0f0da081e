//! A member proposes a change (GO01, GO05 to GO15).

use ledger::event::Event;
use ledger::governance::ChangeStatus;
use ledger::id::{ChangeId, CreditCode};
use ledger::procedure::proposal::ProposeChange;

use super::{Entry, Moment, change};
use crate::auditor::books::{Books, Proposed};
use crate::auditor::calendar;
use crate::auditor::code::{Code, Faults};

/// Thirty days, in milliseconds.
const VALIDITY: u64 = 30 * 86_400_000;
/// Changes that one member may have open.
const MOST_OPEN: usize = 16;

pub(super) fn judge(act: &ProposeChange, moment: &Moment<'_>, faults: &mut Faults) {
    let books = moment.books;
    faults.when(!books.members.contains_key(moment.signer), Code::NotAMember);
    let open = |p: &&Proposed| p.proposer == *moment.signer && p.status == ChangeStatus::Open;
    faults.when(books.changes.values().filter(open).count() >= MOST_OPEN, Code::TooManyOpenChanges);
    change::judge(&act.change, moment, faults);
}

pub(super) fn enter(act: &ProposeChange, books: &mut Books, at: Entry, by: CreditCode) -> Vec<Event> {
    let change = ChangeId::from_bytes(*at.id.as_bytes());
    let expires_at = calendar::later(at.time, VALIDITY);
    let proposed = Proposed {
        change: act.change.clone(),
        proposer: by.clone(),
        proposed_at: at.time,
        expires_at,
        approvals: vec![(by.clone(), at.time)],
        status: ChangeStatus::Open,
    };
    books.add_change(change, proposed);
    let mut events = vec![Event::ChangeProposed { change, by, expires_at }];
    events.extend(change::settle(books, at, change));
    events
}
