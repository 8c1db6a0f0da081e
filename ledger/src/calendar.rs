//! Counting legal periods: calendar days, working days, and the holidays between them.

use minicbor::{Decode, Encode};

use crate::time::{BlockTime, parse_date};

/// A day in China: days since 1970-01-01.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Encode, Decode)]
#[cbor(transparent)]
pub struct Day(#[n(0)] u64);

impl Day {
    /// Reads `YYYY-MM-DD`.
    pub fn parse(text: &str) -> Option<Self> {
        parse_date(text).map(Self)
    }

    /// The day in China on which `time` falls.
    pub const fn of(time: BlockTime) -> Self {
        Self(time.china_day())
    }

    /// Days since 1970-01-01.
    pub const fn number(self) -> u64 {
        self.0
    }

    /// 24:00 of this day.
    pub const fn end(self) -> BlockTime {
        BlockTime::end_of_china_day(self.0)
    }

    const fn plus(self, days: u64) -> Self {
        Self(self.0.saturating_add(days))
    }

    /// 1970-01-01 was a Thursday; Saturday and Sunday are 2 and 3 days later.
    const fn is_weekend(self) -> bool {
        matches!(self.0 % 7, 2 | 3)
    }
}

impl core::fmt::Display for Day {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        let (year, month, day) = crate::time::civil_from_days(self.0);
        write!(f, "{year:04}-{month:02}-{day:02}")
    }
}

/// Which days are worked, for the span of days that the State Council has announced.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct Calendar {
    /// First day the table speaks of.
    #[n(0)]
    pub first: Day,
    /// Last day the table speaks of.
    #[n(1)]
    pub last: Day,
    /// Weekdays that are not worked, ascending.
    #[n(2)]
    pub holidays: Vec<Day>,
    /// Weekend days that are worked, ascending.
    #[n(3)]
    pub workdays: Vec<Day>,
}

/// A period whose end the holiday table does not reach: it is refused, not guessed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the holiday table ends on {0}; a newer rule pack must be adopted first")]
pub struct BeyondCalendar(pub Day);

impl Calendar {
    /// Whether `day` is worked.
    ///
    /// # Errors
    /// [`BeyondCalendar`] outside the table.
    pub fn is_worked(&self, day: Day) -> Result<bool, BeyondCalendar> {
        if day < self.first || day > self.last {
            return Err(BeyondCalendar(self.last));
        }
        Ok(if day.is_weekend() {
            self.workdays.binary_search(&day).is_ok()
        } else {
            self.holidays.binary_search(&day).is_err()
        })
    }

    /// End of a period of calendar days (日): the day it starts on is not counted, and a last day that
    /// is not worked gives way to the next one that is (Civil Code, articles 201 and 203). Ends at 24:00.
    ///
    /// # Errors
    /// [`BeyondCalendar`].
    pub fn days_after(&self, start: BlockTime, days: u64) -> Result<BlockTime, BeyondCalendar> {
        let mut last = Day::of(start).plus(days);
        while !self.is_worked(last)? {
            last = last.plus(1);
        }
        Ok(last.end())
    }

    /// End of a period of working days (工作日), at 24:00 of the last one.
    ///
    /// # Errors
    /// [`BeyondCalendar`].
    pub fn working_days_after(&self, start: BlockTime, days: u64) -> Result<BlockTime, BeyondCalendar> {
        let mut day = Day::of(start);
        let mut left = days;
        while left > 0 {
            day = day.plus(1);
            if self.is_worked(day)? {
                left = left.saturating_sub(1);
            }
        }
        Ok(day.end())
    }
}

/// The first instant at which `days` whole calendar days have passed since `start`, the start day not
/// counted. A minimum of this kind does not wait for a working day: article 203 prolongs periods within
/// which somebody must act, and here nobody must.
pub fn whole_days_after(start: BlockTime, days: u64) -> BlockTime {
    Day::of(start).plus(days).end()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn calendar() -> Calendar {
        let days = |list: &[&str]| list.iter().map(|d| Day::parse(d).unwrap()).collect();
        Calendar {
            first: Day::parse("2026-01-01").unwrap(),
            last: Day::parse("2026-12-31").unwrap(),
            holidays: days(&["2026-04-06", "2026-05-01", "2026-05-04", "2026-05-05"]),
            workdays: days(&["2026-05-09"]),
        }
    }

    #[test]
    fn periods_end_as_the_civil_code_counts() {
        let at = |t| BlockTime::parse(t).unwrap();
        // start, days, working?, end
        let cases = [
            ("2026-03-02T09:00:00+08:00", 1, false, "2026-03-04T00:00:00+08:00"),
            ("2026-03-02T23:59:59+08:00", 5, true, "2026-03-10T00:00:00+08:00"),
            // The fifth day is Saturday 7 March: Monday 9 March it is.
            ("2026-03-02T09:00:00+08:00", 5, false, "2026-03-10T00:00:00+08:00"),
            // Monday 6 April is the tomb-sweeping holiday.
            ("2026-04-03T09:00:00+08:00", 1, true, "2026-04-08T00:00:00+08:00"),
            ("2026-04-01T09:00:00+08:00", 3, false, "2026-04-08T00:00:00+08:00"),
            // Saturday 9 May is worked.
            ("2026-05-08T09:00:00+08:00", 1, true, "2026-05-10T00:00:00+08:00"),
            ("2026-05-08T09:00:00+08:00", 1, false, "2026-05-10T00:00:00+08:00"),
        ];
        for (start, days, working, end) in cases {
            let found = if working {
                calendar().working_days_after(at(start), days)
            } else {
                calendar().days_after(at(start), days)
            };
            assert_eq!(found, Ok(at(end)), "{start} + {days}");
        }
    }

    #[test]
    fn beyond_the_table_nothing_is_guessed() {
        let start = BlockTime::parse("2026-12-30T09:00:00+08:00").unwrap();
        let last = Day::parse("2026-12-31").unwrap();
        assert_eq!(calendar().working_days_after(start, 2), Err(BeyondCalendar(last)));
        assert_eq!(calendar().days_after(start, 9), Err(BeyondCalendar(last)));
    }
}
