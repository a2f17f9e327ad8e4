//! SIGINT and SIGTERM: what was handed out is durable and acknowledged, in every phase and within `stop_timeout`.

use std::io::Read;
use std::process::Stdio;
use std::time::{Duration, Instant};

use pg_cdc_testkit::workload::{Live, Pgbench};
use pg_cdc_testkit::{Cluster, Version};

use crate::support::{PATIENCE, Pipeline, Running, eventually};
use crate::{confirmed, database, row_file, saved_confirmed};

const NEVER: &str = "  snapshot: { mode: never }\n";
/// Below the `stop_timeout` of 30 s, far above what a stop takes on a busy machine.
const SOON: Duration = Duration::from_secs(20);

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
            run.wait(PATIENCE).succeeded();
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
        run.wait(PATIENCE).succeeded();
        assert!(since.elapsed() < SOON, "stopped after {:?}", since.elapsed());
        // The server was told to give up, and makes nothing.
        let since = Instant::now();
        while client.value("SELECT count(*) FROM pg_replication_slots").await.unwrap() != "0" {
            assert!(since.elapsed() < PATIENCE, "the slot is still being made");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
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
        run.wait(PATIENCE).succeeded();
        assert!(since.elapsed() < SOON, "stopped after {:?}", since.elapsed());
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
        // A line of each is more than a pipe holds.
        let fill = "INSERT INTO t SELECT i, repeat('x', 1000000) FROM generate_series(1, 3) i";
        client.batch_execute(fill).await.unwrap();
        let file = |stop_timeout| {
            let url = cluster.url(&name);
            format!(
                "source: {{ url: {url} }}\nsink: {{ type: jsonl, path: '-' }}\nstop_timeout: {stop_timeout}\n"
            )
        };
        let pipeline = Pipeline::new(&name, &file("30s"));
        let run = stuck(&pipeline);
        run.signal("INT");
        let heard = "once more to stop at once";
        eventually("the signal to be heard", PATIENCE, || run.stderr().contains(heard).then_some(()));
        run.signal("TERM");
        let since = Instant::now();
        assert_eq!(run.wait(PATIENCE).status.code(), Some(130));
        assert!(since.elapsed() < SOON, "stopped after {:?}", since.elapsed());

        std::fs::write(pipeline.path("p.yaml"), format!("name: {name}\n{}", file("2s"))).unwrap();
        let run = stuck(&pipeline);
        run.signal("TERM");
        let outcome = run.wait(PATIENCE);
        assert_eq!(outcome.status.code(), Some(1), "{}", outcome.stderr);
        assert!(outcome.last_line().contains("stop_timeout"), "{}", outcome.stderr);
        pipeline.cleanup();
    }
}

/// A run in the middle of a line whose rest nobody reads: the sink can't finish what it was given.
fn stuck(pipeline: &Pipeline) -> Running {
    let mut run = pipeline.start_into(&[], Stdio::piped());
    let mut first = [0];
    run.child.stdout.as_mut().unwrap().read_exact(&mut first).unwrap();
    run
}
