//! `values: debezium`, in both envelopes.

use std::sync::Arc;

use pg_cdc_core::batch::ChangeBatch;
use pg_cdc_core::{ReplicaIdentity, Table};
use pg_cdc_sinks::jsonl::{
    BinaryHandling, DebeziumValues, DecimalHandling, Envelope, JsonLinesOptions, TimePrecision, Values,
};
use pg_cdc_testkit::batches::{BatchMaker, Cell, TableMaker};

use crate::support::{lines, options};

fn table() -> TableMaker {
    TableMaker::new("public", "t")
        .key("id", "int4")
        .column("price", "numeric")
        .column("at", "timestamptz")
        .column("note", "text")
        .column("shape", "circle")
        .column("data", "bytea")
}

fn row(note: Cell<'static>) -> [Cell<'static>; 6] {
    [
        Cell::from(1),
        Cell::from("10.1111"),
        Cell::from("2016-11-04 11:51:30+00"),
        note,
        Cell::from("<(1,1),2>"),
        Cell::from("\\x010203"),
    ]
}

fn key_alone() -> [Cell<'static>; 6] {
    let mut key = [(); 6].map(|()| Cell::NotInIdentity);
    key[0] = Cell::from(1);
    key
}

/// The parts of a line that hold values.
async fn values(options: JsonLinesOptions, batch: ChangeBatch) -> Vec<String> {
    let start = |line: &str| match line.find("\"key\":") {
        Some(key) => key,
        None => line.find("\"before\":").unwrap(),
    };
    let end = |line: &str| line.find(",\"source\":").unwrap_or(line.len() - 1);
    lines(options, vec![batch]).await.iter().map(|line| line[start(line)..end(line)].to_owned()).collect()
}

fn changes(table: &Arc<Table>) -> ChangeBatch {
    let mut maker = BatchMaker::new();
    maker.begin().insert(table, &row(Cell::from("a\nb")));
    maker.update(table, &row(Cell::Unchanged));
    maker.delete(table, &key_alone()).commit();
    maker.finish().unwrap()
}

const AFTER: &str = r#"{"id":1,"price":{"scale":4,"value":"AYr3"},"at":"2016-11-04T11:51:30.000000Z","note":"a\nb","data":"AQID"}"#;
const UNCHANGED: &str = r#"{"id":1,"price":{"scale":4,"value":"AYr3"},"at":"2016-11-04T11:51:30.000000Z","note":"__debezium_unavailable_value","data":"AQID"}"#;

#[tokio::test]
async fn debezium_s_envelope_has_placeholders_and_whole_rows() {
    let options = options(Envelope::Debezium).with_values(Values::Debezium);
    let found = lines(options.clone(), vec![changes(&table().build())]).await;
    assert!(found.iter().all(|line| !line.contains("\"unchanged\"")), "{found:#?}");
    let nothing = r#"{"id":1,"price":null,"at":null,"note":null,"data":null}"#;
    assert_eq!(
        values(options, changes(&table().build())).await,
        [
            format!("\"before\":null,\"after\":{AFTER}"),
            format!("\"before\":null,\"after\":{UNCHANGED}"),
            format!("\"before\":{nothing},\"after\":null"),
        ]
    );
}

#[tokio::test]
async fn the_row_envelope_has_the_columns_that_were_sent() {
    let options = options(Envelope::Row).with_values(Values::Debezium);
    assert_eq!(
        values(options, changes(&table().build())).await,
        [
            format!("\"key\":{{\"id\":1}},\"before\":null,\"after\":{AFTER}"),
            format!("\"key\":{{\"id\":1}},\"before\":null,\"after\":{UNCHANGED}"),
            "\"key\":{\"id\":1},\"before\":{\"id\":1},\"after\":null".to_owned(),
        ]
    );
}

#[tokio::test]
async fn a_value_that_did_not_change_is_the_old_row_s_where_that_has_it() {
    let table = table().identity(ReplicaIdentity::Full).build();
    let mut maker = BatchMaker::new();
    maker.begin().update_from(&table, &row(Cell::from("a\nb")), &row(Cell::Unchanged)).commit();
    let options = options(Envelope::Debezium).with_values(Values::Debezium);
    let found = values(options, maker.finish().unwrap()).await;
    assert_eq!(found, [format!("\"before\":{AFTER},\"after\":{AFTER}")]);
}

#[tokio::test]
async fn a_change_of_key_is_a_whole_row_that_is_gone_and_one_that_is_there() {
    let table = TableMaker::new("public", "t").key("id", "int4").column("a", "text").build();
    let mut maker = BatchMaker::new();
    let old = [Cell::from(1), Cell::NotInIdentity];
    maker.begin().update_from(&table, &old, &[Cell::from(2), Cell::Unchanged]).commit();
    let options = options(Envelope::Debezium).with_values(Values::Debezium);
    assert_eq!(
        values(options, maker.finish().unwrap()).await,
        [
            r#""before":{"id":1,"a":null},"after":null"#,
            r#""before":null,"after":{"id":2,"a":"__debezium_unavailable_value"}"#,
        ]
    );
}

#[tokio::test]
async fn columns_that_were_not_published_are_not_there() {
    let table = TableMaker::new("public", "t").key("id", "int4").column("a", "text").build();
    let mut maker = BatchMaker::new();
    maker.begin().insert(&table, &[Cell::from(1), Cell::Absent]).commit();
    let options = options(Envelope::Debezium).with_values(Values::Debezium);
    let found = values(options, maker.finish().unwrap()).await;
    assert_eq!(found, [r#""before":null,"after":{"id":1}"#]);
}

#[tokio::test]
async fn the_handling_modes_are_asked() {
    let modes = DebeziumValues::default()
        .with_decimal(DecimalHandling::String)
        .with_time(TimePrecision::IsoString)
        .with_binary(BinaryHandling::Hex)
        .with_unavailable("?")
        .with_include_unknown(true);
    let options = options(Envelope::Row).with_debezium(modes);
    let found = values(options, changes(&table().build())).await;
    assert_eq!(
        found[1],
        r#""key":{"id":1},"before":null,"after":{"id":1,"price":"10.1111","at":"2016-11-04T11:51:30.000000Z","note":"?","shape":"3c28312c31292c323e","data":"010203"}"#
    );
}

#[tokio::test]
async fn a_key_of_a_type_without_a_field_is_an_empty_object() {
    let table = TableMaker::new("public", "t").key("id", "xid8").column("a", "text").build();
    let mut maker = BatchMaker::new();
    maker.begin().insert(&table, &[Cell::from("7"), Cell::Null]).commit();
    let options = options(Envelope::Row).with_values(Values::Debezium);
    let found = values(options, maker.finish().unwrap()).await;
    assert_eq!(found, [r#""key":{},"before":null,"after":{"a":null}"#]);
}

#[tokio::test]
async fn a_value_that_is_not_what_its_type_says_names_its_column() {
    use pg_cdc_core::Sink as _;
    let table = table().build();
    let mut maker = BatchMaker::new();
    let mut broken = row(Cell::Null);
    broken[5] = Cell::from("\\x0");
    maker.begin().insert(&table, &broken).commit();
    let options = options(Envelope::Row).with_values(Values::Debezium);
    let mut sink = pg_cdc_sinks::jsonl::JsonLines::to_writer(std::io::sink(), options);
    sink.open(None).await.unwrap();
    let error = sink.write(maker.finish().unwrap()).await.unwrap_err();
    assert!(error.to_string().contains("table public.t, column data"), "{error}");
}
