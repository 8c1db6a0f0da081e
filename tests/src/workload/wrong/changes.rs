//! Proposals and approvals that the members' rules refuse.

use ledger::action::Action;
use ledger::governance::{Change, RemovalReason, possession_bytes};
use ledger::id::{ChangeId, CreditCode, DoubleSigningId};
use ledger::procedure::approval::ApproveChange;
use ledger::procedure::proposal::ProposeChange;
use ledger::record::organisation::Role;
use ledger::validators::Validator;

use super::super::draw::Draw;
use super::super::governance::{
    admit, admit_with, any_change, candidates, member, register_centre, rotate_with,
};
use super::super::hand::{Hand, Scene};
use crate::auditor::governance::Proposal;

/// A proposal by a member.
pub(super) fn proposed(hand: &mut Hand, scene: &Scene<'_>, change: Change) -> Option<Draw> {
    let who = member(hand, scene, |code| scene.books.open_changes_of(code) < 16)?;
    hand.act(scene, &who, Action::ProposeChange(ProposeChange { change }))
}

fn approval(hand: &mut Hand, scene: &Scene<'_>, who: &CreditCode, change: ChangeId) -> Option<Draw> {
    hand.act(scene, who, Action::ApproveChange(ApproveChange { change }))
}

/// A proposed change that meets a condition.
fn found<'a>(
    hand: &mut Hand,
    scene: &Scene<'a>,
    good: impl Fn(&Proposal) -> bool,
) -> Option<(ChangeId, &'a Proposal)> {
    let all = scene.books.changes.iter().filter(|(_, proposal)| good(proposal));
    let all: Vec<_> = all.map(|(id, proposal)| (*id, proposal)).collect();
    hand.chance.pick(&all).copied()
}

pub(super) fn not_a_member(hand: &mut Hand, scene: &Scene<'_>) -> Option<Draw> {
    let who = (*hand.chance.pick(&candidates(scene))?).clone();
    match found(hand, scene, |_| true) {
        Some((id, _)) if hand.chance.happens(50) => approval(hand, scene, &who, id),
        _ => {
            let change = any_change(hand, scene)?;
            hand.act(scene, &who, Action::ProposeChange(ProposeChange { change }))
        }
    }
}

pub(super) fn unknown(hand: &mut Hand, scene: &Scene<'_>) -> Option<Draw> {
    let who = member(hand, scene, |_| true)?;
    let change = ChangeId::from_bytes([hand.chance.below(256) as u8; 32]);
    approval(hand, scene, &who, change)
}

pub(super) fn closed(hand: &mut Hand, scene: &Scene<'_>) -> Option<Draw> {
    let (id, _) = found(hand, scene, |proposal| !proposal.is_open())?;
    let who = member(hand, scene, |_| true)?;
    approval(hand, scene, &who, id)
}

pub(super) fn already_approved(hand: &mut Hand, scene: &Scene<'_>) -> Option<Draw> {
    let members = &scene.books.members;
    let (id, proposal) = found(hand, scene, |proposal| proposal.is_open() && !proposal.has_quorum(members))?;
    let who = member(hand, scene, |code| proposal.has_approval_of(code))?;
    approval(hand, scene, &who, id)
}

pub(super) fn too_many_open(hand: &mut Hand, scene: &Scene<'_>) -> Option<Draw> {
    let who = member(hand, scene, |code| scene.books.open_changes_of(code) >= 16)?;
    let change = register_centre(hand)?;
    hand.act(scene, &who, Action::ProposeChange(ProposeChange { change }))
}

pub(super) fn candidate_not_centre(hand: &mut Hand, scene: &Scene<'_>) -> Option<Draw> {
    let unknown = hand.chance.happens(30);
    let who = if unknown {
        hand.fresh_code()?
    } else {
        hand.someone_of(scene, |_, roles| !roles.contains(&Role::Centre))?
    };
    let change = admit(hand, who)?;
    proposed(hand, scene, change)
}

pub(super) fn member_exists(hand: &mut Hand, scene: &Scene<'_>) -> Option<Draw> {
    let who = member(hand, scene, |_| true)?;
    let change = admit(hand, who)?;
    proposed(hand, scene, change)
}

pub(super) fn member_unknown(hand: &mut Hand, scene: &Scene<'_>) -> Option<Draw> {
    let organisation = hand.someone_of(scene, |code, _| !scene.books.members.contains_key(code))?;
    let change = if hand.chance.happens(50) {
        Change::RemoveMember { organisation, reason: RemovalReason::Left }
    } else {
        let (public_key, network_key) = (hand.fresh_key(), hand.fresh_key());
        rotate_with(hand, Validator { public_key, network_key, organisation })?
    };
    proposed(hand, scene, change)
}

/// The keys that the member has, or one of another member's.
pub(super) fn keys_not_new(hand: &mut Hand, scene: &Scene<'_>) -> Option<Draw> {
    let organisation = member(hand, scene, |_| true)?;
    let other = member(hand, scene, |code| *code != organisation)?;
    let (own, theirs) = (scene.books.members.get(&organisation)?, scene.books.members.get(&other)?);
    let fresh = hand.fresh_key();
    let (public_key, network_key) = match hand.chance.below(4) {
        0 => (own.votes, own.speaks),
        1 => (theirs.votes, fresh),
        2 => (fresh, theirs.speaks),
        _ => (fresh, theirs.votes),
    };
    let candidate = (*hand.chance.pick(&candidates(scene)).unwrap_or(&&organisation)).clone();
    let change = if candidate != organisation && network_key != own.speaks && hand.chance.happens(40) {
        admit_with(hand, Validator { public_key, network_key, organisation: candidate })?
    } else {
        rotate_with(hand, Validator { public_key, network_key, organisation })?
    };
    proposed(hand, scene, change)
}

/// Signed by another key, for another organisation, or for another chain.
pub(super) fn possession_not_proven(hand: &mut Hand, scene: &Scene<'_>) -> Option<Draw> {
    let organisation = member(hand, scene, |_| true)?;
    let (public_key, network_key, other) = (hand.fresh_key(), hand.fresh_key(), hand.fresh_key());
    let validator = Validator { public_key, network_key, organisation };
    let (mut signer, mut signed, mut chain) = (public_key, validator.clone(), hand.chain.clone());
    match hand.chance.below(4) {
        0 => signer = other,
        1 => signed.organisation = hand.fresh_code()?,
        2 => signed.network_key = other,
        _ => chain = "elsewhere/0123456789abcdef".parse().ok()?,
    }
    let proof = hand.key(&signer)?.sign(&possession_bytes(&chain, &signed));
    proposed(hand, scene, Change::RotateKeys { validator, proof })
}

/// A record that there is none of, or one about another member.
pub(super) fn evidence_unknown(hand: &mut Hand, scene: &Scene<'_>) -> Option<Draw> {
    let organisation = member(hand, scene, |_| true)?;
    let records = scene.books.double_signings.iter();
    let others: Vec<DoubleSigningId> =
        records.filter(|(_, record)| record.organisation != organisation).map(|(id, _)| *id).collect();
    let nothing = DoubleSigningId::from_bytes([hand.chance.below(256) as u8; 32]);
    let id = if hand.chance.happens(50) { nothing } else { *hand.chance.pick(&others).unwrap_or(&nothing) };
    proposed(hand, scene, Change::RemoveMember { organisation, reason: RemovalReason::DoubleSigning(id) })
}
