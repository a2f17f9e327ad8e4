//! `timetz`

use std::fmt;

use super::timestamp::read_offset;
use super::{Cursor, PgTime, time, two_digits};
use crate::types::encoded::Reader;
use crate::types::{Flaw, Parsed, oid};

/// An offset is less than sixteen hours either way (`TZDISP_LIMIT`).
const OFFSET_LIMIT: i32 = 16 * 3_600;

/// A `timetz`: a time of day and how far the clock is ahead of UTC. Equal ones have the same of both.
///
/// ```
/// use pg_cdc_core::types::PgTimeTz;
///
/// let time: PgTimeTz = "12:34:56.7-07:30".parse()?;
/// assert_eq!(time.time().micros_since_midnight(), 45_296_700_000);
/// assert_eq!(time.offset(), -27_000);
/// assert_eq!(time.to_string(), "12:34:56.7-07:30");
/// # Ok::<(), pg_cdc_core::types::TypeError>(())
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct PgTimeTz {
    time: PgTime,
    offset: i32,
}

impl PgTimeTz {
    /// The time of day `offset` seconds east of UTC, if that is less than sixteen hours either way.
    #[must_use]
    pub const fn new(time: PgTime, offset: i32) -> Option<Self> {
        if -OFFSET_LIMIT < offset && offset < OFFSET_LIMIT { Some(Self { time, offset }) } else { None }
    }

    /// The time of day, where the clock is.
    #[must_use]
    pub const fn time(self) -> PgTime {
        self.time
    }

    /// Seconds east of UTC: how far the clock is ahead.
    #[must_use]
    pub const fn offset(self) -> i32 {
        self.offset
    }

    pub(crate) fn from_text(text: &[u8]) -> Parsed<Self> {
        let mut cursor = Cursor::new(text);
        let value = (|| {
            let time = PgTime::from_micros_since_midnight(time::read(&mut cursor)?)?;
            let offset = read_offset(&mut cursor)?;
            cursor.end()?;
            Self::new(time, i32::try_from(offset).ok()?)
        })();
        value.ok_or_else(|| Flaw::at("is not a time with an offset, or out of range", cursor.at))
    }

    /// Microseconds since midnight, then seconds west of UTC (`timetz_send`).
    pub(crate) fn from_binary(bytes: &[u8]) -> Parsed<Self> {
        let mut reader = Reader::new(bytes);
        let micros = i64::from_be_bytes(reader.array()?);
        let west = reader.i32()?;
        reader.end()?;
        let time = PgTime::from_micros_since_midnight(micros);
        time.zip(west.checked_neg())
            .and_then(|(time, offset)| Self::new(time, offset))
            .ok_or(Flaw::new("is a time with an offset out of range"))
    }

    /// Appends PostgreSQL's text form.
    pub fn write_text(self, out: &mut Vec<u8>) {
        self.time.write_text(out);
        write_offset(self.offset, out);
    }

    /// Appends PostgreSQL's binary form.
    pub fn write_binary(self, out: &mut Vec<u8>) {
        self.time.write_binary(out);
        out.extend_from_slice(&(-self.offset).to_be_bytes());
    }
}

/// Appends `+HH`, and minutes and seconds as far as there are any (`EncodeTimezone`).
fn write_offset(offset: i32, out: &mut Vec<u8>) {
    out.push(if offset < 0 { b'-' } else { b'+' });
    let seconds = offset.unsigned_abs();
    out.extend_from_slice(&two_digits(seconds / 3_600));
    if !seconds.is_multiple_of(3_600) {
        out.push(b':');
        out.extend_from_slice(&two_digits(seconds / 60 % 60));
    }
    if !seconds.is_multiple_of(60) {
        out.push(b':');
        out.extend_from_slice(&two_digits(seconds % 60));
    }
}

crate::types::text_is_parsed!(PgTimeTz, oid::TIMETZ);
crate::types::text_is_display!(PgTimeTz);

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::types::datetime::time::MICROS_A_DAY;

    #[test]
    fn only_times_that_postgresql_has() {
        for good in [
            "24:00:00+15:59:59",
            "00:00:00-15:59:59",
            "01:02:03+00",
            "01:02:03.5-07:52:58",
            "01:02:03+00:00:01",
        ] {
            assert_eq!(good.parse::<PgTimeTz>().unwrap().to_string(), good);
        }
        for bad in [
            "",
            "01:02:03",
            "01:02:03+16",
            "01:02:03-16",
            "01:02:03+0",
            "01:02:03+00 ",
            "24:00:01+00",
            "01:02:03Z",
        ] {
            assert!(bad.parse::<PgTimeTz>().is_err(), "{bad}");
        }
        let west = |west: i32| [&[0; 8][..], &west.to_be_bytes()].concat();
        for bad in [16 * 3_600, -16 * 3_600, i32::MIN, i32::MAX] {
            assert!(PgTimeTz::from_binary(&west(bad)).is_err());
        }
    }

    proptest! {
        #[test]
        fn text_and_binary_go_there_and_back(micros in 0..=MICROS_A_DAY, offset in 1 - OFFSET_LIMIT..OFFSET_LIMIT) {
            let time = PgTime::from_micros_since_midnight(micros).unwrap();
            let value = PgTimeTz::new(time, offset).unwrap();
            prop_assert_eq!(value.to_string().parse::<PgTimeTz>(), Ok(value));
            let mut binary = Vec::new();
            value.write_binary(&mut binary);
            prop_assert_eq!(PgTimeTz::from_binary(&binary), Ok(value));
        }

        #[test]
        fn any_twelve_bytes_are_a_time_or_an_error(bytes: [u8; 12]) {
            let _ = PgTimeTz::from_binary(&bytes);
        }
    }
}
