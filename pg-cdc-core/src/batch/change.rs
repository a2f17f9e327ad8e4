//! Reading a batch: events, changes, and what a sink must do with one.

use std::sync::Arc;

use super::change_batch::ChangeBatch;
use super::row::{OwnedRow, Row};
use super::tape::{ChangeHeader, Entry, Op, Transaction, TruncateOptions};
use crate::{Column, Datum, Lsn, Table, XidSnapshot};

/// What stands in a batch, in order.
#[derive(Debug, Clone, Copy)]
#[non_exhaustive]
pub enum Event<'a> {
    /// A row was read or changed, or a table truncated.
    Change(Change<'a>),
    /// A transaction's first change or message follows. Not repeated when it goes on in the next batch.
    Begin(&'a Transaction),
    /// A transaction is whole.
    Commit {
        /// The transaction.
        transaction: &'a Transaction,
        /// End of its commit record.
        end_lsn: Lsn,
        /// How many changes and messages it had, those of earlier batches included.
        changes: u64,
    },
    /// The following changes of a table have another shape than those before.
    SchemaChange {
        /// The shape so far; `None` for a table that is seen for the first time.
        old: Option<&'a Arc<Table>>,
        /// The shape from here on.
        new: &'a Arc<Table>,
    },
    /// Somebody called `pg_logical_emit_message`.
    Message(Message<'a>),
    /// Rows of a snapshot follow: everything committed before `point`.
    SnapshotBegun {
        /// The snapshot's consistent point.
        point: Lsn,
    },
    /// The snapshot is whole; changes committed from `point` on follow.
    SnapshotEnded {
        /// The snapshot's consistent point.
        point: Lsn,
    },
    /// All rows of a table have been read.
    TableDone {
        /// The table.
        table: &'a Arc<Table>,
        /// How many rows it had.
        rows: u64,
        /// What they show: everything that committed before this. Later than the snapshot's own point for a table
        /// that was read again; its changes count from here on.
        point: Lsn,
        /// Exactly which transactions they show, where the point does not tell: those that commit later are not among
        /// them.
        shows: Option<&'a Arc<XidSnapshot>>,
    },
    /// A table changed under its snapshot: its rows so far are void, and it is read again.
    TableRestarted {
        /// The table.
        table: &'a Arc<Table>,
    },
    /// Nothing is on its way: everything before `lsn` has been handed out.
    Idle {
        /// Where the server's log stood.
        lsn: Lsn,
    },
}

/// A logical message.
#[derive(Debug, Clone, Copy)]
#[non_exhaustive]
pub struct Message<'a> {
    /// The transaction that emitted it; `None` where it was not transactional.
    pub transaction: Option<&'a Transaction>,
    /// Its own position.
    pub lsn: Lsn,
    /// Its index within its transaction; 0 where it has none.
    pub seq: u64,
    /// When it was emitted, in microseconds since 1970-01-01 UTC: the commit time of its transaction. `None` where the
    /// plugin does not tell, as for a message that is not transactional.
    pub time: Option<i64>,
    /// The prefix: text, as values are.
    pub prefix: &'a [u8],
    /// The content, any bytes.
    pub content: &'a [u8],
}

/// A change, borrowed from its batch.
#[derive(Clone, Copy)]
pub struct Change<'a> {
    batch: &'a ChangeBatch,
    header: &'a ChangeHeader,
    table: &'a Arc<Table>,
    transaction: &'a Transaction,
}

/// What a sink must do so that its table holds what the source's holds.
#[derive(Debug, Clone, Copy)]
pub enum Write<'a> {
    /// Put the whole row, in place of the one with the same key if there is one.
    Replace {
        /// The row; every published column is known.
        row: Row<'a>,
        /// The old row where its key differs, or the table has no key: that row is gone.
        moved_from: Option<Row<'a>>,
    },
    /// Put the known columns into the row with the same key; the others keep what the sink has.
    Merge {
        /// The row; [`Row::unchanged`] names the columns to leave alone.
        row: Row<'a>,
        /// The old row where its key differs: the kept columns are those of the row with that key, which moves.
        moved_from: Option<Row<'a>>,
    },
    /// Remove the row with this key.
    Delete {
        /// The old row, as far as the replica identity holds it.
        key: Row<'a>,
    },
    /// Remove all rows.
    Truncate(TruncateOptions),
}

