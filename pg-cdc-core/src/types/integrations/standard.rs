//! Types of the standard library.

use std::collections::{BTreeMap, HashMap};
use std::net::IpAddr;
use std::time::{Duration, SystemTime};

use super::converts;
use crate::Datum;
use crate::types::{
    ColumnType, Flaw, FromDatum, Kind, Parsed, PgHstore, PgInet, PgInterval, PgTimestampTz, TypeError,
};

/// An address alone: all of its bits must be significant.
fn address(inet: PgInet) -> Parsed<IpAddr> {
    let width = if inet.address().is_ipv4() { 32 } else { 128 };
    if inet.prefix() == width {
        Ok(inet.address())
    } else {
        Err(Flaw::new("is a network, not a single address (ask for a PgInet)"))
    }
}

converts!(PgInet(Inet, INET) to IpAddr, address);

/// A time span alone: a month has no fixed length, nor has a day.
pub(super) fn micros_alone(interval: PgInterval) -> Parsed<i64> {
    match interval {
        _ if !interval.is_finite() => Err(Flaw::new("is infinite")),
        PgInterval { months: 0, days: 0, micros } => Ok(micros),
        _ => Err(Flaw::new("has months or days, which have no fixed length (ask for a PgInterval)")),
    }
}

fn duration(interval: PgInterval) -> Parsed<Duration> {
    let micros = micros_alone(interval)?;
    let micros = u64::try_from(micros).map_err(|_| Flaw::new("is negative, which a Duration is not"))?;
    Ok(Duration::from_micros(micros))
}

converts!(PgInterval(Interval, INTERVAL) to Duration, duration);

fn system_time(timestamp: PgTimestampTz) -> Parsed<SystemTime> {
    if !timestamp.is_finite() {
        return Err(Flaw::new("is infinite, which no SystemTime is"));
    }
    // Beyond what an i64 of microseconds from 1970 reaches.
    let since_2000 = Duration::from_micros(timestamp.micros_since_2000().unsigned_abs());
    let year_2000 = SystemTime::UNIX_EPOCH.checked_add(Duration::from_secs(946_684_800));
    let time = year_2000.and_then(|year_2000| {
        if timestamp.micros_since_2000() < 0 {
            year_2000.checked_sub(since_2000)
        } else {
            year_2000.checked_add(since_2000)
        }
    });
    time.ok_or(Flaw::new("is out of the range of this system's SystemTime"))
}

converts!(PgTimestampTz(TimestampTz, TIMESTAMPTZ) to SystemTime, system_time);

macro_rules! maps {
    ($($map:ident),*) => {$(
        impl From<PgHstore> for $map<String, Option<String>> {
            fn from(hstore: PgHstore) -> Self {
                hstore.into_pairs().into_iter().collect()
            }
        }

        impl<'a> FromDatum<'a> for $map<String, Option<String>> {
            fn from_datum(type_: &ColumnType, datum: Datum<'a>) -> Result<Self, TypeError> {
                if datum.bytes().is_some() && type_.kind() != Kind::Hstore {
                    return Err(Flaw::new(concat!("can't be had as ", stringify!($map))).of(type_));
                }
                PgHstore::from_datum(type_, datum).map(Self::from)
            }
        }
    )*};
}

maps!(HashMap, BTreeMap);

/// One dimension, beginning with 1, of so many elements.
impl<'a, T: for<'e> FromDatum<'e>, const N: usize> FromDatum<'a> for [T; N] {
    fn from_datum(type_: &ColumnType, datum: Datum<'a>) -> Result<Self, TypeError> {
        Self::try_from(Vec::from_datum(type_, datum)?).map_err(|elements: Vec<T>| {
            TypeError::said(type_, format!("has {} elements, not {N}", elements.len()))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::types::integrations::tests::{read, refusal};
    use crate::types::{Extension, Shape, oid};

    #[test]
    fn an_address_is_one_alone() {
        assert_eq!(read(oid::INET, "10.0.0.1"), Ok(IpAddr::from([10, 0, 0, 1])));
        assert_eq!(read(oid::CIDR, "::1/128"), Ok("::1".parse::<IpAddr>().unwrap()));
        assert!(refusal::<IpAddr>(oid::INET, "10.0.0.1/8").contains("inet is a network"));
        assert!(refusal::<IpAddr>(oid::TEXT, "10.0.0.1").contains("can't be had as IpAddr"));
    }

    #[test]
    fn a_duration_is_time_alone() {
        assert_eq!(read(oid::INTERVAL, "26:00:00.000001"), Ok(Duration::from_micros(93_600_000_001)));
        for (interval, says) in [
            ("1 day", "no fixed length"),
            ("1 mon", "no fixed length"),
            ("-00:00:01", "negative"),
            ("infinity", "infinite"),
        ] {
            assert!(refusal::<Duration>(oid::INTERVAL, interval).contains(says), "{interval}");
        }
    }

    #[test]
    fn a_system_time_is_any_moment() {
        for (text, seconds) in
            [("1970-01-01 00:00:01+00", 1), ("294276-12-31 23:59:59+00", 9_224_318_015_999)]
        {
            let time = SystemTime::UNIX_EPOCH + Duration::from_secs(seconds);
            assert_eq!(read(oid::TIMESTAMPTZ, text), Ok(time));
        }
        let before: SystemTime = read(oid::TIMESTAMPTZ, "1969-12-31 23:59:59.5+00").unwrap();
        assert_eq!(SystemTime::UNIX_EPOCH.duration_since(before).unwrap(), Duration::from_millis(500));
        assert!(read::<SystemTime>(oid::TIMESTAMPTZ, "4714-11-24 00:00:00+00 BC").is_ok());
        assert!(refusal::<SystemTime>(oid::TIMESTAMPTZ, "-infinity").contains("infinite"));
    }

    #[test]
    fn an_hstore_is_a_map() {
        let hstore = ColumnType::with_shape(70_000, -1, "public.hstore", Shape::Extension(Extension::Hstore));
        let datum = Datum::Text(br#""a"=>"1", "b"=>NULL"#);
        let expected = [("a".to_owned(), Some("1".to_owned())), ("b".to_owned(), None)];
        assert_eq!(HashMap::from_datum(&hstore, datum), Ok(HashMap::from(expected.clone())));
        assert_eq!(BTreeMap::from_datum(&hstore, datum), Ok(BTreeMap::from(expected)));
        assert!(
            refusal::<HashMap<String, Option<String>>>(oid::TEXT, "").contains("can't be had as HashMap")
        );
    }

    #[test]
    fn an_array_has_so_many_elements() {
        assert_eq!(read(oid::INT4_ARRAY, "{1,2}"), Ok([1, 2]));
        assert!(refusal::<[i32; 3]>(oid::INT4_ARRAY, "{1,2}").contains("_int4 has 2 elements, not 3"));
        assert!(refusal::<[i32; 1]>(oid::INT4_ARRAY, "{NULL}").contains("NULL"));
    }
}
