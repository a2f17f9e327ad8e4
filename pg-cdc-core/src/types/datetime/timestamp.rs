//! `timestamp` and `timestamptz`

use std::fmt;
use std::str::FromStr;

use super::time::{MICROS_A_DAY, MICROS_A_SECOND};
use super::{Cursor, PgDate, PgTime, calendar, date, time};
use crate::types::{Flaw, Parsed, TypeError, fixed, oid};

/// The first moment that PostgreSQL can keep: 4714-11-24 00:00:00 BC.
const FIRST: i64 = -211_813_488_000_000_000;
/// The moment after the last: 294277-01-01 00:00:00.
const END: i64 = 9_223_371_331_200_000_000;
/// Microseconds from 1970-01-01 to 2000-01-01.
pub(in crate::types) const MICROS_TO_2000: i64 = 946_684_800 * MICROS_A_SECOND;

/// How a moment is written: the separator, and what says that it is in UTC.
#[derive(Clone, Copy)]
pub(crate) struct Style {
    separator: u8,
    utc: &'static [u8],
}

impl Style {
    /// `timestamp` as PostgreSQL's text.
    pub(crate) const TEXT: Self = Self { separator: b' ', utc: b"" };
    /// `timestamptz` as PostgreSQL's text with `TimeZone=UTC`.
    pub(crate) const TEXT_UTC: Self = Self { separator: b' ', utc: b"+00" };
    /// `timestamp` as `row_to_json` has it (`USE_XSD_DATES`).
    pub(crate) const JSON: Self = Self { separator: b'T', utc: b"" };
    /// `timestamptz` as `row_to_json` has it with `TimeZone=UTC`.
    pub(crate) const JSON_UTC: Self = Self { separator: b'T', utc: b"+00:00" };
}