impl ChangeBatch {
    /// Everything in it, in order.
    pub fn events(&self) -> impl Iterator<Item = Event<'_>> {
        self.tape.entries.iter().filter_map(|entry| self.event(entry))
    }

    /// The events in it that are no changes, begins, commits or messages; finding that there is none costs nothing.
    pub fn notices(&self) -> impl Iterator<Item = Event<'_>> {
        let is_notice = |entry: &&Entry| {
            !matches!(
                entry,
                Entry::Change(_) | Entry::Begin { .. } | Entry::Commit { .. } | Entry::Message { .. }
            )
        };
        let entries = if self.tape.notices == 0 { &[] } else { &*self.tape.entries };
        entries.iter().filter(is_notice).filter_map(|entry| self.event(entry))
    }

    /// The changes in it, in order.
    pub fn changes(&self) -> impl Iterator<Item = Change<'_>> {
        self.tape.entries.iter().filter_map(|entry| match entry {
            Entry::Change(header) => self.change(header),
            _ => None,
        })
    }

    fn change<'a>(&'a self, header: &'a ChangeHeader) -> Option<Change<'a>> {
        Some(Change {
            batch: self,
            header,
            table: self.tape.tables.get(header.table as usize)?,
            transaction: self.tape.transactions.get(header.transaction as usize)?,
        })
    }

    fn event<'a>(&'a self, entry: &'a Entry) -> Option<Event<'a>> {
        let tape = &self.tape;
        let transaction = |index: u32| tape.transactions.get(index as usize);
        let table = |index: u32| tape.tables.get(index as usize);
        Some(match *entry {
            Entry::Change(_) => {
                let Entry::Change(header) = entry else { return None };
                Event::Change(self.change(header)?)
            }
            Entry::Begin { transaction: index } => Event::Begin(transaction(index)?),
            Entry::Commit { transaction: index, end_lsn, changes } => {
                Event::Commit { transaction: transaction(index)?, end_lsn, changes }
            }
            Entry::Schema { index } => {
                let schema = tape.schemas.get(index as usize)?;
                Event::SchemaChange { old: schema.old.as_ref(), new: &schema.new }
            }
            Entry::Message { index } => {
                let message = tape.messages.get(index as usize)?;
                let buffer = tape.buffers.get(message.buffer as usize)?;
                let read =
                    |slot: super::slot::Slot| slot.read(buffer, &tape.arena).bytes().unwrap_or_default();
                Event::Message(Message {
                    transaction: message.transaction.and_then(transaction),
                    lsn: message.lsn,
                    seq: message.seq,
                    time: Some(message.time).filter(|time| *time != 0),
                    prefix: read(message.prefix),
                    content: read(message.content),
                })
            }
            Entry::SnapshotBegun { point } => Event::SnapshotBegun { point },
            Entry::SnapshotEnded { point } => Event::SnapshotEnded { point },
            Entry::TableDone { table: index, rows, point, shows } => {
                let shows = shows.checked_sub(1).and_then(|at| tape.snapshots.get(at as usize));
                Event::TableDone { table: table(index)?, rows, point, shows }
            }
            Entry::TableRestarted { table: index } => Event::TableRestarted { table: table(index)? },
            Entry::Idle { lsn } => Event::Idle { lsn },
        })
    }
}

impl<'a> Change<'a> {
    /// What was done.
    #[must_use]
    pub fn op(&self) -> Op {
        self.header.op
    }

