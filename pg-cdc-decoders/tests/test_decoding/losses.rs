//! What the plugin does not tell, as `docs/plugins.md` has it.

use pg_cdc_core::batch::Op;
use pg_cdc_core::{Datum, Shape};
use pg_cdc_decoders::test_decoding::OPTIONS;
use pg_cdc_decoders::{TestDecoding, TextEncoding};
use pg_cdc_testkit::Version;

use crate::support::{Case, refused, reshaped, routed};

/// A database with a slot for each version under test.
async fn cases(schema: &str) -> Vec<(Case, String)> {
    let mut cases = Vec::new();
    for version in Version::under_test() {
        let mut case = Case::new(version, schema).await;
        let slot = case.slot("test_decoding").await;
        cases.push((case, slot));
    }
    cases
}

fn decoder(case: &Case) -> TestDecoding {
    TestDecoding::new(case.cluster.version_num(), TextEncoding::default())
}

#[tokio::test]
async fn a_delete_in_a_table_without_an_identity_is_an_error() {
    for (case, slot) in cases("CREATE TABLE public.log (at int, v text)").await {
        case.run(["INSERT INTO public.log VALUES (1, 'v'); UPDATE public.log SET at = 2"]).await;
        let frames = case.peek(&slot, OPTIONS).await;
        // An UPDATE has its new row and no key.
        let batch = routed(decoder(&case), case.tables(&[]).await, &frames);
        let update = batch.changes().last().unwrap();
        assert!(update.op() == Op::Update && update.before().is_none() && update.table().key.is_empty());
        case.run(["DELETE FROM public.log"]).await;
        let frames = case.peek(&slot, OPTIONS).await;
        let error = refused(decoder(&case), case.tables(&[]).await, &frames);
        assert!(error.contains("table public.log") && error.contains("no replica identity"), "{error}");
        case.end().await;
    }
}

#[tokio::test]
async fn old_rows_of_before_an_identity_was_made_full_are_taken_for_whole_unless_they_can_t_be() {
    let schema = "CREATE TABLE public.maybe (id int PRIMARY KEY, v text);
                  CREATE TABLE public.never (id int PRIMARY KEY, v text, n int NOT NULL)";
    for (case, slot) in cases(schema).await {
        case.run([
            "INSERT INTO public.maybe VALUES (1, 'v'); DELETE FROM public.maybe;
             INSERT INTO public.never VALUES (1, 'v', 2); DELETE FROM public.never;
             ALTER TABLE public.maybe REPLICA IDENTITY FULL; ALTER TABLE public.never REPLICA IDENTITY FULL",
        ])
        .await;
        let frames = case.peek(&slot, OPTIONS).await;
        let batch = routed(decoder(&case), case.tables(&[]).await, &frames);
        let deletes = batch.changes().filter(|change| change.op() == Op::Delete);
        let old: Vec<Datum<'_>> = deletes.map(|delete| delete.before().unwrap().datum(1)).collect();
        assert_eq!(old, [Datum::Null, Datum::NotInIdentity]);
        case.end().await;
    }
}

#[tokio::test]
async fn stored_generated_columns_are_told_where_they_are_wanted() {
    for (case, slot) in cases("").await {
        if case.cluster.major() >= 12 {
            case.run([
                "CREATE TABLE public.t (id int PRIMARY KEY, g int GENERATED ALWAYS AS (id * 2) STORED)",
                "INSERT INTO public.t VALUES (4)",
            ])
            .await;
            let frames = case.peek(&slot, OPTIONS).await;
            let batch = routed(decoder(&case), case.tables(&[]).await, &frames);
            assert_eq!(batch.changes().next().unwrap().table().columns.len(), 1);
            let whole = reshaped(&case.list().await, Shape::default().with_generated(true));
            let batch = routed(decoder(&case), whole, &frames);
            let row = batch.changes().next().unwrap().after().unwrap();
            assert_eq!(row.datum(1), Datum::Text(b"8"));
        }
        case.end().await;
    }
}
