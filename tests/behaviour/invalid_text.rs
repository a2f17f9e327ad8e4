//! Bytes that are no text, in databases that take them.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use pg_cdc_testkit::{Cluster, Version};
use serde_json::{Value, json};

use crate::case::{Case, assert_says};
use crate::plugins::{each, with};

/// A fresh database in `encoding` on each version under test.
async fn databases(encoding: &str) -> Vec<Case> {
    let mut cases = Vec::new();
    for version in Version::under_test() {
        cases.push(database(Cluster::shared(version).await.unwrap(), encoding).await);
    }
    cases
}

async fn database(cluster: &'static Cluster, encoding: &str) -> Case {
    let name = cluster.fresh_database("text").await.unwrap();
    let admin = cluster.connect("postgres").await.unwrap();
    let sql = format!(
        "CREATE DATABASE {name} TEMPLATE template0 ENCODING '{encoding}' LC_COLLATE 'C' LC_CTYPE 'C'"
    );
    admin.batch_execute(&format!("DROP DATABASE {name}")).await.unwrap();
    admin.batch_execute(&sql).await.unwrap();
    println!("PostgreSQL {}, database {name} in {encoding}", cluster.major());
    Case::on_database(cluster, name).await
}

/// pgoutput and the other plugins that the server has.
async fn ways(case: &Case) -> Vec<Value> {
    let mut ways = vec![json!({ "plugin": "pgoutput" })];
    ways.extend(each(case).await);
    ways
}

const TABLES: &str = r#"CREATE TYPE pair AS (a int, b text); CREATE DOMAIN short AS varchar(20);
    CREATE TABLE t (id int PRIMARY KEY, v text, a text[], j jsonb, p pair, d short, c "char", n numeric, big text);
    ALTER TABLE t ALTER big SET STORAGE EXTERNAL; ALTER TABLE t REPLICA IDENTITY FULL;
    CREATE TABLE k (k text PRIMARY KEY, v text)"#;

/// Rows whose ids begin at `from`: two with bytes that are no UTF-8, one without.
fn rows(from: i32) -> String {
    format!(
        r#"INSERT INTO t VALUES
            ({from}, E'gr\xfcn', ARRAY[E'a,\xfc', NULL, 'b'], E'{{"a": "\xfc"}}', ROW(1, E'\xfc'), E'\xc3', E'\xff', 1.50,
             repeat(E'\xfc', 3000)),
            ({from} + 1, E'a\tb\n\\\xe2\x82 \xe2\x82\xac', '{{}}', '1', '(2,)', '', 'c', 'NaN', E'\\x\xff'),
            ({from} + 2, E'gr\xc3\xbcn', E'{{\xc3\xbc}}', E'"\xc3\xbc"', ROW(3, E'\xc3\xbc'), E'\xc3\xbc', '', NULL, NULL);
           INSERT INTO k VALUES (E'{from}\xfc', E'\xfe')"#
    )
}

/// What becomes of bytes.
fn made(how: &str, bytes: &[u8]) -> Value {
    match how {
        "replace" => String::from_utf8_lossy(bytes).into(),
        _ => STANDARD.encode(bytes).into(),
    }
}

/// What is to be read of [`rows`].
fn expected(how: &str, from: i32) -> Vec<Value> {
    let made = |bytes: &[u8]| made(how, bytes);
    let of_its_type = how == "replace";
    let formed = |value: Value, text: &[u8]| if of_its_type { value } else { made(text) };
    vec![
        json!({
            "id": from,
            "v": made(b"gr\xfcn"),
            "a": formed(json!(["a,\u{fffd}", null, "b"]), b"{\"a,\xfc\",NULL,b}"),
            "j": formed(json!({ "a": "\u{fffd}" }), b"{\"a\": \"\xfc\"}"),
            "p": formed(json!({ "a": 1, "b": "\u{fffd}" }), b"(1,\xfc)"),
            "d": made(b"\xc3"),
            // A byte, whatever its value.
            "c": "\\377",
            "n": 1.50,
            "big": made(&[0xfc; 3000]),
        }),
        json!({
            "id": from + 1,
            "v": made(b"a\tb\n\\\xe2\x82 \xe2\x82\xac"),
            "a": [], "j": 1, "p": { "a": 2, "b": null }, "d": "", "c": "c", "n": "NaN",
            "big": made(b"\\x\xff"),
        }),
        json!({
            "id": from + 2, "v": "grün", "a": ["ü"], "j": "ü", "p": { "a": 3, "b": "ü" }, "d": "ü", "c": "", "n": null,
            "big": null,
        }),
        json!({ "k": made(format!("{from}\u{fc}").chars().map(|c| c as u8).collect::<Vec<_>>().as_slice()), "v": made(b"\xfe") }),
    ]
}

