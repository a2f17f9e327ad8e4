//! A change whose columns are known, straight onto the tape.

use pg_cdc_core::batch::{ChangeWriter, Op, Slot};
use pg_cdc_core::types::fits;
use pg_cdc_core::{Frame, InvalidText, ReplicaIdentity, Table};

use super::relation::{Layout, Relation};
use super::{Label, OldRows, Rules, SentColumns, SentValue};
use crate::TextEncoding;
use crate::cursor::{Fault, What};
use crate::text::Converted;

/// Why a change could not be written.
#[derive(Debug, Clone, Copy)]
pub(super) enum Misfit {
    /// It shows other columns than are known.
    Columns,
    /// The type of this column was altered: what it is made of has no word in the stream.
    Type(usize),
}

/// Puts values at their columns' places.
pub(super) struct Filler<'a> {
    writer: ChangeWriter<'a>,
    table: Option<&'a Table>,
    layout: &'a Layout,
    rules: Rules,
    text: &'a TextEncoding,
    buffer: &'a [u8],
    data: &'a [u8],
    /// Where the message starts in its buffer.
    base: usize,
    is_update: bool,
    row: Row,
    /// The old row came after the new one.
    old_is_last: bool,
    has_both: bool,
    /// The label that probably comes next.
    at: usize,
    /// How many columns of the row were set.
    written: usize,
    /// How many columns of the old row were set.
    held: usize,
    unchanged: bool,
    misfit: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Row {
    None,
    Old,
    New,
}

/// Stands in columns that are not set: no value is this one.
const UNSET: Slot = Slot::ABSENT;

impl<'a> Filler<'a> {
    #[inline]
    pub(super) fn new(
        writer: ChangeWriter<'a>,
        relation: &'a Relation,
        rules: Rules,
        text: &'a TextEncoding,
        frame: &Frame<'a>,
        op: Op,
    ) -> Self {
        Self {
            writer,
            table: relation.table.as_deref(),
            layout: &relation.layout,
            rules,
            text,
            buffer: frame.buffer(),
            data: frame.data(),
            base: frame.start(),
            is_update: op == Op::Update,
            row: Row::None,
            old_is_last: false,
            has_both: false,
            at: 0,
            written: 0,
            held: 0,
            unchanged: false,
            misfit: false,
        }
    }

