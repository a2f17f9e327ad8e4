//! What is asked of pgoutput, and what a server does not have.

use serde_json::{Value, json};

use crate::case::{assert_says, cases, cases_from};
use crate::support::{PATIENCE, eventually};

/// So little that every transaction which is not tiny comes in blocks.
const LITTLE: &str = "-c logical_decoding_work_mem=64kB";

fn pgoutput(keys: &Value) -> Value {
    json!({ "source": { "pgoutput": keys, "options": { "options": LITTLE } } })
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_the_server_does_not_have_is_refused_before_anything_is_made() {
    for case in cases().await {
        case.sql("CREATE TABLE t (id int PRIMARY KEY)").await;
        let major = case.cluster.major();
        let wanted = [
            (14, json!({ "protocol": 2 }), "pgoutput.protocol: 2 needs PostgreSQL 14"),
            (15, json!({ "protocol": 3 }), "pgoutput.protocol: 3 needs PostgreSQL 15"),
            (16, json!({ "protocol": 4 }), "pgoutput.protocol: 4 needs PostgreSQL 16"),
            (14, json!({ "streaming": "on" }), "pgoutput.streaming: on needs PostgreSQL 14"),
            (16, json!({ "streaming": "parallel" }), "pgoutput.streaming: parallel needs PostgreSQL 16"),
            (15, json!({ "two_phase": true }), "pgoutput.two_phase: true needs PostgreSQL 15"),
            (99, json!({ "protocol": 1, "streaming": "on" }), "pgoutput.streaming: on needs"),
            (99, json!({ "protocol": 1, "two_phase": true }), "pgoutput.two_phase: true needs"),
        ];
        for (_, keys, refused) in wanted.into_iter().filter(|(since, ..)| major < *since) {
            case.set(json!({ "source": { "pgoutput": keys } }));
            assert_says(&case.fails(&["--until-current"]), &[refused, "hint: set pgoutput."]);
            case.assert_untouched().await;
        }
    }
}

/// Nobody is told in which savepoint a message stands, where its transaction is in progress.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_message_of_a_savepoint_that_is_rolled_back_never_comes() {
    for case in cases_from(14).await {
        case.sql("CREATE TABLE t (id int PRIMARY KEY, v text)").await;
        case.set(pgoutput(&json!({ "streaming": "on" })));
        case.catch_up();
        case.sql(
            "BEGIN; INSERT INTO t SELECT i, repeat('x', 50) FROM generate_series(1, 3000) i; SAVEPOINT a;
             SELECT pg_logical_emit_message(true, 'p', 'lost'); INSERT INTO t SELECT -i, 'lost' FROM generate_series(1, 3000) i;
             ROLLBACK TO a; SELECT pg_logical_emit_message(true, 'p', 'kept'); COMMIT; INSERT INTO t VALUES (0, 'after')",
        )
        .await;
        let outcome = case.catch_up();
        assert_says(&outcome.stderr, &["its transaction is read again, whole"]);
        assert_eq!(case.ops(), format!("{}mc", "c".repeat(3000)));
        assert_eq!(case.lines()[3000]["content"], "a2VwdA==");
        case.compare(&["public.t"]).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_large_transaction_is_sent_before_it_commits_and_handed_out_after() {
    for case in cases_from(14).await {
        case.sql("CREATE TABLE t (id int PRIMARY KEY, v text)").await;
        case.set(pgoutput(&json!({})));
        let running = case.pipeline.start(&["--log", "debug"]);
        let says = |what: &str| eventually(what, PATIENCE, || running.stderr().contains(what).then_some(()));
        let other = case.cluster.connect(&case.database).await.unwrap();
        says("in_progress=true");
        case.sql("BEGIN; INSERT INTO t SELECT i, repeat('x', 50) FROM generate_series(1, 5000) i").await;
        other.batch_execute("INSERT INTO t VALUES (-1, 'of another')").await.unwrap();
        eventually("what has committed", PATIENCE, || (case.lines().len() == 1).then_some(()));
        says("a transaction comes while it is in progress");
        assert!(case.lines().iter().all(|line| line["key"]["id"].as_i64().unwrap() < 0));
        case.sql("COMMIT").await;
        eventually("the large one", PATIENCE, || (case.lines().len() > 5000).then_some(()));
        running.signal("INT");
        running.wait(PATIENCE).succeeded();
        case.compare(&["public.t"]).await;
    }
}

/// The folder is for those transactions alone: a pipeline that needs none does without.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn without_a_folder_to_keep_them_in_transactions_come_whole_unless_more_is_asked_for() {
    for case in cases_from(14).await {
        case.sql("CREATE TABLE t (id int PRIMARY KEY)").await;
        case.set(json!({}));
        let nowhere = case.pipeline.path("p.yaml/nowhere");
        let environment = [("TMPDIR", nowhere.as_os_str())];
        let outcome = case.pipeline.run_in(&environment, &["--until-current"]);
        outcome.succeeded();
        assert_says(&outcome.stderr, &["transactions come only when they have committed", "nowhere"]);
        case.set(json!({ "source": { "pgoutput": { "streaming": "on" } } }));
        let outcome = case.pipeline.run_in(&environment, &["--until-current"]);
        assert_says(outcome.last_line(), &["error: ", "nowhere", "TMPDIR"]);
    }
}
