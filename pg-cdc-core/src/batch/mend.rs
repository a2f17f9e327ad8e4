//! Values whose bytes were no text: made into text, and noted.

use std::sync::Arc;

use super::change_batch::ChangeBatch;
use super::slot::{Slot, Tag};
use super::tape::{ChangeHeader, Entry, Tape};
use super::writer::{ChangeWriter, TooLarge, checked};
use crate::{Column, Datum, InvalidText, Table};

impl ChangeWriter<'_> {
    /// Makes text of every text of the change, of both rows, that is not UTF-8, as `invalid` says, and
    /// [notes](Self::note_mended) it. `buffer` is the change's own, `columns` are its table's.
    ///
    /// For what comes as it stands in a database in SQL_ASCII: the server sees to it in any other. Each text is looked
    /// at, unless `invalid` is an error: that is left to whoever reads the value. What becomes text lies in the arena.
    ///
    /// # Errors
    ///
    /// Where a value is longer than 1 GiB then, or the arena is full.
    // The writer itself is passed to nobody, so that it is never a value in memory.
    #[inline(always)]
    pub fn mend(&mut self, buffer: &[u8], columns: &[Column], invalid: InvalidText) -> Result<(), TooLarge> {
        if invalid == InvalidText::Error {
            return Ok(());
        }
        self.tape.mend_rows([self.start, self.middle], buffer, columns, invalid)
    }

    /// Notes that the column at `index` of the row that is being written holds what was made of bytes that are no text:
    /// for [`ChangeBatch::mended`].
    #[cold]
    pub fn note_mended(&mut self, index: usize) {
        self.tape.mended.push(self.middle + index);
    }

    /// The two rows, of the same width, changed places: so do their notes.
    #[cold]
    pub(super) fn swap_notes(&mut self) {
        let width = self.middle - self.start;
        for at in self.tape.mended.iter_mut().rev().take_while(|at| **at >= self.start) {
            *at = if *at < self.middle { *at + width } else { *at - width };
        }
    }

    /// The old row is taken out: its notes go with it, and those of the new one with that.
    #[cold]
    pub(super) fn forget_old_notes(&mut self) {
        let (start, middle) = (self.start, self.middle);
        let mended = &mut self.tape.mended;
        let own = mended.iter().rposition(|at| *at < start).map_or(0, |last| last + 1);
        let notes = mended.split_off(own);
        mended.extend(notes.iter().filter(|at| **at >= middle).map(|at| at - (middle - start)));
    }
}

impl Tape {
    /// As [`ChangeWriter::mend`], of the rows that start and go on at `places`.
    #[inline(never)]
    fn mend_rows(
        &mut self,
        places: [usize; 2],
        buffer: &[u8],
        columns: &[Column],
        invalid: InvalidText,
    ) -> Result<(), TooLarge> {
        let [start, _] = places;
        for at in start..self.slots.len() {
            let Some(slot) = self.slots.get(at).copied() else { break };
            if let Datum::Text(text) = slot.read(buffer, &self.arena)
                && std::str::from_utf8(text).is_err()
                && let Some(column) = columns.get((at - start) % columns.len().max(1))
                && InvalidText::concerns(&column.type_, text)
            {
                self.mend_one(places, at, slot, buffer, invalid)?;
            }
        }
        Ok(())
    }

    #[cold]
    fn mend_one(
        &mut self,
        [start, middle]: [usize; 2],
        at: usize,
        slot: Slot,
        buffer: &[u8],
        invalid: InvalidText,
    ) -> Result<(), TooLarge> {
        let arena = &mut self.arena;
        let from = arena.len();
        // What is appended to can't be read meanwhile.
        let copy =
            (slot.tag() == Tag::ArenaText).then(|| arena.get(slot.range()).unwrap_or_default().to_vec());
        let text = copy.as_deref().or_else(|| buffer.get(slot.range())).unwrap_or_default();
        // `Error` was seen to before.
        let _ = invalid.append(text, arena);
        let mended = checked(Tag::ArenaText, from, arena.len().saturating_sub(from))?;
        // A value of the old row may stand in the new one as well.
        let twin = (at < middle).then(|| at + (middle - start));
        for at in [Some(at), twin].into_iter().flatten() {
            if let Some(place) = self.slots.get_mut(at).filter(|place| **place == slot) {
                *place = mended;
                self.mended.push(at);
            }
        }
        Ok(())
    }

