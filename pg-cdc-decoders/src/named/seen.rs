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
}

impl Seen {
    fn label(&mut self, label: Label<'_>) -> Result<(), Fault> {
        // Nothing is expected, so that each label is read.
        if let (Label::Read(label), Some(row)) = (label, self.new.as_mut().or(self.old.as_mut())) {
            if row.len() == MOST_COLUMNS {
                return Err(Fault::new(0, What::Misplaced("more columns than a table can have")));
            }
            row.push(label.into());
        }
        Ok(())
    }
}

impl SentColumns for Seen {
    fn old_row(&mut self) -> Result<(), Fault> {
        self.old = Some(Vec::new());
        Ok(())
    }

    fn new_row(&mut self) -> Result<(), Fault> {
        self.new = Some(Vec::new());
        Ok(())
    }

    fn expected(&self) -> &[u8] {
        &[]
    }

    fn value(&mut self, label: Label<'_>, _: SentValue) -> Result<(), Fault> {
        self.label(label)
    }

    fn made(
        &mut self,
        label: Label<'_>,
        _: bool,
        _: impl FnOnce(&mut Vec<u8>) -> Result<(), Fault>,
    ) -> Result<(), Fault> {
        // What the value is made of is looked at when it is written.
        self.label(label)
    }
}
