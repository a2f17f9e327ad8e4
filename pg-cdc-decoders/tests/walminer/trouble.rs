//! What goes wrong: half answers, other miners, lost connections.

use std::time::Duration;

use pg_cdc_core::stream::{Retry, Until};
use pg_cdc_core::walminer::WalMinerSource;
use pg_cdc_core::{ErrorKind, SourceError};
use pg_cdc_decoders::WalMiner;

use crate::harness::{Seen, Server, insert, next, read_until, run, shut_down};
use crate::third::WALMINER;

/// What comes before the error, and the error.
async fn fails(server: &Server, start: &pg_cdc_core::Position) -> (Seen, SourceError) {
    let mut options = server.options(start.clone()).await;
    options.until = Some(Until::Current);
    run(options).await.unwrap_err()
}

#[tokio::test]
async fn half_answers_are_errors_and_nothing_is_skipped() {
    for walminer in [include_str!("first.sql"), WALMINER] {
        let server = Server::new(walminer).await;
        let start = server.start().await;
        for (result, notice) in
            [("walminer sucessful with some tuple missed!", ""), ("walminer sucessful!", "wal is not enough")]
        {
            server.run(&format!("UPDATE mine.said SET result = '{result}', notice = '{notice}'")).await;
            let (seen, error) = fails(&server, &start).await;
            assert_eq!(error.kind(), ErrorKind::Mismatch, "{error}");
            let said = if notice.is_empty() { result } else { notice };
            assert!(error.to_string().contains(said) && error.hint().is_some(), "{error}");
            assert!(!error.is_transient() && seen.changes.is_empty());
        }
    }
}

#[tokio::test]
async fn a_call_that_fails_says_what_walminer_said_and_what_to_do() {
    let server = Server::new(WALMINER).await;
    let start = server.start().await;
    server
        .run(
            "CREATE OR REPLACE FUNCTION mine.walminer_contents_check() RETURNS void LANGUAGE plpgsql AS $body$
             BEGIN RAISE 'Fail to search checkpoint in front search mode' USING ERRCODE = 'XX000'; END $body$",
        )
        .await;
    let (_, error) = fails(&server, &start).await;
    assert_eq!((error.kind(), error.sqlstate()), (ErrorKind::Server, Some("XX000")));
    assert!(error.hint().is_some_and(|hint| hint.contains("checkpoint")));
    let told = pg_cdc_core::Error::from(error).with_causes();
    assert_eq!(told, "walminer failed: Fail to search checkpoint in front search mode");
}

#[tokio::test]
async fn rows_that_could_not_be_restored_are_errors_unless_they_were_delivered() {
    let server = Server::new(WALMINER).await;
    let start = server.start().await;
    server.record_third(700, 1, &[&insert(1)]).await;
    let whole = server.mine(start.clone()).await;
    for (what, said) in [
        ("complete = false", "has only a part of the transaction 700"),
        ("complete = NULL", "has only a part of the transaction 700"),
        ("minerd = false", "could not restore a row 700"),
    ] {
        server
            .run(&format!(
                "UPDATE mine.recorded SET complete = true, minerd = true; UPDATE mine.recorded SET {what}"
            ))
            .await;
        let (seen, error) = fails(&server, &start).await;
        assert_eq!(error.kind(), ErrorKind::Mismatch);
        assert!(error.to_string().contains(said) && error.hint().is_some(), "{error}");
        assert!(seen.changes.is_empty());
        // Mined again, and not needed.
        let mut delivered = whole.last();
        delivered.confirmed = start.confirmed;
        assert!(server.mine(delivered).await.changes.is_empty());
    }
}

#[tokio::test]
async fn a_statement_that_can_t_be_read_stops_the_stream_behind_what_can() {
    let server = Server::new(WALMINER).await;
    let start = server.start().await;
    server.record_third(700, 1, &[&insert(1)]).await;
    server.record_third(701, 1, &[&insert(2), "INSERT INTO public.nokey(gone) VALUES(1)"]).await;
    let (seen, error) = fails(&server, &start).await;
    assert_eq!(error.kind(), ErrorKind::Decode);
    assert!(error.to_string().contains("statement 2 of transaction 701, INSERT of public.nokey"), "{error}");
    assert_eq!(seen.numbers(), [1, 2]);
    // Mended, it goes on there.
    server.run("UPDATE mine.recorded SET op_text = replace(op_text, 'gone', 'a')").await;
    assert_eq!(server.mine_changes(seen.last()).await.len(), 1);
}