    /// The change, to be added to the batch, if its columns and types are those that are known.
    #[inline]
    pub(super) fn finish(mut self) -> Result<ChangeWriter<'a>, Misfit> {
        self.end_row();
        if self.misfit {
            return Err(Misfit::Columns);
        }
        if self.has_both {
            self.settle_rows();
        } else if self.unchanged {
            self.writer.fill_unchanged();
        }
        if self.layout.may_misfit
            && let Some(column) = self.altered()
        {
            return Err(Misfit::Type(column));
        }
        Ok(self.writer)
    }

    /// Both rows are whole: the old one goes in front of the new one, or goes.
    fn settle_rows(&mut self) {
        if self.old_is_last {
            self.writer.swap_rows();
        }
        if self.rules.makes_old_rows && self.old_was_made() {
            self.writer.drop_old();
        } else if self.unchanged {
            self.writer.fill_unchanged();
        }
    }

    /// Whether the old row was made from the new one.
    fn old_was_made(&self) -> bool {
        let Some(table) = self.table else { return false };
        // Of what identity it was tells what it holds, where the identity of now may be another.
        let was_full = match self.layout.has_other_identity {
            true => self.held == self.layout.columns.len(),
            false => table.identity == ReplicaIdentity::Full,
        };
        !was_full && self.writer.old_repeats_new(self.buffer)
    }

    /// The first column that holds a composite with other fields than its type is known to have.
    fn altered(&self) -> Option<usize> {
        let columns = &self.table?.columns;
        let mut datums = self.writer.datums(self.buffer).enumerate();
        datums.find_map(|(index, datum)| {
            let index = index % columns.len().max(1);
            columns.get(index).is_some_and(|column| !fits(&column.type_, datum)).then_some(index)
        })
    }

    #[inline]
    fn start_row(&mut self, row: Row) {
        self.end_row();
        if self.row != Row::None {
            self.writer.end_old();
            self.has_both = true;
            self.old_is_last = row == Row::Old;
        }
        self.row = row;
        (self.at, self.written) = (0, 0);
        self.writer.filled_row(self.layout.columns.len(), UNSET);
    }

    #[inline]
    fn end_row(&mut self) {
        match self.row {
            Row::None => {}
            Row::Old => {
                self.held = self.written;
                self.end_old_row();
            }
            Row::New => {
                if self.written != self.layout.columns.len() {
                    self.explain_missing();
                }
            }
        }
    }

    /// What the columns that are missing say, each at its place.
    fn explain_missing(&mut self) {
        let leaves_out = self.is_update && self.rules.omits_unchanged;
        for (slot, column) in self.writer.slots().iter_mut().zip(&self.layout.columns) {
            if *slot != UNSET || column.is_absent {
                continue;
            }
            if leaves_out && column.is_toastable {
                *slot = Slot::UNCHANGED;
                self.unchanged = true;
            } else {
                self.misfit = true;
            }
        }
    }

    fn end_old_row(&mut self) {
        let Some(table) = self.table else { return };
        let slots = self.writer.slots();
        let is_full = table.identity == ReplicaIdentity::Full;
        let columns = || table.columns.iter().zip(&self.layout.columns);
        // An old row that lacks what can't be NULL is not whole, whatever is known of the table now.
        let lacks = columns().zip(slots.iter()).any(|((column, placed), slot)| {
            *slot == UNSET
                && !column.nullable
                && !placed.is_absent
                && self.rules.old_rows == OldRows::WithoutNulls
        });
        for ((column, placed), slot) in columns().zip(slots.iter_mut()) {
            let is_held = is_full || column.identity;
            match self.rules.old_rows {
                // A column of a key is never NULL: it is none of the identity of then.
                OldRows::All if *slot == Slot::NULL && !is_full => *slot = Slot::NOT_IN_IDENTITY,
                _ if *slot == UNSET && placed.is_absent => {}
                // It was not there yet.
                OldRows::All if *slot == UNSET => {}
                OldRows::WithoutNulls if *slot == UNSET && is_full && !lacks => *slot = Slot::NULL,
                _ if *slot == UNSET => *slot = Slot::NOT_IN_IDENTITY,
                _ => self.misfit |= !is_held && !self.layout.has_other_identity,
            }
        }
    }

    /// Where the column goes; `None` where it is not read, or not known.
    #[inline(always)]
    fn place(&mut self, label: Label<'_>) -> Option<usize> {
        if let Label::Read(label) = label
            && self.layout.labels.get(self.at).is_none_or(|next| *next.label != *label)
            && !self.look_for(label)
        {
            return None;
        }
        let place = self.layout.labels.get(self.at)?.place;
        self.at += 1;
        self.written += usize::from(place.is_some());
        place.map(usize::from)
    }

    /// Labels come in one order, some of them left out.
    fn look_for(&mut self, label: &[u8]) -> bool {
        let rest = self.layout.labels.get(self.at..).unwrap_or_default();
        match rest.iter().position(|known| *known.label == *label) {
            Some(ahead) => self.at += ahead,
            None => self.misfit = true,
        }
        !self.misfit
    }

    #[inline(always)]
    fn slot(&mut self, place: usize, value: SentValue) -> Result<Slot, Fault> {
        let slot = match value {
            SentValue::Null => Some(Slot::NULL),
            SentValue::Unchanged => {
                self.unchanged = true;
                Some(Slot::UNCHANGED)
            }
            SentValue::Text { offset, length } => {
                if !self.text.is_utf8() {
                    return self.converted(place, offset, length);
                }
                Slot::text(self.base + offset, length)
            }
            SentValue::Binary { offset, length } => Slot::binary(self.base + offset, length),
        };
        slot.ok_or_else(too_large)
    }

    /// Text of a database in another encoding.
    fn converted(&mut self, place: usize, offset: usize, length: usize) -> Result<Slot, Fault> {
        let bytes = self.data.get(offset..offset + length).unwrap_or_default();
        let (text, table) = (self.text, self.table);
        if text.is_plain(bytes) || is_bare_char(text, table, place, bytes) {
            return Slot::text(self.base + offset, length).ok_or_else(too_large);
        }
        let mut mended = false;
        let slot = self.writer.made(false, |arena| {
            let converted = text.convert(bytes, arena).map_err(|_| not_text(offset, table, place, text))?;
            mended = converted == Converted::Mended;
            Ok::<_, Fault>(())
        })?;
        if mended {
            self.writer.note_mended(place);
        }
        Ok(slot)
    }
}

