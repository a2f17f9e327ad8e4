//! The columns that a change shows.

use super::{Label, SentColumns, SentValue};
use crate::cursor::{Fault, What};

/// As many as a table can have (`MaxHeapAttributeNumber`).
const MOST_COLUMNS: usize = 1600;

/// The labels of both rows, in the order in which they came.
#[derive(Debug, Default)]
pub(super) struct Seen {
    pub(super) old: Option<Vec<Box<[u8]>>>,
    pub(super) new: Option<Vec<Box<[u8]>>>,
    /// Whether the columns of the old row, one by one, are NULL.
    pub(super) old_nulls: Vec<bool>,
    /// Whether the row that is walked over is the old one.
    in_old: bool,
}

impl Seen {
    fn label(&mut self, label: Label<'_>, is_null: bool) -> Result<(), Fault> {
        // Nothing is expected, so that each label is read.
        let row = if self.in_old { &mut self.old } else { &mut self.new };
        if let (Label::Read(label), Some(row)) = (label, row.as_mut()) {
            if row.len() == MOST_COLUMNS {
                return Err(Fault::new(0, What::Misplaced("more columns than a table can have")));
            }
            row.push(label.into());
            if self.in_old {
                self.old_nulls.push(is_null);
            }
        }
        Ok(())
    }
}

impl SentColumns for Seen {
    fn old_row(&mut self) -> Result<(), Fault> {
        self.old = Some(Vec::new());
        self.old_nulls.clear();
        self.in_old = true;
        Ok(())
    }

    fn new_row(&mut self) -> Result<(), Fault> {
        self.new = Some(Vec::new());
        self.in_old = false;
        Ok(())
    }

    fn expected(&self) -> &[u8] {
        &[]
    }

    fn value(&mut self, label: Label<'_>, value: SentValue) -> Result<(), Fault> {
        self.label(label, value == SentValue::Null)
    }

    fn made(
        &mut self,
        label: Label<'_>,
        _: bool,
        _: impl FnOnce(&mut Vec<u8>) -> Result<(), Fault>,
    ) -> Result<(), Fault> {
        // What the value is made of is looked at when it is written.
        self.label(label, false)
    }

    fn made_utf8(&mut self, label: Label<'_>, _: impl FnOnce(&mut Vec<u8>)) -> Result<(), Fault> {
        self.label(label, false)
    }
}
