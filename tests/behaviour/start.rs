//! Where a pipeline begins and goes on, and when it does not.

use std::process::Stdio;
use std::time::{Duration, Instant};

use pg_cdc::core::batch::BufferPool;
use pg_cdc::core::wire::{Connection, Session};
use serde_json::{Value, json};

use crate::case::{Case, assert_says, cases, cases_from, error_line, own_clusters};
use crate::support::{PATIENCE, eventually};

fn mode(mode: &str) -> Value {
    json!({ "source": { "snapshot": { "mode": mode } } })
}

fn slot(settings: Value) -> Value {
    json!({ "source": { "slot": settings } })
}

async fn make_slot(case: &Case, name: &str) {
    case.sql(&format!("SELECT pg_create_logical_replication_slot('{name}', 'pgoutput')")).await;
}

async fn drop_slot(case: &Case, name: &str) {
    case.client.drop_slot(name).await.unwrap();
}

/// Waits until those who may make a slot in the case's database, or have one for as long as they are there, are gone,
/// and it with them.
async fn no_slot(case: &Case) {
    let walsenders = "SELECT count(*) FROM pg_stat_replication JOIN pg_stat_activity a USING (pid) \
                      WHERE a.datname = current_database()";
    let since = Instant::now();
    while case.value(walsenders).await != "0" || case.made().await.contains("slot") {
        assert!(since.elapsed() < PATIENCE, "{}", case.made().await);
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

const TABLE: &str = "CREATE TABLE t (id int PRIMARY KEY); INSERT INTO t VALUES (1)";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_slot_without_a_state_is_refused_and_adopted_only_when_asked() {
    for case in cases().await {
        case.sql(TABLE).await;
        case.sql(&format!("CREATE PUBLICATION {} FOR TABLE t", case.database)).await;
        make_slot(&case, &case.database).await;
        case.sql("INSERT INTO t VALUES (2)").await;
        let made = case.made().await;
        let line = case.fails(&["--until-current"]);
        assert_says(&line, &["no state", "snapshot.mode: never", "cleanup"]);
        assert_eq!((case.made().await, case.pipeline.state()), (made.clone(), None));
        case.set(mode("never"));
        case.catch_up();
        assert_eq!(case.ops(), "c", "what committed after the slot was made");
        assert_eq!(case.lines()[0]["after"], json!({"id": 2}));
        // Neither is ours.
        case.cleanup(&[]).succeeded();
        assert_eq!(case.made().await, made);
        case.cleanup(&["--force"]).succeeded();
        assert_eq!(case.made().await, "");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn with_mode_never_a_first_run_delivers_nothing_older_and_a_later_one_all_since() {
    for case in cases().await {
        case.sql(TABLE).await;
        case.set(mode("never"));
        case.catch_up();
        assert_eq!(case.made().await, format!("publication {0} slot {0}", case.database));
        assert_eq!(case.ops(), "");
        case.sql("INSERT INTO t VALUES (2); UPDATE t SET id = 3 WHERE id = 1; DELETE FROM t").await;
        case.catch_up();
        assert_eq!(case.ops(), "cudd");
        case.catch_up();
        assert_eq!(case.ops(), "cudd");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_state_of_another_pipeline_slot_or_cluster_is_refused() {
    for case in cases().await {
        case.sql(TABLE).await;
        case.catch_up();
        let path = case.pipeline.state_path();
        let saved = case.pipeline.state().unwrap();

        case.set(slot(json!({ "name": "another" })));
        assert_says(&case.fails(&["--until-current"]), &["belongs to slot", "another", "slot.name"]);

        let file = std::fs::read_to_string(case.pipeline.path("p.yaml")).unwrap();
        let other = file.replace(&format!("name: {}\n", case.database), "name: other\n");
        std::fs::write(
            case.pipeline.path("p.yaml"),
            format!("{other}state: {{ path: {} }}\n", path.display()),
        )
        .unwrap();
        assert_says(&case.fails(&["--until-current"]), &["belongs to pipeline", "state.path"]);

        case.set(json!({}));
        let text = saved.to_string();
        let id = case.value("SELECT system_identifier FROM pg_control_system()").await;
        std::fs::write(&path, text.replace(&id, "4711")).unwrap();
        assert_says(&case.fails(&["--until-current"]), &["another cluster", "4711", &id]);

        std::fs::write(&path, "{ \"version\": 1, ").unwrap();
        assert_says(&case.fails(&["--until-current"]), &["not readable", "cleanup"]);

        std::fs::write(&path, text).unwrap();
        case.catch_up();
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_snapshot_without_a_stream_is_not_gone_on_with() {
    for case in cases().await {
        case.sql(TABLE).await;
        case.set(mode("only"));
        case.run(&[]);
        case.set(json!({}));
        assert_says(&case.fails(&["--until-current"]), &["snapshot.mode: only", "pg-cdc cleanup"]);
        assert_eq!(case.made().await, "");
        case.cleanup(&[]).succeeded();
        case.catch_up();
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_slot_that_leaves_a_gap_stops_the_pipeline() {
    for case in cases_from(11).await {
        case.sql(TABLE).await;
        case.catch_up();
        let state = case.pipeline.state();
        let refused = |parts: &[&str]| {
            let line = case.fails(&["--until-current"]);
            assert_says(&line, parts);
            assert_says(&line, &["hint", "pg-cdc cleanup"]);
            assert_eq!((case.pipeline.state(), case.ops()), (state.clone(), "r".to_owned()));
        };
        let name = case.database.clone();

        case.sql("INSERT INTO t VALUES (2)").await;
        case.sql(&format!("SELECT pg_replication_slot_advance('{name}', pg_current_wal_lsn())")).await;
        refused(&["was confirmed up to", "something else read this slot"]);

        drop_slot(&case, &name).await;
        refused(&["is gone"]);

        make_slot(&case, &name).await;
        refused(&["was confirmed up to"]);

        drop_slot(&case, &name).await;
        case.sql(&format!("SELECT pg_create_physical_replication_slot('{name}')")).await;
        let line = case.fails(&["--until-current"]);
        assert_says(&line, &["physical", "slot.name"]);
        drop_slot(&case, &name).await;

        case.sql(&format!("SELECT pg_create_logical_replication_slot('{name}', 'test_decoding')")).await;
        assert_says(&case.fails(&["--until-current"]), &["test_decoding", "slot.name"]);
        case.cleanup(&["--force"]).succeeded();
        case.pipeline.run(&["--until-current"]);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_slot_of_another_database_is_an_error() {
    for case in cases().await {
        case.sql(TABLE).await;
        let other = Case::on(case.cluster).await;
        make_slot(&other, &format!("{}_x", case.database)).await;
        for wanted in ["initial", "never"] {
            let mut settings = mode(wanted);
            settings["source"]["slot"] = json!({ "name": format!("{}_x", case.database) });
            case.set(settings);
            assert_says(&case.fails(&["--until-current"]), &[&other.database, "slot.name"]);
        }
        assert!(!case.made().await.contains("slot"));
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_second_process_on_the_same_state_is_refused() {
    for case in cases().await {
        case.sql(TABLE).await;
        let first = case.start();
        eventually("the snapshot", PATIENCE, || (case.ops() == "r").then_some(()));
        assert_says(&case.fails(&["--until-current"]), &["in use by another process"]);
        let cleanup = case.cleanup(&[]);
        assert_says(&error_line(&cleanup), &["in use by another process"]);
        first.signal("TERM");
        first.wait(PATIENCE).succeeded();
        case.catch_up();
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn slot_create_never_wants_one_that_is_there() {
    for case in cases().await {
        case.sql(TABLE).await;
        let mut settings = mode("never");
        settings["source"]["slot"] = json!({ "create": "never" });
        case.set(settings);
        assert_says(&case.fails(&["--until-current"]), &["slot.create is never", "if_missing"]);
        case.assert_untouched().await;
        make_slot(&case, &case.database).await;
        case.catch_up();
        case.sql("INSERT INTO t VALUES (2)").await;
        case.catch_up();
        assert_eq!(case.ops(), "c");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_temporary_slot_goes_with_the_run_and_needs_a_state_in_memory() {
    for case in cases().await {
        case.sql(TABLE).await;
        case.set(slot(json!({ "create": "temporary" })));
        let outcome = case.pipeline.run(&["--until-current"]);
        assert_eq!(outcome.status.code(), Some(2), "{}", outcome.stderr);
        assert_says(outcome.last_line(), &["p.yaml:", "source.slot.create", "state.type: memory"]);
        case.assert_untouched().await;

        let mut settings = slot(json!({ "create": "temporary" }));
        settings["state"] = json!({ "type": "memory" });
        case.set(settings);
        let running = case.start();
        eventually("the snapshot", PATIENCE, || (case.ops() == "r").then_some(()));
        case.sql("INSERT INTO t VALUES (2)").await;
        eventually("the insert", PATIENCE, || (case.ops() == "rc").then_some(()));
        assert_eq!(case.value("SELECT string_agg(temporary::text, ' ') FROM pg_replication_slots WHERE database = current_database()").await, "true");
        running.signal("INT");
        running.wait(PATIENCE).succeeded();
        no_slot(&case).await;
        assert_eq!(case.made().await, format!("publication {}", case.database));
    }
}

/// Another transaction holds up the slot of every database: a cluster of its own.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_slot_that_waits_too_long_names_the_sessions_and_is_not_left_behind() {
    for cluster in own_clusters(&[]).await {
        let cluster: &'static _ = Box::leak(Box::new(cluster));
        let case = Case::on(cluster).await;
        case.sql(TABLE).await;
        let blocker = cluster.connect("postgres").await.unwrap();
        let pid = blocker.value("SELECT pg_backend_pid()").await.unwrap();
        blocker.batch_execute("CREATE TABLE b (id int); BEGIN; INSERT INTO b VALUES (1)").await.unwrap();

        case.set(slot(json!({ "create_timeout": "2s" })));
        let began = Instant::now();
        let outcome = case.pipeline.run(&["--until-current"]);
        assert!(began.elapsed() < Duration::from_secs(30), "tried again: {:?}", began.elapsed());
        let line = error_line(&outcome);
        assert_says(&line, &["was not made within 2 s", &pid, "pg_terminate_backend", "slot.create_timeout"]);
        let warned: Vec<_> =
            outcome.stderr.lines().filter(|line| line.contains("WARN") && line.contains(&pid)).collect();
        assert!(!warned.is_empty(), "{}", outcome.stderr);

        // Asked to stop, it does not wait either.
        case.set(json!({}));
        let running = case.start();
        eventually("the warning", PATIENCE, || running.stderr().contains(&pid).then_some(()));
        running.signal("INT");
        running.wait(PATIENCE).succeeded();

        blocker.batch_execute("COMMIT").await.unwrap();
        // Also where the server goes on with it once it can.
        no_slot(&case).await;
        assert_eq!(case.made().await, format!("publication {}", case.database));
        case.catch_up();
        assert_eq!(case.ops(), "r");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_publication_that_does_not_cover_is_refused() {
    for case in cases().await {
        case.sql("CREATE TABLE t (id int PRIMARY KEY, n int); CREATE TABLE u (id int PRIMARY KEY)").await;
        let name = case.database.clone();
        let publication = |create: &str| json!({ "source": { "publication": { "create": create } } });
        case.set(publication("never"));
        assert_says(&case.fails(&["--until-current"]), &[&name, "is not there", "if_missing"]);
        case.assert_untouched().await;

        let mut wrong = vec![
            (format!("CREATE PUBLICATION {name} FOR TABLE t"), "does not publish public.u"),
            (
                format!("CREATE PUBLICATION {name} FOR TABLE t, u WITH (publish = 'insert, update')"),
                "insert, update and delete",
            ),
        ];
        if case.cluster.major() >= 15 {
            wrong.push((format!("CREATE PUBLICATION {name} FOR TABLE t WHERE (id > 5), u"), "(id > 5)"));
            wrong.push((format!("CREATE PUBLICATION {name} FOR TABLE t (id), u"), "without its column n"));
        }
        if case.cluster.major() >= 18 {
            case.sql("ALTER TABLE t ADD g int GENERATED ALWAYS AS (id) STORED").await;
            let sql =
                format!("CREATE PUBLICATION {name} FOR TABLE t, u WITH (publish_generated_columns = stored)");
            wrong.push((sql, "generated column g"));
        }
        for (sql, told) in wrong {
            case.sql(&sql).await;
            for create in ["if_missing", "never"] {
                case.set(publication(create));
                let line = case.fails(&["--until-current"]);
                assert_says(&line, &[&name, told, "hint"]);
                assert_eq!(case.made().await, format!("publication {name}"));
            }
            case.sql(&format!("DROP PUBLICATION {name}")).await;
        }

        case.sql(&format!(
            "CREATE PUBLICATION {name} FOR TABLE t, u WITH (publish = 'insert, update, delete')"
        ))
        .await;
        let outcome = case.catch_up();
        assert_eq!(outcome.stderr.contains("TRUNCATE"), case.cluster.major() >= 11, "{}", outcome.stderr);
        case.sql("INSERT INTO t VALUES (1)").await;
        case.catch_up();
        assert_eq!(case.ops(), "c");
        case.cleanup(&[]).succeeded();
        assert_eq!(case.made().await, format!("publication {name}"));
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn cleanup_takes_away_what_was_made_and_a_run_starts_anew() {
    for case in cases().await {
        case.sql(TABLE).await;
        case.sql("CREATE PUBLICATION foreign_one FOR TABLE t").await;
        make_slot(&case, &format!("{}_x", case.database)).await;
        let before = case.made().await;
        case.cleanup(&[]).succeeded();
        // The whole, with a lost state, and twice.
        for lost in [false, true] {
            case.catch_up();
            if lost {
                std::fs::remove_file(case.pipeline.state_path()).unwrap();
            }
            case.cleanup(&[]).succeeded();
            assert_eq!((case.made().await, case.pipeline.state()), (before.clone(), None));
            case.cleanup(&[]).succeeded();
            std::fs::remove_file(case.pipeline.path("out.jsonl")).unwrap();
        }
        case.sql("INSERT INTO t VALUES (2)").await;
        case.catch_up();
        assert_eq!(case.ops(), "rr");
        drop_slot(&case, &format!("{}_x", case.database)).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn cleanup_waits_for_a_reader_of_the_slot_that_is_about_to_go() {
    for case in cases().await {
        case.sql(TABLE).await;
        case.catch_up();
        let url = case.cluster.url(&case.database).parse().unwrap();
        let reader = Connection::connect(&url, Session::Replication).await.unwrap();
        let sql = format!(
            "START_REPLICATION SLOT {0} LOGICAL 0/0 (proto_version '1', publication_names '{0}')",
            case.database
        );
        // The run's own reader may be about to go itself.
        case.client.slot_is_free(&case.database).await.unwrap();
        let reader = reader.start_replication(&sql, &BufferPool::new(1 << 20)).await.unwrap();
        let cleaning = case.pipeline.command(&["cleanup", "p.yaml"], &[], Stdio::null());
        let waits = "once nobody reads it any more";
        eventually("the wait to be told", PATIENCE, || cleaning.stderr().contains(waits).then_some(()));
        drop(reader);
        cleaning.wait(PATIENCE).succeeded();
        assert_eq!((case.made().await, case.pipeline.state()), (String::new(), None));
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_failed_first_snapshot_starts_over_or_is_cleaned_up() {
    for case in cases().await {
        case.sql("CREATE TABLE t (id int PRIMARY KEY); INSERT INTO t SELECT generate_series(1, 1000)").await;
        case.set(json!({ "sink": { "path": "/dev/full" } }));
        case.fails(&["--until-current"]);
        assert_eq!(case.made().await, format!("publication {0} slot {0}", case.database));
        case.set(json!({}));
        let outcome = case.catch_up();
        assert_says(&outcome.stderr, &["WARN", "not whole", "made again"]);
        assert_eq!(case.ops(), "r".repeat(1000));
        case.cleanup(&[]).succeeded();

        case.set(json!({ "sink": { "path": "/dev/full" } }));
        case.fails(&["--until-current"]);
        case.cleanup(&[]).succeeded();
        assert_eq!((case.made().await, case.pipeline.state()), (String::new(), None));
    }
}
