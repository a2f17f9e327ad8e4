//! What comes of transactions before their outcome is shown to those who ask, and handed out once it has committed.

use std::time::Duration;

use futures_util::StreamExt;
use pg_cdc::core::catalog;
use pg_cdc::core::stream::{
    Plugin, ReplicationOptions, ReplicationSource, Streaming, Uncommitted, UncommittedStream, identify,
    uncommitted,
};
use pg_cdc::core::wire::{ConnectConfig, Connection, Session};
use pg_cdc::decoders::PgOutput;
use pg_cdc::{Position, Source};
use tokio::time::timeout;

use crate::case::cases_from;

const LITTLE: &str = "-c logical_decoding_work_mem=64kB";

async fn next(shown: &mut UncommittedStream) -> Uncommitted {
    timeout(Duration::from_secs(60), shown.next()).await.unwrap().unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn transactions_in_progress_are_shown_and_only_what_commits_is_handed_out() {
    for case in cases_from(14).await {
        case.sql("CREATE TABLE t (id int PRIMARY KEY, v text); CREATE PUBLICATION p FOR TABLE t").await;
        let name = &case.database;
        case.value(&format!("SELECT pg_create_logical_replication_slot('{name}', 'pgoutput')")).await;
        let mut connect: ConnectConfig = case.cluster.url(name).parse().unwrap();
        connect.options.push(("options".to_owned(), LITTLE.to_owned()));
        let client = catalog::connect(&connect).await.unwrap();
        let system = catalog::system(&client).await.unwrap();
        let slot = catalog::find_slot(&client, system.version, name).await.unwrap().unwrap();
        let mut walsender = Connection::connect(&connect, Session::Replication).await.unwrap();
        let server = identify(&mut walsender).await.unwrap().server;
        walsender.close().await;
        let start = Position::at("shown".into(), server, slot.confirmed_flush_lsn.unwrap());
        let plugin = Plugin::pgoutput(2, &["p".to_owned()], false).with_streaming(false);
        let mut options = ReplicationOptions::new(connect, name, plugin, start);
        let (sender, mut shown) = uncommitted();
        options.tables = catalog::list_tables(&client, system.version)
            .await
            .unwrap()
            .into_iter()
            .map(|info| info.table)
            .collect();
        (options.streaming, options.uncommitted) = (Streaming::Always, Some(sender));
        let mut source = ReplicationSource::start(options, PgOutput::new());

        let fill = |from: i32| {
            format!("INSERT INTO t SELECT i, repeat('x', 100) FROM generate_series({from}, {from} + 1999) i")
        };
        case.sql(&format!("BEGIN; {}", fill(0))).await;
        let Uncommitted::Changes(first) = next(&mut shown).await else { panic!("no changes") };
        let xid = first.xid();
        let ids: Vec<_> = first
            .iter()
            .map(|(subxid, change)| (subxid, change.after().unwrap().get::<i32>("id").unwrap()))
            .collect();
        assert!(!ids.is_empty());
        assert!(ids.iter().zip(0..).all(|(shown, id)| *shown == (xid, id)), "{ids:?}");
        case.sql(&format!("SAVEPOINT a; {}", fill(2000))).await;
        case.sql("ROLLBACK TO a").await;
        let mut rolled_back = None;
        while rolled_back.is_none() {
            match next(&mut shown).await {
                Uncommitted::Changes(changes) => assert_eq!(changes.xid(), xid),
                Uncommitted::RolledBack { xid: top, subxid } => rolled_back = Some((top, subxid)),
                other => panic!("{other:?}"),
            }
        }
        let (top, subxid) = rolled_back.unwrap();
        assert!(top == xid && subxid != xid);
        case.sql(&format!("{}; COMMIT", fill(4000))).await;
        let committed = loop {
            match next(&mut shown).await {
                Uncommitted::Committed { xid: top, commit_lsn } => break (top, commit_lsn),
                Uncommitted::Changes(_) => {}
                other => panic!("{other:?}"),
            }
        };
        assert_eq!(committed.0, xid);

        let (mut ids, mut position) = (Vec::new(), None);
        while ids.len() < 4000 {
            let batch = timeout(Duration::from_secs(60), source.next()).await.unwrap().unwrap().unwrap();
            for change in batch.changes() {
                assert_eq!(change.transaction().commit_lsn, committed.1);
                ids.push(change.after().unwrap().get::<i32>("id").unwrap());
            }
            position = batch.position().cloned();
        }
        assert_eq!(ids, (0..2000).chain(4000..6000).collect::<Vec<_>>());
        let control = source.control();
        control.acknowledge(position.unwrap());
        control.shutdown().await.unwrap();
        assert!(next_is_end(&mut shown).await);
    }
}

async fn next_is_end(shown: &mut UncommittedStream) -> bool {
    timeout(Duration::from_secs(60), shown.next()).await.unwrap().is_none()
}
