//! Rows as users' own types, and as what serde writes.

use std::borrow::Cow;
use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::Arc;

use bytes::Bytes;
use proptest::prelude::*;
use serde::Deserialize;

use super::*;
use crate::types::{
    Extension, Field, PgDate, PgGeometry, PgInet, PgInterval, PgNumeric, PgPoint, PgTimestampTz, PgUuid,
    Shape, oid,
};
use crate::{Column, ColumnType, Datum, Lsn, ReplicaIdentity, Table, TableName};

/// An owned row of columns with their types and texts; `None` for NULL.
fn row(columns: &[(&str, ColumnType, Option<&str>)]) -> OwnedRow {
    let datums: Vec<_> = columns
        .iter()
        .map(|(_, _, text)| text.map_or(Datum::Null, |text| Datum::Text(text.as_bytes())))
        .collect();
    row_of(columns.iter().map(|(name, type_, _)| Column::new(*name, type_.clone())).collect(), &datums)
}

fn row_of(columns: Vec<Column>, datums: &[Datum<'_>]) -> OwnedRow {
    let name = TableName::new("public", "orders");
    let table = Arc::new(Table::new(1, name, columns, ReplicaIdentity::Default));
    let mut batch = ChangeBatch::new();
    batch.enter(&Transaction::new(None, Lsn::new(100), 5));
    let bytes: Vec<u8> = datums.iter().filter_map(|datum| datum.bytes()).flatten().copied().collect();
    let (buffer, table) = (batch.attach(&Bytes::from(bytes)), batch.table(&table, None));
    let mut row = batch.write(buffer);
    let mut at = 0;
    for datum in datums {
        let length = datum.bytes().map_or(0, <[u8]>::len);
        match datum {
            Datum::Text(_) => row.text(at, length).unwrap(),
            Datum::Binary(_) => row.binary(at, length).unwrap(),
            Datum::Null => row.null(),
            Datum::Unchanged => row.unchanged(),
            Datum::NotInIdentity => row.not_in_identity(),
            Datum::Absent => row.absent(),
        }
        at += length;
    }
    row.finish(Op::Insert, table, Lsn::new(90), 0, datums.len()).unwrap();
    batch.changes().next().unwrap().after().unwrap().to_owned()
}

fn built_in(oid: u32) -> ColumnType {
    ColumnType::built_in(oid)
}

fn item() -> ColumnType {
    let fields = vec![Field::new("sku", built_in(oid::TEXT)), Field::new("price", built_in(oid::NUMERIC))];
    ColumnType::with_shape(70_000, -1, "public.item", Shape::Composite { fields })
}

fn array_of(element: ColumnType) -> ColumnType {
    ColumnType::with_shape(70_001, -1, "public._any", Shape::Array { element, delimiter: ',' })
}

fn mood() -> ColumnType {
    ColumnType::with_shape(
        70_002,
        -1,
        "public.mood",
        Shape::Enum { labels: vec!["sad".into(), "so-so".into()] },
    )
}

#[derive(Debug, PartialEq, Deserialize)]
struct Item {
    sku: String,
    price: f64,
}

#[derive(Debug, PartialEq, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum Mood {
    Sad,
    SoSo,
}

#[derive(Debug, PartialEq, Deserialize)]
struct Id(u64);

