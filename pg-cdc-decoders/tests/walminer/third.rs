//! Version 3: ranges of the log.

use pg_cdc_core::Lsn;
use pg_cdc_core::stream::Until;
use pg_cdc_core::walminer::WalMinerSource;
use pg_cdc_decoders::WalMiner;

use crate::harness::{Seen, Server, batches_of, insert, read_until, run, shut_down};

pub(crate) const WALMINER: &str = include_str!("third.sql");

async fn recorded(server: &Server, transactions: i32) {
    for number in 0..transactions {
        let statements: Vec<_> = (0..3).map(|row| insert(number * 10 + row)).collect();
        let statements: Vec<_> = statements.iter().map(|statement| &**statement).collect();
        server.record_third(700 + number as u32, 1, &statements).await;
    }
}

#[tokio::test]
async fn transactions_come_in_the_order_of_their_commits_and_are_resumed_anywhere() {
    let server = Server::new(WALMINER).await;
    let start = server.start().await;
    recorded(&server, 5).await;
    let mut options = server.options(start.clone()).await;
    options.until = Some(Until::Current);
    options.batch = batches_of(1);
    let whole = run(options).await.unwrap();
    let expected: Vec<_> = (0..5).flat_map(|number| (0..3).map(move |row| number * 10 + row)).collect();
    assert_eq!(whole.numbers(), expected);
    assert!(whole.changes[4].starts_with("701#1 Insert"), "{}", whole.changes[4]);
    for (position, before) in &whole.positions {
        assert_eq!(
            server.mine_changes(position.clone()).await,
            whole.changes[*before..],
            "from {position:?}"
        );
    }
    // All of it from before the checkpoint, and nothing from before the start.
    let calls = format!("SELECT bool_and(fsearch) AND min(startlsn) = '{}' FROM mine.calls", start.confirmed);
    assert_eq!(server.value(&calls).await, "t");
}

#[tokio::test]
async fn changes_of_subtransactions_stand_where_they_were_made() {
    let server = Server::new(WALMINER).await;
    let start = server.start().await;
    // Each counts from 1.
    server
        .run(
            "WITH here AS MATERIALIZED (SELECT pg_current_wal_insert_lsn() + 1 AS lsn)
             INSERT INTO mine.recorded (sqlno, xid, topxid, sqlkind, op_text, schema, relation, start_lsn, commit_lsn)
             SELECT sqlno, xid, topxid, 1, format('INSERT INTO public.nokey(a ,b) VALUES(%s ,null)', a), 'public', 'nokey',
                    lsn - 100 + a, lsn
             FROM here, (VALUES (1, 800, 0, 1), (1, 801, 800, 2), (2, 801, 800, 3), (2, 800, 0, 4), (1, 802, 800, 5))
                  AS made (sqlno, xid, topxid, a)",
        )
        .await;
    let seen = server.mine(start).await;
    assert_eq!(seen.numbers(), [1, 2, 3, 4, 5]);
    let places: Vec<_> = seen.changes.iter().map(|change| &change[..5]).collect();
    assert_eq!(places, ["800#0", "800#1", "800#2", "800#3", "800#4"]);
}

#[tokio::test]
async fn a_window_starts_again_where_it_did_until_those_that_were_running_have_ended() {
    let server = Server::new(WALMINER).await;
    let start = server.start().await;
    let other = server.cluster.connect("postgres").await.unwrap();
    other.batch_execute("BEGIN; SELECT txid_current()").await.unwrap();
    recorded(&server, 1).await;
    let mut source = WalMinerSource::start(server.options(start.clone()).await, WalMiner::new());
    let mut seen = Seen::default();
    read_until(&mut source, &mut seen, |seen| seen.changes.len() == 3).await;
    recorded(&server, 1).await;
    read_until(&mut source, &mut seen, |seen| seen.changes.len() == 6).await;
    assert_eq!(seen.confirmed(), start.confirmed);
    other.batch_execute("COMMIT").await.unwrap();
    read_until(&mut source, &mut seen, |seen| seen.confirmed() > start.confirmed).await;
    assert_eq!(seen.changes.len(), 6);
    shut_down(&mut source).await;
}

#[tokio::test]
async fn an_idle_server_is_left_alone_and_short_windows_lead_as_far_as_long_ones() {
    let server = Server::new(WALMINER).await;
    let start = server.start().await;
    for _ in 0..4 {
        recorded(&server, 1).await;
        server.run("SELECT pg_logical_emit_message(false, '', repeat('x', 300000))").await;
    }
    let mut options = server.options(start.clone()).await;
    options.window = Some(200_000);
    let mut source = WalMinerSource::start(options, WalMiner::new());
    let mut seen = Seen::default();
    read_until(&mut source, &mut seen, |seen| seen.changes.len() == 12 && seen.confirmed() > start.confirmed)
        .await;
    let calls = "SELECT count(*) FROM mine.calls";
    let before: i32 = server.value(calls).await.parse().unwrap();
    assert!(before > 4, "{before} windows");
    // One window more, over what the last one itself has written; then none of a server that does nothing.
    server.until_settled(calls).await;
    recorded(&server, 1).await;
    read_until(&mut source, &mut seen, |seen| seen.changes.len() == 15).await;
    shut_down(&mut source).await;
}

#[tokio::test]
async fn the_end_is_exact() {
    let server = Server::new(WALMINER).await;
    let start = server.start().await;
    recorded(&server, 2).await;
    let end: Lsn = server.value("SELECT pg_current_wal_insert_lsn()").await.parse().unwrap();
    recorded(&server, 2).await;
    let mut options = server.options(start).await;
    options.until = Some(Until::Lsn(end));
    let seen = run(options).await.unwrap();
    assert_eq!(seen.numbers(), [0, 1, 2, 10, 11, 12]);
    assert!(seen.confirmed() <= end);
    // The rest, behind it.
    assert_eq!(server.mine(seen.last()).await.numbers(), [0, 1, 2, 10, 11, 12]);
}

#[tokio::test]
async fn another_folder_of_wal_is_named_to_walminer() {
    let server = Server::new(WALMINER).await;
    let start = server.start().await;
    recorded(&server, 1).await;
    let mut options = server.options(start).await;
    options.until = Some(Until::Current);
    let mut elsewhere = options.clone();
    elsewhere.wal_directory = Some("/no such folder's WAL".to_owned());
    let (_, error) = run(elsewhere).await.unwrap_err();
    assert!(error.to_string().contains("/no such folder's WAL could not be added"), "{error}");
    options.wal_directory = Some(server.value("SELECT current_setting('data_directory') || '/pg_wal'").await);
    assert_eq!(run(options).await.unwrap().changes.len(), 3);
}
