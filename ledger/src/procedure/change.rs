//! What a change needs to be possible, and what it does when a quorum stands behind it.

use super::registration::{check_keys, check_unused, register};
use super::{Context, epoch, trust, unschedule};
use crate::crypto::{PublicKey, Signature};
use crate::event::Event;
use crate::execute::Failure;
use crate::execute::rejection::Rejection;
use crate::governance::{Change, ChangeStatus, Era, ProposedChange, RemovalReason, proves_possession};
use crate::id::CreditCode;
use crate::record::Due;
use crate::record::authority::AuthorityStatus;
use crate::record::organisation::{Organisation, Role};
use crate::rule::{RulePack, TradeKind};
use crate::state::keys::{
    ChangeKey, DoubleSigningKey, EraKey, FormerRulesKey, KeyHolderKey, OpenChangesKey, RulesKey,
    ValidatorsKey,
};
use crate::state::{Overlay, StateError};
use crate::validators::{MAX_VALIDATORS, Validator, ValidatorSet};

/// The members of the next block, with what this block has changed so far.
pub(super) fn members(state: &Overlay<'_>) -> Result<ValidatorSet, StateError> {
    let found = state.read(&ValidatorsKey)?;
    found.ok_or_else(|| StateError::Store("the state has no validator set".into()))
}

/// Whether the signer's organisation is a member.
pub(super) fn check_member(context: &Context<'_, '_>) -> Result<(), Failure> {
    let of_member = members(context.state)?.of(&context.signer.code).is_some();
    if of_member { Ok(()) } else { Err(Rejection::NotAMember.into()) }
}

pub(super) fn put_change(state: &mut Overlay<'_>, proposed: &ProposedChange) {
    state.write(&ChangeKey(&proposed.id), proposed);
}

/// Answers with a refusal of a change that comes before every rule of governance: keys and organisations
/// are refused by the numbers of their own rules.
pub(super) fn before_governance(judged: &Result<(), Failure>) -> Result<(), Failure> {
    match judged {
        Err(Failure::Rejected(rejection)) if *rejection >= Rejection::NotAMember => Ok(()),
        other => other.clone(),
    }
}

/// Whether the change could take effect now. Every rule of every change is checked in the order of
/// [`Rejection`].
pub(super) fn judge(change: &Change, context: &Context<'_, '_>) -> Result<(), Failure> {
    match change {
        Change::RegisterCentre { code, keys, .. } => {
            check_keys(keys)?;
            check_unused(code, keys, context)
        }
        Change::AdmitMember { validator, proof } => judge_admission(validator, proof, context),
        Change::RemoveMember { organisation, reason } => judge_removal(organisation, reason, context),
        Change::RotateKeys { validator, proof } => judge_rotation(validator, proof, context),
        Change::AdoptRules { pack } => {
            pack.check(context.time).map_err(|_| Rejection::InvalidRulePack)?;
            let version = rules(pack.kind, context)?.map_or(0, |now| now.version);
            if pack.version != version.saturating_add(1) {
                return Err(Rejection::RulePackNotNext.into());
            }
            Ok(())
        }
        Change::TrustAuthority { terms } => trust::judge_entry(terms, context),
        Change::SuspendAuthority { authority, .. } => {
            trust::judge_status(authority, &[AuthorityStatus::Trusted], context)
        }
        Change::ReinstateAuthority { authority } => {
            trust::judge_status(authority, &[AuthorityStatus::Suspended], context)
        }
        Change::RemoveAuthority { authority, .. } => {
            let either = [AuthorityStatus::Trusted, AuthorityStatus::Suspended];
            trust::judge_status(authority, &either, context)
        }
        Change::RevokeCertificate { certificate, reason, date } => {
            trust::judge_revocation(certificate, *reason, *date, context)
        }
    }
}

