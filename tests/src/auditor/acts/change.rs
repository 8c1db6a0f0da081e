//! What a change needs to be possible, and what it does when more than two thirds of the members want it.

use std::sync::Arc;

use ledger::crypto::{PublicKey, verify};
use ledger::event::Event;
use ledger::governance::{Change, ChangeStatus, RemovalReason, possession_bytes};
use ledger::id::{ChangeId, CreditCode, Height};
use ledger::record::organisation::Role;
use ledger::rule::{RulePack, Unit};
use ledger::time::BlockTime;
use ledger::validators::Validator;

use super::{Entry, Moment, registration};
use crate::auditor::books::{Books, Member};
use crate::auditor::calendar;
use crate::auditor::code::{Code, Faults};

/// Most members.
const MOST_MEMBERS: usize = 128;

/// Notes what a change breaks as things are now.
pub(super) fn judge(change: &Change, moment: &Moment<'_>, faults: &mut Faults) {
    let (books, members) = (moment.books, &moment.books.members);
    match change {
        Change::RegisterCentre { code, keys, .. } => registration::judge_new(code, keys, moment, faults),
        Change::AdmitMember { validator, proof } => {
            judge_keys(validator, moment, faults);
            let who = &validator.organisation;
            faults.when(!books.has_role(who, Role::Centre), Code::CandidateNotCentre);
            faults.when(members.contains_key(who), Code::MemberExists);
            let signed = possession_bytes(moment.chain, validator);
            faults.when(verify(&validator.public_key, &signed, proof).is_err(), Code::PossessionNotProven);
            faults.when(members.len() >= MOST_MEMBERS, Code::TooManyMembers);
        }
        Change::RemoveMember { organisation, reason } => {
            faults.when(!members.contains_key(organisation), Code::MemberUnknown);
            faults.when(members.len() <= 1, Code::LastMember);
            if let RemovalReason::DoubleSigning(id) = reason {
                let proven = books.double_signings.get(id).is_some_and(|(who, _)| who == organisation);
                faults.when(!proven, Code::EvidenceUnknown);
            }
        }
        Change::RotateKeys { validator, proof } => {
            judge_keys(validator, moment, faults);
            let held = members.get(&validator.organisation);
            faults.when(held.is_none(), Code::MemberUnknown);
            faults.when(held == Some(validator), Code::KeysNotNew);
            let signed = possession_bytes(moment.chain, validator);
            faults.when(verify(&validator.public_key, &signed, proof).is_err(), Code::PossessionNotProven);
        }
        Change::AdoptRules { pack } => {
            faults.when(!pack_is_good(pack, moment.time), Code::InvalidRulePack);
            faults.when(u64::from(pack.version) != u64::from(books.pack.version) + 1, Code::RulePackNotNext);
        }
    }
}

/// Strong keys that nobody signs acts with and no other member has.
fn judge_keys(validator: &Validator, moment: &Moment<'_>, faults: &mut Faults) {
    let keys = [validator.public_key, validator.network_key];
    faults.when(!keys.iter().all(PublicKey::is_strong), Code::InvalidKeys);
    faults.when(moment.books.keys.contains_key(&validator.public_key), Code::KeyInUse);
    let others = moment.books.members.values().filter(|other| other.organisation != validator.organisation);
    let taken = others.flat_map(|other| [other.public_key, other.network_key]).any(|key| keys.contains(&key));
    faults.when(taken, Code::KeysNotNew);
}

/// Whether every rule stands in effect, in its unit, in range and in order, with a holiday table of today.
fn pack_is_good(pack: &RulePack, time: BlockTime) -> bool {
    const NAMES: [&str; 11] =
        ["LL01", "LL02", "LL03", "LL04", "LL05", "LL06", "LL07", "LL08", "LL09", "LL10", "LL11"];
    let (table, today) = (&pack.calendar, calendar::day_of(time));
    let unit = |name: &str, unit: Unit| match name {
        "LL03" => unit == Unit::Permille,
        "LL04" | "LL05" => unit == Unit::Minute,
        _ => unit != Unit::Permille,
    };
    let sound = |rule: &ledger::rule::Rule| {
        let name = rule.id.as_str();
        NAMES.contains(&name) && unit(name, rule.unit) && rule.value >= 1 && rule.value <= 100_000
    };
    let in_effect =
        |name: &&str| pack.rules.iter().any(|r| r.id.as_str() == *name && r.effective_from.number() <= today);
    let within = |day: &ledger::calendar::Day| *day >= table.first && *day <= table.last;
    pack.version > 0
        && pack.rules.iter().all(sound)
        && pack.rules.is_sorted_by(|a, b| (&a.id, a.effective_from) < (&b.id, b.effective_from))
        && NAMES.iter().all(in_effect)
        && table.first.number() <= today
        && today <= table.last.number()
        && table.holidays.iter().chain(&table.workdays).all(within)
        && !table.holidays.iter().any(|day| table.workdays.contains(day))
        && table.holidays.is_sorted_by(|a, b| a < b)
        && table.workdays.is_sorted_by(|a, b| a < b)
}

/// How many of the members stand behind a change, and how many must.
pub(super) fn support(books: &Books, id: &ChangeId) -> (usize, usize) {
    let approvals = books.changes.get(id).map(|proposed| &proposed.approvals);
    let members = books.members.keys();
    let behind = members.filter(|who| approvals.is_some_and(|all| all.iter().any(|(by, _)| by == *who)));
    (behind.count(), books.members.len() * 2 / 3 + 1)
}

/// Puts a change into force if enough members stand behind it.
pub(super) fn settle(books: &mut Books, at: Entry, change: ChangeId) -> Vec<Event> {
    let (behind, needed) = support(books, &change);
    let Some(proposed) = books.changes.get(&change).cloned().filter(|_| behind >= needed) else {
        return Vec::new();
    };
    let from = Height::new(at.height + 1);
    books.change_status(&change, ChangeStatus::Adopted(from));
    let mut events = vec![Event::ChangeAdopted { change, from }];
    match proposed.change {
        Change::RegisterCentre { code, name, region, keys } => {
            let (roles, centre) = ([Role::Centre].into(), proposed.proposer);
            let member = Member { name, region, roles, admitted_by: centre.clone(), admitted_at: at.time };
            books.organisations.insert(code.clone(), member);
            books.keys.extend(keys.into_iter().map(|key| (key, code.clone())));
            events.push(Event::OrganisationRegistered { organisation: code, centre });
        }
        Change::AdmitMember { validator, .. } => {
            let organisation = validator.organisation.clone();
            seat(books, at, &organisation, Some(validator));
            events.push(Event::MemberAdmitted { organisation, from });
        }
        Change::RemoveMember { organisation, .. } => {
            seat(books, at, &organisation, None);
            events.push(Event::MemberRemoved { organisation, from });
        }
        Change::RotateKeys { validator, .. } => {
            let organisation = validator.organisation.clone();
            seat(books, at, &organisation, Some(validator));
            events.push(Event::KeysRotated { organisation, from });
        }
        Change::AdoptRules { pack } => {
            let version = pack.version;
            books.pack = Arc::new(pack);
            events.push(Event::RulesAdopted { version });
        }
    }
    events
}

/// Gives a seat among the members, or takes it.
fn seat(books: &mut Books, at: Entry, who: &CreditCode, validator: Option<Validator>) {
    match validator {
        Some(validator) => drop(books.members.insert(who.clone(), validator)),
        None => drop(books.members.remove(who)),
    }
    books.eras.insert(at.height + 1, books.members.clone());
}
