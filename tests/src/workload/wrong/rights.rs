//! Acts that a key may not do: what it comes from does not count, or its mandate does not reach.

use ledger::action::Action;
use ledger::procedure::admission::AdmitRole;
use ledger::procedure::quote::SubmitQuote;
use ledger::record::authority::AuthorityStatus;
use ledger::record::mandate::Mandate;
use ledger::record::organisation::Role;

use super::super::draw::Draw;
use super::super::hand::{Hand, Scene};
use super::super::{identity, legal};
use crate::auditor::identity::{Certificate, Key};

/// An appointment, which every role may do, by a key that meets a condition.
fn by(hand: &mut Hand, scene: &Scene<'_>, good: impl Fn(&Key) -> bool) -> Option<Draw> {
    identity::appoint_by(hand, scene, good, |_, _, _| Some(()))
}

/// The same by a key of which the certificate meets a condition.
fn by_certificate(hand: &mut Hand, scene: &Scene<'_>, good: impl Fn(&Certificate) -> bool) -> Option<Draw> {
    by(hand, scene, |key| {
        let certificate = key.certificate.and_then(|id| scene.books.certificates.get(&id));
        key.revoked.is_none() && certificate.is_some_and(&good)
    })
}

pub(super) fn key_revoked(hand: &mut Hand, scene: &Scene<'_>) -> Option<Draw> {
    by(hand, scene, |key| key.revoked.is_some())
}

pub(super) fn mandate_expired(hand: &mut Hand, scene: &Scene<'_>) -> Option<Draw> {
    by(hand, scene, |key| key.mandate.as_deref().is_some_and(|mandate| mandate.expires <= scene.time))
}

pub(super) fn read_only(hand: &mut Hand, scene: &Scene<'_>) -> Option<Draw> {
    by(hand, scene, |key| key.mandate.as_deref().is_some_and(|mandate| mandate.read_only))
}

pub(super) fn certificate_expired(hand: &mut Hand, scene: &Scene<'_>) -> Option<Draw> {
    by_certificate(hand, scene, |certificate| certificate.valid.1 < scene.time)
}

pub(super) fn certificate_revoked(hand: &mut Hand, scene: &Scene<'_>) -> Option<Draw> {
    by_certificate(hand, scene, |certificate| !certificate.is_clear())
}

pub(super) fn authority_not_trusted(hand: &mut Hand, scene: &Scene<'_>) -> Option<Draw> {
    by_certificate(hand, scene, |certificate| {
        let authority = scene.books.authorities.get(&certificate.authority);
        authority.is_some_and(|authority| authority.status != AuthorityStatus::Trusted)
    })
}

pub(super) fn data_stale(hand: &mut Hand, scene: &Scene<'_>) -> Option<Draw> {
    by_certificate(hand, scene, |certificate| {
        let list = scene.books.lists.get(&(certificate.authority, certificate.step.0));
        list.is_some_and(|list| list.updates.0 < scene.time)
    })
}

/// Something that an organisation does in a role, good or not.
fn in_role(hand: &mut Hand, scene: &Scene<'_>, role: Role) -> Option<Action> {
    Some(match role {
        Role::Seller => Action::PublishListing(legal::listing(hand, scene)?),
        Role::Bidder => {
            let (code, deal) = hand.deal(scene, |_| true)?;
            Action::SubmitQuote(SubmitQuote { listing: code.clone(), price: deal.notice.prices.reserve })
        }
        Role::Guarantor => {
            let (code, deal) = hand.deal(scene, |_| true)?;
            Action::IssueGuarantee(legal::issue(hand, scene, code, deal)?)
        }
        Role::Centre | Role::Supervisor | Role::Timekeeper | Role::Organiser => return None,
    })
}

/// An act in a role by a key of which the mandate meets a condition; in a role of the mandate, or in another one.
fn limited(
    hand: &mut Hand,
    scene: &Scene<'_>,
    inside: bool,
    good: impl Fn(&Mandate) -> bool,
) -> Option<Draw> {
    let usable = |key: &Key| {
        let mandate =
            key.mandate.as_deref().filter(|mandate| mandate.expires > scene.time && !mandate.read_only);
        key.revoked.is_none() && mandate.is_some_and(&good)
    };
    let by = hand.key_that(scene, |_, key| usable(key))?;
    let key = scene.books.keys.get(&by)?;
    let (member, mandate) = (scene.books.organisations.get(&key.holder)?, key.mandate.as_deref()?);
    let roles: Vec<Role> =
        member.roles.iter().copied().filter(|role| mandate.roles.contains(role) == inside).collect();
    let role = *hand.chance.pick(&roles)?;
    let action = in_role(hand, scene, role)?;
    Some(hand.act_with(scene, by, action))
}

pub(super) fn role_outside(hand: &mut Hand, scene: &Scene<'_>) -> Option<Draw> {
    limited(hand, scene, false, |_| true)
}

