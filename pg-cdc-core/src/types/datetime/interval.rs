//! `interval`

use std::fmt;

use super::time::{self, MICROS_A_SECOND};
use crate::types::encoded::Reader;
use crate::types::{Flaw, Parsed, oid};

const MICROS_AN_HOUR: u64 = 3_600 * MICROS_A_SECOND as u64;

/// An `interval`: months, days and microseconds, each with a sign of its own, since a month has no fixed number of days
/// and a day none of hours. Equal ones have the same of all three (to PostgreSQL a month equals 30 days).
///
/// All three at their largest are `infinity`, all at their smallest `-infinity` (PostgreSQL 17 and later; before, no
/// interval in use comes near).
///
/// ```
/// use pg_cdc_core::types::PgInterval;
///
/// let interval: PgInterval = "1 year 2 mons -3 days +04:05:06.7".parse()?;
/// assert_eq!(interval, PgInterval::new(14, -3, 14_706_700_000));
/// assert_eq!(interval.to_string(), "1 year 2 mons -3 days +04:05:06.7");
/// # Ok::<(), pg_cdc_core::types::TypeError>(())
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct PgInterval {
    /// Months, of which twelve are a year.
    pub months: i32,
    /// Days.
    pub days: i32,
    /// Microseconds.
    pub micros: i64,
}

impl PgInterval {
    /// `infinity` (17+)
    pub const INFINITY: Self = Self::new(i32::MAX, i32::MAX, i64::MAX);
    /// `-infinity` (17+)
    pub const NEG_INFINITY: Self = Self::new(i32::MIN, i32::MIN, i64::MIN);

    /// The interval of so many months, days and microseconds.
    #[must_use]
    pub const fn new(months: i32, days: i32, micros: i64) -> Self {
        Self { months, days, micros }
    }

    /// Whether it is no infinity.
    #[must_use]
    pub const fn is_finite(self) -> bool {
        !matches!(self, Self::INFINITY | Self::NEG_INFINITY)
    }

    pub(crate) fn from_text(text: &[u8]) -> Parsed<Self> {
        match text {
            b"infinity" => return Ok(Self::INFINITY),
            b"-infinity" => return Ok(Self::NEG_INFINITY),
            _ => {}
        }
        let text = std::str::from_utf8(text).ok();
        text.and_then(read).ok_or(Flaw::new("is not an interval in the style of PostgreSQL, or out of range"))
    }

    /// Microseconds, days, months (`interval_send`).
    pub(crate) fn from_binary(bytes: &[u8]) -> Parsed<Self> {
        let mut reader = Reader::new(bytes);
        let micros = i64::from_be_bytes(reader.array()?);
        let (days, months) = (reader.i32()?, reader.i32()?);
        reader.end()?;
        Ok(Self { months, days, micros })
    }

    /// Appends PostgreSQL's text form with `IntervalStyle=postgres`.
    pub fn write_text(self, out: &mut Vec<u8>) {
        match self {
            Self::INFINITY => out.extend_from_slice(b"infinity"),
            Self::NEG_INFINITY => out.extend_from_slice(b"-infinity"),
            _ => write(self, out),
        }
    }

    /// Appends PostgreSQL's binary form.
    pub fn write_binary(self, out: &mut Vec<u8>) {
        out.extend_from_slice(&self.micros.to_be_bytes());
        out.extend_from_slice(&self.days.to_be_bytes());
        out.extend_from_slice(&self.months.to_be_bytes());
    }
}

/// Writes each part that is not zero, as `EncodeInterval` does: a positive one behind a negative has a plus sign, any
/// number but 1 the plural.
fn write(interval: PgInterval, out: &mut Vec<u8>) {
    let start = out.len();
    let mut after_negative = false;
    let parts = [(interval.months / 12, "year"), (interval.months % 12, "mon"), (interval.days, "day")];
    for (number, unit) in parts.into_iter().filter(|&(number, _)| number != 0) {
        if out.len() > start {
            out.push(b' ');
        }
        if after_negative && number > 0 {
            out.push(b'+');
        }
        after_negative = number < 0;
        out.extend_from_slice(itoa::Buffer::new().format(number).as_bytes());
        out.push(b' ');
        out.extend_from_slice(unit.as_bytes());
        if number != 1 {
            out.push(b's');
        }
    }
    if out.len() > start {
        if interval.micros == 0 {
            return;
        }
        out.push(b' ');
    }
    if interval.micros < 0 {
        out.push(b'-');
    } else if after_negative {
        out.push(b'+');
    }
    let micros = interval.micros.unsigned_abs();
    let hours = micros / MICROS_AN_HOUR;
    if hours < 100 {
        // Below 100 hours, which is 360 billion microseconds.
        return time::write(micros.cast_signed(), out);
    }
    out.extend_from_slice(itoa::Buffer::new().format(hours / 100).as_bytes());
    let below_hundred = (hours % 100) * MICROS_AN_HOUR + micros % MICROS_AN_HOUR;
    time::write(below_hundred.cast_signed(), out);
}

