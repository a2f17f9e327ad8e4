//! Lists of structs within structs, from values made by hand.

use arrow_array::Array;
use arrow_array::cast::AsArray;
use arrow_array::types::{Decimal128Type, Int32Type, TimestampMicrosecondType};
use arrow_schema::DataType;

use super::{one, options, own};
use crate::Datum;
use crate::types::arrow::*;
use crate::types::*;

/// As `record_send` has it.
fn record(fields: &[(u32, Option<Vec<u8>>)]) -> Vec<u8> {
    let mut out = (fields.len() as i32).to_be_bytes().to_vec();
    for (oid, value) in fields {
        out.extend(oid.to_be_bytes());
        match value {
            Some(value) => {
                out.extend((value.len() as i32).to_be_bytes());
                out.extend(value);
            }
            None => out.extend((-1_i32).to_be_bytes()),
        }
    }
    out
}

/// As `array_send` has it: one dimension without NULLs.
fn array(oid: u32, values: &[Vec<u8>]) -> Vec<u8> {
    let mut out = Vec::new();
    for word in [1, 0, oid as i32, values.len() as i32, 1] {
        out.extend(word.to_be_bytes());
    }
    for value in values {
        out.extend((value.len() as i32).to_be_bytes());
        out.extend(value);
    }
    out
}

fn numeric(text: &str) -> Vec<u8> {
    let mut out = Vec::new();
    text.parse::<PgNumeric>().unwrap().write_binary(&mut out);
    out
}

/// An order of two items, in both encodings.
fn order(at: &str) -> (String, Vec<u8>) {
    let mut moment = Vec::new();
    at.parse::<PgTimestampTz>().unwrap().write_binary(&mut moment);
    let first = record(&[
        (oid::INT4, Some(7_i32.to_be_bytes().to_vec())),
        (70_000, Some(b"ok".to_vec())),
        (oid::NUMERIC, Some(numeric("9.50"))),
        (oid::TIMESTAMPTZ, Some(moment)),
    ]);
    let second = record(&[(oid::INT4, None), (70_000, None), (oid::NUMERIC, None), (oid::TIMESTAMPTZ, None)]);
    let items = array(70_001, &[first, second]);
    let binary = record(&[(70_002, Some(items)), (70_003, Some(numeric("-12.30")))]);
    (format!(r#"("{{""(7,ok,9.50,\\""{at}\\"")"",""(,,,)""}}",-12.30)"#), binary)
}

#[test]
fn lists_of_structs_within_structs() {
    let type_ = own("a.order");
    let (text, binary) = order("1970-01-01 00:00:01+00");
    for datum in [Datum::Text(text.as_bytes()), Datum::Binary(&binary)] {
        let mut builder = ColumnBuilder::new(&type_, &ArrowOptions::default());
        builder.append(datum).unwrap();
        builder.append(Datum::Null).unwrap();
        let orders = builder.finish().unwrap();
        let orders = orders.as_struct();
        assert!(orders.is_valid(0) && orders.is_null(1));
        assert_eq!(orders.column(1).as_primitive::<Decimal128Type>().value(0), -1230);
        assert_eq!(orders.column(1).data_type(), &DataType::Decimal128(10, 2));
        let items = orders.column(0).as_list::<i32>().value(0);
        let items = items.as_struct();
        assert_eq!((items.len(), items.null_count()), (2, 0));
        assert_eq!(items.column(0).as_primitive::<Int32Type>().iter().collect::<Vec<_>>(), [Some(7), None]);
        assert_eq!(items.column(1).as_string::<i32>().iter().collect::<Vec<_>>(), [Some("ok"), None]);
        assert_eq!(
            items.column(2).as_primitive::<Decimal128Type>().iter().collect::<Vec<_>>(),
            [Some(950), None]
        );
        assert_eq!(items.column(3).as_primitive::<TimestampMicrosecondType>().value(0), 1_000_000);
    }
}

#[test]
fn a_value_that_is_refused_deep_within_leaves_nothing_behind() {
    let type_ = own("a.order");
    let (good, bad) = (order("2024-02-29 12:00:00+00"), order("infinity"));
    let mut builder = ColumnBuilder::new(&type_, &ArrowOptions::default());
    for _ in 0..2 {
        builder.append(Datum::Binary(&good.1)).unwrap();
        for datum in [Datum::Text(bad.0.as_bytes()), Datum::Binary(&bad.1), Datum::Text(b"(\"{\"\"(1,a\"\"")]
        {
            builder.append(datum).unwrap_err();
        }
    }
    let orders = builder.finish().unwrap();
    assert_eq!(orders.len(), 2);
    assert_eq!(orders.as_struct().column(0).as_list::<i32>().values().len(), 4);

    // The last field of a composite refuses when the others have their values.
    let mut builder = ColumnBuilder::new(&own("a.item"), &ArrowOptions::default());
    builder.append(Datum::Text(b"(1,ok,1.00,infinity)")).unwrap_err();
    builder.append(Datum::Text(b"(2,ok,1.00,)")).unwrap();
    let items = builder.finish().unwrap();
    assert_eq!(items.as_struct().column(0).as_primitive::<Int32Type>().values(), &[2]);

    // NULL where it can't be held, and nowhere else.
    let options = options(|options| options.inexact = Inexact::Null);
    let orders = one(&type_, Datum::Binary(&bad.1), &options).unwrap();
    let items = orders.as_struct().column(0).as_list::<i32>().value(0);
    assert!(
        orders.is_valid(0)
            && items.as_struct().column(3).is_null(0)
            && items.as_struct().column(2).is_valid(0)
    );
}
