//! Clusters on real servers.

use std::time::{Duration, Instant};

use pg_cdc_core::batch::BufferPool;
use pg_cdc_core::wire::{Connection, Session};
use pg_cdc_testkit::{Cluster, StopMode, Tls, Version};

#[tokio::test]
async fn clusters_of_each_version_decode_and_vanish() {
    for version in Version::under_test() {
        let begun = Instant::now();
        let cluster = Cluster::builder().version(version).start().await.unwrap();
        println!("{version}: {} in {:?}", cluster.version_num(), begun.elapsed());
        assert!(version.accepts(cluster.version_num()));
        let client = cluster.connect("postgres").await.unwrap();
        assert_eq!(client.value("SHOW server_version_num").await.unwrap(), cluster.version_num().to_string());
        client
            .batch_execute("SELECT pg_create_logical_replication_slot('s', 'test_decoding')")
            .await
            .unwrap();
        client.batch_execute("CREATE TABLE t (id int PRIMARY KEY); INSERT INTO t VALUES (7)").await.unwrap();
        let seen = "SELECT string_agg(data, '') FROM pg_logical_slot_get_changes('s', NULL, NULL)";
        assert!(client.value(seen).await.unwrap().contains("table public.t: INSERT: id[integer]:7"));
        let (tcp, socket) = (cluster.url("postgres"), cluster.socket_url("postgres"));
        for url in [tcp, socket] {
            let (client, connection) = tokio_postgres::connect(&url, tokio_postgres::NoTls).await.unwrap();
            tokio::spawn(connection);
            client.batch_execute("SELECT 1").await.unwrap();
        }
        let folder = cluster.socket_dir().to_owned();
        let address = ("127.0.0.1", cluster.port());
        drop(cluster);
        assert!(!folder.exists());
        assert!(std::net::TcpStream::connect(address).is_err());
    }
}

#[tokio::test]
async fn a_stopped_server_starts_again_with_what_was_committed() {
    let cluster = Cluster::builder().version(Version::under_test()[0]).start().await.unwrap();
    let client = cluster.connect("postgres").await.unwrap();
    client.batch_execute("CREATE TABLE t (id int); INSERT INTO t VALUES (1)").await.unwrap();
    cluster.stop(StopMode::Immediate).await.unwrap();
    assert!(cluster.connect("postgres").await.is_err());
    cluster.start_again().await.unwrap();
    cluster.restart().await.unwrap();
    cluster.configure(&[("wal_sender_timeout", "7s")]).await.unwrap();
    let client = cluster.connect("postgres").await.unwrap();
    assert_eq!(client.value("SELECT count(*) FROM t").await.unwrap(), "1");
    let deadline = Instant::now() + Duration::from_secs(60);
    while client.value("SHOW wal_sender_timeout").await.unwrap() != "7s" {
        assert!(Instant::now() < deadline, "the setting was not read");
    }
    assert!(cluster.log().unwrap().contains("database system is ready"));
}

#[tokio::test]
async fn passwords_are_asked_for_over_tcp() {
    for method in ["scram-sha-256", "md5", "password"] {
        let builder = Cluster::builder().version(Version::under_test()[0]).password(method, "it's s3cret/@");
        let cluster = builder.start().await.unwrap();
        tokio_postgres::connect(&cluster.url("postgres"), tokio_postgres::NoTls).await.map(drop).unwrap();
        let wrong = cluster.url("postgres").replace("s3cret", "wrong");
        assert!(tokio_postgres::connect(&wrong, tokio_postgres::NoTls).await.is_err(), "{method}");
    }
}

#[tokio::test]
async fn a_server_with_tls_refuses_to_speak_without_where_told_so() {
    let builder = Cluster::builder().version(Version::under_test()[0]).tls(Tls::generate().unwrap());
    let cluster = builder.hba("hostnossl all all 127.0.0.1/32 reject").start().await.unwrap();
    let client = cluster.connect("postgres").await.unwrap();
    assert_eq!(client.value("SHOW ssl").await.unwrap(), "on");
    assert!(tokio_postgres::connect(&cluster.url("postgres"), tokio_postgres::NoTls).await.is_err());
}

#[tokio::test]
async fn clusters_have_encodings_and_identities_of_their_own() {
    let version = Version::under_test()[0];
    let latin = Cluster::builder().version(version).encoding("LATIN1").start();
    let (latin, other) = tokio::join!(latin, Cluster::builder().version(version).start());
    let (latin, other) = (latin.unwrap(), other.unwrap());
    let client = latin.connect("postgres").await.unwrap();
    assert_eq!(client.value("SHOW server_encoding").await.unwrap(), "LATIN1");
    let identity = "SELECT system_identifier FROM pg_control_system()";
    let other = other.connect("postgres").await.unwrap();
    assert_ne!(client.value(identity).await.unwrap(), other.value(identity).await.unwrap());
}

#[tokio::test]
async fn a_shared_cluster_is_one_and_can_be_attached_to() {
    let version = Version::under_test()[0];
    let (a, b) = tokio::join!(Cluster::shared(version), Cluster::shared(version));
    let (a, b) = (a.unwrap(), b.unwrap());
    assert_eq!(a.port(), b.port());
    let attached = Cluster::attach(&a.handle()).unwrap();
    let name = attached.fresh_database("it").await.unwrap();
    attached.connect(&name).await.unwrap();
    assert!(attached.stop(StopMode::Fast).await.is_err());
    drop(attached);
    a.connect("postgres").await.unwrap();
}

#[tokio::test]
async fn a_slot_that_is_read_is_waited_for() {
    for version in Version::under_test() {
        let cluster = Cluster::shared(version).await.unwrap();
        let client = cluster.connect("postgres").await.unwrap();
        let database = cluster.fresh_database_in("in_use", "LATIN1").await.unwrap();
        let inside = cluster.connect(&database).await.unwrap();
        assert_eq!(inside.value("SHOW server_encoding").await.unwrap(), "LATIN1");
        let made = format!("SELECT pg_create_logical_replication_slot('{database}', 'test_decoding')");
        inside.batch_execute(&made).await.unwrap();
        let url = cluster.url(&database).parse().unwrap();
        let start = format!("START_REPLICATION SLOT {database} LOGICAL 0/0");
        let read = async || {
            let connection = Connection::connect(&url, Session::Replication).await.unwrap();
            connection.start_replication(&start, &BufferPool::new(1 << 20)).await.unwrap()
        };
        let reader = read().await;
        let (free, ()) = tokio::join!(client.slot_is_free(&database), gone_soon(reader));
        free.unwrap();
        let reader = read().await;
        let (dropped, ()) = tokio::join!(client.drop_slot(&database), gone_soon(reader));
        dropped.unwrap();
        assert!(client.drop_slot(&database).await.is_err() && client.slot_is_free(&database).await.is_err());
    }
}

async fn gone_soon<T>(user: T) {
    tokio::time::sleep(Duration::from_millis(200)).await;
    drop(user);
}
