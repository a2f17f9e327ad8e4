//! The source's own application comes first: nothing is made that would break it, and what would is said.

use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::case::{Case, assert_says, cases, cases_from};
use crate::support::{PATIENCE, eventually};

/// A table for each way not to have a usable replica identity, and what is said about it.
const WITHOUT_IDENTITY: [(&str, &str, &str); 4] = [
    ("plain", "CREATE TABLE plain (id int)", "it has no primary key"),
    ("delayed", "CREATE TABLE delayed (id int PRIMARY KEY DEFERRABLE)", "it has no primary key"),
    (
        "nothing",
        "CREATE TABLE nothing (id int PRIMARY KEY); ALTER TABLE nothing REPLICA IDENTITY NOTHING",
        "its replica identity is NOTHING",
    ),
    (
        "dropped",
        "CREATE TABLE dropped (id int NOT NULL, n int PRIMARY KEY); CREATE UNIQUE INDEX dropped_id ON dropped (id);
         ALTER TABLE dropped REPLICA IDENTITY USING INDEX dropped_id; DROP INDEX dropped_id",
        "the index that is its replica identity is gone",
    ),
];

const WAYS_OUT: [&str; 4] =
    ["replica_identity: full", "tables.without_key: inserts_only", "ignore", "tables.exclude"];

fn only(table: &str) -> Value {
    json!({ "source": { "tables": { "include": [format!("public.{table}")] } } })
}

fn without_key(value: &str) -> Value {
    json!({ "source": { "tables": { "without_key": value } } })
}

