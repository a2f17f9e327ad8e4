//! walminer in a pipeline: a snapshot and the log that overlaps it, without a slot.

use std::time::Duration;

use pg_cdc_testkit::workload::{Live, Pgbench};
use pg_cdc_testkit::{Cluster, Version};
use serde_json::{Value, json};

use crate::case::{Case, assert_says, merge};
use crate::support::{PATIENCE, eventually};

const DECODED: &str = include_str!("decoded.sql");

/// A version of walminer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Release {
    First,
    Third,
}

impl Release {
    const BOTH: [Self; 2] = [Self::First, Self::Third];

    fn sql(self) -> String {
        let functions = match self {
            Self::First => include_str!("first.sql"),
            Self::Third => include_str!("third.sql"),
        };
        format!("{DECODED}\n{functions}\nRESET search_path")
    }
}

/// Servers of their own, for version 1 needs moments in which nobody writes.
async fn clusters() -> Vec<&'static Cluster> {
    let mut clusters = Vec::new();
    // WAL is kept by its size since 13.
    for version in Version::under_test().into_iter().filter(|version| *version >= Version::V13) {
        let builder = Cluster::builder().version(version).conf("autovacuum", "off");
        clusters.push(&*Box::leak(Box::new(builder.conf("wal_keep_size", "1GB").start().await.unwrap())));
    }
    clusters
}

/// A database with walminer, and a pipeline that mines it.
async fn mined(cluster: &'static Cluster, release: Release, settings: Value) -> Case {
    let case = Case::on(cluster).await;
    make(&case, release).await;
    set(&case, settings);
    case
}

async fn make(case: &Case, release: Release) {
    case.sql(
        "SELECT pg_create_logical_replication_slot('walminer_of_' || current_database(), 'test_decoding')",
    )
    .await;
    case.sql(&release.sql()).await;
}

fn set(case: &Case, settings: Value) {
    let mut all = json!({ "source": { "plugin": "walminer", "heartbeat": { "every": "50ms" },
                                      "tables": { "exclude": ["mine.*"] } } });
    merge(&mut all, &settings);
    case.set(all);
}

