//! Generated columns that have no value in the log.

use pg_cdc_core::Shape;
use pg_cdc_decoders::test_decoding::OPTIONS;
use pg_cdc_decoders::{TestDecoding, TextEncoding};
use pg_cdc_testkit::Version;

use crate::support::{Case, reshaped, routed};

/// The first version that has them.
const VIRTUAL: Version = Version::V18;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_virtual_generated_column_is_printed_as_null_and_never_read() {
    for version in Version::under_test().into_iter().filter(|version| *version >= VIRTUAL) {
        let table = "CREATE TABLE public.v (id int PRIMARY KEY, s int GENERATED ALWAYS AS (id + 1) STORED, \
                     g int GENERATED ALWAYS AS (id * 2) VIRTUAL, t text)";
        let mut case = Case::new(version, table).await;
        let slot = case.slot("test_decoding").await;
        case.run(["INSERT INTO v (id, t) VALUES (1, 'a'); UPDATE v SET t = 'b'; DELETE FROM v"]).await;
        let frames = case.peek(&slot, OPTIONS).await;
        assert!(frames.iter().any(|(_, line)| line.windows(16).any(|part| part == b"g[integer]:null ")));
        for (facts, expected) in [
            (case.tables(&[]).await, &["id", "t"][..]),
            (reshaped(&case.list().await, Shape::default().with_generated(true)), &["id", "s", "t"]),
        ] {
            let decoder = TestDecoding::new(case.cluster.version_num(), TextEncoding::default());
            let batch = routed(decoder, facts, &frames);
            assert_eq!(batch.len(), 3);
            for change in batch.changes() {
                let columns = change.table().columns.iter().map(|column| &*column.name);
                assert_eq!(columns.collect::<Vec<_>>(), expected, "{:?}", change.op());
            }
        }
        case.end().await;
    }
}
