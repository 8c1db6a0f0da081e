//! Whether a rule pack can come into force (GO14).

use std::collections::BTreeSet;

use ledger::calendar::Calendar;
use ledger::rule::{Rule, RulePack, Unit};
use ledger::time::BlockTime;

use crate::auditor::calendar::day_of;

/// Every rule that a listing asks for, with the units in which it can be given.
const RULES: [(&str, &[Unit]); 11] = [
    ("LL01", PERIOD),
    ("LL02", PERIOD),
    ("LL03", &[Unit::Permille]),
    ("LL04", &[Unit::Minute]),
    ("LL05", &[Unit::Minute]),
    ("LL06", PERIOD),
    ("LL07", PERIOD),
    ("LL08", PERIOD),
    ("LL09", PERIOD),
    ("LL10", PERIOD),
    ("LL11", PERIOD),
];
const PERIOD: &[Unit] = &[Unit::Day, Unit::WorkingDay, Unit::Minute];
const LARGEST_VALUE: u64 = 100_000;

pub(super) fn is_good(pack: &RulePack, time: BlockTime) -> bool {
    let today = day_of(time);
    let in_effect = |id: &str| {
        pack.rules.iter().any(|rule| rule.id.as_str() == id && rule.effective_from.number() <= today)
    };
    let order = |rule: &Rule| (rule.id.as_str().to_owned(), rule.effective_from.number());
    pack.version > 0
        && pack.rules.iter().all(rule_is_good)
        && pack.rules.is_sorted_by(|a, b| order(a) < order(b))
        && RULES.iter().all(|(id, _)| in_effect(id))
        && calendar_is_good(&pack.calendar, today)
}

fn rule_is_good(rule: &Rule) -> bool {
    let known = RULES.iter().find(|(id, _)| *id == rule.id.as_str());
    known.is_some_and(|(_, units)| units.contains(&rule.unit)) && (1..=LARGEST_VALUE).contains(&rule.value)
}

fn calendar_is_good(calendar: &Calendar, today: u64) -> bool {
    let covered = calendar.first.number()..=calendar.last.number();
    let (holidays, workdays) = (&calendar.holidays, &calendar.workdays);
    let listed: BTreeSet<u64> = holidays.iter().chain(workdays).map(|day| day.number()).collect();
    covered.contains(&today)
        && listed.iter().all(|day| covered.contains(day))
        // No day stands twice, neither in one list nor in both.
        && listed.len() == holidays.len() + workdays.len()
        && [holidays, workdays].into_iter().all(|days| days.is_sorted())
}