/// Version 1 tells whole old rows; the test's has them from here.
async fn full(case: &Case, release: Release, tables: &[&str]) {
    for table in tables.iter().filter(|_| release == Release::First) {
        case.sql(&format!("ALTER TABLE {table} REPLICA IDENTITY FULL")).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_snapshot_and_what_is_mined_behind_it_make_the_tables() {
    for cluster in clusters().await {
        for release in Release::BOTH {
            let case = mined(cluster, release, json!({})).await;
            case.sql(
                "CREATE TABLE t (id int PRIMARY KEY, v text, n numeric, ok bool);
                 INSERT INTO t VALUES (1, 'it''s', 1.50, true), (2, NULL, 'NaN', NULL), (3, '; DELETE', -1, false)",
            )
            .await;
            full(&case, release, &["t"]).await;
            case.catch_up();
            assert_eq!(case.ops(), "rrr");
            case.sql("UPDATE t SET v = 'a ''b'' c', n = NULL WHERE id = 1; DELETE FROM t WHERE id = 2; INSERT INTO t VALUES (4, '', 0, NULL)").await;
            case.sql("BEGIN; INSERT INTO t VALUES (5, 'lost'); ROLLBACK; UPDATE t SET id = -id WHERE id = 3")
                .await;
            case.catch_up();
            case.catch_up();
            assert_eq!(case.ops(), "rrrudcu");
            case.compare(&["t"]).await;
            // Nothing of ours is on the server.
            let made =
                case.value("SELECT count(*) FROM pg_replication_slots WHERE database = current_database()");
            assert_eq!(made.await, "1");
            let outcome = case.cleanup(&[]);
            outcome.succeeded();
            assert_eq!(case.pipeline.state(), None);
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn killed_while_others_write_nothing_is_lost_or_doubled() {
    for cluster in clusters().await {
        let keys = json!({ "source": { "tables": { "without_key": "full_row" } }, "batch": { "rows": 7 } });
        let case = mined(cluster, Release::Third, keys).await;
        let pgbench = Pgbench::new(1);
        pgbench.create(&case.client).await.unwrap();
        let config = cluster.config(&case.database);
        let live = Live::start(&config, pgbench.workers(3, fastrand::u64(..)), Some(60.0));
        for nth in 0..8 {
            let run = case.start();
            if nth == 3 {
                eventually("the snapshot's end", PATIENCE, || {
                    case.pipeline.state().filter(|state| state["snapshot"] == "complete")
                });
            }
            tokio::time::sleep(Duration::from_millis(fastrand::u64(0..1200))).await;
            run.kill();
        }
        let done = live.stop().await.unwrap();
        case.catch_up();
        let tables = pgbench.tables().map(|table| table.split_once('.').unwrap());
        case.compare(&tables).await;
        let changes = case.lines().iter().filter(|line| line["op"] != "r").count();
        println!("{} transactions, {changes} changes", done.committed);
        assert!(changes > 0, "the log was mined");
        // What the snapshots show is forgotten once the log is mined beyond it.
        case.sql("INSERT INTO pgbench_branches VALUES (1000, 0, NULL)").await;
        case.catch_up();
        assert_eq!(case.pipeline.state().unwrap()["starts"], json!([]));
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn without_a_snapshot_only_whole_transactions_come() {
    for cluster in clusters().await {
        for release in Release::BOTH {
            let case =
                mined(cluster, release, json!({ "source": { "snapshot": { "mode": "never" } } })).await;
            case.sql("CREATE TABLE t (id int PRIMARY KEY); INSERT INTO t VALUES (1)").await;
            full(&case, release, &["t"]).await;
            let other = cluster.connect(&case.database).await.unwrap();
            other.batch_execute("BEGIN; INSERT INTO t VALUES (2)").await.unwrap();
            let run = case.pipeline.start(&["--until-current"]);
            let pid = other.value("SELECT pg_backend_pid()").await.unwrap();
            eventually("who is waited for", PATIENCE, || {
                run.stderr().contains(&format!("pid {pid} (idle in transaction, open for")).then_some(())
            });
            other.batch_execute("INSERT INTO t VALUES (3); COMMIT").await.unwrap();
            run.wait(PATIENCE).succeeded();
            assert_eq!(case.ops(), "");
            case.sql("INSERT INTO t VALUES (4), (5)").await;
            case.catch_up();
            assert_eq!(case.ops(), "cc");
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_transaction_stays_open_while_the_log_is_mined() {
    for cluster in clusters().await {
        for mode in ["initial", "never"] {
            let keys = json!({ "source": { "snapshot": { "mode": mode } } });
            let case = mined(cluster, Release::Third, keys).await;
            case.sql("CREATE TABLE t (id int PRIMARY KEY)").await;
            let run = case.start();
            eventually("a position", PATIENCE, || {
                case.pipeline.state().filter(|state| state["position"].is_object())
            });
            case.sql("INSERT INTO t VALUES (1)").await;
            eventually("the change", PATIENCE, || (case.ops() == "c").then_some(()));
            let open = "SELECT count(*) FROM pg_stat_activity \
                        WHERE datname = current_database() AND state = 'idle in transaction'";
            // A look may fall into a window.
            let mut looks = 200;
            while case.value(open).await != "0" {
                looks -= 1;
                assert!(looks > 0, "snapshot.mode: {mode}");
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
            run.kill();
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_is_waited_for_too_long_is_named() {
    for cluster in clusters().await {
        for release in Release::BOTH {
            let keys = json!({ "source": { "slot": { "create_timeout": "1500ms" } } });
            let case = mined(cluster, release, keys).await;
            case.sql("CREATE TABLE t (id int PRIMARY KEY)").await;
            case.sql("BEGIN; INSERT INTO t VALUES (2)").await;
            let error = case.fails(&["--until-current"]);
            assert_says(&error, &["it waits for pid", "idle in transaction", "slot.create_timeout"]);
            case.sql("COMMIT").await;
            case.catch_up();
            assert_eq!(case.ops(), "r");
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_table_without_a_key_is_refused_unless_its_rows_are_the_key() {
    for cluster in clusters().await {
        let case = mined(cluster, Release::Third, json!({})).await;
        case.sql("CREATE TABLE log (v text, n int); INSERT INTO log VALUES ('a', 1)").await;
        let error = case.fails(&["--until-current"]);
        assert_says(&error, &["public.log", "no primary key", "full_row"]);
        assert_eq!(case.pipeline.state(), None);
        set(&case, json!({ "source": { "tables": { "without_key": "full_row" } } }));
        case.catch_up();
        case.sql("ALTER TABLE log REPLICA IDENTITY FULL; INSERT INTO log VALUES ('b', NULL); UPDATE log SET n = 2 WHERE v = 'a'; DELETE FROM log WHERE v = 'b'").await;
        case.catch_up();
        assert_eq!(case.ops(), "rcud");
        assert_eq!(case.lines()[2]["before"], json!({ "v": "a", "n": 1 }));
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_transaction_that_can_t_be_read_stops_the_run_until_it_is_passed_over() {
    for cluster in clusters().await {
        for release in Release::BOTH {
            let case = mined(cluster, release, json!({})).await;
            case.sql("CREATE TABLE t (id int PRIMARY KEY)").await;
            full(&case, release, &["t"]).await;
            case.catch_up();
            case.sql("INSERT INTO t VALUES (1)").await;
            let xid = "WITH t AS (INSERT INTO t VALUES (2), (3)) SELECT txid_current() & 4294967295";
            let xid = case.value(xid).await;
            let op_text = match release {
                Release::First => r#"INSERT INTO "public"."t"("gone") VALUES(1);"#,
                Release::Third => "INSERT INTO public.t(gone) VALUES(1)",
            };
            case.sql(&format!("INSERT INTO mine.spoilt VALUES ({xid}, '{op_text}')")).await;
            case.sql("INSERT INTO t VALUES (4)").await;
            let error = case.fails(&["--until-current"]);
            assert_says(&error, &[&format!("transaction {xid}"), "INSERT of public.t", "--skip-transaction"]);
            assert_eq!(case.ops(), "c");
            assert_eq!(case.fails(&["--until-current"]), error);
            let words: Vec<_> = error.split_whitespace().collect();
            let at = words.iter().position(|word| *word == "--skip-transaction").unwrap() + 1;
            let lsn = words[at].trim_end_matches(|c: char| !c.is_ascii_hexdigit());
            let outcome = case.run(&["--until-current", "--skip-transaction", lsn]);
            assert_says(&outcome.stderr, &["passed over"]);
            let ids: Vec<_> = case.lines().iter().map(|line| line["after"]["id"].clone()).collect();
            assert_eq!(ids, [1, 4]);
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_walminer_can_t_do_is_refused_before_anything_is_made() {
    for cluster in clusters().await {
        let case = Case::on(cluster).await;
        case.sql("CREATE TABLE t (id int PRIMARY KEY, m money, mood text)").await;
        set(&case, json!({}));
        assert_says(&case.fails(&[]), &["has no walminer", "CREATE EXTENSION walminer"]);
        for (keep, part) in [("0", "nothing keeps the server's WAL"), ("1GB", "has no walminer")] {
            case.sql(&format!("ALTER SYSTEM SET wal_keep_size = '{keep}'")).await;
            case.sql("SELECT pg_reload_conf()").await;
            let is_set =
                format!("SELECT pg_size_bytes(current_setting('wal_keep_size')) = pg_size_bytes('{keep}')");
            while cluster.connect(&case.database).await.unwrap().value(&is_set).await.unwrap() != "t" {
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
            assert_says(&case.fails(&[]), &[part]);
        }
        make(&case, Release::First).await;
        for (keys, parts) in [
            (json!({ "transport": "replication" }), ["no replication connection", "transport"]),
            (json!({ "slot": { "create": "never" } }), ["it has no slot", "slot"]),
            (json!({ "tables": { "rows": { "public.t": "id > 1" } } }), ["tables.rows", "pgoutput"]),
            (json!({}), ["public.t: column m (money)", "leave the column out"]),
        ] {
            set(&case, json!({ "source": keys }));
            assert_says(&case.fails(&[]), &parts);
        }
        case.sql("CREATE TYPE mood AS ENUM ('sad'); ALTER TABLE t DROP m, ALTER mood TYPE mood USING 'sad'")
            .await;
        set(&case, json!({}));
        assert_says(&case.fails(&[]), &["public.t: column mood (public.mood)", "version 1"]);
        let role = cluster.url(&case.database).replace("postgres@", "nobody@");
        if role.contains("nobody@") {
            case.sql(
                "DO $$ BEGIN CREATE ROLE nobody LOGIN; EXCEPTION WHEN duplicate_object THEN NULL; END $$",
            )
            .await;
            case.set_url(&role, json!({ "source": { "plugin": "walminer" } }));
            assert_says(&case.fails(&[]), &["superuser"]);
        }
        assert_eq!(case.pipeline.state(), None);
        // A state that was begun with walminer is no other plugin's, and the other way round.
        set(&case, json!({ "source": { "tables": { "columns": { "public.t": { "exclude": ["mood"] } } } } }));
        case.catch_up();
        case.set(json!({ "source": { "tables": { "columns": { "public.t": { "exclude": ["mood"] } } } } }));
        assert_says(&case.fails(&[]), &["begun with walminer", "plugin: pgoutput"]);
    }
}
