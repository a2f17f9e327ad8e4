//! The comparison against real servers' `row_to_json`.
#![allow(clippy::unwrap_used, reason = "a test's helpers")]

use pg_cdc_testkit::replay::Replay;
use pg_cdc_testkit::workload::{Live, Random};
use pg_cdc_testkit::{Client, Cluster, Version, quote_ident};

/// Lines of a snapshot, made by the server itself.
async fn snapshot(client: &Client, (schema, table): (&str, &str), key: &[&str]) -> Vec<String> {
    let pairs: Vec<_> = key.iter().map(|k| format!("'{k}', row_.{}", quote_ident(k))).collect();
    let sql = format!(
        "SELECT '{{\"op\":\"r\",\"schema\":' || to_json('{schema}'::text) || ',\"table\":' || to_json('{table}'::text) ||
                ',\"lsn\":1,\"commit_lsn\":1,\"seq\":0,\"xid\":null,\"ts\":1,\"key\":' || json_build_object({}) ||
                ',\"before\":null,\"after\":' || row_to_json(row_) || '}}' FROM {}.{} row_",
        pairs.join(", "),
        quote_ident(schema),
        quote_ident(table)
    );
    client.query(&sql, &[]).await.unwrap().iter().map(|row| row.get(0)).collect()
}

#[tokio::test]
async fn a_true_copy_has_no_differences_and_a_false_one_has() {
    for version in Version::under_test() {
        let cluster = Cluster::shared(version).await.unwrap();
        let database = cluster.fresh_database("replay").await.unwrap();
        let client = cluster.connect(&database).await.unwrap();
        let random = Random::new(200);
        random.create(&client).await.unwrap();
        let live = Live::start(&cluster.config(&database), random.workers(3, 9), None);
        live.committed(300).await.unwrap();
        live.stop().await.unwrap();
        client.batch_execute("CREATE TABLE public.empty (id int)").await.unwrap();

        let mut lines = Vec::new();
        let digits = if version < Version::V12 { 3 } else { 1 };
        client
            .batch_execute(&format!("SET TimeZone = 'UTC'; SET extra_float_digits = {digits}"))
            .await
            .unwrap();
        for (table, key) in
            random.tables().into_iter().zip([&["id"][..], &["b", "id"], &["id"], &["id"], &["Id "]])
        {
            lines.extend(snapshot(&client, table, key).await);
        }
        let tables = || random.tables().into_iter().chain([("public", "empty")]);
        let mut replay = Replay::new();
        replay.apply_text(&lines.join("\n")).unwrap();
        assert_eq!(replay.problems(), [""; 0]);
        let differences = replay.compare(&client, tables()).await.unwrap();
        assert!(differences.is_empty(), "{version}: {differences:#?}");

        client.batch_execute("UPDATE random.identity_full SET n = 77 WHERE id = (SELECT min(id) FROM random.identity_full)").await.unwrap();
        client.batch_execute("INSERT INTO random.pair (id, b) VALUES (-1, 'new')").await.unwrap();
        client
            .batch_execute(
                "DELETE FROM random.identity_index WHERE id = (SELECT min(id) FROM random.identity_index)",
            )
            .await
            .unwrap();
        let differences = replay.compare(&client, tables()).await.unwrap().join("\n");
        for said in [
            "n is 77 at the source",
            "random.pair (b=\"new\", id=-1): missing in the replay",
            "in the replay, not at the source",
        ] {
            assert!(differences.contains(said), "{said} in {differences}");
        }
        assert!(replay.compare(&client, ["public.nowhere"]).await.is_err());
    }
}
