//! Arrays against what a real server gave (`types/testdata`).

use std::sync::Arc;

use arrow_array::cast::AsArray;
use arrow_array::types::{
    Date32Type, Float32Type, Float64Type, Int16Type, Int32Type, Int64Type, IntervalMonthDayNanoType,
    Time64MicrosecondType, TimestampMicrosecondType, UInt32Type,
};
use arrow_array::{Array, ArrayRef};
use arrow_schema::DataType;

use super::{one, options};
use crate::Datum;
use crate::types::arrow::*;
use crate::types::tests::{Case, each_case};
use crate::types::*;

/// PostgreSQL's text of a value that is not NULL, read back from its array.
fn text_of(type_: &ColumnType, array: &ArrayRef, at: usize) -> String {
    match array.data_type() {
        DataType::Boolean => (if array.as_boolean().value(at) { "t" } else { "f" }).to_owned(),
        DataType::Int16 => array.as_primitive::<Int16Type>().value(at).to_string(),
        DataType::Int32 => array.as_primitive::<Int32Type>().value(at).to_string(),
        DataType::Int64 => array.as_primitive::<Int64Type>().value(at).to_string(),
        DataType::UInt32 => array.as_primitive::<UInt32Type>().value(at).to_string(),
        DataType::Float32 => {
            let mut text = Vec::new();
            write_float4(array.as_primitive::<Float32Type>().value(at), &mut text);
            String::from_utf8(text).unwrap()
        }
        DataType::Float64 => {
            let mut text = Vec::new();
            write_float8(array.as_primitive::<Float64Type>().value(at), &mut text);
            String::from_utf8(text).unwrap()
        }
        DataType::Date32 => {
            let days = array.as_primitive::<Date32Type>().value(at);
            PgDate::from_days_since_2000(days - 10_957).unwrap().to_string()
        }
        DataType::Time64(_) => {
            let micros = array.as_primitive::<Time64MicrosecondType>().value(at);
            PgTime::from_micros_since_midnight(micros).unwrap().to_string()
        }
        DataType::Timestamp(_, zone) => {
            let micros = array.as_primitive::<TimestampMicrosecondType>().value(at) - 946_684_800_000_000;
            match zone {
                Some(_) => PgTimestampTz::from_micros_since_2000(micros).unwrap().to_string(),
                None => PgTimestamp::from_micros_since_2000(micros).unwrap().to_string(),
            }
        }
        DataType::Interval(_) => {
            let interval = array.as_primitive::<IntervalMonthDayNanoType>().value(at);
            PgInterval::new(interval.months, interval.days, interval.nanoseconds / 1_000).to_string()
        }
        DataType::FixedSizeBinary(_) => {
            PgUuid::from_bytes(array.as_fixed_size_binary().value(at).try_into().unwrap()).to_string()
        }
        DataType::Binary => {
            let mut text = Vec::new();
            bytea::write_text(array.as_binary::<i32>().value(at), &mut text);
            String::from_utf8(text).unwrap()
        }
        DataType::Utf8 => array.as_string::<i32>().value(at).to_owned(),
        DataType::Utf8View => array.as_string_view().value(at).to_owned(),
        DataType::List(_) if type_.kind() == Kind::Multirange => {
            let ranges = array.as_list::<i32>().value(at);
            let ranges: Vec<_> =
                (0..ranges.len()).map(|at| range_of(type_, &ranges, at).to_string()).collect();
            format!("{{{}}}", ranges.join(","))
        }
        DataType::List(_) => {
            let element = type_.element().unwrap();
            let values = array.as_list::<i32>().value(at);
            let delimiter = if element.kind() == Kind::Box { b';' } else { b',' };
            let text = |at| {
                if values.is_null(at) {
                    return "NULL".to_owned();
                }
                let mut text = text_of(element, &values, at).into_bytes();
                quoting::quote_from(0, quoting::Style::Array(delimiter), &mut text);
                String::from_utf8(text).unwrap()
            };
            format!(
                "{{{}}}",
                (0..values.len())
                    .map(text)
                    .collect::<Vec<_>>()
                    .join(char::from(delimiter).encode_utf8(&mut [0; 4]))
            )
        }
        DataType::Map(..) => {
            let entries: ArrayRef = Arc::new(array.as_map().value(at));
            let (keys, values) = (entries.as_struct().column(0), entries.as_struct().column(1));
            let text = ColumnType::built_in(oid::TEXT);
            let value = |at| values.is_valid(at).then(|| text_of(&text, values, at));
            PgHstore::from_iter((0..entries.len()).map(|at| (text_of(&text, keys, at), value(at))))
                .to_string()
        }
        DataType::Struct(_) => range_of(type_, array, at).to_string(),
        other => unreachable!("{other}"),
    }
}

