//! Reports that prove nothing new.

use ledger::action::Action;
use ledger::crypto::Signature;
use ledger::evidence::Evidence;
use ledger::procedure::double_signing::ReportDoubleSigning;

use super::super::draw::Draw;
use super::super::evidence::{Place, at, place, vote_type};
use super::super::hand::{Hand, Scene};

fn reported(hand: &mut Hand, scene: &Scene<'_>, evidence: Evidence) -> Option<Draw> {
    let who = hand.someone_of(scene, |_, _| true)?;
    hand.act(scene, &who, Action::ReportDoubleSigning(ReportDoubleSigning { evidence }))
}

pub(super) fn of_no_height(hand: &mut Hand, scene: &Scene<'_>) -> Option<Draw> {
    let mut place = place(hand, scene)?;
    place.height = if hand.chance.happens(30) { 0 } else { scene.height + 1 + hand.chance.below(1_000) };
    let evidence = at(hand, &place)?;
    reported(hand, scene, evidence)
}

/// A key that never voted, or one that did not at that height.
pub(super) fn accused_not_member(hand: &mut Hand, scene: &Scene<'_>) -> Option<Draw> {
    let mut place = place(hand, scene)?;
    if hand.chance.happens(40) {
        place.key = hand.fresh_key();
    } else {
        place.height = 1 + hand.chance.below(scene.height);
        let voted = scene.books.members_at(place.height)?;
        if voted.values().any(|seat| seat.votes == place.key) {
            return None;
        }
    }
    let evidence = at(hand, &place)?;
    reported(hand, scene, evidence)
}

/// The same once more, or two other messages of the same place.
pub(super) fn recorded(hand: &mut Hand, scene: &Scene<'_>) -> Option<Draw> {
    let known: Vec<&Evidence> =
        scene.books.double_signings.values().map(|record| &*record.evidence).collect();
    let known = (*hand.chance.pick(&known)?).clone();
    if hand.chance.happens(50) {
        return reported(hand, scene, known);
    }
    let (key, height, round) = (known.accused(), known.height().get(), known.round());
    let place = Place { key, chain: hand.chain.clone(), height, round };
    let again = match known {
        Evidence::Votes { first, .. } => {
            let kind = first.vote.vote_type;
            Evidence::votes(place.vote(hand, kind, 8)?, place.vote(hand, kind, 9)?)
        }
        Evidence::Proposals { .. } => {
            Evidence::proposals(place.proposal(hand, 8, None)?, place.proposal(hand, 9, None)?)
        }
    };
    reported(hand, scene, again)
}

/// One message twice, or two that say the same, in the wrong order, of two places, by two signers, for another chain,
/// or not signed at all.
pub(super) fn proves_nothing(hand: &mut Hand, scene: &Scene<'_>) -> Option<Draw> {
    let place = place(hand, scene)?;
    let (kind, fault) = (vote_type(hand), hand.chance.below(9));
    let (mut one, mut other) = (place.clone(), place.clone());
    match fault {
        0 => other.round += 1,
        1 => other.height += 1,
        2 => other.key = hand.fresh_key(),
        3 => one.chain = "elsewhere/0123456789abcdef".parse().ok()?,
        _ => {}
    }
    let (first, mut second) = (one.vote(hand, kind, 1)?, other.vote(hand, kind, 2)?);
    let evidence = match fault {
        4 => Evidence::Votes { first: second, second: first },
        5 => Evidence::Votes { second: first.clone(), first },
        6 => {
            let (first, second) = (place.proposal(hand, 1, None)?, place.proposal(hand, 2, None)?);
            Evidence::Proposals { first: second, second: first }
        }
        7 => {
            let first = place.proposal(hand, 1, Some(0))?;
            Evidence::Proposals { second: first.clone(), first }
        }
        8 => {
            second.signature = Signature::from_bytes([1; 64]);
            Evidence::votes(first, second)
        }
        _ => Evidence::votes(first, second),
    };
    reported(hand, scene, evidence)
}