fn judge_admission(
    validator: &Validator,
    proof: &Signature,
    context: &Context<'_, '_>,
) -> Result<(), Failure> {
    check_strength(validator)?;
    check_not_held(validator, context)?;
    let centre = context.organisation(&validator.organisation)?;
    if !centre.is_some_and(|organisation| organisation.has(Role::Centre)) {
        return Err(Rejection::CandidateNotCentre.into());
    }
    let members = members(context.state)?;
    if members.of(&validator.organisation).is_some() {
        return Err(Rejection::MemberExists.into());
    }
    check_fresh(validator, &members)?;
    if !proves_possession(context.chain, validator, proof) {
        return Err(Rejection::PossessionNotProven.into());
    }
    if members.len() >= MAX_VALIDATORS {
        return Err(Rejection::TooManyMembers.into());
    }
    Ok(())
}

fn judge_removal(
    organisation: &CreditCode,
    reason: &RemovalReason,
    context: &Context<'_, '_>,
) -> Result<(), Failure> {
    let members = members(context.state)?;
    members.of(organisation).ok_or(Rejection::MemberUnknown)?;
    if members.len() < 2 {
        return Err(Rejection::LastMember.into());
    }
    check_reason(organisation, reason, context)
}

fn judge_rotation(
    validator: &Validator,
    proof: &Signature,
    context: &Context<'_, '_>,
) -> Result<(), Failure> {
    check_strength(validator)?;
    check_not_held(validator, context)?;
    let members = members(context.state)?;
    let now = members.of(&validator.organisation).ok_or(Rejection::MemberUnknown)?;
    if now == validator {
        return Err(Rejection::KeysNotNew.into());
    }
    check_fresh(validator, &members)?;
    if !proves_possession(context.chain, validator, proof) {
        return Err(Rejection::PossessionNotProven.into());
    }
    Ok(())
}

/// The rules of a kind of trade; a network may begin without those of another kind than listings.
fn rules(kind: TradeKind, context: &Context<'_, '_>) -> Result<Option<RulePack>, StateError> {
    context.state.read(&RulesKey(kind))
}

fn check_strength(validator: &Validator) -> Result<(), Rejection> {
    let strong = [&validator.public_key, &validator.network_key].into_iter().all(PublicKey::is_strong);
    if strong { Ok(()) } else { Err(Rejection::InvalidKeys) }
}

/// A key that signs for an organisation must not vote: whose act a signature is would be ambiguous.
fn check_not_held(validator: &Validator, context: &Context<'_, '_>) -> Result<(), Failure> {
    match context.state.read(&KeyHolderKey(&validator.public_key))? {
        Some(_) => Err(Rejection::KeyInUse.into()),
        None => Ok(()),
    }
}

/// Whether no other member has one of the keys.
fn check_fresh(validator: &Validator, members: &ValidatorSet) -> Result<(), Rejection> {
    let mut others = members.iter().filter(|member| member.organisation != validator.organisation);
    let taken = others.any(|member| {
        let theirs = [member.public_key, member.network_key];
        theirs.contains(&validator.public_key) || theirs.contains(&validator.network_key)
    });
    if taken { Err(Rejection::KeysNotNew) } else { Ok(()) }
}

fn check_reason(
    organisation: &CreditCode,
    reason: &RemovalReason,
    context: &Context<'_, '_>,
) -> Result<(), Failure> {
    let RemovalReason::DoubleSigning(id) = reason else { return Ok(()) };
    match context.state.read(&DoubleSigningKey(id))? {
        Some(recorded) if recorded.organisation == *organisation => Ok(()),
        _ => Err(Rejection::EvidenceUnknown.into()),
    }
}

