//! The tape: buffers, an arena and flat vectors, and what stands in them.

use std::sync::Arc;

use bytes::Bytes;

use super::slot::{Slot, Tag};
use crate::{Lsn, Table, XidSnapshot};

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
    Begin {
        transaction: u32,
    },
    Commit {
        transaction: u32,
        end_lsn: Lsn,
        changes: u64,
    },
    Schema {
        index: u32,
    },
    Message {
        index: u32,
    },
    SnapshotBegun {
        point: Lsn,
    },
    SnapshotEnded {
        point: Lsn,
    },
    /// `shows` is one more than an index; 0 where the point says all.
    TableDone {
        table: u32,
        rows: u64,
        point: Lsn,
        shows: u32,
    },
    TableRestarted {
        table: u32,
    },
    Idle {
        lsn: Lsn,
    },
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
    /// When it was emitted; 0 where nobody told.
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
    pub(super) snapshots: Vec<Arc<XidSnapshot>>,
    pub(super) messages: Vec<MessageEntry>,
    pub(super) changes: usize,
    /// Places of the slots whose values were made of bytes that are no text, in order of the changes.
    pub(super) mended: Vec<usize>,
    /// How many entries are no changes, begins, commits or messages.
    pub(super) notices: usize,
    /// Bytes of the attached buffers.
    pub(super) held: usize,
    /// Bytes of the attached buffers that changes use.
    pub(super) used: usize,
}

/// A buffer that a batch holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BufferId(pub(super) u32);

/// A table that a batch knows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BatchTable {
    pub(super) stamp: u64,
    pub(super) index: u32,
}

impl Tape {
    pub(super) fn notice(&mut self, entry: Entry) {
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
            snapshots,
            messages,
            mended,
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
        snapshots.clear();
        messages.clear();
        mended.clear();
        (*changes, *notices, *held, *used) = (0, 0, 0, 0);
    }

    /// See [`ChangeBatch::compact`](super::ChangeBatch::compact).
    pub(super) fn compact(&mut self) {
        if self.held > 4096 && self.used < self.held / 4 {
            self.copy_into_arena();
        }
    }

    fn copy_into_arena(&mut self) {
        let Tape { buffers, arena, slots, entries, messages, held, .. } = self;
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
