//! Workloads on real servers.
#![allow(clippy::unwrap_used, reason = "a test's helpers")]

use std::time::{Duration, Instant};

use pg_cdc_testkit::workload::{Live, Pgbench, Random, Script, Shop, Worker};
use pg_cdc_testkit::{Client, Cluster, StopMode, Version, quote_ident};

async fn run<W: Worker>(
    cluster: &Cluster,
    database: &str,
    workers: Vec<W>,
) -> pg_cdc_testkit::workload::Done {
    let live = Live::start(&cluster.config(database), workers, None);
    live.committed(200).await.unwrap();
    live.stop().await.unwrap()
}

async fn count(client: &Client, table: &str) -> u64 {
    client.value(&format!("SELECT count(*) FROM {table}")).await.unwrap().parse().unwrap()
}

#[tokio::test]
async fn every_workload_runs_on_every_version() {
    for version in Version::under_test() {
        let cluster = Cluster::builder().version(version).start().await.unwrap();
        let client = cluster.connect("postgres").await.unwrap();

        Shop.create(&client).await.unwrap();
        Shop.fill(&client, 5000).await.unwrap();
        let mut filled = 0;
        for table in Shop.tables() {
            filled += count(&client, table).await;
        }
        assert_eq!(filled, 5000);
        let orders = count(&client, "shop.orders").await;
        assert!(run(&cluster, "postgres", Shop.workers(2, 1)).await.committed >= 200);
        assert!(count(&client, "shop.orders").await > orders);

        let pgbench = Pgbench::new(1);
        pgbench.create(&client).await.unwrap();
        let done = run(&cluster, "postgres", pgbench.workers(4, 2)).await;
        assert_eq!(count(&client, "pgbench_history").await, done.committed);

        let random = Random::new(300).with_truncates().with_prepared().with_messages();
        random.create(&client).await.unwrap();
        let done = run(&cluster, "postgres", random.workers(4, 3)).await;
        println!("{version} random: {done:?}");
        assert!(done.committed >= 200 && done.rolled_back > 0);
        assert!(count(&client, "random.plain").await > 0);
        assert_eq!(count(&client, "pg_prepared_xacts").await, 0);
    }
}

#[tokio::test]
async fn a_rate_is_kept_and_a_restart_survived() {
    let cluster = Cluster::builder().version(Version::under_test()[0]).start().await.unwrap();
    let client = cluster.connect("postgres").await.unwrap();
    let pgbench = Pgbench::new(1);
    pgbench.create(&client).await.unwrap();
    let began = Instant::now();
    let live = Live::start(&cluster.config("postgres"), pgbench.workers(2, 1), Some(100.0));
    live.committed(200).await.unwrap();
    // The first of each worker comes at once.
    assert!(began.elapsed() > Duration::from_millis(1900), "200 in {:?}", began.elapsed());
    let before = live.so_far().committed;
    assert!(count(&client, "pgbench_history").await >= before);
    cluster.stop(StopMode::Immediate).await.unwrap();
    cluster.start_again().await.unwrap();
    live.committed(before + 50).await.unwrap();
    assert!(!live.has_failed());
    live.stop().await.unwrap();
    let client = cluster.connect("postgres").await.unwrap();
    assert!(count(&client, "pgbench_history").await >= before + 50);
}

#[tokio::test]
async fn every_script_runs_on_every_version() {
    for version in Version::under_test() {
        let cluster = Cluster::builder().version(version).start().await.unwrap();
        let client = cluster.connect("postgres").await.unwrap();
        let major = cluster.major();
        let mut script = Script::schemas(major)
            .then(Script::savepoints())
            .then(Script::two_phase("script"))
            .then(Script::statements(major))
            .then(Script::identities())
            .then(Script::names(false))
            .then(Script::encoded("UTF8"))
            .then(Script::values())
            .then(Script::wide());
        if major >= 11 {
            script = script.then(Script::partitions(major));
        }
        if major >= 12 {
            script = script.then(Script::shapes(major));
        }
        if major >= 14 {
            script = script.then(Script::messages());
        }
        script.create(&client).await.unwrap();
        let mut pauses = 0;
        script.run(&cluster, "postgres", async || pauses += 1).await.unwrap();
        assert!(pauses > 8, "{pauses}");
        for table in script.tables() {
            let name = format!("{}.{}", quote_ident(&table.schema), quote_ident(&table.name));
            assert!(count(&client, &name).await > 0, "{name} is empty");
        }
        assert_eq!(count(&client, "pg_prepared_xacts").await, 0);
    }
}
