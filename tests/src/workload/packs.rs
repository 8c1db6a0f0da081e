//! Rule packs that follow the one in force.

use ledger::calendar::Day;
use ledger::rule::RulePack;
use ledger::time::{BlockTime, DAY_MS};

use super::hand::{Hand, Scene, after};

/// The day `days` after a day.
pub(super) fn later(day: Day, days: u64) -> Day {
    match days.checked_sub(1) {
        None => day,
        // The end of a day is the beginning of the next one.
        Some(more) => Day::of(after(day.end(), more * DAY_MS)),
    }
}

/// The next version: a longer holiday table, a number that is changed, or one that is going to.
pub(super) fn next(hand: &mut Hand, scene: &Scene<'_>) -> Option<RulePack> {
    let mut pack = (*scene.books.pack).clone();
    pack.version += 1;
    let today = Day::of(scene.time);
    if pack.calendar.last < later(today, 30) || hand.chance.happens(20) {
        let longer = 30 + hand.chance.below(60);
        pack.calendar.last = later(pack.calendar.last.max(today), longer);
        pack.calendar.holidays.push(pack.calendar.last);
    }
    if hand.chance.happens(80) {
        change(hand, &mut pack, scene.time)?;
    }
    Some(pack)
}

/// Changes a number by one, at once or from a day to come.
fn change(hand: &mut Hand, pack: &mut RulePack, time: BlockTime) -> Option<()> {
    let index = hand.chance.below(pack.rules.len() as u64) as usize;
    let mut rule = pack.rules.get(index)?.clone();
    rule.value = if hand.chance.happens(50) { rule.value + 1 } else { rule.value - 1 }.clamp(1, 100_000);
    let day = later(Day::of(time), 1 + hand.chance.below(5));
    let last_of_its_name = pack.rules.get(index + 1).is_none_or(|next| next.id != rule.id);
    if hand.chance.happens(30) && last_of_its_name && day > rule.effective_from {
        rule.effective_from = day;
        pack.rules.insert(index + 1, rule);
    } else {
        *pack.rules.get_mut(index)? = rule;
    }
    Some(())
}
