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
