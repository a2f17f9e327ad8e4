//! What a statement says, onto the tape.

use pg_cdc_core::Frame;
use pg_cdc_core::batch::{ChangeBatch, ChangeWriter, Op, Slot, TooLarge};
use pg_cdc_core::walminer::{MinedRow, Verb};

use super::relation::Wanted;
use super::sql::{Assigned, Layout, Parsed, Value, Wrong};
use crate::TextEncoding;
use crate::text::Converted;

/// A change that is to be added.
pub(super) struct Change<'a> {
    pub(super) parsed: &'a Parsed,
    pub(super) row: &'a MinedRow<'a>,
    pub(super) frame: Frame<'a>,
    pub(super) seq: u64,
    pub(super) text: &'a TextEncoding,
}

impl Change<'_> {
    pub(super) fn write(&self, known: &mut Wanted, batch: &mut ChangeBatch) -> Result<(), Wrong> {
        let Self { parsed, row, frame, seq, .. } = *self;
        let table = known.in_batch(batch);
        let columns = known.table.columns.len();
        let buffer = batch.attach(frame.buffer());
        let mut writer = batch.write(buffer);
        if seq == 0 {
            writer.begins();
        }
        let op = match row.verb {
            Verb::Insert => {
                let fill = if parsed.nulls_left_out { Slot::NULL } else { Slot::ABSENT };
                writer.filled_row(columns, fill);
                self.values(&mut writer, &parsed.new, &known.layout)?;
                Op::Insert
            }
            Verb::Update => {
                writer.filled_row(columns, Slot::NOT_IN_IDENTITY);
                self.values(&mut writer, &parsed.old, &known.layout)?;
                writer.end_old();
                writer.filled_row(columns, Slot::UNCHANGED);
                self.values(&mut writer, &parsed.new, &known.layout)?;
                writer.fill_unchanged();
                Op::Update
            }
            Verb::Delete => {
                writer.filled_row(columns, Slot::NOT_IN_IDENTITY);
                self.values(&mut writer, &parsed.old, &known.layout)?;
                Op::Delete
            }
        };
        writer.finish(op, table, row.lsn, seq, frame.data().len()).map_err(|_| too_large(0))
    }

    /// The values into their columns. What is not there stays what the row was filled with.
    fn values(
        &self,
        writer: &mut ChangeWriter<'_>,
        values: &[Assigned],
        layout: &Layout,
    ) -> Result<(), Wrong> {
        let (statement, text) = (self.row.statement, self.text);
        // The statement is the message's end.
        let base = self.frame.start() + self.frame.data().len() - statement.len();
        for Assigned { column, value, at } in values {
            let Some(place) = column else { continue };
            let slot = match *value {
                Value::Null => Slot::NULL,
                Value::Text { start, end, quotes } => {
                    let bytes = statement.get(start..end).unwrap_or_default();
                    let is_plain = text.is_plain(bytes);
                    let mut mended = false;
                    if is_plain && quotes == 1 {
                        Slot::text(base + start, end - start).ok_or_else(|| too_large(*at))?
                    } else {
                        let made = writer.made(false, |arena| {
                            let before = arena.len();
                            undouble(bytes, usize::from(quotes), arena);
                            if is_plain {
                                return Ok(());
                            }
                            let bytes = arena.split_off(before);
                            let converted = text.convert(&bytes, arena).map_err(|_| Failed::NotText)?;
                            mended = converted == Converted::Mended;
                            Ok(())
                        });
                        if mended {
                            writer.note_mended(usize::from(*place));
                        }
                        made.map_err(|failed| match failed {
                            Failed::TooLarge => too_large(*at),
                            Failed::NotText => layout.wrong(*column, *at, NOT_TEXT),
                        })?
                    }
                }
                Value::OutOfLine | Value::Bytes => continue,
            };
            writer.set(usize::from(*place), slot);
        }
        Ok(())
    }
}

const NOT_TEXT: &str =
    "the value is not text in the database's encoding; invalid_text: replace or base64 carries it";

/// Why a value could not be made.
enum Failed {
    TooLarge,
    NotText,
}

impl From<TooLarge> for Failed {
    fn from(_: TooLarge) -> Self {
        Self::TooLarge
    }
}

/// Appends `text`, in which each quote stands `quotes` times.
fn undouble(text: &[u8], quotes: usize, out: &mut Vec<u8>) {
    let mut rest = text;
    while let Some(quote) = rest.iter().position(|&byte| byte == b'\'') {
        let (before, after) = rest.split_at(quote);
        out.extend_from_slice(before);
        out.push(b'\'');
        rest = after.get(quotes..).unwrap_or_default();
    }
    out.extend_from_slice(rest);
}

#[cold]
fn too_large(at: usize) -> Wrong {
    Wrong::new(at, "a value is larger than 1 GiB, or the batch is full")
}