    /// What was noted of slots from `start` on: of the change that is dropped.
    #[cold]
    #[inline(never)]
    pub(super) fn forget_notes(&mut self, start: usize) {
        while self.mended.pop_if(|at| *at >= start).is_some() {}
    }
}

impl ChangeBatch {
    /// Makes text of the prefix of the message that was added last, if it is not UTF-8, as `invalid` says.
    ///
    /// # Errors
    ///
    /// Where it is longer than 1 GiB then, or the arena is full.
    pub fn mend_prefix(&mut self, invalid: InvalidText) -> Result<(), TooLarge> {
        let Tape { messages, buffers, arena, .. } = &mut self.tape;
        let Some(message) = messages.last_mut().filter(|_| invalid != InvalidText::Error) else {
            return Ok(());
        };
        let buffer = buffers.get(message.buffer as usize).map_or(&[][..], |buffer| buffer);
        if message.prefix.tag() != Tag::Text {
            return Ok(());
        }
        let prefix = buffer.get(message.prefix.range()).unwrap_or_default();
        if std::str::from_utf8(prefix).is_err() {
            let start = arena.len();
            // `Error` was seen to before.
            let _ = invalid.append(prefix, arena);
            message.prefix = checked(Tag::ArenaText, start, arena.len() - start)?;
        }
        Ok(())
    }

    /// The columns that hold text made of bytes that are none, once for each such value, in order of the changes: see
    /// [`InvalidText`]. Finding that there is none costs nothing.
    pub fn mended(&self) -> impl Iterator<Item = (&Arc<Table>, &Column)> {
        let tape = &self.tape;
        let mut changes = tape.entries.iter().filter_map(|entry| match entry {
            Entry::Change(header) => Some(header),
            _ => None,
        });
        let mut current: Option<&ChangeHeader> = None;
        tape.mended.iter().filter_map(move |&at| {
            loop {
                if let Some(change) = current
                    && let Some(index) = change.column_at(at)
                {
                    let table = tape.tables.get(change.table as usize)?;
                    return Some((table, table.columns.get(index)?));
                }
                current = Some(changes.next()?);
            }
        })
    }
}

impl ChangeHeader {
    /// The column whose slot, of either row, is the tape's `at`th.
    fn column_at(&self, at: usize) -> Option<usize> {
        let columns = usize::from(self.columns);
        let rows = usize::from(self.has_old) + usize::from(self.has_new);
        let within = at.checked_sub(self.slots as usize).filter(|within| *within < rows * columns)?;
        Some(within % columns.max(1))
    }
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;

    use super::*;
    use crate::batch::{Op, Recycler, Transaction};
    use crate::types::oid;
    use crate::{ColumnType, Lsn, ReplicaIdentity, TableName};

    fn table() -> Arc<Table> {
        let columns = [("id", oid::INT4), ("c", oid::CHAR), ("v", oid::TEXT)];
        let columns = columns.map(|(name, type_)| Column::new(name, ColumnType::built_in(type_))).into();
        Arc::new(Table::new(1, TableName::new("public", "t"), columns, ReplicaIdentity::Full))
    }

