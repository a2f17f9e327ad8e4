//! What is delivered: the same rows that `row_to_json` gives, whatever the session and the statements. Names of
//! all kinds are in the conformance tests.

use serde_json::{Value, json};

use crate::case::{Case, cases};

/// Values of every kind that looks different under other settings: a row as users have them. All types are in the zoo.
const TYPES: &str = r#"
    CREATE TYPE mood AS ENUM ('sad', 'it''s "ok"');
    CREATE TABLE types (
        id int PRIMARY KEY, b bool, i2 int2, i8 int8, f4 float4, f8 float8, n numeric, m numeric(6,2), t text, v varchar(9),
        c char(4), ch "char", na name, by bytea, d date, ti time, tz timetz, ts timestamp, tstz timestamptz, iv interval,
        u uuid, j json, jb jsonb, e mood, r int4range, rt tstzrange, x xml,
        bi bit(3), vb varbit, ip inet, ci cidr, po point, mo money, rc regclass, o oid, tsv tsvector, nothing text);
    ALTER TABLE types REPLICA IDENTITY FULL"#;

const ROWS: &str = r#"
    INSERT INTO types VALUES
    (1, true, -32768, 9007199254740993, 0.1, 1e-300, 12345678901234567890.123456789, -1.50, E'a\tb\n"\\\u00e9☃', 'x', 'y', 'z', 'n',
     '\x00ff5c', '1999-12-31', '23:59:59.999999', '01:02:03+05:30', '2024-02-29 12:00:00.5', '2024-06-30 23:59:59.123456+02',
     '1 year -2 days 03:04:05.678', 'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11', '{"b": 1,  "a": [1.0, null], "b": 2}', '{"b": 1, "a": 1.50}',
     'it''s "ok"', '[1,5)', '["2020-01-01 00:00+00",)', '<a>&amp;</a>',
     B'101', B'1', '10.0.0.1/8', '10.0.0.0/8', '(1.5,-2)', '12.34', 'pg_class', 4294967295, 'a:1 b:2', NULL),
    (2, false, 32767, -9223372036854775808, 'NaN', '-Infinity', 'NaN', 0, '', '', '', '', '', '', 'infinity', '00:00', '00:00+00',
     '-infinity', 'infinity', '-00:00:01', '00000000-0000-0000-0000-000000000000', 'null', '"x"', 'sad', 'empty', 'empty', '', B'000', B'', '::1', '::/0', '(0,0)', '-0.01', 0, 0, '', NULL)"#;

/// What a database that has been set up by many hands may say to each session.
pub(crate) async fn make_hostile(case: &Case) {
    let mut settings = vec![
        "DateStyle = 'German, DMY'",
        "TimeZone = 'Asia/Kathmandu'",
        "IntervalStyle = 'iso_8601'",
        "bytea_output = 'escape'",
        "extra_float_digits = -5",
        "search_path = 'nowhere'",
        "default_transaction_read_only = on",
        "default_transaction_isolation = 'serializable'",
        "default_transaction_deferrable = on",
        "statement_timeout = 1",
        "lock_timeout = 1",
        "idle_in_transaction_session_timeout = 1",
        "client_encoding = 'LATIN1'",
        "standard_conforming_strings = off",
        "quote_all_identifiers = on",
        "row_security = on",
        "xmlbinary = 'hex'",
        "client_min_messages = 'debug1'",
    ];
    if case.cluster.major() >= 14 {
        settings.push("idle_session_timeout = 50");
    }
    if case.cluster.major() >= 17 {
        settings.push("transaction_timeout = 50");
    }
    for setting in settings {
        case.sql(&format!("ALTER DATABASE {} SET {setting}", case.database)).await;
    }
    // What is said to the role in this database comes after what is said to the database.
    for setting in [
        "DateStyle = 'SQL, DMY'",
        "TimeZone = 'America/St_Johns'",
        "IntervalStyle = 'sql_standard'",
        "extra_float_digits = -1",
    ] {
        case.sql(&format!("ALTER ROLE CURRENT_USER IN DATABASE {} SET {setting}", case.database)).await;
    }
}