/// Puts the change into effect if a quorum of the members stands behind it. It has been judged.
pub(super) fn settle(mut proposed: ProposedChange, context: &mut Context<'_, '_>) -> Result<(), StateError> {
    let members = members(context.state)?;
    if proposed.approvals_of(&members) < members.quorum() {
        return Ok(());
    }
    let from = context.height.next();
    close(&mut proposed, ChangeStatus::Adopted(from), context.state)?;
    unschedule(context.state, proposed.expires_at, Due::ChangeExpires(proposed.id));
    context.events.push(Event::ChangeAdopted { change: proposed.id, from });
    match proposed.change {
        Change::RegisterCentre { code, name, region, keys } => {
            let centre = Organisation {
                code,
                name,
                region,
                roles: vec![Role::Centre],
                admitted_by: proposed.proposer,
                admitted_at: context.time,
                named_from: None,
                former_names: Vec::new(),
            };
            register(centre, &keys, context);
            Ok(())
        }
        Change::AdmitMember { validator, .. } => {
            let organisation = validator.organisation.clone();
            replace(&members, None, Some(validator), context)?;
            context.events.push(Event::MemberAdmitted { organisation, from });
            epoch::succeed(context.state, &mut context.events, context.time)
        }
        Change::RemoveMember { organisation, .. } => {
            replace(&members, Some(&organisation), None, context)?;
            context.events.push(Event::MemberRemoved { organisation, from });
            epoch::succeed(context.state, &mut context.events, context.time)
        }
        Change::RotateKeys { validator, .. } => {
            let organisation = validator.organisation.clone();
            replace(&members, Some(&organisation), Some(validator), context)?;
            context.events.push(Event::KeysRotated { organisation, from });
            Ok(())
        }
        Change::AdoptRules { pack } => {
            let kind = pack.kind;
            if let Some(former) = rules(kind, context)? {
                context.state.write(&FormerRulesKey(kind, former.version), &former);
            }
            context.state.write(&RulesKey(kind), &pack);
            context.events.push(Event::RulesAdopted { version: pack.version, kind });
            Ok(())
        }
        Change::TrustAuthority { terms } => trust::trust(terms, proposed.id, context),
        Change::SuspendAuthority { authority, .. } => {
            context.events.push(Event::AuthoritySuspended { authority, change: proposed.id });
            trust::set_status(authority, AuthorityStatus::Suspended, proposed.id, context)
        }
        Change::ReinstateAuthority { authority } => {
            context.events.push(Event::AuthorityReinstated { authority, change: proposed.id });
            trust::set_status(authority, AuthorityStatus::Trusted, proposed.id, context)
        }
        Change::RemoveAuthority { authority, .. } => {
            context.events.push(Event::AuthorityRemoved { authority, change: proposed.id });
            trust::set_status(authority, AuthorityStatus::Removed, proposed.id, context)
        }
        Change::RevokeCertificate { certificate, reason, date } => {
            trust::revoke_certificate(&certificate, reason, date, proposed.id, context)
        }
    }
}

/// Ends a change's being open.
pub(super) fn close(
    proposed: &mut ProposedChange,
    status: ChangeStatus,
    state: &mut Overlay<'_>,
) -> Result<(), StateError> {
    proposed.status = status;
    put_change(state, proposed);
    let key = OpenChangesKey(&proposed.proposer);
    match state.read(&key)?.unwrap_or(0).saturating_sub(1) {
        0 => state.remove(&key),
        left => state.write(&key, &left),
    }
    Ok(())
}

/// Begins a new era with the next height: without the member `out` and with the member `new`.
fn replace(
    members: &ValidatorSet,
    out: Option<&CreditCode>,
    new: Option<Validator>,
    context: &mut Context<'_, '_>,
) -> Result<(), StateError> {
    let stay = members.iter().filter(|member| Some(&member.organisation) != out).cloned();
    let set = ValidatorSet::new(stay.chain(new).collect())
        .map_err(|e| StateError::Store(format!("a judged change gives no validator set: {e}")))?;
    context.state.write(&ValidatorsKey, &set);
    let from = context.height.next();
    context.state.write(&EraKey(from), &Era { from, validators: set });
    Ok(())
}
