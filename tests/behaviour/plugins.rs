//! The plugins that need no publication, on real servers.

use serde_json::{Value, json};

use crate::case::{Case, assert_says, cases};
use crate::support::PATIENCE;

/// The plugins, each where the server has it.
pub(crate) async fn each(case: &Case) -> Vec<Value> {
    let mut plugins = vec![json!({ "plugin": "test_decoding" })];
    for (library, keys) in [
        (
            "wal2json",
            vec![
                json!({ "plugin": "wal2json" }),
                json!({ "plugin": "wal2json", "wal2json": { "version": 1 } }),
            ],
        ),
        ("decoderbufs", vec![json!({ "plugin": "decoderbufs" })]),
    ] {
        let there = case.cluster.bin_dir().join(format!("../lib/{library}.so"));
        if there.is_file() {
            plugins.extend(keys);
        } else {
            println!("{library} is not there");
        }
    }
    plugins
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_snapshot_and_what_follows_come_through_every_plugin() {
    for case in cases().await {
        for (nth, keys) in each(&case).await.into_iter().enumerate() {
            let schema = format!("p{nth}");
            case.set(
                json!({ "source": with(&keys, json!({ "tables": { "include": [format!("{schema}.*")] } })) }),
            );
            case.sql(&format!(
                "CREATE SCHEMA {schema}; SET search_path = {schema};
                 CREATE TABLE t (id int PRIMARY KEY, n numeric, v text, b bytea, at timestamptz, f float8, j jsonb, a int[]);
                 ALTER TABLE t ALTER v SET STORAGE EXTERNAL;
                 CREATE TABLE f (id int PRIMARY KEY, v text); ALTER TABLE f REPLICA IDENTITY FULL;
                 INSERT INTO t VALUES (1, 1.50, 'before', '\\x00ff', '2024-02-29 12:00:00.5+00', 1.5, '{{\"a\": null}}', '{{1,NULL}}')"
            ))
            .await;
            case.catch_up();
            case.sql(
                "INSERT INTO t SELECT i, i / 7.0, repeat('x', 5000) || i, '', 'infinity', '-0', '[]', '{}' FROM generate_series(2, 300) i;
                 UPDATE t SET n = NULL WHERE id % 3 = 0; UPDATE t SET id = -id WHERE id % 7 = 0; DELETE FROM t WHERE id % 5 = 0;
                 INSERT INTO f VALUES (1, 'it''s: old-key: new-tuple:'), (2, NULL); UPDATE f SET v = E'line\nline' WHERE id = 1; DELETE FROM f WHERE id = 2",
            )
            .await;
            case.sql("BEGIN; INSERT INTO f VALUES (3, 'kept'); SAVEPOINT a; INSERT INTO f VALUES (4, 'lost'); ROLLBACK TO a; COMMIT").await;
            case.catch_up();
            case.sql("ALTER TABLE f ADD w int DEFAULT 7, DROP v; UPDATE f SET w = w + 1; INSERT INTO f VALUES (5, 8)").await;
            case.catch_up();
            case.compare(&[(schema.as_str(), "t"), (schema.as_str(), "f")]).await;
            case.cleanup(&[]);
            std::fs::remove_file(case.pipeline.path("out.jsonl")).unwrap();
        }
    }
}

/// `keys` of `source`, and more.
pub(crate) fn with(keys: &Value, more: Value) -> Value {
    let mut all = keys.as_object().unwrap().clone();
    all.extend(more.as_object().unwrap().clone());
    Value::Object(all)
}

/// It is the whole of the transaction that is passed over, and each comes once, wherever it was killed.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn killed_in_the_middle_of_a_transaction_each_plugin_goes_on_there() {
    for case in cases().await {
        for (nth, keys) in each(&case).await.into_iter().enumerate() {
            let table = format!("t{nth}");
            let tables = json!({ "tables": { "include": [format!("public.{table}")] }, "snapshot": { "mode": "never" } });
            case.set(json!({ "source": with(&keys, tables), "batch": { "rows": 7, "delay": "0s" } }));
            case.sql(&format!("CREATE TABLE {table} (id int PRIMARY KEY, v text)")).await;
            case.catch_up();
            case.sql(&format!("INSERT INTO {table} SELECT i, 'x' FROM generate_series(1, 1500) i")).await;
            let mut seen = 0;
            for _ in 0..3 {
                let run = case.start();
                seen = crate::support::eventually("a position within the transaction", PATIENCE, || {
                    case.pipeline.state()?["position"]["seq"].as_u64().filter(|seq| *seq > seen)
                });
                run.kill();
            }
            case.catch_up();
            assert_eq!(case.ops(), "c".repeat(1500));
            case.compare(&[("public", table.as_str())]).await;
            case.cleanup(&[]);
            std::fs::remove_file(case.pipeline.path("out.jsonl")).unwrap();
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_table_whose_updates_a_plugin_can_t_tell_is_refused_or_read_for_its_inserts() {
    for case in cases().await {
        case.sql("CREATE TABLE log (v text); INSERT INTO log VALUES ('before')").await;
        case.set(json!({ "source": { "plugin": "test_decoding" } }));
        assert_says(
            &case.fails(&["--until-current"]),
            &["public.log", "would not tell which rows are updated", "inserts_only"],
        );
        case.assert_untouched().await;
        case.set(
            json!({ "source": { "plugin": "test_decoding", "tables": { "without_key": "inserts_only" } } }),
        );
        case.catch_up();
        case.sql("INSERT INTO log VALUES ('after'); UPDATE log SET v = 'changed'; DELETE FROM log; INSERT INTO log VALUES ('last')").await;
        case.catch_up();
        assert_eq!(case.ops(), "rcc");
        case.cleanup(&[]);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_needs_a_publication_is_refused_by_name() {
    for case in cases().await {
        case.sql("CREATE TABLE t (id int PRIMARY KEY, g int)").await;
        let tables = json!({ "rows": { "public.t": "id > 1" } });
        case.set(json!({ "source": { "plugin": "test_decoding", "tables": tables } }));
        assert_says(
            &case.fails(&["--until-current"]),
            &["error: ", "tables.rows is a matter of publications"],
        );
        case.assert_untouched().await;
    }
}
