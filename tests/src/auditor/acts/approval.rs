//! A member approves a change (GO01 to GO04, and the rules of the change as things are now).

use ledger::event::Event;
use ledger::procedure::approval::ApproveChange;

use super::{Entry, Moment, change};
use crate::auditor::books::Books;
use crate::auditor::code::{Code, Faults};

pub(super) fn judge(act: &ApproveChange, moment: &Moment<'_>, faults: &mut Faults) {
    let members = &moment.books.members;
    faults.when(!members.contains_key(moment.signer), Code::NotAMember);
    let Some(proposal) = moment.books.changes.get(&act.change) else {
        faults.when(true, Code::ChangeUnknown);
        return;
    };
    if !proposal.is_open() {
        faults.when(true, Code::ChangeClosed);
        return;
    }
    // Where members have left, the approvals that stand may be a quorum by now; somebody says so again then.
    let again = proposal.has_approval_of(moment.signer);
    faults.when(again && !proposal.has_quorum(members), Code::AlreadyApproved);
    change::judge(&proposal.change, moment, faults);
}

pub(super) fn enter(act: &ApproveChange, books: &mut Books, entry: &Entry) -> Vec<Event> {
    let by = entry.signer.clone();
    books.change_proposal(act.change, |proposal| {
        if !proposal.has_approval_of(&by) {
            proposal.approvals.push((by.clone(), entry.time));
        }
    });
    let mut events = vec![Event::ChangeApproved { change: act.change, by }];
    events.extend(change::settle(act.change, books, entry));
    events
}
