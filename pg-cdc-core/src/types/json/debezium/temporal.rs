//! Dates and times, by `time.precision.mode`.
//!
//! Follows `JdbcValueConverters.convertDate`, `convertTime` and `convertTimestamp`, what `PostgresValueConverter` puts in
//! their place, and the classes of `io.debezium.time`. A type without a precision has one of six digits, as the JDBC
//! driver's `TypeInfoCache.getScale` tells it. The infinities are the moments that the driver has for them.

use super::handling::TimePrecision;
use crate::types::datetime::{MICROS_A_DAY, MICROS_A_SECOND, MICROS_TO_2000};
use crate::types::encoded::Encoded;
use crate::types::{ColumnType, Flaw, Parsed, PgDate, PgTime, PgTimeTz, PgTimestamp, PgTimestampTz, integer};

/// How many digits of a second the column keeps.
fn digits_of(type_: &ColumnType) -> i32 {
    match type_.base().modifier {
        digits @ 0.. => digits,
        _ => 6,
    }
}

/// Appends a date: days since 1970. The infinities are the two days that `LocalDate` of the driver's numbers ends at.
pub(super) fn push_date(value: Encoded<'_>, precision: TimePrecision, out: &mut Vec<u8>) -> Parsed<()> {
    let date = value.read(PgDate::from_text, PgDate::from_binary)?;
    if precision == TimePrecision::IsoString {
        out.push(b'"');
        match date {
            PgDate::INFINITY => out.extend_from_slice(b"-5877611-06-21"),
            PgDate::NEG_INFINITY => out.extend_from_slice(b"-5877611-06-22"),
            _ => push_iso_date(date, out),
        }
        out.extend_from_slice(b"Z\"");
    } else {
        let infinity = if date == PgDate::INFINITY { -2_147_472_692 } else { -2_147_472_691 };
        integer::write_text(date.days_since_1970().unwrap_or(infinity).into(), out);
    }
    Ok(())
}

/// Appends a date as Java's `ISO_LOCAL_DATE`: year 0 is 1 BC, and years of more than four digits have a sign.
fn push_iso_date(date: PgDate, out: &mut Vec<u8>) {
    let (year, month, day) = date.year_month_day().unwrap_or_default();
    if year < 0 {
        out.push(b'-');
    } else if year > 9_999 {
        out.push(b'+');
    }
    let mut buffer = itoa::Buffer::new();
    let digits = buffer.format(year.unsigned_abs());
    out.extend(std::iter::repeat_n(b'0', 4_usize.saturating_sub(digits.len())));
    out.extend_from_slice(digits.as_bytes());
    let two = |number: u32| [b'-', b'0' + (number / 10 % 10) as u8, b'0' + (number % 10) as u8];
    out.extend_from_slice(&two(month));
    out.extend_from_slice(&two(day));
}

/// Appends a moment, in microseconds since 2000, as `date` and `T` and `time`.
fn push_iso_moment(micros: i64, out: &mut Vec<u8>) -> Parsed<()> {
    const OUT_OF_RANGE: Flaw = Flaw::new("is a timestamp out of range");
    let days = i32::try_from(micros.div_euclid(MICROS_A_DAY)).map_err(|_| OUT_OF_RANGE)?;
    push_iso_date(PgDate::from_days_since_2000(days).ok_or(OUT_OF_RANGE)?, out);
    out.push(b'T');
    let time = PgTime::from_micros_since_midnight(micros.rem_euclid(MICROS_A_DAY)).ok_or(OUT_OF_RANGE)?;
    time.write_text(out);
    Ok(())
}

