//! What of a table is read: columns, key, generated columns, partitions, origins. Rows are in `row_filters`.

use pg_cdc_testkit::replay::Part;
use serde_json::{Value, json};

use crate::case::{Case, assert_says, cases, cases_from};

pub(crate) fn tables(tables: Value) -> Value {
    json!({ "source": { "tables": tables } })
}

/// No line may hold what is left out.
pub(crate) fn assert_unseen(case: &Case, secret: &str) {
    let text = std::fs::read_to_string(case.pipeline.path("out.jsonl")).unwrap();
    assert!(!text.contains(secret), "{text}");
}

fn ops_of(case: &Case, table: &str) -> String {
    let lines = case.lines();
    let of = lines.iter().filter(|line| line["table"] == table);
    of.map(|line| line["op"].as_str().unwrap().to_owned()).collect()
}

pub(crate) const USERS: &str = "CREATE TABLE users (gone int, hash text, id int PRIMARY KEY, name text, pin regclass, note text);
    ALTER TABLE users DROP gone; ALTER TABLE users ALTER note SET STORAGE EXTERNAL;
    INSERT INTO users VALUES ('secret', 1, 'a', 'pg_class', repeat('n', 9000)), ('secret', 2, 'b', NULL, NULL)";

async fn users_change(case: &Case) {
    case.sql(
        "INSERT INTO users VALUES ('secret', 3, 'c', 'pg_type', repeat('m', 9000));
         UPDATE users SET name = 'aa' WHERE id = 1; UPDATE users SET hash = 'secret too' WHERE id = 1;
         UPDATE users SET id = 12 WHERE id = 2; DELETE FROM users WHERE id = 3",
    )
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn columns_that_are_left_out_are_nowhere() {
    for columns in [json!({ "exclude": ["hash", "pin"] }), json!({ "include": ["note", "name", "id"] })] {
        for case in cases().await {
            case.sql(USERS).await;
            case.set(tables(json!({ "columns": { "public.users": columns } })));
            case.catch_up();
            users_change(&case).await;
            case.catch_up();
            // Again from where it was; what happens to other columns is nobody's business.
            case.sql("ALTER TABLE users ALTER hash TYPE varchar(99)").await;
            users_change(&case).await;
            case.catch_up();
            if case.cluster.major() >= 15 {
                let published =
                    case.value("SELECT attnames::text FROM pg_publication_tables WHERE tablename = 'users'");
                assert_eq!(published.await, "{id,name,note}");
            }
            assert_unseen(&case, "secret");
            case.compare_part("public.users", Part::columns(&["id", "name", "note"])).await;
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn columns_that_the_server_publishes_are_left_out_on_our_side() {
    for case in cases().await {
        case.sql(USERS).await;
        let name = case.database.clone();
        for create in ["all_tables", "never"] {
            if create == "never" {
                case.sql(&format!("CREATE PUBLICATION {name} FOR TABLE users")).await;
            }
            let mut settings =
                tables(json!({ "columns": { "public.users": { "exclude": ["hash", "pin"] } } }));
            settings["source"]["publication"] = json!({ "create": create });
            if case.cluster.major() >= 14 {
                // No matter that a column has no binary form that is known, where it is not read.
                settings["source"]["pgoutput"] = json!({ "binary": true });
            }
            case.set(settings);
            case.catch_up();
            users_change(&case).await;
            // A column that is new is read, one that is left out goes in silence.
            case.sql("ALTER TABLE users ADD more int DEFAULT 7; ALTER TABLE users DROP pin; UPDATE users SET more = 8 WHERE id = 1").await;
            case.catch_up();
            assert_unseen(&case, "secret");
            assert_eq!(case.lines().last().unwrap()["after"]["more"], 8);
            assert_eq!(case.lines().last().unwrap()["after"].as_object().unwrap().len(), 3);
            case.cleanup(&[]).succeeded();
            std::fs::remove_file(case.pipeline.path("out.jsonl")).unwrap();
            case.sql(&format!("DROP TABLE users; {USERS}")).await;
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn columns_that_leave_the_identity_out_are_refused_before_anything_is_made() {
    for case in cases().await {
        case.sql("CREATE TABLE t (id int PRIMARY KEY, n int, s text); INSERT INTO t VALUES (1, 1, 'secret')")
            .await;
        let exclude = |column: &str| json!({ "columns": { "public.t": { "exclude": [column] } } });
        case.set(tables(exclude("id")));
        let line = case.fails(&["--until-current"]);
        assert_says(
            &line,
            &["nothing was made", "public.t", "left out: id", "hint", "inserts_only", "tables.exclude"],
        );
        case.assert_untouched().await;
        let mut settings = tables(exclude("s"));
        settings["source"]["replica_identity"] = "full".into();
        case.set(settings);
        assert_says(&case.fails(&["--until-current"]), &["public.t", "left out: s"]);
        case.assert_untouched().await;
        case.sql("ALTER TABLE t REPLICA IDENTITY FULL").await;
        case.set(tables(exclude("s")));
        assert_says(&case.fails(&["--until-current"]), &["public.t", "left out: s"]);
        case.assert_untouched().await;
        // Inserts need no identity.
        let mut settings = exclude("s");
        settings["without_key"] = "inserts_only".into();
        case.set(tables(settings));
        case.catch_up();
        case.sql("INSERT INTO t VALUES (2, 2, 'secret'); UPDATE t SET n = 3; DELETE FROM t WHERE id = 1")
            .await;
        case.catch_up();
        assert_eq!(case.ops(), "rc");
        assert_unseen(&case, "secret");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_named_and_not_there_is_said() {
    for case in cases().await {
        case.sql("CREATE TABLE t (id int PRIMARY KEY, n int); CREATE TABLE u (a int, b int); ALTER TABLE u REPLICA IDENTITY FULL").await;
        for (settings, told) in [
            (json!({ "columns": { "public.x": { "exclude": ["n"] } } }), "tables.columns names public.x"),
            (json!({ "columns": { "public.t": { "exclude": ["m"] } } }), "public.t.m is not there"),
            (json!({ "columns": { "public.t": { "include": ["id", "N"] } } }), "public.t.N is not there"),
            (
                json!({ "columns": { "public.t": { "exclude": ["id"] } }, "exclude": ["public.t"] }),
                "public.t, which is not selected",
            ),
            (json!({ "key": { "public.x": ["n"] } }), "tables.key names public.x"),
            (json!({ "key": { "public.u": ["c"] } }), "public.u.c is not there"),
            (json!({ "key": { "public.u": ["a", "a"] } }), "public.u.a is named twice"),
            (json!({ "key": { "public.t": ["n"] } }), "public.t has a primary key"),
        ] {
            case.set(tables(settings));
            assert_says(&case.fails(&["--until-current"]), &[told, "hint"]);
            case.assert_untouched().await;
        }
        let rows = tables(json!({ "rows": { "public.x": "true" } }));
        case.set(rows);
        let told =
            if case.cluster.major() < 15 { "needs PostgreSQL 15" } else { "tables.rows names public.x" };
        assert_says(&case.fails(&["--until-current"]), &[told]);
        case.assert_untouched().await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_key_that_is_named_is_the_key_everywhere() {
    for case in cases().await {
        case.sql(
            "CREATE TABLE log (note text, id int, ts int); ALTER TABLE log REPLICA IDENTITY FULL;
             INSERT INTO log VALUES ('a', 1, 10), ('b', 2, 10)",
        )
        .await;
        case.set(tables(json!({ "key": { "public.log": ["ts", "id"] } })));
        case.catch_up();
        case.sql("INSERT INTO log VALUES ('c', 3, 10); UPDATE log SET note = 'x' WHERE id = 1").await;
        case.catch_up();
        case.sql("UPDATE log SET id = 22 WHERE id = 2; DELETE FROM log WHERE id = 3; ALTER TABLE log ADD more int; INSERT INTO log VALUES ('d', 4, 10, 1)").await;
        case.catch_up();
        let keys: Vec<Value> = case.lines().iter().map(|line| line["key"].clone()).collect();
        let key = |id: u32| json!({ "ts": 10, "id": id });
        let mut snapshot = keys[..2].to_vec();
        snapshot.sort_by_key(Value::to_string);
        assert_eq!(snapshot, [key(1), key(2)]);
        assert_eq!(keys[2..], [3, 1, 22, 3, 4].map(key));
        // In its own order.
        let text = std::fs::read_to_string(case.pipeline.path("out.jsonl")).unwrap();
        assert_eq!(text.matches(r#""key":{"ts":10,"id":"#).count(), 7, "{text}");
        // It takes nothing away from what the server needs.
        case.cleanup(&[]).succeeded();
        case.sql("ALTER TABLE log REPLICA IDENTITY DEFAULT").await;
        assert_says(&case.fails(&["--until-current"]), &["public.log", "it has no primary key"]);
    }
}

async fn generated_columns_are_followed(case: &Case) {
    case.catch_up();
    case.sql("UPDATE t SET n = 5; INSERT INTO t (id, n) VALUES (2, 2); UPDATE u SET n = 7; UPDATE f SET n = 3; INSERT INTO f VALUES (9); DELETE FROM f WHERE n = 9").await;
    case.catch_up();
    case.compare_part("public.t", Part::columns(&["id", "twice", "n"])).await;
    case.compare_part("public.u", Part::columns(&["id", "g", "n"])).await;
    case.compare_part("public.f", Part::columns(&["n", "g"])).await;
    assert_unseen(case, "secret");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn generated_columns_are_the_same_in_snapshot_and_stream_or_refused() {
    for case in cases_from(12).await {
        case.sql("CREATE TABLE t (id int PRIMARY KEY, twice int GENERATED ALWAYS AS (n * 2) STORED, n int);
                  CREATE TABLE u (id int PRIMARY KEY, g int GENERATED ALWAYS AS (n + 1) STORED, n int, s text);
                  CREATE TABLE f (n int, g int GENERATED ALWAYS AS (n + 1) STORED); ALTER TABLE f REPLICA IDENTITY FULL;
                  INSERT INTO t (id, n) VALUES (1, 1); INSERT INTO u (id, n, s) VALUES (1, 1, 'secret'); INSERT INTO f VALUES (1)")
            .await;
        if case.cluster.major() >= 18 {
            case.sql("ALTER TABLE t ADD v int GENERATED ALWAYS AS (n * 3)").await;
        }
        let columns = json!({ "public.u": { "exclude": ["s"] } });
        case.set(tables(json!({ "generated": "include", "columns": columns })));
        if case.cluster.major() < 18 {
            assert_says(
                &case.fails(&["--until-current"]),
                &["tables.generated: include needs PostgreSQL 18", "hint"],
            );
            case.assert_untouched().await;
            // It is for publications that they are too new.
            let columns = json!({ "public.u": { "exclude": ["s"] } });
            let tables = json!({ "generated": "include", "columns": columns });
            case.set(json!({ "source": { "plugin": "test_decoding", "tables": tables } }));
            generated_columns_are_followed(&case).await;
            continue;
        }
        generated_columns_are_followed(&case).await;
        // A publication that leaves them out is not enough; and a virtual one is never read.
        case.cleanup(&[]).succeeded();
        case.sql(&format!("CREATE PUBLICATION {} FOR TABLE t, u, f", case.database)).await;
        assert_says(
            &case.fails(&["--until-current"]),
            &["without its column", "publish_generated_columns = stored"],
        );
        case.set(tables(
            json!({ "generated": "include", "columns": { "public.t": { "include": ["id", "v"] } } }),
        ));
        assert_says(&case.fails(&["--until-current"]), &["public.t.v is a virtual generated column"]);
        case.set(tables(json!({ "columns": { "public.t": { "include": ["id", "twice"] } } })));
        assert_says(
            &case.fails(&["--until-current"]),
            &["public.t.twice is a generated column", "tables.generated: include"],
        );
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn partitions_are_read_as_themselves_where_that_is_asked_for() {
    for case in cases_from(11).await {
        case.sql(
            "CREATE TABLE p (id int PRIMARY KEY, s text, n int) PARTITION BY RANGE (id);
             CREATE TABLE p1 PARTITION OF p FOR VALUES FROM (0) TO (100);
             CREATE TABLE p2 PARTITION OF p FOR VALUES FROM (100) TO (200);
             INSERT INTO p VALUES (1, 'secret', 1), (101, 'secret', 1)",
        )
        .await;
        let mut settings = tables(json!({ "columns": { "public.p": { "exclude": ["s"] } } }));
        settings["source"]["publication"] = json!({ "via_root": false });
        case.set(settings.clone());
        case.catch_up();
        case.sql(
            "UPDATE p SET n = 2; INSERT INTO p VALUES (2, 'secret', 2); UPDATE p SET id = 102 WHERE id = 2",
        )
        .await;
        case.catch_up();
        assert_eq!(
            (ops_of(&case, "p"), ops_of(&case, "p1"), ops_of(&case, "p2")),
            (String::new(), "rucd".to_owned(), "ruc".to_owned())
        );
        for table in ["public.p1", "public.p2"] {
            case.compare_part(table, Part::columns(&["id", "n"])).await;
        }
        assert_unseen(&case, "secret");
        if case.cluster.major() >= 13 {
            case.cleanup(&[]).succeeded();
            case.sql(&format!(
                "CREATE PUBLICATION {} FOR TABLE p WITH (publish_via_partition_root = true)",
                case.database
            ))
            .await;
            assert_says(
                &case.fails(&["--until-current"]),
                &["publishes partitions as their root", "publish_via_partition_root = false"],
            );
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_came_from_elsewhere_is_left_out_where_that_is_asked_for() {
    for case in cases().await {
        case.sql("CREATE TABLE t (id int PRIMARY KEY)").await;
        case.set(json!({ "source": { "pgoutput": { "origin": "none" } } }));
        if case.cluster.major() < 16 {
            assert_says(
                &case.fails(&["--until-current"]),
                &["pgoutput.origin: none needs PostgreSQL 16", "hint"],
            );
            case.assert_untouched().await;
            continue;
        }
        case.catch_up();
        let name = case.database.clone();
        let from_elsewhere = format!("SELECT pg_replication_origin_session_setup('{name}')");
        case.sql(&format!("SELECT pg_replication_origin_create('{name}')")).await;
        case.sql("INSERT INTO t VALUES (1)").await;
        case.sql(&from_elsewhere).await;
        case.sql("INSERT INTO t VALUES (2)").await;
        case.sql("SELECT pg_replication_origin_session_reset()").await;
        case.sql("INSERT INTO t VALUES (3)").await;
        case.catch_up();
        let ids: Vec<Value> = case.lines().iter().map(|line| line["after"]["id"].clone()).collect();
        assert_eq!(ids, [1, 3]);
        // It may be changed: from then on they come too.
        case.set(json!({}));
        case.sql(&from_elsewhere).await;
        case.sql("INSERT INTO t VALUES (4)").await;
        case.sql("SELECT pg_replication_origin_session_reset()").await;
        case.catch_up();
        assert_eq!(case.lines().last().unwrap()["after"]["id"], 4);
        case.sql(&format!("SELECT pg_replication_origin_drop('{name}')")).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn messages_come_or_do_not() {
    for case in cases_from(14).await {
        case.sql("CREATE TABLE t (id int PRIMARY KEY)").await;
        let messages = |on: bool| json!({ "source": { "pgoutput": { "messages": on } } });
        let emit = "BEGIN; INSERT INTO t SELECT coalesce(max(id), 0) + 1 FROM t; SELECT pg_logical_emit_message(true, 'in', 'a'); COMMIT;
                    SELECT pg_logical_emit_message(false, 'out', '\\x00ff'::bytea)";
        case.set(messages(true));
        case.catch_up();
        case.sql(emit).await;
        case.catch_up();
        assert_eq!(case.ops(), "cmm");
        let lines = case.lines();
        assert_eq!(
            (&lines[1]["transactional"], &lines[1]["prefix"], &lines[1]["content"]),
            (&json!(true), &json!("in"), &json!("YQ=="))
        );
        assert_eq!((&lines[1]["seq"], &lines[1]["commit_lsn"]), (&json!(1), &lines[0]["commit_lsn"]));
        assert_eq!((&lines[2]["transactional"], &lines[2]["content"]), (&json!(false), &json!("AP8=")));
        assert_eq!(lines[2]["commit_lsn"], lines[2]["lsn"]);
        // Changed between runs, in both directions.
        case.set(messages(false));
        case.sql(emit).await;
        case.catch_up();
        case.set(messages(true));
        case.sql(emit).await;
        case.catch_up();
        assert_eq!(case.ops(), "cmmccmm");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_read_does_not_change_between_runs() {
    for case in cases().await {
        case.sql("CREATE TABLE t (id int PRIMARY KEY, n int, s text); CREATE TABLE u (a int); ALTER TABLE u REPLICA IDENTITY FULL").await;
        let first = json!({ "columns": { "public.t": { "exclude": ["s"] } }, "key": { "public.u": ["a"] } });
        case.set(tables(first.clone()));
        case.catch_up();
        case.sql("INSERT INTO t VALUES (1, 1, 'secret')").await;
        for (settings, key) in [
            (json!({ "key": { "public.u": ["a"] } }), "tables.columns"),
            (json!({ "columns": first["columns"] }), "tables.key"),
            (
                json!({ "columns": first["columns"], "key": first["key"], "rows": { "public.t": "true" } }),
                "tables.rows",
            ),
            (
                json!({ "columns": first["columns"], "key": first["key"], "generated": "include" }),
                "tables.generated",
            ),
        ] {
            case.set(tables(settings));
            assert_says(
                &case.fails(&["--until-current"]),
                &[&format!("{key} is not what it was"), "back, or start over"],
            );
        }
        let mut settings = tables(first.clone());
        settings["source"]["publication"] = json!({ "via_root": false });
        case.set(settings);
        assert_says(&case.fails(&["--until-current"]), &["publication.via_root is not what it was"]);
        assert_eq!(case.ops(), "");
        case.set(tables(first));
        case.catch_up();
        assert_eq!(case.ops(), "c");
        assert_unseen(&case, "secret");
    }
}
