//! Rows of every shape and name.

use pg_cdc_testkit::workload::Script;
use serde_json::json;

use crate::case::Case;
use crate::matrix::{Matrix, shared_clusters};
use crate::way::Through;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn identities_keys_and_large_values_are_told_as_far_as_the_server_tells_them() {
    for cluster in shared_clusters(10).await {
        let script = Script::identities();
        let settings = json!({ "source": { "tables": { "without_key": "inserts_only" } } });
        let matrix = Matrix::through(cluster, &script, &settings).await;
        matrix.compare(script.tables()).await;
        let unchanged = |table| {
            let lines = matrix.lines_of("ids", table);
            lines.iter().filter(|line| line["unchanged"] != json!(null)).count()
        };
        assert!(unchanged("big") > 50, "{}", unchanged("big"));
        // The old row holds what the new one does not.
        assert_eq!(unchanged("big_whole"), 0);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn names_may_be_anything() {
    for cluster in shared_clusters(10).await {
        let script = Script::names(false);
        let settings = json!({ "source": { "publication": { "name": "Odd \"pub\", 'l' 🐘" } } });
        let matrix = Matrix::through(cluster, &script, &settings).await;
        matrix.compare(script.tables()).await;
        matrix.clean_up().await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn tables_may_have_no_column_or_as_many_as_there_can_be() {
    for cluster in shared_clusters(10).await {
        let script = Script::wide();
        let matrix = Matrix::through(cluster, &script, &json!({})).await;
        matrix.compare(script.tables()).await;
        let nothing = matrix.lines_of("wide", "nothing");
        assert_eq!(matrix.ops_of("wide", "nothing"), format!("{}dcc", "c".repeat(402)));
        let all = nothing.iter().filter(|line| line["op"] == "d").map(|line| line["before"].clone());
        assert_eq!(all.collect::<Vec<_>>(), [json!({})]);
        let with_column = nothing.iter().filter(|line| line["after"] == json!({ "n": 1 })).count();
        assert_eq!(with_column, 1);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn values_are_what_they_are_whatever_a_plugin_makes_of_them() {
    for cluster in shared_clusters(10).await {
        let script = Script::values();
        let case = Case::on(cluster).await;
        let matrix = Matrix::in_case(case, &script, &json!({}), Through::PluginsAlone).await;
        matrix.compare(script.tables()).await;
    }
}
