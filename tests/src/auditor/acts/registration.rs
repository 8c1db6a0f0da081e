//! A centre admits an organisation (OR01 to OR04, OR07).

use ledger::crypto::PublicKey;
use ledger::event::Event;
use ledger::id::CreditCode;
use ledger::procedure::registration::RegisterOrganisation;
use ledger::record::organisation::Role;
use ledger::time::BlockTime;

use super::Moment;
use crate::auditor::books::{Books, Member};
use crate::auditor::code::{Code, Faults};

const MOST_KEYS: usize = 8;

pub(super) fn judge(act: &RegisterOrganisation, moment: &Moment<'_>, faults: &mut Faults) {
    let reserved = [Role::Centre, Role::Timekeeper].iter().any(|role| act.roles.contains(role));
    let roles_once = act.roles.is_sorted_by(|a, b| a < b);
    faults.when(act.roles.is_empty() || !roles_once || reserved, Code::InvalidRoles);
    // Without keys the organisation waits for its certificate.
    if act.keys.is_empty() {
        faults.when(moment.books.organisations.contains_key(&act.code), Code::OrganisationExists);
        return;
    }
    judge_newcomer(&act.code, &act.keys, moment, faults);
    faults.when(moment.books.certificates_required, Code::KeysFromCertificatesOnly);
}

/// Notes what is wrong with a new organisation's code and keys.
pub(super) fn judge_newcomer(
    code: &CreditCode,
    keys: &[PublicKey],
    moment: &Moment<'_>,
    faults: &mut Faults,
) {
    let keys_once = keys.is_sorted_by(|a, b| a < b);
    let counted = !keys.is_empty() && keys.len() <= MOST_KEYS;
    faults.when(!counted || !keys_once || !keys.iter().all(PublicKey::is_strong), Code::InvalidKeys);
    faults.when(moment.books.organisations.contains_key(code), Code::OrganisationExists);
    let books = moment.books;
    let taken = |key: &PublicKey| books.keys.contains_key(key) || books.voter(key).is_some();
    faults.when(keys.iter().any(taken), Code::KeyInUse);
}

pub(super) fn enter(
    act: &RegisterOrganisation,
    books: &mut Books,
    time: BlockTime,
    centre: CreditCode,
) -> Vec<Event> {
    let member = Member {
        name: act.name.clone(),
        region: act.region.clone(),
        roles: act.roles.iter().copied().collect(),
        admitted_by: centre.clone(),
        admitted_at: time,
        named_from: None,
        former_names: Vec::new(),
    };
    books.register(act.code.clone(), member, &act.keys);
    vec![Event::OrganisationRegistered { organisation: act.code.clone(), centre }]
}
