//! How much is kept, and where.

use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};

/// How much a [`Spool`](super::Spool) keeps, those of its transactions that are being read included.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct SpoolStats {
    /// Transactions.
    pub transactions: usize,
    /// Bytes of buffers. A block that was handed out counts in the pool only.
    pub memory: usize,
    /// Bytes of files.
    pub disk: u64,
    /// Bytes that were written to files since the spool was opened.
    pub spilled: u64,
}

/// [`SpoolStats`], shared between a spool and its readers.
#[derive(Debug, Default)]
pub(super) struct Counters {
    pub(super) transactions: AtomicUsize,
    pub(super) memory: AtomicUsize,
    pub(super) disk: AtomicU64,
    pub(super) spilled: AtomicU64,
}

impl Counters {
    pub(super) fn memory(&self) -> usize {
        self.memory.load(Ordering::Relaxed)
    }

    pub(super) fn stats(&self) -> SpoolStats {
        SpoolStats {
            transactions: self.transactions.load(Ordering::Relaxed),
            memory: self.memory(),
            disk: self.disk.load(Ordering::Relaxed),
            spilled: self.spilled.load(Ordering::Relaxed),
        }
    }
}
