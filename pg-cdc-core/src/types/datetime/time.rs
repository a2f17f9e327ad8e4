//! `time`

use std::fmt;
use std::str::FromStr;

use super::{Cursor, two_digits};
use crate::types::{Flaw, Parsed, TypeError, fixed, oid};

pub(in crate::types) const MICROS_A_SECOND: i64 = 1_000_000;
pub(in crate::types) const MICROS_A_DAY: i64 = 86_400 * MICROS_A_SECOND;

/// A `time`: microseconds since midnight, 24:00:00 included.
///
/// ```
/// use pg_cdc_core::types::PgTime;
///
/// let time: PgTime = "12:34:56.78".parse()?;
/// assert_eq!(time.micros_since_midnight(), 45_296_780_000);
/// assert_eq!("24:00:00".parse::<PgTime>()?.to_string(), "24:00:00");
/// # Ok::<(), pg_cdc_core::types::TypeError>(())
/// ```
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PgTime(i64);

impl PgTime {
    /// The time so many microseconds after midnight: 0 to 86 400 000 000.
    #[must_use]
    pub const fn from_micros_since_midnight(micros: i64) -> Option<Self> {
        match micros {
            0..=MICROS_A_DAY => Some(Self(micros)),
            _ => None,
        }
    }

    /// Microseconds since midnight: 0 to 86 400 000 000 (24:00:00).
    #[must_use]
    pub const fn micros_since_midnight(self) -> i64 {
        self.0
    }

    pub(crate) fn from_text(text: &[u8]) -> Parsed<Self> {
        let mut cursor = Cursor::new(text);
        let time = read(&mut cursor).filter(|_| cursor.end().is_some());
        time.and_then(Self::from_micros_since_midnight)
            .ok_or_else(|| Flaw::at("is not a time in ISO style, or out of range", cursor.at))
    }

    pub(crate) fn from_binary(bytes: &[u8]) -> Parsed<Self> {
        Self::from_micros_since_midnight(i64::from_be_bytes(fixed(bytes)?))
            .ok_or(Flaw::new("is a time out of range"))
    }

    /// Appends PostgreSQL's text form.
    pub fn write_text(self, out: &mut Vec<u8>) {
        write(self.0, out);
    }

    /// Appends PostgreSQL's binary form.
    pub fn write_binary(self, out: &mut Vec<u8>) {
        out.extend_from_slice(&self.0.to_be_bytes());
    }
}

/// Reads `HH:MM:SS` and up to six digits of a fraction: microseconds, possibly more than a day's.
pub(super) fn read(cursor: &mut Cursor<'_>) -> Option<i64> {
    let hour = cursor.number(2, 2).filter(|&hour| hour <= 24)?;
    cursor.take(b':')?;
    Some(i64::from(hour) * 3_600 * MICROS_A_SECOND + read_below_hour(cursor)?)
}

/// Reads `MM:SS` and up to six digits of a fraction: microseconds.
pub(super) fn read_below_hour(cursor: &mut Cursor<'_>) -> Option<i64> {
    let minute = cursor.number(2, 2).filter(|&minute| minute < 60)?;
    let second = cursor.after(b':', 60)?;
    let mut micros = 0;
    if cursor.take(b'.').is_some() {
        let start = cursor.at;
        micros = cursor.number(1, 6)?;
        for _ in cursor.at - start..6 {
            micros *= 10;
        }
    }
    let seconds = minute * 60 + second;
    Some(i64::from(seconds) * MICROS_A_SECOND + i64::from(micros))
}

/// Appends `HH:MM:SS`, of less than 100 hours, and the fraction without trailing zeros.
pub(super) fn write(micros: i64, out: &mut Vec<u8>) {
    let seconds = (micros / MICROS_A_SECOND) as u32;
    let fraction = (micros % MICROS_A_SECOND) as u32;
    let [h1, h2] = two_digits(seconds / 3_600);
    let [m1, m2] = two_digits(seconds / 60 % 60);
    let [s1, s2] = two_digits(seconds % 60);
    out.extend_from_slice(&[h1, h2, b':', m1, m2, b':', s1, s2]);
    if fraction != 0 {
        let ([f1, f2], [f3, f4]) = (two_digits(fraction / 10_000), two_digits(fraction / 100));
        let [f5, f6] = two_digits(fraction);
        let digits = [b'.', f1, f2, f3, f4, f5, f6];
        let zeros = digits.iter().rev().take_while(|&&digit| digit == b'0').count();
        out.extend_from_slice(digits.get(..digits.len() - zeros).unwrap_or_default());
    }
}

impl FromStr for PgTime {
    type Err = TypeError;

    fn from_str(text: &str) -> Result<Self, TypeError> {
        Self::from_text(text.as_bytes()).map_err(|flaw| flaw.of_built_in(oid::TIME))
    }
}

crate::types::text_is_display!(PgTime);

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn only_times_that_postgresql_has() {
        for good in ["00:00:00", "23:59:59.999999", "24:00:00", "00:00:00.000001", "01:02:03.1"] {
            assert_eq!(good.parse::<PgTime>().unwrap().to_string(), good);
        }
        for bad in [
            "",
            "24:00:00.000001",
            "25:00:00",
            "00:60:00",
            "00:00:60",
            "0:00:00",
            "00:00",
            "00:00:00.",
            "00:00:00.1234567",
            "00:00:00+00",
        ] {
            assert!(bad.parse::<PgTime>().is_err(), "{bad}");
        }
    }

    proptest! {
        #[test]
        fn text_and_binary_go_there_and_back(micros in 0..=MICROS_A_DAY) {
            let time = PgTime::from_binary(&micros.to_be_bytes()).unwrap();
            prop_assert_eq!(time.to_string().parse::<PgTime>(), Ok(time));
        }

        #[test]
        fn any_eight_bytes_are_a_time_or_an_error(micros: i64) {
            prop_assert_eq!(PgTime::from_binary(&micros.to_be_bytes()).is_ok(), (0..=MICROS_A_DAY).contains(&micros));
        }
    }
}
