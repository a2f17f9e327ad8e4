//! Where a run ends, and what it leaves.

use std::io::Read;
use std::process::Stdio;
use std::time::{Duration, Instant};

use serde_json::json;

use crate::case::{Case, assert_says, cases, cases_from, error_line, own_clusters};
use crate::support::{PATIENCE, eventually};

/// Far below what a server takes to log something by itself (15 s), far above what a busy machine takes.
const AT_ONCE: Duration = Duration::from_secs(12);

async fn confirmed(case: &Case) -> String {
    case.value("SELECT confirmed_flush_lsn FROM pg_replication_slots WHERE database = current_database()")
        .await
}

/// So many bytes behind `lsn`.
fn ahead(lsn: &str, bytes: u64) -> String {
    let (high, low) = lsn.split_once('/').unwrap();
    let [high, low] = [high, low].map(|digits| u64::from_str_radix(digits, 16).unwrap());
    let ahead = (high << 32) + low + bytes;
    format!("{:X}/{:X}", ahead >> 32, ahead & 0xFFFF_FFFF)
}

/// Commits an insert of `id`; gives where its commit record starts and the log ends behind it.
async fn commit(case: &Case, id: u32) -> (String, String) {
    case.sql(&format!("BEGIN; INSERT INTO t VALUES ({id})")).await;
    let start = case.lsn().await;
    case.sql("COMMIT").await;
    (start, case.lsn().await)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn until_lsn_delivers_what_commits_below_it_and_acknowledges_nothing_beyond() {
    // Nobody else may write between a look at the log and the commit.
    for cluster in own_clusters(&[]).await {
        let case = Case::on(Box::leak(Box::new(cluster))).await;
        case.sql("CREATE TABLE t (id int PRIMARY KEY)").await;
        case.catch_up();
        let (first, after_first) = commit(&case, 1).await;
        let (second, _) = commit(&case, 2).await;
        case.run(&["--until-lsn", "0/1"]);
        assert_eq!(case.ops(), "");
        // Equal to the start of a commit: not below it.
        case.run(&["--until-lsn", &first]);
        assert_eq!(case.ops(), "");
        let is_below = case.value(&format!("SELECT '{}'::pg_lsn <= '{first}'", confirmed(&case).await)).await;
        assert_eq!(is_below, "t");
        case.run(&["--until-lsn", &after_first]);
        assert_eq!(case.ops(), "c");
        let is_below =
            case.value(&format!("SELECT '{}'::pg_lsn <= '{second}'", confirmed(&case).await)).await;
        assert_eq!(is_below, "t");
        assert_eq!(
            case.value(&format!("SELECT '{}'::pg_lsn - '0/0'", first)).await,
            case.lines()[0]["commit_lsn"].to_string()
        );
        // One byte above its start.
        case.run(&["--until-lsn", &ahead(&second, 1)]);
        assert_eq!(case.ops(), "cc");
        // Behind us: nothing to do is success, and nothing is undone.
        case.run(&["--until-lsn", &first]);
        assert_eq!(case.ops(), "cc");
        case.catch_up();
        assert_eq!(case.ops(), "cc");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn until_an_lsn_in_the_future_waits_for_it() {
    for case in cases().await {
        case.sql("CREATE TABLE t (id int PRIMARY KEY)").await;
        case.catch_up();
        let target = ahead(&case.lsn().await, 200_000);
        let mut running = case.pipeline.start(&["--until-lsn", &target]);
        case.sql("INSERT INTO t VALUES (1)").await;
        eventually("the insert", PATIENCE, || (case.ops() == "c").then_some(()));
        running.assert_alive();
        case.sql("INSERT INTO t SELECT generate_series(2, 5000)").await;
        running.wait(PATIENCE).succeeded();
        // What lies beyond the target may wait for the next run.
        case.catch_up();
        assert_eq!(case.ops(), "c".repeat(5000));
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_idle_server_is_current_at_once_wherever_its_log_stands() {
    for cluster in own_clusters(&[]).await {
        let case = Case::on(Box::leak(Box::new(cluster))).await;
        case.sql("CREATE TABLE t (id int PRIMARY KEY)").await;
        case.catch_up();
        let quick = || {
            let began = Instant::now();
            case.catch_up();
            assert!(began.elapsed() < AT_ONCE, "{:?}", began.elapsed());
        };
        quick();
        // The first byte of a segment, behind a long page header, which no idle server reaches.
        case.sql("SELECT pg_switch_wal()").await;
        quick();
        // Behind a short page header: a record is padded up to the page's end.
        let mut reached = false;
        for _ in 0..20 {
            let room = "SELECT 8192 - (pg_current_wal_insert_lsn() - '0/0')::bigint % 8192";
            let room: usize = case.value(room).await.parse().unwrap();
            // Header of the record and the message's fields; the prefix ends with a zero.
            let overhead = 24 + 2 + 5 + 24 + 2;
            if room > overhead + 300 {
                let fill = room - overhead;
                for less in 0..16 {
                    case.sql(&format!(
                        "SELECT pg_logical_emit_message(false, 'p', repeat('x', {}))",
                        fill - less
                    ))
                    .await;
                    let at: u64 = case
                        .value("SELECT (pg_current_wal_insert_lsn() - '0/0')::bigint % 8192")
                        .await
                        .parse()
                        .unwrap();
                    if at == 24 {
                        reached = true;
                        break;
                    }
                    if at > 24 && at < 4096 {
                        break;
                    }
                }
            } else {
                case.sql("SELECT pg_logical_emit_message(false, 'p', repeat('x', 400))").await;
            }
            if reached {
                break;
            }
        }
        println!("behind a page header: {reached}");
        quick();
        // WAL that nobody flushes: a transaction that is open, one that did not wait for its commit.
        let writer = case.cluster.connect(&case.database).await.unwrap();
        writer
            .batch_execute("SET synchronous_commit = off; BEGIN; INSERT INTO t VALUES (1); COMMIT")
            .await
            .unwrap();
        quick();
        assert_eq!(case.lines().iter().filter(|line| line["op"] == "c").count(), 1);
        writer.batch_execute("BEGIN; INSERT INTO t VALUES (2)").await.unwrap();
        quick();
        writer.batch_execute("ROLLBACK").await.unwrap();
        quick();
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn snapshot_only_ends_with_the_snapshot_and_is_done_only_once() {
    for case in cases().await {
        case.sql("CREATE TABLE t (id int PRIMARY KEY); INSERT INTO t VALUES (1)").await;
        case.run(&["--snapshot-only"]);
        assert_eq!(case.ops(), "r");
        assert_eq!(case.made().await, format!("publication {0} slot {0}", case.database));
        case.sql("INSERT INTO t VALUES (2)").await;
        case.run(&["--snapshot-only"]);
        assert_eq!(case.ops(), "r");
        case.catch_up();
        assert_eq!(case.ops(), "rc");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn mode_only_makes_nothing_on_the_server_and_ends() {
    for case in cases().await {
        case.sql("CREATE TABLE t (id int PRIMARY KEY); INSERT INTO t VALUES (1); CREATE TABLE plain (n int); INSERT INTO plain VALUES (7)").await;
        case.set(json!({ "source": { "snapshot": { "mode": "only" } } }));
        case.run(&[]);
        assert_eq!(case.ops(), "rr");
        assert_eq!(case.made().await, "");
        case.run(&["--until-current"]);
        case.run(&[]);
        assert_eq!(case.ops(), "rr");
        case.compare(&["public.t", "public.plain"]).await;
        case.cleanup(&[]).succeeded();
        assert_eq!(case.pipeline.state(), None);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_signal_ends_a_run_well() {
    for case in cases().await {
        case.sql("CREATE TABLE t (id int PRIMARY KEY); INSERT INTO t VALUES (1)").await;
        for signal in ["INT", "TERM"] {
            let running = case.start();
            eventually("streaming", PATIENCE, || running.stderr().contains("streaming").then_some(()));
            running.signal(signal);
            running.wait(PATIENCE).succeeded();
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn standard_output_takes_the_lines_and_a_closed_one_ends_the_run() {
    for case in cases().await {
        case.sql("CREATE TABLE t (id int PRIMARY KEY, x text); INSERT INTO t SELECT i, repeat('x', 1000) FROM generate_series(1, 2000) i").await;
        case.set(json!({ "sink": { "path": "-" } }));
        let mut running = case.pipeline.start_into(&["--until-current"], Stdio::piped());
        let mut text = String::new();
        running.child.stdout.take().unwrap().read_to_string(&mut text).unwrap();
        running.wait(PATIENCE).succeeded();
        assert_eq!(text.lines().count(), 2000);
        assert!(
            text.lines().all(|line| line.starts_with("{\"op\":\"r\"")),
            "something else on standard output"
        );

        case.sql("UPDATE t SET id = id + 10000").await;
        let mut running = case.pipeline.start_into(&[], Stdio::piped());
        drop(running.child.stdout.take());
        let line = error_line(&running.wait(PATIENCE));
        assert_says(&line, &["standard output is gone", "hint"]);
        // Nothing of it counts as delivered.
        let mut running = case.pipeline.start_into(&["--until-current"], Stdio::piped());
        text.clear();
        running.child.stdout.take().unwrap().read_to_string(&mut text).unwrap();
        running.wait(PATIENCE).succeeded();
        assert_eq!(text.lines().count(), 2000);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn messages_outside_of_transactions_come_once() {
    for case in cases_from(14).await {
        case.sql("CREATE TABLE t (id int PRIMARY KEY)").await;
        case.catch_up();
        let emit = |text: &str| format!("SELECT pg_logical_emit_message(false, 'p', '{text}')");
        case.sql(&emit("a")).await;
        // Something that no one is told of, so that the end is not reached with what lies before it.
        case.sql("SELECT pg_create_restore_point('here')").await;
        let middle = case.lsn().await;
        case.sql(&emit("b")).await;
        case.sql("INSERT INTO t VALUES (1)").await;
        case.sql(&emit("c")).await;
        case.run(&["--until-lsn", &middle]);
        assert_eq!(case.ops(), "m");
        case.catch_up();
        assert_eq!(case.ops(), "mmcm");
        case.catch_up();
        assert_eq!(case.ops(), "mmcm");
    }
}
