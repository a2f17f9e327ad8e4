//! Debezium's envelope, line by line.

use pg_cdc_core::Sink;
use pg_cdc_core::batch::TruncateOptions;
use pg_cdc_sinks::jsonl::{Envelope, JsonLines};
use pg_cdc_testkit::batches::{BatchMaker, Cell, TableMaker};

use crate::support::{Kept, lines, options, without_times};

async fn check(mut maker: BatchMaker, transactions: bool, expected: &[&str]) {
    let options = options(Envelope::Debezium).with_transactions(transactions);
    let found = lines(options, vec![maker.finish().unwrap()]).await;
    let found: Vec<_> = found.iter().map(|line| without_times(line)).collect();
    assert_eq!(found, expected, "{found:#?}");
}

fn table() -> std::sync::Arc<pg_cdc_core::Table> {
    TableMaker::new("public", "t").key("id", "int4").column("a", "text").build()
}

#[tokio::test]
async fn a_row_read_by_a_snapshot() {
    let (table, mut maker) = (table(), BatchMaker::new());
    maker.snapshot_begun().read(&table, &[Cell::from(1), Cell::from("x")]).snapshot_ended();
    check(
        maker,
        false,
        &[r#"{"before":null,"after":{"id":1,"a":"x"},"source":{"version":"0.1.0","connector":"postgresql","name":"shop","ts_ms":1704067200000,"snapshot":"true","db":"db\"1","sequence":"[null,\"16777216\"]","ts_us":1704067200000000,"ts_ns":1704067200000000000,"schema":"public","table":"t","txId":null,"lsn":16777216,"xmin":null,"commit_lsn":16777216,"seq":0},"transaction":null,"op":"r",TIMES}"#],
    )
    .await;
}

#[tokio::test]
async fn insert_update_delete() {
    let (table, mut maker) = (table(), BatchMaker::new());
    maker.begin().insert(&table, &[Cell::from(1), Cell::from("x\ny")]).commit();
    maker.begin().update(&table, &[Cell::from(1), Cell::Unchanged]);
    maker.delete(&table, &[Cell::from(1), Cell::NotInIdentity]).commit();
    check(
        maker,
        false,
        &[
            r#"{"before":null,"after":{"id":1,"a":"x\ny"},"source":{"version":"0.1.0","connector":"postgresql","name":"shop","ts_ms":1704067201000,"snapshot":"false","db":"db\"1","sequence":"[null,\"25165824\"]","ts_us":1704067201000123,"ts_ns":1704067201000123000,"schema":"public","table":"t","txId":701,"lsn":25165824,"xmin":null,"commit_lsn":33554432,"seq":0},"transaction":null,"op":"c",TIMES}"#,
            r#"{"before":null,"after":{"id":1},"source":{"version":"0.1.0","connector":"postgresql","name":"shop","ts_ms":1704067202000,"snapshot":"false","db":"db\"1","sequence":"[\"33554480\",\"41943040\"]","ts_us":1704067202000246,"ts_ns":1704067202000246000,"schema":"public","table":"t","txId":702,"lsn":41943040,"xmin":null,"commit_lsn":50331648,"seq":0},"transaction":null,"op":"u",TIMES,"unchanged":["a"]}"#,
            r#"{"before":{"id":1},"after":null,"source":{"version":"0.1.0","connector":"postgresql","name":"shop","ts_ms":1704067202000,"snapshot":"false","db":"db\"1","sequence":"[\"33554480\",\"41943104\"]","ts_us":1704067202000246,"ts_ns":1704067202000246000,"schema":"public","table":"t","txId":702,"lsn":41943104,"xmin":null,"commit_lsn":50331648,"seq":1},"transaction":null,"op":"d",TIMES}"#,
        ],
    )
    .await;
}

#[tokio::test]
async fn a_change_of_key_is_a_delete_and_a_create_without_a_tombstone() {
    let (table, mut maker) = (table(), BatchMaker::new());
    let old = [Cell::from(1), Cell::NotInIdentity];
    maker.begin().update_from(&table, &old, &[Cell::from(2), Cell::Unchanged]).commit();
    check(
        maker,
        false,
        &[
            r#"{"before":{"id":1},"after":null,"source":{"version":"0.1.0","connector":"postgresql","name":"shop","ts_ms":1704067201000,"snapshot":"false","db":"db\"1","sequence":"[null,\"25165824\"]","ts_us":1704067201000123,"ts_ns":1704067201000123000,"schema":"public","table":"t","txId":701,"lsn":25165824,"xmin":null,"commit_lsn":33554432,"seq":0},"transaction":null,"op":"d",TIMES}"#,
            r#"{"before":null,"after":{"id":2},"source":{"version":"0.1.0","connector":"postgresql","name":"shop","ts_ms":1704067201000,"snapshot":"false","db":"db\"1","sequence":"[null,\"25165824\"]","ts_us":1704067201000123,"ts_ns":1704067201000123000,"schema":"public","table":"t","txId":701,"lsn":25165824,"xmin":null,"commit_lsn":33554432,"seq":0},"transaction":null,"op":"c",TIMES,"unchanged":["a"]}"#,
        ],
    )
    .await;
}

#[tokio::test]
async fn truncate_and_messages() {
    let (table, mut maker) = (table(), BatchMaker::new());
    maker.begin().truncate_with(&table, TruncateOptions::new(false, true));
    maker.message(true, "p", b"hello").commit();
    maker.message(false, "p", b"");
    check(
        maker,
        false,
        &[
            r#"{"before":null,"after":null,"source":{"version":"0.1.0","connector":"postgresql","name":"shop","ts_ms":1704067201000,"snapshot":"false","db":"db\"1","sequence":"[null,\"25165824\"]","ts_us":1704067201000123,"ts_ns":1704067201000123000,"schema":"public","table":"t","txId":701,"lsn":25165824,"xmin":null,"commit_lsn":33554432,"seq":0},"transaction":null,"op":"t",TIMES,"cascade":false,"restart_identity":true}"#,
            r#"{"before":null,"after":null,"source":{"version":"0.1.0","connector":"postgresql","name":"shop","ts_ms":1704067201000,"snapshot":"false","db":"db\"1","sequence":"[null,\"25165888\"]","ts_us":1704067201000123,"ts_ns":1704067201000123000,"schema":"","table":"","txId":701,"lsn":25165888,"xmin":null,"commit_lsn":33554432,"seq":1},"transaction":null,"op":"m",TIMES,"message":{"prefix":"p","content":"aGVsbG8="}}"#,
            r#"{"before":null,"after":null,"source":{"version":"0.1.0","connector":"postgresql","name":"shop","ts_ms":1704067200000,"snapshot":"false","db":"db\"1","sequence":"[\"33554480\",\"33554544\"]","ts_us":1704067200000000,"ts_ns":1704067200000000000,"schema":"","table":"","txId":null,"lsn":33554544,"xmin":null,"commit_lsn":33554544,"seq":0},"transaction":null,"op":"m",TIMES,"message":{"prefix":"p","content":""}}"#,
        ],
    )
    .await;
}

#[tokio::test]
async fn a_table_restarted_under_its_snapshot_is_truncated_for_a_reason() {
    let (table, mut maker) = (table(), BatchMaker::new());
    maker.snapshot_begun().table_restarted(&table);
    let found = lines(options(Envelope::Debezium), vec![maker.finish().unwrap()]).await;
    let end = r#","cascade":false,"restart_identity":false,"reason":"resnapshot"}"#;
    let line: serde_json::Value = serde_json::from_str(&found[0]).unwrap();
    assert!(found[0].ends_with(end), "{}", found[0]);
    assert_eq!((&line["op"], &line["source"]["table"]), (&"t".into(), &"t".into()));
    assert_eq!((&line["source"]["snapshot"], &line["source"]["lsn"]), (&"true".into(), &16_777_216.into()));
}

#[tokio::test]
async fn transactions_have_a_begin_an_end_and_an_order() {
    let other = TableMaker::new("public", "other").column("a", "text").build();
    let (table, mut maker) = (table(), BatchMaker::new());
    maker.begin().insert(&table, &[Cell::from(1), Cell::Null]).insert(&other, &[Cell::Null]);
    maker.insert(&table, &[Cell::from(2), Cell::Null]).commit();
    let options = options(Envelope::Debezium).with_transactions(true);
    let found = lines(options, vec![maker.finish().unwrap()]).await;
    assert_eq!(
        found[0],
        r#"{"status":"BEGIN","id":"701","event_count":null,"data_collections":null,"ts_ms":1704067201000}"#
    );
    let block =
        |line: &str| serde_json::from_str::<serde_json::Value>(line).unwrap()["transaction"].to_string();
    assert_eq!(block(&found[1]), r#"{"data_collection_order":1,"id":"701","total_order":1}"#);
    assert_eq!(block(&found[2]), r#"{"data_collection_order":1,"id":"701","total_order":2}"#);
    assert_eq!(block(&found[3]), r#"{"data_collection_order":2,"id":"701","total_order":3}"#);
    assert!(
        found[3]
            .contains(r#""transaction":{"id":"701","total_order":3,"data_collection_order":2},"op":"c","#)
    );
    assert_eq!(
        found[4],
        r#"{"status":"END","id":"701","event_count":3,"data_collections":[{"data_collection":"public.other","event_count":1},{"data_collection":"public.t","event_count":2}],"ts_ms":1704067201000}"#
    );
}

#[tokio::test]
async fn a_restart_within_a_transaction_goes_on_counting() {
    let run = async |restart: bool| {
        let (table, mut maker) = (table(), BatchMaker::new());
        maker.begin().insert(&table, &[Cell::from(0), Cell::Null]).commit();
        maker.begin().insert(&table, &[Cell::from(1), Cell::Null]);
        let first = maker.finish().unwrap();
        maker.insert(&table, &[Cell::from(2), Cell::Null]).commit();
        let second = maker.finish().unwrap();
        let (kept, options) = (Kept::default(), options(Envelope::Debezium).with_transactions(true));
        let mut sink = JsonLines::to_writer(kept.clone(), options.clone());
        sink.open(None).await.unwrap();
        sink.write(first).await.unwrap();
        let durable = sink.flush().await.unwrap();
        if restart {
            sink = JsonLines::to_writer(kept.clone(), options);
            sink.open(durable.state.as_ref()).await.unwrap();
        }
        sink.write(second).await.unwrap();
        sink.flush().await.unwrap();
        kept.text().lines().map(without_times).collect::<Vec<_>>()
    };
    assert_eq!(run(false).await, run(true).await);
    assert!(run(true).await.last().unwrap().contains(r#""status":"END","id":"702","event_count":2"#));
}

#[tokio::test]
async fn a_begin_that_comes_again_after_a_restart_is_not_written_again() {
    let (table, options) = (table(), options(Envelope::Debezium).with_transactions(true));
    let first =
        |maker: &mut BatchMaker| maker.begin().insert(&table, &[Cell::from(1), Cell::Null]).finish().unwrap();
    let kept = Kept::default();
    let mut sink = JsonLines::to_writer(kept.clone(), options.clone());
    sink.open(None).await.unwrap();
    sink.write(first(&mut BatchMaker::new())).await.unwrap();
    let durable = sink.flush().await.unwrap();
    let mut again = JsonLines::to_writer(kept.clone(), options);
    again.open(durable.state.as_ref()).await.unwrap();
    again.write(first(&mut BatchMaker::new())).await.unwrap();
    again.flush().await.unwrap();
    assert_eq!(kept.text().matches("\"BEGIN\"").count(), 1);
}
