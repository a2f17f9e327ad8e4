//! Tuples: a change's columns, straight onto the tape.

use pg_cdc_core::batch::{BatchTable, ChangeBatch, ChangeWriter, Op, TooLarge};
use pg_cdc_core::{Column, Frame, Lsn};

use super::relation::Relation;
use crate::cursor::{Cursor, Fault, Value, What};

/// What an old tuple holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum OldTuple {
    /// `K`: the replica identity's columns; the others are sent as NULL and mean nothing.
    Key,
    /// `O`: the whole row.
    Row,
}

impl OldTuple {
    #[inline]
    pub(super) fn from_kind(cursor: &Cursor<'_>, kind: u8, expected: &'static str) -> Result<Self, Fault> {
        match kind {
            b'K' => Ok(Self::Key),
            b'O' => Ok(Self::Row),
            found => Err(cursor.unexpected(expected, found)),
        }
    }
}

/// A change that is being written.
pub(super) struct ChangeTuples<'a> {
    columns: &'a [Column],
    writer: ChangeWriter<'a>,
    table: BatchTable,
    lsn: Lsn,
    seq: u64,
    /// Where the message starts in its buffer, and how long it is.
    base: usize,
    length: usize,
}

impl<'a> ChangeTuples<'a> {
    // Inlined into each message's function: handed over as a value, its hundred bytes cost more than five columns.
    #[inline(always)]
    pub(super) fn new(
        relation: &'a mut Relation,
        frame: Frame<'_>,
        batch: &'a mut ChangeBatch,
        seq: u64,
    ) -> Option<Self> {
        let table = relation.in_batch(batch)?;
        let buffer = batch.attach(frame.buffer());
        let mut writer = batch.write(buffer);
        if seq == 0 {
            writer.begins();
        }
        Some(Self {
            columns: &relation.table()?.columns,
            writer,
            table,
            lsn: frame.lsn,
            seq,
            base: frame.start(),
            length: frame.data().len(),
        })
    }

    /// The number of columns, which must be the relation's.
    #[inline]
    fn width(&mut self, cursor: &mut Cursor<'_>) -> Result<(), Fault> {
        let offset = cursor.offset();
        let found = usize::from(cursor.u16("the number of columns")?);
        let expected = self.columns.len();
        if found != expected {
            return Err(Fault::new(offset, What::Width { expected, found }));
        }
        self.writer.reserve(found);
        Ok(())
    }

    #[inline]
    pub(super) fn new_tuple(&mut self, cursor: &mut Cursor<'_>) -> Result<(), Fault> {
        self.width(cursor)?;
        for _ in 0..self.columns.len() {
            let value = cursor.value()?;
            match value.kind {
                b't' | b'b' => self.value(cursor, value)?,
                b'n' => self.writer.null(),
                b'u' => self.writer.from_old_or_unchanged(),
                found => return Err(unknown_kind(cursor, found)),
            }
        }
        Ok(())
    }

    pub(super) fn old_tuple(&mut self, cursor: &mut Cursor<'_>, held: OldTuple) -> Result<(), Fault> {
        self.width(cursor)?;
        for column in self.columns {
            let value = cursor.value()?;
            match value.kind {
                b't' | b'b' => self.value(cursor, value)?,
                b'n' if held == OldTuple::Key && !column.identity => self.writer.not_in_identity(),
                b'n' => self.writer.null(),
                b'u' => self.writer.unchanged(),
                found => return Err(unknown_kind(cursor, found)),
            }
        }
        self.writer.end_old();
        Ok(())
    }

    #[inline]
    fn value(&mut self, cursor: &Cursor<'_>, value: Value) -> Result<(), Fault> {
        let at = self.base + value.offset;
        let written = match value.kind {
            b't' => self.writer.text(at, value.length),
            _ => self.writer.binary(at, value.length),
        };
        written.map_err(|error| too_large(cursor, error))
    }

    #[inline(always)]
    pub(super) fn finish(self, cursor: &Cursor<'_>, op: Op) -> Result<(), Fault> {
        cursor.end()?;
        self.writer
            .finish(op, self.table, self.lsn, self.seq, self.length)
            .map_err(|error| too_large(cursor, error))
    }
}

#[cold]
fn unknown_kind(cursor: &Cursor<'_>, found: u8) -> Fault {
    cursor.unexpected("a column's kind (n, u, t, b)", found)
}

#[cold]
fn too_large(cursor: &Cursor<'_>, _: TooLarge) -> Fault {
    cursor.fault(What::TooLarge)
}
