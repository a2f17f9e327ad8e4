//! What stands on the tape beside rows: truncates, messages, begins and commits, events.

use std::sync::Arc;

use super::change_batch::ChangeBatch;
use super::slot::Tag;
use super::tape::{
    BatchTable, BufferId, ChangeHeader, Entry, MessageEntry, Op, SchemaEntry, TruncateOptions,
};
use super::writer::{TooLarge, checked};
use crate::{Lsn, Table, XidSnapshot};

impl ChangeBatch {
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
    /// the one entered last; `time` is in microseconds since 1970-01-01 UTC, 0 where it is not known.
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

    /// As [`message`](Self::message), of one whose `prefix` and `content` are no slices of `buffer`, the frame's, and
    /// are copied into the arena.
    #[allow(clippy::too_many_arguments, reason = "a message has this many parts")]
    pub fn message_copied(
        &mut self,
        transactional: bool,
        buffer: BufferId,
        prefix: &[u8],
        content: &[u8],
        lsn: Lsn,
        seq: u64,
        time: i64,
    ) -> Result<(), TooLarge> {
        let tape = &mut self.tape;
        let start = tape.arena.len();
        let message = MessageEntry {
            lsn,
            seq,
            transaction: transactional.then(|| tape.transactions.len().saturating_sub(1) as u32),
            buffer: buffer.0,
            prefix: checked(Tag::ArenaText, start, prefix.len())?,
            content: checked(Tag::ArenaBinary, start + prefix.len(), content.len())?,
            time,
        };
        tape.arena.extend_from_slice(prefix);
        tape.arena.extend_from_slice(content);
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

    /// Takes a schema change back that was added last: the change that it stood before can't be read.
    pub fn retract_schema_change(&mut self) {
        let tape = &mut self.tape;
        if let Some(Entry::Schema { .. }) = tape.entries.last() {
            tape.entries.pop();
            tape.schemas.pop();
            tape.notices -= 1;
        }
    }

    /// Adds that a snapshot of what was committed before `point` begins.
    pub fn snapshot_begun(&mut self, point: Lsn) {
        self.tape.notice(Entry::SnapshotBegun { point });
    }

    /// Adds that the snapshot is whole: the stream goes on from `point`.
    pub fn snapshot_ended(&mut self, point: Lsn) {
        self.tape.notice(Entry::SnapshotEnded { point });
    }

    /// Adds that all `rows` rows of a table, as of `point`, have been handed out; `shows` tells which transactions are in
    /// them, where the point does not tell exactly.
    pub fn table_done(&mut self, table: BatchTable, rows: u64, point: Lsn, shows: Option<&Arc<XidSnapshot>>) {
        self.tape.snapshots.extend(shows.cloned());
        let shows = shows.map_or(0, |_| self.tape.snapshots.len() as u32);
        self.tape.notice(Entry::TableDone { table: table.index, rows, point, shows });
    }

    /// Adds that a table's rows so far are void: it is read again from the start.
    pub fn table_restarted(&mut self, table: BatchTable) {
        self.tape.notice(Entry::TableRestarted { table: table.index });
    }

    /// Adds that everything before `lsn` has been handed out.
    pub fn idle(&mut self, lsn: Lsn) {
        self.tape.notice(Entry::Idle { lsn });
    }
}