/// The rows of the lines of `op`, by table and key.
fn written(case: &Case, op: &str) -> Vec<Value> {
    let mut lines: Vec<_> = case.lines().into_iter().filter(|line| line["op"] == op).collect();
    lines.sort_by_key(|line| (line["table"] == "k", line["key"].to_string()));
    lines.into_iter().map(|mut line| line["after"].take()).collect()
}

/// NaN of wal2json before 2.6 is NULL: `docs/plugins.md`.
fn without_nan(mut rows: Vec<Value>) -> Vec<Value> {
    rows.iter_mut().filter(|row| row["n"] == "NaN").for_each(|row| row["n"] = Value::Null);
    rows
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_snapshot_and_every_plugin_make_the_same_text_of_the_same_bytes() {
    for version in Version::under_test() {
        let cluster = Cluster::shared(version).await.unwrap();
        for how in ["replace", "base64"] {
            for way in ways(&database(cluster, "SQL_ASCII").await).await {
                println!("{way} {how}");
                let case = database(cluster, "SQL_ASCII").await;
                case.set(json!({ "source": with(&way, json!({ "invalid_text": how })) }));
                case.sql(&format!("{TABLES}; {}", rows(1))).await;
                let outcome = case.catch_up();
                assert_eq!(written(&case, "r"), expected(how, 1));
                let told = |outcome: &crate::support::Outcome, column: &str| {
                    let is_of = |line: &&str| {
                        line.contains("not text in the database's encoding") && line.contains(column)
                    };
                    outcome.stderr.lines().filter(is_of).count()
                };
                for column in ["v", "a", "j", "p", "d", "big"] {
                    let column = format!("column={column}");
                    let expected = if column == "column=v" { 2 } else { 1 };
                    assert_eq!(told(&outcome, &column), expected, "{column}: {}", outcome.stderr);
                }
                assert_eq!(told(&outcome, "column=c"), 0, "{}", outcome.stderr);

                case.sql(&rows(4)).await;
                // What is not sent is the old row's; the key is the same in each line.
                case.sql("UPDATE t SET n = 2 WHERE id = 4; UPDATE k SET v = 'x' WHERE k LIKE '4%'").await;
                case.sql(
                    r"UPDATE k SET k = E'5\xfd' WHERE k LIKE '1%'; DELETE FROM k; DELETE FROM t WHERE id = 4",
                )
                .await;
                case.catch_up();
                let (inserted, ours) = (written(&case, "c"), expected(how, 4));
                if way["plugin"] == "wal2json" {
                    assert_eq!(without_nan(inserted), without_nan(ours.clone()));
                } else {
                    assert_eq!(inserted, ours);
                }
                let lines: Vec<_> = case.lines().into_iter().filter(|line| line["op"] != "r").collect();
                let of = |table: &str, op: &str, nth: usize| {
                    let is_of = |line: &&Value| line["table"] == table && line["op"] == op;
                    lines.iter().filter(is_of).nth(nth).unwrap().clone()
                };
                let (updated, deleted) = (of("t", "u", 0), of("t", "d", 0));
                let mut after = ours[0].clone();
                assert_eq!(updated["before"], after);
                after["n"] = 2.into();
                assert_eq!((&updated["after"], &deleted["before"]), (&after, &after));
                let key = |bytes: &[u8]| json!({ "k": made(how, bytes) });
                assert_eq!(of("k", "c", 0)["key"], key(b"4\xfc"));
                assert_eq!(of("k", "u", 0)["key"], key(b"4\xfc"));
                let moved = of("k", "u", 1);
                assert_eq!((&moved["key"], &moved["before"]), (&key(b"5\xfd"), &key(b"1\xfc")));
                case.cleanup(&[]).succeeded();
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_explicit_binary_form_is_refused_where_text_is_to_be_looked_at() {
    for case in databases("SQL_ASCII").await {
        case.sql("CREATE TABLE t (id int PRIMARY KEY, v text)").await;
        let snapshot = json!({ "invalid_text": "replace", "snapshot": { "format": "binary" } });
        case.set(json!({ "source": snapshot }));
        assert_says(
            &case.fails(&["--until-current"]),
            &["snapshot.format: binary", "invalid_text", "hint: set"],
        );
        let stream = json!({ "invalid_text": "replace", "pgoutput": { "binary": true } });
        case.set(json!({ "source": stream }));
        if case.cluster.major() >= 14 {
            assert_says(
                &case.fails(&["--until-current"]),
                &["pgoutput.binary: true", "invalid_text", "hint: set"],
            );
        }
        case.assert_untouched().await;
        // Also where it comes between two runs.
        case.set(json!({}));
        case.catch_up();
        case.sql(r"INSERT INTO t VALUES (1, E'\xff')").await;
        case.set(json!({ "source": stream }));
        assert_says(&case.fails(&["--until-current"]), &["pgoutput.binary: true"]);
        case.set(json!({ "source": { "invalid_text": "replace" } }));
        case.catch_up();
        assert_eq!(case.lines()[0]["after"], json!({ "id": 1, "v": "\u{fffd}" }));
    }
    for case in databases("UTF8").await {
        case.sql("CREATE TABLE t (id int PRIMARY KEY, v text); INSERT INTO t VALUES (1, 'ü')").await;
        let binary = case.cluster.major() >= 14;
        case.set(json!({
            "source": { "invalid_text": "base64", "snapshot": { "format": "binary" }, "pgoutput": { "binary": binary } }
        }));
        case.catch_up();
        case.sql("INSERT INTO t VALUES (2, 'é')").await;
        case.catch_up();
        case.compare(&["public.t"]).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn names_that_are_no_text_are_an_error_that_says_so() {
    const NAME: &[&str] = &["catalog holds a name", "22021", "hint: rename it"];
    for case in databases("SQL_ASCII").await {
        let named = |sql: &str| format!(r"DO $$ BEGIN EXECUTE E'{sql}'; END $$");
        case.sql("CREATE TABLE t (id int PRIMARY KEY, v text)").await;
        case.sql(&named(r#"CREATE TABLE "gr\xfcn" (id int PRIMARY KEY)"#)).await;
        case.set(json!({ "source": { "invalid_text": "replace" } }));
        assert_says(&case.fails(&["--until-current"]), NAME);
        case.assert_untouched().await;
        case.sql(&named(r#"DROP TABLE "gr\xfcn""#)).await;
        case.catch_up();
        case.sql(&named(r#"ALTER TABLE t ADD "gr\xfcn" text"#)).await;
        case.sql("INSERT INTO t VALUES (1)").await;
        assert_says(&case.fails(&["--until-current"]), &["a column's name is not UTF-8"]);
        case.sql(&named(r#"ALTER TABLE t RENAME "gr\xfcn" TO ok"#)).await;
        case.cleanup(&[]).succeeded();
    }
}

/// Text that PostgreSQL has no conversion for is sent by the plugins that have nothing converted.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_the_server_can_not_convert_is_an_error_with_what_to_do() {
    const NO_TEXT: &[&str] = &["22P05", "WIN1252", "hint: a value or a name is not text", "correct it"];
    for case in databases("WIN1252").await {
        case.sql(r"CREATE TABLE t (id int PRIMARY KEY, v text); INSERT INTO t VALUES (1, E'a\x81')").await;
        for way in ways(&case).await {
            case.set(json!({ "source": with(&way, json!({ "invalid_text": "base64" })) }));
            let snapshot = case.fails(&["--until-current"]);
            assert_says(&snapshot, NO_TEXT);
            assert_says(&snapshot, &["could not read public.t"]);
            case.cleanup(&[]).succeeded();
            let stream = json!({ "invalid_text": "base64", "snapshot": { "mode": "never" } });
            case.set(json!({ "source": with(&way, stream) }));
            case.catch_up();
            case.sql("UPDATE t SET id = 1").await;
            if way["plugin"] == "pgoutput" {
                assert_says(&case.fails(&["--until-current"]), NO_TEXT);
            } else {
                let outcome = case.catch_up();
                assert_eq!(case.lines()[0]["after"]["v"], "YYE=");
                assert_says(
                    &outcome.stderr,
                    &["not text in the database's encoding", "table=public.t column=v"],
                );
            }
            case.cleanup(&[]).succeeded();
            let _ = std::fs::remove_file(case.pipeline.path("out.jsonl"));
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_prefix_of_a_message_is_text_too() {
    for case in databases("SQL_ASCII").await {
        for way in ways(&case).await {
            let plugin = way["plugin"].as_str().unwrap();
            // Before 14 there is none in pgoutput, and decoderbufs has none at all.
            if plugin == "decoderbufs" || plugin == "pgoutput" && case.cluster.major() < 14 {
                continue;
            }
            let settings = json!({ "invalid_text": "replace", "snapshot": { "mode": "never" } });
            case.set(json!({ "source": with(&way, settings) }));
            case.sql("CREATE TABLE IF NOT EXISTS t (id int PRIMARY KEY)").await;
            case.catch_up();
            for transactional in [true, false] {
                case.sql(&format!(r"SELECT pg_logical_emit_message({transactional}, E'pr\xfc', E'\xff')"))
                    .await;
            }
            case.catch_up();
            let lines = case.lines();
            let messages: Vec<_> =
                lines.iter().map(|line| (&line["prefix"], &line["transactional"])).collect();
            let prefix = json!("pr\u{fffd}");
            assert_eq!(messages, [(&prefix, &json!(true)), (&prefix, &json!(false))], "{way}");
            case.cleanup(&[]).succeeded();
            std::fs::remove_file(case.pipeline.path("out.jsonl")).unwrap();
        }
    }
}