/// Appends a time of day.
pub(super) fn push_time(
    type_: &ColumnType,
    value: Encoded<'_>,
    precision: TimePrecision,
    out: &mut Vec<u8>,
) -> Parsed<()> {
    let time = value.read(PgTime::from_text, PgTime::from_binary)?;
    let micros = time.micros_since_midnight();
    match precision {
        TimePrecision::IsoString => {
            out.push(b'"');
            // 24:00 is 00:00 to `LocalTime`.
            let time = PgTime::from_micros_since_midnight(micros % MICROS_A_DAY).unwrap_or(time);
            time.write_text(out);
            out.extend_from_slice(b"Z\"");
        }
        TimePrecision::Nanoseconds => integer::write_text(micros * 1_000, out),
        TimePrecision::Connect => integer::write_text(micros / 1_000, out),
        TimePrecision::Adaptive if digits_of(type_) <= 3 => integer::write_text(micros / 1_000, out),
        TimePrecision::Adaptive | TimePrecision::AdaptiveTimeMicroseconds | TimePrecision::Microseconds => {
            integer::write_text(micros, out);
        }
    }
    Ok(())
}

/// Appends a timestamp.
pub(super) fn push_timestamp(
    type_: &ColumnType,
    value: Encoded<'_>,
    precision: TimePrecision,
    out: &mut Vec<u8>,
) -> Parsed<()> {
    /// `PGStatement.DATE_POSITIVE_INFINITY` and its other end, taken for microseconds.
    const INFINITY: i64 = 9_223_372_036_825_200_000;
    const NEG_INFINITY: i64 = -9_223_372_036_832_400_000;
    let timestamp = value.read(PgTimestamp::from_text, PgTimestamp::from_binary)?;
    // Java's clock ends before PostgreSQL's, in the year 294247.
    let micros = match timestamp {
        PgTimestamp::INFINITY => INFINITY,
        PgTimestamp::NEG_INFINITY => NEG_INFINITY,
        _ => timestamp.micros_since_2000().saturating_add(MICROS_TO_2000),
    };
    match precision {
        TimePrecision::IsoString => {
            out.push(b'"');
            match timestamp {
                PgTimestamp::INFINITY => out.extend_from_slice(b"+294247-01-10T04:00:25.2"),
                PgTimestamp::NEG_INFINITY => out.extend_from_slice(b"-290308-12-21T19:59:27.6"),
                _ => push_iso_moment(timestamp.micros_since_2000(), out)?,
            }
            out.extend_from_slice(b"Z\"");
        }
        TimePrecision::Nanoseconds => match (timestamp, micros.checked_mul(1_000)) {
            (PgTimestamp::INFINITY, _) => integer::write_text(i64::MAX, out),
            (PgTimestamp::NEG_INFINITY, _) => integer::write_text(i64::MIN, out),
            (_, Some(nanos)) => integer::write_text(nanos, out),
            // To Debezium an error, which leaves the field null.
            (_, None) => out.extend_from_slice(b"null"),
        },
        TimePrecision::Microseconds => integer::write_text(micros, out),
        TimePrecision::Connect => integer::write_text(millis(timestamp, micros), out),
        TimePrecision::Adaptive | TimePrecision::AdaptiveTimeMicroseconds => {
            if digits_of(type_) <= 3 {
                integer::write_text(millis(timestamp, micros), out);
            } else {
                integer::write_text(micros, out);
            }
        }
    }
    Ok(())
}

fn millis(timestamp: PgTimestamp, micros: i64) -> i64 {
    if timestamp.is_finite() {
        (timestamp.micros_since_2000().div_euclid(1_000)).saturating_add(MICROS_TO_2000 / 1_000)
    } else {
        micros.div_euclid(1_000)
    }
}

