//! Transactions in two phases (14+).

use pg_cdc_core::batch::Event;
use pg_cdc_decoders::test_decoding::OPTIONS;
use pg_cdc_decoders::{TestDecoding, TextEncoding};
use pg_cdc_testkit::{Cluster, Keeper, Version};

use crate::support::Case;

#[tokio::test]
async fn prepared_transactions_are_handed_out_when_they_commit() {
    for version in Version::under_test() {
        let cluster = Cluster::shared(version).await.unwrap();
        if cluster.major() < 14 {
            continue;
        }
        let mut case = Case::new(version, "CREATE TABLE public.t (id int PRIMARY KEY, v text)").await;
        let slot = case.two_phase_slot("test_decoding").await;
        case.run([
            r"BEGIN; INSERT INTO public.t VALUES (1, 'prepared'); PREPARE TRANSACTION E'it''s \\one'",
            "INSERT INTO public.t VALUES (2, 'between')",
            "BEGIN; INSERT INTO public.t VALUES (3, 'given up'); PREPARE TRANSACTION 'two'",
            "ROLLBACK PREPARED 'two'",
            r"COMMIT PREPARED E'it''s \\one'",
            // The plugin sends such a one when it commits.
            "BEGIN; INSERT INTO public.t VALUES (4, 'late'); PREPARE TRANSACTION 'three_nodecode'",
            "COMMIT PREPARED 'three_nodecode'",
            "BEGIN; INSERT INTO public.t VALUES (5, 'open'); PREPARE TRANSACTION 'four'",
        ])
        .await;
        let frames = case.peek(&slot, OPTIONS).await;
        let decoder = TestDecoding::new(cluster.version_num(), TextEncoding::default());
        let mut keeper = Keeper::new(decoder).with_tables(case.tables(&[]).await);
        for (lsn, data) in &frames {
            keeper.take(*lsn, data).unwrap();
        }
        let lines: Vec<String> = keeper
            .batch
            .events()
            .filter_map(|event| match event {
                Event::Change(change) => Some(format!("{:?}", change.after().unwrap())),
                Event::Commit { transaction, end_lsn, .. } => {
                    assert_eq!(transaction.commit_lsn, end_lsn);
                    assert!(transaction.xid.is_some() && transaction.commit_time > 0);
                    Some("commit".to_owned())
                }
                _ => None,
            })
            .collect();
        let row = |id: u32, v: &str| format!(r#"{{"id": "{id}", "v": "{v}"}}"#);
        let expected = [(2, "between"), (1, "prepared"), (4, "late")];
        let expected: Vec<_> =
            expected.iter().flat_map(|(id, v)| [row(*id, v), "commit".to_owned()]).collect();
        assert_eq!(lines, expected, "PostgreSQL {version}");
        // What is open holds the acknowledgement back, at a place before its PREPARE.
        let prepare =
            frames.iter().find(|(_, data)| data.starts_with(b"PREPARE TRANSACTION 'four'")).unwrap();
        assert!(!keeper.is_empty() && keeper.acknowledgeable().unwrap() < prepare.0);
        case.run(["ROLLBACK PREPARED 'four'"]).await;
        case.end().await;
    }
}
