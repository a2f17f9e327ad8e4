//! Tables and types that change while their changes are read.

use pg_cdc_testkit::workload::Script;
use serde_json::json;

use crate::matrix::{Matrix, shared_clusters};
use crate::told::OfNow;

const OF_NOW: OfNow = OfNow {
    without: "schemas.again",
    between: &["schemas.renamed_2"],
    keys: &[("schemas.keyed", "old_id", &["other"])],
};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn tables_and_types_that_change_come_as_they_were_when_they_were_written() {
    for cluster in shared_clusters(10).await {
        let script = Script::schemas(cluster.major());
        // A table that is made later is published too.
        let settings = json!({ "source": {
            "publication": { "create": "all_tables" }, "tables": { "on_unknown_table": "ignore" } } });
        let matrix = Matrix::through_of_now(cluster, &script, &settings, &OF_NOW).await;
        matrix.compare(script.tables()).await;
        // Of a table made again under its name, what was before counts.
        assert_eq!(matrix.ops_of("schemas", "again"), "ccd");
        assert_eq!(matrix.ops_of("schemas", "dropped"), "c");
        let of_then = [("schemas", "renamed"), ("schemas", "renamed_2"), ("schemas_2", "renamed_2")];
        assert_eq!(of_then.map(|(schema, table)| matrix.ops_of(schema, table)), ["cd", "cd", "c"]);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn partitions_come_and_go_under_their_root() {
    for cluster in shared_clusters(13).await {
        let script = Script::partitions(cluster.major());
        let matrix = Matrix::through_publications(cluster, &script, &json!({})).await;
        matrix.compare(script.tables()).await;
        matrix.compare(&["parts.p".into(), "parts.hashed".into(), "parts.lists".into()]).await;
        assert_eq!(matrix.ops_of("parts", "p_a"), "");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn partitions_come_and_go_as_themselves() {
    for cluster in shared_clusters(11).await {
        let script = Script::partitions(cluster.major());
        let settings = json!({ "source": { "publication": { "via_root": false } } });
        let matrix = Matrix::through(cluster, &script, &settings).await;
        matrix.compare(script.tables()).await;
        let parts = ["p_a", "p_cd_1", "p_cd_2", "p_rest", "hashed_0", "hashed_1", "lists_1"]
            .map(|part| ("parts", part).into());
        matrix.compare(&parts).await;
        assert_eq!(
            (matrix.ops_of("parts", "p"), matrix.ops_of("parts", "p_cd")),
            (String::new(), String::new())
        );
    }
}