    /// An UPDATE of a row of the three columns, a byte of `buffer` each.
    fn update(
        batch: &mut ChangeBatch,
        buffer: &Bytes,
        rows: [[usize; 3]; 2],
        then: impl FnOnce(&mut ChangeWriter<'_>),
    ) {
        let (id, table) = (batch.attach(buffer), batch.table(&table(), None));
        batch.enter(&Transaction::new(None, Lsn::new(1), 0));
        let mut writer = batch.write(id);
        for (nth, row) in rows.into_iter().enumerate() {
            if nth > 0 {
                writer.end_old();
            }
            row.into_iter().for_each(|at| writer.text(at, 1).unwrap());
        }
        then(&mut writer);
        writer.finish(Op::Update, table, Lsn::new(1), 0, 6).unwrap();
    }

    fn texts(batch: &ChangeBatch) -> Vec<String> {
        let rows = batch.changes().flat_map(|change| [change.before(), change.after()]).flatten();
        rows.map(|row| {
            let read = |at| String::from_utf8_lossy(row.datum(at).bytes().unwrap()).into_owned();
            format!("{} {}", read(0), read(2))
        })
        .collect()
    }

    fn noted(batch: &ChangeBatch) -> Vec<&str> {
        batch.mended().map(|(_, column)| &*column.name).collect()
    }

    #[test]
    fn what_is_no_text_is_made_into_text_and_noted_in_both_rows() {
        let buffer = Bytes::from_static(b"1\xffa\xfe");
        for (invalid, expected) in [
            (InvalidText::Replace, ["1 \u{FFFD}", "\u{FFFD} \u{FFFD}"]),
            (InvalidText::Base64, ["1 /w==", "/g== /w=="]),
        ] {
            let mut batch = ChangeBatch::new();
            // A bare byte is how a "char" may be printed, and is left.
            update(&mut batch, &buffer, [[0, 1, 1], [3, 1, 1]], |writer| {
                writer.mend(&buffer, &table().columns, invalid).unwrap();
            });
            assert_eq!(texts(&batch), expected);
            assert_eq!(batch.changes().next().unwrap().after().unwrap().datum(1), Datum::Text(b"\xff"));
            assert_eq!(noted(&batch), ["v", "v", "id"]);
            // What is the same in both rows is there once.
            assert_eq!(batch.tape.arena.len(), expected[1].len() - 1);
        }
    }

    #[test]
    fn what_lies_in_the_arena_is_mended_too_and_errors_are_left_alone() {
        let buffer = Bytes::from_static(b"1");
        for (invalid, bytes, notes) in
            [(InvalidText::Replace, "a\u{FFFD}".as_bytes(), &["v"][..]), (InvalidText::Error, b"a\xff", &[])]
        {
            let mut batch = ChangeBatch::new();
            update(&mut batch, &buffer, [[0; 3]; 2], |writer| {
                let slot = writer.made(false, |arena| {
                    arena.extend_from_slice(b"a\xff");
                    Ok::<_, TooLarge>(())
                });
                writer.set(2, slot.unwrap());
                writer.mend(&buffer, &table().columns, invalid).unwrap();
            });
            let row = batch.changes().next().unwrap().after().unwrap();
            assert_eq!(row.datum(2), Datum::Text(bytes));
            assert_eq!(noted(&batch), notes);
        }
    }

    #[test]
    fn notes_go_where_their_rows_go() {
        let buffer = Bytes::from_static(b"1\xff");
        let recycler = Recycler::new();
        let mut batch = recycler.batch();
        let mend = |writer: &mut ChangeWriter<'_>| {
            writer.mend(&buffer, &table().columns, InvalidText::Replace).unwrap();
        };
        update(&mut batch, &buffer, [[0, 0, 1], [0, 0, 0]], mend);
        let savepoint = batch.savepoint();
        update(&mut batch, &buffer, [[1, 0, 1], [0, 0, 1]], |writer| {
            mend(writer);
            writer.drop_old();
        });
        assert_eq!(noted(&batch), ["v", "v"]);
        batch.roll_back(savepoint);
        update(&mut batch, &buffer, [[1, 0, 0], [0, 0, 1]], |writer| {
            mend(writer);
            writer.swap_rows();
            writer.drop_old();
        });
        assert_eq!(noted(&batch), ["v", "id"]);
        // Dropped, a change leaves no trace.
        let id = batch.attach(&buffer);
        let mut writer = batch.write(id);
        writer.filled_row(3, Slot::NULL);
        writer.note_mended(0);
        drop(writer);
        assert_eq!(noted(&batch), ["v", "id"]);
        update(&mut batch, &buffer, [[0, 0, 0], [1, 0, 0]], mend);
        assert_eq!(noted(&batch), ["v", "id", "id"]);
        batch.roll_back(savepoint);
        assert_eq!(noted(&batch), ["v"]);
        drop(batch);
        assert_eq!(noted(&recycler.batch()).len(), 0);
    }
}
