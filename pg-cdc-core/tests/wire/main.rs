//! The connection against a real server.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod bogus;
mod tls;

use std::time::{Duration, Instant};

use pg_cdc_core::batch::BufferPool;
use pg_cdc_core::wire::{
    ConnectConfig, Connection, CopyFormat, ServerFrame, Session, StatusUpdate, open, pinned_options,
    pinned_sets,
};
use pg_cdc_core::{Error, ErrorKind, Lsn};
use pg_cdc_testkit::{Cluster, ClusterBuilder, StopMode};

async fn connect(url: &str, session: Session) -> Result<Connection, Error> {
    let config: ConnectConfig = url.parse()?;
    tokio::time::timeout(Duration::from_secs(20), Connection::connect(&config, session))
        .await
        .expect("a hang")
}

/// A server with a role for each way to log in.
fn builder() -> ClusterBuilder {
    let mut builder = Cluster::builder();
    for line in [
        "local all clear password",
        "host all clear all password",
        "hostssl all only_ssl all trust",
        "hostnossl all only_plain all trust",
        "host all only_ssl,only_plain all reject",
        "host all md5user all md5",
        "host all scram all scram-sha-256",
    ] {
        builder = builder.hba(line);
    }
    builder
}

async fn start(builder: ClusterBuilder) -> (Cluster, Connection) {
    let cluster = builder.start().await.unwrap();
    let mut admin = connect(&unix(&cluster, "postgres"), Session::Sql).await.unwrap();
    admin
        .simple_query(
            "SET password_encryption = 'scram-sha-256'; CREATE ROLE clear LOGIN PASSWORD 'cl:e@r'; \
             CREATE ROLE scram LOGIN PASSWORD 's c/rät'; \
             CREATE ROLE only_ssl LOGIN; CREATE ROLE only_plain LOGIN; \
             SET password_encryption = md5; CREATE ROLE md5user LOGIN PASSWORD 'five'",
        )
        .await
        .unwrap();
    (cluster, admin)
}

fn tcp(cluster: &Cluster, user: &str) -> String {
    format!("postgres://{user}@127.0.0.1:{}/postgres", cluster.port())
}

fn unix(cluster: &Cluster, user: &str) -> String {
    format!("postgres://{user}@/postgres?host={}&port={}", cluster.socket_dir().display(), cluster.port())
}

