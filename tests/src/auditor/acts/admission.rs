//! A centre admits an organisation in a further role (OR01, OR05, OR06).

use ledger::event::Event;
use ledger::id::CreditCode;
use ledger::procedure::admission::AdmitRole;
use ledger::record::organisation::Role;

use super::Moment;
use crate::auditor::books::Books;
use crate::auditor::code::{Code, Faults};

pub(super) fn judge(act: &AdmitRole, moment: &Moment<'_>, faults: &mut Faults) {
    faults.when([Role::Centre, Role::Timekeeper].contains(&act.role), Code::InvalidRoles);
    faults.when(!moment.books.organisations.contains_key(&act.organisation), Code::OrganisationUnknown);
    faults.when(moment.books.has_role(&act.organisation, act.role), Code::RoleHeld);
}

pub(super) fn enter(act: &AdmitRole, books: &mut Books, centre: CreditCode) -> Vec<Event> {
    if let Some(member) = books.organisations.get_mut(&act.organisation) {
        member.roles.insert(act.role);
    }
    vec![Event::RoleAdmitted { organisation: act.organisation.clone(), role: act.role, centre }]
}