pub(super) fn region_outside(hand: &mut Hand, scene: &Scene<'_>) -> Option<Draw> {
    limited(hand, scene, true, |mandate| {
        mandate.scope.regions.iter().any(|region| region.as_str() == "440100")
    })
}

pub(super) fn amount_outside(hand: &mut Hand, scene: &Scene<'_>) -> Option<Draw> {
    limited(hand, scene, true, |mandate| mandate.scope.ceiling.is_some())
}

pub(super) fn second_approval_missing(hand: &mut Hand, scene: &Scene<'_>) -> Option<Draw> {
    let draw = limited(hand, scene, true, |mandate| mandate.second_approval_above.is_some())?;
    let record = scene.books.keys.get(&draw.key)?;
    // Mostly by nobody, or by the same person's other key, or by one that may do nothing itself.
    let same = |key: &Key| {
        let person = |key: &Key| key.staff.map(|(person, ..)| person);
        key.holder == record.holder && (person(key) == person(record) || key.revoked.is_some())
    };
    let other = hand.key_that(scene, |public, key| *public != draw.key && same(key));
    Some(if hand.chance.happens(50) { draw } else { draw.approved(other) })
}

/// Approvals that are none: by another organisation's key, by the signer's own, twice, or in no order.
pub(super) fn invalid_approval(hand: &mut Hand, scene: &Scene<'_>) -> Option<Draw> {
    let mut draw = legal::next(hand, scene)?;
    let who = &scene.books.keys.get(&draw.key)?.holder;
    let other = hand.key_that(scene, |_, key| key.holder != *who)?;
    let own = hand.key_that(scene, |public, key| key.holder == *who && *public != draw.key);
    draw.approvals = match hand.chance.below(4) {
        0 => vec![draw.key],
        1 => vec![own?, own?],
        2 => vec![own?.max(other), own?.min(other)],
        _ => vec![other],
    };
    Some(draw)
}

pub(super) fn organisation_unknown(hand: &mut Hand, scene: &Scene<'_>) -> Option<Draw> {
    let organisation = hand.fresh_code()?;
    identity::by_centre(hand, scene, Action::AdmitRole(AdmitRole { organisation, role: Role::Guarantor }))
}

pub(super) fn role_held(hand: &mut Hand, scene: &Scene<'_>) -> Option<Draw> {
    let organisation = hand.someone(scene, Role::Bidder)?;
    identity::by_centre(hand, scene, Action::AdmitRole(AdmitRole { organisation, role: Role::Bidder }))
}

pub(super) fn keys_from_certificates_only(hand: &mut Hand, scene: &Scene<'_>) -> Option<Draw> {
    if !scene.books.certificates_required {
        return None;
    }
    let act = legal::organisation(hand)?;
    identity::by_centre(hand, scene, Action::RegisterOrganisation(act))
}

/// One of the staff appoints, or takes a key away that is not its own.
pub(super) fn not_a_principal(hand: &mut Hand, scene: &Scene<'_>) -> Option<Draw> {
    if hand.chance.happens(50) {
        return by(hand, scene, |key| key.staff.is_some() && key.revoked.is_none());
    }
    let by = hand.key_that(scene, |_, key| key.staff.is_some() && key.revoked.is_none())?;
    let who = &scene.books.keys.get(&by)?.holder;
    let key = hand.key_that(scene, |public, key| key.holder == *who && *public != by)?;
    let act = ledger::procedure::staff::RevokeMandate { key };
    Some(hand.act_with(scene, by, Action::RevokeMandate(act)))
}

pub(super) fn mandate_too_wide(hand: &mut Hand, scene: &Scene<'_>) -> Option<Draw> {
    let principal = |key: &Key| key.staff.is_none() && key.revoked.is_none() && key.mandate.is_some();
    identity::appoint_by(hand, scene, principal, |hand, key, act| {
        let own = key.mandate.as_deref()?;
        match hand.chance.below(4) {
            0 => act.mandate.expires = super::super::hand::after(own.expires, 1),
            1 => {
                own.scope.ceiling?;
                act.mandate.scope.ceiling = None;
            }
            2 => {
                own.scope.regions.first()?;
                act.mandate.scope.regions = Vec::new();
            }
            _ => {
                let ceiling = own.scope.ceiling?.minor().saturating_add(1);
                act.mandate.scope.ceiling = Some(super::super::hand::fen(ceiling));
            }
        }
        Some(())
    })
}

pub(super) fn mandate_unknown(hand: &mut Hand, scene: &Scene<'_>) -> Option<Draw> {
    let by = hand.key_that(scene, |_, key| key.staff.is_none() && key.revoked.is_none())?;
    let who = &scene.books.keys.get(&by)?.holder;
    let gone = hand.key_that(scene, |_, key| key.holder != *who || key.revoked.is_some());
    let key = if hand.chance.happens(20) { hand.fresh_key() } else { gone? };
    let act = ledger::procedure::staff::RevokeMandate { key };
    Some(hand.act_with(scene, by, Action::RevokeMandate(act)))
}
