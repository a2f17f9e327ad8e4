//! What statements become: every kind of them, in order, as they were committed.

use pg_cdc_testkit::replay::{Rules, TableName};
use serde_json::json;

use crate::case::{cases, cases_from};
use crate::support::{PATIENCE, eventually};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn truncate_is_a_line_a_table_with_its_options() {
    for case in cases_from(11).await {
        case.sql(
            "CREATE TABLE a (id serial PRIMARY KEY); CREATE TABLE b (id int PRIMARY KEY REFERENCES a); CREATE TABLE c (id int PRIMARY KEY);
             INSERT INTO a VALUES (1); INSERT INTO b VALUES (1); INSERT INTO c VALUES (1)",
        )
        .await;
        case.catch_up();
        case.sql("TRUNCATE a CASCADE; INSERT INTO a VALUES (2); TRUNCATE a, b, c RESTART IDENTITY; INSERT INTO c VALUES (3)").await;
        case.catch_up();
        case.compare(&["public.a", "public.b", "public.c"]).await;
        let lines = case.lines();
        let truncates: Vec<_> = lines
            .iter()
            .filter(|line| line["op"] == "t")
            .map(|line| {
                (
                    line["table"].as_str().unwrap(),
                    line["cascade"].as_bool().unwrap(),
                    line["restart_identity"].as_bool().unwrap(),
                )
            })
            .collect();
        assert_eq!(truncates.len(), 5);
        assert_eq!(truncates[..2], [("a", true, false), ("b", true, false)]);
        assert!(truncates[2..].iter().all(|(_, cascade, restart)| !cascade && *restart), "{truncates:?}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn logical_messages_come_unless_they_are_not_wanted() {
    for wanted in [true, false] {
        for case in cases_from(14).await {
            case.sql("CREATE TABLE t (id int PRIMARY KEY)").await;
            case.set(json!({ "source": { "pgoutput": { "messages": wanted } } }));
            case.catch_up();
            case.sql(
                r"BEGIN; INSERT INTO t VALUES (1); SELECT pg_logical_emit_message(true, 'in', E'a\nb'); SAVEPOINT s;
                  SELECT pg_logical_emit_message(true, 'lost', ''); ROLLBACK TO s; COMMIT;
                  SELECT pg_logical_emit_message(false, 'é', '\x00ff'::bytea)",
            )
            .await;
            case.catch_up();
            let lines = case.lines();
            if !wanted {
                assert_eq!(case.ops(), "c");
                continue;
            }
            assert_eq!(case.ops(), "cmm");
            let told = |at: usize| {
                (
                    lines[at]["transactional"].clone(),
                    lines[at]["prefix"].clone(),
                    lines[at]["content"].clone(),
                )
            };
            assert_eq!(told(1), (json!(true), json!("in"), json!("YQpi")));
            assert_eq!(told(2), (json!(false), json!("é"), json!("AP8=")));
            assert_eq!(lines[1]["seq"], 1);
            // Nobody tells when one outside of a transaction was emitted: it is no older than the commit before it.
            assert!(lines[2]["ts"].as_i64() >= lines[1]["ts"].as_i64(), "{}", lines[2]);
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_rolled_back_never_happened() {
    for case in cases().await {
        case.sql("CREATE TABLE t (id int PRIMARY KEY, n int)").await;
        case.catch_up();
        case.sql(
            "BEGIN; INSERT INTO t VALUES (1); SAVEPOINT a; INSERT INTO t VALUES (2); SAVEPOINT b; INSERT INTO t VALUES (3);
             ROLLBACK TO b; INSERT INTO t VALUES (4); RELEASE a; SAVEPOINT c; DELETE FROM t; ROLLBACK TO c; COMMIT;
             BEGIN; DELETE FROM t; ROLLBACK;
             INSERT INTO t VALUES (1), (5) ON CONFLICT (id) DO UPDATE SET n = 7; INSERT INTO t VALUES (1) ON CONFLICT DO NOTHING",
        )
        .await;
        // Each for itself: several statements in one message are one transaction, which these may not be in.
        let gid = &case.database;
        for sql in [
            "BEGIN; INSERT INTO t VALUES (6); PREPARE TRANSACTION",
            "COMMIT PREPARED",
            "BEGIN; DELETE FROM t; PREPARE TRANSACTION",
            "ROLLBACK PREPARED",
        ] {
            case.sql(&format!("{sql} '{gid}'")).await;
        }
        case.catch_up();
        assert_eq!(case.ops(), "cccucc");
        case.compare(&["public.t"]).await;
        let seqs: Vec<_> = case.lines().iter().map(|line| line["seq"].as_u64().unwrap()).collect();
        assert_eq!(seqs, [0, 1, 2, 0, 1, 0]);
    }
}

/// Changes of before and after a change of the table's shape, all read after it.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn ddl_in_the_stream_is_followed() {
    for case in cases().await {
        case.sql("CREATE TABLE t (id int PRIMARY KEY, a int, b text); CREATE TABLE gone (id int PRIMARY KEY); INSERT INTO t VALUES (1, 1, 'x')").await;
        case.catch_up();
        let steps = [
            "ALTER TABLE t ADD c numeric DEFAULT 1.5",
            "ALTER TABLE t ALTER a TYPE text USING 'was ' || a",
            "ALTER TABLE t RENAME b TO \"B b\"",
            "ALTER TABLE t DROP c",
            "ALTER TABLE t ALTER id TYPE bigint",
        ];
        for (nth, step) in steps.iter().enumerate() {
            let id = 10 + nth * 2;
            case.sql(&format!(
                "INSERT INTO t (id) VALUES ({id}); {step}; INSERT INTO t (id) VALUES ({id} + 1)"
            ))
            .await;
        }
        case.sql("UPDATE t SET a = 'all'; INSERT INTO gone VALUES (1); DROP TABLE gone").await;
        case.catch_up();
        let lines = case.lines();
        let of = |id: usize| {
            lines
                .iter()
                .find(|line| line["op"] == "c" && line["after"]["id"] == id && line["table"] == "t")
                .unwrap()["after"]
                .clone()
        };
        assert_eq!(of(10), json!({"id": 10, "a": null, "b": null}));
        assert_eq!(of(11), json!({"id": 11, "a": null, "b": null, "c": 1.5}));
        assert_eq!(of(15), json!({"id": 15, "a": null, "B b": null, "c": 1.5}));
        assert_eq!(of(19), json!({"id": 19, "a": null, "B b": null}));
        assert_eq!(lines.iter().filter(|line| line["table"] == "gone").count(), 1);
        // The table keeps its place under another name, and a new one of its name is another.
        case.sql("ALTER TABLE t RENAME TO t2; INSERT INTO t2 (id) VALUES (90); CREATE TABLE t (id int PRIMARY KEY); INSERT INTO t VALUES (91)").await;
        case.catch_up();
        let last = case.lines().pop().unwrap();
        assert_eq!((&last["table"], &last["after"]["id"]), (&json!("t2"), &json!(90)));
        // Another key.
        case.sql("ALTER TABLE t2 ADD k int; UPDATE t2 SET k = id + 1000; ALTER TABLE t2 DROP CONSTRAINT t_pkey; ALTER TABLE t2 ADD PRIMARY KEY (k);
             UPDATE t2 SET k = 1 WHERE id = 90").await;
        case.catch_up();
        let last = case.lines().pop().unwrap();
        assert_eq!((&last["key"], &last["before"]), (&json!({"k": 1}), &json!({"k": 1090})));
    }
}

/// The columns of then, when the table was changed while the program looked at it live.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn ddl_under_a_running_stream_is_followed() {
    for case in cases().await {
        case.sql("CREATE TABLE t (id int PRIMARY KEY, n int)").await;
        let running = case.start();
        eventually("streaming", PATIENCE, || running.stderr().contains("streaming").then_some(()));
        for n in 1..=8 {
            case.sql(&format!("INSERT INTO t (id) VALUES ({n}); ALTER TABLE t ADD c{n} int DEFAULT {n}, DROP n; INSERT INTO t (id) VALUES (100 + {n}); ALTER TABLE t ADD n int DEFAULT {n}")).await;
        }
        eventually("the changes", PATIENCE, || (case.ops().len() == 16).then_some(()));
        running.signal("INT");
        running.wait(PATIENCE).succeeded();
        let lines = case.lines();
        for (nth, line) in lines.iter().enumerate() {
            let names = line["after"].as_object().unwrap().len();
            assert_eq!(names, 2 + nth / 2, "{line}");
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_table_that_appears_later_is_left_out_with_one_warning() {
    for case in cases().await {
        case.sql("CREATE TABLE t (id int PRIMARY KEY); CREATE TABLE u (id int PRIMARY KEY)").await;
        case.set(json!({ "source": {
            "publication": { "create": "all_tables" }, "tables": { "exclude": ["public.u"], "on_unknown_table": "ignore" } } }));
        case.catch_up();
        case.sql("CREATE TABLE late (id int PRIMARY KEY); INSERT INTO late VALUES (1); INSERT INTO t VALUES (1); INSERT INTO late VALUES (2); ALTER TABLE late ADD n int; INSERT INTO late VALUES (3); INSERT INTO u VALUES (1)").await;
        let outcome = case.catch_up();
        assert_eq!(case.ops(), "c");
        let warnings = outcome
            .stderr
            .lines()
            .filter(|line| line.contains("WARN") && line.contains("public.late"))
            .count();
        assert_eq!(warnings, 1, "{}", outcome.stderr);
        assert!(!outcome.stderr.contains("public.u"), "{}", outcome.stderr);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn copied_rows_and_all_that_random_work_does_go_through() {
    for case in cases().await {
        let random = pg_cdc_testkit::workload::Random::new(60).with_prepared();
        random.create(&case.client).await.unwrap();
        let config = case.cluster.config(&case.database);
        let live = pg_cdc_testkit::workload::Live::start(&config, random.workers(2, 7), Some(200.0));
        case.run(&["--snapshot-only"]);
        case.catch_up();
        live.stop().await.unwrap();
        let copy = case.client.copy_in("COPY random.plain (id, t) FROM STDIN").await.unwrap();
        let mut copy = Box::pin(copy);
        let rows: String = (1000..1500).map(|n| format!("{n}\tcopied\\t{n}\n")).collect();
        futures_util::SinkExt::send(&mut copy, bytes::Bytes::from(rows)).await.unwrap();
        copy.as_mut().finish().await.unwrap();
        case.catch_up();
        let tables: Vec<TableName> = random.tables().map(TableName::from).into();
        let tables: Vec<_> = tables.iter().map(|t| (t.schema.as_str(), t.name.as_str())).collect();
        case.compare_by(Rules::default(), &tables).await;
    }
}