/// Appends a timestamptz as `ZonedTimestamp` prints it: in UTC, with as many digits of a second as the column keeps, all
/// that are not zero where it keeps none.
pub(super) fn push_timestamptz(type_: &ColumnType, value: Encoded<'_>, out: &mut Vec<u8>) -> Parsed<()> {
    let timestamp = value.read(PgTimestampTz::from_text, PgTimestampTz::from_binary)?;
    match timestamp {
        PgTimestampTz::INFINITY => out.extend_from_slice(b"\"infinity\""),
        PgTimestampTz::NEG_INFINITY => out.extend_from_slice(b"\"-infinity\""),
        _ => {
            out.push(b'"');
            let micros = timestamp.micros_since_2000();
            match usize::try_from(digits_of(type_)).unwrap_or(0) {
                0 | 10.. => push_iso_moment(micros, out)?,
                digits => {
                    let fraction = micros.rem_euclid(MICROS_A_SECOND);
                    push_iso_moment(micros - fraction, out)?;
                    let end = out.len() + 1 + digits;
                    out.push(b'.');
                    let mut buffer = itoa::Buffer::new();
                    // The leading one keeps the zeros.
                    let shown = buffer.format(MICROS_A_SECOND + fraction).as_bytes();
                    out.extend_from_slice(shown.get(1..).unwrap_or_default());
                    out.resize(end, b'0');
                }
            }
            out.extend_from_slice(b"Z\"");
        }
    }
    Ok(())
}

