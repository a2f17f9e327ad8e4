//! Version 1: whole files.

use pg_cdc_core::stream::Until;
use pg_cdc_core::walminer::{WalMinerSource, quiet_start};
use pg_cdc_core::{ErrorKind, Lsn, catalog};
use pg_cdc_decoders::WalMiner;

use crate::harness::{Server, batches_of, final_state, next, read_until, recorded_changes, run, shut_down};

const WALMINER: &str = include_str!("first.sql");

#[tokio::test]
async fn what_was_recorded_gives_the_final_state_and_is_resumed_anywhere() {
    let server = Server::new(WALMINER).await;
    let start = server.start().await;
    server.record_first().await;
    let mut options = server.options(start.clone()).await;
    options.until = Some(Until::Current);
    options.batch = batches_of(1);
    let whole = run(options).await.unwrap();
    let mut rows = whole.rows.clone();
    rows.sort();
    assert_eq!(rows, final_state());
    assert_eq!(whole.changes.len(), recorded_changes());
    // The window is done: the next one starts behind it.
    assert!(whole.confirmed() > start.confirmed);
    assert!(whole.last().is_between_transactions());
    // From each batch's position the rest comes, and nothing twice.
    for (position, before) in whole.positions.iter().step_by(7).chain(whole.positions.last()) {
        let rest = server.mine_changes(position.clone()).await;
        assert_eq!(rest, whole.changes[*before..], "from {position:?}");
    }
}

#[tokio::test]
async fn a_window_starts_again_where_it_did_while_a_transaction_is_running() {
    let server = Server::new(WALMINER).await;
    let start = server.start().await;
    let other = server.cluster.connect("postgres").await.unwrap();
    other.batch_execute("BEGIN; SELECT txid_current()").await.unwrap();
    server.record_first().await;
    server.run("SELECT pg_switch_wal()").await;
    let mut source = WalMinerSource::start(server.options(start.clone()).await, WalMiner::new());
    let mut seen = Default::default();
    let all = recorded_changes();
    read_until(&mut source, &mut seen, |seen| seen.changes.len() == all).await;
    assert_eq!(seen.confirmed(), start.confirmed);
    // What is mined again is not handed out again.
    let nokey = "INSERT INTO mine.recorded (xid, virtualxid, at, schema, op_type, op_text) VALUES \
                 (600, 1, now(), 'public', 'INSERT', 'INSERT INTO \"public\".\"nokey\"(\"a\") VALUES(7);')";
    server.run(nokey).await;
    server.run("SELECT pg_switch_wal()").await;
    read_until(&mut source, &mut seen, |seen| seen.changes.len() > all).await;
    assert_eq!(seen.confirmed(), start.confirmed);
    other.batch_execute("COMMIT").await.unwrap();
    read_until(&mut source, &mut seen, |seen| seen.confirmed() > start.confirmed).await;
    assert_eq!(seen.changes.len(), all + 1);
    assert!(seen.changes[all].starts_with("600#0 Insert"), "{}", seen.changes[all]);
    shut_down(&mut source).await;
}

#[tokio::test]
async fn an_idle_server_is_left_alone() {
    let server = Server::new(WALMINER).await;
    let start = server.start().await;
    server.record_first().await;
    let mut source = WalMinerSource::start(server.options(start.clone()).await, WalMiner::new());
    let mut seen = Default::default();
    read_until(&mut source, &mut seen, |seen| seen.confirmed() > start.confirmed).await;
    let calls = "SELECT count(*) FROM mine.calls";
    // No windows of a server that does nothing.
    server.until_settled(calls).await;
    server
        .run(
            "INSERT INTO mine.recorded (xid, virtualxid, at, schema, op_type, op_text) VALUES \
                (600, 1, now(), 'public', 'INSERT', 'INSERT INTO \"public\".\"nokey\"(\"a\") VALUES(7);')",
        )
        .await;
    let all = seen.changes.len();
    read_until(&mut source, &mut seen, |seen| seen.changes.len() > all).await;
    shut_down(&mut source).await;
}

#[tokio::test]
async fn a_server_is_not_quiet_while_any_transaction_is_at_work() {
    let server = Server::new(WALMINER).await;
    let client = catalog::connect(&server.cluster.url("postgres").parse().unwrap()).await.unwrap();
    let other = server.cluster.connect("postgres").await.unwrap();
    // The newest there is: no snapshot shows it.
    other.batch_execute("BEGIN; SELECT txid_current()").await.unwrap();
    assert_eq!(quiet_start(&client).await.unwrap(), None);
    other.batch_execute("COMMIT").await.unwrap();
    let start = quiet_start(&client).await.unwrap().unwrap();
    assert_eq!(start.as_u64() % (16 << 20), 0);
    let next: Lsn = server.value("SELECT pg_current_wal_insert_lsn()").await.parse().unwrap();
    assert!(next >= start && next.bytes_since(start) < 16 << 20, "{start}, {next}");
}

#[tokio::test]
async fn mining_starts_only_where_a_file_does() {
    let server = Server::new(WALMINER).await;
    let mut start = server.start().await;
    start.confirmed = Lsn::new(start.confirmed.as_u64() + 8);
    let mut source = WalMinerSource::start(server.options(start).await, WalMiner::new());
    let error = next(&mut source).await.unwrap().unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Config);
    assert!(error.to_string().contains("no file's start") && error.hint().is_some(), "{error}");
    assert!(next(&mut source).await.is_none());
}

#[tokio::test]
async fn a_file_that_is_gone_is_an_error() {
    let server = Server::new(WALMINER).await;
    let mut start = server.start().await;
    server.record_first().await;
    start.confirmed = Lsn::ZERO;
    let mut source = WalMinerSource::start(server.options(start).await, WalMiner::new());
    let error = next(&mut source).await.unwrap().unwrap_err();
    assert!(error.to_string().contains("000000010000000000000000 could not be added"), "{error}");
    assert!(error.hint().is_some_and(|hint| hint.contains("WAL must stay")));
}
