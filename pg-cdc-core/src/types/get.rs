//! A datum as a Rust value.

use std::borrow::Cow;

use super::encoded::Encoded;
use super::json::check_utf8;
use super::text::{is_settled, versioned, write_text};
use super::{
    ColumnType, Flaw, Kind, PgBits, PgBox, PgCircle, PgDate, PgGeometry, PgHalfvec, PgHstore, PgInet,
    PgInterval, PgLine, PgLseg, PgMacAddr, PgMacAddr8, PgMoney, PgNumeric, PgPath, PgPoint, PgPolygon,
    PgSnapshot, PgSparsevec, PgTid, PgTime, PgTimeTz, PgTimestamp, PgTimestampTz, PgTsQuery, PgTsVector,
    PgUuid, PgVector, TypeError, boolean, bytea, float, integer,
};
use crate::{Datum, Lsn};

/// What a value of a row can be had as: behind `row.get::<T>()`.
///
/// | T | PostgreSQL types |
/// | --- | --- |
/// | `bool` | bool |
/// | `i8`, `i16`, `i32`, `i64`, `i128`, `u16`, `u32`, `u64` | int2, int4, int8, oid, xid, cid, xid8, a numeric that is whole; out of T's range is an error |
/// | `f32` | float4, int2 |
/// | `f64` | float8, float4, int2, int4; an int8 or numeric that it holds exactly (0.5, not 0.1) |
/// | [`PgNumeric`] | numeric, int2, int4, int8 |
/// | [`PgDate`], [`PgTime`], [`PgTimestamp`], [`PgTimestampTz`], [`PgUuid`] | their own |
/// | [`PgTimeTz`], [`PgInterval`], [`PgMacAddr`], [`PgMacAddr8`], [`PgTid`], [`Lsn`](crate::Lsn) | their own |
/// | [`PgPoint`], [`PgLine`], [`PgLseg`], [`PgBox`], [`PgPath`], [`PgPolygon`], [`PgCircle`] | their own |
/// | [`PgMoney`] | money: binary, or the text of the locales C and en_US |
/// | [`PgBits`] | bit, varbit |
/// | [`PgInet`] | inet, cidr |
/// | [`PgSnapshot`] | pg_snapshot, txid_snapshot |
/// | [`Duration`](std::time::Duration) | an interval without months and days, not negative |
/// | [`SystemTime`](std::time::SystemTime) | timestamptz, but for infinity |
/// | [`IpAddr`](std::net::IpAddr) | an inet or cidr all of whose bits are significant |
/// | [`PgTsVector`], [`PgTsQuery`], [`PgHstore`] | their own |
/// | [`PgGeometry`] | geometry and geography of PostGIS |
/// | [`PgVector`], [`PgHalfvec`], [`PgSparsevec`] | vector, halfvec and sparsevec of pgvector |
/// | `HashMap<String, Option<String>>`, `BTreeMap` alike | hstore |
/// | `&str` | whatever came as text; text, varchar, bpchar, name, json, jsonb also from binary |
/// | `String`, `Cow<str>` | any: PostgreSQL's text |
/// | `Vec<u8>`, `Cow<[u8]>` | bytea; text, varchar, bpchar, name (its bytes, UTF-8 or not) |
/// | `&[u8]` | the same, but a bytea only where it came in binary |
/// | `Vec<T>`, [`PgArray<T>`](super::PgArray) | arrays of what `T` is for, int2vector, oidvector; `Vec<Option<T>>` where elements may be NULL |
/// | `[T; N]` | arrays of N elements |
/// | [`PgRange<T>`](super::PgRange), [`PgMultirange<T>`](super::PgMultirange) | ranges and multiranges of what `T` is for |
/// | `(A, B)` and up to eight | composites of so many fields |
/// | `Option<T>` | as T; NULL is `None` |
/// | [`Value`](super::Value) | any; NULL is [`Value::Null`](super::Value::Null) |
/// | `serde_json::Value` | json, jsonb, but for numbers that it would round |
///
/// Behind the feature of each crate's name:
///
/// | crate | T | PostgreSQL types |
/// | --- | --- | --- |
/// | `chrono` | `NaiveDate`, `NaiveTime`, `NaiveDateTime`, `DateTime<Utc>`, `TimeDelta` | date, time, timestamp, timestamptz, interval (without months and days) |
/// | `jiff` | `civil::Date`, `civil::Time`, `civil::DateTime`, `Timestamp`, `Span` | date, time, timestamp, timestamptz, interval |
/// | `time` | `Date`, `Time`, `PrimitiveDateTime`, `OffsetDateTime`, `Duration` | date, time, timestamp, timestamptz, interval (without months and days) |
/// | `uuid` | `Uuid` | uuid |
/// | `rust_decimal`, `bigdecimal` | `Decimal`, `BigDecimal` | numeric, int2, int4, int8 |
/// | `cidr` | `IpInet`, `IpCidr` | inet, cidr |
/// | `geo-types` | `Coord`, `Line`, `Rect` | point, lseg, box |
/// | `geo-types` | `Point`, `LineString`, `Polygon` | point, path (open), polygon; geometry, geography |
/// | `geo-types` | `Geometry`, `MultiPoint` and the other kinds | geometry, geography |
/// | `postgres-types` | `Sql<T>` of anything that is `FromSql` | whatever came in binary |
///
/// Conversions are exact or an error: nothing is rounded, cut off or replaced. Only NULL is `None`: a value that the
/// server did not send is an error that says which kind of nothing it is.
///
/// ```
/// use pg_cdc_core::types::{FromDatum, oid};
/// use pg_cdc_core::{ColumnType, Datum};
///
/// let int4 = ColumnType::new(oid::INT4, -1, "int4");
/// assert_eq!(i64::from_datum(&int4, Datum::Text(b"-7"))?, -7);
/// assert_eq!(i64::from_datum(&int4, Datum::Binary(&[0, 0, 1, 0]))?, 256);
/// assert_eq!(Option::<i32>::from_datum(&int4, Datum::Null)?, None);
///
/// let error = i16::from_datum(&int4, Datum::Text(b"70000")).unwrap_err();
/// assert_eq!(error.to_string(), "a value of type int4 is out of the range of i16 (-32768 to 32767)");
/// let error = Option::<i32>::from_datum(&int4, Datum::Unchanged).unwrap_err();
/// assert_eq!(error.to_string(), "a value of type int4 was not sent (an unchanged TOAST value)");
/// # Ok::<(), pg_cdc_core::types::TypeError>(())
/// ```
pub trait FromDatum<'a>: Sized {
    /// Reads a value of the type.
    ///
    /// # Errors
    ///
    /// [`TypeError`] where the type can't be had as `Self`, the value is out of its range, the bytes are not what the
    /// type says, or there is no value.
    fn from_datum(type_: &ColumnType, datum: Datum<'a>) -> Result<Self, TypeError>;
}

