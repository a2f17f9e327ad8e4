//! `jiff`: days, times, moments and spans, to the microsecond.

use ::jiff::civil::{Date, DateTime, Time};
use ::jiff::{Span, Timestamp};

use super::converts;
use crate::types::{Flaw, Parsed, PgDate, PgInterval, PgTime, PgTimestamp, PgTimestampTz};

const DATE: Flaw = Flaw::new("is infinite or out of the range of jiff's dates (10000 BC to 9999)");

fn date(date: PgDate) -> Parsed<Date> {
    let (year, month, day) = date.year_month_day().ok_or(DATE)?;
    let date =
        || Date::new(i16::try_from(year).ok()?, i8::try_from(month).ok()?, i8::try_from(day).ok()?).ok();
    date().ok_or(DATE)
}

fn time(time: PgTime) -> Parsed<Time> {
    let micros = time.micros_since_midnight();
    let seconds = micros / 1_000_000;
    let part = |number: i64| i8::try_from(number).ok();
    let time = || {
        let nanos = i32::try_from(micros % 1_000_000 * 1_000).ok()?;
        Time::new(part(seconds / 3_600)?, part(seconds / 60 % 60)?, part(seconds % 60)?, nanos).ok()
    };
    time().ok_or(Flaw::new("is 24:00:00, which no Time is"))
}

fn date_time(timestamp: PgTimestamp) -> Parsed<DateTime> {
    let (day, of_day) = timestamp.to_date_and_time().ok_or(DATE)?;
    Ok(DateTime::from_parts(date(day)?, time(of_day)?))
}

fn moment(timestamp: PgTimestampTz) -> Parsed<Timestamp> {
    let micros = timestamp.micros_since_1970().ok_or(DATE)?;
    Timestamp::from_microsecond(micros).map_err(|_| DATE)
}

/// A span's units have one sign together, an interval's each its own.
fn span(interval: PgInterval) -> Parsed<Span> {
    let PgInterval { months, days, micros } = interval;
    let signs = [i64::from(months).signum(), i64::from(days).signum(), micros.signum()];
    if signs.contains(&1) && signs.contains(&-1) {
        return Err(Flaw::new("has parts of either sign, which a Span has not"));
    }
    let span = || Span::new().try_months(months).ok()?.try_days(days).ok()?.try_microseconds(micros).ok();
    span().ok_or(Flaw::new("is infinite or out of the range of a Span"))
}

converts!(
    /// Infinity and years after 9999 are errors.
    PgDate(Date, DATE) to Date, date
);
converts!(
    /// 24:00:00 is an error.
    PgTime(Time, TIME) to Time, time
);
converts!(
    /// Infinity and years after 9999 are errors.
    PgTimestamp(Timestamp, TIMESTAMP) to DateTime, date_time
);
converts!(
    /// Infinity and years after 9999 are errors.
    PgTimestampTz(TimestampTz, TIMESTAMPTZ) to Timestamp, moment
);
converts!(
    /// Months, days and microseconds; parts of either sign are an error, and so are infinity and more than a `Span` holds.
    PgInterval(Interval, INTERVAL) to Span, span
);

#[cfg(test)]
mod tests {
    use super::*;
    use crate::types::integrations::tests::{read, refusal};
    use crate::types::oid;

    #[test]
    fn what_jiff_has_is_the_same_there() {
        for (text, iso) in [
            ("2024-02-29", "2024-02-29"),
            ("0044-03-15 BC", "-000043-03-15"),
            ("4714-11-24 BC", "-004713-11-24"),
            ("9999-12-31", "9999-12-31"),
        ] {
            assert_eq!(read::<Date>(oid::DATE, text).unwrap().to_string(), iso);
        }
        assert_eq!(read::<Time>(oid::TIME, "23:59:59.999999").unwrap().to_string(), "23:59:59.999999");
        for (text, iso) in [
            ("2024-02-29 12:00:00.000001", "2024-02-29T12:00:00.000001"),
            ("0044-03-15 01:02:03.4 BC", "-000043-03-15T01:02:03.4"),
        ] {
            assert_eq!(read::<DateTime>(oid::TIMESTAMP, text).unwrap().to_string(), iso);
        }
        let moment: Timestamp = read(oid::TIMESTAMPTZ, "1999-12-31 23:59:59.5-01").unwrap();
        assert_eq!(moment.to_string(), "2000-01-01T00:59:59.5Z");
        let span: Span = read(oid::INTERVAL, "1 year 2 mons 3 days 00:00:00.000004").unwrap();
        assert_eq!((span.get_months(), span.get_days(), span.get_microseconds()), (14, 3, 4));
        let span: Span = read(oid::INTERVAL, "-1 days -00:00:01").unwrap();
        assert_eq!((span.get_months(), span.get_days(), span.get_microseconds()), (0, -1, -1_000_000));
    }

    #[test]
    fn what_jiff_has_not_is_an_error() {
        for date in ["infinity", "-infinity", "10000-01-01", "5874897-12-31"] {
            assert!(refusal::<Date>(oid::DATE, date).contains("(10000 BC to 9999)"), "{date}");
        }
        for timestamp in ["infinity", "-infinity", "10000-01-01 00:00:00", "294276-12-31 23:59:59.999999"] {
            assert!(refusal::<DateTime>(oid::TIMESTAMP, timestamp).contains("out of the range"));
            let timestamp = format!("{timestamp}{}", if timestamp.ends_with('y') { "" } else { "+00" });
            assert!(refusal::<Timestamp>(oid::TIMESTAMPTZ, &timestamp).contains("out of the range"));
        }
        assert!(refusal::<Time>(oid::TIME, "24:00:00").contains("24:00:00"));
        assert!(refusal::<Span>(oid::INTERVAL, "1 day -00:00:01").contains("either sign"));
        for interval in ["infinity", "178000000 years"] {
            assert!(refusal::<Span>(oid::INTERVAL, interval).contains("out of the range"), "{interval}");
        }
    }
}