/// Reads the parts, each at most once and in their order.
fn read(text: &str) -> Option<PgInterval> {
    let (mut months, mut days, mut micros) = (0_i64, 0, 0);
    let mut last = 0;
    let mut words = text.split(' ');
    while let Some(word) = words.next() {
        let place = if word.contains(':') {
            micros = read_time(word)?;
            4
        } else {
            let number: i32 = word.parse().ok()?;
            match words.next()? {
                "year" | "years" => {
                    months += i64::from(number) * 12;
                    1
                }
                "mon" | "mons" => {
                    months += i64::from(number);
                    2
                }
                "day" | "days" => {
                    days = number;
                    3
                }
                _ => return None,
            }
        };
        if place <= last {
            return None;
        }
        last = place;
    }
    Some(PgInterval { months: months.try_into().ok()?, days, micros })
}

/// Reads a sign, hours of two digits and more, `:MM:SS`, and up to six digits of a fraction: microseconds.
fn read_time(text: &str) -> Option<i64> {
    let (negative, text) = match text.strip_prefix('-') {
        Some(text) => (true, text),
        None => (false, text.strip_prefix('+').unwrap_or(text)),
    };
    let (hours, rest) = text.split_once(':')?;
    if !(2..=10).contains(&hours.len()) || !hours.bytes().all(|digit| digit.is_ascii_digit()) {
        return None;
    }
    let mut cursor = super::Cursor::new(rest.as_bytes());
    let micros = time::read_below_hour(&mut cursor)?;
    cursor.end()?;
    let micros = i128::from(hours.parse::<u64>().ok()?) * i128::from(MICROS_AN_HOUR) + i128::from(micros);
    i64::try_from(if negative { -micros } else { micros }).ok()
}

crate::types::text_is_parsed!(PgInterval, oid::INTERVAL);
crate::types::text_is_display!(PgInterval);

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn the_infinities_of_postgresql_17() {
        let binary = [&[0x7f][..], &[0xff; 7], &[0x7f, 0xff, 0xff, 0xff, 0x7f, 0xff, 0xff, 0xff]].concat();
        let lowest = [&[0x80][..], &[0; 7], &[0x80, 0, 0, 0, 0x80, 0, 0, 0]].concat();
        for (binary, text) in [(binary, "infinity"), (lowest, "-infinity")] {
            let interval = PgInterval::from_binary(&binary).unwrap();
            assert!(!interval.is_finite());
            assert_eq!((interval.to_string().as_str(), text.parse()), (text, Ok(interval)));
            let mut back = Vec::new();
            interval.write_binary(&mut back);
            assert_eq!(back, binary);
        }
    }

    #[test]
    fn signs_are_each_part_s_own() {
        for (interval, text) in [
            ((0, 0, 0), "00:00:00"),
            ((-12, 1, 0), "-1 years +1 day"),
            ((-13, 0, 1), "-1 years -1 mons +00:00:00.000001"),
            ((1, 0, -1), "1 mon -00:00:00.000001"),
            ((i32::MIN, 0, 0), "-178956970 years -8 mons"),
            ((0, 0, i64::MIN), "-2562047788:00:54.775808"),
            ((0, 0, i64::MAX), "2562047788:00:54.775807"),
            ((0, 0, 360_000_000_000), "100:00:00"),
            ((0, 0, 360_300_000_000), "100:05:00"),
            ((0, 0, 36_000_000_000_000), "10000:00:00"),
        ] {
            let interval = PgInterval::new(interval.0, interval.1, interval.2);
            assert_eq!((interval.to_string().as_str(), text.parse()), (text, Ok(interval)));
        }
    }

    #[test]
    fn other_styles_and_broken_texts_are_errors() {
        for bad in [
            "",
            " ",
            "1",
            "1 year ",
            "@ 1 year",
            "P1Y",
            "1-2",
            "1 day 1 year",
            "1 day 1 day",
            "1 month",
            "1:00:00",
            "00:00",
            "00:60:00",
            "00:00:60",
            "00:00:00.",
            "00:00:00.1234567",
            "+-1 days",
            "2562047788:00:54.775808",
            "178956971 years",
            "00:00:00 1 day",
            "99999999999:00:00",
            "1 day  00:00:00",
            "Infinity",
        ] {
            assert!(bad.parse::<PgInterval>().is_err(), "{bad}");
        }
    }

    proptest! {
        #[test]
        fn text_and_binary_go_there_and_back(months: i32, days: i32, micros: i64, none in 0..8_u8) {
            let some = |bit: u8| none & bit == 0;
            let interval = PgInterval::new(
                if some(1) { months } else { 0 },
                if some(2) { days } else { 0 },
                if some(4) { micros } else { 0 },
            );
            prop_assert_eq!(interval.to_string().parse::<PgInterval>(), Ok(interval));
            let mut binary = Vec::new();
            interval.write_binary(&mut binary);
            prop_assert_eq!(PgInterval::from_binary(&binary), Ok(interval));
        }

        #[test]
        fn random_text_is_an_interval_or_an_error(text in "([-+]?[0-9]{1,10} (year|mon|day)s? ?){0,3}[-+]?[0-9:.]{0,20}") {
            let _ = PgInterval::from_text(text.as_bytes());
        }
    }
}