/// The bytes of a value, or which kind of nothing is there.
#[inline]
pub(super) fn value_of<'a>(type_: &ColumnType, datum: Datum<'a>) -> Result<Encoded<'a>, TypeError> {
    let what = match datum {
        Datum::Text(text) => return Ok(Encoded::Text(text)),
        Datum::Binary(bytes) => return Ok(Encoded::Binary(bytes)),
        Datum::Null => "is NULL",
        Datum::Unchanged => "was not sent (an unchanged TOAST value)",
        Datum::NotInIdentity => "was not sent (not in the replica identity)",
        Datum::Absent => "was not sent (not published)",
    };
    Err(Flaw::new(what).of(type_))
}

impl<'a, T: FromDatum<'a>> FromDatum<'a> for Option<T> {
    #[inline]
    fn from_datum(type_: &ColumnType, datum: Datum<'a>) -> Result<Self, TypeError> {
        match datum {
            Datum::Null => Ok(None),
            datum => T::from_datum(type_, datum).map(Some),
        }
    }
}

macro_rules! mismatch {
    ($target:ty) => {
        Flaw::new(concat!("can't be had as ", stringify!($target)))
    };
}

impl<'a> FromDatum<'a> for bool {
    #[inline]
    fn from_datum(type_: &ColumnType, datum: Datum<'a>) -> Result<Self, TypeError> {
        let value = value_of(type_, datum)?;
        match (type_.kind(), value) {
            (Kind::Bool, Encoded::Text(text)) => boolean::from_text(text),
            (Kind::Bool, Encoded::Binary(bytes)) => boolean::from_binary(bytes),
            _ => Err(mismatch!(bool)),
        }
        .map_err(|flaw| flaw.of(type_))
    }
}