/// Waits until a query gives `yes`.
async fn until(connection: &mut Connection, query: &str) {
    let since = Instant::now();
    while connection.query_row(query).await.unwrap().get(0, "yes") != Some("t") {
        assert!(since.elapsed() < Duration::from_secs(60), "waited for {query}");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

/// Cancels a query of this connection while the server is at it.
async fn assert_can_be_cancelled(cluster: &Cluster, connection: &mut Connection) {
    let mut other = connect(&unix(cluster, "postgres"), Session::Sql).await.unwrap();
    let (pid, cancel) = (connection.process_id(), connection.cancel_token());
    let is_asleep = format!(
        "SELECT count(*) = 1 AS yes FROM pg_stat_activity WHERE pid = {pid} AND wait_event = 'PgSleep'"
    );
    let (slept, cancelled) = tokio::join!(connection.simple_query("SELECT pg_sleep(600)"), async {
        until(&mut other, &is_asleep).await;
        cancel.cancel().await
    });
    cancelled.unwrap();
    assert_eq!(slept.unwrap_err().sqlstate(), Some("57014"));
}

#[tokio::test]
async fn every_way_to_log_in() {
    let (cluster, admin) = start(builder()).await;
    admin.close().await;
    let with = |user: &str, password: &str| tcp(&cluster, user).replace('@', &format!(":{password}@"));
    for session in [Session::Sql, Session::Replication] {
        for url in [
            tcp(&cluster, "postgres"),
            unix(&cluster, "postgres"),
            with("scram", "s%20c%2Fr%C3%A4t"),
            with("md5user", "five"),
            unix(&cluster, "clear") + "&password=cl:e%40r",
        ] {
            if session == Session::Replication && !url.contains("postgres@") {
                continue;
            }
            let mut connection = connect(&url, session).await.unwrap();
            assert_eq!(connection.server_version(), Some(cluster.version_num()));
            let pid =
                connection.query_row("SELECT pg_backend_pid()::text AS pid, NULL AS nothing").await.unwrap();
            assert_eq!(pid.get(0, "pid"), Some(connection.process_id().to_string().as_str()));
            assert_eq!(pid.get(0, "nothing"), None);
            connection.close().await;
        }
    }
    for (url, kind, code, hint) in [
        (with("scram", "hunter2"), ErrorKind::Server, Some("28P01"), "password"),
        (with("md5user", "hunter2"), ErrorKind::Server, Some("28P01"), "password"),
        (tcp(&cluster, "postgres") + "?dbname=nowhere", ErrorKind::Server, Some("3D000"), "database"),
        (tcp(&cluster, "nobody"), ErrorKind::Server, Some("28000"), "role"),
        (tcp(&cluster, "only_ssl"), ErrorKind::Server, Some("28000"), "pg_hba.conf"),
        (tcp(&cluster, "scram"), ErrorKind::Authentication, None, "URL"),
        (with("clear", "x"), ErrorKind::Authentication, None, "sslmode"),
        (tcp(&cluster, "postgres") + "?sslmode=require", ErrorKind::Tls, None, "ssl"),
        (tcp(&cluster, "postgres") + "?options=-c%20datestyle%3Dsql", ErrorKind::Config, None, "leave"),
        (tcp(&cluster, "postgres") + "?host=a,b", ErrorKind::Unsupported, None, ""),
        (tcp(&cluster, "postgres") + "?host=/nowhere", ErrorKind::Io, None, "unix_socket_directories"),
        ("postgres://u@127.0.0.1:1/d".to_owned(), ErrorKind::Io, None, "running"),
    ] {
        let error = connect(&url, Session::Sql).await.expect_err(&url);
        assert_eq!((error.kind(), error.sqlstate()), (kind, code), "{url}: {error:?}");
        assert!(error.hint().unwrap_or_default().contains(hint), "{url}: {error:?}");
        assert!(!format!("{error:?}").contains("hunter2"), "{error:?}");
    }
}

#[tokio::test]
async fn settings_are_pinned_whatever_the_role_has() {
    let settings = builder().conf("DateStyle", "German").conf("TimeZone", "CET").conf("row_security", "on");
    let (cluster, mut admin) = start(settings).await;
    admin
        .simple_query(
            "ALTER ROLE postgres SET extra_float_digits = 0; ALTER ROLE postgres SET statement_timeout = '1h'; \
             ALTER ROLE postgres SET search_path = x; ALTER ROLE postgres SET idle_session_timeout = '1h'",
        )
        .await
        .unwrap();
    let url = unix(&cluster, "postgres") + "&application_name=in%20gest&options=-c%20geqo%3Doff";
    for session in [Session::Sql, Session::Replication] {
        let mut connection = connect(&url, session).await.unwrap();
        for (setting, value) in [
            ("DateStyle", "ISO, DMY"),
            ("TimeZone", "UTC"),
            ("row_security", "off"),
            ("extra_float_digits", "1"),
            ("statement_timeout", "0"),
            ("idle_session_timeout", "0"),
            ("search_path", ""),
            ("client_encoding", "UTF8"),
            ("geqo", "off"),
            ("application_name", "in gest"),
        ] {
            let shown = connection.query_row(&format!("SHOW {setting}")).await.unwrap();
            assert_eq!(shown.rows[0][0].as_deref(), Some(value), "{setting}");
        }
        assert_eq!(connection.parameter("TimeZone"), Some("UTC"));
        connection.simple_query("SET application_name = 'other'").await.unwrap();
        assert_eq!(connection.parameter("application_name"), Some("other"));
    }
}

#[tokio::test]
async fn queries_fail_and_the_connection_goes_on() {
    let (cluster, _) = start(builder()).await;
    let mut connection = connect(&tcp(&cluster, "postgres"), Session::Sql).await.unwrap();
    let several = connection
        .simple_query("SELECT 1 AS a; ; SET geqo = off; SELECT 'ä', NULL WHERE false")
        .await
        .unwrap();
    assert_eq!(several.len(), 3);
    assert_eq!((several[0].get(0, "a"), several[1].tag.as_str()), (Some("1"), "SET"));
    assert_eq!((several[2].columns.len(), several[2].rows.len()), (2, 0));
    let error = connection.simple_query("SELECT 1; SELECT frob").await.unwrap_err();
    assert_eq!(error.sqlstate(), Some("42703"));
    assert!(error.to_string().contains("at character 18"), "{error}");
    connection.simple_query("DO $$ BEGIN RAISE WARNING 'x'; END $$; LISTEN a; NOTIFY a").await.unwrap();

    assert_can_be_cancelled(&cluster, &mut connection).await;
    assert_eq!(connection.query_row("SELECT 1 AS a").await.unwrap().get(0, "a"), Some("1"));
    assert_eq!(connection.query_row("SELECT 1 WHERE false").await.unwrap_err().kind(), ErrorKind::Mismatch);

    let fatal = connection.simple_query("SELECT pg_terminate_backend(pg_backend_pid())").await.unwrap_err();
    assert_eq!(fatal.sqlstate(), Some("57P01"));
    assert_eq!(connection.simple_query("SELECT 1").await.unwrap_err().kind(), ErrorKind::Closed);
}

#[tokio::test]
async fn a_copy_of_a_million_rows_stays_within_the_pool() {
    let (cluster, _) = start(builder()).await;
    for url in [tcp(&cluster, "postgres"), unix(&cluster, "postgres")] {
        let mut connection = connect(&url, Session::Sql).await.unwrap();
        let pool = BufferPool::new(4 << 20);
        let sql = "COPY (SELECT i, repeat('x', 100) FROM generate_series(1, 1000000) i) TO STDOUT";
        let mut copy = connection.copy_out(sql, &pool).await.unwrap();
        assert_eq!((copy.format(), copy.column_formats()), (CopyFormat::Text, &[CopyFormat::Text; 2][..]));
        let (mut lines, mut most, mut blocks) = (0u64, 0, 0u64);
        while let Some(block) = copy.next_block().await.unwrap() {
            most = most.max(pool.retained());
            blocks += 1;
            assert_eq!(block.payloads().len(), block.len());
            for payload in block.payloads() {
                lines += 1;
                let line = &block.bytes()[payload];
                assert!(line.starts_with(lines.to_string().as_bytes()) && line.ends_with(b"x\n"));
            }
        }
        assert_eq!((lines, copy.rows()), (1_000_000, Some(1_000_000)));
        assert!(most <= 2 << 20, "{most}");
        assert!(blocks < 2_000, "{blocks}");
        assert_eq!(pool.retained(), 0);

        let mut copy = connection.copy_out("COPY (SELECT 1, 'a') TO STDOUT BINARY", &pool).await.unwrap();
        assert_eq!(copy.format(), CopyFormat::Binary);
        while copy.next_block().await.unwrap().is_some() {}
        let failing =
            "COPY (SELECT 1 / (20000 - i), repeat('x', 50) FROM generate_series(1, 30000) i) TO STDOUT";
        let mut copy = connection.copy_out(failing, &pool).await.unwrap();
        let error = loop {
            match copy.next_block().await {
                Ok(block) => assert!(block.is_some()),
                Err(error) => break error,
            }
        };
        assert_eq!(error.sqlstate(), Some("22012"));
        assert!(copy.next_block().await.is_err());
        assert_eq!(
            connection.copy_out("COPY nothing TO STDOUT", &pool).await.unwrap_err().sqlstate(),
            Some("42P01")
        );
        assert!(connection.query_row("SELECT 1").await.is_ok());

        drop(connection.copy_out(sql, &pool).await.unwrap());
        let error = connection.query_row("SELECT 1").await.unwrap_err();
        assert!(error.to_string().contains("not read to its end"), "{error}");
    }
}

const START: &str = "START_REPLICATION SLOT s LOGICAL 0/0";

/// Reads on until `stop` says so of a payload, answering keepalives.
async fn read_until(stream: &mut pg_cdc_core::wire::ReplicationStream, mut stop: impl FnMut(&[u8]) -> bool) {
    loop {
        let block =
            stream.next_block_or_more(64 << 10, Duration::from_millis(1)).await.unwrap().expect("the end");
        for range in block.payloads() {
            let frame = &block.bytes()[range];
            match ServerFrame::parse(frame).unwrap() {
                ServerFrame::XLogData { payload, .. } if stop(&frame[payload.clone()]) => return,
                ServerFrame::Keepalive { reply_wanted: true, end, .. } => {
                    let update = StatusUpdate { written: end, ..StatusUpdate::default() };
                    stream.send(&update.encode()).await.unwrap();
                }
                _ => {}
            }
        }
    }
}

#[tokio::test]
async fn replication_with_a_value_of_200_megabytes() {
    let (cluster, _) = start(builder()).await;
    for (nth, url) in [tcp(&cluster, "postgres"), unix(&cluster, "postgres")].into_iter().enumerate() {
        let mut admin = connect(&unix(&cluster, "postgres"), Session::Sql).await.unwrap();
        let mut connection = connect(&url, Session::Replication).await.unwrap();
        let system = connection.query_row("IDENTIFY_SYSTEM").await.unwrap();
        assert!(system.get(0, "systemid").is_some() && system.get(0, "dbname") == Some("postgres"));
        connection
            .simple_query("CREATE_REPLICATION_SLOT s TEMPORARY LOGICAL test_decoding NOEXPORT_SNAPSHOT")
            .await
            .unwrap();
        admin.simple_query("CREATE TABLE public.t (i int, v text); INSERT INTO public.t SELECT i, 'v' || i FROM generate_series(1, 50000) i").await.unwrap();
        admin
            .simple_query("INSERT INTO public.t VALUES (0, repeat('y', 200000000)), (-1, 'end')")
            .await
            .unwrap();
        let pool = BufferPool::new(8 << 20);
        let mut stream = connection.start_replication(START, &pool).await.unwrap();
        let (mut inserts, mut large) = (0, 0);
        read_until(&mut stream, |payload| {
            inserts += usize::from(payload.windows(7).take(40).any(|word| word == b"INSERT:"));
            large = large.max(payload.len());
            payload.ends_with(b"v[text]:'end'")
        })
        .await;
        assert_eq!(inserts, 50_002, "{nth}");
        assert!((200_000_000..200_001_000).contains(&large), "{large}");
        let here = admin.query_row("SELECT pg_current_wal_lsn() AS lsn").await.unwrap();
        let here: Lsn = here.get(0, "lsn").unwrap().parse().unwrap();
        stream
            .send(&StatusUpdate { written: here, flushed: here, ..StatusUpdate::default() }.encode())
            .await
            .unwrap();
        let wanted = format!("SELECT confirmed_flush_lsn = '{here}' AS yes FROM pg_replication_slots");
        until(&mut admin, &wanted).await;
        stream.finish().await.unwrap();
        assert_eq!(pool.retained(), 0);
        admin.simple_query("DROP TABLE public.t").await.unwrap();
    }
}

#[tokio::test]
async fn another_driver_runs_over_our_socket() {
    let (cluster, _) = start(builder().tls(pg_cdc_testkit::Tls::generate().unwrap())).await;
    for url in [tcp(&cluster, "postgres") + "?sslmode=require", unix(&cluster, "postgres")] {
        let socket = open(&url.parse().unwrap()).await.unwrap();
        assert_ne!(socket.is_tls(), socket.is_unix());
        let mut config = tokio_postgres::Config::new();
        config.user("postgres").dbname("postgres").options(pinned_options());
        let (client, connection) = config.connect_raw(socket, tokio_postgres::NoTls).await.unwrap();
        let driving = tokio::spawn(connection);
        client.batch_execute(&pinned_sets(cluster.version_num())).await.unwrap();
        let path: String = client.query_one("SHOW search_path", &[]).await.unwrap().get(0);
        assert_eq!(path, "");
        drop(client);
        driving.await.unwrap().unwrap();
    }
}

#[tokio::test]
async fn a_server_that_shuts_down_ends_the_stream() {
    let (cluster, _) = start(builder()).await;
    let mut connection = connect(&tcp(&cluster, "postgres"), Session::Replication).await.unwrap();
    connection
        .simple_query("CREATE_REPLICATION_SLOT s LOGICAL test_decoding NOEXPORT_SNAPSHOT")
        .await
        .unwrap();
    let mut taken = connect(&tcp(&cluster, "postgres"), Session::Replication).await.unwrap();
    taken.simple_query("IDENTIFY_SYSTEM").await.unwrap();
    let pool = BufferPool::new(1 << 20);
    let mut stream = connection.start_replication(START, &pool).await.unwrap();
    let in_use = taken.start_replication(START, &pool).await.unwrap_err();
    assert_eq!((in_use.sqlstate(), in_use.is_transient()), (Some("55006"), true));
    let stopping = tokio::spawn(async move { cluster.stop(StopMode::Fast).await });
    // A server that shuts down fast waits until everything is confirmed: keepalives ask for it.
    let ended = async {
        while let Some(block) = stream.next_block().await.unwrap() {
            for range in block.payloads() {
                if let ServerFrame::Keepalive { end, .. } = ServerFrame::parse(&block.bytes()[range]).unwrap()
                {
                    let update =
                        StatusUpdate { written: end, flushed: end, applied: end, ..Default::default() };
                    stream.send(&update.encode()).await.unwrap();
                }
            }
        }
        stream.finish().await
    };
    tokio::time::timeout(Duration::from_secs(20), ended).await.expect("a hang").unwrap();
    stopping.await.unwrap().unwrap();
}
