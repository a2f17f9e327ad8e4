//! A prepared transaction waits for its outcome, for as long as that takes.

use std::time::{Duration, Instant};

use pg_cdc_testkit::{Client, Cluster, StopMode, Version};

use crate::support::{PATIENCE, Pipeline, eventually};
use crate::{EARLY, confirmed, confirmed_up_to, reading, replay_equals, row_file, saved_confirmed};

/// A cluster of its own, since it is stopped, with a table and a pipeline that has caught up.
async fn caught_up(version: Version) -> (Cluster, Client, Pipeline) {
    let cluster = Cluster::builder().version(version).start().await.unwrap();
    let client = cluster.connect("postgres").await.unwrap();
    client.batch_execute("CREATE TABLE t (id int PRIMARY KEY, v text)").await.unwrap();
    let pipeline = Pipeline::new("prepared", &row_file(&cluster.url("postgres"), EARLY, ""));
    pipeline.run(&["--until-current"]).succeeded();
    (cluster, client, pipeline)
}

async fn each(client: &Client, statements: &[&str]) {
    for sql in statements {
        client.batch_execute(sql).await.unwrap();
    }
}

fn lines(pipeline: &Pipeline) -> usize {
    std::fs::read_to_string(pipeline.path("out.jsonl")).unwrap_or_default().lines().count()
}

fn versions() -> impl Iterator<Item = Version> {
    Version::under_test().into_iter().filter(|version| *version >= Version::V15)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn nothing_beyond_a_prepare_is_acknowledged_before_its_outcome_is_durable() {
    for version in versions() {
        let (_cluster, client, pipeline) = caught_up(version).await;
        each(
            &client,
            &["BEGIN; INSERT INTO t SELECT i, 'held' FROM generate_series(1, 3000) i; PREPARE TRANSACTION 'held'"],
        )
        .await;
        let prepared: u64 =
            client.value("SELECT (pg_current_wal_lsn() - '0/0')::text").await.unwrap().parse().unwrap();
        // What commits meanwhile is delivered, once, whatever ends in between.
        for nth in 0..3 {
            each(
                &client,
                &[
                    &format!("INSERT INTO t VALUES (-{nth} - 1, 'between')"),
                    "SELECT pg_logical_emit_message(false, 'p', 'alone')",
                ],
            )
            .await;
            if nth == 1 {
                let run = pipeline.start(&[]);
                eventually("what is between", PATIENCE, || (lines(&pipeline) == 4).then_some(()));
                run.kill();
            } else {
                pipeline.run(&["--until-current"]).succeeded();
            }
            assert_eq!(lines(&pipeline), 2 * (nth + 1), "{version}");
            assert!(confirmed(&client, "prepared").await < prepared);
            assert!(saved_confirmed(&pipeline.state().unwrap()) < prepared);
        }
        each(&client, &["COMMIT PREPARED 'held'", "INSERT INTO t VALUES (0, 'after')"]).await;
        pipeline.run(&["--until-current"]).succeeded();
        assert!(confirmed(&client, "prepared").await > prepared);
        assert_eq!(lines(&pipeline), 6 + 3000 + 1);
        replay_equals(&pipeline.path("out.jsonl"), &client, ["public.t"]).await;
        pipeline.cleanup();
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn what_is_rolled_back_after_its_prepare_never_happened_and_lets_go_of_the_log() {
    for version in versions() {
        let (_cluster, client, pipeline) = caught_up(version).await;
        each(
            &client,
            &[
                "BEGIN; INSERT INTO t SELECT i, 'lost' FROM generate_series(1, 3000) i; PREPARE TRANSACTION 'lost'",
                "BEGIN; INSERT INTO t VALUES (-1, 'lost'); PREPARE TRANSACTION 'small'",
                "INSERT INTO t VALUES (0, 'kept')",
            ],
        )
        .await;
        let run = pipeline.start(&[]);
        eventually("the change between", PATIENCE, || (lines(&pipeline) == 1).then_some(()));
        each(&client, &["ROLLBACK PREPARED 'lost'", "ROLLBACK PREPARED 'small'"]).await;
        let now: u64 =
            client.value("SELECT (pg_current_wal_lsn() - '0/0')::text").await.unwrap().parse().unwrap();
        confirmed_up_to(&client, "prepared", now).await;
        run.signal("INT");
        run.wait(PATIENCE).succeeded();
        assert_eq!(lines(&pipeline), 1);
        pipeline.cleanup();
    }
}

/// It waits for acknowledgements that a prepared transaction forbids.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_server_shuts_down_and_comes_back_while_a_transaction_is_prepared() {
    for version in versions() {
        let (cluster, client, pipeline) = caught_up(version).await;
        each(&client, &["BEGIN; INSERT INTO t VALUES (1, 'held'); PREPARE TRANSACTION 'held'"]).await;
        let mut run = pipeline.start(&[]);
        reading(&client, "prepared").await;
        each(&client, &["INSERT INTO t VALUES (2, 'between')"]).await;
        eventually("the change between", PATIENCE, || (lines(&pipeline) == 1).then_some(()));
        drop(client);
        let since = Instant::now();
        cluster.stop(StopMode::Fast).await.unwrap();
        // A walsender that is not answered is given up after a minute.
        assert!(since.elapsed() < Duration::from_secs(30), "stopped after {:?}", since.elapsed());
        cluster.start_again().await.unwrap();
        let client = cluster.connect("postgres").await.unwrap();
        reading(&client, "prepared").await;
        each(&client, &["INSERT INTO t VALUES (3, 'after the restart')", "COMMIT PREPARED 'held'"]).await;
        eventually("its commit", PATIENCE, || (lines(&pipeline) == 3).then_some(()));
        run.assert_alive();
        run.signal("INT");
        run.wait(PATIENCE).succeeded();
        replay_equals(&pipeline.path("out.jsonl"), &client, ["public.t"]).await;
        pipeline.cleanup();
    }
}
