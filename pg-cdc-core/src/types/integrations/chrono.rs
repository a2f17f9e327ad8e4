//! `chrono`: days, times, moments and spans, to the microsecond.

use ::chrono::{DateTime, NaiveDate, NaiveDateTime, NaiveTime, TimeDelta, Utc};

use super::converts;
use super::standard::micros_alone;
use crate::types::{Flaw, Parsed, PgDate, PgInterval, PgTime, PgTimestamp};

const DATE: Flaw = Flaw::new("is infinite or out of the range of chrono's dates (262144 BC to 262142)");

fn date(date: PgDate) -> Parsed<NaiveDate> {
    let (year, month, day) = date.year_month_day().ok_or(DATE)?;
    NaiveDate::from_ymd_opt(year, month, day).ok_or(DATE)
}

fn time(time: PgTime) -> Parsed<NaiveTime> {
    let micros = time.micros_since_midnight();
    let (seconds, nanos) = (micros / 1_000_000, micros % 1_000_000 * 1_000);
    u32::try_from(seconds)
        .ok()
        .zip(u32::try_from(nanos).ok())
        .and_then(|(seconds, nanos)| NaiveTime::from_num_seconds_from_midnight_opt(seconds, nanos))
        .ok_or(Flaw::new("is 24:00:00, which no NaiveTime is"))
}

/// The moment so many microseconds after 2000; both infinities are beyond the last.
fn moment(micros_since_2000: i64) -> Parsed<DateTime<Utc>> {
    let seconds = micros_since_2000.div_euclid(1_000_000) + 946_684_800;
    let nanos = u32::try_from(micros_since_2000.rem_euclid(1_000_000) * 1_000).map_err(|_| DATE)?;
    DateTime::from_timestamp(seconds, nanos).ok_or(DATE)
}

fn date_time(timestamp: PgTimestamp) -> Parsed<NaiveDateTime> {
    moment(timestamp.micros_since_2000()).map(|moment| moment.naive_utc())
}

converts!(
    /// Infinity and years after 262142 are errors.
    PgDate(Date, DATE) to NaiveDate, date
);
converts!(
    /// 24:00:00 is an error.
    PgTime(Time, TIME) to NaiveTime, time
);
converts!(
    /// Infinity and years after 262142 are errors.
    PgTimestamp(Timestamp, TIMESTAMP) to NaiveDateTime, date_time
);
converts!(
    /// Infinity and years after 262142 are errors.
    PgTimestampTz(TimestampTz, TIMESTAMPTZ) to DateTime<Utc>, |moment| self::moment(moment.micros_since_2000())
);

fn span(interval: PgInterval) -> Parsed<TimeDelta> {
    micros_alone(interval).map(TimeDelta::microseconds)
}

converts!(
    /// Months and days, which have no fixed length, are errors.
    PgInterval(Interval, INTERVAL) to TimeDelta, span
);

#[cfg(test)]
mod tests {
    use super::*;
    use crate::types::integrations::tests::{read, refusal};
    use crate::types::oid;

    #[test]
    fn what_chrono_has_is_the_same_there() {
        for (text, iso) in [
            ("2024-02-29", "2024-02-29"),
            ("0044-03-15 BC", "-0043-03-15"),
            ("4714-11-24 BC", "-4713-11-24"),
            ("262142-12-31", "+262142-12-31"),
        ] {
            assert_eq!(read::<NaiveDate>(oid::DATE, text).unwrap().to_string(), iso);
        }
        assert_eq!(read::<NaiveTime>(oid::TIME, "23:59:59.999999").unwrap().to_string(), "23:59:59.999999");
        for (text, iso) in [
            ("2024-02-29 12:00:00.000001", "2024-02-29 12:00:00.000001"),
            ("0044-03-15 01:02:03.4 BC", "-0043-03-15 01:02:03.400"),
            ("262142-12-31 23:59:59.999999", "+262142-12-31 23:59:59.999999"),
        ] {
            assert_eq!(read::<NaiveDateTime>(oid::TIMESTAMP, text).unwrap().to_string(), iso);
        }
        let moment: DateTime<Utc> = read(oid::TIMESTAMPTZ, "1999-12-31 23:59:59.5-01").unwrap();
        assert_eq!(moment.to_rfc3339(), "2000-01-01T00:59:59.500+00:00");
        assert_eq!(read(oid::INTERVAL, "-00:00:01"), Ok(TimeDelta::seconds(-1)));
    }

    #[test]
    fn what_chrono_has_not_is_an_error() {
        for date in ["infinity", "-infinity", "262143-01-01", "5874897-12-31"] {
            assert!(refusal::<NaiveDate>(oid::DATE, date).contains("(262144 BC to 262142)"), "{date}");
        }
        for timestamp in ["infinity", "-infinity", "262143-01-01 00:00:00", "294276-12-31 23:59:59.999999"] {
            assert!(refusal::<NaiveDateTime>(oid::TIMESTAMP, timestamp).contains("out of the range"));
            let timestamp = format!("{timestamp}{}", if timestamp.ends_with('y') { "" } else { "+00" });
            assert!(refusal::<DateTime<Utc>>(oid::TIMESTAMPTZ, &timestamp).contains("out of the range"));
        }
        assert!(refusal::<NaiveTime>(oid::TIME, "24:00:00").contains("24:00:00"));
        assert!(
            refusal::<NaiveDateTime>(oid::TIMESTAMPTZ, "infinity").contains("can't be had as NaiveDateTime")
        );
        assert!(refusal::<TimeDelta>(oid::INTERVAL, "1 day").contains("no fixed length"));
    }
}
