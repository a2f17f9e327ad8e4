//! Whom the program connects as, and to what: each obstacle ends with a line that says what to do.

use pg_cdc_testkit::{Cluster, StopMode, Version};
use serde_json::json;

use crate::case::{Case, assert_says, cases, own_clusters};

fn leaked(cluster: Cluster) -> &'static Cluster {
    Box::leak(Box::new(cluster))
}

const TABLE: &str = "CREATE TABLE t (id int PRIMARY KEY, t text); INSERT INTO t VALUES (1, 'x')";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_role_that_may_replicate_and_read_is_enough_with_a_publication_made_for_it() {
    for case in cases().await {
        let role = format!("r_{}", case.database);
        case.sql(&format!("{TABLE}; CREATE ROLE {role} LOGIN REPLICATION; GRANT CREATE ON DATABASE {} TO {role}; GRANT SELECT ON t TO {role}", case.database)).await;
        let url = case.cluster.url(&case.database).replace("//postgres@", &format!("//{role}@"));
        case.set_url(&url, json!({}));
        // Publishing a table is its owner's right.
        let line = case.fails(&["--until-current"]);
        assert_says(
            &line,
            &["publication", "42501", "own the tables", "CREATE PUBLICATION", "\"public\".\"t\""],
        );
        assert_eq!(case.made().await, "");
        case.set_url(&url, json!({ "source": { "replica_identity": "full" } }));
        assert_says(
            &case.fails(&["--until-current"]),
            &["replica identity of public.t", "42501", "ALTER TABLE \"public\".\"t\""],
        );
        case.set_url(&url, json!({}));
        // What the hint says.
        let sql = line.split("owner make it: ").nth(1).unwrap();
        case.sql(sql).await;
        case.catch_up();
        case.sql("INSERT INTO t VALUES (2, 'y')").await;
        case.catch_up();
        case.compare(&["public.t"]).await;
        case.cleanup(&[]).succeeded();
        assert_eq!(case.made().await, format!("publication {}", case.database));

        case.set_url(
            &url,
            json!({ "source": { "snapshot": { "mode": "only" } }, "sink": { "path": "only.jsonl" } }),
        );
        case.sql(&format!("ALTER ROLE {role} NOREPLICATION")).await;
        case.run(&[]);
        case.cleanup(&[]).succeeded();
        case.set_url(&url, json!({}));
        assert_says(&case.fails(&["--until-current"]), &["REPLICATION", "ALTER ROLE"]);
        case.sql(&format!(
            "ALTER ROLE {role} REPLICATION; ALTER TABLE t OWNER TO {role}; DROP PUBLICATION {}",
            case.database
        ))
        .await;
        std::fs::remove_file(case.pipeline.path("out.jsonl")).unwrap();
        case.catch_up();
        case.cleanup(&[]).succeeded();
        case.sql(&format!("DROP OWNED BY {role}; DROP ROLE {role}")).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn passwords_are_taken_from_where_they_are_given_and_never_shown() {
    for version in Version::under_test() {
        let secret = std::env::var("PATH").unwrap();
        let cluster =
            Cluster::builder().version(version).password("scram-sha-256", &secret).start().await.unwrap();
        let case = Case::on(leaked(cluster)).await;
        case.sql(TABLE).await;
        let bare = format!("postgres://postgres@127.0.0.1:{}/{}", case.cluster.port(), case.database);
        case.set_url(&bare, json!({ "source": { "password": "${PATH}" } }));
        case.catch_up();
        case.set_url(
            &bare.replace("postgres@", "postgres:wrong@"),
            json!({ "source": { "password": secret } }),
        );
        case.catch_up();
        case.set_url(&case.cluster.url(&case.database), json!({}));
        case.catch_up();
        case.set_url(&bare, json!({ "source": { "password": "hunter2" } }));
        let line = case.fails(&["--until-current"]);
        assert_says(&line, &["password authentication failed", "28P01", "check the user"]);
        assert!(!line.contains("hunter2"));
        case.set_url(&bare, json!({}));
        assert_says(&case.fails(&["--until-current"]), &["password"]);
        case.set_url(&case.cluster.socket_url(&case.database), json!({}));
        case.catch_up();
        case.set_url(
            &bare.replace(&case.database, "no_such_database"),
            json!({ "source": { "password": "${PATH}" } }),
        );
        assert_says(
            &case.fails(&["--until-current"]),
            &["could not connect to 127.0.0.1", "no_such_database", "3D000"],
        );
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn databases_of_other_encodings_come_out_as_utf_8() {
    for case in cases().await {
        let names = ["LATIN1", "EUC_JP"]
            .map(|encoding| (encoding, format!("{}_{}", case.database, encoding.to_lowercase())));
        for (encoding, name) in names {
            case.sql(&format!(
                "CREATE DATABASE {name} TEMPLATE template0 ENCODING '{encoding}' LC_COLLATE 'C' LC_CTYPE 'C'"
            ))
            .await;
            let mut other = Case::on(case.cluster).await;
            other.client = case.cluster.connect(&name).await.unwrap();
            other.database.clone_from(&name);
            let (table, text) = if encoding == "LATIN1" { ("größe", "é ÿ") } else { ("表", "漢字") };
            other.sql(&format!("CREATE TABLE \"{table}\" (id int PRIMARY KEY, \"c{table}\" text, n numeric); INSERT INTO \"{table}\" VALUES (1, '{text}', 1)")).await;
            for format in ["binary", "text"] {
                other.set(json!({ "source": { "snapshot": { "format": format } }, "sink": { "path": "out.jsonl" }, "state": { "path": "s.json" } }));
                other.catch_up();
                other
                    .sql(&format!(
                        "UPDATE \"{table}\" SET n = n + 1, \"c{table}\" = \"c{table}\" || '{text}'"
                    ))
                    .await;
                other.catch_up();
                other.compare(&[("public", table)]).await;
                other.cleanup(&[]).succeeded();
                std::fs::remove_file(other.pipeline.path("out.jsonl")).unwrap();
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn text_that_is_none_is_an_error_that_names_the_column() {
    for case in cases().await {
        let name = format!("{}_ascii", case.database);
        case.sql(&format!(
            "CREATE DATABASE {name} TEMPLATE template0 ENCODING 'SQL_ASCII' LC_COLLATE 'C' LC_CTYPE 'C'"
        ))
        .await;
        let mut other = Case::on(case.cluster).await;
        other.client = case.cluster.connect(&name).await.unwrap();
        other.database = name;
        other.sql("CREATE TABLE t (id int PRIMARY KEY, good text, bad varchar); INSERT INTO t VALUES (1, 'gr\u{fc}n', 'ok')").await;
        let settings = |format: &str| json!({ "source": { "snapshot": { "format": format } }, "state": { "path": "s.json" } });
        other.set(settings("auto"));
        other.catch_up();
        other.compare(&["public.t"]).await;
        other.sql(r"INSERT INTO t VALUES (2, '', E'\xff')").await;
        for _ in 0..2 {
            assert_says(&other.fails(&["--until-current"]), &["public.t", "bad", "hint: ", "invalid_text"]);
            assert_eq!(other.ops(), "r");
        }
        other.cleanup(&[]).succeeded();
        for format in ["binary", "text"] {
            other.set(settings(format));
            assert_says(&other.fails(&["--until-current"]), &["public.t", "bad", "hint: ", "invalid_text"]);
            other.cleanup(&[]).succeeded();
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_without_logical_wal_is_refused_with_what_to_set() {
    for cluster in own_clusters(&[("wal_level", "replica")]).await {
        let case = Case::on(leaked(cluster)).await;
        case.sql(TABLE).await;
        assert_says(
            &case.fails(&["--until-current"]),
            &["wal_level is replica", "ALTER SYSTEM SET wal_level = logical", "restart"],
        );
        case.assert_untouched().await;
        case.set(json!({ "source": { "snapshot": { "mode": "only" } } }));
        case.run(&[]);
        assert_eq!(case.ops(), "r");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_standby_is_refused_and_read_once_where_no_changes_are_asked_for() {
    for cluster in own_clusters(&[]).await {
        let case = Case::on(leaked(cluster)).await;
        case.sql(TABLE).await;
        case.cluster.stop(StopMode::Fast).await.unwrap();
        // A standby of nobody: it waits for WAL that never comes.
        let (file, text) = if case.cluster.major() >= 12 {
            ("standby.signal", "")
        } else {
            ("recovery.conf", "standby_mode = on\n")
        };
        std::fs::write(case.cluster.data_dir().join(file), text).unwrap();
        case.cluster.start_again().await.unwrap();
        assert_says(&case.fails(&["--until-current"]), &["standby", "connect to the primary"]);
        case.set(json!({ "source": { "snapshot": { "mode": "only" } } }));
        case.run(&[]);
        assert_eq!(case.ops(), "r");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_with_no_slot_or_walsender_left_is_an_error_that_says_so() {
    for cluster in own_clusters(&[("max_replication_slots", "1"), ("max_wal_senders", "2")]).await {
        let case = Case::on(leaked(cluster)).await;
        case.sql(TABLE).await;
        // One is enough.
        case.catch_up();
        case.cleanup(&[]).succeeded();
        std::fs::remove_file(case.pipeline.path("out.jsonl")).unwrap();
        case.sql("SELECT pg_create_physical_replication_slot('taken')").await;
        assert_says(&case.fails(&["--until-current"]), &["53400", "max_replication_slots"]);
        case.client.drop_slot("taken").await.unwrap();
        case.catch_up();
        case.cluster.configure(&[("max_wal_senders", "0")]).await.unwrap();
        case.cluster.restart().await.unwrap();
        case.set(json!({ "retry": { "max_elapsed": "1s" } }));
        let outcome = case.pipeline.run(&["--until-current"]);
        let line = crate::case::error_line(&outcome);
        assert_says(&line, &["max_wal_senders", "53300", "hint"]);
        assert_says(&outcome.stderr, &["WARN", "tried again"]);
    }
}
