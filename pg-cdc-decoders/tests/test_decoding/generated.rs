//! Generated columns that have no value in the log.

use pg_cdc_core::catalog;
use pg_cdc_decoders::test_decoding::OPTIONS;
use pg_cdc_decoders::{TestDecoding, TextEncoding};
use pg_cdc_testkit::{Cluster, Version};

use crate::support::{decoded, drop_slots, make_slot, peek, tables, whole};

/// The first version that has them.
const VIRTUAL: u32 = 180_000;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_virtual_generated_column_is_printed_as_null_and_never_read() {
    for version in Version::under_test() {
        let cluster = Cluster::shared(version).await.unwrap();
        if cluster.version_num() < VIRTUAL {
            continue;
        }
        let database = cluster.fresh_database("virtual").await.unwrap();
        let client = cluster.connect(&database).await.unwrap();
        let table = "CREATE TABLE public.v (id int PRIMARY KEY, s int GENERATED ALWAYS AS (id + 1) STORED, \
                     g int GENERATED ALWAYS AS (id * 2) VIRTUAL, t text)";
        client.batch_execute(table).await.unwrap();
        let slots = [format!("virtual_{database}")];
        make_slot(&client, &slots[0], "test_decoding").await;
        client
            .batch_execute("INSERT INTO v (id, t) VALUES (1, 'a'); UPDATE v SET t = 'b'; DELETE FROM v")
            .await
            .unwrap();
        let frames = peek(&client, &slots[0], OPTIONS).await;
        assert!(frames.iter().any(|(_, line)| line.windows(16).any(|part| part == b"g[integer]:null ")));
        let ours = catalog::connect(&cluster.url(&database).parse().unwrap()).await.unwrap();
        let before = catalog::list_tables(&ours, cluster.version_num()).await.unwrap();
        for (facts, expected) in [
            (tables(cluster, &database, &before).await, &["id", "t"][..]),
            (whole(cluster, &database).await, &["id", "s", "t"]),
        ] {
            let decoder = TestDecoding::new(cluster.version_num(), TextEncoding::default());
            let batch = decoded(decoder, facts, &frames, true);
            assert_eq!(batch.len(), 3);
            for change in batch.changes() {
                let columns = change.table().columns.iter().map(|column| &*column.name);
                assert_eq!(columns.collect::<Vec<_>>(), expected, "{:?}", change.op());
            }
        }
        drop_slots(&client, &slots).await;
    }
}