fn range_of(type_: &ColumnType, array: &ArrayRef, at: usize) -> PgRange<String> {
    use std::ops::Bound;
    let columns = array.as_struct();
    let flag = |name| columns.column_by_name(name).unwrap().as_boolean().value(at);
    let bound = |name, included: bool| {
        let bounds = columns.column_by_name(name).unwrap();
        match bounds.is_null(at) {
            true => Bound::Unbounded,
            false if included => Bound::Included(text_of(type_.subtype().unwrap(), bounds, at)),
            false => Bound::Excluded(text_of(type_.subtype().unwrap(), bounds, at)),
        }
    };
    if flag("empty") {
        return PgRange::Empty;
    }
    PgRange::Bounds(bound("lower", flag("lower_inclusive")), bound("upper", flag("upper_inclusive")))
}

/// Whether Arrow's type has no such value, told by PostgreSQL's text.
fn is_beyond(case: &Case) -> bool {
    let element = case.type_.element().or(case.type_.subtype()).unwrap_or(&case.type_);
    let infinity = matches!(element.kind(), Kind::Date | Kind::Timestamp | Kind::TimestampTz);
    (infinity && (case.text.contains("infinity") || case.text.contains("294276-12-31")))
        || (element.kind() == Kind::Time && case.text.contains("24:00:00"))
        || (case.type_.kind() == Kind::Interval && {
            let interval: PgInterval = case.text.parse().unwrap();
            !interval.is_finite() || interval.micros.checked_mul(1_000).is_none()
        })
        || (case.type_.kind() == Kind::Array
            && (case.text.starts_with('[') || case.text.starts_with("{{"))
            && {
                let text = Datum::Text(case.text.as_bytes());
                let value = PgArray::<Option<String>>::from_datum(&case.type_, text).unwrap();
                let dimensions = value.dimensions();
                dimensions.len() > 1 || dimensions.iter().any(|dimension| dimension.lower != 1)
            })
}

#[test]
fn both_encodings_of_what_a_server_gave_are_one_array_that_holds_the_value() {
    each_case(|case| {
        for strings in [Strings::Utf8, Strings::Utf8View] {
            let options = options(|options| options.strings = strings);
            let text = one(&case.type_, Datum::Text(case.text.as_bytes()), &options);
            let binary = one(&case.type_, Datum::Binary(&case.binary), &options);
            if is_beyond(case) {
                for error in [text.unwrap_err(), binary.unwrap_err()] {
                    let error = error.to_string();
                    assert!(
                        ["Arrow's", "List of Arrow's"].iter().any(|says| error.contains(says)),
                        "{}: {error}",
                        case.text
                    );
                }
                let mut options = options;
                options.inexact = Inexact::Null;
                for datum in [Datum::Text(case.text.as_bytes()), Datum::Binary(&case.binary)] {
                    let array = one(&case.type_, datum, &options).unwrap();
                    // An element that can't be held is NULL, and the others are there.
                    let element_only = case.type_.kind() == Kind::Array
                        && !case.text.starts_with(['['])
                        && !case.text.starts_with("{{");
                    assert_eq!(array.is_null(0), !element_only, "{}", case.text);
                }
                continue;
            }
            let (text, binary) = (text.unwrap(), binary.unwrap());
            assert_eq!(text.to_data(), binary.to_data(), "{} {}", case.type_.name, case.text);
            assert!(!text.is_null(0));
            assert_eq!(text_of(&case.type_, &text, 0), case.text, "{}", case.type_.name);
        }
    });
}

#[test]
fn whatever_is_refused_leaves_nothing_of_itself_behind() {
    each_case(|case| {
        let options = options(|options| options.inexact = Inexact::Null);
        let good = one(&case.type_, Datum::Binary(&case.binary), &options).unwrap();
        let text = case.text.as_bytes();
        let cuts = (0..text.len().min(40)).map(|cut| Datum::Text(&text[..text.len() - cut - 1]));
        let binary = (0..case.binary.len().min(40))
            .map(|cut| Datum::Binary(&case.binary[..case.binary.len() - cut - 1]));
        let mut builder = ColumnBuilder::new(&case.type_, &options);
        for cut in cuts.chain(binary) {
            // Some that are cut off are values all the same.
            if builder.append(cut).is_ok() {
                builder = ColumnBuilder::new(&case.type_, &options);
            }
        }
        builder.append(Datum::Text(text)).unwrap();
        assert_eq!(builder.finish().unwrap().to_data(), good.to_data(), "{} {}", case.type_.name, case.text);
    });
}

#[test]
fn arrays_are_their_text_where_that_is_asked_for() {
    let options = options(|options| options.arrays = Arrays::Text);
    each_case(|case| {
        if case.type_.kind() == Kind::Array {
            for datum in [Datum::Text(case.text.as_bytes()), Datum::Binary(&case.binary)] {
                assert_eq!(one(&case.type_, datum, &options).unwrap().as_string::<i32>().value(0), case.text);
            }
        }
    });
}
