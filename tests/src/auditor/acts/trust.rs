//! The trust list, as the members decide on it (ID04, ID12, ID14, ID66 to ID69, and what is wrong with certificates).

use std::sync::Arc;

use ledger::event::Event;
use ledger::hash::sha256;
use ledger::id::{AuthorityId, CertificateId, ChangeId};
use ledger::record::authority::{AuthorityStatus, AuthorityTerms};
use ledger::record::certificate::{Revocation, RevocationReason, RevocationSource};
use ledger::time::BlockTime;

use super::{Moment, x509};
use crate::auditor::books::Books;
use crate::auditor::code::{Code, Faults};
use crate::auditor::identity::{Authority, is_hold};

const MOST_AUTHORITIES: usize = 256;
const MOST_INTERMEDIATES: usize = 8;
const MOST_SOURCES: usize = 8;
/// The shortest and the longest age or grace, in milliseconds: an hour and 400 days.
const SPANS: std::ops::RangeInclusive<u64> = 3_600_000..=400 * 86_400_000;

fn name(terms: &AuthorityTerms) -> AuthorityId {
    AuthorityId::from_bytes(sha256(terms.root.as_slice()))
}

fn is_well_formed(terms: &AuthorityTerms) -> bool {
    let freshness = terms.freshness;
    terms.intermediates.len() <= MOST_INTERMEDIATES
        && terms.sources.len() <= MOST_SOURCES
        && !terms.algorithms.is_empty()
        && terms.algorithms.is_sorted_by(|a, b| a < b)
        && SPANS.contains(&freshness.max_age.as_millis())
        && SPANS.contains(&freshness.grace.as_millis())
}

pub(super) fn judge_entry(terms: &AuthorityTerms, moment: &Moment<'_>, faults: &mut Faults) {
    faults.unless(x509::entry(terms));
    faults.when(!is_well_formed(terms), Code::InvalidAuthority);
    match moment.books.authorities.get(&name(terms)) {
        Some(entry) => {
            let same = entry.status == AuthorityStatus::Trusted && *entry.terms == *terms;
            faults.when(same, Code::AuthorityStatusUnchanged);
        }
        None => faults.when(moment.books.authorities.len() >= MOST_AUTHORITIES, Code::TooManyAuthorities),
    }
}

/// Notes whether the entry is not there, or in none of the states that the change leads away from.
pub(super) fn judge_status(
    authority: &AuthorityId,
    from: &[AuthorityStatus],
    moment: &Moment<'_>,
    faults: &mut Faults,
) {
    match moment.books.authorities.get(authority) {
        None => faults.when(true, Code::AuthorityUnknown),
        Some(entry) => faults.when(!from.contains(&entry.status), Code::AuthorityStatusUnchanged),
    }
}

pub(super) fn judge_revocation(
    id: &CertificateId,
    reason: RevocationReason,
    date: Option<BlockTime>,
    moment: &Moment<'_>,
    faults: &mut Faults,
) {
    let said = revocation_by_members(reason, date, ChangeId::default(), moment.time);
    match moment.books.certificates.get(id) {
        None => faults.when(true, Code::CertificateUnknown),
        Some(known) => {
            faults.when(!known.learns_from(&said, moment.time), Code::CertificateRevokedAlready);
        }
    }
    faults.when(is_hold(reason), Code::NotTheHolder);
    faults.when(said.date > moment.time, Code::RevocationInFuture);
}

/// Trusting the same root again amends its entry, whatever had become of it.
pub(super) fn enter(terms: &AuthorityTerms, change: ChangeId, books: &mut Books, time: BlockTime) -> Event {
    let authority = name(terms);
    let first_trusted_at = books.authorities.get(&authority).map_or(time, |entry| entry.first_trusted_at);
    let (terms, status) = (Arc::new(terms.clone()), AuthorityStatus::Trusted);
    books.authorities.insert(authority, Authority { terms, first_trusted_at, status, since: time, change });
    Event::AuthorityTrusted { authority, change }
}

pub(super) fn set_status(
    authority: AuthorityId,
    status: AuthorityStatus,
    change: ChangeId,
    books: &mut Books,
    since: BlockTime,
) {
    if let Some(entry) = books.authorities.get_mut(&authority) {
        *entry = Authority { status, since, change, ..entry.clone() };
    }
}

/// From the date that the members name, or from now on.
pub(super) fn revocation_by_members(
    reason: RevocationReason,
    date: Option<BlockTime>,
    change: ChangeId,
    time: BlockTime,
) -> Revocation {
    Revocation {
        date: date.unwrap_or(time),
        reason,
        source: RevocationSource::Members(change),
        as_of: time,
        recorded_at: time,
    }
}