    /// The table, in the version that the change was made with.
    #[must_use]
    pub fn table(&self) -> &'a Arc<Table> {
        self.table
    }

    /// The transaction.
    #[must_use]
    pub fn transaction(&self) -> &'a Transaction {
        self.transaction
    }

    /// The change's own position in the log; `Lsn::ZERO` where the plugin has none.
    #[must_use]
    pub fn lsn(&self) -> Lsn {
        self.header.lsn
    }

    /// Its index within its transaction, from 0, the same after any restart.
    #[must_use]
    pub fn seq(&self) -> u64 {
        self.header.seq
    }

    /// The options of a TRUNCATE.
    #[must_use]
    pub fn truncate_options(&self) -> TruncateOptions {
        self.header.truncate
    }

    /// The row as it was, as far as the server sent it: the replica identity's columns, or all with FULL.
    #[must_use]
    pub fn before(&self) -> Option<Row<'a>> {
        self.header.has_old.then(|| self.row(0))
    }

    /// The row as it is now: of a read, an insert, an update.
    #[must_use]
    pub fn after(&self) -> Option<Row<'a>> {
        self.header.has_new.then(|| self.row(usize::from(self.header.has_old)))
    }

    /// What a sink must do with it.
    #[must_use]
    pub fn write(&self) -> Write<'a> {
        match (self.op(), self.before(), self.after()) {
            (Op::Truncate, ..) => Write::Truncate(self.header.truncate),
            (_, old, Some(row)) => {
                // A table without a key has the whole row for one.
                let moved_from = old.filter(|old| row.table().key.is_empty() || key_differs(old, &row));
                if row.unchanged().next().is_some() {
                    Write::Merge { row, moved_from }
                } else {
                    Write::Replace { row, moved_from }
                }
            }
            (_, Some(key), None) => Write::Delete { key },
            // A change that is no TRUNCATE always has a row: the writer sees to it.
            (_, None, None) => Write::Truncate(self.header.truncate),
        }
    }

    /// A copy that holds no buffer of the batch.
    #[must_use]
    pub fn to_owned(&self) -> OwnedChange {
        OwnedChange {
            op: self.op(),
            table: Arc::clone(self.table),
            transaction: *self.transaction,
            lsn: self.lsn(),
            seq: self.seq(),
            truncate: self.header.truncate,
            before: self.before().map(|row| row.to_owned()),
            after: self.after().map(|row| row.to_owned()),
        }
    }

    fn row(&self, index: usize) -> Row<'a> {
        let tape = &self.batch.tape;
        let columns = usize::from(self.header.columns);
        let start = self.header.slots as usize + index * columns;
        Row {
            table: self.table,
            buffer: tape.buffers.get(self.header.buffer as usize).map_or(&[], |buffer| buffer),
            arena: &tape.arena,
            slots: tape.slots.get(start..start + columns).unwrap_or_default(),
        }
    }
}

/// Whether a key column that both rows hold differs; without a key, the whole row is one.
fn key_differs(old: &Row<'_>, new: &Row<'_>) -> bool {
    if old.table.key.is_empty() {
        return old.columns().zip(new.columns()).any(|((_, old), (_, new))| old != new);
    }
    let differs = |(old, new): (Datum<'_>, Datum<'_>)| old.is_known() && new.is_known() && old != new;
    old.key().zip(new.key()).map(|((_, old), (_, new))| (old, new)).any(differs)
}

impl std::fmt::Debug for Change<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Change")
            .field("op", &self.op())
            .field("table", &self.table.name)
            .field("commit_lsn", &self.transaction.commit_lsn)
            .field("seq", &self.seq())
            .field("before", &self.before())
            .field("after", &self.after())
            .finish()
    }
}

/// A change that owns its rows and holds no buffer.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct OwnedChange {
    /// What was done.
    pub op: Op,
    /// The table.
    pub table: Arc<Table>,
    /// The transaction.
    pub transaction: Transaction,
    /// The change's own position.
    pub lsn: Lsn,
    /// Its index within its transaction.
    pub seq: u64,
    /// The options of a TRUNCATE.
    pub truncate: TruncateOptions,
    /// The row as it was, as far as the server sent it.
    pub before: Option<OwnedRow>,
    /// The row as it is now.
    pub after: Option<OwnedRow>,
}

impl OwnedChange {
    /// The columns of the key, in its order.
    pub fn key_columns(&self) -> impl Iterator<Item = &Column> {
        self.table.key.iter().filter_map(|&index| self.table.columns.get(usize::from(index)))
    }
}