macro_rules! integers {
    ($($target:ty),*) => {$(
        impl<'a> FromDatum<'a> for $target {
            #[inline]
            fn from_datum(type_: &ColumnType, datum: Datum<'a>) -> Result<Self, TypeError> {
                let kind = type_.kind();
                let value = match (kind, value_of(type_, datum)?) {
                    (Kind::Numeric, _) => {
                        let whole = PgNumeric::from_datum(type_, datum)?.to_i128();
                        whole.map(|value| Self::try_from(value).ok()).ok_or(NOT_WHOLE)
                    }
                    (Kind::Int2 | Kind::Int4 | Kind::Int8 | Kind::Oid | Kind::Xid, Encoded::Text(text)) => {
                        integer::from_text(kind, text).map(|value| Self::try_from(value).ok())
                    }
                    (Kind::Int2 | Kind::Int4 | Kind::Int8 | Kind::Oid | Kind::Xid, Encoded::Binary(bytes)) => {
                        integer::from_binary(kind, bytes).map(|value| Self::try_from(value).ok())
                    }
                    (Kind::Xid8, Encoded::Text(text)) => {
                        integer::unsigned_from_text(text).map(|value| Self::try_from(value).ok())
                    }
                    (Kind::Xid8, Encoded::Binary(bytes)) => {
                        integer::unsigned_from_binary(bytes).map(|value| Self::try_from(value).ok())
                    }
                    _ => Err(mismatch!($target)),
                }
                .map_err(|flaw| flaw.of(type_))?;
                value.ok_or_else(|| {
                    let what = concat!("is out of the range of ", stringify!($target));
                    TypeError::outside(type_, what, Self::MIN.into(), Self::MAX.into())
                })
            }
        }
    )*};
}

integers!(i8, i16, i32, i64, i128, u16, u32, u64);

const NOT_WHOLE: Flaw = Flaw::new("is no whole number that an integer holds");

impl<'a> FromDatum<'a> for f32 {
    #[inline]
    fn from_datum(type_: &ColumnType, datum: Datum<'a>) -> Result<Self, TypeError> {
        let value = value_of(type_, datum)?;
        match (type_.kind(), value) {
            (Kind::Float4, Encoded::Text(text)) => float::float4_from_text(text),
            (Kind::Float4, Encoded::Binary(bytes)) => float::float4_from_binary(bytes),
            (Kind::Int2, _) => return i16::from_datum(type_, datum).map(Self::from),
            _ => Err(mismatch!(f32)),
        }
        .map_err(|flaw| flaw.of(type_))
    }
}

impl<'a> FromDatum<'a> for f64 {
    #[inline]
    fn from_datum(type_: &ColumnType, datum: Datum<'a>) -> Result<Self, TypeError> {
        let value = value_of(type_, datum)?;
        match (type_.kind(), value) {
            (Kind::Float8, Encoded::Text(text)) => float::float8_from_text(text),
            (Kind::Float8, Encoded::Binary(bytes)) => float::float8_from_binary(bytes),
            // A float4's digits mean a float4: read as a float8 they would be another number.
            (Kind::Float4, _) => return f32::from_datum(type_, datum).map(Self::from),
            (Kind::Int2 | Kind::Int4, _) => return i32::from_datum(type_, datum).map(Self::from),
            (Kind::Int8 | Kind::Numeric, _) => {
                let exact = PgNumeric::from_datum(type_, datum)?.to_f64();
                exact.ok_or(Flaw::new("is a number that an f64 does not hold exactly"))
            }
            _ => Err(mismatch!(f64)),
        }
        .map_err(|flaw| flaw.of(type_))
    }
}

impl<'a> FromDatum<'a> for PgNumeric {
    fn from_datum(type_: &ColumnType, datum: Datum<'a>) -> Result<Self, TypeError> {
        let value = value_of(type_, datum)?;
        match (type_.kind(), value) {
            (Kind::Numeric, Encoded::Text(text)) => Self::from_text(text),
            (Kind::Numeric, Encoded::Binary(bytes)) => Self::from_binary(bytes),
            (Kind::Int2 | Kind::Int4 | Kind::Int8, _) => {
                return i64::from_datum(type_, datum).map(Self::from);
            }
            _ => Err(mismatch!(PgNumeric)),
        }
        .map_err(|flaw| flaw.of(type_))
    }
}

