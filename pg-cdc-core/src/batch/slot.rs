//! Where a column's bytes are, in eight bytes.

use crate::Datum;

/// The longest value: PostgreSQL's own limit is `MaxAllocSize`, one less than 1 GiB.
pub(crate) const LONGEST: usize = (1 << 30) - 1;
/// The furthest a value may start in a buffer or in the arena.
pub(crate) const FURTHEST: usize = (1 << 31) - 1;

const OFFSET_BITS: u32 = 31;
const TAG_SHIFT: u32 = 61;

/// How a slot's bytes are to be read.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[repr(u8)]
pub(crate) enum Tag {
    Null = 0,
    Unchanged = 1,
    NotInIdentity = 2,
    Absent = 3,
    Text = 4,
    Binary = 5,
    ArenaText = 6,
    ArenaBinary = 7,
}

/// What stands in one column of a change: a value's place in the change's buffer, or one of the kinds of nothing.
///
/// Eight bytes, for [`ChangeWriter::row`](super::ChangeWriter::row).
// `tag: 3 | length: 30 | offset: 31`. The offset counts from the start of the change's buffer, or of the batch's arena.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Slot(u64);

impl Slot {
    /// NULL.
    pub const NULL: Self = Self::empty(Tag::Null);
    /// A TOASTed value that was not sent.
    pub const UNCHANGED: Self = Self::empty(Tag::Unchanged);
    /// A column that is not part of the replica identity.
    pub const NOT_IN_IDENTITY: Self = Self::empty(Tag::NotInIdentity);
    /// A column that was not published, or did not exist.
    pub const ABSENT: Self = Self::empty(Tag::Absent);

    /// A value whose text is `length` bytes at `offset` of the change's buffer; `None` where it is longer than a value
    /// may be (1 GiB), or begins further in than a buffer may reach (2 GiB).
    #[must_use]
    #[inline]
    pub const fn text(offset: usize, length: usize) -> Option<Self> {
        Self::checked(Tag::Text, offset, length)
    }

    /// A value whose binary form is `length` bytes at `offset` of the change's buffer; `None` as for
    /// [`text`](Self::text).
    #[must_use]
    #[inline]
    pub const fn binary(offset: usize, length: usize) -> Option<Self> {
        Self::checked(Tag::Binary, offset, length)
    }

    #[inline]
    pub(crate) const fn checked(tag: Tag, offset: usize, length: usize) -> Option<Self> {
        if offset > FURTHEST || length > LONGEST { None } else { Some(Self::new(tag, offset, length)) }
    }

    const fn empty(tag: Tag) -> Self {
        Self((tag as u64) << TAG_SHIFT)
    }

    /// The caller has seen that `offset` and `length` are within [`FURTHEST`] and [`LONGEST`].
    #[inline]
    pub(crate) const fn new(tag: Tag, offset: usize, length: usize) -> Self {
        debug_assert!(offset <= FURTHEST && length <= LONGEST);
        Self((tag as u64) << TAG_SHIFT | (length as u64) << OFFSET_BITS | offset as u64)
    }

    #[inline]
    pub(crate) const fn tag(self) -> Tag {
        match self.0 >> TAG_SHIFT {
            0 => Tag::Null,
            1 => Tag::Unchanged,
            2 => Tag::NotInIdentity,
            3 => Tag::Absent,
            4 => Tag::Text,
            5 => Tag::Binary,
            6 => Tag::ArenaText,
            _ => Tag::ArenaBinary,
        }
    }

    #[inline]
    pub(crate) const fn range(self) -> std::ops::Range<usize> {
        let offset = self.0 as usize & FURTHEST;
        offset..offset + self.len()
    }

    #[inline]
    pub(crate) const fn len(self) -> usize {
        (self.0 >> OFFSET_BITS) as usize & LONGEST
    }

    /// Whether it holds a value or NULL.
    #[inline]
    pub(crate) fn is_known(self) -> bool {
        !matches!(self.tag(), Tag::Unchanged | Tag::NotInIdentity | Tag::Absent)
    }

    #[inline]
    pub(crate) fn read<'a>(self, buffer: &'a [u8], arena: &'a [u8]) -> Datum<'a> {
        // A slot is made only with ranges that lie within what it points into, and neither shrinks.
        let slice = |from: &'a [u8]| from.get(self.range()).unwrap_or_default();
        match self.tag() {
            Tag::Null => Datum::Null,
            Tag::Unchanged => Datum::Unchanged,
            Tag::NotInIdentity => Datum::NotInIdentity,
            Tag::Absent => Datum::Absent,
            Tag::Text => Datum::Text(slice(buffer)),
            Tag::Binary => Datum::Binary(slice(buffer)),
            Tag::ArenaText => Datum::Text(slice(arena)),
            Tag::ArenaBinary => Datum::Binary(slice(arena)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn keeps_tag_offset_and_length(offset in 0..=FURTHEST, length in 0..=LONGEST) {
            for tag in [Tag::Text, Tag::Binary, Tag::ArenaText, Tag::ArenaBinary] {
                let slot = Slot::new(tag, offset, length);
                prop_assert_eq!((slot.tag(), slot.range(), slot.len()), (tag, offset..offset + length, length));
            }
        }
    }

    #[test]
    fn the_kinds_of_nothing_stay_apart() {
        let read = |slot: Slot| slot.read(b"", b"");
        assert_eq!(read(Slot::NULL), Datum::Null);
        assert_eq!(read(Slot::UNCHANGED), Datum::Unchanged);
        assert_eq!(read(Slot::NOT_IN_IDENTITY), Datum::NotInIdentity);
        assert_eq!(read(Slot::ABSENT), Datum::Absent);
    }
}
