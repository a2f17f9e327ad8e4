//! The server is restarted, crashes or stops under a running pipeline.

use std::time::{Duration, Instant};

use pg_cdc_testkit::workload::{Live, Pgbench, Random};
use pg_cdc_testkit::{Cluster, StopMode, Version};

use crate::support::{PATIENCE, Pipeline, eventually};
use crate::{confirmed, confirmed_up_to, reading, replay_equals, row_file, saved_confirmed};

/// What pg_ctl itself takes on a busy machine. A walsender that is not answered is given up after a minute.
const A_FEW_SECONDS: Duration = Duration::from_secs(30);
/// What the server waits for is not to be had from the next heartbeat.
const NO_HEARTBEAT: &str = "  heartbeat: { every: 10m }\n";

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_restart_or_crash_of_the_server_is_lived_through() {
    for version in Version::under_test() {
        let cluster = Cluster::builder().version(version).start().await.unwrap();
        let client = cluster.connect("postgres").await.unwrap();
        let (pgbench, random) = (Pgbench::new(1), Random::new(60));
        pgbench.create(&client).await.unwrap();
        random.create(&client).await.unwrap();
        drop(client);
        let config = cluster.config("postgres");
        let live = [
            Live::start(&config, pgbench.workers(2, 7), Some(150.0)),
            Live::start(&config, random.workers(2, 7), Some(80.0)),
        ];
        let pipeline = Pipeline::new("restart", &row_file(&cluster.url("postgres"), NO_HEARTBEAT, ""));
        // Within the snapshot, and then while it streams.
        let mut run = pipeline.start(&[]);
        eventually("the snapshot", PATIENCE, || run.stderr().contains("the snapshot begins").then_some(()));
        let mut took = Vec::new();
        for mode in [StopMode::Immediate, StopMode::Fast, StopMode::Immediate, StopMode::Fast] {
            tokio::time::sleep(Duration::from_millis(fastrand::u64(0..300))).await;
            let since = Instant::now();
            cluster.stop(mode).await.unwrap();
            took.push(since.elapsed());
            cluster.start_again().await.unwrap();
            let before = pipeline.state().map_or(0, |state| saved_confirmed(&state));
            eventually("progress after the restart", PATIENCE, || {
                run.assert_alive();
                (saved_confirmed(&pipeline.state()?) > before).then_some(())
            });
        }
        for live in live {
            live.stop().await.unwrap();
        }
        run.signal("INT");
        run.wait(PATIENCE).succeeded();
        pipeline.run(&["--until-current"]).succeeded();
        let client = cluster.connect("postgres").await.unwrap();
        let out = pipeline.path("out.jsonl");
        let tables = pgbench.tables().into_iter().map(|table| table.split_once('.').unwrap());
        let counts = replay_equals(&out, &client, tables.chain(random.tables())).await;
        eprintln!("{version}: stops took {took:?}, {counts:?}");
        assert!(took.iter().all(|took| *took < A_FEW_SECONDS), "{took:?}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_fast_shutdown_comes_to_an_end_while_the_pipeline_is_idle() {
    for version in Version::under_test() {
        let cluster = Cluster::builder().version(version).start().await.unwrap();
        let client = cluster.connect("postgres").await.unwrap();
        client.batch_execute("CREATE TABLE t (id int PRIMARY KEY); INSERT INTO t VALUES (1)").await.unwrap();
        let pipeline = Pipeline::new("idle", &row_file(&cluster.url("postgres"), NO_HEARTBEAT, ""));
        let mut run = pipeline.start(&[]);
        reading(&client, "idle").await;
        eventually("streaming", PATIENCE, || run.stderr().contains("streaming").then_some(()));
        // WAL that is none of its business: first acknowledged, then not before the next heartbeat.
        client.batch_execute("CREATE TABLE other AS SELECT 1 AS one").await.unwrap();
        let insert_lsn = "SELECT (pg_current_wal_insert_lsn() - '0/0')::text";
        let now: u64 = client.value(insert_lsn).await.unwrap().parse().unwrap();
        confirmed_up_to(&client, "idle", now).await;
        client.batch_execute("INSERT INTO other VALUES (2)").await.unwrap();
        tokio::time::sleep(Duration::from_millis(500)).await;
        let left: u64 = client.value(insert_lsn).await.unwrap().parse().unwrap();
        assert!(confirmed(&client, "idle").await < left);
        drop(client);
        let since = Instant::now();
        cluster.stop(StopMode::Fast).await.unwrap();
        let took = since.elapsed();
        run.assert_alive();
        eprintln!("{version}: a fast shutdown of an idle server took {took:?}");
        assert!(took < A_FEW_SECONDS, "{took:?}");
        // A stop while the server is gone.
        let since = Instant::now();
        run.signal("TERM");
        run.wait(PATIENCE).succeeded();
        // Not by `stop_timeout`, which is as long.
        assert!(since.elapsed() < A_FEW_SECONDS, "stopped after {:?}", since.elapsed());
    }
}