macro_rules! own_type {
    ($($target:ident is $kind:pat),*) => {$(
        impl<'a> FromDatum<'a> for $target {
            #[inline]
            fn from_datum(type_: &ColumnType, datum: Datum<'a>) -> Result<Self, TypeError> {
                match (type_.kind(), value_of(type_, datum)?) {
                    ($kind, Encoded::Text(text)) => Self::from_text(text),
                    ($kind, Encoded::Binary(bytes)) => Self::from_binary(bytes),
                    _ => Err(mismatch!($target)),
                }
                .map_err(|flaw| flaw.of(type_))
            }
        }
    )*};
}

own_type!(
    PgDate is Kind::Date,
    PgTime is Kind::Time,
    PgTimestamp is Kind::Timestamp,
    PgTimestampTz is Kind::TimestampTz,
    PgUuid is Kind::Uuid,
    PgMoney is Kind::Money,
    PgBits is Kind::Bits,
    PgTimeTz is Kind::TimeTz,
    PgInterval is Kind::Interval,
    PgPoint is Kind::Point,
    PgLine is Kind::Line,
    PgLseg is Kind::Lseg,
    PgBox is Kind::Box,
    PgPath is Kind::Path,
    PgPolygon is Kind::Polygon,
    PgCircle is Kind::Circle,
    PgMacAddr is Kind::MacAddr,
    PgMacAddr8 is Kind::MacAddr8,
    PgTid is Kind::Tid,
    PgSnapshot is Kind::Snapshot,
    PgTsVector is Kind::TsVector,
    PgTsQuery is Kind::TsQuery,
    PgHstore is Kind::Hstore,
    PgGeometry is Kind::Geometry | Kind::Geography,
    PgVector is Kind::Vector,
    PgHalfvec is Kind::Halfvec,
    PgSparsevec is Kind::Sparsevec
);

/// Which of its two types it is, the column's type says.
impl<'a> FromDatum<'a> for PgInet {
    #[inline]
    fn from_datum(type_: &ColumnType, datum: Datum<'a>) -> Result<Self, TypeError> {
        match (type_.kind(), value_of(type_, datum)?) {
            (Kind::Inet, Encoded::Text(text)) => Self::from_text_of(text, type_.is_cidr()),
            (Kind::Inet, Encoded::Binary(bytes)) => Self::from_binary_of(bytes, type_.is_cidr()),
            _ => Err(mismatch!(PgInet)),
        }
        .map_err(|flaw| flaw.of(type_))
    }
}

impl<'a> FromDatum<'a> for Lsn {
    fn from_datum(type_: &ColumnType, datum: Datum<'a>) -> Result<Self, TypeError> {
        match (type_.kind(), value_of(type_, datum)?) {
            (Kind::PgLsn, Encoded::Text(text)) => {
                let lsn = std::str::from_utf8(text).ok().and_then(|text| text.parse().ok());
                lsn.ok_or(Flaw::new("is not an LSN"))
            }
            (Kind::PgLsn, Encoded::Binary(bytes)) => {
                super::fixed(bytes).map(u64::from_be_bytes).map(Self::new)
            }
            _ => Err(Flaw::new("can't be had as Lsn")),
        }
        .map_err(|flaw| flaw.of(type_))
    }
}

/// The value's text where it lies as it is in the datum.
fn text_in_place<'a>(kind: Kind, value: Encoded<'a>) -> Option<Result<&'a str, Flaw>> {
    match (kind, value) {
        (_, Encoded::Text(text))
        | (Kind::Text | Kind::Json | Kind::Xml | Kind::Enum, Encoded::Binary(text)) => Some(check_utf8(text)),
        (
            Kind::Jsonb | Kind::JsonPath | Kind::Ltree | Kind::Lquery | Kind::Ltxtquery,
            Encoded::Binary(bytes),
        ) => Some(versioned(bytes).and_then(check_utf8)),
        _ => None,
    }
}

impl<'a> FromDatum<'a> for &'a str {
    #[inline]
    fn from_datum(type_: &ColumnType, datum: Datum<'a>) -> Result<Self, TypeError> {
        text_in_place(type_.kind(), value_of(type_, datum)?)
            .unwrap_or(Err(Flaw::new("came in binary and can't be borrowed as &str (ask for a String)")))
            .map_err(|flaw| flaw.of(type_))
    }
}

