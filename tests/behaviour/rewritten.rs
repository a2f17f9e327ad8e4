//! Tables that change under the snapshot that is to read them.

use std::io::Read;
use std::process::{ChildStdout, Stdio};
use std::time::{Duration, Instant};

use pg_cdc_testkit::replay::Replay;
use serde_json::json;

use crate::case::{Case, assert_says, cases, error_line, own_clusters};
use crate::support::{Outcome, PATIENCE, Running, eventually};

/// A run whose lines nobody reads yet: the copy of the largest table, which comes first, is stuck in it, and those of
/// the others have not begun.
struct Stuck<'a> {
    case: &'a Case,
    running: Running,
    lines: ChildStdout,
}

impl<'a> Stuck<'a> {
    async fn start(case: &'a Case) -> Self {
        case.sql("CREATE TABLE large (id int PRIMARY KEY, x text); INSERT INTO large SELECT i, repeat('x', 1000) FROM generate_series(1, 8000) i").await;
        case.set(json!({
            "sink": { "path": "-" }, "source": { "memory_limit": "256KiB", "snapshot": { "parallelism": 1 } },
            "batch": { "bytes": "64KiB" } }));
        let mut running = case.pipeline.start_into(&["--until-current"], Stdio::piped());
        let lines = running.child.stdout.take().unwrap();
        let copying = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND query LIKE 'COPY%large%'
                       AND wait_event_type IN ('Client', 'IPC')";
        let since = Instant::now();
        while case.value(copying).await != "1" {
            assert!(since.elapsed() < PATIENCE, "no COPY:\n{}", running.stderr());
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        Self { case, running, lines }
    }

    /// Reads everything to the run's end and compares.
    async fn goes_on(mut self, tables: &[&str]) -> Outcome {
        let mut text = String::new();
        self.lines.read_to_string(&mut text).unwrap();
        let outcome = self.running.wait(PATIENCE);
        outcome.succeeded();
        let mut replay = Replay::new();
        replay.apply_text(&text).unwrap();
        assert_eq!(replay.problems(), [""; 0]);
        let client = self.case.cluster.connect(&self.case.database).await.unwrap();
        let differences = replay.compare(&client, tables.iter().copied()).await.unwrap();
        assert!(differences.is_empty(), "{differences:#?}");
        outcome
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn tables_rewritten_between_slot_and_copy_end_right() {
    for case in cases().await {
        let names = ["typed", "vacuumed", "emptied", "widened", "narrowed", "clustered", "untouched"];
        for name in names {
            case.sql(&format!("CREATE TABLE {name} (id int PRIMARY KEY, n int); INSERT INTO {name} SELECT i, i FROM generate_series(1, 50) i")).await;
        }
        let stuck = Stuck::start(&case).await;
        case.sql("INSERT INTO typed VALUES (51, 51); ALTER TABLE typed ALTER n TYPE text USING 'n' || n; UPDATE typed SET n = 'x' WHERE id = 1").await;
        case.sql("DELETE FROM vacuumed WHERE id < 10").await;
        case.sql("VACUUM FULL vacuumed").await;
        case.sql("UPDATE vacuumed SET n = 0 WHERE id = 20").await;
        case.sql("BEGIN; TRUNCATE emptied; INSERT INTO emptied SELECT i, -i FROM generate_series(20, 70) i; COMMIT").await;
        case.sql("DELETE FROM emptied WHERE id = 20; INSERT INTO emptied VALUES (1, 1)").await;
        case.sql("ALTER TABLE widened ADD more int DEFAULT 5; INSERT INTO widened VALUES (51, 51, 51)").await;
        case.sql("ALTER TABLE narrowed DROP n; INSERT INTO narrowed VALUES (51)").await;
        case.sql("CLUSTER clustered USING clustered_pkey").await;
        case.sql("UPDATE untouched SET n = -n").await;
        let outcome = stuck.goes_on(&[&names[..], &["large"]].concat()).await;
        for name in ["typed", "vacuumed", "emptied", "widened", "narrowed", "clustered"] {
            assert_says(&outcome.stderr, &[&format!("public.{name}")]);
        }
        assert!(!outcome.stderr.contains("public.untouched"), "{}", outcome.stderr);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_table_dropped_or_renamed_before_its_copy_does_no_harm() {
    for case in cases().await {
        case.sql(
            "CREATE TABLE dropped (id int PRIMARY KEY); INSERT INTO dropped VALUES (1);
             CREATE TABLE renamed (id int PRIMARY KEY); INSERT INTO renamed VALUES (1)",
        )
        .await;
        let stuck = Stuck::start(&case).await;
        case.sql("INSERT INTO dropped VALUES (2); DROP TABLE dropped; INSERT INTO renamed VALUES (2); ALTER TABLE renamed RENAME TO other; INSERT INTO other VALUES (3)").await;
        let outcome = stuck.goes_on(&["other", "large"]).await;
        assert_says(&outcome.stderr, &["public.dropped", "public.renamed"]);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_table_rewritten_again_and_again_under_a_live_workload_ends_right() {
    for case in cases().await {
        case.sql("CREATE TABLE t (id int PRIMARY KEY, n int, x text); INSERT INTO t SELECT i, i, repeat('x', 200) FROM generate_series(1, 10000) i").await;
        let rewriting = case.cluster.connect(&case.database).await.unwrap();
        let writing = case.cluster.connect(&case.database).await.unwrap();
        let (stop, stopped) = tokio::sync::watch::channel(false);
        let writer = tokio::spawn(async move {
            for n in 1.. {
                if *stopped.borrow() {
                    break;
                }
                let sql = format!(
                    "UPDATE t SET n = {n} WHERE id % 100 = {n} % 100; DELETE FROM t WHERE id = {n}; INSERT INTO t VALUES (100000 + {n}, {n}, 'new')"
                );
                writing.batch_execute(&sql).await.unwrap();
            }
        });
        let running = case.start();
        // Of an ALTER TABLE that commits while the slot is made PostgreSQL keeps no account, and can't read on then.
        eventually("the slot", PATIENCE, || running.stderr().contains("the slot is made").then_some(()));
        // A table that is rewritten for ever is given up in the end: this stops some time into the snapshots.
        let rewriter = tokio::spawn(async move {
            let steps = [
                "VACUUM FULL t",
                "ALTER TABLE t ALTER n TYPE bigint",
                "ALTER TABLE t ALTER n TYPE int",
                "CLUSTER t USING t_pkey",
            ];
            for step in steps.iter().cycle().take(24) {
                rewriting.batch_execute(step).await.unwrap();
                tokio::time::sleep(Duration::from_millis(25)).await;
            }
        });
        eventually("streaming", PATIENCE, || running.stderr().contains("streaming").then_some(()));
        rewriter.await.unwrap();
        stop.send_replace(true);
        writer.await.unwrap();
        running.signal("INT");
        running.wait(PATIENCE).succeeded();
        case.catch_up();
        case.compare(&["public.t"]).await;
    }
}

/// PostgreSQL keeps no account of what changes the catalog and commits between the first two points that a slot finds,
/// while an older transaction is at work. Whoever changes the table behind the second, and commits behind the third, is
/// decoded by the catalog of before.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_truncate_that_the_server_loses_sight_of_ends_with_what_to_do_or_right() {
    for cluster in own_clusters(&[]).await {
        let cluster: &'static _ = Box::leak(Box::new(cluster));
        let case = Case::on(cluster).await;
        case.sql("CREATE TABLE t (id int PRIMARY KEY); INSERT INTO t VALUES (1)").await;
        let session = async |sql: &str| {
            let session = cluster.connect(&case.database).await.unwrap();
            session.batch_execute(sql).await.unwrap();
            session
        };
        let found = |point: &str| {
            let point = format!("found {point}");
            eventually(&point, PATIENCE, || cluster.log().unwrap().contains(&point).then_some(()));
        };
        let first = session("BEGIN; SELECT txid_current()").await;
        let running = case.pipeline.start(&["--until-current"]);
        found("initial starting point");
        let second = session("BEGIN; SELECT txid_current()").await;
        case.sql("TRUNCATE t; INSERT INTO t VALUES (2)").await;
        first.batch_execute("COMMIT").await.unwrap();
        found("initial consistent point");
        let third = session("BEGIN; INSERT INTO t VALUES (3)").await;
        second.batch_execute("COMMIT").await.unwrap();
        eventually("the slot", PATIENCE, || running.stderr().contains("the slot is made").then_some(()));
        third.batch_execute("COMMIT").await.unwrap();
        let outcome = running.wait(PATIENCE);
        if outcome.status.success() {
            println!("this server keeps account of it");
            case.compare(&["public.t"]).await;
        } else {
            let line = error_line(&outcome);
            assert_says(&line, &["can't read slot", "XX000", "hint", "TRUNCATE", "pg-cdc cleanup"]);
            case.cleanup(&[]).succeeded();
            std::fs::remove_file(case.pipeline.path("out.jsonl")).unwrap();
            case.catch_up();
            case.compare(&["public.t"]).await;
        }
    }
}
