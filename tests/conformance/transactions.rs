//! Transactions of every shape, in the order of their commits, and nothing of what was rolled back.

use std::time::Duration;

use pg_cdc_testkit::workload::{Live, Random, Script};
use serde_json::json;

use crate::case::Case;
use crate::matrix::{Matrix, own_clusters, shared_clusters};
use crate::support::setting;
use crate::way::Through;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn savepoints_and_messages_leave_what_was_kept() {
    for cluster in own_clusters(10).await {
        let mut script = Script::savepoints();
        if cluster.major() >= 14 {
            script = script.then(Script::messages());
        }
        let matrix = Matrix::through(cluster, &script, &json!({})).await;
        matrix.compare(script.tables()).await;
        let text: String =
            matrix.lines().iter().filter(|line| line["op"] == "m").map(|line| line.to_string()).collect();
        // "lost", in base64.
        assert!(!text.contains("bG9zdA=="), "{text}");
        if cluster.major() >= 14 {
            // "stays": those outside of transactions.
            assert_eq!(text.matches("\"stays\"").count(), 3, "{text}");
            assert_eq!(text.matches("\"transactional\":false").count(), 5, "{text}");
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn prepared_transactions_come_once_when_they_commit() {
    for cluster in own_clusters(10).await {
        let script = Script::two_phase("conformance");
        let matrix = Matrix::through(cluster, &script, &json!({})).await;
        matrix.compare(script.tables()).await;
        assert_eq!(matrix.case.value("SELECT count(*) FROM pg_prepared_xacts").await, "0");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn statements_of_all_kinds_are_their_changes() {
    for cluster in shared_clusters(10).await {
        let script = Script::statements(cluster.major());
        let matrix = Matrix::through(cluster, &script, &json!({})).await;
        matrix.compare(script.tables()).await;
        if cluster.major() >= 11 {
            assert!(matrix.ops_of("st", "a").ends_with("tctc"), "{}", matrix.ops_of("st", "a"));
        }
    }
}

/// For `PG_CDC_TEST_RANDOM_SECONDS`, by `PG_CDC_TEST_RANDOM_SEED`.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn random_work_of_several_sessions_is_the_same_in_every_way() {
    let part = Duration::from_secs(setting("PG_CDC_TEST_RANDOM_SECONDS", 1)) / 2;
    for cluster in own_clusters(11).await {
        let case = Case::on(cluster).await;
        let mut random = Random::new(40).with_truncates().with_prepared();
        // Before, pgoutput has none of them to compare with.
        if cluster.major() >= 14 {
            random = random.with_messages();
        }
        random.create(&case.client).await.unwrap();
        let config = cluster.config(&case.database);
        let matrix = Matrix::begin(case, &json!({}), Through::Plugins);
        let live = matrix.start_live();
        let workers = random.workers(4, setting("PG_CDC_TEST_RANDOM_SEED", 11));
        let work = Live::start(&config, workers, None);
        tokio::time::sleep(part).await;
        matrix.pause();
        tokio::time::sleep(part).await;
        println!("{:?}", work.stop().await.unwrap());
        matrix.end(live).await;
        matrix.compare(&random.tables().map(Into::into)).await;
    }
}
