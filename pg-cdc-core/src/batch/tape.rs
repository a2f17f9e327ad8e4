//! The tape: what a decoder writes and a sink reads.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use bytes::Bytes;

use super::recycle::Recycler;
use super::slot::{Slot, Tag};
use crate::{Lsn, Position, Table};

/// What a change does to its table.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Op {
    /// A row that was there, read by a snapshot.
    Read,
    /// INSERT.
    Insert,
    /// UPDATE.
    Update,
    /// DELETE.
    Delete,
    /// TRUNCATE.
    Truncate,
}

/// A transaction, as far as it is told when its changes are handed out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct Transaction {
    /// Its 32-bit id, where the plugin tells it.
    pub xid: Option<u32>,
    /// Start of its commit record (the end for plugins that tell only that); for a snapshot the point it shows.
    pub commit_lsn: Lsn,
    /// When it committed, in microseconds since 1970-01-01 UTC; for a snapshot when it was read.
    pub commit_time: i64,
}

impl Transaction {
    /// A transaction that commits at `commit_lsn`, `commit_time` microseconds after 1970-01-01 UTC.
    #[must_use]
    pub fn new(xid: Option<u32>, commit_lsn: Lsn, commit_time: i64) -> Self {
        Self { xid, commit_lsn, commit_time }
    }
}

/// One change's place on the tape.
#[derive(Debug, Clone, Copy)]
pub(super) struct ChangeHeader {
    pub(super) lsn: Lsn,
    pub(super) seq: u64,
    pub(super) op: Op,
    /// How many columns each row has; its slots are those of the old row, if any, then those of the new one.
    pub(super) columns: u16,
    pub(super) has_old: bool,
    pub(super) has_new: bool,
    /// TRUNCATE's options.
    pub(super) truncate: TruncateOptions,
    pub(super) table: u32,
    pub(super) buffer: u32,
    pub(super) slots: u32,
    pub(super) transaction: u32,
}

/// The options of a TRUNCATE, and why it stands in the stream.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct TruncateOptions {
    /// `CASCADE`.
    pub cascade: bool,
    /// `RESTART IDENTITY`.
    pub restart_identity: bool,
    /// Nobody truncated it: its rows are about to be read again by a snapshot.
    pub resnapshot: bool,
}

impl TruncateOptions {
    /// A TRUNCATE with these options.
    #[must_use]
    pub fn new(cascade: bool, restart_identity: bool) -> Self {
        Self { cascade, restart_identity, resnapshot: false }
    }

    /// Not a TRUNCATE of anybody's: the table is about to be read again.
    #[must_use]
    pub fn for_resnapshot() -> Self {
        Self { resnapshot: true, ..Self::default() }
    }
}

/// What stands on the tape, in order.
#[derive(Debug, Clone, Copy)]
pub(super) enum Entry {
    Change(ChangeHeader),
    Begin { transaction: u32 },
    Commit { transaction: u32, end_lsn: Lsn, changes: u64 },
    Schema { index: u32 },
    Message { index: u32 },
    SnapshotBegun { point: Lsn },
    SnapshotEnded { point: Lsn },
    TableDone { table: u32, rows: u64, point: Lsn },
    TableRestarted { table: u32 },
    Idle { lsn: Lsn },
}

#[derive(Debug)]
pub(super) struct SchemaEntry {
    pub(super) old: Option<Arc<Table>>,
    pub(super) new: Arc<Table>,
}

#[derive(Debug)]
pub(super) struct MessageEntry {
    pub(super) lsn: Lsn,
    pub(super) seq: u64,
    pub(super) transaction: Option<u32>,
    pub(super) buffer: u32,
    pub(super) prefix: Slot,
    pub(super) content: Slot,
    /// Commit time of its transaction, or when it was received.
    pub(super) time: i64,
}

#[derive(Debug, Default)]
pub(super) struct Tape {
    pub(super) buffers: Vec<Bytes>,
    pub(super) arena: Vec<u8>,
    pub(super) slots: Vec<Slot>,
    pub(super) entries: Vec<Entry>,
    pub(super) transactions: Vec<Transaction>,
    pub(super) tables: Vec<Arc<Table>>,
    pub(super) schemas: Vec<SchemaEntry>,
    pub(super) messages: Vec<MessageEntry>,
    pub(super) changes: usize,
    /// How many entries are no changes, begins, commits or messages.
    pub(super) notices: usize,
    /// Bytes of the attached buffers.
    pub(super) held: usize,
    /// Bytes of the attached buffers that changes use.
    pub(super) used: usize,
}