/// What an application does all day.
async fn application_works(case: &Case, table: &str) {
    case.sql(&format!(
        "INSERT INTO {table} (id) SELECT coalesce(max(id), 0) + 1 FROM {table};
         INSERT INTO {table} (id) SELECT max(id) + 1 FROM {table};
         UPDATE {table} SET id = id + 100 WHERE id = (SELECT max(id) FROM {table});
         DELETE FROM {table} WHERE id = (SELECT min(id) FROM {table})"
    ))
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_table_without_a_usable_identity_is_refused_before_anything_is_made() {
    for case in cases().await {
        case.sql("CREATE TABLE good (id int PRIMARY KEY)").await;
        for (table, create, what) in WITHOUT_IDENTITY {
            let column = if table == "dropped" { "id, n" } else { "id" };
            case.sql(create).await;
            case.set(
                json!({ "source": { "tables": { "include": ["public.good", format!("public.{table}")] } } }),
            );
            let line = case.fails(&["--until-current"]);
            assert_says(&line, &["nothing was made", &format!("public.{table}: {what}")]);
            assert_says(&line, &WAYS_OUT);
            case.assert_untouched().await;
            let ones = column.replace("id", "1").replace('n', "2");
            case.sql(&format!("INSERT INTO {table} ({column}) VALUES ({ones}); UPDATE {table} SET id = 3; DELETE FROM {table}")).await;
        }
        // One line tells of all of them.
        case.set(json!({}));
        let line = case.fails(&["--until-current"]);
        assert_says(
            &line,
            &WITHOUT_IDENTITY.map(|(table, ..)| format!("public.{table}: ")).each_ref().map(|t| &**t),
        );
        case.assert_untouched().await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_partition_without_a_usable_identity_is_refused_before_anything_is_made() {
    for case in cases_from(11).await {
        case.sql(
            "CREATE TABLE parts (id int PRIMARY KEY) PARTITION BY RANGE (id);
             CREATE TABLE parts_1 PARTITION OF parts FOR VALUES FROM (0) TO (1000);
             ALTER TABLE parts_1 REPLICA IDENTITY NOTHING",
        )
        .await;
        let line = case.fails(&["--until-current"]);
        assert_says(&line, &["public.parts", "its replica identity is NOTHING"]);
        case.assert_untouched().await;
        application_works(&case, "parts").await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn inserts_only_publishes_inserts_and_truncates_of_tables_without_a_key() {
    for case in cases().await {
        case.sql("CREATE TABLE good (id int PRIMARY KEY); CREATE TABLE plain (id int); INSERT INTO plain VALUES (7)").await;
        case.set(without_key("inserts_only"));
        case.catch_up();
        application_works(&case, "good").await;
        application_works(&case, "plain").await;
        case.sql("TRUNCATE plain").await;
        case.catch_up();
        let ops = |table: &str| {
            let lines = case.lines();
            let of = lines.iter().filter(|line| line["table"] == table);
            of.map(|line| line["op"].as_str().unwrap().to_owned()).collect::<String>()
        };
        assert_eq!(ops("good"), "ccud");
        // TRUNCATE is decoded since 11.
        assert_eq!(ops("plain"), if case.cluster.major() < 11 { "rcc" } else { "rcct" });
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn ignored_tables_without_a_key_are_left_out_and_named() {
    for case in cases().await {
        case.sql("CREATE TABLE good (id int PRIMARY KEY); CREATE TABLE plain (id int); INSERT INTO plain VALUES (7)").await;
        case.set(without_key("ignore"));
        let outcome = case.catch_up();
        assert_says(&outcome.stderr, &["left out", "public.plain"]);
        application_works(&case, "plain").await;
        application_works(&case, "good").await;
        case.catch_up();
        assert_eq!(case.ops(), "ccud");
        // Nothing left at all is no pipeline.
        case.cleanup(&[]).succeeded();
        case.sql("DROP TABLE good").await;
        assert_says(&case.fails(&["--until-current"]), &["no table is selected"]);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn full_row_needs_a_full_identity_and_then_tells_whole_old_rows() {
    for case in cases().await {
        case.sql("CREATE TABLE plain (id int, t text); INSERT INTO plain VALUES (7, 'x')").await;
        case.set(without_key("full_row"));
        assert_says(&case.fails(&["--until-current"]), &["public.plain", "replica_identity: full"]);
        case.assert_untouched().await;
        case.sql("ALTER TABLE plain REPLICA IDENTITY FULL").await;
        case.catch_up();
        case.sql("UPDATE plain SET t = 'y'; DELETE FROM plain").await;
        case.catch_up();
        let lines = case.lines();
        assert_eq!(case.ops(), "rud");
        assert_eq!(lines[1]["before"], json!({"id": 7, "t": "x"}));
        assert_eq!(lines[1]["key"], Value::Null);
        assert_eq!(lines[2]["before"], json!({"id": 7, "t": "y"}));
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn replica_identity_full_alters_the_selected_tables_and_no_other() {
    for case in cases().await {
        case.sql(
            "CREATE TABLE plain (id int, t text); CREATE TABLE keyed (id int PRIMARY KEY, t text);
             CREATE TABLE other (id int); INSERT INTO plain VALUES (7, 'x')",
        )
        .await;
        case.set(json!({ "source": {
            "replica_identity": "full", "tables": { "include": ["public.plain", "public.keyed"] } } }));
        case.catch_up();
        let identities =
            "SELECT string_agg(relname::text || relreplident::text, ' ' ORDER BY relname) FROM pg_class
                          WHERE relname IN ('plain', 'keyed', 'other')";
        assert_eq!(case.value(identities).await, "keyedf otherd plainf");
        for table in ["plain", "keyed", "other"] {
            application_works(&case, table).await;
        }
        case.catch_up();
        assert!(case.lines().iter().all(|line| line["table"] != "other"));
        case.compare(&["public.plain", "public.keyed"]).await;
    }
}

/// Whoever waits for a lock has all behind it that come later.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_application_does_not_queue_behind_a_change_of_identity() {
    for case in cases().await {
        case.sql("CREATE TABLE t (id int PRIMARY KEY)").await;
        let reader = case.cluster.connect(&case.database).await.unwrap();
        reader.batch_execute("BEGIN; LOCK t IN ACCESS SHARE MODE").await.unwrap();
        case.set(json!({ "source": { "replica_identity": "full" } }));
        let running = case.pipeline.start(&["--until-current"]);
        eventually("the wait", PATIENCE, || running.stderr().contains("waits for a moment").then_some(()));
        for _ in 0..3 {
            let began = Instant::now();
            case.sql("INSERT INTO t SELECT coalesce(max(id), 0) + 1 FROM t").await;
            // Behind it, until the reader below ends.
            assert!(began.elapsed() < Duration::from_secs(20), "{:?}", began.elapsed());
            tokio::time::sleep(Duration::from_millis(300)).await;
        }
        reader.batch_execute("COMMIT").await.unwrap();
        running.wait(PATIENCE).succeeded();
        assert_eq!(case.value("SELECT relreplident::text FROM pg_class WHERE relname = 't'").await, "f");
    }
}

/// A replica identity is not handed down to partitions that are added later; a key is.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_partitioned_table_without_a_key_of_its_own_is_warned_about() {
    for case in cases_from(13).await {
        case.sql("CREATE TABLE parts (id int) PARTITION BY RANGE (id); CREATE TABLE parts_1 PARTITION OF parts FOR VALUES FROM (0) TO (1000)").await;
        case.set(json!({ "source": { "replica_identity": "full" } }));
        assert_says(&case.catch_up().stderr, &["WARN", "public.parts", "added later"]);
        application_works(&case, "parts").await;
        case.catch_up();
        case.compare(&["public.parts"]).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_publication_for_all_tables_asks_it_of_every_table() {
    for case in cases().await {
        case.sql("CREATE TABLE good (id int PRIMARY KEY); CREATE TABLE plain (id int)").await;
        for ways in [json!({}), json!({ "without_key": "inserts_only" }), json!({ "without_key": "ignore" })]
        {
            let mut settings = only("good");
            settings["source"]["publication"] = json!({ "create": "all_tables" });
            settings["source"]["tables"]["without_key"] =
                ways.get("without_key").cloned().unwrap_or("error".into());
            case.set(settings);
            assert_says(&case.fails(&["--until-current"]), &["public.plain", "if_missing"]);
            case.assert_untouched().await;
        }
        // Nor does asking for FULL on the selected tables help the others.
        let mut settings = only("good");
        settings["source"]["publication"] = json!({ "create": "all_tables" });
        settings["source"]["replica_identity"] = "full".into();
        case.set(settings);
        assert_says(&case.fails(&["--until-current"]), &["public.plain"]);
        case.assert_untouched().await;
        application_works(&case, "plain").await;
    }
}

/// PostgreSQL 18 lets no UPDATE or DELETE pass where the identity has generated columns that are not published; before,
/// the old rows lack what tells them apart.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_identity_that_holds_generated_columns_is_refused() {
    for case in cases_from(12).await {
        case.sql(
            "CREATE TABLE keyed (id int, n int, g int GENERATED ALWAYS AS (id) STORED PRIMARY KEY);
             CREATE TABLE whole (id int, g int GENERATED ALWAYS AS (id) STORED);
             ALTER TABLE whole REPLICA IDENTITY FULL;
             CREATE TABLE set_whole (id int PRIMARY KEY, g int GENERATED ALWAYS AS (id) STORED)",
        )
        .await;
        case.set(only("keyed"));
        assert_says(&case.fails(&["--until-current"]), &["public.keyed", "generated"]);
        case.assert_untouched().await;
        application_works(&case, "keyed").await;
        for (table, identity) in [("whole", "keep"), ("set_whole", "full")] {
            let mut settings = only(table);
            settings["source"]["replica_identity"] = identity.into();
            case.set(settings);
            if case.cluster.major() >= 18 {
                assert_says(&case.fails(&["--until-current"]), &[&format!("public.{table}"), "generated"]);
                case.assert_untouched().await;
            } else {
                case.catch_up();
                case.cleanup(&[]).succeeded();
            }
            application_works(&case, table).await;
        }
        if case.cluster.major() >= 18 {
            case.sql("CREATE TABLE virtual (id int PRIMARY KEY, g int GENERATED ALWAYS AS (id) VIRTUAL)")
                .await;
            let mut settings = only("virtual");
            settings["source"]["replica_identity"] = "full".into();
            case.set(settings);
            assert_says(&case.fails(&["--until-current"]), &["public.virtual", "generated"]);
            case.set(only("virtual"));
            case.run(&["--snapshot-only"]);
            application_works(&case, "virtual").await;
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_the_role_may_not_see_is_found_before_anything_is_made() {
    for case in cases().await {
        let role = format!("r_{}", case.database);
        case.sql(&format!(
            "CREATE ROLE {role} LOGIN REPLICATION; GRANT CREATE ON DATABASE {} TO {role};
             CREATE SCHEMA hidden;
             CREATE TABLE hidden.t (id int PRIMARY KEY); GRANT SELECT ON hidden.t TO {role};
             CREATE TABLE secret (id int PRIMARY KEY);
             CREATE TABLE partly (id int PRIMARY KEY, t text); GRANT SELECT (id) ON partly TO {role};
             CREATE TABLE policed (id int PRIMARY KEY); GRANT SELECT ON policed TO {role};
             ALTER TABLE policed ENABLE ROW LEVEL SECURITY",
            case.database
        ))
        .await;
        let url = case.cluster.url(&case.database).replace("//postgres@", &format!("//{role}@"));
        for (table, parts) in [
            ("public.secret", ["may not read", "GRANT SELECT"]),
            ("public.partly", ["may not read", "GRANT SELECT"]),
            ("hidden.t", ["schema", "GRANT USAGE"]),
            ("public.policed", ["row-level security", "BYPASSRLS"]),
        ] {
            case.set_url(&url, json!({ "source": { "tables": { "include": [table] } } }));
            let line = case.fails(&["--until-current"]);
            assert_says(&line, &[table]);
            assert_says(&line, &parts);
            case.assert_untouched().await;
        }
        case.sql(&format!("DROP OWNED BY {role}; DROP ROLE {role}")).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_named_table_that_is_missing_is_an_error_and_a_pattern_a_warning() {
    for case in cases().await {
        case.sql("CREATE TABLE good (id int PRIMARY KEY); CREATE VIEW v AS SELECT 1; CREATE UNLOGGED TABLE u (id int)").await;
        for missing in ["public.gone", "public.Good", "public.v", "public.u"] {
            case.set(json!({ "source": { "tables": { "include": ["public.good", missing] } } }));
            assert_says(&case.fails(&["--until-current"]), &[missing]);
            case.assert_untouched().await;
        }
        case.set(json!({ "source": { "tables": { "include": ["public.good", "sales.*"] } } }));
        assert_says(&case.catch_up().stderr, &["WARN", "sales.*"]);
    }
}
