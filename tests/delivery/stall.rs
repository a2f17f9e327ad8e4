//! A sink that takes nothing for a long time.

use std::io::Read;
use std::process::Stdio;
use std::time::{Duration, Instant};

use pg_cdc_testkit::replay::{Replay, Rules};
use pg_cdc_testkit::{Cluster, StopMode, Version};

use crate::reading;
use crate::support::{PATIENCE, Pipeline, Running, setting};

fn file(cluster: &Cluster, source: &str) -> String {
    format!(
        "source:\n  url: {}\n  snapshot: {{ mode: never }}\n  memory_limit: 1MiB\n{source}\
         sink: {{ type: jsonl, path: '-', envelope: row }}\n",
        cluster.url("postgres")
    )
}

/// A table, a pipeline at its end, and 100 000 rows that come then: more than a pipe and all buffers hold.
async fn backlog(cluster: &Cluster, name: &str, source: &str) -> Pipeline {
    let client = cluster.connect("postgres").await.unwrap();
    client.batch_execute("CREATE TABLE t (id int PRIMARY KEY, t text)").await.unwrap();
    let pipeline = Pipeline::new(name, &file(cluster, source));
    pipeline.run(&["--until-current"]).succeeded();
    let fill = "INSERT INTO t SELECT i, repeat('x', 100) FROM generate_series(1, 100000) i";
    client.batch_execute(fill).await.unwrap();
    // Whoever reads it from now on is another one.
    client.slot_is_free(name).await.unwrap();
    pipeline
}

/// Reads what the program writes until `rows` different lines of the stream have come.
fn read_all(run: &mut Running, rows: u64) -> Replay {
    let mut rules = Rules::default();
    rules.repeats = true;
    let mut replay = Replay::with_rules(rules);
    let mut stdout = run.child.stdout.take().unwrap();
    let (mut text, mut buffer) = (Vec::new(), vec![0; 1 << 20]);
    while replay.counts().inserts < rows {
        let read = stdout.read(&mut buffer).unwrap();
        assert!(read > 0, "it ended early:\n{}", run.stderr());
        text.extend_from_slice(&buffer[..read]);
        let whole = text.iter().rposition(|byte| *byte == b'\n').map_or(0, |at| at + 1);
        let lines: Vec<u8> = text.drain(..whole).collect();
        replay.apply_text(std::str::from_utf8(&lines).unwrap()).unwrap();
    }
    run.child.stdout = Some(stdout);
    replay
}

/// `PG_CDC_TEST_STALL` seconds.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_stalled_sink_loses_no_connection() {
    for version in Version::under_test() {
        let cluster =
            Cluster::builder().version(version).conf("wal_sender_timeout", "4s").start().await.unwrap();
        let pipeline = backlog(&cluster, "stall", "").await;
        let client = cluster.connect("postgres").await.unwrap();
        let logged = cluster.log().unwrap().len();
        let mut run = pipeline.start_into(&[], Stdio::piped());
        let walsender = reading(&client, "stall").await;
        let stall = Duration::from_secs(setting("PG_CDC_TEST_STALL", 10));
        let since = Instant::now();
        while since.elapsed() < stall {
            tokio::time::sleep(Duration::from_millis(500)).await;
            run.assert_alive();
            assert_eq!(reading(&client, "stall").await, walsender, "after {:?}", since.elapsed());
        }
        let replay = read_all(&mut run, 100_000);
        assert!(replay.problems().is_empty(), "{:#?}", replay.problems());
        assert_eq!((replay.counts().inserts, replay.counts().repeats), (100_000, 0));
        assert_eq!(reading(&client, "stall").await, walsender);
        let log = cluster.log().unwrap();
        assert!(!log[logged..].contains("timeout"), "{}", &log[logged..]);
        run.signal("INT");
        run.wait(PATIENCE).succeeded();
        eprintln!("{version}: stalled for {stall:?}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_stalled_sink_does_not_hold_up_a_fast_shutdown() {
    for version in Version::under_test() {
        let cluster = Cluster::builder().version(version).start().await.unwrap();
        let pipeline = backlog(&cluster, "shutdown", "  sink_stall_limit: 3s\n").await;
        let client = cluster.connect("postgres").await.unwrap();
        let mut run = pipeline.start_into(&[], Stdio::piped());
        reading(&client, "shutdown").await;
        drop(client);
        let since = Instant::now();
        cluster.stop(StopMode::Fast).await.unwrap();
        let took = since.elapsed();
        eprintln!("{version}: a fast shutdown under a stalled sink took {took:?}");
        // Far below the limit of five minutes that is the default.
        assert!(took < Duration::from_secs(30), "{took:?}");
        cluster.start_again().await.unwrap();
        run.assert_alive();
        // The sink moves on, and so does everything.
        let replay = read_all(&mut run, 100_000);
        assert!(replay.problems().is_empty(), "{:#?}", replay.problems());
        run.signal("INT");
        run.wait(PATIENCE).succeeded();
    }
}
