//! Writing one change's columns.

use super::slot::{Slot, Tag};
use super::tape::{BatchTable, BufferId, ChangeHeader, Entry, Op, Tape, TruncateOptions};
use crate::{Datum, Lsn};

/// A batch outgrew what its indexes can count (2³² slots, or an arena of 2 GiB): it must be closed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a value or a batch is larger than PostgreSQL's own limit of 1 GiB a value allows")]
pub struct TooLarge(());

#[inline]
pub(super) fn checked(tag: Tag, offset: usize, length: usize) -> Result<Slot, TooLarge> {
    Slot::checked(tag, offset, length).ok_or(TooLarge(()))
}

/// Writes one change's columns: those of the old row, if there is one, then those of the new one.
///
/// Dropped before [`finish`](Self::finish), it leaves no trace.
#[derive(Debug)]
pub struct ChangeWriter<'a> {
    pub(super) tape: &'a mut Tape,
    buffer: BufferId,
    pub(super) start: usize,
    pub(super) middle: usize,
    /// Where the arena ended before.
    arena: usize,
    begins: bool,
}

impl<'a> ChangeWriter<'a> {
    #[inline]
    pub(super) fn new(tape: &'a mut Tape, buffer: BufferId) -> Self {
        let (start, arena) = (tape.slots.len(), tape.arena.len());
        Self { tape, buffer, start, middle: start, arena, begins: false }
    }

    /// It is the first of its transaction: the begin is added with it, in front.
    #[inline]
    pub fn begins(&mut self) {
        self.begins = true;
    }

    /// Adds `count` columns at once, NULL until they are set: one check for room, then nothing but stores.
    #[inline]
    pub fn row(&mut self, count: usize) -> &mut [Slot] {
        let slots = &mut self.tape.slots;
        let from = slots.len();
        slots.resize(from + count, Slot::NULL);
        slots.get_mut(from..).unwrap_or_default()
    }

    /// Adds `count` columns at once, each `fill` until it is [set](Self::set).
    #[inline]
    pub fn filled_row(&mut self, count: usize, fill: Slot) {
        let slots = &mut self.tape.slots;
        slots.resize(slots.len() + count, fill);
    }

    /// The columns of the row that is being written.
    #[inline]
    pub fn slots(&mut self) -> &mut [Slot] {
        self.tape.slots.get_mut(self.middle..).unwrap_or_default()
    }

    /// The column at `index` of the row that is being written holds `slot`.
    #[inline]
    pub fn set(&mut self, index: usize, slot: Slot) {
        if let Some(place) = self.tape.slots.get_mut(self.middle + index) {
            *place = slot;
        }
    }

    /// A value that is no slice of the buffer: `make` appends its bytes to the arena, of which all before stays as it
    /// is. `is_binary` says which of the two forms they are.
    ///
    /// # Errors
    ///
    /// Those of `make`.
    #[inline]
    pub fn made<E: From<TooLarge>>(
        &mut self,
        is_binary: bool,
        make: impl FnOnce(&mut Vec<u8>) -> Result<(), E>,
    ) -> Result<Slot, E> {
        let arena = &mut self.tape.arena;
        let start = arena.len();
        make(arena)?;
        let tag = if is_binary { Tag::ArenaBinary } else { Tag::ArenaText };
        Ok(checked(tag, start, arena.len().saturating_sub(start))?)
    }

    /// Makes room for `columns` more columns at once.
    #[inline]
    pub fn reserve(&mut self, columns: usize) {
        self.tape.slots.reserve(columns);
    }

    /// The next column is NULL.
    #[inline]
    pub fn null(&mut self) {
        self.tape.slots.push(Slot::NULL);
    }

    /// The next column's TOASTed value was not sent.
    #[inline]
    pub fn unchanged(&mut self) {
        self.tape.slots.push(Slot::UNCHANGED);
    }

    /// The next column is not part of the replica identity.
    #[inline]
    pub fn not_in_identity(&mut self) {
        self.tape.slots.push(Slot::NOT_IN_IDENTITY);
    }

    /// The next column was not published, or did not exist.
    #[inline]
    pub fn absent(&mut self) {
        self.tape.slots.push(Slot::ABSENT);
    }

    /// The next column's text is `length` bytes at `offset` of the buffer.
    #[inline]
    pub fn text(&mut self, offset: usize, length: usize) -> Result<(), TooLarge> {
        self.tape.slots.push(checked(Tag::Text, offset, length)?);
        Ok(())
    }

    /// The next column's binary form is `length` bytes at `offset` of the buffer.
    #[inline]
    pub fn binary(&mut self, offset: usize, length: usize) -> Result<(), TooLarge> {
        self.tape.slots.push(checked(Tag::Binary, offset, length)?);
        Ok(())
    }

    /// The next column's text is copied into the arena.
    pub fn text_copied(&mut self, text: &[u8]) -> Result<(), TooLarge> {
        let slot = checked(Tag::ArenaText, self.tape.arena.len(), text.len())?;
        self.tape.arena.extend_from_slice(text);
        self.tape.slots.push(slot);
        Ok(())
    }