impl SentColumns for Filler<'_> {
    #[inline]
    fn old_row(&mut self) -> Result<(), Fault> {
        self.start_row(Row::Old);
        Ok(())
    }

    #[inline]
    fn new_row(&mut self) -> Result<(), Fault> {
        self.start_row(Row::New);
        Ok(())
    }

    #[inline(always)]
    fn expected(&self) -> &[u8] {
        self.layout.labels.get(self.at).map_or(&[], |next| &next.label)
    }

    #[inline(always)]
    fn value(&mut self, label: Label<'_>, value: SentValue) -> Result<(), Fault> {
        if let Some(place) = self.place(label) {
            let slot = self.slot(place, value)?;
            self.writer.set(place, slot);
        }
        Ok(())
    }

    fn made(
        &mut self,
        label: Label<'_>,
        is_binary: bool,
        make: impl FnOnce(&mut Vec<u8>) -> Result<(), Fault>,
    ) -> Result<(), Fault> {
        let Some(place) = self.place(label) else { return Ok(()) };
        let (text, table) = (self.text, self.table);
        let mut mended = false;
        let slot = self.writer.made(is_binary, |arena| {
            let start = arena.len();
            make(arena)?;
            let made = arena.get(start..).unwrap_or_default();
            if is_binary || text.is_plain(made) || is_bare_char(text, table, place, made) {
                return Ok::<_, Fault>(());
            }
            let bytes = arena.split_off(start);
            let converted = text.convert(&bytes, arena).map_err(|_| not_text(0, table, place, text))?;
            mended = converted == Converted::Mended;
            Ok(())
        })?;
        self.writer.set(place, slot);
        if mended {
            self.writer.note_mended(place);
        }
        Ok(())
    }

    fn made_utf8(&mut self, label: Label<'_>, make: impl FnOnce(&mut Vec<u8>)) -> Result<(), Fault> {
        let Some(place) = self.place(label) else { return Ok(()) };
        let slot = self.writer.made(false, |arena| {
            make(arena);
            Ok::<_, Fault>(())
        })?;
        self.writer.set(place, slot);
        Ok(())
    }
}

#[cold]
fn too_large() -> Fault {
    Fault::new(0, What::TooLarge)
}

/// Whether the value is a `"char"` as the bare byte that is no text in any encoding, which its reader takes for that
/// byte.
#[cold]
fn is_bare_char(text: &TextEncoding, table: Option<&Table>, place: usize, bytes: &[u8]) -> bool {
    let column = table.and_then(|table| table.columns.get(place));
    text.is_unchecked() && column.is_some_and(|column| !InvalidText::concerns(&column.type_, bytes))
}

#[cold]
fn not_text(offset: usize, table: Option<&Table>, place: usize, text: &TextEncoding) -> Fault {
    let column = table.and_then(|table| table.columns.get(place)).map_or("?", |column| &*column.name);
    let table = table.map(|table| table.name.to_string()).unwrap_or_default();
    let what = format!(
        "table {table}, column {column}: the value is not text in the database's encoding, {}; invalid_text: replace or \
         base64 carries it",
        text.name()
    );
    Fault::new(offset, What::Said(what.into()))
}
