//! kill -9 at random instants, in every phase, under a live workload.

use std::time::{Duration, Instant};

use pg_cdc_testkit::workload::{Live, Pgbench, Random};
use pg_cdc_testkit::{Cluster, Version};

use crate::bulk::Bulk;
use crate::support::{PATIENCE, Pipeline, Running, eventually, setting};
use crate::{EARLY, database, replay_equals, row_file};

/// How a life is ended before its time.
type End = fn(Running);

/// What the lives had in common.
struct Kind {
    /// Of a batch.
    rows: u32,
    /// Of a workload's large transactions.
    bulk: u32,
    /// Whether transactions come while they are in progress, and when they are prepared.
    early: bool,
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn killed_at_any_instant_nothing_is_lost_or_doubled() {
    for version in Version::under_test() {
        survives(version, Kind { rows: 10_000, bulk: 2_000, early: false }, Running::kill).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn killed_with_batches_that_end_within_transactions_nothing_is_lost_or_doubled() {
    for version in Version::under_test() {
        survives(version, Kind { rows: 7, bulk: 500, early: false }, Running::kill).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn killed_with_transactions_in_progress_and_prepared_nothing_is_lost_doubled_or_of_a_rollback() {
    for version in Version::under_test().into_iter().filter(|version| *version >= Version::V15) {
        survives(version, Kind { rows: 100, bulk: 3_000, early: true }, Running::kill).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn stopped_by_signals_at_any_instant_it_exits_0_and_nothing_is_lost_or_doubled() {
    fn signalled(run: Running) {
        // Before it hears signals there is nothing to stop.
        eventually("the first word", PATIENCE, || (!run.stderr().is_empty()).then_some(()));
        let since = Instant::now();
        run.signal(if fastrand::bool() { "INT" } else { "TERM" });
        run.wait(PATIENCE).succeeded();
        // The machine may be busy; `stop_timeout` is longer.
        assert!(since.elapsed() < Duration::from_secs(20), "stopped only after {:?}", since.elapsed());
    }
    for version in Version::under_test() {
        survives(version, Kind { rows: 100, bulk: 2_000, early: false }, signalled).await;
    }
}

/// `PG_CDC_TEST_KILLS` ends before their time, then one run to the end, and a comparison with the source.
async fn survives(version: Version, kind: Kind, end: End) {
    // What is prepared holds up the slots of others.
    let own = match kind.early {
        true => Some(Cluster::builder().version(version).start().await.unwrap()),
        false => None,
    };
    let cluster = match &own {
        Some(own) => own,
        None => Cluster::shared(version).await.unwrap(),
    };
    let (name, client) = database(cluster).await;
    let random = Random::new(60).with_messages();
    let (pgbench, random) = (Pgbench::new(1), if kind.early { random.with_prepared() } else { random });
    pgbench.create(&client).await.unwrap();
    random.create(&client).await.unwrap();
    Bulk::create(&client).await.unwrap();
    let seed = fastrand::u64(..);
    let config = cluster.config(&name);
    let mut lives = vec![
        Live::start(&config, pgbench.workers(2, seed), Some(150.0)),
        Live::start(&config, random.workers(3, seed), Some(100.0)),
        Live::start(&config, Bulk::worker(kind.bulk, kind.early, seed), Some(4.0)),
    ];

    let rest = format!("batch: {{ rows: {}, delay: {}ms }}\n", kind.rows, fastrand::u32(1..100));
    // Little memory, so that files are written and left behind.
    let early = format!("  memory_limit: 256KiB\n{EARLY}");
    let source = if kind.early { &early } else { "" };
    let pipeline = Pipeline::new(&name, &row_file(&cluster.url(&name), source, &rest));
    let kills = setting("PG_CDC_TEST_KILLS", 12);
    let mut within = 0;
    // A third while it is set up and copies, one in four of these close to the end of that.
    for nth in 0..kills / 3 {
        let run = pipeline.start(&[]);
        if nth % 4 == 3 {
            snapshot_is_complete(&pipeline);
            std::thread::sleep(Duration::from_millis(fastrand::u64(0..20)));
            end(run);
            break;
        }
        std::thread::sleep(Duration::from_millis(fastrand::u64(0..1500)));
        end(run);
    }
    // The others while it streams, mostly.
    let run = pipeline.start(&[]);
    snapshot_is_complete(&pipeline);
    end(run);
    // Of a TRUNCATE that commits while a slot is made PostgreSQL keeps no account, and can't read on then. No more are.
    lives.push(Live::start(&config, random.with_truncates().workers(2, !seed), Some(60.0)));
    for _ in kills / 3 + 1..kills {
        let run = pipeline.start(&[]);
        std::thread::sleep(Duration::from_millis(fastrand::u64(0..1200)));
        end(run);
        within += u32::from(pipeline.state().is_some_and(|state| state["position"]["seq"].is_u64()));
    }

    let mut done = Vec::new();
    for live in lives {
        done.push(live.stop().await.unwrap().committed);
    }
    pipeline.run(&["--until-current"]).succeeded();
    let tables: Vec<(String, String)> = (pgbench.tables().into_iter().chain([Bulk::TABLE]))
        .map(|table| table.split_once('.').unwrap())
        .chain(random.tables())
        .map(|(schema, table)| (schema.to_owned(), table.to_owned()))
        .collect();
    let tables = tables.iter().map(|(schema, table)| (&**schema, &**table));
    let counts = replay_equals(&pipeline.path("out.jsonl"), &client, tables).await;
    eprintln!(
        "{version}: seed {seed}, {kills} ends, {within} within a transaction, committed {done:?}, {counts:?}"
    );
    assert!(counts.transactions > 0, "the stream was reached");
    pipeline.cleanup();
}

fn snapshot_is_complete(pipeline: &Pipeline) {
    eventually("the snapshot's end", PATIENCE, || {
        pipeline.state().filter(|state| state["snapshot"] == "complete")
    });
}
