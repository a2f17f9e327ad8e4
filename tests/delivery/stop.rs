//! SIGINT and SIGTERM: what was handed out is durable and acknowledged, in every phase and within `stop_timeout`.

use std::process::Stdio;
use std::time::{Duration, Instant};

use pg_cdc_testkit::workload::{Live, Pgbench};
use pg_cdc_testkit::{Cluster, Version};

use crate::support::{PATIENCE, Pipeline, eventually};
use crate::{confirmed, database, row_file, saved_confirmed};

const NEVER: &str = "  snapshot: { mode: never }\n";

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_stop_acknowledges_what_is_saved() {
    for version in Version::under_test() {
        let cluster = Cluster::shared(version).await.unwrap();
        let (name, client) = database(cluster).await;
        let pgbench = Pgbench::new(1);
        pgbench.create(&client).await.unwrap();
        let pipeline = Pipeline::new(&name, &row_file(&cluster.url(&name), NEVER, ""));
        pipeline.run(&["--until-current"]).succeeded();
        let live = Live::start(&cluster.config(&name), pgbench.workers(2, 1), Some(200.0));
        for signal in ["INT", "TERM", "INT"] {
            let before = pipeline.state().map_or(0, |state| saved_confirmed(&state));
            let run = pipeline.start(&[]);
            eventually("progress", PATIENCE, || {
                (saved_confirmed(&pipeline.state()?) > before + 100_000).then_some(())
            });
            run.signal(signal);
            run.wait(Duration::from_secs(20)).succeeded();
            let saved = saved_confirmed(&pipeline.state().unwrap());
            assert_eq!(confirmed(&client, &name).await, saved);
        }
        live.stop().await.unwrap();
        pipeline.cleanup();
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_stop_is_heard_while_the_slot_waits_for_a_transaction() {
    for version in Version::under_test() {
        // A cluster of its own: the open transaction would hold up the slots of other tests.
        let cluster = Cluster::builder().version(version).start().await.unwrap();
        let client = cluster.connect("postgres").await.unwrap();
        client.batch_execute("CREATE TABLE t (id int PRIMARY KEY)").await.unwrap();
        let blocker = cluster.connect("postgres").await.unwrap();
        blocker.batch_execute("BEGIN; INSERT INTO t VALUES (1)").await.unwrap();
        let pipeline = Pipeline::new("waits", &row_file(&cluster.url("postgres"), "", ""));
        let run = pipeline.start(&[]);
        let pid = blocker.value("SELECT pg_backend_pid()").await.unwrap();
        eventually("the wait to be told", PATIENCE, || {
            run.stderr().contains(&format!("pid {pid}")).then_some(())
        });
        let since = Instant::now();
        run.signal("TERM");
        run.wait(Duration::from_secs(20)).succeeded();
        assert!(since.elapsed() < Duration::from_secs(5), "stopped after {:?}", since.elapsed());
        // The server was told to give up, and made nothing.
        assert_eq!(client.value("SELECT count(*) FROM pg_replication_slots").await.unwrap(), "0");
        blocker.batch_execute("COMMIT").await.unwrap();
        pipeline.run(&["--until-current"]).succeeded();
        assert_eq!(crate::replay(&pipeline.path("out.jsonl")).counts().reads, 1);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_stop_does_not_wait_for_the_end_of_a_large_transaction() {
    for version in Version::under_test() {
        let cluster = Cluster::shared(version).await.unwrap();
        let (name, client) = database(cluster).await;
        client.batch_execute("CREATE TABLE t (id int PRIMARY KEY, t text)").await.unwrap();
        let pipeline = Pipeline::new(&name, &row_file(&cluster.url(&name), NEVER, "batch: { rows: 100 }\n"));
        pipeline.run(&["--until-current"]).succeeded();
        let fill = "INSERT INTO t SELECT i, repeat('x', 300) FROM generate_series(1, 400000) i";
        client.batch_execute(fill).await.unwrap();
        let run = pipeline.start(&[]);
        eventually("a position within it", PATIENCE, || pipeline.state()?["position"]["seq"].as_u64());
        let since = Instant::now();
        run.signal("INT");
        run.wait(Duration::from_secs(20)).succeeded();
        assert!(since.elapsed() < Duration::from_secs(5), "stopped after {:?}", since.elapsed());
        assert!(pipeline.state().unwrap()["position"]["seq"].is_u64(), "the transaction was over before");
        pipeline.run(&["--until-current"]).succeeded();
        assert_eq!(crate::replay(&pipeline.path("out.jsonl")).counts().inserts, 400_000);
        pipeline.cleanup();
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_second_signal_stops_at_once_with_130_and_one_that_can_not_be_kept_fails() {
    for version in Version::under_test() {
        let cluster = Cluster::shared(version).await.unwrap();
        let (name, client) = database(cluster).await;
        client.batch_execute("CREATE TABLE t (id int PRIMARY KEY, t text)").await.unwrap();
        let fill = "INSERT INTO t SELECT i, repeat('x', 300) FROM generate_series(1, 20000) i";
        client.batch_execute(fill).await.unwrap();
        let file = format!(
            "source: {{ url: {} }}\nsink: {{ type: jsonl, path: '-' }}\nstop_timeout: 2s\n",
            cluster.url(&name)
        );
        let pipeline = Pipeline::new(&name, &file);
        // Nobody reads: the sink can't finish what it was given.
        let run = pipeline.start_into(&[], Stdio::piped());
        eventually("the snapshot", PATIENCE, || run.stderr().contains("the snapshot begins").then_some(()));
        tokio::time::sleep(Duration::from_millis(1000)).await;
        run.signal("INT");
        tokio::time::sleep(Duration::from_millis(300)).await;
        run.signal("TERM");
        let since = Instant::now();
        assert_eq!(run.wait(Duration::from_secs(20)).status.code(), Some(130));
        assert!(since.elapsed() < Duration::from_secs(1), "stopped after {:?}", since.elapsed());

        let run = pipeline.start_into(&[], Stdio::piped());
        eventually("the snapshot", PATIENCE, || run.stderr().contains("the snapshot begins").then_some(()));
        tokio::time::sleep(Duration::from_millis(1000)).await;
        run.signal("TERM");
        let outcome = run.wait(Duration::from_secs(20));
        assert_eq!(outcome.status.code(), Some(1), "{}", outcome.stderr);
        assert!(outcome.last_line().contains("stop_timeout"), "{}", outcome.stderr);
        pipeline.cleanup();
    }
}
