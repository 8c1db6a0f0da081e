//! What a change must meet to be possible, and what it does with a quorum behind it (GO06 to GO15; those of the trust list
//! are in `trust`).

use std::sync::Arc;

use ledger::codec;
use ledger::crypto::{PublicKey, Signature, verify};
use ledger::event::Event;
use ledger::governance::{Change, ChangeStatus, RemovalReason};
use ledger::id::{ChangeId, Height};
use ledger::record::authority::AuthorityStatus;
use ledger::record::organisation::Role;
use ledger::validators::Validator;

use super::{Entry, Moment, pack, registration, trust};
use crate::auditor::books::{Books, Member};
use crate::auditor::code::{Code, Faults};
use crate::auditor::governance::seat;

const MOST_MEMBERS: usize = 128;

/// Notes what stands against a change.
pub(super) fn judge(change: &Change, moment: &Moment<'_>, faults: &mut Faults) {
    let members = &moment.books.members;
    match change {
        Change::RegisterCentre { code, keys, .. } => {
            registration::judge_newcomer(code, keys, moment, faults);
        }
        Change::AdmitMember { validator, proof } => {
            let candidate = &validator.organisation;
            judge_keys(validator, proof, moment, faults);
            faults.when(!moment.books.has_role(candidate, Role::Centre), Code::CandidateNotCentre);
            faults.when(members.contains_key(candidate), Code::MemberExists);
            faults.when(members.len() >= MOST_MEMBERS, Code::TooManyMembers);
        }
        Change::RemoveMember { organisation, reason } => {
            faults.when(!members.contains_key(organisation), Code::MemberUnknown);
            faults.when(members.len() == 1, Code::LastMember);
            if let RemovalReason::DoubleSigning(id) = reason {
                let recorded = moment.books.double_signings.get(id);
                let its_own = recorded.is_some_and(|record| record.organisation == *organisation);
                faults.when(!its_own, Code::EvidenceUnknown);
            }
        }
        Change::RotateKeys { validator, proof } => {
            let now = members.get(&validator.organisation);
            judge_keys(validator, proof, moment, faults);
            faults.when(now.is_none(), Code::MemberUnknown);
            faults.when(now == Some(&seat(validator)), Code::KeysNotNew);
        }
        Change::AdoptRules { pack } => {
            faults.when(!pack::is_good(pack, moment.time), Code::InvalidRulePack);
            let next = u64::from(moment.books.pack.version) + 1;
            faults.when(u64::from(pack.version) != next, Code::RulePackNotNext);
        }
        Change::TrustAuthority { terms } => trust::judge_entry(terms, moment, faults),
        Change::SuspendAuthority { authority, .. } => {
            trust::judge_status(authority, &[AuthorityStatus::Trusted], moment, faults);
        }
        Change::ReinstateAuthority { authority } => {
            trust::judge_status(authority, &[AuthorityStatus::Suspended], moment, faults);
        }
        Change::RemoveAuthority { authority, .. } => {
            let listed = [AuthorityStatus::Trusted, AuthorityStatus::Suspended];
            trust::judge_status(authority, &listed, moment, faults);
        }
        Change::RevokeCertificate { certificate, reason, date } => {
            trust::judge_revocation(certificate, *reason, *date, moment, faults);
        }
    }
}

/// Notes what is wrong with the keys of a member to be.
fn judge_keys(validator: &Validator, proof: &Signature, moment: &Moment<'_>, faults: &mut Faults) {
    let Validator { public_key, network_key, organisation } = validator;
    let keys = [public_key, network_key];
    faults.when(!keys.into_iter().all(PublicKey::is_strong), Code::InvalidKeys);
    faults.when(moment.books.keys.contains_key(public_key), Code::KeyInUse);
    let others = moment.books.members.iter().filter(|(code, _)| *code != organisation);
    let mut theirs = others.flat_map(|(_, seat)| [seat.votes, seat.speaks]);
    faults.when(theirs.any(|key| keys.contains(&&key)), Code::KeysNotNew);
    let (chain, code) = (moment.chain.as_str(), organisation.as_str());
    let signed = codec::encode(&("zhulian/possession/1", chain, code, public_key, network_key));
    faults.when(verify(public_key, &signed, proof).is_err(), Code::PossessionNotProven);
}

/// Lets a change take effect if more than two thirds of the members are behind it.
pub(super) fn settle(id: ChangeId, books: &mut Books, entry: &Entry) -> Vec<Event> {
    let Some(proposal) = books.changes.get(&id) else { return Vec::new() };
    if !proposal.has_quorum(&books.members) {
        return Vec::new();
    }
    let (change, proposer) = (proposal.change.clone(), proposal.proposer.clone());
    let from = Height::new(entry.height + 1);
    books.change_proposal(id, |proposal| proposal.status = ChangeStatus::Adopted(from));
    let effect = match &*change {
        Change::RegisterCentre { code, name, region, keys } => {
            let centre = Member {
                name: name.clone(),
                region: region.clone(),
                roles: [Role::Centre].into(),
                admitted_by: proposer.clone(),
                admitted_at: entry.time,
                named_from: None,
                former_names: Vec::new(),
            };
            books.register(code.clone(), centre, keys);
            Event::OrganisationRegistered { organisation: code.clone(), centre: proposer }
        }
        Change::AdmitMember { validator, .. } => {
            let organisation = validator.organisation.clone();
            books.change_members(from.get(), |all| {
                all.insert(organisation.clone(), seat(validator));
            });
            Event::MemberAdmitted { organisation, from }
        }
        Change::RemoveMember { organisation, .. } => {
            books.change_members(from.get(), |all| {
                all.remove(organisation);
            });
            Event::MemberRemoved { organisation: organisation.clone(), from }
        }
        Change::RotateKeys { validator, .. } => {
            let organisation = validator.organisation.clone();
            books.change_members(from.get(), |all| {
                all.insert(organisation.clone(), seat(validator));
            });
            Event::KeysRotated { organisation, from }
        }
        Change::AdoptRules { pack } => {
            let former = std::mem::replace(&mut books.pack, Arc::new(pack.clone()));
            books.former_packs.insert(former.version, former);
            Event::RulesAdopted { version: pack.version, kind: pack.kind }
        }
        Change::TrustAuthority { terms } => trust::enter(terms, id, books, entry.time),
        Change::SuspendAuthority { authority, .. } => {
            trust::set_status(*authority, AuthorityStatus::Suspended, id, books, entry.time);
            Event::AuthoritySuspended { authority: *authority, change: id }
        }
        Change::ReinstateAuthority { authority } => {
            trust::set_status(*authority, AuthorityStatus::Trusted, id, books, entry.time);
            Event::AuthorityReinstated { authority: *authority, change: id }
        }
        Change::RemoveAuthority { authority, .. } => {
            trust::set_status(*authority, AuthorityStatus::Removed, id, books, entry.time);
            Event::AuthorityRemoved { authority: *authority, change: id }
        }
        Change::RevokeCertificate { certificate, reason, date } => {
            let revocation = trust::revocation_by_members(*reason, *date, id, entry.time);
            books.revoke(certificate, revocation, entry.time)
        }
    };
    vec![Event::ChangeAdopted { change: id, from }, effect]
}
