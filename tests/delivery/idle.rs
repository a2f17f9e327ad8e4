//! An idle database pins no WAL.

use std::time::{Duration, Instant};

use pg_cdc_testkit::{Cluster, Version};

use crate::support::{PATIENCE, Pipeline, eventually};
use crate::{confirmed, database, reading, row_file, saved_confirmed};

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn wal_of_others_is_acknowledged_within_the_heartbeat_and_saved_before() {
    for version in Version::under_test() {
        let cluster = Cluster::shared(version).await.unwrap();
        let (name, client) = database(cluster).await;
        let (_, other) = database(cluster).await;
        client.batch_execute("CREATE TABLE t (id int PRIMARY KEY); CREATE TABLE u (i int)").await.unwrap();
        other.batch_execute("CREATE TABLE o (i int)").await.unwrap();
        let source = "  tables: { include: [public.t] }\n  heartbeat: { every: 1s }\n";
        let pipeline = Pipeline::new(&name, &row_file(&cluster.url(&name), source, ""));
        let run = pipeline.start(&[]);
        reading(&client, &name).await;
        client.batch_execute("INSERT INTO t VALUES (1)").await.unwrap();
        for client_of_wal in [&other, &client] {
            let table = if std::ptr::eq(client_of_wal, &other) { "o" } else { "u" };
            for _ in 0..3 {
                let sql = format!("INSERT INTO {table} SELECT generate_series(1, 10000)");
                client_of_wal.batch_execute(&sql).await.unwrap();
                let sql = "SELECT (pg_current_wal_insert_lsn() - '0/0')::text";
                let target: u64 = client.value(sql).await.unwrap().parse().unwrap();
                let since = Instant::now();
                while confirmed(&client, &name).await < target {
                    let late = since.elapsed();
                    // Below the heartbeat that is the default.
                    assert!(
                        late < Duration::from_secs(9),
                        "not acknowledged after {late:?}: {}",
                        run.stderr()
                    );
                    tokio::time::sleep(Duration::from_millis(20)).await;
                }
                let acknowledged = confirmed(&client, &name).await;
                let saved = saved_confirmed(&pipeline.state().unwrap());
                assert!(saved >= acknowledged, "acknowledged {acknowledged}, saved {saved}");
            }
        }
        eventually("the row", PATIENCE, || {
            std::fs::read_to_string(pipeline.path("out.jsonl")).ok().filter(|text| text.lines().count() == 1)
        });
        run.signal("INT");
        run.wait(PATIENCE).succeeded();
        pipeline.cleanup();
    }
}
