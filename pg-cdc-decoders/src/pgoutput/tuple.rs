//! Tuples: a change's columns, straight onto the tape.

use pg_cdc_core::batch::{BatchTable, ChangeBatch, ChangeWriter, Op, Slot};
use pg_cdc_core::{Column, Frame};

use super::altered::misfit;
use super::relation::{Relation, Unusual};
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
///
/// All of it is inlined into the functions of the three messages, so that it is never a value in memory: moved as one,
/// it cost more than five columns do.
pub(super) struct ChangeTuples<'a> {
    columns: &'a [Column],
    writer: ChangeWriter<'a>,
    table: BatchTable,
    seq: u64,
    unusual: Option<&'a Unusual>,
}

impl<'a> ChangeTuples<'a> {
    #[inline(always)]
    pub(super) fn new(
        relation: &'a mut Relation,
        frame: &Frame<'_>,
        batch: &'a mut ChangeBatch,
        seq: u64,
    ) -> Option<Self> {
        let table = relation.in_batch(batch)?;
        let buffer = batch.attach(frame.buffer());
        let mut writer = batch.write(buffer);
        if seq == 0 {
            writer.begins();
        }
        Some(Self { columns: &relation.table()?.columns, writer, table, seq, unusual: relation.unusual() })
    }

    /// Which of the columns that are sent are read, where not all are.
    #[inline(always)]
    fn taken(&self) -> Option<&'a [bool]> {
        self.unusual.and_then(|unusual| unusual.taken.as_deref())
    }

    /// The number of columns, which must be the relation's.
    #[inline(always)]
    fn width(&self, cursor: &mut Cursor<'_>) -> Result<(), Fault> {
        let offset = cursor.offset();
        let found = usize::from(cursor.u16("the number of columns")?);
        let expected = self.taken().map_or(self.columns.len(), <[bool]>::len);
        if found != expected {
            return Err(Fault::new(offset, What::Width { expected, found }));
        }
        Ok(())
    }

    /// `base` is where the message starts in its buffer.
    #[inline(always)]
    pub(super) fn new_tuple(&mut self, cursor: &mut Cursor<'_>, base: usize) -> Result<(), Fault> {
        self.width(cursor)?;
        let (mut unchanged, taken) = (false, self.taken());
        let slots = self.writer.row(self.columns.len());
        // Of most tables all columns are read: their loop has nothing else in it.
        match taken {
            None => {
                for slot in slots {
                    *slot = new_value(cursor, base, &mut unchanged)?;
                }
            }
            Some(mut taken) => {
                for slot in slots {
                    pass_over_unread(cursor, &mut taken)?;
                    *slot = new_value(cursor, base, &mut unchanged)?;
                }
                pass_over_unread(cursor, &mut taken)?;
            }
        }
        if unchanged {
            self.writer.fill_unchanged();
        }
        Ok(())
    }

    /// `base` is where the message starts in its buffer.
    #[inline(always)]
    pub(super) fn old_tuple(
        &mut self,
        cursor: &mut Cursor<'_>,
        base: usize,
        held: OldTuple,
    ) -> Result<(), Fault> {
        self.width(cursor)?;
        let taken = self.taken();
        let slots = self.writer.row(self.columns.len()).iter_mut().zip(self.columns);
        match taken {
            None => {
                for (slot, column) in slots {
                    *slot = old_value(cursor, base, held, column)?;
                }
            }
            Some(mut taken) => {
                for (slot, column) in slots {
                    pass_over_unread(cursor, &mut taken)?;
                    *slot = old_value(cursor, base, held, column)?;
                }
                pass_over_unread(cursor, &mut taken)?;
            }
        }
        self.writer.end_old();
        Ok(())
    }

    #[inline(always)]
    pub(super) fn finish(mut self, cursor: &Cursor<'_>, frame: &Frame<'_>, op: Op) -> Result<(), Fault> {
        cursor.end()?;
        if let Some(unusual) = self.unusual {
            if unusual.may_misfit
                && let Some(what) = misfit(self.columns, self.writer.datums(frame.buffer()))
            {
                return Err(cursor.fault(what));
            }
            let mended = self.writer.mend(frame.buffer(), self.columns, unusual.invalid);
            mended.map_err(|_| too_large(*cursor))?;
        }
        self.writer
            .finish(op, self.table, frame.lsn, self.seq, frame.data().len())
            .map_err(|_| too_large(*cursor))
    }
}

#[inline(always)]
fn new_value(cursor: &mut Cursor<'_>, base: usize, unchanged: &mut bool) -> Result<Slot, Fault> {
    match cursor.value()? {
        Value::Text { offset, length } => text(cursor, base + offset, length),
        Value::Binary { offset, length } => binary(cursor, base + offset, length),
        Value::Other(b'n') => Ok(Slot::NULL),
        Value::Other(b'u') => {
            *unchanged = true;
            Ok(Slot::UNCHANGED)
        }
        Value::Other(found) => Err(unknown_kind(*cursor, found)),
    }
}

#[inline(always)]
fn old_value(cursor: &mut Cursor<'_>, base: usize, held: OldTuple, column: &Column) -> Result<Slot, Fault> {
    match cursor.value()? {
        Value::Text { offset, length } => text(cursor, base + offset, length),
        Value::Binary { offset, length } => binary(cursor, base + offset, length),
        Value::Other(b'n') if held == OldTuple::Key && !column.identity => Ok(Slot::NOT_IN_IDENTITY),
        Value::Other(b'n') => Ok(Slot::NULL),
        Value::Other(b'u') => Ok(Slot::UNCHANGED),
        Value::Other(found) => Err(unknown_kind(*cursor, found)),
    }
}

/// Passes over the values up to the next that is read.
#[inline(never)]
fn pass_over_unread(cursor: &mut Cursor<'_>, taken: &mut &[bool]) -> Result<(), Fault> {
    while let Some((&is_read, rest)) = taken.split_first() {
        *taken = rest;
        if is_read {
            break;
        }
        match cursor.value()? {
            Value::Text { .. } | Value::Binary { .. } | Value::Other(b'n' | b'u') => {}
            Value::Other(found) => return Err(unknown_kind(*cursor, found)),
        }
    }
    Ok(())
}

#[inline(always)]
fn text(cursor: &Cursor<'_>, offset: usize, length: usize) -> Result<Slot, Fault> {
    Slot::text(offset, length).ok_or_else(|| too_large(*cursor))
}

#[inline(always)]
fn binary(cursor: &Cursor<'_>, offset: usize, length: usize) -> Result<Slot, Fault> {
    Slot::binary(offset, length).ok_or_else(|| too_large(*cursor))
}

#[cold]
fn unknown_kind(cursor: Cursor<'_>, found: u8) -> Fault {
    cursor.unexpected("a column's kind (n, u, t, b)", found)
}

#[cold]
fn too_large(cursor: Cursor<'_>) -> Fault {
    cursor.fault(What::TooLarge)
}
