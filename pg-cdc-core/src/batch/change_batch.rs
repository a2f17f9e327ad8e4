//! A batch: the tape with its place in the source, filled by a decoder, read by a sink.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use bytes::Bytes;

use super::recycle::Recycler;
use super::slot::Slot;
use super::tape::{BatchTable, BufferId, Entry, Tape, Transaction};
use super::writer::ChangeWriter;
use crate::{Lsn, Position, Table};

/// A run of changes and events in order: the unit that flows from a source to a sink.
///
/// It is a tape: the network buffers as they came, one arena for bytes that are no slice of them, and flat vectors
/// of column slots and change headers. Writing a change allocates nothing once the vectors have grown; reading one
/// borrows. It owns all it shows (`'static`, `Send`), so it crosses tasks, and its vectors go back to their
/// [`Recycler`] when it is dropped.
///
/// Read it through [`events`](Self::events) or [`changes`](Self::changes).
#[derive(Debug)]
pub struct ChangeBatch {
    pub(super) tape: Tape,
    stamp: u64,
    position: Option<Position>,
    recycler: Option<Recycler>,
}

impl Default for ChangeBatch {
    fn default() -> Self {
        Self::new()
    }
}

impl ChangeBatch {
    /// An empty batch that is not recycled.
    #[must_use]
    pub fn new() -> Self {
        Self::with_tape(Tape::default(), None)
    }

    pub(super) fn with_tape(tape: Tape, recycler: Option<Recycler>) -> Self {
        static STAMP: AtomicU64 = AtomicU64::new(1);
        Self { tape, stamp: STAMP.fetch_add(1, Ordering::Relaxed), position: None, recycler }
    }

    /// Number of changes (rows and TRUNCATEs).
    #[must_use]
    pub fn len(&self) -> usize {
        self.tape.changes
    }

    /// Whether it holds no change; it may still hold events and a position.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.tape.changes == 0
    }

    /// The last change or transactional message: its transaction's commit LSN, and its index there.
    #[must_use]
    pub fn last(&self) -> Option<(Lsn, u64)> {
        let commit = |index: u32| self.tape.transactions.get(index as usize).map(|known| known.commit_lsn);
        self.tape.entries.iter().rev().find_map(|entry| match entry {
            Entry::Change(change) => Some((commit(change.transaction)?, change.seq)),
            Entry::Message { index } => {
                let message = self.tape.messages.get(*index as usize)?;
                Some((commit(message.transaction?)?, message.seq))
            }
            _ => None,
        })
    }

    /// Whether nothing at all stands in it, events included.
    #[must_use]
    pub fn is_blank(&self) -> bool {
        self.tape.entries.is_empty()
    }

    /// Bytes that it keeps alive: attached buffers, arena and the tape itself.
    #[must_use]
    pub fn size(&self) -> usize {
        let tape = &self.tape;
        tape.held
            + tape.arena.len()
            + tape.slots.len() * size_of::<Slot>()
            + tape.entries.len() * size_of::<Entry>()
            + size_of_val(&*tape.mended)
    }

    /// Bytes of messages that its changes were read from: what went over the wire for them.
    #[must_use]
    pub fn payload(&self) -> usize {
        self.tape.used
    }

    /// The place in the source once everything in this batch is durable.
    #[must_use]
    pub fn position(&self) -> Option<&Position> {
        self.position.as_ref()
    }

    /// Says which place in the source this batch leads to.
    pub fn set_position(&mut self, position: Position) {
        self.position = Some(position);
    }

    /// Keeps `buffer` alive with the batch, so that slots can point into it; the last one again costs nothing.
    #[inline]
    pub fn attach(&mut self, buffer: &Bytes) -> BufferId {
        let Tape { buffers, held, .. } = &mut self.tape;
        let same = |last: &Bytes| last.as_ptr() == buffer.as_ptr() && last.len() == buffer.len();
        if !buffers.last().is_some_and(same) {
            buffers.push(buffer.clone());
            *held += buffer.len();
        }
        BufferId((buffers.len() - 1) as u32)
    }

    /// The batch's handle of `table`; asked with the handle of an earlier call, it costs a comparison.
    #[inline]
    pub fn table(&mut self, table: &Arc<Table>, known: Option<BatchTable>) -> BatchTable {
        match known {
            Some(known) if known.stamp == self.stamp => known,
            _ => self.add_table(table),
        }
    }

    fn add_table(&mut self, table: &Arc<Table>) -> BatchTable {
        let tables = &mut self.tape.tables;
        let index = tables.iter().position(|known| Arc::ptr_eq(known, table)).unwrap_or_else(|| {
            tables.push(Arc::clone(table));
            tables.len() - 1
        });
        BatchTable { stamp: self.stamp, index: index as u32 }
    }

    /// Makes `transaction` the one that the following changes belong to.
    #[inline]
    pub fn enter(&mut self, transaction: &Transaction) {
        if self.tape.transactions.last() != Some(transaction) {
            self.tape.transactions.push(*transaction);
        }
    }

    /// Starts a row's change; its columns follow through the writer.
    #[inline]
    pub fn write(&mut self, buffer: BufferId) -> ChangeWriter<'_> {
        ChangeWriter::new(&mut self.tape, buffer)
    }

    /// Frees buffers of which the changes use less than a quarter, by copying what they use into the arena: a few
    /// small changes never pin a large buffer.
    pub fn compact(&mut self) {
        self.tape.compact();
    }
}

impl Recycler {
    /// An empty batch that comes back here when it is dropped.
    #[must_use]
    pub fn batch(&self) -> ChangeBatch {
        ChangeBatch::with_tape(self.take(), Some(self.clone()))
    }
}

impl Drop for ChangeBatch {
    fn drop(&mut self) {
        if let Some(recycler) = self.recycler.take() {
            recycler.give_back(std::mem::take(&mut self.tape));
        }
    }
}
