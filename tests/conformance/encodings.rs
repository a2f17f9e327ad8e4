//! Databases of other encodings.

use pg_cdc_testkit::Cluster;
use pg_cdc_testkit::workload::Script;
use serde_json::json;

use crate::case::Case;
use crate::matrix::{Matrix, shared_clusters};
use crate::way::Through;

async fn database(cluster: &'static Cluster, encoding: &str) -> Case {
    let name = cluster.fresh_database_in(&encoding.to_lowercase(), encoding).await.unwrap();
    Case::on_database(cluster, name).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn names_and_values_of_other_encodings_come_out_as_utf_8() {
    for cluster in shared_clusters(10).await {
        for encoding in ["LATIN1", "WIN1252", "EUC_JP", "SQL_ASCII"] {
            let case = database(cluster, encoding).await;
            let mut script = Script::encoded(encoding);
            if encoding == "LATIN1" {
                script = script.then(Script::names(true));
            } else if encoding == "SQL_ASCII" && cluster.major() >= 14 {
                script = script.then(Script::messages());
            }
            // pgoutput's text is converted by the server, whatever the encoding.
            let has_all = ["LATIN1", "SQL_ASCII"].contains(&encoding);
            let through = if has_all { Through::Plugins } else { Through::PluginsAlone };
            let matrix = Matrix::in_case(case, &script, &json!({}), through).await;
            matrix.compare(script.tables()).await;
        }
    }
}
