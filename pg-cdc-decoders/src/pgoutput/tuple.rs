//! Tuples: a change's columns, straight onto the tape.

use pg_cdc_core::batch::{BatchTable, ChangeBatch, ChangeWriter, Op, TooLarge};
use pg_cdc_core::{Column, Frame, Lsn, Outcome};

use super::relation::Relation;
use crate::cursor::{Cursor, Fault, What};

/// What an old tuple holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum OldTuple {
    /// `K`: the replica identity's columns; the others are sent as NULL and mean nothing.
    Key,
    /// `O`: the whole row.
    Row,
}

impl OldTuple {
    pub(super) fn from_kind(cursor: &Cursor<'_>, kind: u8) -> Result<Self, Fault> {
        match kind {
            b'K' => Ok(Self::Key),
            b'O' => Ok(Self::Row),
            found => Err(cursor.fault(What::Unexpected { expected: "a tuple (K, O or N)", found })),
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
    #[inline]
    pub(super) fn new(
        relation: &'a mut Relation,
        frame: Frame<'_>,
        batch: &'a mut ChangeBatch,
        seq: u64,
    ) -> Option<Self> {
        let table = relation.in_batch(batch)?;
        let buffer = batch.attach(frame.buffer());
        Some(Self {
            columns: &relation.table()?.columns,
            writer: batch.write(buffer),
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
        let found = usize::from(cursor.u16("the number of columns")?);
        let expected = self.columns.len();
        if found != expected {
            return Err(cursor.fault(What::Width { expected, found }));
        }
        self.writer.reserve(found);
        Ok(())
    }

    #[inline]
    pub(super) fn new_tuple(&mut self, cursor: &mut Cursor<'_>) -> Result<(), Fault> {
        self.width(cursor)?;
        let base = self.base;
        for _ in 0..self.columns.len() {
            match cursor.u8("a column's kind")? {
                b't' => {
                    let (at, length) = cursor.counted("a column's text")?;
                    self.writer.text(base + at, length).map_err(|error| too_large(cursor, error))?;
                }
                b'b' => {
                    let (at, length) = cursor.counted("a column's binary value")?;
                    self.writer.binary(base + at, length).map_err(|error| too_large(cursor, error))?;
                }
                b'n' => self.writer.null(),
                b'u' => self.writer.from_old_or_unchanged(),
                found => return Err(cursor.fault(unknown_kind(found))),
            }
        }
        Ok(())
    }

    pub(super) fn old_tuple(&mut self, cursor: &mut Cursor<'_>, held: OldTuple) -> Result<(), Fault> {
        self.width(cursor)?;
        let base = self.base;
        for column in self.columns {
            match cursor.u8("a column's kind")? {
                b't' => {
                    let (at, length) = cursor.counted("a column's text")?;
                    self.writer.text(base + at, length).map_err(|error| too_large(cursor, error))?;
                }
                b'b' => {
                    let (at, length) = cursor.counted("a column's binary value")?;
                    self.writer.binary(base + at, length).map_err(|error| too_large(cursor, error))?;
                }
                b'n' if held == OldTuple::Key && !column.identity => self.writer.not_in_identity(),
                b'n' => self.writer.null(),
                b'u' => self.writer.unchanged(),
                found => return Err(cursor.fault(unknown_kind(found))),
            }
        }
        self.writer.end_old();
        Ok(())
    }

    #[inline]
    pub(super) fn finish(self, cursor: &Cursor<'_>, op: Op) -> Result<Outcome, Fault> {
        cursor.end()?;
        self.writer
            .finish(op, self.table, self.lsn, self.seq, self.length)
            .map_err(|error| too_large(cursor, error))?;
        Ok(Outcome::Taken)
    }
}

fn unknown_kind(found: u8) -> What {
    What::Unexpected { expected: "a column's kind (n, u, t, b)", found }
}

#[cold]
fn too_large(cursor: &Cursor<'_>, _: TooLarge) -> Fault {
    cursor.fault(What::TooLarge)
}
