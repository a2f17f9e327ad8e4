//! Counts that can be read while the sink runs.

use std::sync::{Arc, Mutex, PoisonError};

/// How much a [`Null`](super::Null) sink was given.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Counts {
    /// Batches.
    pub batches: u64,
    /// Commits.
    pub transactions: u64,
    /// Rows of a snapshot.
    pub reads: u64,
    /// INSERTs.
    pub inserts: u64,
    /// UPDATEs.
    pub updates: u64,
    /// DELETEs.
    pub deletes: u64,
    /// TRUNCATEs, one for each table.
    pub truncates: u64,
    /// Logical messages.
    pub messages: u64,
    /// Column values, of old and new rows, NULLs not counted.
    pub values: u64,
    /// Bytes of these values, as they were encoded, and of messages.
    pub bytes: u64,
}

impl Counts {
    /// Rows and TRUNCATEs.
    #[must_use]
    pub fn changes(&self) -> u64 {
        self.reads + self.inserts + self.updates + self.deletes + self.truncates
    }
}

/// Reads the counts of a [`Null`](super::Null) sink. Clones read the same ones.
#[derive(Debug, Clone, Default)]
pub struct Counters {
    counts: Arc<Mutex<Counts>>,
}

impl Counters {
    /// The counts, of whole batches.
    #[must_use]
    pub fn get(&self) -> Counts {
        *self.counts.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn add(&self, more: &Counts) {
        let mut counts = self.counts.lock().unwrap_or_else(PoisonError::into_inner);
        let Counts {
            batches,
            transactions,
            reads,
            inserts,
            updates,
            deletes,
            truncates,
            messages,
            values,
            bytes,
        } = &mut *counts;
        *batches += more.batches;
        *transactions += more.transactions;
        *reads += more.reads;
        *inserts += more.inserts;
        *updates += more.updates;
        *deletes += more.deletes;
        *truncates += more.truncates;
        *messages += more.messages;
        *values += more.values;
        *bytes += more.bytes;
    }
}