/// Takes it all back.
pub(crate) async fn make_kind(case: &Case) {
    let database = &case.database;
    case.sql(&format!(
        "ALTER DATABASE {database} RESET ALL; ALTER ROLE CURRENT_USER IN DATABASE {database} RESET ALL"
    ))
    .await;
}

async fn types_go_through(case: &Case, settings: Value) {
    case.sql(&format!("{TYPES}; {ROWS}")).await;
    make_hostile(case).await;
    case.set(settings);
    case.catch_up();
    case.sql(
        "SET search_path = public; UPDATE types SET id = id + 10; INSERT INTO types SELECT * FROM types WHERE id = 11 AND false;
         UPDATE types SET t = 'new', nothing = 'x' WHERE id = 11; DELETE FROM types WHERE id = 12;
         INSERT INTO types (id) VALUES (3)",
    )
    .await;
    case.sql(&ROWS.replace("(1, true", "(4, true").replace("(2, false", "(5, false")).await;
    case.catch_up();
    make_kind(case).await;
    case.compare(&["public.types"]).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn values_are_those_of_row_to_json_under_hostile_settings_in_binary_snapshots() {
    for case in cases().await {
        types_go_through(&case, json!({})).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn values_are_those_of_row_to_json_under_hostile_settings_in_text_snapshots() {
    for case in cases().await {
        types_go_through(
            &case,
            json!({ "source": { "snapshot": { "format": "text" } }, "sink": { "envelope": "debezium" } }),
        )
        .await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn partitions_are_their_root_and_children_are_tables_of_their_own() {
    for case in cases().await {
        // Keys of partitioned tables came with 11.
        let old = case.cluster.major() < 11;
        let key = if old { "" } else { "PRIMARY KEY" };
        case.sql(&format!(
            "CREATE TABLE parts (id int NOT NULL {key}, t text) PARTITION BY RANGE (id);
             CREATE TABLE parts_1 PARTITION OF parts FOR VALUES FROM (0) TO (100);
             CREATE TABLE parts_2 (t text, gone int, id int NOT NULL {key});
             ALTER TABLE parts_2 DROP gone; ALTER TABLE parts ATTACH PARTITION parts_2 FOR VALUES FROM (100) TO (200);
             INSERT INTO parts VALUES (1, 'a'), (101, 'b');
             CREATE TABLE mother (id int PRIMARY KEY); CREATE TABLE child (n int, PRIMARY KEY (id)) INHERITS (mother);
             INSERT INTO mother VALUES (1); INSERT INTO child VALUES (2, 2)"
        ))
        .await;
        if old {
            case.sql("ALTER TABLE parts_1 ADD PRIMARY KEY (id); ALTER TABLE parts_2 ADD PRIMARY KEY (id)")
                .await;
        }
        case.catch_up();
        case.sql("INSERT INTO parts VALUES (2, 'c'), (102, 'd'); DELETE FROM parts WHERE id = 1; UPDATE parts SET t = 'e';
             UPDATE mother SET id = id + 10; INSERT INTO child VALUES (3, 3)").await;
        if !old {
            case.sql("UPDATE parts SET id = 150 WHERE id = 2").await;
        }
        if case.cluster.major() >= 13 {
            case.sql("CREATE TABLE parts_3 PARTITION OF parts FOR VALUES FROM (200) TO (300); INSERT INTO parts VALUES (201, 'f')").await;
        }
        case.catch_up();
        if case.cluster.major() >= 13 {
            case.compare(&["public.parts"]).await;
            assert!(case.lines().iter().all(|line| !line["table"].as_str().unwrap().starts_with("parts_")));
        } else {
            case.compare(&["public.parts_1", "public.parts_2"]).await;
            assert!(case.lines().iter().all(|line| line["table"] != "parts"));
        }
        case.compare(&["public.child"]).await;
        let mother: Vec<_> = case
            .lines()
            .into_iter()
            .filter(|line| line["table"] == "mother")
            .map(|line| line["after"].clone())
            .collect();
        assert_eq!(mother, [json!({"id": 1}), json!({"id": 11})]);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn generated_and_dropped_columns_are_nowhere() {
    for case in cases().await {
        let stored =
            if case.cluster.major() >= 12 { ", s int GENERATED ALWAYS AS (n * 2) STORED" } else { "" };
        let virt = if case.cluster.major() >= 18 { ", v int GENERATED ALWAYS AS (n * 3)" } else { "" };
        case.sql(&format!(
            "CREATE TABLE t (old int, id int PRIMARY KEY{stored}, n int{virt}, x text, tail text);
             ALTER TABLE t DROP old; ALTER TABLE t DROP x; INSERT INTO t (id, n, tail) VALUES (1, 1, 'a')"
        ))
        .await;
        case.catch_up();
        case.sql("UPDATE t SET n = 2; INSERT INTO t (id, n) VALUES (2, 2)").await;
        case.catch_up();
        case.compare(&["public.t"]).await;
        for line in case.lines() {
            let names: Vec<_> = line["after"].as_object().unwrap().keys().cloned().collect();
            assert_eq!(names, ["id", "n", "tail"]);
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_key_that_changes_is_told_with_the_old_one() {
    for envelope in ["row", "debezium"] {
        for case in cases().await {
            case.set(json!({ "sink": { "envelope": envelope } }));
            case.sql(
                "CREATE TABLE t (a int, b text, n int, PRIMARY KEY (b, a)); INSERT INTO t VALUES (1, 'x', 1);
                 CREATE TABLE f (id int PRIMARY KEY, n int); ALTER TABLE f REPLICA IDENTITY FULL; INSERT INTO f VALUES (1, 1);
                 CREATE TABLE i (id int NOT NULL, n int); CREATE UNIQUE INDEX i_id ON i (id);
                 ALTER TABLE i REPLICA IDENTITY USING INDEX i_id; INSERT INTO i VALUES (1, 1)",
            )
            .await;
            case.catch_up();
            case.sql("UPDATE t SET a = 2; UPDATE t SET n = 2; UPDATE f SET id = 2; UPDATE f SET n = 3; UPDATE i SET id = 2; UPDATE i SET n = 4").await;
            case.catch_up();
            case.compare(&["public.t", "public.f", "public.i"]).await;
            let lines = case.lines();
            if envelope == "debezium" {
                assert_eq!(case.ops(), "rrrdcudcudcu");
                continue;
            }
            assert_eq!(case.ops(), "rrruuuuuu");
            let befores: Vec<_> = lines[3..].iter().map(|line| line["before"].clone()).collect();
            let expected = [
                json!({"a": 1, "b": "x"}),
                Value::Null,
                json!({"id": 1, "n": 1}),
                json!({"id": 2, "n": 1}),
                json!({"id": 1}),
                Value::Null,
            ];
            assert_eq!(befores, expected);
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_value_that_was_not_sent_is_unchanged_and_never_null() {
    for case in cases().await {
        case.sql(
            "CREATE TABLE t (id int PRIMARY KEY, n int, big text); ALTER TABLE t ALTER big SET STORAGE EXTERNAL;
             CREATE TABLE f (LIKE t INCLUDING ALL); ALTER TABLE f REPLICA IDENTITY FULL;
             INSERT INTO t VALUES (1, 1, repeat('x', 20000)); INSERT INTO f SELECT * FROM t",
        )
        .await;
        case.catch_up();
        for table in ["t", "f"] {
            case.sql(&format!("UPDATE {table} SET n = 2; UPDATE {table} SET id = 2; UPDATE {table} SET big = repeat('y', 20000)")).await;
        }
        case.catch_up();
        case.compare(&["public.t", "public.f"]).await;
        let lines = case.lines();
        let unchanged: Vec<_> =
            lines.iter().filter(|line| line["op"] == "u").map(|line| line["unchanged"].clone()).collect();
        let big = json!(["big"]);
        assert_eq!(unchanged, [big.clone(), big, Value::Null, Value::Null, Value::Null, Value::Null]);
    }
}
