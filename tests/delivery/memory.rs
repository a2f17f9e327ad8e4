//! Memory stays bounded, whatever is read and whoever takes it.

use std::io::{BufRead, BufReader, Read};
use std::process::Stdio;
use std::time::{Duration, Instant};

use pg_cdc_testkit::{Cluster, Version};

use crate::support::{PATIENCE, Pipeline, setting};
use crate::{database, row_file};

const MIB: u64 = 1 << 20;
/// Batches that only the memory limit closes.
const LARGE: &str = "batch: { rows: 10000000, bytes: 1GiB }\n";
/// Everything but the buffers in flight.
const FIXED: u64 = 64 * MIB;

/// `PG_CDC_TEST_ROWS`, of 120 MB together at least: what is not bounded is seen.
fn rows_and_width() -> (u64, u64) {
    let rows = setting("PG_CDC_TEST_ROWS", 300_000);
    (rows, (120_000_000 / rows).max(60))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_transaction_of_any_size_is_read_in_bounded_memory() {
    for version in Version::under_test() {
        let cluster = Cluster::shared(version).await.unwrap();
        let (name, client) = database(cluster).await;
        client.batch_execute("CREATE TABLE t (id bigint PRIMARY KEY, n int, t text)").await.unwrap();
        let source = "  snapshot: { mode: never }\n  memory_limit: 8MiB\n";
        let pipeline = Pipeline::new(&name, &row_file(&cluster.url(&name), source, LARGE));
        pipeline.run(&["--until-current"]).succeeded();
        let (rows, width) = rows_and_width();
        let fill = format!(
            "INSERT INTO t SELECT i, i % 100, repeat('x', {width}) FROM generate_series(1, {rows}) i"
        );
        client.batch_execute(&fill).await.unwrap();
        let (peak, took) = watched(&pipeline, &["--until-current"], Stdio::null());
        eprintln!("{version}: {rows} rows in one transaction: {took:?}, peak {} MiB", peak / MIB);
        assert!(peak < FIXED + 8 * MIB, "{} MiB", peak / MIB);
        let file = std::fs::File::open(pipeline.path("out.jsonl")).unwrap();
        assert_eq!(lines(file), rows);
        pipeline.cleanup();
    }
}

/// Ten at once, in turns, half of them rolled back; of `PG_CDC_TEST_ROWS` together.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn large_transactions_in_progress_are_kept_in_bounded_memory_and_come_as_protocol_1_has_them() {
    for version in Version::under_test() {
        let cluster = Cluster::shared(version).await.unwrap();
        if cluster.major() < 14 {
            continue;
        }
        let (name, client) = database(cluster).await;
        client.batch_execute("CREATE TABLE t (id bigint PRIMARY KEY, n int, t text)").await.unwrap();
        let url = cluster.url(&name);
        let never = "  snapshot: { mode: never }\n  memory_limit: 32MiB\n";
        let streaming = "  pgoutput: { streaming: on }\n";
        let [whole, early] =
            [("whole", "  pgoutput: { protocol: 1 }\n"), ("early", streaming)].map(|(kind, keys)| {
                Pipeline::new(&format!("{name}_{kind}"), &row_file(&url, &format!("{never}{keys}"), ""))
            });
        for pipeline in [&whole, &early] {
            pipeline.run(&["--until-current"]).succeeded();
        }
        let (rows, width) = rows_and_width();
        let mut sessions = Vec::new();
        for _ in 0..10 {
            sessions.push(cluster.connect(&name).await.unwrap());
        }
        let turn = rows / 100;
        for nth in 0..10 {
            for (session, nth_session) in sessions.iter().zip(0..) {
                let from = (nth_session * 10 + nth) * turn;
                let begin = if nth == 0 { "BEGIN; " } else { "" };
                let fill = format!(
                    "{begin}INSERT INTO t SELECT i, i % 100, repeat('x', {width}) FROM generate_series({from}, {from} + {turn} - 1) i"
                );
                session.batch_execute(&fill).await.unwrap();
            }
        }
        for (session, nth) in sessions.iter().zip(0..) {
            session.batch_execute(if nth % 2 == 0 { "COMMIT" } else { "ROLLBACK" }).await.unwrap();
        }
        let (peak, took) = watched(&early, &["--until-current"], Stdio::null());
        let (_, whole_took) = watched(&whole, &["--until-current"], Stdio::null());
        eprintln!(
            "{version}: {rows} rows in ten transactions: {took:?}, peak {} MiB; by protocol 1 {whole_took:?}",
            peak / MIB
        );
        assert!(peak < FIXED + 32 * MIB, "{} MiB", peak / MIB);
        let [whole_lines, early_lines] =
            [&whole, &early].map(|pipeline| std::fs::File::open(pipeline.path("out.jsonl")).unwrap());
        assert!(same(whole_lines, early_lines), "{version}: other lines than by protocol 1");
        assert_eq!(lines(std::fs::File::open(early.path("out.jsonl")).unwrap()), turn * 50);
        whole.cleanup();
        early.cleanup();
    }
}