macro_rules! timestamp {
    ($(#[$doc:meta])* $name:ident, $oid:path, $zoned:literal, $style:path) => {
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(i64);

        impl $name {
            /// `-infinity`
            pub const NEG_INFINITY: Self = Self(i64::MIN);
            /// `infinity`
            pub const INFINITY: Self = Self(i64::MAX);

            /// So many microseconds after 2000-01-01 00:00:00 (`i64::MIN` and `i64::MAX` are the infinities), if
            /// PostgreSQL has it: from 4714-11-24 BC to the end of the year 294276.
            #[must_use]
            pub const fn from_micros_since_2000(micros: i64) -> Option<Self> {
                match micros {
                    i64::MIN | i64::MAX | FIRST..END => Some(Self(micros)),
                    _ => None,
                }
            }

            /// Microseconds since 2000-01-01 00:00:00, as PostgreSQL keeps them: `i64::MIN` and `i64::MAX` for the
            /// infinities.
            #[must_use]
            pub const fn micros_since_2000(self) -> i64 {
                self.0
            }

            /// Microseconds since 1970-01-01 00:00:00; `None` for the infinities and where an `i64` can't hold them
            /// (from the year 294247 on).
            #[must_use]
            pub const fn micros_since_1970(self) -> Option<i64> {
                if self.is_finite() { self.0.checked_add(MICROS_TO_2000) } else { None }
            }

            /// The day (in UTC) and the time within it; `None` for the infinities.
            #[must_use]
            pub fn to_date_and_time(self) -> Option<(PgDate, PgTime)> {
                let days = i32::try_from(self.0.div_euclid(MICROS_A_DAY)).ok().filter(|_| self.is_finite())?;
                let time = PgTime::from_micros_since_midnight(self.0.rem_euclid(MICROS_A_DAY))?;
                Some((PgDate::from_days_since_2000(days)?, time))
            }

            /// Whether it is a moment and not an infinity.
            #[must_use]
            pub const fn is_finite(self) -> bool {
                !matches!(self.0, i64::MIN | i64::MAX)
            }

            pub(crate) fn from_text(text: &[u8]) -> Parsed<Self> {
                read(text, $zoned).map(Self)
            }

            pub(crate) fn from_binary(bytes: &[u8]) -> Parsed<Self> {
                read_binary(bytes).map(Self)
            }

            /// Appends PostgreSQL's text form.
            pub fn write_text(self, out: &mut Vec<u8>) {
                write(self.0, $style, out);
            }

            /// Appends PostgreSQL's binary form.
            pub fn write_binary(self, out: &mut Vec<u8>) {
                out.extend_from_slice(&self.0.to_be_bytes());
            }
        }

        impl FromStr for $name {
            type Err = TypeError;

            fn from_str(text: &str) -> Result<Self, TypeError> {
                Self::from_text(text.as_bytes()).map_err(|flaw| flaw.of_built_in($oid))
            }
        }

        crate::types::text_is_display!($name);
    };
}

timestamp! {
    /// A `timestamp` (without time zone): a reading of calendar and clock that says nothing of where, to the
    /// microsecond; or one of the infinities, which lie before and after all others.
    ///
    /// ```
    /// use pg_cdc_core::types::PgTimestamp;
    ///
    /// let timestamp: PgTimestamp = "2000-01-01 00:00:01.5".parse()?;
    /// assert_eq!(timestamp.micros_since_2000(), 1_500_000);
    /// assert_eq!(timestamp.to_string(), "2000-01-01 00:00:01.5");
    /// # Ok::<(), pg_cdc_core::types::TypeError>(())
    /// ```
    PgTimestamp, oid::TIMESTAMP, false, Style::TEXT
}

timestamp! {
    /// A `timestamptz`: an instant, to the microsecond; or one of the infinities, which lie before and after all others.
    ///
    /// The server keeps no zone and prints an instant in the session's; here it is printed in UTC.
    ///
    /// ```
    /// use pg_cdc_core::types::PgTimestampTz;
    ///
    /// let timestamp: PgTimestampTz = "2000-01-01 05:30:00+05:30".parse()?;
    /// assert_eq!(timestamp.micros_since_2000(), 0);
    /// assert_eq!(timestamp.to_string(), "2000-01-01 00:00:00+00");
    /// # Ok::<(), pg_cdc_core::types::TypeError>(())
    /// ```
    PgTimestampTz, oid::TIMESTAMPTZ, true, Style::TEXT_UTC
}

fn read_binary(bytes: &[u8]) -> Parsed<i64> {
    match i64::from_be_bytes(fixed(bytes)?) {
        micros @ (i64::MIN | i64::MAX | FIRST..END) => Ok(micros),
        _ => Err(Flaw::new("is a timestamp out of range")),
    }
}

/// Reads a timestamp in ISO style, with an offset if `zoned`: microseconds since 2000.
fn read(text: &[u8], zoned: bool) -> Parsed<i64> {
    match text {
        b"infinity" => return Ok(i64::MAX),
        b"-infinity" => return Ok(i64::MIN),
        _ => {}
    }
    let mut cursor = Cursor::new(text);
    let micros = (|| {
        let (year, month, day) = date::read(&mut cursor)?;
        cursor.take(b' ')?;
        let time = time::read(&mut cursor).filter(|&time| time < MICROS_A_DAY)?;
        let offset = if zoned { read_offset(&mut cursor)? } else { 0 };
        let year = if cursor.is_bc() { 1 - i64::from(year) } else { i64::from(year) };
        cursor.end()?;
        if !calendar::is_valid(year, month, day) {
            return None;
        }
        let days = calendar::days_from_date(year, month, day);
        let micros = days.checked_mul(MICROS_A_DAY)?.checked_add(time - offset * MICROS_A_SECOND)?;
        (FIRST..END).contains(&micros).then_some(micros)
    })();
    micros.ok_or_else(|| Flaw::at("is not a timestamp in ISO style, or out of range", cursor.at))
}

/// Reads `+HH`, `+HH:MM` or `+HH:MM:SS`: seconds east of UTC.
pub(super) fn read_offset(cursor: &mut Cursor<'_>) -> Option<i64> {
    let west = cursor.take(b'-').is_some();
    if !west {
        cursor.take(b'+')?;
    }
    let mut seconds = cursor.number(2, 2)? * 3_600;
    if cursor.text.get(cursor.at) == Some(&b':') {
        seconds += cursor.after(b':', 60)? * 60;
        if cursor.text.get(cursor.at) == Some(&b':') {
            seconds += cursor.after(b':', 60)?;
        }
    }
    Some(if west { -i64::from(seconds) } else { i64::from(seconds) })
}

fn write(micros: i64, style: Style, out: &mut Vec<u8>) {
    match micros {
        i64::MAX => return out.extend_from_slice(b"infinity"),
        i64::MIN => return out.extend_from_slice(b"-infinity"),
        _ => {}
    }
    let before_christ = date::write(micros.div_euclid(MICROS_A_DAY), out);
    out.push(style.separator);
    time::write(micros.rem_euclid(MICROS_A_DAY), out);
    out.extend_from_slice(style.utc);
    if before_christ {
        out.extend_from_slice(b" BC");
    }
}

/// Appends the text of a timestamp's binary form.
pub(crate) fn write_binary(bytes: &[u8], style: Style, out: &mut Vec<u8>) -> Parsed<()> {
    write(read_binary(bytes)?, style, out);
    Ok(())
}

/// Appends what `row_to_json` has for a timestamp's text form, quotes included.
pub(crate) fn write_json_from_text(text: &[u8], zoned: bool, out: &mut Vec<u8>) -> Parsed<()> {
    let style = if zoned { Style::JSON_UTC } else { Style::JSON };
    out.push(b'"');
    match split_plain(text, zoned) {
        Some((date, time)) => {
            out.extend_from_slice(date);
            out.push(style.separator);
            out.extend_from_slice(time);
            out.extend_from_slice(style.utc);
        }
        None => write(read(text, zoned)?, style, out),
    }
    out.push(b'"');
    Ok(())
}

/// Takes apart `YYYY-MM-DD HH:MM:SS[.fraction]`, followed by `+00` if `zoned`: what nearly every value looks like and
/// what needs no arithmetic to be written in the other style.
fn split_plain(text: &[u8], zoned: bool) -> Option<(&[u8], &[u8])> {
    let text = if zoned { text.strip_suffix(b"+00")? } else { text };
    let (head, fraction) = text.split_first_chunk::<19>()?;
    let shaped = head.iter().zip(b"dddd-dd-dd dd:dd:dd").fold(true, |shaped, (&byte, &like)| {
        shaped & if like == b'd' { byte.is_ascii_digit() } else { byte == like }
    });
    let fraction_shaped = match fraction {
        [] => true,
        [b'.', digits @ ..] => (1..=6).contains(&digits.len()) && digits.iter().all(u8::is_ascii_digit),
        _ => false,
    };
    (shaped && fraction_shaped).then_some((text.get(..10)?, text.get(11..)?))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn json(text: &str, zoned: bool) -> Option<String> {
        let mut out = Vec::new();
        write_json_from_text(text.as_bytes(), zoned, &mut out).ok()?;
        Some(String::from_utf8(out).unwrap())
    }

    #[test]
    fn only_timestamps_that_postgresql_has() {
        for good in [
            "4714-11-24 00:00:00 BC",
            "294276-12-31 23:59:59.999999",
            "infinity",
            "-infinity",
            "0001-01-01 00:00:00",
        ] {
            assert_eq!(good.parse::<PgTimestamp>().unwrap().to_string(), good);
        }
        for bad in [
            "4714-11-23 23:59:59 BC",
            "294277-01-01 00:00:00",
            "2024-01-01",
            "2024-01-01 24:00:00",
            "2024-01-01 00:00:00+00",
            "2023-02-29 00:00:00",
        ] {
            assert!(bad.parse::<PgTimestamp>().is_err(), "{bad}");
        }
        for bad in [
            "2024-01-01 00:00:00",
            "2024-01-01 00:00:00+0",
            "2024-01-01 00:00:00+00:60",
            "4714-11-24 00:00:00+01 BC",
        ] {
            assert!(bad.parse::<PgTimestampTz>().is_err(), "{bad}");
        }
    }

    #[test]
    fn days_and_times_are_those_that_are_printed() {
        for text in ["4714-11-24 00:00:00 BC", "1999-12-31 23:59:59.999999", "294276-12-31 23:59:59.999999"] {
            let timestamp: PgTimestamp = text.parse().unwrap();
            let (date, time) = timestamp.to_date_and_time().unwrap();
            let (date, era) = date
                .to_string()
                .split_once(' ')
                .map_or((date.to_string(), ""), |(date, _)| (date.to_owned(), " BC"));
            assert_eq!(format!("{date} {time}{era}"), text);
        }
        assert_eq!(PgTimestampTz::INFINITY.to_date_and_time(), None);
        assert_eq!(PgTimestampTz::NEG_INFINITY.to_date_and_time(), None);
    }

    #[test]
    fn any_session_s_zone_becomes_utc() {
        for (text, utc) in [
            ("2024-02-29 12:00:00+05:30", "2024-02-29T06:30:00+00:00"),
            ("1880-01-01 00:00:00-07:52:58", "1880-01-01T07:52:58+00:00"),
            ("0001-01-01 00:30:00+01 ", ""),
            ("0001-01-01 00:30:00+01", "0001-12-31T23:30:00+00:00 BC"),
            ("0044-03-15 01:02:03.4+00 BC", "0044-03-15T01:02:03.4+00:00 BC"),
        ] {
            assert_eq!(json(text, true), (!utc.is_empty()).then(|| format!("\"{utc}\"")), "{text}");
        }
    }

    proptest! {
        #[test]
        fn any_eight_bytes_are_a_timestamp_or_an_error_and_text_goes_back(micros in prop_oneof![any::<i64>(), FIRST..END, -1_000_000_000_000_000..1_000_000_000_000_000i64]) {
            match PgTimestampTz::from_binary(&micros.to_be_bytes()) {
                Ok(timestamp) => {
                    prop_assert_eq!(timestamp.to_string().parse::<PgTimestampTz>(), Ok(timestamp));
                    let plain = PgTimestamp::from_binary(&micros.to_be_bytes()).unwrap();
                    prop_assert_eq!(plain.to_string().parse::<PgTimestamp>(), Ok(plain));
                    for (text, zoned, style) in [(plain.to_string(), false, Style::JSON), (timestamp.to_string(), true, Style::JSON_UTC)] {
                        let mut out = Vec::new();
                        write_binary(&micros.to_be_bytes(), style, &mut out).unwrap();
                        prop_assert_eq!(json(&text, zoned), Some(format!("\"{}\"", String::from_utf8(out).unwrap())));
                    }
                }
                Err(_) => prop_assert!(!(FIRST..END).contains(&micros)),
            }
        }

        #[test]
        fn random_text_never_panics(text in "[0-9]{0,8}-?[0-9]{0,3}-?[0-9]{0,3}[ T]?[0-9:.+-]{0,20}( BC)?") {
            let _ = (json(&text, true), json(&text, false));
        }
    }
}
