//! The trust list: what a change of it needs, and what it does when a quorum stands behind it.

use super::Context;
use super::revocation::{adds, known, revoke};
use super::x509::check_entry;
use crate::event::Event;
use crate::execute::Failure;
use crate::execute::rejection::Rejection;
use crate::id::{AuthorityId, CertificateId, ChangeId};
use crate::record::authority::{
    AuthorityStanding, AuthorityStatus, AuthorityTerms, CertificationAuthority, MAX_AUTHORITIES,
};
use crate::record::certificate::{Revocation, RevocationReason, RevocationSource};
use crate::state::StateError;
use crate::state::keys::{AuthorityCountKey, AuthorityKey, AuthorityStandingKey, CertificateKey};
use crate::time::BlockTime;

/// Whether an entry can come on the trust list, or take the place of the one with the same root.
pub(super) fn judge_entry(terms: &AuthorityTerms, context: &Context<'_, '_>) -> Result<(), Failure> {
    check_entry(terms)?;
    if !terms.is_well_formed() {
        return Err(Rejection::InvalidAuthority.into());
    }
    match context.state.read(&AuthorityKey(&terms.id()))? {
        Some(entry) if entry.status == AuthorityStatus::Trusted && entry.terms == *terms => {
            Err(Rejection::AuthorityStatusUnchanged.into())
        }
        Some(_) => Ok(()),
        None if context.state.read(&AuthorityCountKey)?.unwrap_or(0) >= MAX_AUTHORITIES => {
            Err(Rejection::TooManyAuthorities.into())
        }
        None => Ok(()),
    }
}

/// Whether an entry has one of the states in which the change does anything.
pub(super) fn judge_status(
    authority: &AuthorityId,
    from: &[AuthorityStatus],
    context: &Context<'_, '_>,
) -> Result<(), Failure> {
    let entry = context.state.read(&AuthorityKey(authority))?.ok_or(Rejection::AuthorityUnknown)?;
    if from.contains(&entry.status) { Ok(()) } else { Err(Rejection::AuthorityStatusUnchanged.into()) }
}

/// Whether the members can revoke a certificate so.
pub(super) fn judge_revocation(
    id: &CertificateId,
    reason: RevocationReason,
    date: Option<BlockTime>,
    context: &Context<'_, '_>,
) -> Result<(), Failure> {
    let certificate = known(id, context)?;
    let revocation = by_members(reason, date, ChangeId::default(), context);
    if revocation.is_hold() {
        return Err(Rejection::NotTheHolder.into());
    }
    if !adds(&certificate, &revocation, context.time) {
        return Err(Rejection::CertificateRevokedAlready.into());
    }
    if revocation.date > context.time {
        return Err(Rejection::RevocationInFuture.into());
    }
    Ok(())
}

fn by_members(
    reason: RevocationReason,
    date: Option<BlockTime>,
    change: ChangeId,
    context: &Context<'_, '_>,
) -> Revocation {
    Revocation {
        date: date.unwrap_or(context.time),
        reason,
        source: RevocationSource::Members(change),
        as_of: context.time,
        recorded_at: context.time,
    }
}

/// Puts an entry on the list, or in the place of the one with the same root.
pub(super) fn trust(
    terms: AuthorityTerms,
    change: ChangeId,
    context: &mut Context<'_, '_>,
) -> Result<(), StateError> {
    let id = terms.id();
    let before = context.state.read(&AuthorityKey(&id))?;
    if before.is_none() {
        let count = context.state.read(&AuthorityCountKey)?.unwrap_or(0);
        context.state.write(&AuthorityCountKey, &count.saturating_add(1));
    }
    let first_trusted_at = before.map_or(context.time, |before| before.first_trusted_at);
    let (status, since) = (AuthorityStatus::Trusted, context.time);
    put(CertificationAuthority { id, terms, first_trusted_at, status, since, change }, context);
    context.events.push(Event::AuthorityTrusted { authority: id, change });
    Ok(())
}

/// Gives an entry another status.
pub(super) fn set_status(
    authority: AuthorityId,
    status: AuthorityStatus,
    change: ChangeId,
    context: &mut Context<'_, '_>,
) -> Result<(), StateError> {
    let missing = || StateError::Store("a judged change names no authority".into());
    let entry = context.state.read(&AuthorityKey(&authority))?.ok_or_else(missing)?;
    put(CertificationAuthority { status, since: context.time, change, ..entry }, context);
    Ok(())
}

/// Revokes a certificate by the members' change.
pub(super) fn revoke_certificate(
    id: &CertificateId,
    reason: RevocationReason,
    date: Option<BlockTime>,
    change: ChangeId,
    context: &mut Context<'_, '_>,
) -> Result<(), StateError> {
    let missing = || StateError::Store("a judged change names no certificate".into());
    let certificate = context.state.read(&CertificateKey(id))?.ok_or_else(missing)?;
    let revocation = by_members(reason, date, change, context);
    revoke(certificate, revocation, context);
    Ok(())
}

fn put(entry: CertificationAuthority, context: &mut Context<'_, '_>) {
    let standing = AuthorityStanding { status: entry.status, freshness: entry.terms.freshness };
    context.state.write(&AuthorityStandingKey(&entry.id), &standing);
    context.state.write(&AuthorityKey(&entry.id), &entry);
}
