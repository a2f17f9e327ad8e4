//! Rows that are filtered, columns that are left out, columns that are computed.

use pg_cdc_testkit::replay::{Part, TableName};
use pg_cdc_testkit::workload::Script;
use serde_json::json;

use crate::matrix::{Matrix, shared_clusters};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_read_of_a_table_is_the_same_in_every_way() {
    for cluster in shared_clusters(12).await {
        let (major, script) = (cluster.major(), Script::shapes(cluster.major()));
        let (filter, without) = ("region = 'eu'", json!({ "exclude": ["secret"] }));
        let mut tables = json!({ "columns": { "shapes.columns": without, "shapes.both": without, "shapes.parts": without } });
        let rows = if major >= 15 { filter } else { "true" };
        if major >= 15 {
            tables["rows"] = json!({ "shapes.rows": filter, "shapes.both": filter, "shapes.parts": filter, "shapes.crossing": filter });
        }
        if major >= 18 {
            tables["generated"] = "include".into();
        }
        let matrix =
            Matrix::through_publications(cluster, &script, &json!({ "source": { "tables": tables } })).await;
        let name = |table: &str| TableName::from(("shapes", table));
        let listed = Part::columns(&["id", "region", "n", "big"]);
        let all = Part::columns(&["secret", "id", "region", "n", "big"]);
        let generated = if major >= 18 { &["id", "g", "n", "v"][..] } else { &["id", "n", "v"] };
        let mut parts = vec![
            (name("rows"), all.with_rows(rows)),
            (name("columns"), listed),
            (name("both"), listed.with_rows(rows)),
            (name("generated"), Part::columns(generated)),
        ];
        if major >= 13 {
            parts.push((name("parts"), listed.with_rows(rows)));
        }
        matrix.compare_parts(&parts).await;
        if major >= 15 {
            // The server has no more of it than this.
            let crossing = matrix.lines_of("shapes", "crossing");
            assert_eq!(matrix.ops_of("shapes", "crossing"), "c");
            assert_eq!(
                (&crossing[0]["unchanged"], &crossing[0]["after"]["big"]),
                (&json!(["big"]), &json!(null))
            );
            assert!(crossing[0]["after"].get("big").is_none());
        }
        let seen = matrix
            .lines()
            .iter()
            .filter(|line| {
                !["rows", "crossing"].contains(&line["table"].as_str().unwrap())
                    && line.to_string().contains("secret")
            })
            .count();
        assert_eq!(seen, 0);
    }
}
