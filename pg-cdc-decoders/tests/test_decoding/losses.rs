//! What the plugin does not tell, as `docs/plugins.md` has it.

use pg_cdc_core::Datum;
use pg_cdc_core::batch::Op;
use pg_cdc_decoders::test_decoding::OPTIONS;
use pg_cdc_decoders::{TestDecoding, TextEncoding};
use pg_cdc_testkit::{Cluster, Keeper, Version};

use crate::support::{decoded, drop_slots, make_slot, peek, tables};

#[tokio::test]
async fn a_delete_in_a_table_without_an_identity_is_an_error() {
    for version in Version::under_test() {
        let cluster = Cluster::shared(version).await.unwrap();
        let database = cluster.fresh_database("losses").await.unwrap();
        let client = cluster.connect(&database).await.unwrap();
        client.batch_execute("CREATE TABLE public.log (at int, v text)").await.unwrap();
        let slot = format!("losses_{database}");
        make_slot(&client, &slot, "test_decoding").await;
        client
            .batch_execute("INSERT INTO public.log VALUES (1, 'v'); UPDATE public.log SET at = 2")
            .await
            .unwrap();
        let decoder = || TestDecoding::new(cluster.version_num(), TextEncoding::default());
        let frames = peek(&client, &slot, OPTIONS).await;
        // An UPDATE has its new row and no key.
        let batch = decoded(decoder(), tables(cluster, &database, &[]).await, &frames, true);
        let update = batch.changes().last().unwrap();
        assert!(update.op() == Op::Update && update.before().is_none() && update.table().key.is_empty());
        client.batch_execute("DELETE FROM public.log").await.unwrap();
        let frames = peek(&client, &slot, OPTIONS).await;
        let mut keeper = Keeper::new(decoder()).with_tables(tables(cluster, &database, &[]).await);
        let error = frames.iter().find_map(|(lsn, data)| keeper.take(*lsn, data).err()).unwrap().to_string();
        assert!(error.contains("table public.log") && error.contains("no replica identity"), "{error}");
        drop_slots(&client, &[slot]).await;
    }
}

#[tokio::test]
async fn old_rows_of_before_an_identity_was_made_full_are_taken_for_whole_unless_they_can_t_be() {
    for version in Version::under_test() {
        let cluster = Cluster::shared(version).await.unwrap();
        let database = cluster.fresh_database("identity").await.unwrap();
        let client = cluster.connect(&database).await.unwrap();
        client
            .batch_execute(
                "CREATE TABLE public.maybe (id int PRIMARY KEY, v text);
                 CREATE TABLE public.never (id int PRIMARY KEY, v text, n int NOT NULL)",
            )
            .await
            .unwrap();
        let slot = format!("identity_{database}");
        make_slot(&client, &slot, "test_decoding").await;
        client
            .batch_execute(
                "INSERT INTO public.maybe VALUES (1, 'v'); DELETE FROM public.maybe;
                 INSERT INTO public.never VALUES (1, 'v', 2); DELETE FROM public.never;
                 ALTER TABLE public.maybe REPLICA IDENTITY FULL; ALTER TABLE public.never REPLICA IDENTITY FULL",
            )
            .await
            .unwrap();
        let frames = peek(&client, &slot, OPTIONS).await;
        let decoder = TestDecoding::new(cluster.version_num(), TextEncoding::default());
        let batch = decoded(decoder, tables(cluster, &database, &[]).await, &frames, true);
        let deletes = batch.changes().filter(|change| change.op() == Op::Delete);
        let old: Vec<Datum<'_>> = deletes.map(|delete| delete.before().unwrap().datum(1)).collect();
        assert_eq!(old, [Datum::Null, Datum::NotInIdentity]);
        drop_slots(&client, &[slot]).await;
    }
}

#[tokio::test]
async fn stored_generated_columns_are_told_where_they_are_wanted() {
    for version in Version::under_test() {
        let cluster = Cluster::shared(version).await.unwrap();
        if cluster.major() < 12 {
            continue;
        }
        let database = cluster.fresh_database("generated").await.unwrap();
        let client = cluster.connect(&database).await.unwrap();
        let sql = "CREATE TABLE public.t (id int PRIMARY KEY, g int GENERATED ALWAYS AS (id * 2) STORED)";
        client.batch_execute(sql).await.unwrap();
        let slot = format!("generated_{database}");
        make_slot(&client, &slot, "test_decoding").await;
        client.batch_execute("INSERT INTO public.t VALUES (4)").await.unwrap();
        let frames = peek(&client, &slot, OPTIONS).await;
        let decoder = || TestDecoding::new(cluster.version_num(), TextEncoding::default());
        let batch = decoded(decoder(), tables(cluster, &database, &[]).await, &frames, true);
        assert_eq!(batch.changes().next().unwrap().table().columns.len(), 1);
        let batch = decoded(decoder(), crate::support::whole(cluster, &database).await, &frames, true);
        let row = batch.changes().next().unwrap().after().unwrap();
        assert_eq!(row.datum(1), Datum::Text(b"8"));
        drop_slots(&client, &[slot]).await;
    }
}
