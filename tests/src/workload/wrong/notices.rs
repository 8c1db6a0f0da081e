//! Wrong notices.

use ledger::action::Action;
use ledger::amount::MAX_MINOR;
use ledger::hash::DocumentHash;
use ledger::procedure::listing::PublishListing;
use ledger::record::organisation::Role;
use ledger::rule::{RuleError, land_listing};
use ledger::time::{BlockTime, DAY_MS};

use super::super::draw::Draw;
use super::super::hand::{Hand, Scene, after, fen, just_before};
use super::super::legal;

/// A notice by a seller, changed.
fn changed(
    hand: &mut Hand,
    scene: &Scene<'_>,
    change: impl FnOnce(&mut Hand, &mut PublishListing) -> Option<()>,
) -> Option<Draw> {
    let seller = hand.someone(scene, Role::Seller)?;
    let mut act = legal::listing(hand, scene)?;
    change(hand, &mut act)?;
    hand.act(scene, &seller, Action::PublishListing(act))
}

pub(super) fn centre_unknown(hand: &mut Hand, scene: &Scene<'_>) -> Option<Draw> {
    changed(hand, scene, |hand, act| {
        act.centre = if hand.chance.happens(50) {
            hand.fresh_code()?
        } else {
            hand.someone_of(scene, |_, roles| !roles.contains(&Role::Centre))?
        };
        Some(())
    })
}

pub(super) fn invalid_resource(hand: &mut Hand, scene: &Scene<'_>) -> Option<Draw> {
    changed(hand, scene, |hand, act| {
        let document = |n: u64| DocumentHash::of(&n.to_be_bytes());
        let resource = &mut act.resource;
        match hand.chance.below(5) {
            0 => resource.area_dm2 = 0,
            1 => resource.term_years = 0,
            2 => resource.term_years = 71,
            3 => resource.documents = (0..17).map(document).collect(),
            _ => resource.documents = vec![document(1), document(2), document(1)],
        }
        Some(())
    })
}

pub(super) fn invalid_prices(hand: &mut Hand, scene: &Scene<'_>) -> Option<Draw> {
    changed(hand, scene, |hand, act| {
        let prices = &mut act.prices;
        match hand.chance.below(5) {
            0 => prices.starting = fen(0),
            1 => prices.reserve = fen(0),
            2 => prices.increment = fen(0),
            3 => prices.deposit = fen(0),
            _ => prices.starting = fen(prices.reserve.minor() + 1),
        }
        Some(())
    })
}

/// One fen too little, half of it, or for a reserve price whose share may be no amount at all.
pub(super) fn deposit_too_low(hand: &mut Hand, scene: &Scene<'_>) -> Option<Draw> {
    let share = scene.books.pack.permille(land_listing::DEPOSIT, scene.time).ok()?;
    changed(hand, scene, |hand, act| {
        match hand.chance.below(3) {
            0 => {
                act.prices.deposit =
                    fen(fen(act.prices.reserve.minor()).permille_ceiling(share).ok()?.minor() - 1)
            }
            1 => act.prices.deposit = fen(1),
            _ => act.prices.reserve = fen(MAX_MINOR),
        }
        Some(())
    })
}

pub(super) fn notice_too_short(hand: &mut Hand, scene: &Scene<'_>) -> Option<Draw> {
    let earliest = scene.books.pack.earliest(land_listing::NOTICE, scene.time).ok()?;
    changed(hand, scene, |hand, act| {
        act.opens_at = if hand.chance.happens(60) { just_before(earliest) } else { scene.time };
        Some(())
    })
}

pub(super) fn listing_too_short(hand: &mut Hand, scene: &Scene<'_>) -> Option<Draw> {
    changed(hand, scene, |hand, act| {
        act.closes_at = match hand.chance.below(3) {
            0 => just_before(scene.books.pack.earliest(land_listing::LISTING, act.opens_at).ok()?),
            1 => act.opens_at,
            _ => just_before(act.opens_at),
        };
        if hand.chance.happens(10) {
            act.opens_at = BlockTime::parse("9999-12-31T23:59:59.999Z").ok()?;
        }
        Some(())
    })
}

/// Periods in working days end somewhere beyond the holiday table. Where all are in calendar days there are none.
pub(super) fn beyond_calendar(hand: &mut Hand, scene: &Scene<'_>) -> Option<Draw> {
    let pack = &scene.books.pack;
    let far = after(scene.time, 300 * DAY_MS);
    let beyond = [land_listing::LISTING, land_listing::LETTER_VALIDITY]
        .into_iter()
        .any(|id| matches!(pack.earliest(id, far), Err(RuleError::Beyond(_))));
    if !beyond {
        return None;
    }
    changed(hand, scene, |hand, act| {
        act.opens_at = after(far, hand.chance.below(DAY_MS));
        act.closes_at = after(act.opens_at, (20 + hand.chance.below(80)) * DAY_MS);
        Some(())
    })
}
