//! Which rows of a table are read.

use pg_cdc_testkit::replay::Part;
use serde_json::json;

use crate::case::{assert_says, cases_from};
use crate::shapes::{USERS, assert_unseen, tables};

const ORDERS: &str = "CREATE TABLE orders (id int, region text, n int, PRIMARY KEY (id, region));
    INSERT INTO orders SELECT i, CASE i % 2 WHEN 0 THEN 'eu' ELSE 'us' END, i FROM generate_series(1, 10) i";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_update_that_crosses_the_filter_comes_as_an_insert_or_a_delete() {
    for case in cases_from(15).await {
        case.sql(ORDERS).await;
        let filter = "region = 'eu' OR region = ')'";
        case.set(tables(json!({ "rows": { "public.orders": filter } })));
        case.catch_up();
        assert_eq!(case.ops(), "rrrrr");
        case.sql(
            "UPDATE orders SET region = 'eu' WHERE id = 1; UPDATE orders SET region = 'us' WHERE id = 2",
        )
        .await;
        case.catch_up();
        case.sql("UPDATE orders SET n = 0; INSERT INTO orders VALUES (20, 'us', 1), (21, 'eu', 1), (22, ')', 1); DELETE FROM orders WHERE id IN (4, 5)").await;
        case.catch_up();
        assert_eq!(case.ops(), "rrrrrcduuuuuccd");
        case.compare_part("public.orders", Part::columns(&["id", "region", "n"]).with_rows(filter)).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_filter_and_a_list_go_together_through_the_root() {
    for case in cases_from(15).await {
        case.sql(
            "CREATE TABLE p (id int, s text, region text, n int, PRIMARY KEY (id, region)) PARTITION BY LIST (region);
             CREATE TABLE p_eu (n int, region text NOT NULL, id int NOT NULL, s text); ALTER TABLE p ATTACH PARTITION p_eu FOR VALUES IN ('eu', 'ch');
             CREATE TABLE p_us PARTITION OF p FOR VALUES IN ('us');
             INSERT INTO p VALUES (1, 'secret', 'eu', 1), (2, 'secret', 'us', 1), (3, 'secret', 'ch', 1)",
        )
        .await;
        case.set(tables(json!({ "rows": { "public.p": "region <> 'ch'" }, "columns": { "public.p": { "exclude": ["s"] } } })));
        case.catch_up();
        case.sql("UPDATE p SET n = 2; UPDATE p SET region = 'us' WHERE id = 1; UPDATE p SET region = 'eu' WHERE id = 3; DELETE FROM p WHERE id = 2").await;
        case.catch_up();
        assert_unseen(&case, "secret");
        case.compare_part("public.p", Part::columns(&["id", "region", "n"]).with_rows("region <> 'ch'"))
            .await;
        // A partition is not read as itself.
        case.cleanup(&[]).succeeded();
        case.set(tables(json!({ "rows": { "public.p_eu": "true" } })));
        assert_says(&case.fails(&["--until-current"]), &["names public.p_eu", "it is a partition"]);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_filter_is_one_condition_on_columns_of_the_identity() {
    for case in cases_from(15).await {
        case.sql(&format!("{ORDERS}; CREATE TABLE other (id int PRIMARY KEY)")).await;
        let only = |rows: &str| json!({ "include": ["public.orders"], "rows": { "public.orders": rows } });
        for rows in [
            "true) OR (true",
            "true), public.other WHERE (true",
            "true; DROP TABLE other",
            "id = 1 --",
            "id = $1",
            "(id = 1",
        ] {
            case.set(tables(only(rows)));
            let outcome = case.pipeline.run(&["--until-current"]);
            assert_eq!(outcome.status.code(), Some(2), "{}", outcome.stderr);
            assert_says(
                &outcome.stderr,
                &["source.tables.rows", "public.orders: expected one SQL condition"],
            );
            case.assert_untouched().await;
        }
        for (rows, told) in [
            ("id", "must be type boolean"),
            ("nowhere = 1", "nowhere"),
            ("id =", "syntax error"),
            ("count(*) > 1", "aggregate"),
        ] {
            case.set(tables(only(rows)));
            assert_says(&case.fails(&["--until-current"]), &["tables.rows", "public.orders", told, "hint"]);
            case.assert_untouched().await;
        }
        case.set(tables(only("n > 5")));
        let line = case.fails(&["--until-current"]);
        assert_says(
            &line,
            &[
                "nothing was made",
                "public.orders",
                "\"n\"",
                "replica_identity: full",
                "inserts_only",
                "tables.exclude",
            ],
        );
        case.assert_untouched().await;
        // The ways out that it names.
        let mut settings = tables(only("n > 5"));
        settings["source"]["replica_identity"] = "full".into();
        case.set(settings);
        case.catch_up();
        case.sql("UPDATE orders SET n = n + 1; DELETE FROM orders WHERE id = 1").await;
        case.catch_up();
        case.compare_part("public.orders", Part::columns(&["id", "region", "n"]).with_rows("n > 5")).await;
        case.cleanup(&[]).succeeded();
        case.sql("ALTER TABLE orders REPLICA IDENTITY DEFAULT").await;
        std::fs::remove_file(case.pipeline.path("out.jsonl")).unwrap();
        let mut settings = only("n > 5");
        settings["without_key"] = "inserts_only".into();
        case.set(tables(settings));
        case.catch_up();
        case.sql("UPDATE orders SET n = n + 1; INSERT INTO orders VALUES (30, 'x', 1), (31, 'x', 9)").await;
        case.catch_up();
        assert_eq!(case.ops().matches('c').count(), 1);
        assert!(!case.ops().contains('u'));
    }
}

/// A list stays as it was made: what is added behind it is said, and a filter that was altered is an error.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_publication_that_was_altered_between_runs_is_noticed() {
    for case in cases_from(15).await {
        case.sql(&format!("{USERS}; {ORDERS}")).await;
        let shape = json!({ "columns": { "public.users": { "exclude": ["hash"] } }, "rows": { "public.orders": "id > 5" } });
        case.set(tables(shape));
        case.catch_up();
        assert!(!case.catch_up().stderr.contains("more"));
        case.sql("ALTER TABLE users ADD more int").await;
        let outcome = case.catch_up();
        assert_says(&outcome.stderr, &["public.users", "column more", "ALTER PUBLICATION"]);
        let name = &case.database;
        case.sql(&format!("ALTER PUBLICATION {name} DROP TABLE users; ALTER PUBLICATION {name} ADD TABLE ONLY users (id, name, note, more)")).await;
        case.sql("UPDATE users SET more = 3 WHERE id = 1").await;
        assert_says(&case.catch_up().stderr, &["column pin"]);
        assert_eq!(case.lines().last().unwrap()["after"]["more"], 3);
        case.sql(&format!(
            "ALTER PUBLICATION {name} DROP TABLE orders; ALTER PUBLICATION {name} ADD TABLE orders"
        ))
        .await;
        assert_says(&case.fails(&["--until-current"]), &["publishes all rows of public.orders"]);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_publication_with_filters_is_held_against_the_file() {
    for case in cases_from(15).await {
        case.sql(ORDERS).await;
        let name = case.database.clone();
        let with = |rows: &str| {
            let mut settings = tables(json!({ "rows": { "public.orders": rows } }));
            settings["source"]["publication"] = json!({ "create": "never" });
            settings
        };
        case.sql(&format!("CREATE PUBLICATION {name} FOR TABLE orders")).await;
        case.set(with("region = 'eu'"));
        assert_says(
            &case.fails(&["--until-current"]),
            &["publishes all rows of public.orders", "WHERE (region = 'eu')"],
        );
        case.sql(&format!("ALTER PUBLICATION {name} SET TABLE orders WHERE (region IN ('eu', 'ch'))")).await;
        assert_says(
            &case.fails(&["--until-current"]),
            &["publishes the rows of public.orders that fulfil", "ALTER PUBLICATION"],
        );
        case.set(json!({}));
        assert_says(
            &case.fails(&["--until-current"]),
            &["publishes only the rows of public.orders", "tables.rows"],
        );
        // The same in other words.
        case.set(with("((region)  in ('eu','ch'))"));
        case.catch_up();
        case.sql("UPDATE orders SET region = 'ch' WHERE id = 1; UPDATE orders SET n = 0").await;
        case.catch_up();
        let part = Part::columns(&["id", "region", "n"]).with_rows("region IN ('eu', 'ch')");
        case.compare_part("public.orders", part).await;
    }
}
