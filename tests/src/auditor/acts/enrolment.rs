//! The holder of a certificate delegates keys (OR04, ID01 to ID08, ID16 to ID44, ID60 to ID63).

use std::sync::Arc;

use ledger::codec::{self, Title};
use ledger::event::Event;
use ledger::hash::sha256;
use ledger::id::{CertificateId, CertificateKeyId, ChainId, CreditCode, DelegationId, IssuerId};
use ledger::procedure::enrolment::{Delegation, Enrol};
use ledger::record::authority::AuthorityStatus;
use ledger::record::certificate::AnyKey;
use ledger::record::mandate::Mandate;
use ledger::record::organisation::Role;
use ledger::time::BlockTime;

use super::{Entry, Moment, staff, x509};
use crate::auditor::books::{Books, Member};
use crate::auditor::code::{Code, Faults};
use crate::auditor::identity::{Age, Authority, Certificate, Key};
use crate::auditor::rights;

const MOST_CERTIFICATES: usize = 5;
const MOST_BYTES: usize = 24_576;
const MOST_FORMER_NAMES: usize = 8;

/// What an enrolment shows, when its certificate could be judged.
pub(super) struct Shown {
    /// The name of the certificate.
    pub(super) id: CertificateId,
    record: Certificate,
    name: Title,
}

pub(super) fn judge(act: &Enrol, moment: &Moment<'_>, faults: &mut Faults) {
    if let Some(shown) = judge_all(act, moment, faults) {
        faults.when(shared(act, &shown, moment.books).is_some(), Code::KeyShared);
    }
}

/// Notes everything but that a key is shared.
pub(super) fn judge_all(act: &Enrol, moment: &Moment<'_>, faults: &mut Faults) -> Option<Shown> {
    let (delegation, books) = (&act.delegation, moment.books);
    let code = &delegation.organisation;
    judge_use_of_keys(delegation, moment, faults);
    let bytes: usize = act.chain.iter().map(|certificate| certificate.as_slice().len()).sum();
    let counted = !act.chain.is_empty() && act.chain.len() <= MOST_CERTIFICATES;
    faults.when(!counted || bytes > MOST_BYTES, Code::ChainInvalid);
    staff::judge_keys(&delegation.keys, code, moment, faults);
    faults.when(!rights::is_well_formed(&mandate(delegation), moment.time), Code::InvalidMandate);
    faults.when(books.delegations.contains(&name_of(delegation, moment.chain)), Code::EnrolmentReplayed);
    let comes_with_it = |role: &Role| may_have(books.organisations.get(code), *role);
    faults.when(!delegation.roles.iter().all(comes_with_it), Code::RoleNotAdmitted);
    let Some(authority) = books.authorities.get(&act.authority) else {
        faults.when(true, Code::AuthorityUnknown);
        return None;
    };
    faults.when(authority.status == AuthorityStatus::Suspended, Code::AuthoritySuspended);
    faults.when(authority.status == AuthorityStatus::Removed, Code::AuthorityRemoved);
    let (chain, at) = (x509::slices(&act.chain), x509::seconds(moment.time));
    let judged = x509::ask(&authority.terms, |entry| pki::judge_chain(entry, &chain, at));
    let subscriber = faults.unless(judged)?;
    let is_code = subscriber.credit_code.parse::<CreditCode>().is_ok();
    faults.when(!is_code, Code::CreditCodeInvalid);
    faults.when(subscriber.credit_code != code.as_str(), Code::CreditCodeDiffers);
    let said = statement(delegation, moment.chain);
    let signed = pki::verify_statement(&subscriber.spki, &said, act.signature.as_slice());
    faults.when(signed.is_err(), Code::EnrolmentNotSigned);
    let name = subscriber.name().ok().and_then(|name| name.parse().ok()).ok_or(Code::NameMissing);
    let name = faults.unless(name);
    let id = CertificateId::from_bytes(subscriber.fingerprint);
    let mut record = record(act, id, &subscriber, moment);
    judge_status(act, id, &mut record, authority, moment, faults);
    Some(Shown { id, record, name: name? })
}

