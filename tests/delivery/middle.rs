//! What is saved in the middle of things is gone on from exactly there.

use pg_cdc_testkit::{Cluster, Version};

use crate::support::{PATIENCE, Pipeline, eventually};
use crate::{database, reading, replay, row_file};

const NEVER: &str = "  snapshot: { mode: never }\n";

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn killed_in_the_middle_of_a_transaction_it_goes_on_there() {
    for version in Version::under_test() {
        let cluster = Cluster::shared(version).await.unwrap();
        let (name, client) = database(cluster).await;
        client.batch_execute("CREATE TABLE t (id int PRIMARY KEY, n int)").await.unwrap();
        let file = row_file(&cluster.url(&name), NEVER, "batch: { rows: 7, delay: 0s }\n");
        let pipeline = Pipeline::new(&name, &file);
        pipeline.run(&["--until-current"]).succeeded();
        client.batch_execute("INSERT INTO t SELECT i, 0 FROM generate_series(1, 6000) i").await.unwrap();
        let mut seen = 0;
        for _ in 0..3 {
            let run = pipeline.start(&[]);
            seen = eventually("a position within the transaction", PATIENCE, || {
                pipeline.state()?["position"]["seq"].as_u64().filter(|seq| *seq > seen)
            });
            run.kill();
        }
        assert!(seen < 5_999);
        pipeline.run(&["--until-current"]).succeeded();
        let replay = replay(&pipeline.path("out.jsonl"));
        assert_eq!((replay.counts().inserts, replay.counts().transactions), (6_000, 1));
        pipeline.cleanup();
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_message_outside_of_any_transaction_comes_once() {
    for version in Version::under_test() {
        let cluster = Cluster::shared(version).await.unwrap();
        if cluster.major() < 14 {
            continue;
        }
        let (name, client) = database(cluster).await;
        client.batch_execute("CREATE TABLE t (id int PRIMARY KEY, n int)").await.unwrap();
        let pipeline = Pipeline::new(&name, &row_file(&cluster.url(&name), NEVER, "batch: { delay: 1ms }\n"));
        pipeline.run(&["--until-current"]).succeeded();
        for nth in 1..=3 {
            let run = pipeline.start(&[]);
            reading(&client, &name).await;
            let sql = format!("SELECT pg_logical_emit_message(false, 'p', 'm{nth}'), txid_current()");
            client.batch_execute(&sql).await.unwrap();
            eventually("the message to be durable", PATIENCE, || (durable(&pipeline)? >= nth).then_some(()));
            run.kill();
        }
        pipeline.run(&["--until-current"]).succeeded();
        assert_eq!(replay(&pipeline.path("out.jsonl")).counts().messages, 3);
        pipeline.cleanup();
    }
}

/// Where a message's record ends that of a commit starts.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn what_commits_right_behind_a_message_is_not_taken_for_delivered() {
    for version in Version::under_test() {
        let cluster = Cluster::shared(version).await.unwrap();
        if cluster.major() < 14 {
            continue;
        }
        let (name, client) = database(cluster).await;
        let other = cluster.connect(&name).await.unwrap();
        client.batch_execute("CREATE TABLE t (id int PRIMARY KEY, n int)").await.unwrap();
        let pipeline = Pipeline::new(&name, &row_file(&cluster.url(&name), NEVER, "batch: { delay: 1ms }\n"));
        pipeline.run(&["--until-current"]).succeeded();
        let run = pipeline.start(&[]);
        reading(&client, &name).await;
        client.batch_execute("BEGIN; INSERT INTO t VALUES (1, 1)").await.unwrap();
        other.batch_execute("SELECT pg_logical_emit_message(false, 'p', 'alone')").await.unwrap();
        eventually("the message to be durable", PATIENCE, || (durable(&pipeline)? >= 1).then_some(()));
        run.kill();
        client.batch_execute("COMMIT").await.unwrap();
        pipeline.run(&["--until-current"]).succeeded();
        let counts = replay(&pipeline.path("out.jsonl")).counts();
        assert_eq!((counts.messages, counts.inserts), (1, 1), "{version}");
        pipeline.cleanup();
    }
}

/// How many lines are durable.
fn durable(pipeline: &Pipeline) -> Option<usize> {
    let length = pipeline.state()?["sink"]["length"].as_u64()?;
    let text = std::fs::read(pipeline.path("out.jsonl")).ok()?;
    Some(text.get(..usize::try_from(length).ok()?)?.iter().filter(|byte| **byte == b'\n').count())
}
