//! Text that was none: counted, and told of once a column.

use std::collections::HashSet;
use std::sync::Arc;

use pg_cdc_core::batch::ChangeBatch;

/// The columns that were told of, by their tables' OIDs.
#[derive(Debug, Default)]
pub(super) struct Mended {
    told: HashSet<(u32, Arc<str>)>,
}

impl Mended {
    /// Counts what `batch` holds, and warns of the columns that are seen for the first time.
    pub(super) fn saw(&mut self, batch: &ChangeBatch) {
        let mut values = 0;
        for (table, column) in batch.mended() {
            values += 1;
            if self.told.insert((table.oid, Arc::clone(&column.name))) {
                tracing::warn!(
                    table = %table.name, column = %column.name,
                    "holds bytes that are not text in the database's encoding: they are written as invalid_text says \
                     (further ones are counted only)"
                );
            }
        }
        metrics::counter!("pg_cdc_invalid_text_total").increment(values);
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicU64, Ordering};

    use metrics::{Counter, Gauge, Histogram, Key, KeyName, Metadata, Recorder, SharedString, Unit};
    use pg_cdc_core::batch::{Op, Slot, Transaction};
    use pg_cdc_core::{Column, ColumnType, Lsn, ReplicaIdentity, Table, TableName};

    use super::*;

    /// Sums up every counter there is.
    #[derive(Default)]
    struct Sum(Arc<AtomicU64>);

    impl Recorder for Sum {
        fn describe_counter(&self, _: KeyName, _: Option<Unit>, _: SharedString) {}
        fn describe_gauge(&self, _: KeyName, _: Option<Unit>, _: SharedString) {}
        fn describe_histogram(&self, _: KeyName, _: Option<Unit>, _: SharedString) {}

        fn register_counter(&self, key: &Key, _: &Metadata<'_>) -> Counter {
            assert_eq!(key.name(), "pg_cdc_invalid_text_total");
            Counter::from_arc(Arc::clone(&self.0))
        }

        fn register_gauge(&self, _: &Key, _: &Metadata<'_>) -> Gauge {
            Gauge::noop()
        }

        fn register_histogram(&self, _: &Key, _: &Metadata<'_>) -> Histogram {
            Histogram::noop()
        }
    }

    #[test]
    fn each_value_is_counted_and_each_column_told_of_once() {
        let columns = ["a", "b"].map(|name| Column::new(name, ColumnType::built_in(25))).into();
        let table = Table::new(1, TableName::new("public", "t"), columns, ReplicaIdentity::Default);
        let mut batch = ChangeBatch::new();
        let (buffer, handle) = (batch.attach(&bytes::Bytes::new()), batch.table(&Arc::new(table), None));
        batch.enter(&Transaction::new(None, Lsn::new(1), 0));
        for mended in [&[0][..], &[0, 1], &[]] {
            let mut writer = batch.write(buffer);
            writer.filled_row(2, Slot::NULL);
            mended.iter().for_each(|&index| writer.note_mended(index));
            writer.finish(Op::Insert, handle, Lsn::new(1), 0, 0).unwrap();
        }
        let (sum, mut mended) = (Sum::default(), Mended::default());
        metrics::with_local_recorder(&sum, || {
            mended.saw(&batch);
            mended.saw(&ChangeBatch::new());
        });
        assert_eq!(sum.0.load(Ordering::Relaxed), 3);
        let mut told: Vec<_> = mended.told.iter().map(|(oid, column)| (*oid, &**column)).collect();
        told.sort_unstable();
        assert_eq!(told, [(1, "a"), (1, "b")]);
    }
}
