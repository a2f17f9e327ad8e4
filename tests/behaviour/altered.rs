//! Types that are made, altered and dropped while the stream runs.

use serde_json::{Value, json};

use crate::case::{Case, cases, cases_from};
use crate::support::{PATIENCE, eventually};

/// The `after` of the line of `id`, once it is there.
fn after(case: &Case, id: i64) -> Value {
    let found = || case.lines().into_iter().find(|line| line["after"]["id"] == id);
    eventually("the line", PATIENCE, found)["after"].clone()
}

const PAIR: &str =
    "CREATE TYPE pair AS (a int, b text); CREATE TABLE t (id int PRIMARY KEY, p pair, ps pair[]);
    INSERT INTO t VALUES (1, '(1,x)', ARRAY[ROW(1, 'x')::pair])";

async fn fields_are_followed(case: &Case, settings: Value) {
    case.sql(PAIR).await;
    case.set(settings);
    let running = case.start();
    assert_eq!(after(case, 1)["p"], json!({"a": 1, "b": "x"}));
    case.sql("INSERT INTO t VALUES (2, '(2,y)', NULL)").await;
    after(case, 2);
    // Nothing is said of this in the stream; the next value tells.
    case.sql("ALTER TYPE pair ADD ATTRIBUTE c date; INSERT INTO t VALUES (3, '(3,z,2024-02-29)', ARRAY[ROW(1, NULL, NULL)::pair])").await;
    let expected =
        json!({"id": 3, "p": {"a": 3, "b": "z", "c": "2024-02-29"}, "ps": [{"a": 1, "b": null, "c": null}]});
    assert_eq!(after(case, 3), expected);
    case.sql("ALTER TYPE pair DROP ATTRIBUTE b; UPDATE t SET id = 4 WHERE id = 3").await;
    assert_eq!(after(case, 4)["p"], json!({"a": 3, "c": "2024-02-29"}));
    // As many fields as before: the catalog is looked at now and then.
    case.sql("ALTER TYPE pair RENAME ATTRIBUTE a TO renamed").await;
    let mut id = 100;
    eventually("the renamed field", PATIENCE, || {
        id += 1;
        let runtime = tokio::runtime::Handle::current();
        let sql = format!("INSERT INTO t VALUES ({id}, '(5,2024-02-29)', NULL)");
        tokio::task::block_in_place(|| runtime.block_on(case.sql(&sql)));
        (after(case, id)["p"] == json!({"renamed": 5, "c": "2024-02-29"})).then_some(())
    });
    running.signal("TERM");
    running.wait(PATIENCE).succeeded();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn fields_that_are_added_dropped_and_renamed_are_followed_in_text() {
    for case in cases().await {
        fields_are_followed(&case, json!({ "source": { "pgoutput": { "binary": false } } })).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn fields_that_are_added_dropped_and_renamed_are_followed_in_binary() {
    for case in cases_from(14).await {
        fields_are_followed(&case, json!({ "source": { "pgoutput": { "binary": true } } })).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_written_before_a_field_was_added_is_read_as_it_was() {
    for case in cases().await {
        case.sql(PAIR).await;
        case.set(json!({ "source": { "pgoutput": { "binary": false } } }));
        case.catch_up();
        // The catalog that is asked knows only what comes last; what is between was never seen by anybody.
        case.sql("INSERT INTO t VALUES (2, '(2,y)', NULL)").await;
        case.sql("ALTER TYPE pair ADD ATTRIBUTE c date; INSERT INTO t VALUES (3, '(3,z,2024-02-29)', NULL)")
            .await;
        case.sql("ALTER TYPE pair ADD ATTRIBUTE d int; INSERT INTO t VALUES (4, '(4,z,,1)', NULL)").await;
        case.catch_up();
        assert_eq!(after(&case, 2)["p"], json!({"a": 2, "b": "y"}));
        assert_eq!(after(&case, 3)["p"], json!("(3,z,2024-02-29)"));
        assert_eq!(after(&case, 4)["p"], json!({"a": 4, "b": "z", "c": null, "d": 1}));
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn types_that_are_made_dropped_and_made_again_are_followed() {
    for case in cases().await {
        case.sql("CREATE TYPE mood AS ENUM ('sad'); CREATE TABLE t (id int PRIMARY KEY, m mood); INSERT INTO t VALUES (1, 'sad')").await;
        let running = case.start();
        assert_eq!(after(&case, 1)["m"], "sad");
        case.sql("ALTER TYPE mood ADD VALUE 'a \"new\" one'").await;
        case.sql("INSERT INTO t VALUES (2, 'a \"new\" one')").await;
        assert_eq!(after(&case, 2)["m"], "a \"new\" one");
        case.sql("CREATE TYPE pair AS (a int, b int[]); ALTER TABLE t ADD p pair; INSERT INTO t VALUES (3, 'sad', '(1,\"{1,2}\")')").await;
        assert_eq!(after(&case, 3)["p"], json!({"a": 1, "b": [1, 2]}));
        case.sql(
            "ALTER TABLE t DROP p; DROP TYPE pair; CREATE TYPE pair AS (x text); ALTER TABLE t ADD p pair;
             INSERT INTO t VALUES (4, NULL, '(y)')",
        )
        .await;
        assert_eq!(after(&case, 4)["p"], json!({"x": "y"}));
        case.sql(
            "CREATE DOMAIN few AS int[]; ALTER TABLE t ADD f few; INSERT INTO t (id, f) VALUES (5, '{1,2}')",
        )
        .await;
        assert_eq!(after(&case, 5)["f"], json!([1, 2]));
        running.signal("TERM");
        running.wait(PATIENCE).succeeded();
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_column_that_can_not_be_had_in_binary_turns_the_stream_to_text() {
    for case in cases_from(14).await {
        case.sql("CREATE TABLE t (id int PRIMARY KEY, n numeric); INSERT INTO t VALUES (1, 1.50)").await;
        let running = case.start();
        after(&case, 1);
        case.sql("INSERT INTO t VALUES (2, 2.50)").await;
        after(&case, 2);
        case.sql("BEGIN; INSERT INTO t VALUES (3, 3.50); ALTER TABLE t ADD c regclass; INSERT INTO t VALUES (4, 4, 't'); COMMIT").await;
        let expected = json!({"id": 4, "n": 4, "c": "public.t"});
        assert_eq!(after(&case, 4), expected);
        case.sql("UPDATE t SET n = 5 WHERE id = 3").await;
        eventually("the update", PATIENCE, || case.lines().into_iter().find(|line| line["op"] == "u"));
        assert!(running.stderr().contains("values come as text from now on"), "{}", running.stderr());
        running.signal("TERM");
        running.wait(PATIENCE).succeeded();
        assert_eq!(case.ops(), "rcccu");
        // The state knows the column now.
        case.set(json!({ "source": { "pgoutput": { "binary": true } } }));
        let refused = case.fails(&["--until-current"]);
        assert!(refused.contains("table public.t, column c: the binary form of type regclass"), "{refused}");
        case.set(json!({}));
        case.sql("INSERT INTO t VALUES (5, 5, 'pg_class')").await;
        case.catch_up();
        assert_eq!(after(&case, 5)["c"], "pg_class");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_type_that_was_made_and_dropped_unseen_turns_the_stream_to_text() {
    for case in cases_from(14).await {
        case.sql("CREATE TABLE t (id int PRIMARY KEY); INSERT INTO t VALUES (1)").await;
        case.catch_up();
        case.sql("CREATE TYPE brief AS ENUM ('x'); ALTER TABLE t ADD b brief; INSERT INTO t VALUES (2, 'x'); ALTER TABLE t DROP b; DROP TYPE brief; INSERT INTO t VALUES (3)").await;
        let outcome = case.catch_up();
        assert!(outcome.stderr.contains("values come as text from now on"), "{}", outcome.stderr);
        assert_eq!(case.ops(), "rcc");
        assert_eq!(after(&case, 2), json!({"id": 2, "b": "x"}));
    }
}
