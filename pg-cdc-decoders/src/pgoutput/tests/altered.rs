//! Composites that are altered under the stream.

use std::sync::Arc;

use pg_cdc_core::types::{Field, Kind, Shape};
use pg_cdc_core::{Column, ColumnType, Known, Outcome, Table, TableFacts, TableName};

use super::*;

const PAIR: u32 = 70_000;

/// `public.pair` with so many fields.
fn pair(fields: u32) -> ColumnType {
    let field = |at: u32| Field::new(format!("f{at}"), ColumnType::built_in(INT4));
    ColumnType::with_shape(
        PAIR,
        -1,
        "public.pair",
        Shape::Composite { fields: (0..fields).map(field).collect() },
    )
}

fn table() -> Message {
    relation(1, "t", ReplicaIdentity::Default, &[("id", INT4, true), ("p", PAIR, false)])
}

/// What the catalog says: the composite has so many fields.
fn tell(bench: &mut Bench, fields: u32) {
    let mut id = Column::new("id", ColumnType::built_in(INT4));
    id.identity = true;
    let columns = vec![id, Column::new("p", pair(fields))];
    let table =
        Table::new(1, TableName::new("public", "t"), columns, ReplicaIdentity::Default).with_key(vec![0]);
    bench.tables.insert(1, Known::Wanted(TableFacts::new(Arc::new(table), Lsn::ZERO)));
    bench.tables.insert_type(pair(fields));
}

/// In a transaction, with the composite known to have two fields.
fn bench() -> Bench {
    let mut bench = Bench::with_tables(Tables::from_catalog());
    bench.feed(&[begin(100)]);
    ask(&mut bench, &table(), 2);
    bench
}

/// The message asks for the catalog, which says so many fields; then it is taken.
fn ask(bench: &mut Bench, message: &Message, fields: u32) {
    let asked = bench.message(message).unwrap();
    let name = TableName::new("public", "t");
    assert_eq!(asked, Outcome::NeedTable { oid: Some(1), name, types: vec![PAIR] });
    tell(bench, fields);
    bench.feed(std::slice::from_ref(message));
}

fn row(value: &str) -> Message {
    Message::Insert { relation: 1, new: texts(&["1", value]) }
}

/// How many fields the composite of each change has, `None` where it is text; and each change's number.
fn fields(bench: &Bench) -> Vec<(u64, Option<usize>)> {
    let of = |table: &Table| table.columns[1].type_.fields().map(<[_]>::len);
    bench.batch.changes().map(|change| (change.seq(), of(change.table()))).collect()
}

#[test]
fn a_value_that_does_not_fit_has_the_catalog_asked_and_keeps_its_number() {
    let mut bench = bench();
    bench.feed(&[row("(1,2)")]);
    ask(&mut bench, &row("(1,2,3)"), 3);
    bench.feed(&[row("(1,2,4)")]);
    assert_eq!(fields(&bench), [(0, Some(2)), (1, Some(3)), (2, Some(3))]);
    bench.feed(&[commit(100)]);
    assert_eq!(bench.take().last().unwrap(), "commit 0/64 ends 0/6E with 3");
}

#[test]
fn what_fits_an_older_version_is_read_by_it() {
    let mut bench = bench();
    ask(&mut bench, &row("(1,2,3)"), 3);
    ask(&mut bench, &row("(1,2)"), 3);
    assert_eq!(fields(&bench), [(0, Some(3)), (1, Some(2))]);
}

#[test]
fn what_fits_nothing_is_its_text_alone() {
    let mut bench = bench();
    ask(&mut bench, &row("(1,2,3)"), 4);
    ask(&mut bench, &row("(1,2,3)"), 4);
    bench.feed(&[row("(1,2,3,4)"), commit(100)]);
    assert_eq!(fields(&bench), [(0, None), (1, None), (2, Some(4))]);
    let first = bench.batch.changes().next().unwrap().table().columns[1].type_.clone();
    assert_eq!((first.kind(), first.oid, &*first.name), (Kind::Other, PAIR, "public.pair"));
}