/// Appends a timetz as `ZonedTime` prints it, in UTC. 24:00 at UTC stays what it is (3.7; 3.6 stops).
pub(super) fn push_timetz(value: Encoded<'_>, out: &mut Vec<u8>) -> Parsed<()> {
    let time = value.read(PgTimeTz::from_text, PgTimeTz::from_binary)?;
    let local = time.time().micros_since_midnight();
    let micros = if (local, time.offset()) == (MICROS_A_DAY, 0) {
        MICROS_A_DAY
    } else {
        (local - i64::from(time.offset()) * MICROS_A_SECOND).rem_euclid(MICROS_A_DAY)
    };
    out.push(b'"');
    PgTime::from_micros_since_midnight(micros).unwrap_or(time.time()).write_text(out);
    out.extend_from_slice(b"Z\"");
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::types::oid;

    fn written(write: impl FnOnce(&mut Vec<u8>) -> Parsed<()>) -> String {
        let mut out = Vec::new();
        write(&mut out).unwrap();
        String::from_utf8(out).unwrap()
    }

    const ALL: [TimePrecision; 6] = [
        TimePrecision::Adaptive,
        TimePrecision::AdaptiveTimeMicroseconds,
        TimePrecision::Connect,
        TimePrecision::IsoString,
        TimePrecision::Microseconds,
        TimePrecision::Nanoseconds,
    ];

    #[test]
    fn dates() {
        for (text, days, iso) in [
            ("2016-11-04", "17109", "\"2016-11-04Z\""),
            ("1969-12-31", "-1", "\"1969-12-31Z\""),
            ("0001-01-01 BC", "-719528", "\"0000-01-01Z\""),
            ("0044-03-15 BC", "-735160", "\"-0043-03-15Z\""),
            ("10000-01-01", "2932897", "\"+10000-01-01Z\""),
            ("infinity", "-2147472692", "\"-5877611-06-21Z\""),
            ("-infinity", "-2147472691", "\"-5877611-06-22Z\""),
        ] {
            for precision in ALL {
                let expected = if precision == TimePrecision::IsoString { iso } else { days };
                let found = written(|out| push_date(Encoded::Text(text.as_bytes()), precision, out));
                assert_eq!(found, expected, "{text} {precision:?}");
            }
        }
    }

    #[test]
    fn times_by_the_column_s_precision() {
        let micros = "49890123789";
        for (text, modifier, expected) in [
            (
                "13:51:30.123789",
                -1,
                [micros, micros, "49890123", "\"13:51:30.123789Z\"", micros, "49890123789000"],
            ),
            (
                "13:51:30.123",
                3,
                ["49890123", "49890123000", "49890123", "\"13:51:30.123Z\"", "49890123000", "49890123000000"],
            ),
            (
                "13:51:30",
                0,
                ["49890000", "49890000000", "49890000", "\"13:51:30Z\"", "49890000000", "49890000000000"],
            ),
            (
                "24:00:00",
                6,
                ["86400000000", "86400000000", "86400000", "\"00:00:00Z\"", "86400000000", "86400000000000"],
            ),
        ] {
            let type_ = ColumnType::new(oid::TIME, modifier, "time");
            for (precision, expected) in ALL.into_iter().zip(expected) {
                let found = written(|out| push_time(&type_, Encoded::Text(text.as_bytes()), precision, out));
                assert_eq!(found, expected, "{text} {precision:?}");
            }
        }
    }

    #[test]
    fn timestamps_by_the_column_s_precision() {
        let micros = "1529507596945104";
        let far = "9223372036825200000";
        for (text, modifier, expected) in [
            (
                "2018-06-20 15:13:16.945104",
                -1,
                [
                    micros,
                    micros,
                    "1529507596945",
                    "\"2018-06-20T15:13:16.945104Z\"",
                    micros,
                    "1529507596945104000",
                ],
            ),
            (
                "1936-10-25 22:10:12.608",
                3,
                [
                    "-1047174587392",
                    "-1047174587392",
                    "-1047174587392",
                    "\"1936-10-25T22:10:12.608Z\"",
                    "-1047174587392000",
                    "-1047174587392000000",
                ],
            ),
            (
                "4713-12-31 23:59:59.999999 BC",
                6,
                [
                    "-210831897600000001",
                    "-210831897600000001",
                    "-210831897600001",
                    "\"-4712-12-31T23:59:59.999999Z\"",
                    "-210831897600000001",
                    "null",
                ],
            ),
            (
                "infinity",
                -1,
                [far, far, "9223372036825200", "\"+294247-01-10T04:00:25.2Z\"", far, "9223372036854775807"],
            ),
            (
                "-infinity",
                3,
                [
                    "-9223372036832400",
                    "-9223372036832400",
                    "-9223372036832400",
                    "\"-290308-12-21T19:59:27.6Z\"",
                    "-9223372036832400000",
                    "-9223372036854775808",
                ],
            ),
        ] {
            let type_ = ColumnType::new(oid::TIMESTAMP, modifier, "timestamp");
            for (precision, expected) in ALL.into_iter().zip(expected) {
                let found =
                    written(|out| push_timestamp(&type_, Encoded::Text(text.as_bytes()), precision, out));
                assert_eq!(found, expected, "{text} {precision:?}");
            }
        }
    }

    #[test]
    fn instants_have_the_digits_of_their_column() {
        for (text, modifier, expected) in [
            ("2016-11-04 13:51:30.123456+02", -1, "2016-11-04T11:51:30.123456Z"),
            ("21016-11-04 06:51:30+00", -1, "+21016-11-04T06:51:30.000000Z"),
            ("21016-11-04 06:51:30.123456+00", -1, "+21016-11-04T06:51:30.123456Z"),
            ("294247-01-01 23:59:59.999999+00", -1, "+294247-01-01T23:59:59.999999Z"),
            ("4714-12-31 23:59:59.999999+00 BC", -1, "-4713-12-31T23:59:59.999999Z"),
            ("2019-03-31 01:30:00.5+00", 3, "2019-03-31T01:30:00.500Z"),
            ("2019-03-31 01:30:00+00", 0, "2019-03-31T01:30:00Z"),
            ("infinity", -1, "infinity"),
            ("-infinity", 3, "-infinity"),
        ] {
            let type_ = ColumnType::new(oid::TIMESTAMPTZ, modifier, "timestamptz");
            let found = written(|out| push_timestamptz(&type_, Encoded::Text(text.as_bytes()), out));
            assert_eq!(found, format!("\"{expected}\""), "{text}");
        }
    }

    #[test]
    fn times_with_a_zone_are_told_in_utc() {
        for (text, expected) in [
            ("13:51:30.123789+02", "\"11:51:30.123789Z\""),
            ("01:02:03-07:30", "\"08:32:03Z\""),
            ("00:30:00+01", "\"23:30:00Z\""),
            ("24:00:00+00", "\"24:00:00Z\""),
            ("24:00:00+01", "\"23:00:00Z\""),
        ] {
            assert_eq!(written(|out| push_timetz(Encoded::Text(text.as_bytes()), out)), expected, "{text}");
        }
    }
}
