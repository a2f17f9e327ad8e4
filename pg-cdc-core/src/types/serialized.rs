//! Our own exact types as the data of serde: PostgreSQL's text.

use std::fmt;
use std::marker::PhantomData;
use std::str::FromStr;

use serde::de::{Deserialize, Deserializer, Error, Visitor};
use serde::ser::{Serialize, Serializer};

use super::value::OWN;
use super::{
    Parsed, PgBits, PgBox, PgCircle, PgDate, PgGeometry, PgHalfvec, PgHstore, PgInet, PgInterval, PgLine,
    PgLseg, PgMacAddr, PgMacAddr8, PgMoney, PgNumeric, PgPath, PgPoint, PgPolygon, PgSnapshot, PgSparsevec,
    PgTid, PgTime, PgTimeTz, PgTimestamp, PgTimestampTz, PgTsQuery, PgTsVector, PgUuid, PgVector, TypeError,
};

/// What is read from its text, or, of a row, from its binary form, which holds all of it.
trait Own: FromStr<Err = TypeError> {
    /// What a row's deserialiser knows it by.
    const NAME: &'static str;

    fn read_binary(bytes: &[u8]) -> Parsed<Self>;
}

struct Whole<T>(PhantomData<T>);

impl<'de, T: Own> Visitor<'de> for Whole<T> {
    type Value = T;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(T::NAME.trim_start_matches(OWN))
    }

    fn visit_newtype_struct<D: Deserializer<'de>>(self, deserializer: D) -> Result<T, D::Error> {
        deserializer.deserialize_str(self)
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<T, E> {
        text.parse().map_err(E::custom)
    }

    fn visit_bytes<E: Error>(self, bytes: &[u8]) -> Result<T, E> {
        T::read_binary(bytes).map_err(|flaw| E::custom(flaw.what))
    }
}

macro_rules! own {
    ($($type:ident),* $(,)?) => {$(
        impl Own for $type {
            const NAME: &'static str = concat!("$pg_cdc::", stringify!($type));

            fn read_binary(bytes: &[u8]) -> Parsed<Self> {
                Self::from_binary(bytes)
            }
        }

        /// PostgreSQL's text, as `Display` has it.
        impl Serialize for $type {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.collect_str(self)
            }
        }

        /// From PostgreSQL's text, as `FromStr` reads it; of a [`Row`](crate::batch::Row), the column's own value.
        impl<'de> Deserialize<'de> for $type {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                deserializer.deserialize_newtype_struct(Self::NAME, Whole(PhantomData))
            }
        }
    )*};
}

own!(
    PgBits,
    PgBox,
    PgCircle,
    PgDate,
    PgGeometry,
    PgHalfvec,
    PgHstore,
    PgInet,
    PgInterval,
    PgLine,
    PgLseg,
    PgMacAddr,
    PgMacAddr8,
    PgMoney,
    PgNumeric,
    PgPath,
    PgPoint,
    PgPolygon,
    PgSnapshot,
    PgSparsevec,
    PgTid,
    PgTime,
    PgTimeTz,
    PgTimestamp,
    PgTimestampTz,
    PgTsQuery,
    PgTsVector,
    PgUuid,
    PgVector,
);

#[cfg(test)]
mod tests {
    use super::*;

    fn again<T: Serialize + for<'a> Deserialize<'a> + FromStr<Err = TypeError>>(text: &str) {
        let json = serde_json::to_string(&text.parse::<T>().unwrap()).unwrap();
        assert_eq!(json, serde_json::to_string(text).unwrap());
        assert_eq!(serde_json::to_string(&serde_json::from_str::<T>(&json).unwrap()).unwrap(), json);
    }

    #[test]
    fn values_are_their_text_there_and_back() {
        again::<PgNumeric>("-1.500");
        again::<PgDate>("0044-03-15 BC");
        again::<PgTime>("24:00:00");
        again::<PgTimestampTz>("2024-02-29 12:00:00+00");
        again::<PgInterval>("1 mon -2 days");
        again::<PgInet>("10.0.0.1/8");
        again::<PgPoint>("(1,NaN)");
        again::<PgHstore>(r#""a"=>NULL"#);
        assert!(serde_json::from_str::<PgNumeric>("\"1e5\"").is_err());
        let error = serde_json::from_str::<PgDate>("5").unwrap_err();
        assert!(error.to_string().contains("expected PgDate"), "{error}");
        assert!(<PgDate as Own>::NAME.starts_with(OWN));
    }
}