    /// The next column's text is these pieces, one after the other, copied into the arena.
    ///
    /// # Errors
    ///
    /// As the others; what was copied of a text that is too large stays in the arena, unused.
    pub fn text_pieces<'p>(&mut self, pieces: impl Iterator<Item = &'p [u8]>) -> Result<(), TooLarge> {
        let start = self.tape.arena.len();
        for piece in pieces {
            self.tape.arena.extend_from_slice(piece);
        }
        self.tape.slots.push(checked(Tag::ArenaText, start, self.tape.arena.len() - start)?);
        Ok(())
    }

    /// The old row is whole: the new one follows.
    #[inline]
    pub fn end_old(&mut self) {
        self.middle = self.tape.slots.len();
    }

    /// The next column of the new row has the value that the old row holds for it, if it holds one.
    pub fn from_old_or_unchanged(&mut self) {
        let index = self.tape.slots.len() - self.middle;
        let old = self.tape.slots.get(self.start + index).filter(|_| self.start + index < self.middle);
        let slot = old.copied().filter(|slot| slot.is_known()).unwrap_or(Slot::UNCHANGED);
        self.tape.slots.push(slot);
    }

    /// Every unchanged column of the new row has the value that the old row holds for it, if it holds one.
    pub fn fill_unchanged(&mut self) {
        let row = self.tape.slots.get_mut(self.start..).unwrap_or_default();
        let Some((old, new)) = row.split_at_mut_checked(self.middle - self.start) else { return };
        for (new, old) in new.iter_mut().zip(old) {
            if *new == Slot::UNCHANGED && old.is_known() {
                *new = *old;
            }
        }
    }

    /// The row that was written first is the new one, the other the old one: they change places.
    ///
    /// Both must be of the same width, the first [ended](Self::end_old) before the second began.
    pub fn swap_rows(&mut self) {
        let row = self.tape.slots.get_mut(self.start..).unwrap_or_default();
        if let Some((first, second)) = row.split_at_mut_checked(self.middle - self.start)
            && first.len() == second.len()
        {
            first.swap_with_slice(second);
            if !self.tape.mended.is_empty() {
                self.swap_notes();
            }
        }
    }

    /// Whether the old row says nothing that the new one does not: each value that it holds is there too.
    #[must_use]
    pub fn old_repeats_new(&self, buffer: &[u8]) -> bool {
        let row = self.tape.slots.get(self.start..).unwrap_or_default();
        let Some((old, new)) = row.split_at_checked(self.middle - self.start) else { return false };
        let arena = &self.tape.arena;
        old.iter()
            .zip(new)
            .all(|(old, new)| !old.is_known() || old.read(buffer, arena) == new.read(buffer, arena))
    }

    /// Takes the old row out again.
    pub fn drop_old(&mut self) {
        self.tape.slots.drain(self.start..self.middle);
        if !self.tape.mended.is_empty() {
            self.forget_old_notes();
        }
        self.middle = self.start;
    }

    /// Number of columns written so far, of both rows.
    #[must_use]
    pub fn columns(&self) -> usize {
        self.tape.slots.len() - self.start
    }

    /// What was written so far, of both rows; `buffer` is the change's own.
    pub fn datums<'d>(&'d self, buffer: &'d [u8]) -> impl Iterator<Item = Datum<'d>> {
        let slots = self.tape.slots.get(self.start..).unwrap_or_default();
        slots.iter().map(|slot| slot.read(buffer, &self.tape.arena))
    }

    /// Adds the change. `used` is the number of the buffer's bytes that it was read from.
    ///
    /// # Errors
    ///
    /// Where the batch is too large to count another change.
    // Called, it would have the writer be a value in memory, which costs more than five columns do.
    #[inline(always)]
    pub fn finish(self, op: Op, table: BatchTable, lsn: Lsn, seq: u64, used: usize) -> Result<(), TooLarge> {
        let end = self.tape.slots.len();
        let (old, new) = (self.middle - self.start, end - self.middle);
        let (has_old, has_new) = match op {
            // One row only, and it is the old one.
            Op::Delete => (true, false),
            _ => (old != 0, true),
        };
        let columns = u16::try_from(new.max(old)).map_err(|_| TooLarge(()))?;
        let slots = u32::try_from(self.start).map_err(|_| TooLarge(()))?;
        let transaction = self.tape.transactions.len().saturating_sub(1) as u32;
        if self.begins {
            self.tape.entries.push(Entry::Begin { transaction });
        }
        let header = ChangeHeader {
            lsn,
            seq,
            op,
            columns,
            has_old,
            has_new,
            truncate: TruncateOptions::default(),
            table: table.index,
            buffer: self.buffer.0,
            slots,
            transaction,
        };
        self.tape.changes += 1;
        self.tape.used += used;
        self.tape.entries.push(Entry::Change(header));
        std::mem::forget(self);
        Ok(())
    }
}

impl Drop for ChangeWriter<'_> {
    fn drop(&mut self) {
        self.tape.slots.truncate(self.start);
        self.tape.arena.truncate(self.arena);
        if !self.tape.mended.is_empty() {
            self.tape.forget_notes(self.start);
        }
    }
}
