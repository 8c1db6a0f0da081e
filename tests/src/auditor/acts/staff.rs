//! An organisation appoints staff, and takes keys out of use (OR04, ID02, ID03, ID08 to ID11).

use std::sync::Arc;

use ledger::codec;
use ledger::crypto::{PublicKey, verify};
use ledger::event::Event;
use ledger::id::CreditCode;
use ledger::procedure::enrolment::DelegatedKey;
use ledger::procedure::staff::{AppointStaff, RevokeMandate};

use super::{Entry, Moment};
use crate::auditor::books::Books;
use crate::auditor::code::{Code, Faults};
use crate::auditor::identity::Key;
use crate::auditor::rights;

/// Most keys of an appointment or a delegation.
const MOST_KEYS: usize = 8;

/// Notes what is wrong with keys that are to speak for an organisation, and with nothing else of them.
pub(super) fn judge_keys(keys: &[DelegatedKey], of: &CreditCode, moment: &Moment<'_>, faults: &mut Faults) {
    let counted = !keys.is_empty() && keys.len() <= MOST_KEYS;
    let in_order = keys.is_sorted_by(|a, b| a.key < b.key);
    let strong = keys.iter().all(|delegated| PublicKey::is_strong(&delegated.key));
    faults.when(!counted || !in_order || !strong, Code::InvalidMandate);
    let unproven = |DelegatedKey { key, proof }: &DelegatedKey| {
        let said = codec::encode(&("zhulian/delegated-key/1", moment.chain.as_str(), of.as_str(), key));
        verify(key, &said, proof).is_err()
    };
    faults.when(keys.iter().any(unproven), Code::KeyNotProven);
}

pub(super) fn judge_appointment(act: &AppointStaff, moment: &Moment<'_>, faults: &mut Faults) {
    let books = moment.books;
    // Free is what nobody has, and what this organisation has given to its staff and not taken back.
    let own_staff = |key: &Key| key.holder == *moment.signer && key.staff.is_some() && key.revoked.is_none();
    let taken = |DelegatedKey { key, .. }: &DelegatedKey| {
        books.voter(key).is_some() || books.keys.get(key).is_some_and(|key| !own_staff(key))
    };
    faults.when(act.keys.iter().any(taken), Code::KeyInUse);
    judge_keys(&act.keys, moment.signer, moment, faults);
    faults.when(!rights::is_well_formed(&act.mandate, moment.time), Code::InvalidMandate);
    let has = |role| books.has_role(moment.signer, role);
    faults.when(!act.mandate.roles.iter().copied().all(has), Code::RoleNotAdmitted);
    match moment.principal() {
        None => faults.when(true, Code::NotAPrincipal),
        Some(Key { mandate: None, .. }) => {}
        Some(Key { mandate: Some(own), .. }) => {
            faults.when(!rights::lies_within(&act.mandate, own), Code::MandateTooWide);
        }
    }
}

pub(super) fn enter_appointment(act: &AppointStaff, books: &mut Books, entry: &Entry) -> Vec<Event> {
    let (organisation, by) = (&entry.signer, entry.key);
    let record = Key {
        holder: organisation.clone(),
        mandate: Some(Arc::new(act.mandate.clone())),
        certificate: entry.certificate,
        staff: Some((act.person, by, entry.time)),
        revoked: None,
    };
    let appointed = |DelegatedKey { key, .. }: &DelegatedKey| {
        books.keys.insert(*key, record.clone());
        Event::StaffAppointed { organisation: organisation.clone(), key: *key, by }
    };
    act.keys.iter().map(appointed).collect()
}

pub(super) fn judge_end(act: &RevokeMandate, moment: &Moment<'_>, faults: &mut Faults) {
    faults.when(act.key != moment.key && moment.principal().is_none(), Code::NotAPrincipal);
    let own = |key: &Key| key.holder == *moment.signer && key.revoked.is_none();
    faults.when(!moment.books.keys.get(&act.key).is_some_and(own), Code::MandateUnknown);
}

pub(super) fn enter_end(act: &RevokeMandate, books: &mut Books, entry: &Entry) -> Vec<Event> {
    if let Some(key) = books.keys.get_mut(&act.key) {
        key.revoked = Some(entry.time);
    }
    vec![Event::MandateRevoked { organisation: entry.signer.clone(), key: act.key }]
}
