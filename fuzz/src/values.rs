//! A value as every Rust type that it can be had as.

use std::borrow::Cow;
use std::fmt::{Debug, Display};

use pg_cdc_core::types::{
    ColumnType, FromDatum, Kind, PgArray, PgBits, PgBox, PgCircle, PgDate, PgGeometry, PgHalfvec, PgHstore,
    PgInet, PgInterval, PgLine, PgLseg, PgMacAddr, PgMacAddr8, PgMoney, PgMultirange, PgNumeric, PgPath,
    PgPoint, PgPolygon, PgRange, PgSnapshot, PgSparsevec, PgTid, PgTime, PgTimeTz, PgTimestamp,
    PgTimestampTz, PgTsQuery, PgTsVector, PgUuid, PgVector, Value,
};
use pg_cdc_core::{Datum, Lsn};

use crate::choice::describe;

/// Reads the value as all that fits; where its text is known too, that must give the same.
pub(crate) fn check(type_: &ColumnType, datum: Datum<'_>, text: Option<Datum<'_>>) {
    macro_rules! same {
        ($($type:ty),* $(,)?) => {$( same::<$type>(type_, datum, text); )*};
    }
    macro_rules! there_and_back {
        ($($type:ty),* $(,)?) => {$(
            there_and_back::<$type>(type_, datum, text, |value, out| value.write_binary(out));
        )*};
    }
    same!(bool, i16, i32, i64, u32, u64, f32, f64, Lsn, Option<PgNumeric>);
    same!(String, &str, Cow<'_, str>, Vec<u8>, Cow<'_, [u8]>);
    // The text of a bytea can't be borrowed as its bytes.
    let _ = <&[u8]>::from_datum(type_, datum);
    // Text does not tell how a chain of one operator of a tsquery is nested.
    if !describe(type_).contains("tsquery") {
        same!(Value<'_>);
        if let Kind::Composite = type_.kind() {
            same!((Option<String>,), (Option<String>, Option<i32>));
        }
    }
    match type_.kind() {
        Kind::Array | Kind::Int2Vector | Kind::OidVector => {
            same!(Vec<i32>, Vec<Option<String>>, Vec<Vec<Option<i64>>>);
            same!(PgArray<Option<String>>, PgArray<i16>, PgArray<bool>, PgArray<Option<PgNumeric>>);
            same!(PgArray<f64>, PgArray<Vec<u8>>, PgArray<PgRange<String>>, PgArray<PgTimestampTz>);
        }
        Kind::Range => {
            same!(PgRange<String>, PgRange<i64>, PgRange<PgNumeric>, PgRange<PgTimestamp>);
            same!(PgRange<PgDate>, PgRange<Vec<String>>, PgRange<PgRange<String>>);
        }
        Kind::Multirange => {
            same!(PgMultirange<String>, PgMultirange<i32>, PgMultirange<PgNumeric>);
        }
        Kind::TsQuery => {
            if let Ok(query) = PgTsQuery::from_datum(type_, datum) {
                let again = PgTsQuery::from_datum(type_, Datum::Text(query.to_string().as_bytes()));
                expect(type_, again.map(|again| again.to_string()), &query.to_string());
                let mut binary = Vec::new();
                query.write_binary(&mut binary);
                expect(type_, PgTsQuery::from_datum(type_, Datum::Binary(&binary)), &query);
            }
        }
        Kind::Numeric => {
            there_and_back!(PgNumeric);
        }
        _ => {
            there_and_back!(PgDate, PgTime, PgTimeTz, PgTimestamp, PgTimestampTz, PgInterval, PgUuid);
            there_and_back!(PgPoint, PgLine, PgLseg, PgBox, PgPath, PgPolygon, PgCircle);
            there_and_back!(PgInet, PgMacAddr, PgMacAddr8, PgTid, PgSnapshot, PgMoney, PgBits);
            there_and_back!(PgTsVector, PgHstore, PgGeometry, PgVector, PgHalfvec, PgSparsevec);
        }
    }
}

/// What both encodings give must be the same.
fn same<'a, T: FromDatum<'a> + Debug>(
    type_: &ColumnType,
    datum: Datum<'a>,
    text: Option<Datum<'a>>,
) -> Option<T> {
    let value = T::from_datum(type_, datum).ok()?;
    if let Some(text) = text {
        expect(type_, T::from_datum(type_, text), &value);
    }
    Some(value)
}

/// The value's own text and binary form must give it again.
fn there_and_back<T: for<'e> FromDatum<'e> + Debug + Display>(
    type_: &ColumnType,
    datum: Datum<'_>,
    text: Option<Datum<'_>>,
    write_binary: impl Fn(&T, &mut Vec<u8>),
) {
    let Some(value) = same::<T>(type_, datum, text) else { return };
    expect(type_, T::from_datum(type_, Datum::Text(value.to_string().as_bytes())), &value);
    let mut binary = Vec::new();
    write_binary(&value, &mut binary);
    expect(type_, T::from_datum(type_, Datum::Binary(&binary)), &value);
}

/// Compared as they are shown: NaN is shown as itself.
fn expect<T: Debug, E: Display>(type_: &ColumnType, again: Result<T, E>, value: &T) {
    let what = || format!("{} as {}", describe(type_), std::any::type_name::<T>());
    match again {
        Ok(again) => assert_eq!(format!("{again:?}"), format!("{value:?}"), "{}", what()),
        Err(error) => panic!("{}: {error}: {value:?}", what()),
    }
}