impl Tape {
    fn notice(&mut self, entry: Entry) {
        self.notices += 1;
        self.entries.push(entry);
    }

    pub(super) fn clear(&mut self) {
        let Self {
            buffers,
            arena,
            slots,
            entries,
            transactions,
            tables,
            schemas,
            messages,
            changes,
            notices,
            held,
            used,
        } = self;
        buffers.clear();
        arena.clear();
        slots.clear();
        entries.clear();
        transactions.clear();
        tables.clear();
        schemas.clear();
        messages.clear();
        (*changes, *notices, *held, *used) = (0, 0, 0, 0);
    }
}

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

/// A buffer that a batch holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BufferId(pub(super) u32);

/// A table that a batch knows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BatchTable {
    stamp: u64,
    index: u32,
}

/// A batch outgrew what its indexes can count (2³² slots, or an arena of 2 GiB): it must be closed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a value or a batch is larger than PostgreSQL's own limit of 1 GiB a value allows")]
pub struct TooLarge(());

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
        let start = self.tape.slots.len();
        ChangeWriter { tape: &mut self.tape, buffer, start, middle: start, begins: false }
    }

    /// Adds the TRUNCATE of one table.
    pub fn truncate(&mut self, table: BatchTable, options: TruncateOptions, lsn: Lsn, seq: u64) {
        let tape = &mut self.tape;
        tape.changes += 1;
        tape.entries.push(Entry::Change(ChangeHeader {
            lsn,
            seq,
            op: Op::Truncate,
            columns: 0,
            has_old: false,
            has_new: false,
            truncate: options,
            table: table.index,
            buffer: 0,
            slots: tape.slots.len() as u32,
            transaction: tape.transactions.len().saturating_sub(1) as u32,
        }));
    }

    /// Adds a logical message whose `prefix` and `content` are ranges of `buffer`. Within a transaction it belongs to
    /// the one entered last; `time` is in microseconds since 1970-01-01 UTC.
    #[allow(clippy::too_many_arguments, reason = "a message has this many parts")]
    pub fn message(
        &mut self,
        transactional: bool,
        buffer: BufferId,
        prefix: std::ops::Range<usize>,
        content: std::ops::Range<usize>,
        lsn: Lsn,
        seq: u64,
        time: i64,
    ) -> Result<(), TooLarge> {
        let slot = |tag, range: std::ops::Range<usize>| checked(tag, range.start, range.len());
        let tape = &mut self.tape;
        let message = MessageEntry {
            lsn,
            seq,
            transaction: transactional.then(|| tape.transactions.len().saturating_sub(1) as u32),
            buffer: buffer.0,
            prefix: slot(Tag::Text, prefix)?,
            content: slot(Tag::Binary, content)?,
            time,
        };
        tape.used += message.prefix.len() + message.content.len();
        tape.entries.push(Entry::Message { index: tape.messages.len() as u32 });
        tape.messages.push(message);
        Ok(())
    }

    /// Adds the begin of the transaction entered last.
    pub fn begin(&mut self) {
        let transaction = self.tape.transactions.len().saturating_sub(1) as u32;
        self.tape.entries.push(Entry::Begin { transaction });
    }

    /// Adds the commit of the transaction entered last: its commit record ends at `end_lsn`, and `changes` of its
    /// changes and messages were handed out in all.
    #[inline]
    pub fn commit(&mut self, end_lsn: Lsn, changes: u64) {
        let transaction = self.tape.transactions.len().saturating_sub(1) as u32;
        self.tape.entries.push(Entry::Commit { transaction, end_lsn, changes });
    }

    /// Adds that the following changes of a table have the shape `new`.
    pub fn schema_change(&mut self, old: Option<Arc<Table>>, new: Arc<Table>) {
        self.tape.notice(Entry::Schema { index: self.tape.schemas.len() as u32 });
        self.tape.schemas.push(SchemaEntry { old, new });
    }

    /// Adds that a snapshot of what was committed before `point` begins.
    pub fn snapshot_begun(&mut self, point: Lsn) {
        self.tape.notice(Entry::SnapshotBegun { point });
    }

    /// Adds that the snapshot is whole: the stream goes on from `point`.
    pub fn snapshot_ended(&mut self, point: Lsn) {
        self.tape.notice(Entry::SnapshotEnded { point });
    }

    /// Adds that all `rows` rows of a table, as of `point`, have been handed out.
    pub fn table_done(&mut self, table: BatchTable, rows: u64, point: Lsn) {
        self.tape.notice(Entry::TableDone { table: table.index, rows, point });
    }

    /// Adds that a table's rows so far are void: it is read again from the start.
    pub fn table_restarted(&mut self, table: BatchTable) {
        self.tape.notice(Entry::TableRestarted { table: table.index });
    }

    /// Adds that everything before `lsn` has been handed out.
    pub fn idle(&mut self, lsn: Lsn) {
        self.tape.notice(Entry::Idle { lsn });
    }

    /// Frees buffers of which the changes use less than a quarter, by copying what they use into the arena: a few
    /// small changes never pin a large buffer.
    pub fn compact(&mut self) {
        if self.tape.held > 4096 && self.tape.used < self.tape.held / 4 {
            self.copy_into_arena();
        }
    }

    fn copy_into_arena(&mut self) {
        let Tape { buffers, arena, slots, entries, messages, held, .. } = &mut self.tape;
        let mut copy = |slot: &mut Slot, buffer: u32| {
            let tag = match slot.tag() {
                Tag::Text => Tag::ArenaText,
                Tag::Binary => Tag::ArenaBinary,
                _ => return,
            };
            let Some(bytes) = buffers.get(buffer as usize).and_then(|from| from.get(slot.range())) else {
                return;
            };
            // Less than a quarter of the buffers: far from the arena's end.
            let moved = Slot::new(tag, arena.len(), bytes.len());
            arena.extend_from_slice(bytes);
            *slot = moved;
        };
        for entry in entries.iter() {
            match entry {
                Entry::Change(change) => {
                    let rows = usize::from(change.has_old) + usize::from(change.has_new);
                    let start = change.slots as usize;
                    let end = start + rows * usize::from(change.columns);
                    slots
                        .get_mut(start..end)
                        .into_iter()
                        .flatten()
                        .for_each(|slot| copy(slot, change.buffer));
                }
                Entry::Message { index } => {
                    if let Some(message) = messages.get_mut(*index as usize) {
                        copy(&mut message.prefix, message.buffer);
                        copy(&mut message.content, message.buffer);
                    }
                }
                _ => {}
            }
        }
        // Indexes stay as they are; what they name holds no memory any more.
        buffers.iter_mut().for_each(|buffer| *buffer = Bytes::new());
        *held = 0;
    }
}