/// Notes a key that is a member's, or was taken out of use, or is one of the staff. Another organisation's is a
/// shared one.
fn judge_use_of_keys(delegation: &Delegation, moment: &Moment<'_>, faults: &mut Faults) {
    for delegated in &delegation.keys {
        let own = moment.books.keys.get(&delegated.key);
        let own = own.filter(|key| key.holder == delegation.organisation);
        let spoilt = own.is_some_and(|key| key.revoked.is_some() || key.staff.is_some());
        faults.when(spoilt || moment.books.voter(&delegated.key).is_some(), Code::KeyInUse);
    }
}

/// What the certificate's key signs.
fn statement(delegation: &Delegation, chain: &ChainId) -> Vec<u8> {
    codec::encode(&("zhulian/enrolment/1", chain.as_str(), delegation))
}

fn name_of(delegation: &Delegation, chain: &ChainId) -> DelegationId {
    DelegationId::from_bytes(sha256(&statement(delegation, chain)))
}

fn mandate(delegation: &Delegation) -> Mandate {
    Mandate {
        roles: delegation.roles.clone(),
        scope: delegation.scope.clone(),
        expires: delegation.expires,
        read_only: false,
        second_approval_above: None,
    }
}

/// Bidders and sellers need a certificate only, unless they oversee; every other role must have been given.
fn may_have(member: Option<&Member>, role: Role) -> bool {
    let roles = member.map(|member| &member.roles);
    let has = |role: Role| roles.is_some_and(|roles| roles.contains(&role));
    let oversees = has(Role::Centre) || has(Role::Supervisor) || has(Role::Timekeeper);
    has(role) || (!oversees && (role == Role::Bidder || role == Role::Seller))
}

fn record(act: &Enrol, id: CertificateId, subscriber: &pki::Subscriber, moment: &Moment<'_>) -> Certificate {
    let step = |issuer: &[u8; 32], serial: &[u8]| (IssuerId::from_bytes(*issuer), x509::number(serial));
    let known = moment.books.certificates.get(&id);
    Certificate {
        authority: act.authority,
        step: step(&subscriber.issuer_key_fingerprint, &subscriber.serial),
        organisation: act.delegation.organisation.clone(),
        algorithm: x509::algorithm(subscriber.algorithm),
        key: CertificateKeyId::from_bytes(subscriber.key_fingerprint),
        // It falls with an intermediate that ends.
        valid: (
            x509::instant(subscriber.not_before),
            x509::end_of(
                subscriber.path.iter().map(|issuer| issuer.not_after).fold(subscriber.not_after, u64::min),
            ),
        ),
        enrolled_at: known.map_or(moment.time, |known| known.enrolled_at),
        revocation: known.and_then(|known| known.revocation),
        hold: known.and_then(|known| known.hold),
        checked_at: known.and_then(|known| known.checked_at),
        path: subscriber
            .path
            .iter()
            .map(|issuer| step(&issuer.issuer_key_fingerprint, &issuer.serial))
            .collect(),
    }
}

/// Notes a certificate that is revoked, or of which nothing fresh is known, or whose number another one has. A stapled
/// answer counts as known.
fn judge_status(
    act: &Enrol,
    id: CertificateId,
    record: &mut Certificate,
    authority: &Authority,
    moment: &Moment<'_>,
    faults: &mut Faults,
) {
    let (books, time) = (moment.books, moment.time);
    if let Some(response) = &act.ocsp {
        let (chain, at) = (x509::slices(&act.chain), x509::seconds(time));
        let judged =
            x509::ask(&authority.terms, |entry| pki::judge_ocsp(entry, &chain, response.as_slice(), at));
        let Some(answer) = faults.unless(judged) else { return };
        faults.when(answer.status == pki::OcspStatus::Unknown, Code::OcspNoAnswer);
        let revoked = matches!(answer.status, pki::OcspStatus::Revoked(_));
        faults.when(revoked, Code::CertificateRevoked);
        record.checked_at = record.checked_at.max(Some(x509::instant(answer.this_update)));
    }
    let revoked = record.is_revoked(time)
        || books.is_listed(record.authority, &record.step, time)
        || books.path_is_revoked(record, time);
    faults.when(revoked, Code::CertificateRevoked);
    faults.when(books.age_of_data(record, time) != Age::Fresh, Code::EnrolmentNeedsFreshData);
    let numbered = books.numbered(record.authority, &record.step);
    faults.when(numbered.is_some_and(|other| other != id), Code::SerialTaken);
}