#[tokio::test]
async fn rows_of_unknown_kinds_are_errors() {
    let server = Server::new(WALMINER).await;
    let start = server.start().await;
    server.record_third(700, 4, &["DROP TABLE public.nokey"]).await;
    let (_, error) = fails(&server, &start).await;
    assert!(
        error.to_string().contains("row 1 of transaction 700") && error.to_string().contains("sqlkind 4")
    );
    let server = Server::new(include_str!("first.sql")).await;
    let start = server.start().await;
    let rows = |rows: &str| {
        format!(
            "TRUNCATE mine.recorded; INSERT INTO mine.recorded (xid, virtualxid, at, schema, op_type, op_text) VALUES {rows}"
        )
    };
    let insert = "INSERT INTO \"public\".\"nokey\"(\"a\") VALUES(7);";
    for (row, said) in [
        (
            "(7, 1, now(), 'public', 'ALTER', 'x')".to_owned(),
            "row 1 of transaction 7 has the op_type \"ALTER\"",
        ),
        ("(7, 1, now(), 'public', 'INSERT', 'INSERT INTO (NULL);')".to_owned(), "a statement of no table"),
        (
            format!(
                "(7, 2, now(), 'public', 'INSERT', '{insert}'), (7, 1, now(), 'public', 'INSERT', '{insert}')"
            ),
            "row 1 of transaction 7 comes after one with a higher number",
        ),
    ] {
        server.run(&rows(&row)).await;
        let (_, error) = fails(&server, &start).await;
        assert_eq!(error.kind(), ErrorKind::Mismatch);
        assert!(error.to_string().contains(said), "{error}");
    }
}

#[tokio::test]
async fn there_is_one_miner_a_database() {
    let server = Server::new(WALMINER).await;
    let start = server.start().await;
    server.record_third(700, 1, &[&insert(1)]).await;
    let mut first = WalMinerSource::start(server.options(start.clone()).await, WalMiner::new());
    let mut seen = Seen::default();
    read_until(&mut first, &mut seen, |seen| seen.changes.len() == 1).await;
    let mut options = server.options(start.clone()).await;
    options.retry = Retry { max_elapsed: Duration::from_millis(50), ..Retry::default() };
    let (_, error) = run(options.clone()).await.unwrap_err();
    assert_eq!((error.sqlstate(), error.is_transient()), (Some("55006"), true));
    assert!(error.hint().is_some_and(|hint| hint.contains("one miner a database")));
    // It waits for one that is about to end.
    options.retry = Retry::default();
    options.until = Some(Until::Current);
    let second = tokio::spawn(run(options));
    tokio::time::sleep(Duration::from_millis(200)).await;
    shut_down(&mut first).await;
    assert_eq!(second.await.unwrap().unwrap().changes.len(), 1);
}

#[tokio::test]
async fn a_lost_connection_is_made_again_and_nothing_comes_twice() {
    let server = Server::new(WALMINER).await;
    let start = server.start().await;
    let mut options = server.options(start).await;
    options.retry.initial = Duration::from_millis(10);
    let mut source = WalMinerSource::start(options, WalMiner::new());
    let mut seen = Seen::default();
    for number in 1..4_usize {
        server.record_third(700 + number as u32, 1, &[&insert(number as i32)]).await;
        read_until(&mut source, &mut seen, |seen| seen.changes.len() == number).await;
        let killed = "SELECT count(pg_terminate_backend(pid)) FROM pg_locks WHERE locktype = 'advisory'";
        assert_eq!(server.value(killed).await, "1");
    }
    server.record_third(710, 1, &[&insert(9)]).await;
    read_until(&mut source, &mut seen, |seen| seen.changes.len() == 4).await;
    assert_eq!(seen.numbers(), [1, 2, 3, 9]);
    shut_down(&mut source).await;
}

#[tokio::test]
async fn a_shutdown_does_not_wait_for_walminer() {
    let server = Server::new(WALMINER).await;
    let start = server.start().await;
    server.run("UPDATE mine.said SET sleep = 600").await;
    let mut source = WalMinerSource::start(server.options(start).await, WalMiner::new());
    let mining = "SELECT count(*) FROM pg_stat_activity WHERE wait_event = 'PgSleep'";
    server.until(mining, "1").await;
    shut_down(&mut source).await;
    // Neither does the server go on.
    server.until(mining, "0").await;
}

#[tokio::test]
async fn a_paused_source_hands_out_nothing() {
    use pg_cdc_core::Source;
    let server = Server::new(WALMINER).await;
    let start = server.start().await;
    server.record_third(700, 1, &[&insert(1)]).await;
    let mut source = WalMinerSource::start(server.options(start).await, WalMiner::new());
    source.control().pause();
    // The task may have been just about to hand one out.
    let early = tokio::time::timeout(Duration::from_millis(500), next(&mut source)).await;
    assert!(early.is_err(), "{early:?}");
    source.control().resume();
    let mut seen = Seen::default();
    read_until(&mut source, &mut seen, |seen| seen.changes.len() == 1).await;
    shut_down(&mut source).await;
}

#[tokio::test]
async fn a_database_without_walminer_or_another_server_is_an_error_with_a_hint() {
    let server = Server::new(WALMINER).await;
    let mut start = server.start().await;
    start.server.system_id += 1;
    let (_, error) = fails(&server, &start).await;
    assert_eq!(error.kind(), ErrorKind::Mismatch);
    assert!(error.to_string().contains("the server is another") && error.hint().is_some());
    server.run("DROP FUNCTION mine.walminer_by_lsn").await;
    let (_, error) = fails(&server, &start).await;
    assert_eq!(error.kind(), ErrorKind::Mismatch);
    assert!(error.hint().is_some_and(|hint| hint.contains("CREATE EXTENSION walminer")), "{error}");
}