/// Whether both hold the same bytes.
fn same(a: std::fs::File, b: std::fs::File) -> bool {
    let (mut a, mut b) = (BufReader::new(a), BufReader::new(b));
    loop {
        let (x, y) = (a.fill_buf().unwrap(), b.fill_buf().unwrap());
        let length = x.len().min(y.len());
        if length == 0 {
            return x.is_empty() && y.is_empty();
        }
        if x[..length] != y[..length] {
            return false;
        }
        a.consume(length);
        b.consume(length);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_snapshot_into_a_slow_sink_is_read_in_bounded_memory() {
    for version in Version::under_test() {
        let cluster = Cluster::shared(version).await.unwrap();
        let (name, client) = database(cluster).await;
        let (rows, width) = rows_and_width();
        for table in ["a", "b", "c"] {
            let fill = format!(
                "CREATE TABLE {table} (id bigint PRIMARY KEY, t text);
                 INSERT INTO {table} SELECT i, repeat('x', {width}) FROM generate_series(1, {rows} / 3) i"
            );
            client.batch_execute(&fill).await.unwrap();
        }
        let file = format!(
            "source:\n  url: {}\n  memory_limit: 8MiB\nsink: {{ type: jsonl, path: '-', envelope: row }}\n{LARGE}",
            cluster.url(&name)
        );
        let pipeline = Pipeline::new(&name, &file);
        let mut run = pipeline.start_into(&["--snapshot-only"], Stdio::piped());
        let mut stdout = run.child.stdout.take().unwrap();
        // Nobody reads for a while.
        tokio::time::sleep(Duration::from_secs(3)).await;
        let mut bytes = vec![0; 1 << 20];
        let (mut found, mut peak) = (0, 0);
        loop {
            let read = stdout.read(&mut bytes).unwrap();
            if read == 0 {
                break;
            }
            found += bytes[..read].iter().filter(|byte| **byte == b'\n').count() as u64;
            peak = peak.max(run.peak_memory().unwrap_or(0));
        }
        run.wait(PATIENCE).succeeded();
        eprintln!("{version}: {rows} rows of a snapshot into a slow reader: peak {} MiB", peak / MIB);
        assert_eq!(found, rows / 3 * 3);
        assert!(peak < FIXED + 8 * MIB, "{} MiB", peak / MIB);
        pipeline.cleanup();
    }
}

/// `PG_CDC_TEST_VALUE` MiB.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn one_row_larger_than_the_limit_passes_alone_in_snapshot_and_stream() {
    for version in Version::under_test() {
        let cluster = Cluster::shared(version).await.unwrap();
        let (name, client) = database(cluster).await;
        let size = setting("PG_CDC_TEST_VALUE", 32);
        let sql = format!(
            "CREATE TABLE t (id int PRIMARY KEY, t text);
             INSERT INTO t SELECT i, repeat('0123456789abcdef', {size} * 65536) FROM generate_series(1, 2) i"
        );
        client.batch_execute(&sql).await.unwrap();
        let source = "  memory_limit: 8MiB\n";
        let pipeline = Pipeline::new(&name, &row_file(&cluster.url(&name), source, ""));
        let (copied, _) = watched(&pipeline, &["--snapshot-only"], Stdio::null());
        client.batch_execute("INSERT INTO t SELECT id + 2, t FROM t").await.unwrap();
        let (streamed, took) = watched(&pipeline, &["--until-current"], Stdio::null());
        eprintln!(
            "{version}: values of {size} MiB: peak {} MiB in the snapshot, {} MiB in the stream, {took:?}",
            copied / MIB,
            streamed / MIB
        );
        let file = std::fs::File::open(pipeline.path("out.jsonl")).unwrap();
        assert_eq!(lines(file), 4);
        // The row as read, as decoded text and as its line, each once and at most twice.
        assert!(copied.max(streamed) < FIXED + 8 * MIB + 4 * size * MIB);
        pipeline.cleanup();
    }
}

/// Runs to the end: the largest memory seen, and how long it took.
fn watched(pipeline: &Pipeline, arguments: &[&str], stdout: Stdio) -> (u64, Duration) {
    let since = Instant::now();
    let mut run = pipeline.start_into(arguments, stdout);
    let mut peak = 0;
    loop {
        // Gone while we look at it: the last look counts.
        if let Some(now) = run.peak_memory() {
            peak = peak.max(now);
        }
        if let Some(status) = run.child.try_wait().unwrap() {
            assert_eq!(status.code(), Some(0), "{}", run.stderr());
            return (peak, since.elapsed());
        }
        std::thread::sleep(Duration::from_millis(20));
    }
}

fn lines(mut file: impl Read) -> u64 {
    let (mut bytes, mut found) = (vec![0; 1 << 20], 0);
    loop {
        match file.read(&mut bytes).unwrap() {
            0 => return found,
            read => found += bytes[..read].iter().filter(|byte| **byte == b'\n').count() as u64,
        }
    }
}