#[test]
fn a_binary_value_that_fits_nothing_is_an_error_that_leaves_no_trace() {
    let mut bench = bench();
    let value = Value::Binary(vec![0, 0, 0, 1, 0, 0, 0, 23, 0xff, 0xff, 0xff, 0xff]);
    let message = Message::Insert { relation: 1, new: vec![Value::text("1"), value] };
    assert!(matches!(bench.message(&message).unwrap(), Outcome::NeedTable { .. }));
    tell(&mut bench, 3);
    let error = bench.message(&message).unwrap_err().to_string();
    assert!(error.contains("column 2 of its table") && error.contains("pgoutput.binary: false"), "{error}");
    assert_eq!(fields(&bench), []);
    let lines = bench.take();
    assert_eq!(lines.len(), 1, "only the schema as it was: {lines:?}");
    // What was tried is not taken for what the table is.
    bench.feed(&[row("(1,2)")]);
    assert_eq!(bench.take().iter().filter(|line| line.starts_with("schema")).count(), 0);
}

#[test]
fn versions_that_were_tried_in_vain_are_no_schema_changes() {
    let mut bench = bench();
    bench.take();
    ask(&mut bench, &row("(1,2,3)"), 4);
    let lines = bench.take();
    let schemas: Vec<_> = lines.iter().filter(|line| line.starts_with("schema")).collect();
    // To its text for this one change, and to what the catalog says behind it.
    assert_eq!(schemas.len(), 2, "{lines:?}");
}

#[test]
fn types_that_were_looked_at_again_hold_from_the_next_transaction_on() {
    let mut bench = bench();
    bench.feed(&[row("(1,2)")]);
    let renamed =
        vec![Field::new("x", ColumnType::built_in(INT4)), Field::new("y", ColumnType::built_in(INT4))];
    bench.tables.insert_type(ColumnType::with_shape(
        PAIR,
        -1,
        "public.pair",
        Shape::Composite { fields: renamed },
    ));
    bench.feed(&[row("(1,2)"), commit(100), begin(200), row("(1,2)")]);
    let names: Vec<_> = bench
        .batch
        .changes()
        .map(|change| change.table().columns[1].type_.fields().unwrap()[0].name.to_string())
        .collect();
    assert_eq!(names, ["f0", "f0", "x"]);
}

#[test]
fn a_value_that_is_carried_in_base64_is_no_misfit() {
    use pg_cdc_core::InvalidText;
    let mut bench = Bench::with_tables(Tables::from_catalog());
    bench.decoder = PgOutput::new().with_invalid_text(InvalidText::Base64);
    bench.feed(&[begin(100)]);
    ask(&mut bench, &table(), 2);
    let invalid =
        Message::Insert { relation: 1, new: vec![Value::text("1"), Value::Text(b"(1,\xff)".to_vec())] };
    bench.feed(&[row("(1,2)"), invalid, row("(1,2)")]);
    assert_eq!(fields(&bench), [(0, Some(2)), (1, Some(2)), (2, Some(2))]);
    // A version of the table that comes later keeps to it.
    ask_for_misfit(&mut bench);
    let written: Vec<String> = bench
        .batch
        .changes()
        .map(|change| {
            let mut json = Vec::new();
            change.after().unwrap().write_json(&mut json).unwrap();
            String::from_utf8(json).unwrap()
        })
        .collect();
    assert_eq!(written[1], r#"{"id":1,"p":"KDEs/yk="}"#);
    assert_eq!(written[3], r#"{"id":1,"p":"KDEsMiz/KQ=="}"#);
}

/// A value with a third field, which is no text.
fn ask_for_misfit(bench: &mut Bench) {
    let wider =
        Message::Insert { relation: 1, new: vec![Value::text("1"), Value::Text(b"(1,2,\xff)".to_vec())] };
    ask(bench, &wider, 3);
}