/// The first key of an enrolment that another organisation holds, the certificate's before the delegated ones, and who
/// holds it.
pub(super) fn shared(act: &Enrol, shown: &Shown, books: &Books) -> Option<(AnyKey, CreditCode)> {
    let another = |holder: &&CreditCode| **holder != act.delegation.organisation;
    let certificates = books.holder_of_certificate_key(&shown.record.key).filter(another);
    let certificates = certificates.map(|holder| (AnyKey::Certificate(shown.record.key), holder.clone()));
    let mut keys = act.delegation.keys.iter().filter_map(|delegated| {
        let holder = books.keys.get(&delegated.key).map(|key| &key.holder).filter(another)?;
        Some((AnyKey::Ledger(delegated.key), holder.clone()))
    });
    certificates.or_else(|| keys.next())
}

pub(super) fn enter(act: &Enrol, books: &mut Books, entry: &Entry, chain: &ChainId) -> Vec<Event> {
    let moment = entry.moment(books, chain);
    // `judge` has found nothing against it.
    let Some(shown) = judge_all(act, &moment, &mut Faults::default()) else { return Vec::new() };
    let Shown { id: certificate, record, name } = shown;
    let delegation = &act.delegation;
    let (code, authority, valid_from) = (delegation.organisation.clone(), act.authority, record.valid.0);
    let first = !books.organisations.contains_key(&code);
    let organisation = code.clone();
    let mut events = vec![Event::OrganisationEnrolled { organisation, certificate, authority, first }];
    let member = books.organisations.entry(code.clone()).or_insert_with(|| Member {
        name: name.clone(),
        region: delegation.region.clone(),
        roles: Default::default(),
        admitted_by: code.clone(),
        admitted_at: entry.time,
        named_from: Some(valid_from),
        former_names: Vec::new(),
    });
    member.roles.extend(&delegation.roles);
    events.extend(rename(member, &code, name, valid_from, entry.time));
    // A list may have the certificate from a day on that is yet to come.
    let said = books.said_by_list(authority, &record.step, entry.time);
    let said = said.filter(|said| record.learns_from(said, entry.time));
    books.certificates.insert(certificate, record);
    events.extend(said.map(|said| books.revoke(&certificate, said, entry.time)));
    books.delegations.insert(name_of(delegation, chain));
    let key = Key {
        mandate: Some(Arc::new(mandate(delegation))),
        certificate: Some(certificate),
        ..Key::registered(code)
    };
    books.keys.extend(delegation.keys.iter().map(|delegated| (delegated.key, key.clone())));
    events
}

/// The name on the certificate that is valid from the latest day is the organisation's.
fn rename(
    member: &mut Member,
    code: &CreditCode,
    name: Title,
    valid_from: BlockTime,
    now: BlockTime,
) -> Option<Event> {
    if member.named_from >= Some(valid_from) {
        return None;
    }
    member.named_from = Some(valid_from);
    if member.name == name {
        return None;
    }
    let former = std::mem::replace(&mut member.name, name.clone());
    member.former_names.push((former.clone(), now));
    if member.former_names.len() > MOST_FORMER_NAMES {
        member.former_names.remove(0);
    }
    Some(Event::OrganisationRenamed { organisation: code.clone(), name, former })
}
