//! Decoding allocates nothing a statement, once what is used again has grown.

use super::*;
use pg_cdc_core::batch::Recycler;
use pg_cdc_testkit::encode::walminer::{Change, Dialect};

#[test]
fn decoding_allocates_nothing_a_statement() {
    let columns =
        [("a", oid::INT4), ("b", oid::TEXT), ("c d", oid::NUMERIC), ("e", oid::TEXT), ("f", oid::BOOL)];
    let tables = ["t", "u v"].map(|name| table(name, &columns));
    let row = |number: i32| {
        let text = |text: &str| Some(text.to_owned());
        vec![Some(number.to_string()), text("it's"), text("1.50"), None, text("t")]
    };
    let changes = [Change::Insert(row(1)), Change::Update(row(1), row(2)), Change::Delete(row(2))];
    for dialect in [Dialect::V1, Dialect::V3] {
        let mut bench = Bench::in_transaction(&tables);
        let frames: Vec<Bytes> = (0..60)
            .map(|at| {
                let (table, change) = (&tables[at / 5 % 2], &changes[at % 3]);
                walminer::row(table, change.verb(), 1, change.statement(dialect, table).as_bytes())
            })
            .collect();
        let recycler = Recycler::new();
        let Bench { decoder, tables: known, .. } = &mut bench;
        let mut decode = || {
            let mut batch = recycler.batch();
            for frame in &frames {
                let outcome = decoder.decode(Frame::whole(Lsn::new(100), frame), known, &mut batch).unwrap();
                assert_eq!(outcome, Outcome::Taken);
            }
            batch.len()
        };
        decode();
        let counted =
            allocation_counter::measure(|| assert_eq!((0..100).map(|_| decode()).sum::<usize>(), 6000));
        assert_eq!(counted.count_total, 0, "{dialect:?}: {counted:?}");
    }
}
