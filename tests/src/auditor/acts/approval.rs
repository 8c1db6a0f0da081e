//! A member approves a change (GO01 to GO04, and what the change breaks by now).

use ledger::event::Event;
use ledger::governance::ChangeStatus;
use ledger::id::CreditCode;
use ledger::procedure::approval::ApproveChange;

use super::{Entry, Moment, change};
use crate::auditor::books::Books;
use crate::auditor::code::{Code, Faults};

pub(super) fn judge(act: &ApproveChange, moment: &Moment<'_>, faults: &mut Faults) {
    let books = moment.books;
    faults.when(!books.members.contains_key(moment.signer), Code::NotAMember);
    let Some(proposed) = books.changes.get(&act.change) else {
        faults.when(true, Code::ChangeUnknown);
        return;
    };
    if proposed.status != ChangeStatus::Open {
        faults.when(true, Code::ChangeClosed);
        return;
    }
    // A second approval is good for one thing: to put a change into force that has its quorum since others left.
    let (behind, needed) = change::support(books, &act.change);
    let before = proposed.approvals.iter().any(|(by, _)| by == moment.signer);
    faults.when(before && behind < needed, Code::AlreadyApproved);
    change::judge(&proposed.change, moment, faults);
}

pub(super) fn enter(act: &ApproveChange, books: &mut Books, at: Entry, by: CreditCode) -> Vec<Event> {
    if let Some(proposed) = books.changes.get_mut(&act.change)
        && !proposed.approvals.iter().any(|(who, _)| *who == by)
    {
        proposed.approvals.push((by.clone(), at.time));
    }
    let mut events = vec![Event::ChangeApproved { change: act.change, by }];
    events.extend(change::settle(books, at, act.change));
    events
}
