//! Wrong admissions.

use ledger::action::Action;
use ledger::crypto::PublicKey;
use ledger::procedure::registration::RegisterOrganisation;
use ledger::record::organisation::Role;

use super::super::draw::Draw;
use super::super::hand::{Hand, Scene};
use super::super::legal;

/// An admission by a centre, changed.
fn changed(
    hand: &mut Hand,
    scene: &Scene<'_>,
    change: impl FnOnce(&mut Hand, &mut RegisterOrganisation) -> Option<()>,
) -> Option<Draw> {
    let centre = hand.someone(scene, Role::Centre)?;
    let mut act = legal::organisation(hand)?;
    change(hand, &mut act)?;
    hand.act(scene, &centre, Action::RegisterOrganisation(act))
}

pub(super) fn invalid_roles(hand: &mut Hand, scene: &Scene<'_>) -> Option<Draw> {
    const CHOICES: [&[Role]; 5] = [
        &[],
        &[Role::Bidder, Role::Bidder],
        &[Role::Bidder, Role::Seller],
        &[Role::Centre, Role::Bidder],
        &[Role::Bidder, Role::Timekeeper],
    ];
    changed(hand, scene, |hand, act| {
        act.roles = hand.chance.pick(&CHOICES)?.to_vec();
        Some(())
    })
}

pub(super) fn invalid_keys(hand: &mut Hand, scene: &Scene<'_>) -> Option<Draw> {
    changed(hand, scene, |hand, act| {
        let key = hand.fresh_key();
        // All zeros is a point of small order, all twos is no point.
        act.keys = match hand.chance.below(5) {
            0 => vec![key, PublicKey::from_bytes([0; 32])],
            1 => vec![key, key],
            2 => vec![PublicKey::from_bytes([0; 32])],
            3 => vec![PublicKey::from_bytes([2; 32])],
            4 => {
                let mut keys: Vec<PublicKey> = (0..9).map(|_| hand.fresh_key()).collect();
                keys.sort_unstable();
                keys
            }
            _ => {
                let other = hand.fresh_key();
                vec![key.max(other), key.min(other)]
            }
        };
        Some(())
    })
}

pub(super) fn organisation_exists(hand: &mut Hand, scene: &Scene<'_>) -> Option<Draw> {
    changed(hand, scene, |hand, act| {
        act.code = hand.someone_of(scene, |_, _| true)?;
        Some(())
    })
}

pub(super) fn key_in_use(hand: &mut Hand, scene: &Scene<'_>) -> Option<Draw> {
    changed(hand, scene, |hand, act| {
        let taken: Vec<PublicKey> = scene.books.keys.keys().copied().collect();
        act.keys.push(*hand.chance.pick(&taken)?);
        act.keys.sort_unstable();
        Some(())
    })
}