#[test]
fn a_row_is_a_struct_of_its_columns() {
    #[derive(Debug, PartialEq, Deserialize)]
    struct Order<'a> {
        id: Id,
        customer: &'a str,
        #[serde(borrow)]
        note: Option<Cow<'a, str>>,
        total: String,
        whole: i128,
        exact: f64,
        paid: bool,
        at: String,
        items: Vec<Item>,
        grid: Vec<Vec<Option<i16>>>,
        mood: Mood,
        address: Address<'a>,
        photo: Vec<u8>,
        host: IpAddr,
    }
    #[derive(Debug, PartialEq, Deserialize)]
    struct Address<'a> {
        #[serde(borrow)]
        city: &'a str,
        geo: (f64, f64),
    }
    let row = row(&[
        ("id", built_in(oid::INT8), Some("7")),
        ("customer", built_in(oid::TEXT), Some("Ann")),
        ("ignored", built_in(oid::INT4), Some("no number")),
        ("note", built_in(oid::VARCHAR), None),
        ("total", built_in(oid::NUMERIC), Some("9.50")),
        ("whole", built_in(oid::NUMERIC), Some("170141183460469231731687303715884105727")),
        ("exact", built_in(oid::NUMERIC), Some("0.250")),
        ("paid", built_in(oid::BOOL), Some("t")),
        ("at", built_in(oid::TIMESTAMPTZ), Some("2024-02-29 14:00:00+02")),
        ("items", array_of(item()), Some(r#"{"(a,1.50)","(\"b c\",2)"}"#)),
        ("grid", built_in(oid::INT2_ARRAY), Some("{{1,2},{3,NULL}}")),
        ("mood", mood(), Some("so-so")),
        ("address", built_in(oid::JSONB), Some(r#"{"city": "Oslo", "geo": [1.5, 2]}"#)),
        ("photo", built_in(oid::BYTEA), Some(r"\xdead")),
        ("host", built_in(oid::TEXT), Some("10.0.0.1")),
    ]);
    let order: Order<'_> = row.deserialize().unwrap();
    let expected = Order {
        id: Id(7),
        customer: "Ann",
        note: None,
        total: "9.50".into(),
        whole: i128::MAX,
        exact: 0.25,
        paid: true,
        at: "2024-02-29T12:00:00+00:00".into(),
        items: vec![Item { sku: "a".into(), price: 1.5 }, Item { sku: "b c".into(), price: 2.0 }],
        grid: vec![vec![Some(1), Some(2)], vec![Some(3), None]],
        mood: Mood::SoSo,
        address: Address { city: "Oslo", geo: (1.5, 2.0) },
        photo: vec![0xde, 0xad],
        host: IpAddr::from([10, 0, 0, 1]),
    };
    assert_eq!(order, expected);
}

#[test]
fn a_row_is_a_tuple_or_a_map_too() {
    let row = row(&[("a", built_in(oid::INT4), Some("1")), ("b", built_in(oid::INT4), Some("2"))]);
    assert_eq!(row.deserialize(), Ok((1, 2)));
    assert_eq!(row.deserialize(), Ok(HashMap::from([("a".to_owned(), 1), ("b".to_owned(), 2)])));
    assert_eq!(row.deserialize(), Ok(Some(vec![1, 2])));
    assert!(
        row.deserialize::<(i32,)>().unwrap_err().to_string().contains("table public.orders: a row has 2")
    );
    assert!(row.deserialize::<(i32, i32, i32)>().is_err());
}

fn extension(extension: Extension) -> ColumnType {
    ColumnType::with_shape(70_003, -1, "public.extension", Shape::Extension(extension))
}

#[test]
fn extensions_and_domains_have_their_shapes() {
    #[derive(Debug, PartialEq, Deserialize)]
    struct Extensions {
        tags: HashMap<String, Option<String>>,
        embedding: Vec<f32>,
        place: Place,
        hex: String,
        year: u16,
        labels: (Mood, Mood),
        span: String,
    }
    #[derive(Debug, PartialEq, Deserialize)]
    #[serde(tag = "type", content = "coordinates")]
    enum Place {
        Point([f64; 2]),
    }
    let year = Shape::Domain { base: built_in(oid::INT4) };
    let point = "0101000000000000000000F03F0000000000000040";
    let row = row(&[
        ("tags", extension(Extension::Hstore), Some(r#""a"=>"1", "b"=>NULL"#)),
        ("embedding", extension(Extension::Vector), Some("[1,2.5]")),
        ("place", extension(Extension::Geometry), Some(point)),
        ("hex", extension(Extension::Geometry), Some(point)),
        ("year", ColumnType::with_shape(70_004, -1, "public.year", year), Some("2024")),
        ("labels", array_of(mood()), Some("{sad,so-so}")),
        ("span", built_in(oid::TSTZRANGE), Some(r#"["2024-01-01 00:00:00+00",)"#)),
    ]);
    let extensions: Extensions = row.deserialize().unwrap();
    let expected = Extensions {
        tags: HashMap::from([("a".to_owned(), Some("1".to_owned())), ("b".to_owned(), None)]),
        embedding: vec![1.0, 2.5],
        place: Place::Point([1.0, 2.0]),
        hex: point.to_owned(),
        year: 2024,
        labels: (Mood::Sad, Mood::SoSo),
        span: r#"["2024-01-01 00:00:00+00",)"#.to_owned(),
    };
    assert_eq!(extensions, expected);
    let written = serde_json::to_value(&row).unwrap();
    assert_eq!(written["tags"], serde_json::json!({ "a": "1", "b": null }));
    assert_eq!(written["place"], serde_json::json!({ "type": "Point", "coordinates": [1, 2] }));
}

#[test]
fn our_own_exact_types_are_had_whole() {
    #[derive(Debug, PartialEq, Deserialize)]
    struct Exact {
        price: PgNumeric,
        count: PgNumeric,
        at: PgTimestampTz,
        day: Option<PgDate>,
        network: PgInet,
        spans: Vec<PgInterval>,
        point: PgPoint,
        place: PgGeometry,
        #[serde(rename = "text")]
        parsed: PgUuid,
    }
    let uuid = "a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11";
    let columns = [
        ("price", built_in(oid::NUMERIC), Some("9.500")),
        ("count", built_in(oid::INT4), Some("3")),
        ("at", built_in(oid::TIMESTAMPTZ), Some("2024-02-29 12:00:00+00")),
        ("day", built_in(oid::DATE), Some("infinity")),
        ("network", built_in(oid::CIDR), Some("10.0.0.0/8")),
        ("spans", built_in(oid::INTERVAL_ARRAY), Some("{\"1 mon\",00:00:01}")),
        ("point", built_in(oid::POINT), Some("(1,2)")),
        ("place", extension(Extension::Geometry), Some("0101000000000000000000F03F0000000000000040")),
        ("text", built_in(oid::TEXT), Some(uuid)),
    ];
    let exact: Exact = row(&columns).deserialize().unwrap();
    let network = PgInet::cidr(IpAddr::from([10, 0, 0, 0]), 8).unwrap();
    let expected = Exact {
        price: "9.500".parse().unwrap(),
        count: PgNumeric::from(3),
        at: "2024-02-29 12:00:00+00".parse().unwrap(),
        day: Some(PgDate::INFINITY),
        network,
        spans: vec![PgInterval::new(1, 0, 0), PgInterval::new(0, 0, 1_000_000)],
        point: "(1,2)".parse().unwrap(),
        place: "0101000000000000000000F03F0000000000000040".parse().unwrap(),
        parsed: uuid.parse().unwrap(),
    };
    assert_eq!(exact, expected);
    let error = refusal::<PgDate>(built_in(oid::TEXT), Some("secret"));
    assert!(error.contains("text was refused") && !error.contains("secret"), "{error}");
}

proptest! {
    #[test]
    fn random_bytes_are_a_value_of_any_shape_or_an_error(
        bytes in prop_oneof![
            prop::collection::vec(any::<u8>(), 0..40),
            "[0-9 :.+-]{0,30}|[\\[\\]{}\",: a1\n()]{0,20}".prop_map(String::into_bytes),
        ],
        binary: bool,
    ) {
        let datum = if binary { Datum::Binary(&bytes) } else { Datum::Text(&bytes) };
        for type_ in [
            built_in(oid::INT2_ARRAY),
            built_in(oid::JSONB),
            built_in(oid::NUMERIC),
            built_in(oid::TSTZRANGE),
            built_in(oid::BYTEA),
            array_of(item()),
            item(),
            mood(),
            extension(Extension::Hstore),
            extension(Extension::Geometry),
        ] {
            let row = row_of(vec![Column::new("x", type_)], &[datum]);
            let _ = row.deserialize::<HashMap<String, serde_json::Value>>();
            let _ = (row.deserialize::<One<Vec<Vec<i32>>>>(), row.deserialize::<One<Item>>());
            let _ = (row.deserialize::<One<Mood>>(), row.deserialize::<One<(f64, String)>>());
            let _ = (row.deserialize::<One<f32>>(), row.deserialize::<One<Option<u64>>>());
            let _ = (row.deserialize::<One<serde::de::IgnoredAny>>(), serde_json::to_string(&row));
        }
    }
}

#[derive(Debug, Deserialize)]
struct One<T> {
    #[serde(rename = "x")]
    _x: T,
}

/// What is said against `text` of a type as a `T`.
fn refusal<T: serde::de::DeserializeOwned + std::fmt::Debug>(
    type_: ColumnType,
    text: Option<&str>,
) -> String {
    let error = row(&[("x", type_, text)]).deserialize::<One<T>>().unwrap_err();
    assert_eq!(error.column(), Some("x"));
    error.to_string()
}

#[test]
fn what_is_not_exact_is_an_error_that_names_the_column_and_not_the_value() {
    let prefix = "table public.orders, column x: a value of type ";
    for (error, says) in [
        (refusal::<u8>(built_in(oid::INT4), Some("300")), "int4 can't be had as u8"),
        (refusal::<i32>(built_in(oid::INT4), None), "int4 is NULL"),
        (refusal::<i64>(built_in(oid::TEXT), Some("secret")), "text can't be had as i64"),
        (refusal::<f64>(built_in(oid::NUMERIC), Some("0.1")), "numeric is a number that the float"),
        (refusal::<f32>(built_in(oid::INT4), Some("16777217")), "int4 is a number that the float"),
        (refusal::<f64>(built_in(oid::INT8), Some("9007199254740993")), "int8 is a number that the float"),
        (refusal::<f64>(built_in(oid::INT8), Some("9223372036854775807")), "int8 is a number that the float"),
        (refusal::<i64>(built_in(oid::NUMERIC), Some("1.5")), "numeric is no integer"),
        (refusal::<i64>(built_in(oid::NUMERIC), Some("9223372036854775808")), "numeric can't be had as i64"),
        (refusal::<Mood>(mood(), Some("secret")), "public.mood is none of the variants"),
        (refusal::<Item>(item(), Some("(secret,)")), "public.item is NULL"),
        (refusal::<(i32,)>(built_in(oid::INT4_ARRAY), Some("{1,2}")), "_int4 can't be had as"),
        (refusal::<One<i32>>(built_in(oid::JSON), Some("{\"y\":1}")), "json missing field `x`, at line 1"),
        (refusal::<i32>(built_in(oid::JSON), Some("\"secret\"")), "json is JSON of another shape"),
        (refusal::<i32>(built_in(oid::JSON), Some("1 secret")), "json is not JSON"),
        (refusal::<One<i32>>(item(), Some("(secret,1)")), "public.item lacks the field x"),
        (refusal::<i32>(built_in(oid::INT4), Some("secret")), "int4 is not an integer, at byte 0"),
    ] {
        assert!(error.starts_with(&format!("{prefix}{says}")), "{error}");
        assert!(!error.contains("secret") && !error.contains("300"), "{error}");
    }
}

#[test]
fn a_field_that_is_missing_says_which_kind_of_nothing_is_there() {
    let column = Column::new("x", built_in(oid::TEXT));
    for (datum, says) in [
        (Datum::Unchanged, "text was not sent (an unchanged TOAST value)"),
        (Datum::NotInIdentity, "text was not sent (not in the replica identity)"),
        (Datum::Absent, "text was not sent (not published)"),
    ] {
        let row = row_of(vec![column.clone()], &[datum]);
        let error = row.deserialize::<One<String>>().unwrap_err();
        assert!(error.to_string().ends_with(says) && error.column() == Some("x"), "{error}");
        assert!(row.deserialize::<One<Option<String>>>().is_ok());
        assert_eq!(row.deserialize(), Ok(HashMap::<String, String>::new()));
        assert_eq!(serde_json::to_string(&row).unwrap(), "{}");
    }
    let error = row(&[]).deserialize::<One<String>>().unwrap_err();
    assert!(error.to_string().contains("no such column"), "{error}");

    #[derive(Debug, Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Nothing {}
    let error = row(&[("x", built_in(oid::TEXT), Some("a"))]).deserialize::<Nothing>().unwrap_err();
    assert!(error.to_string().contains("column x") && error.to_string().contains("not asked for"), "{error}");
}

#[test]
fn a_row_is_written_in_the_shape_of_natural_json() {
    let row = row(&[
        ("id", built_in(oid::INT8), Some("7")),
        ("f", built_in(oid::FLOAT8), Some("NaN")),
        ("g", built_in(oid::FLOAT4), Some("0.1")),
        ("n", built_in(oid::NUMERIC), Some("9.50")),
        ("at", built_in(oid::TIMESTAMP), Some("2024-02-29 14:00:00")),
        ("items", array_of(item()), Some(r#"{"(a,1.50)",NULL}"#)),
        ("grid", built_in(oid::INT2_ARRAY), Some("[0:1][1:2]={{1,2},{3,NULL}}")),
        ("none", built_in(oid::INT2_ARRAY), Some("{}")),
        ("doc", built_in(oid::JSON), Some(r#"{"b": 1.25, "a": [null]}"#)),
        ("b", built_in(oid::BYTEA), Some(r"\xdead")),
        ("span", built_in(oid::INT4RANGE), Some("[1,3)")),
    ]);
    assert_eq!(
        serde_json::to_string(&row).unwrap(),
        concat!(
            r#"{"id":7,"f":"NaN","g":0.1,"n":"9.50","at":"2024-02-29T14:00:00","items":[{"sku":"a","price":"1.50"},null],"#,
            r#""grid":[[1,2],[3,null]],"none":[],"doc":{"b":1.25,"a":[null]},"b":"\\xdead","span":"[1,3)"}"#
        )
    );
    let error = serde_json::to_string(&self::row(&[("x", built_in(oid::INT4), Some("y"))])).unwrap_err();
    assert!(error.to_string().contains("column x"), "{error}");
}
