//! Intervals, by `interval.handling.mode`: `MicroDuration` and `Interval` of `io.debezium.time`.

use super::handling::IntervalHandling;
use crate::types::datetime::MICROS_A_SECOND;
use crate::types::encoded::Encoded;
use crate::types::{Parsed, PgInterval, integer};

/// Appends an interval. One of PostgreSQL 17's infinities is null: the driver reads them as nothing, 0.
pub(super) fn push_interval(value: Encoded<'_>, handling: IntervalHandling, out: &mut Vec<u8>) -> Parsed<()> {
    let interval = value.read(PgInterval::from_text, PgInterval::from_binary)?;
    if !interval.is_finite() {
        out.extend_from_slice(b"null");
        return Ok(());
    }
    // As `PGInterval` has its parts, each with the sign of the whole that it is a part of.
    let (years, months) = (interval.months / 12, interval.months % 12);
    let (minutes, micros) = (interval.micros / 60_000_000, interval.micros % 60_000_000);
    let (hours, minutes) = (minutes / 60, minutes % 60);
    let seconds = (micros / MICROS_A_SECOND) as f64 + (micros % MICROS_A_SECOND) as f64 / 1e6;
    match handling {
        IntervalHandling::Numeric => {
            // In the order of `MicroDuration.durationMicros`, since it is rounded on the way.
            let days = f64::from(interval.months) * (365.25 / 12.0) + f64::from(interval.days);
            let sum = (((days * 24.0 + hours as f64) * 60.0) + minutes as f64) * 60.0 + seconds;
            integer::write_text((sum * 1e6) as i64, out);
        }
        IntervalHandling::String => {
            out.extend_from_slice(b"\"P");
            let parts = [
                (i64::from(years), &b"Y"[..]),
                (months.into(), b"M"),
                (interval.days.into(), b"DT"),
                (hours, b"H"),
                (minutes, b"M"),
            ];
            for (number, unit) in parts {
                integer::write_text(number, out);
                out.extend_from_slice(unit);
            }
            push_seconds(seconds, out);
            out.extend_from_slice(b"S\"");
        }
    }
    Ok(())
}

/// Appends seconds without trailing zeros, cut off at nine digits.
fn push_seconds(seconds: f64, out: &mut Vec<u8>) {
    use std::io::Write as _;
    let start = out.len();
    // Writing into memory can't fail.
    let _ = write!(out, "{seconds}");
    let text = out.get(start..).unwrap_or_default();
    if let Some(point) = text.iter().position(|&byte| byte == b'.') {
        let end = start + text.len().min(point + 10);
        out.truncate(end);
        while out.last() == Some(&b'0') {
            out.pop();
        }
        if out.last() == Some(&b'.') {
            out.pop();
        }
    }
    if out.get(start..) == Some(b"-0") {
        out.truncate(start);
        out.push(b'0');
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(value: Encoded<'_>, handling: IntervalHandling) -> String {
        let mut out = Vec::new();
        push_interval(value, handling, &mut out).unwrap();
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn intervals_as_microseconds_and_as_text() {
        for (text, micros, iso) in [
            ("1 year 2 mons 3 days 04:05:06.78", "37091106780000", "P1Y2M3DT4H5M6.78S"),
            ("00:00:00", "0", "P0Y0M0DT0H0M0S"),
            ("-1 years -2 mons +3 days -04:05:06.7", "-36572706700000", "P-1Y-2M3DT-4H-5M-6.7S"),
            ("1 mon", "2629800000000", "P0Y1M0DT0H0M0S"),
            ("-00:00:00.000001", "-1", "P0Y0M0DT0H0M-0.000001S"),
            ("infinity", "null", "null"),
        ] {
            let value = Encoded::Text(text.as_bytes());
            assert_eq!(written(value, IntervalHandling::Numeric), micros, "{text}");
            let expected = if iso == "null" { iso.to_owned() } else { format!("\"{iso}\"") };
            assert_eq!(written(value, IntervalHandling::String), expected, "{text}");
        }
    }
}
