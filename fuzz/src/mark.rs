//! What a batch holds, of what must be as it was where a message left no trace.

use pg_cdc_core::Lsn;
use pg_cdc_core::batch::ChangeBatch;

#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Mark {
    changes: usize,
    payload: usize,
    last: Option<(Lsn, u64)>,
    /// Of the tape itself.
    size: usize,
}

impl Mark {
    pub(crate) fn of(batch: &ChangeBatch) -> Self {
        Self { changes: batch.len(), payload: batch.payload(), last: batch.last(), size: batch.size() }
    }

    /// `batch` is as it was, but that it may hold the message's buffer, of `buffer` bytes, and up to `announced` tables more
    /// may have become known.
    pub(crate) fn left(&self, batch: &ChangeBatch, buffer: usize, announced: usize, by: &str) {
        let mut after = Self::of(batch);
        let mut entry = ChangeBatch::new();
        entry.idle(Lsn::ZERO);
        let mut known = (0..=announced).map(|times| times * entry.size());
        if known.any(|known| [0, buffer].iter().any(|held| self.size + known + held == after.size)) {
            after.size = self.size;
        }
        assert_eq!(after, *self, "{by} left a trace");
    }
}
