//! Counting time: days in China, working days, and legal periods out of a rule pack's data.

use ledger::calendar::{Calendar, Day};
use ledger::rule::{Rule, Unit};
use ledger::time::BlockTime;

use super::code::Code;

const MINUTE: u64 = 60_000;
const DAY: u64 = 1_440 * MINUTE;
/// China is eight hours ahead of UTC.
const AHEAD: u64 = 480 * MINUTE;
/// 9999-12-31T23:59:59.999Z, at which every later instant is held.
const END_OF_TIME: u64 = 253_402_300_799_999;

/// Legal numbers, and the holidays by which they are counted.
#[derive(Clone, Copy, Debug)]
pub(super) struct Rules<'a> {
    /// The numbers of a pack.
    pub(super) numbers: &'a [Rule],
    /// The holiday table in force.
    pub(super) calendar: &'a Calendar,
}

/// The instant numbered `millis`, held at the end of the year 9999.
fn instant(millis: u64) -> BlockTime {
    BlockTime::from_millis(millis.min(END_OF_TIME)).unwrap_or_default()
}

/// The instant `millis` later.
pub(super) fn later(time: BlockTime, millis: u64) -> BlockTime {
    instant(time.as_millis().saturating_add(millis))
}

/// The day in China, counted from 1970-01-01.
pub(super) fn day_of(time: BlockTime) -> u64 {
    (time.as_millis() + AHEAD) / DAY
}

/// 24:00 in China of a day.
fn midnight_after(day: u64) -> BlockTime {
    instant((day + 1) * DAY - AHEAD)
}

/// Year, month and day of a day number, by walking through years and months.
pub(super) fn date_of(day: u64) -> (u64, u64, u64) {
    let leap = |year: u64| year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400));
    let (mut year, mut left) = (1970, day);
    while left >= 365 + u64::from(leap(year)) {
        left -= 365 + u64::from(leap(year));
        year += 1;
    }
    let february = 28 + u64::from(leap(year));
    let mut month = 1;
    for length in [31, february, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31] {
        if left < length {
            break;
        }
        left -= length;
        month += 1;
    }
    (year, month, left + 1)
}

/// Whether a day is worked, if the holiday table reaches it.
fn is_worked(rules: Rules<'_>, day: u64) -> Result<bool, Code> {
    let calendar = rules.calendar;
    if day < calendar.first.number() || day > calendar.last.number() {
        return Err(Code::BeyondCalendar);
    }
    let listed = |days: &[Day]| days.iter().any(|listed| listed.number() == day);
    // Day 0 was a Thursday.
    let weekend = [2, 3].contains(&(day % 7));
    Ok(if weekend { listed(&calendar.workdays) } else { !listed(&calendar.holidays) })
}

/// Value and unit of the rule in effect on the day of `time`: the one that took effect last.
fn rule(rules: Rules<'_>, id: &str, time: BlockTime) -> Result<(u64, Unit), Code> {
    let mut found = None;
    for rule in rules.numbers.iter().filter(|rule| rule.id.as_str() == id) {
        let since = rule.effective_from.number();
        if since <= day_of(time) && found.is_none_or(|(latest, _, _)| since > latest) {
            found = Some((since, rule.value, rule.unit));
        }
    }
    found.map(|(_, value, unit)| (value, unit)).ok_or(Code::RuleMissing)
}

/// The last of `count` working days after the day of `start`.
fn working_day(rules: Rules<'_>, start: BlockTime, count: u64) -> Result<u64, Code> {
    let (mut day, mut counted) = (day_of(start), 0);
    while counted < count {
        day += 1;
        counted += u64::from(is_worked(rules, day)?);
    }
    Ok(day)
}

/// The end of a period that begins at `start`. A `lasting` one is a minimum, which is not prolonged; in any other,
/// somebody must or may act, and a last day that is not worked gives way to the next that is.
fn period(rules: Rules<'_>, id: &str, start: BlockTime, lasting: bool) -> Result<BlockTime, Code> {
    let (value, unit) = rule(rules, id, start)?;
    match unit {
        Unit::Minute => Ok(later(start, value.saturating_mul(MINUTE))),
        Unit::WorkingDay => Ok(midnight_after(working_day(rules, start, value)?)),
        Unit::Day => {
            let mut last = day_of(start) + value;
            while !lasting && !is_worked(rules, last)? {
                last += 1;
            }
            Ok(midnight_after(last))
        }
        Unit::Permille | Unit::Count | Unit::TenThousandYuan | Unit::Third => Err(Code::RuleMissing),
    }
}

/// The first instant after a minimum period (LL01, LL02, LL11).
pub(super) fn minimum(rules: Rules<'_>, id: &str, start: BlockTime) -> Result<BlockTime, Code> {
    period(rules, id, start, true)
}

/// The end of a period in which somebody must or may act (LL06 to LL10).
pub(super) fn term(rules: Rules<'_>, id: &str, start: BlockTime) -> Result<BlockTime, Code> {
    period(rules, id, start, false)
}

/// The same for what happens by itself and cannot be refused: beyond the holiday table in calendar days.
pub(super) fn term_without_refusal(rules: Rules<'_>, id: &str, start: BlockTime) -> BlockTime {
    term(rules, id, start).unwrap_or_else(|_| {
        let days = rule(rules, id, start).map_or(0, |(value, _)| value);
        midnight_after(day_of(start) + days)
    })
}

/// A span in milliseconds out of a rule in minutes (LL04, LL05).
pub(super) fn minutes(rules: Rules<'_>, id: &str, time: BlockTime) -> Result<u64, Code> {
    match rule(rules, id, time)? {
        (value, Unit::Minute) => Ok(value.saturating_mul(MINUTE)),
        _ => Err(Code::RuleMissing),
    }
}

/// A share in thousandths (LL03).
pub(super) fn permille(rules: Rules<'_>, id: &str, time: BlockTime) -> Result<u64, Code> {
    match rule(rules, id, time)? {
        (value, Unit::Permille) => Ok(value),
        _ => Err(Code::RuleMissing),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_have_dates() {
        let cases = [
            (0, (1970, 1, 1)),
            (11_016, (2000, 2, 29)),
            (20_513, (2026, 3, 1)),
            (20_514, (2026, 3, 2)),
            (2_932_896, (9999, 12, 31)),
        ];
        for (day, date) in cases {
            assert_eq!(date_of(day), date, "{day}");
        }
    }
}
