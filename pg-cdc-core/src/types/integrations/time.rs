//! `time`: days, times, moments and spans, to the microsecond.

use ::time::{Date, Duration, Month, OffsetDateTime, PrimitiveDateTime, Time};

use super::converts;
use super::standard::micros_alone;
use crate::types::{Flaw, Parsed, PgDate, PgInterval, PgTime, PgTimestamp, PgTimestampTz};

const DATE: Flaw = Flaw::new(
    "is infinite or out of the range of time's dates (10000 BC to 9999 unless its feature large-dates is on)",
);

fn date(date: PgDate) -> Parsed<Date> {
    let (year, month, day) = date.year_month_day().ok_or(DATE)?;
    let date = || {
        let month = Month::try_from(u8::try_from(month).ok()?).ok()?;
        Date::from_calendar_date(year, month, u8::try_from(day).ok()?).ok()
    };
    date().ok_or(DATE)
}

fn time(time: PgTime) -> Parsed<Time> {
    let micros = time.micros_since_midnight();
    let seconds = micros / 1_000_000;
    let part = |number: i64| u8::try_from(number).ok();
    let time = || {
        let micros = u32::try_from(micros % 1_000_000).ok()?;
        Time::from_hms_micro(part(seconds / 3_600)?, part(seconds / 60 % 60)?, part(seconds % 60)?, micros)
            .ok()
    };
    time().ok_or(Flaw::new("is 24:00:00, which no Time is"))
}

fn date_time(timestamp: PgTimestamp) -> Parsed<PrimitiveDateTime> {
    let (day, of_day) = timestamp.to_date_and_time().ok_or(DATE)?;
    Ok(PrimitiveDateTime::new(date(day)?, time(of_day)?))
}

fn moment(timestamp: PgTimestampTz) -> Parsed<OffsetDateTime> {
    let (day, of_day) = timestamp.to_date_and_time().ok_or(DATE)?;
    Ok(PrimitiveDateTime::new(date(day)?, time(of_day)?).assume_utc())
}

fn span(interval: PgInterval) -> Parsed<Duration> {
    micros_alone(interval).map(Duration::microseconds)
}

converts!(
    /// Infinity and years after 9999 (999999 with time's feature `large-dates`) are errors.
    PgDate(Date, DATE) to Date, date
);
converts!(
    /// 24:00:00 is an error.
    PgTime(Time, TIME) to Time, time
);
converts!(
    /// Infinity and years after 9999 (999999 with time's feature `large-dates`) are errors.
    PgTimestamp(Timestamp, TIMESTAMP) to PrimitiveDateTime, date_time
);
converts!(
    /// In UTC. Infinity and years after 9999 (999999 with time's feature `large-dates`) are errors.
    PgTimestampTz(TimestampTz, TIMESTAMPTZ) to OffsetDateTime, moment
);
converts!(
    /// Months and days, which have no fixed length, are errors.
    PgInterval(Interval, INTERVAL) to Duration, span
);

#[cfg(test)]
mod tests {
    use super::*;
    use crate::types::integrations::tests::{read, refusal};
    use crate::types::oid;

    #[test]
    fn what_time_has_is_the_same_there() {
        for (text, parts) in [
            ("2024-02-29", (2024, Month::February, 29)),
            ("0044-03-15 BC", (-43, Month::March, 15)),
            ("4714-11-24 BC", (-4713, Month::November, 24)),
            ("9999-12-31", (9999, Month::December, 31)),
        ] {
            assert_eq!(read::<Date>(oid::DATE, text).unwrap().to_calendar_date(), parts);
        }
        let time: Time = read(oid::TIME, "23:59:59.999999").unwrap();
        assert_eq!(time.as_hms_micro(), (23, 59, 59, 999_999));
        let timestamp: PrimitiveDateTime = read(oid::TIMESTAMP, "0044-03-15 01:02:03.4 BC").unwrap();
        assert_eq!((timestamp.year(), timestamp.time().as_hms_micro()), (-43, (1, 2, 3, 400_000)));
        let moment: OffsetDateTime = read(oid::TIMESTAMPTZ, "1999-12-31 23:59:59.5-01").unwrap();
        assert_eq!(moment.unix_timestamp_nanos(), 946_688_399_500_000_000);
        assert!(moment.offset().is_utc());
        assert_eq!(read(oid::INTERVAL, "-00:00:01"), Ok(Duration::seconds(-1)));
    }

    #[test]
    fn what_time_has_not_is_an_error() {
        for date in ["infinity", "-infinity", "5874897-12-31"] {
            assert!(refusal::<Date>(oid::DATE, date).contains("out of the range"), "{date}");
        }
        for (timestamp, moment) in [("infinity", "infinity"), ("-infinity", "-infinity")] {
            assert!(refusal::<PrimitiveDateTime>(oid::TIMESTAMP, timestamp).contains("infinite"));
            assert!(refusal::<OffsetDateTime>(oid::TIMESTAMPTZ, moment).contains("infinite"));
        }
        assert!(refusal::<Time>(oid::TIME, "24:00:00").contains("24:00:00"));
        assert!(refusal::<Duration>(oid::INTERVAL, "1 mon").contains("no fixed length"));
    }
}