impl Drop for ChangeBatch {
    fn drop(&mut self) {
        if let Some(recycler) = self.recycler.take() {
            recycler.give_back(std::mem::take(&mut self.tape));
        }
    }
}

#[inline]
fn checked(tag: Tag, offset: usize, length: usize) -> Result<Slot, TooLarge> {
    Slot::checked(tag, offset, length).ok_or(TooLarge(()))
}

/// Writes one change's columns: those of the old row, if there is one, then those of the new one.
///
/// Dropped before [`finish`](Self::finish), it leaves no trace.
#[derive(Debug)]
pub struct ChangeWriter<'a> {
    tape: &'a mut Tape,
    buffer: BufferId,
    start: usize,
    middle: usize,
    begins: bool,
}

impl ChangeWriter<'_> {
    /// It is the first of its transaction: the begin is added with it, in front.
    #[inline]
    pub fn begins(&mut self) {
        self.begins = true;
    }

    /// Adds `count` columns at once, NULL until they are set: one check for room, then nothing but stores.
    #[inline]
    pub fn row(&mut self, count: usize) -> &mut [Slot] {
        let slots = &mut self.tape.slots;
        let from = slots.len();
        slots.resize(from + count, Slot::NULL);
        slots.get_mut(from..).unwrap_or_default()
    }

    /// Makes room for `columns` more columns at once.
    #[inline]
    pub fn reserve(&mut self, columns: usize) {
        self.tape.slots.reserve(columns);
    }

    /// The next column is NULL.
    #[inline]
    pub fn null(&mut self) {
        self.tape.slots.push(Slot::NULL);
    }

    /// The next column's TOASTed value was not sent.
    #[inline]
    pub fn unchanged(&mut self) {
        self.tape.slots.push(Slot::UNCHANGED);
    }

    /// The next column is not part of the replica identity.
    #[inline]
    pub fn not_in_identity(&mut self) {
        self.tape.slots.push(Slot::NOT_IN_IDENTITY);
    }

    /// The next column was not published, or did not exist.
    #[inline]
    pub fn absent(&mut self) {
        self.tape.slots.push(Slot::ABSENT);
    }

    /// The next column's text is `length` bytes at `offset` of the buffer.
    #[inline]
    pub fn text(&mut self, offset: usize, length: usize) -> Result<(), TooLarge> {
        self.tape.slots.push(checked(Tag::Text, offset, length)?);
        Ok(())
    }

    /// The next column's binary form is `length` bytes at `offset` of the buffer.
    #[inline]
    pub fn binary(&mut self, offset: usize, length: usize) -> Result<(), TooLarge> {
        self.tape.slots.push(checked(Tag::Binary, offset, length)?);
        Ok(())
    }

    /// The next column's text is copied into the arena.
    pub fn text_copied(&mut self, text: &[u8]) -> Result<(), TooLarge> {
        let slot = checked(Tag::ArenaText, self.tape.arena.len(), text.len())?;
        self.tape.arena.extend_from_slice(text);
        self.tape.slots.push(slot);
        Ok(())
    }

    /// The next column's text is these pieces, one after the other, copied into the arena.
    ///
    /// # Errors
    ///
    /// As the others; what was copied of a text that is too large stays in the arena, unused.
    pub fn text_pieces<'p>(&mut self, pieces: impl Iterator<Item = &'p [u8]>) -> Result<(), TooLarge> {
        let start = self.tape.arena.len();
        for piece in pieces {
            self.tape.arena.extend_from_slice(piece);
        }
        self.tape.slots.push(checked(Tag::ArenaText, start, self.tape.arena.len() - start)?);
        Ok(())
    }

    /// The old row is whole: the new one follows.
    #[inline]
    pub fn end_old(&mut self) {
        self.middle = self.tape.slots.len();
    }

    /// The next column of the new row has the value that the old row holds for it, if it holds one.
    pub fn from_old_or_unchanged(&mut self) {
        let index = self.tape.slots.len() - self.middle;
        let old = self.tape.slots.get(self.start + index).filter(|_| self.start + index < self.middle);
        let slot = old.copied().filter(|slot| slot.is_known()).unwrap_or(Slot::UNCHANGED);
        self.tape.slots.push(slot);
    }

    /// Every unchanged column of the new row has the value that the old row holds for it, if it holds one.
    pub fn fill_unchanged(&mut self) {
        let row = self.tape.slots.get_mut(self.start..).unwrap_or_default();
        let Some((old, new)) = row.split_at_mut_checked(self.middle - self.start) else { return };
        for (new, old) in new.iter_mut().zip(old) {
            if *new == Slot::UNCHANGED && old.is_known() {
                *new = *old;
            }
        }
    }

    /// Number of columns written so far, of both rows.
    #[must_use]
    pub fn columns(&self) -> usize {
        self.tape.slots.len() - self.start
    }

    /// Adds the change. `used` is the number of the buffer's bytes that it was read from.
    ///
    /// # Errors
    ///
    /// Where the batch is too large to count another change.
    #[inline]
    pub fn finish(self, op: Op, table: BatchTable, lsn: Lsn, seq: u64, used: usize) -> Result<(), TooLarge> {
        let end = self.tape.slots.len();
        let (old, new) = (self.middle - self.start, end - self.middle);
        let (has_old, has_new) = match op {
            // One row only, and it is the old one.
            Op::Delete => (true, false),
            _ => (old != 0, true),
        };
        let columns = u16::try_from(new.max(old)).map_err(|_| TooLarge(()))?;
        let slots = u32::try_from(self.start).map_err(|_| TooLarge(()))?;
        let transaction = self.tape.transactions.len().saturating_sub(1) as u32;
        if self.begins {
            self.tape.entries.push(Entry::Begin { transaction });
        }
        let header = ChangeHeader {
            lsn,
            seq,
            op,
            columns,
            has_old,
            has_new,
            truncate: TruncateOptions::default(),
            table: table.index,
            buffer: self.buffer.0,
            slots,
            transaction,
        };
        self.tape.changes += 1;
        self.tape.used += used;
        self.tape.entries.push(Entry::Change(header));
        std::mem::forget(self);
        Ok(())
    }
}

impl Drop for ChangeWriter<'_> {
    fn drop(&mut self) {
        self.tape.slots.truncate(self.start);
    }
}
