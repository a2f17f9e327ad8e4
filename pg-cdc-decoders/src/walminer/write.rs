//! What a statement says, onto the tape.

use pg_cdc_core::Frame;
use pg_cdc_core::batch::{ChangeBatch, ChangeWriter, Op, Slot, TooLarge};
use pg_cdc_core::walminer::{MinedRow, Verb};

use super::relation::Wanted;
use super::sql::{Assigned, Parsed, Value, Wrong};

/// Adds the change that `parsed` says.
pub(super) fn change(
    parsed: &Parsed,
    known: &mut Wanted,
    row: &MinedRow<'_>,
    frame: Frame<'_>,
    seq: u64,
    batch: &mut ChangeBatch,
) -> Result<(), Wrong> {
    let table = known.in_batch(batch);
    let columns = known.table.columns.len();
    let buffer = batch.attach(frame.buffer());
    let mut writer = batch.write(buffer);
    if seq == 0 {
        writer.begins();
    }
    let base = frame.start() + frame.data().len() - row.statement.len();
    let place = Place { statement: row.statement, base };
    let op = match row.verb {
        Verb::Insert => {
            let fill = if parsed.nulls_left_out { Slot::NULL } else { Slot::ABSENT };
            writer.filled_row(columns, fill);
            place.values(&mut writer, &parsed.new)?;
            Op::Insert
        }
        Verb::Update => {
            writer.filled_row(columns, Slot::NOT_IN_IDENTITY);
            place.values(&mut writer, &parsed.old)?;
            writer.end_old();
            writer.filled_row(columns, Slot::UNCHANGED);
            place.values(&mut writer, &parsed.new)?;
            writer.fill_unchanged();
            Op::Update
        }
        Verb::Delete => {
            writer.filled_row(columns, Slot::NOT_IN_IDENTITY);
            place.values(&mut writer, &parsed.old)?;
            Op::Delete
        }
    };
    writer.finish(op, table, row.lsn, seq, frame.data().len()).map_err(|_| too_large(0))
}

/// Where a statement's values are.
struct Place<'a> {
    statement: &'a [u8],
    /// Where the statement starts in the buffer.
    base: usize,
}

impl Place<'_> {
    /// The values into their columns. What is not there stays what the row was filled with.
    fn values(&self, writer: &mut ChangeWriter<'_>, values: &[Assigned]) -> Result<(), Wrong> {
        for Assigned { column, value, at } in values {
            let Some(column) = column else { continue };
            let slot = match *value {
                Value::Null => Slot::NULL,
                Value::Text { start, end, quotes: 1 } => {
                    Slot::text(self.base + start, end - start).ok_or_else(|| too_large(*at))?
                }
                Value::Text { start, end, quotes } => {
                    let text = self.statement.get(start..end).unwrap_or_default();
                    writer
                        .made::<TooLarge>(false, |arena| {
                            undouble(text, usize::from(quotes), arena);
                            Ok(())
                        })
                        .map_err(|_| too_large(*at))?
                }
                Value::OutOfLine | Value::Bytes => continue,
            };
            writer.set(usize::from(*column), slot);
        }
        Ok(())
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
