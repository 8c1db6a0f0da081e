//! Rule packs that cannot come into force.

use ledger::calendar::Day;
use ledger::governance::Change;
use ledger::rule::{RulePack, Unit};

use super::super::draw::Draw;
use super::super::hand::{Hand, Scene};
use super::super::packs::{later, next};
use super::changes::proposed;

/// A proposal of the next pack, changed.
fn changed(
    hand: &mut Hand,
    scene: &Scene<'_>,
    change: impl FnOnce(&mut Hand, &mut RulePack) -> Option<()>,
) -> Option<Draw> {
    let mut pack = next(hand, scene)?;
    change(hand, &mut pack)?;
    proposed(hand, scene, Change::AdoptRules { pack })
}

pub(super) fn invalid(hand: &mut Hand, scene: &Scene<'_>) -> Option<Draw> {
    let today = Day::of(scene.time);
    changed(hand, scene, |hand, pack| {
        let index = hand.chance.below(pack.rules.len() as u64) as usize;
        let calendar = &mut pack.calendar;
        match hand.chance.below(14) {
            0 => pack.version = 0,
            1 => {
                let id = pack.rules.get(index)?.id.clone();
                pack.rules.retain(|rule| rule.id != id);
            }
            2 => pack.rules.get_mut(index)?.value = 0,
            3 => pack.rules.get_mut(index)?.value = 100_001,
            4 => pack.rules.reverse(),
            5 => {
                let twice = pack.rules.get(index)?.clone();
                pack.rules.insert(index, twice);
            }
            6 => pack.rules.get_mut(index)?.id = "LL12".parse().ok()?,
            7 => {
                let rule = pack.rules.iter_mut().find(|rule| rule.id.as_str() == "LL04")?;
                rule.unit = Unit::Day;
            }
            8 => {
                let id = pack.rules.get(index)?.id.clone();
                let tomorrow = later(today, 1);
                let its_own = pack.rules.iter_mut().filter(|rule| rule.id == id);
                its_own.for_each(|rule| rule.effective_from = rule.effective_from.max(tomorrow));
            }
            9 => calendar.first = later(today, 1),
            10 => calendar.holidays.push(later(calendar.last, 1)),
            11 => calendar.workdays = calendar.holidays.clone(),
            12 => calendar.holidays.reverse(),
            _ => calendar.holidays.push(*calendar.holidays.last()?),
        }
        Some(())
    })
}

pub(super) fn not_next(hand: &mut Hand, scene: &Scene<'_>) -> Option<Draw> {
    changed(hand, scene, |hand, pack| {
        pack.version = if hand.chance.happens(50) { pack.version - 1 } else { pack.version + 1 };
        Some(())
    })
}
