//! `--skip-transaction` passes over what can't be read, and over nothing else.

use serde_json::json;

use crate::case::{Case, assert_says, cases_from};

/// A transaction in binary whose composite has fields that nobody saw: the type was altered again before it is read.
async fn unreadable(case: &Case) {
    case.sql(
        "CREATE TYPE pair AS (a int, b text); CREATE TABLE t (id int PRIMARY KEY, p pair); CREATE TABLE u (id int PRIMARY KEY)",
    )
    .await;
    case.catch_up();
    case.sql("INSERT INTO t VALUES (1, '(1,x)')").await;
    case.sql("ALTER TYPE pair ADD ATTRIBUTE c date, ADD ATTRIBUTE d date").await;
    case.sql("INSERT INTO u VALUES (1); INSERT INTO t VALUES (2, '(2,y,2024-02-29,2024-02-29)'); INSERT INTO t VALUES (3, NULL)").await;
    case.sql("INSERT INTO u VALUES (2)").await;
    case.sql("ALTER TYPE pair DROP ATTRIBUTE c, DROP ATTRIBUTE d").await;
    case.sql("INSERT INTO t VALUES (4, '(4,z)')").await;
}

fn ids(case: &Case) -> String {
    let lines = case.lines();
    let ids = lines.iter().map(|line| format!("{}{}", line["table"].as_str().unwrap(), line["after"]["id"]));
    ids.collect::<Vec<_>>().join(" ")
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_can_t_be_read_stops_the_pipeline_until_it_is_passed_over_by_name() {
    for streaming in ["off", "on"] {
        for case in cases_from(14).await {
            case.set(json!({ "source": { "pgoutput": { "binary": true, "streaming": streaming } } }));
            unreadable(&case).await;
            let error = case.fails(&["--until-current"]);
            assert_says(&error, &["pgoutput message at", "in the transaction that commits at"]);
            let commit_lsn = error.split("--skip-transaction ").nth(1).unwrap().split(' ').next().unwrap();
            // The same after every restart: nothing is skipped by itself.
            assert_says(&case.fails(&["--until-current"]), &[commit_lsn]);
            assert_eq!(ids(&case), "t1 u1");
            // Not another one either.
            let outcome = case.pipeline.run(&["--until-current", "--skip-transaction", "0/1"]);
            assert_says(&outcome.stderr, &["none is passed over", commit_lsn]);
            assert_eq!(outcome.status.code(), Some(1));
            let outcome = case.run(&["--until-current", "--skip-transaction", commit_lsn]);
            assert_says(&outcome.stderr, &["the transaction is passed over"]);
            assert_eq!(ids(&case), "t1 u1 u2 t4");
            // Once is enough.
            case.sql("INSERT INTO u VALUES (3)").await;
            case.catch_up();
            assert_eq!(ids(&case), "t1 u1 u2 t4 u3");
        }
    }
}
