//! Block time: the agreed instant in a block's header, the only clock the rules know.

use core::fmt;

use minicbor::{Decode, Encode};

/// Milliseconds since 1970-01-01T00:00:00Z, as agreed in a block header.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default, Encode)]
#[cbor(transparent)]
pub struct BlockTime(#[n(0)] u64);

impl<'b, C> Decode<'b, C> for BlockTime {
    fn decode(d: &mut minicbor::Decoder<'b>, _: &mut C) -> Result<Self, minicbor::decode::Error> {
        Self::from_millis(d.u64()?).map_err(minicbor::decode::Error::message)
    }
}

/// A span of block time in milliseconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Default, Encode, Decode)]
#[cbor(transparent)]
pub struct Span(#[n(0)] u64);

/// Chinese standard time is eight hours ahead of UTC and has no daylight saving since 1992.
pub const CHINA_OFFSET_MS: u64 = 8 * 3_600_000;
/// Milliseconds in a day.
pub const DAY_MS: u64 = 86_400_000;
/// The last instant that can be named: 9999-12-31T23:59:59.999 in China. A later one would be shown with a year of five
/// digits, which nobody reads back.
const MAX_MS: u64 = 253_402_271_999_999;

/// A time outside years 1970 to 9999, or a text that is not RFC 3339.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not a time between 1970 and 9999; write for example 2026-03-02T09:00:00+08:00")]
pub struct InvalidTime;

impl Span {
    /// A span of milliseconds.
    pub const fn from_millis(millis: u64) -> Self {
        Self(millis)
    }

    /// Milliseconds.
    pub const fn as_millis(self) -> u64 {
        self.0
    }
}

impl BlockTime {
    /// An instant by its Unix milliseconds.
    ///
    /// # Errors
    /// [`InvalidTime`] after the year 9999.
    pub const fn from_millis(millis: u64) -> Result<Self, InvalidTime> {
        if millis > MAX_MS { Err(InvalidTime) } else { Ok(Self(millis)) }
    }

    /// Unix milliseconds.
    pub const fn as_millis(self) -> u64 {
        self.0
    }

    /// The instant `span` later, held at the end of the year 9999.
    pub const fn plus(self, span: Span) -> Self {
        let sum = self.0.saturating_add(span.0);
        if sum > MAX_MS { Self(MAX_MS) } else { Self(sum) }
    }

    /// How far `self` lies after `earlier`, zero if it does not.
    pub const fn since(self, earlier: Self) -> Span {
        Span(self.0.saturating_sub(earlier.0))
    }

    /// Days since 1970-01-01 of the calendar day in China.
    pub const fn china_day(self) -> u64 {
        self.0.saturating_add(CHINA_OFFSET_MS) / DAY_MS
    }

    /// 24:00 in China of the day numbered `day` (days since 1970-01-01): the last instant plus one.
    pub const fn end_of_china_day(day: u64) -> Self {
        let end = day.saturating_add(1).saturating_mul(DAY_MS).saturating_sub(CHINA_OFFSET_MS);
        if end > MAX_MS { Self(MAX_MS) } else { Self(end) }
    }

    /// Reads an RFC 3339 date-time with an offset; fractions of a second to the millisecond.
    ///
    /// # Errors
    /// [`InvalidTime`].
    pub fn parse(text: &str) -> Result<Self, InvalidTime> {
        parse_rfc3339(text).ok_or(InvalidTime)
    }
}

impl fmt::Display for BlockTime {
    /// RFC 3339 in Chinese standard time, with milliseconds only where there are any.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (year, month, day) = civil_from_days(self.china_day());
        let of_day = self.0.saturating_add(CHINA_OFFSET_MS) % DAY_MS;
        let (hour, minute, second) = (of_day / 3_600_000, of_day / 60_000 % 60, of_day / 1_000 % 60);
        write!(f, "{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}")?;
        match of_day % 1_000 {
            0 => write!(f, "+08:00"),
            millis => write!(f, ".{millis:03}+08:00"),
        }
    }
}

impl fmt::Debug for BlockTime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// Year, month and day of a day number (days since 1970-01-01), proleptic Gregorian calendar.
///
/// The method counts from 1 March of year 0 in eras of 400 years, where leap days fall at the end.
#[allow(clippy::arithmetic_side_effects, reason = "day numbers are bounded by the year 9999")]
pub(crate) const fn civil_from_days(days: u64) -> (u64, u64, u64) {
    let z = days + 719_468;
    let era = z / 146_097;
    let day_of_era = z % 146_097;
    let year_of_era = (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let shifted_month = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * shifted_month + 2) / 5 + 1;
    let month = if shifted_month < 10 { shifted_month + 3 } else { shifted_month - 9 };
    let year = year_of_era + era * 400 + if month <= 2 { 1 } else { 0 };
    (year, month, day)
}

/// Day number of a date, `None` unless it names a real day from 1970 to 9999.
#[allow(clippy::arithmetic_side_effects, reason = "year, month and day are range-checked first")]
pub(crate) const fn days_from_civil(year: u64, month: u64, day: u64) -> Option<u64> {
    if year < 1970 || year > 9999 || month < 1 || month > 12 || day < 1 || day > 31 {
        return None;
    }
    let y = if month <= 2 { year - 1 } else { year };
    let shifted_month = if month > 2 { month - 3 } else { month + 9 };
    let day_of_year = (153 * shifted_month + 2) / 5 + day - 1;
    let (era, year_of_era) = (y / 400, y % 400);
    let day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
    let days = era * 146_097 + day_of_era - 719_468;
    // A date such as 31 April lands on another day: it was not a date.
    let (back_year, back_month, back_day) = civil_from_days(days);
    if back_year == year && back_month == month && back_day == day { Some(days) } else { None }
}

/// Reads `YYYY-MM-DD` as a day number.
pub(crate) fn parse_date(text: &str) -> Option<u64> {
    let (year, rest) = text.split_once('-')?;
    let (month, day) = rest.split_once('-')?;
    days_from_civil(digits(year, 4)?, digits(month, 2)?, digits(day, 2)?)
}

fn parse_rfc3339(text: &str) -> Option<BlockTime> {
    let (date, clock) = text.split_once('T')?;
    let day = parse_date(date)?;
    let (clock, offset_ms) = split_offset(clock)?;
    let (clock, millis) = match clock.split_once('.') {
        None => (clock, 0),
        Some((clock, fraction)) => (clock, parse_millis(fraction)?),
    };
    let mut parts = clock.split(':');
    let (hour, minute) = (digits(parts.next()?, 2)?, digits(parts.next()?, 2)?);
    let second = digits(parts.next()?, 2)?;
    if parts.next().is_some() || hour > 23 || minute > 59 || second > 59 {
        return None;
    }
    let local = day
        .checked_mul(DAY_MS)?
        .checked_add(hour.checked_mul(3_600_000)?)?
        .checked_add(minute.checked_mul(60_000)?)?
        .checked_add(second.checked_mul(1_000)?)?
        .checked_add(millis)?;
    BlockTime::from_millis(u64::try_from(i128::from(local).checked_sub(offset_ms)?).ok()?).ok()
}

/// Splits `09:00:00+08:00` into the clock and the offset in milliseconds.
fn split_offset(clock: &str) -> Option<(&str, i128)> {
    if let Some(clock) = clock.strip_suffix('Z') {
        return Some((clock, 0));
    }
    let at = clock.rfind(['+', '-'])?;
    let (clock, offset) = clock.split_at_checked(at)?;
    let sign = if offset.starts_with('-') { -1 } else { 1 };
    let (hours, minutes) = offset.get(1..)?.split_once(':')?;
    let (hours, minutes) = (digits(hours, 2)?, digits(minutes, 2)?);
    if hours > 23 || minutes > 59 {
        return None;
    }
    let minutes = hours.checked_mul(60)?.checked_add(minutes)?;
    i128::from(minutes).checked_mul(60_000)?.checked_mul(sign).map(|ms| (clock, ms))
}

fn parse_millis(fraction: &str) -> Option<u64> {
    if fraction.is_empty() || fraction.len() > 9 || !fraction.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    format!("{fraction:0<3}").get(..3)?.parse().ok()
}

fn digits(text: &str, count: usize) -> Option<u64> {
    (text.len() == count && text.bytes().all(|b| b.is_ascii_digit())).then(|| text.parse().ok())?
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_read_and_written() {
        let cases = [
            ("1970-01-01T08:00:00+08:00", 0, "1970-01-01T08:00:00+08:00"),
            ("2026-03-02T09:00:00+08:00", 1_772_413_200_000, "2026-03-02T09:00:00+08:00"),
            ("2026-03-02T01:00:00Z", 1_772_413_200_000, "2026-03-02T09:00:00+08:00"),
            ("2024-02-29T23:59:59.5+08:00", 1_709_222_399_500, "2024-02-29T23:59:59.500+08:00"),
            ("9999-12-31T23:59:59.999+08:00", MAX_MS, "9999-12-31T23:59:59.999+08:00"),
        ];
        for (text, millis, printed) in cases {
            let time = BlockTime::parse(text).unwrap();
            assert_eq!(time.as_millis(), millis, "{text}");
            assert_eq!(time.to_string(), printed);
        }
    }

    #[test]
    fn what_is_not_a_time_is_refused() {
        for text in [
            "",
            "2026-03-02",
            "2026-03-02T09:00:00",
            "2026-02-29T00:00:00Z",
            "2026-13-01T00:00:00Z",
            "2026-03-02T24:00:00Z",
            "2026-03-02T09:60:00Z",
            "2026-03-02T09:00:00+8:00",
            "1969-12-31T23:59:59Z",
            "1970-01-01T00:00:00+08:00",
            "2026-03-02t09:00:00Z",
            "2026-03-02T09:00:00.Z",
            "2026-03-02T09:00Z",
        ] {
            assert_eq!(BlockTime::parse(text), Err(InvalidTime), "{text}");
        }
    }

    #[test]
    fn no_encoding_names_a_time_after_the_year_9999() {
        for (millis, good) in [(0, true), (MAX_MS, true), (MAX_MS + 1, false), (u64::MAX, false)] {
            let bytes = crate::codec::encode(&millis);
            assert_eq!(crate::codec::decode::<BlockTime>(&bytes, 9).is_ok(), good, "{millis}");
        }
    }

    #[test]
    fn every_day_number_names_one_date() {
        for days in (0..2_932_897).step_by(13) {
            let (y, m, d) = civil_from_days(days);
            assert_eq!(days_from_civil(y, m, d), Some(days));
        }
    }
}