impl<'a> FromDatum<'a> for Cow<'a, str> {
    fn from_datum(type_: &ColumnType, datum: Datum<'a>) -> Result<Self, TypeError> {
        let kind = type_.kind();
        let value = value_of(type_, datum)?;
        // What write_text would change must be written, that both encodings give the same.
        if is_settled(kind)
            && let Some(text) = text_in_place(kind, value)
        {
            return text.map(Cow::Borrowed).map_err(|flaw| flaw.of(type_));
        }
        let mut out = Vec::new();
        write_text(type_, datum, &mut out)?;
        String::from_utf8(out)
            .map(Cow::Owned)
            .map_err(|error| Flaw::at(Flaw::NOT_UTF8, error.utf8_error().valid_up_to()).of(type_))
    }
}

impl<'a> FromDatum<'a> for String {
    fn from_datum(type_: &ColumnType, datum: Datum<'a>) -> Result<Self, TypeError> {
        Cow::<str>::from_datum(type_, datum).map(Cow::into_owned)
    }
}

impl<'a> FromDatum<'a> for Cow<'a, [u8]> {
    fn from_datum(type_: &ColumnType, datum: Datum<'a>) -> Result<Self, TypeError> {
        match (type_.kind(), value_of(type_, datum)?) {
            (Kind::Bytea, Encoded::Text(text)) => bytea::from_text(text).map(Cow::Owned),
            (Kind::Bytea | Kind::Text, Encoded::Binary(bytes)) | (Kind::Text, Encoded::Text(bytes)) => {
                Ok(Cow::Borrowed(bytes))
            }
            _ => Err(Flaw::new("can't be had as bytes")),
        }
        .map_err(|flaw| flaw.of(type_))
    }
}

impl<'a> FromDatum<'a> for Vec<u8> {
    fn from_datum(type_: &ColumnType, datum: Datum<'a>) -> Result<Self, TypeError> {
        Cow::<[u8]>::from_datum(type_, datum).map(Cow::into_owned)
    }
}

impl<'a> FromDatum<'a> for &'a [u8] {
    fn from_datum(type_: &ColumnType, datum: Datum<'a>) -> Result<Self, TypeError> {
        match (type_.kind(), value_of(type_, datum)?) {
            (Kind::Bytea | Kind::Text, Encoded::Binary(bytes)) | (Kind::Text, Encoded::Text(bytes)) => {
                Ok(bytes)
            }
            (Kind::Bytea, Encoded::Text(_)) => {
                Err(Flaw::new("came as text and can't be borrowed as bytes (ask for a Vec<u8>)"))
            }
            _ => Err(Flaw::new("can't be had as bytes")),
        }
        .map_err(|flaw| flaw.of(type_))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::types::oid;

    fn numeric<T: for<'a> FromDatum<'a>>(text: &str) -> Result<T, String> {
        let type_ = ColumnType::built_in(oid::NUMERIC);
        T::from_datum(&type_, Datum::Text(text.as_bytes())).map_err(|error| error.to_string())
    }

    #[test]
    fn a_numeric_is_an_integer_or_a_float_where_it_is_one_exactly() {
        assert_eq!(
            (numeric("5.00"), numeric("-128"), numeric("65535")),
            (Ok(5_i64), Ok(-128_i8), Ok(u16::MAX))
        );
        assert_eq!((numeric("18446744073709551615"), numeric("-5")), (Ok(u64::MAX), Ok(-5_i128)));
        assert_eq!(numeric("0.5"), Ok(0.5_f64));
        for (error, says) in [
            (numeric::<i64>("5.01").err(), "numeric is no whole number"),
            (numeric::<i64>("NaN").err(), "numeric is no whole number"),
            (numeric::<u64>("-1").err(), "numeric is out of the range of u64 (0 to 18446744073709551615)"),
            (numeric::<i8>("128").err(), "numeric is out of the range of i8 (-128 to 127)"),
            (numeric::<f64>("0.1").err(), "numeric is a number that an f64 does not hold exactly"),
        ] {
            assert!(error.as_deref().is_some_and(|error| error.contains(says)), "{error:?}");
        }
        let int8 = ColumnType::built_in(oid::INT8);
        assert_eq!(f64::from_datum(&int8, Datum::Text(b"9007199254740992")), Ok(9_007_199_254_740_992.0));
        assert!(f64::from_datum(&int8, Datum::Text(b"9007199254740993")).is_err());
    }
}
