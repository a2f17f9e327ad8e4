//! The row envelope, line by line.

use pg_cdc_core::ReplicaIdentity;
use pg_cdc_core::batch::TruncateOptions;
use pg_cdc_sinks::jsonl::Envelope;
use pg_cdc_testkit::batches::{BatchMaker, Cell, TableMaker};

use crate::support::{lines, options};

async fn check(mut maker: BatchMaker, expected: &[&str]) {
    let found = lines(options(Envelope::Row), vec![maker.finish().unwrap()]).await;
    assert_eq!(found, expected, "{found:#?}");
}

fn table() -> TableMaker {
    TableMaker::new("public", "t").key("id", "int4").column("a", "text").column("n", "numeric")
}

#[tokio::test]
async fn a_row_read_by_a_snapshot() {
    let (table, mut maker) = (table().build(), BatchMaker::new());
    maker.snapshot_begun().read(&table, &[Cell::from(1), Cell::from("x"), Cell::Null]);
    maker.table_done(&table, 1).snapshot_ended();
    check(
        maker,
        &[r#"{"op":"r","schema":"public","table":"t","lsn":16777216,"commit_lsn":16777216,"seq":0,"xid":null,"ts":1704067200000000,"key":{"id":1},"before":null,"after":{"id":1,"a":"x","n":null}}"#],
    )
    .await;
}

#[tokio::test]
async fn insert_update_delete() {
    let (table, mut maker) = (table().build(), BatchMaker::new());
    maker.begin();
    maker.insert(&table, &[Cell::from(1), Cell::from("x\ny"), Cell::from("1.50")]);
    maker.update(&table, &[Cell::from(1), Cell::Null, Cell::from("NaN")]);
    maker.delete(&table, &[Cell::from(1), Cell::NotInIdentity, Cell::NotInIdentity]);
    maker.commit();
    check(
        maker,
        &[
            r#"{"op":"c","schema":"public","table":"t","lsn":25165824,"commit_lsn":33554432,"seq":0,"xid":701,"ts":1704067201000123,"key":{"id":1},"before":null,"after":{"id":1,"a":"x\ny","n":1.50}}"#,
            r#"{"op":"u","schema":"public","table":"t","lsn":25165888,"commit_lsn":33554432,"seq":1,"xid":701,"ts":1704067201000123,"key":{"id":1},"before":null,"after":{"id":1,"a":null,"n":"NaN"}}"#,
            r#"{"op":"d","schema":"public","table":"t","lsn":25165952,"commit_lsn":33554432,"seq":2,"xid":701,"ts":1704067201000123,"key":{"id":1},"before":{"id":1},"after":null}"#,
        ],
    )
    .await;
}

#[tokio::test]
async fn a_change_of_key_is_one_update_with_the_old_key() {
    let (table, mut maker) = (table().build(), BatchMaker::new());
    let old = [Cell::from(1), Cell::NotInIdentity, Cell::NotInIdentity];
    maker.begin().update_from(&table, &old, &[Cell::from(2), Cell::Unchanged, Cell::Unchanged]).commit();
    check(
        maker,
        &[r#"{"op":"u","schema":"public","table":"t","lsn":25165824,"commit_lsn":33554432,"seq":0,"xid":701,"ts":1704067201000123,"key":{"id":2},"before":{"id":1},"after":{"id":2},"unchanged":["a","n"]}"#],
    )
    .await;
}

#[tokio::test]
async fn what_before_holds_is_not_unchanged_and_what_is_not_published_is_left_out() {
    let table = table().identity(ReplicaIdentity::Full).build();
    let mut maker = BatchMaker::new();
    let old = [Cell::from(1), Cell::from("kept"), Cell::Absent];
    maker.begin().update_from(&table, &old, &[Cell::from(1), Cell::Unchanged, Cell::Absent]).commit();
    check(
        maker,
        &[r#"{"op":"u","schema":"public","table":"t","lsn":25165824,"commit_lsn":33554432,"seq":0,"xid":701,"ts":1704067201000123,"key":{"id":1},"before":{"id":1,"a":"kept"},"after":{"id":1,"a":"kept"}}"#],
    )
    .await;
}

#[tokio::test]
async fn a_key_stands_in_its_own_order_and_a_table_without_one_has_null() {
    let keyed =
        TableMaker::new("public", "k").column("v", "text").key("b", "int8").key("a\"", "bool").build();
    let bare = TableMaker::new("s\n", "b\u{1f600}").column("v", "text").build();
    let mut maker = BatchMaker::new();
    maker.begin().insert(&keyed, &[Cell::from("v"), Cell::from(7_i64), Cell::from(true)]);
    maker.insert(&bare, &[Cell::from("\u{2028}\"\\\u{1}")]).commit();
    check(
        maker,
        &[
            r#"{"op":"c","schema":"public","table":"k","lsn":25165824,"commit_lsn":33554432,"seq":0,"xid":701,"ts":1704067201000123,"key":{"b":7,"a\"":true},"before":null,"after":{"v":"v","b":7,"a\"":true}}"#,
            "{\"op\":\"c\",\"schema\":\"s\\n\",\"table\":\"b\u{1f600}\",\"lsn\":25165888,\"commit_lsn\":33554432,\"seq\":1,\"xid\":701,\"ts\":1704067201000123,\"key\":null,\"before\":null,\"after\":{\"v\":\"\u{2028}\\\"\\\\\\u0001\"}}",
        ],
    )
    .await;
}

#[tokio::test]
async fn truncates_and_a_table_that_is_read_again() {
    let (table, mut maker) = (table().build(), BatchMaker::new());
    maker.begin().truncate_with(&table, TruncateOptions::new(true, false));
    maker.truncate_with(&table, TruncateOptions::for_resnapshot()).commit();
    check(
        maker,
        &[
            r#"{"op":"t","schema":"public","table":"t","lsn":25165824,"commit_lsn":33554432,"seq":0,"xid":701,"ts":1704067201000123,"key":null,"before":null,"after":null,"cascade":true,"restart_identity":false}"#,
            r#"{"op":"t","schema":"public","table":"t","lsn":25165888,"commit_lsn":33554432,"seq":1,"xid":701,"ts":1704067201000123,"key":null,"before":null,"after":null,"cascade":false,"restart_identity":false,"reason":"resnapshot"}"#,
        ],
    )
    .await;
}

#[tokio::test]
async fn a_table_restarted_under_its_snapshot_is_truncated_for_a_reason() {
    let (table, mut maker) = (table().build(), BatchMaker::new());
    maker.snapshot_begun().table_restarted(&table);
    let found = lines(options(Envelope::Row), vec![maker.finish().unwrap()]).await;
    let start = r#"{"op":"t","schema":"public","table":"t","lsn":16777216,"commit_lsn":16777216,"seq":0,"xid":null,"ts":"#;
    let end = r#","key":null,"before":null,"after":null,"cascade":false,"restart_identity":false,"reason":"resnapshot"}"#;
    assert!(found[0].starts_with(start) && found[0].ends_with(end), "{}", found[0]);
}

#[tokio::test]
async fn logical_messages() {
    let mut maker = BatchMaker::new();
    maker.message(false, "p\"", b"\0\xff\n");
    maker.begin().message(true, "p", b"").commit();
    check(
        maker,
        &[
            r#"{"op":"m","schema":null,"table":null,"lsn":16777280,"commit_lsn":16777280,"seq":0,"xid":null,"ts":1704067200000000,"key":null,"before":null,"after":null,"transactional":false,"prefix":"p\"","content":"AP8K"}"#,
            r#"{"op":"m","schema":null,"table":null,"lsn":25165824,"commit_lsn":33554432,"seq":0,"xid":701,"ts":1704067201000123,"key":null,"before":null,"after":null,"transactional":true,"prefix":"p","content":""}"#,
        ],
    )
    .await;
}
