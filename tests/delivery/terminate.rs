//! The connection is lost in the middle of things, the program is not.

use std::time::Duration;

use pg_cdc_testkit::workload::Live;
use pg_cdc_testkit::{Client, Cluster, Version};

use crate::bulk::Bulk;
use crate::support::{PATIENCE, Pipeline, eventually};
use crate::{database, reader, replay_equals, row_file};

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn connections_that_are_lost_again_and_again_lose_and_double_nothing() {
    for version in Version::under_test() {
        // One change a batch: nearly every loss comes between two batches of one transaction.
        for rows in [1, 50, 10_000] {
            survives(version, rows).await;
        }
    }
}

async fn survives(version: Version, rows: u32) {
    let cluster = Cluster::shared(version).await.unwrap();
    let (name, client) = database(cluster).await;
    Bulk::create(&client).await.unwrap();
    let never = "  snapshot: { mode: never }\n";
    let rest = format!("batch: {{ rows: {rows} }}\nretry: {{ initial: 10ms }}\n");
    let pipeline = Pipeline::new(&name, &row_file(&cluster.url(&name), never, &rest));
    pipeline.run(&["--until-current"]).succeeded();
    let live = Live::start(&cluster.config(&name), Bulk::worker(1_000, false, 3), Some(6.0));
    let mut run = pipeline.start(&[]);
    let mut terminated = 0;
    while terminated < 20 {
        tokio::time::sleep(Duration::from_millis(fastrand::u64(0..200))).await;
        run.assert_alive();
        terminated += u32::from(terminate(&client, &name).await);
    }
    live.stop().await.unwrap();
    run.signal("INT");
    run.wait(PATIENCE).succeeded();
    pipeline.run(&["--until-current"]).succeeded();
    let counts = replay_equals(&pipeline.path("out.jsonl"), &client, [Bulk::TABLE]).await;
    eprintln!("{version}: {terminated} connections lost, batches of {rows}, {counts:?}");
    pipeline.cleanup();
}

/// Ends the walsender, or every session of the pipeline.
async fn terminate(client: &Client, slot: &str) -> bool {
    let Some(pid) = reader(client, slot).await else { return false };
    let all = "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity \
               WHERE datname = current_database() AND pid <> pg_backend_pid() \
               AND application_name <> 'pg-cdc-testkit'";
    let sql = if fastrand::bool() { all.to_owned() } else { format!("SELECT pg_terminate_backend({pid})") };
    client.value(&sql).await.unwrap();
    true
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_connection_lost_between_two_batches_of_a_transaction_doubles_nothing() {
    for version in Version::under_test() {
        let cluster = Cluster::shared(version).await.unwrap();
        let (name, client) = database(cluster).await;
        client.batch_execute("CREATE TABLE t (id int PRIMARY KEY, n int)").await.unwrap();
        let never = "  snapshot: { mode: never }\n  memory_limit: 64KiB\n";
        let rest = "batch: { rows: 1, delay: 1ms }\nretry: { initial: 10ms }\n";
        let pipeline = Pipeline::new(&name, &row_file(&cluster.url(&name), never, rest));
        pipeline.run(&["--until-current"]).succeeded();
        client.batch_execute("INSERT INTO t SELECT i, 0 FROM generate_series(1, 30000) i").await.unwrap();
        let mut run = pipeline.start(&[]);
        let mut seen = 0;
        for _ in 0..5 {
            seen = eventually("a position within the transaction", PATIENCE, || {
                run.assert_alive();
                pipeline.state()?["position"]["seq"].as_u64().filter(|seq| *seq > seen)
            });
            terminate(&client, &name).await;
        }
        run.signal("INT");
        run.wait(PATIENCE).succeeded();
        pipeline.run(&["--until-current"]).succeeded();
        let counts = replay_equals(&pipeline.path("out.jsonl"), &client, ["public.t"]).await;
        assert_eq!((counts.inserts, counts.transactions), (30_000, 1));
        pipeline.cleanup();
    }
}
