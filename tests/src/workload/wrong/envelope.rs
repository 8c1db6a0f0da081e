//! Wrong whatever the act: expiry, repetition, key, role; and the clock.

use ledger::action::Action;
use ledger::procedure::clock::{AdvanceClock, MAX_STEP};
use ledger::record::organisation::Role;
use ledger::time::Span;

use super::super::draw::Draw;
use super::super::hand::{Hand, Scene};
use super::super::{legal, noise};

pub(super) fn expired(hand: &mut Hand, scene: &Scene<'_>) -> Option<Draw> {
    let mut draw = any(hand, scene)?;
    draw.expiry = scene.height.checked_sub(1 + hand.chance.below(3))?;
    Some(draw)
}

pub(super) fn expiry_too_far(hand: &mut Hand, scene: &Scene<'_>) -> Option<Draw> {
    let mut draw = any(hand, scene)?;
    let most = scene.height + scene.books.expiry_window;
    draw.expiry = if hand.chance.happens(20) { u64::MAX } else { most + 1 + hand.chance.below(3) };
    Some(draw)
}

/// Which earlier transaction it is, the workload chooses when it signs.
pub(super) fn again(hand: &mut Hand, scene: &Scene<'_>) -> Option<Draw> {
    any(hand, scene)
}

pub(super) fn unknown_key(hand: &mut Hand, scene: &Scene<'_>) -> Option<Draw> {
    let mut draw = any(hand, scene)?;
    draw.key = hand.fresh_key();
    Some(draw)
}

pub(super) fn role_not_permitted(hand: &mut Hand, scene: &Scene<'_>) -> Option<Draw> {
    let draw = legal::next(hand, scene)?;
    let who = hand.someone_of(scene, |_, roles| match draw.action {
        Action::RegisterOrganisation(_) | Action::PublishResult(_) => !roles.contains(&Role::Centre),
        Action::IssueGuarantee(_) => !roles.contains(&Role::Guarantor),
        _ => roles.contains(&Role::Supervisor) && roles.len() == 1,
    })?;
    hand.act(scene, &who, draw.action)
}

fn any(hand: &mut Hand, scene: &Scene<'_>) -> Option<Draw> {
    if hand.chance.happens(70) { legal::next(hand, scene) } else { noise::next(hand, scene) }
}

fn step(hand: &mut Hand, scene: &Scene<'_>, millis: u64) -> Option<Draw> {
    let who = hand.someone(scene, Role::Timekeeper)?;
    hand.act(scene, &who, Action::AdvanceClock(AdvanceClock { by: Span::from_millis(millis) }))
}

pub(super) fn clock_is_real(hand: &mut Hand, scene: &Scene<'_>) -> Option<Draw> {
    if scene.books.timekeeper.is_some() {
        return None;
    }
    let millis = hand.chance.below(2) * hand.chance.below(100_000);
    step(hand, scene, millis)
}

pub(super) fn clock_step_invalid(hand: &mut Hand, scene: &Scene<'_>) -> Option<Draw> {
    scene.books.timekeeper?;
    let millis = if hand.chance.happens(50) { 0 } else { MAX_STEP.as_millis() + 1 + hand.chance.below(9) };
    step(hand, scene, millis)
}

pub(super) fn not_the_timekeeper(hand: &mut Hand, scene: &Scene<'_>) -> Option<Draw> {
    let timekeeper = scene.books.timekeeper?;
    let draw = step(hand, scene, 1)?;
    (draw.key != timekeeper).then_some(draw)
}
