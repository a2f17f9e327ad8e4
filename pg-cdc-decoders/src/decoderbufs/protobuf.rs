//! The wire format of protocol buffers: a place in a message's bytes.
//!
//! Follows the protocol buffers documentation, "Encoding". A length is compared with what is there before anything is
//! done with it, and nothing is ever reserved for it.

use crate::cursor::{Fault, What};

/// How deep groups that nobody knows may stand in one another, as the reference implementations have it.
const DEPTH: u32 = 100;

/// How a field's bytes end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum WireType {
    Varint,
    Fixed64,
    /// A length and as many bytes: a string, bytes, a message, or packed scalars.
    Counted,
    GroupStart,
    GroupEnd,
    Fixed32,
}

/// What stands in front of a field.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Tag {
    pub(super) field: u32,
    pub(super) wire: WireType,
}

/// Reads the fields of a message in order.
#[derive(Debug, Clone, Copy)]
pub(super) struct Reader<'a> {
    rest: &'a [u8],
    /// Where `rest` ends in the outermost message.
    end: usize,
}

impl<'a> Reader<'a> {
    #[inline]
    pub(super) fn new(message: &'a [u8]) -> Self {
        Self { rest: message, end: message.len() }
    }

    /// Offset of the next byte in the outermost message.
    #[inline]
    pub(super) fn offset(&self) -> usize {
        self.end - self.rest.len()
    }

    /// What was not read yet.
    #[inline]
    pub(super) fn rest(&self) -> &'a [u8] {
        self.rest
    }

    #[inline]
    pub(super) fn is_empty(&self) -> bool {
        self.rest.is_empty()
    }

    /// Passes over `prefix`, if it stands next.
    #[inline(always)]
    pub(super) fn strip(&mut self, prefix: &[u8]) -> bool {
        let stripped = self.rest.strip_prefix(prefix);
        self.rest = stripped.unwrap_or(self.rest);
        stripped.is_some()
    }

    /// The bytes at `range` of the outermost message.
    #[inline(always)]
    pub(super) fn part(message: &'a [u8], range: std::ops::Range<usize>) -> Self {
        let end = range.end;
        Self { rest: message.get(range).unwrap_or_default(), end }
    }

    /// `what` is wrong at the next byte.
    // Inlined, as all that is done with a reader: one whose address is known elsewhere lives in memory.
    #[inline(always)]
    pub(super) fn fault(&self, what: What) -> Fault {
        Fault::new(self.offset(), what)
    }

    /// Up to 64 bits in groups of 7, the lowest first.
    #[inline(always)]
    pub(super) fn varint(&mut self, what: &'static str) -> Result<u64, Fault> {
        if let Some((&byte, rest)) = self.rest.split_first()
            && byte < 0x80
        {
            self.rest = rest;
            return Ok(u64::from(byte));
        }
        let (value, length) = long_varint(self.rest);
        if length == 0 {
            return Err(broken_varint(self.rest.len(), self.offset(), what));
        }
        self.rest = self.rest.get(length..).unwrap_or_default();
        Ok(value)
    }

    /// The next field's tag.
    #[inline(always)]
    pub(super) fn tag(&mut self) -> Result<Tag, Fault> {
        let before = self.offset();
        let key = self.varint("a field's tag")?;
        let wire = match key & 7 {
            0 => WireType::Varint,
            1 => WireType::Fixed64,
            2 => WireType::Counted,
            3 => WireType::GroupStart,
            4 => WireType::GroupEnd,
            5 => WireType::Fixed32,
            wire => return Err(Fault::new(before, What::NoWireType(wire as u8))),
        };
        match u32::try_from(key >> 3) {
            Ok(field @ 1..0x2000_0000) => Ok(Tag { field, wire }),
            _ => Err(Fault::new(before, What::Wrong("a field's number is none"))),
        }
    }

    #[inline(always)]
    fn array<const N: usize>(&mut self, what: &'static str) -> Result<[u8; N], Fault> {
        let Some((bytes, rest)) = self.rest.split_first_chunk() else {
            return Err(self.fault(What::Truncated(what)));
        };
        self.rest = rest;
        Ok(*bytes)
    }

    #[inline(always)]
    pub(super) fn fixed32(&mut self, what: &'static str) -> Result<u32, Fault> {
        self.array(what).map(u32::from_le_bytes)
    }

    #[inline(always)]
    pub(super) fn fixed64(&mut self, what: &'static str) -> Result<u64, Fault> {
        self.array(what).map(u64::from_le_bytes)
    }

    /// A length, and a reader of as many bytes, which are passed over.
    #[inline(always)]
    pub(super) fn counted(&mut self, what: &'static str) -> Result<Reader<'a>, Fault> {
        let length = self.varint(what)?;
        // More than there is, however much that may be.
        let parts = usize::try_from(length).ok().and_then(|length| self.rest.split_at_checked(length));
        let Some((bytes, rest)) = parts else { return Err(self.fault(What::Truncated(what))) };
        self.rest = rest;
        Ok(Self { rest: bytes, end: self.end - rest.len() })
    }

    /// What follows a field that nobody knows, whose tag was read.
    #[inline(never)]
    pub(super) fn skip(mut self, tag: Tag) -> Result<Self, Fault> {
        self.skip_within(tag, DEPTH)?;
        Ok(self)
    }

    fn skip_within(&mut self, tag: Tag, depth: u32) -> Result<(), Fault> {
        const WHAT: &str = "a field that is not known";
        match tag.wire {
            WireType::Varint => self.varint(WHAT).map(drop),
            WireType::Fixed64 => self.fixed64(WHAT).map(drop),
            WireType::Fixed32 => self.fixed32(WHAT).map(drop),
            WireType::Counted => self.counted(WHAT).map(drop),
            WireType::GroupEnd => Err(self.fault(What::Wrong("a group ends that did not start"))),
            WireType::GroupStart => {
                let Some(depth) = depth.checked_sub(1) else {
                    return Err(self.fault(What::Wrong("groups stand too deep in one another")));
                };
                loop {
                    if self.is_empty() {
                        return Err(self.fault(What::Truncated("a group")));
                    }
                    let inner = self.tag()?;
                    if inner.wire == WireType::GroupEnd && inner.field == tag.field {
                        return Ok(());
                    }
                    self.skip_within(inner, depth)?;
                }
            }
        }
    }
}

/// A varint of more than one byte, and how many; 0 where it has no end, or more than 64 bits.
#[inline(never)]
fn long_varint(bytes: &[u8]) -> (u64, usize) {
    // Up to eight bytes at once: the first without its highest bit ends it, then the groups are closed up in pairs.
    if let Some(first) = bytes.first_chunk() {
        let word = u64::from_le_bytes(*first);
        let ends = !word & 0x8080_8080_8080_8080;
        if ends != 0 {
            let length = ends.trailing_zeros() / 8 + 1;
            let word = word & (u64::MAX >> (64 - 8 * length)) & 0x7F7F_7F7F_7F7F_7F7F;
            let word = (word & 0x007F_007F_007F_007F) | (word & 0x7F00_7F00_7F00_7F00) >> 1;
            let word = (word & 0x0000_3FFF_0000_3FFF) | (word & 0x3FFF_0000_3FFF_0000) >> 2;
            let word = (word & 0x0FFF_FFFF) | (word & 0x0FFF_FFFF_0000_0000) >> 4;
            return (word, length as usize);
        }
    }
    let mut value = 0;
    for (at, &byte) in bytes.iter().enumerate().take(10) {
        value |= u64::from(byte & 0x7F) << (7 * at);
        if byte < 0x80 {
            // The tenth holds the last bit alone.
            return if at == 9 && byte > 1 { (0, 0) } else { (value, at + 1) };
        }
    }
    (0, 0)
}

#[cold]
fn broken_varint(left: usize, offset: usize, what: &'static str) -> Fault {
    Fault::new(
        offset,
        match left {
            10.. => What::Wrong("a number has more than 64 bits"),
            _ => What::Truncated(what),
        },
    )
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn varint(bytes: &[u8]) -> Result<(u64, usize), String> {
        let mut reader = Reader::new(bytes);
        let value = reader.varint("a number").map_err(|fault| fault.what().to_string())?;
        Ok((value, reader.offset()))
    }

    fn skipped(bytes: &[u8]) -> Result<usize, String> {
        let mut reader = Reader::new(bytes);
        let skipped = reader.tag().and_then(|tag| reader.skip(tag));
        skipped.map(|rest| rest.offset()).map_err(|fault| fault.what().to_string())
    }

    fn encoded(mut value: u64) -> Vec<u8> {
        let mut out = Vec::new();
        while value >= 0x80 {
            out.push(value as u8 | 0x80);
            value >>= 7;
        }
        out.push(value as u8);
        out
    }

    proptest! {
        #[test]
        fn a_varint_is_read_whatever_follows(value: u64, bits in 0..64, behind: Vec<u8>) {
            let value = value >> bits;
            let bytes = encoded(value);
            let length = bytes.len();
            prop_assert_eq!(varint(&[bytes.clone(), behind].concat()), Ok((value, length)));
            for cut in 0..length {
                prop_assert!(varint(&bytes[..cut]).is_err());
            }
        }

        #[test]
        fn random_bytes_are_passed_over_or_refused(bytes: Vec<u8>) {
            let mut reader = Reader::new(&bytes);
            while !reader.is_empty() {
                let before = reader.offset();
                let Ok(rest) = reader.tag().and_then(|tag| reader.skip(tag)) else { break };
                reader = rest;
                prop_assert!(reader.offset() > before && reader.offset() <= bytes.len());
            }
        }
    }

    #[test]
    fn a_varint_may_be_padded_but_not_overflow() {
        assert_eq!(varint(&[0x81, 0x80, 0x00]), Ok((1, 3)));
        assert_eq!(varint(&[0x81, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x00]), Ok((1, 10)));
        assert_eq!(varint(&encoded(u64::MAX)), Ok((u64::MAX, 10)));
        let more = Err("a number has more than 64 bits".to_owned());
        assert_eq!(varint(&[[0xFF; 9].as_slice(), &[0x02]].concat()), more);
        assert_eq!(varint(&[0xFF; 11]), more);
        assert_eq!(varint(&[0xFF; 9]), Err("the message ends within a number".to_owned()));
        assert_eq!(varint(&[]), Err("the message ends within a number".to_owned()));
    }

    #[test]
    fn tags_have_a_number_and_a_wire_type_that_there_is() {
        let tag = |bytes: &[u8]| Reader::new(bytes).tag().map_err(|fault| fault.what().to_string());
        assert_eq!(tag(&[0x0A]), Ok(Tag { field: 1, wire: WireType::Counted }));
        assert_eq!(tag(&encoded(0x1FFF_FFFF << 3)), Ok(Tag { field: 0x1FFF_FFFF, wire: WireType::Varint }));
        let none = Err("a field's number is none".to_owned());
        assert_eq!(tag(&[0x02]), none);
        assert_eq!(tag(&encoded(0x2000_0000 << 3)), none);
        assert_eq!(tag(&encoded(1 << 35 | 1 << 3)), none);
        assert_eq!(tag(&[0x0E]), Err("there is no wire type 6".to_owned()));
        assert_eq!(tag(&[0x0F]), Err("there is no wire type 7".to_owned()));
    }

    #[test]
    fn a_length_beyond_the_end_is_refused() {
        for length in [3, u64::from(u32::MAX), u64::MAX] {
            let bytes = [encoded(length), vec![1, 2]].concat();
            let mut reader = Reader::new(&bytes);
            let fault = reader.counted("a name").unwrap_err();
            assert_eq!(fault.what().to_string(), "the message ends within a name");
        }
        let mut reader = Reader::new(&[2, 7, 8, 9]);
        let inner = reader.counted("a name").unwrap();
        assert_eq!((inner.offset(), inner.rest(), reader.offset()), (1, &[7, 8][..], 3));
    }

    #[test]
    fn fields_that_nobody_knows_are_passed_over() {
        for (bytes, length) in [
            (&[0x78, 0xFF, 0x01][..], 3),
            (&[0x79, 1, 2, 3, 4, 5, 6, 7, 8], 9),
            (&[0x7A, 3, 1, 2, 3], 5),
            (&[0x7D, 1, 2, 3, 4], 5),
            // Groups in a group, one of them of the same number.
            (&[0x7B, 0x78, 1, 0x7B, 0x7C, 0x0B, 0x7A, 1, 9, 0x0C, 0x7C], 11),
        ] {
            assert_eq!(skipped(bytes), Ok(length));
            for cut in 1..length {
                let error = skipped(&bytes[..cut]).unwrap_err();
                assert!(error.starts_with("the message ends within"), "{bytes:?} cut at {cut}: {error}");
            }
        }
    }

    #[test]
    fn groups_must_match_and_not_stand_too_deep() {
        assert_eq!(skipped(&[0x7C]), Err("a group ends that did not start".to_owned()));
        assert_eq!(skipped(&[0x7B, 0x0C]), Err("a group ends that did not start".to_owned()));
        let nested = |depth| [[0x7B_u8].repeat(depth), [0x7C_u8].repeat(depth)].concat();
        assert_eq!(skipped(&nested(100)), Ok(200));
        assert_eq!(skipped(&nested(101)), Err("groups stand too deep in one another".to_owned()));
        assert_eq!(skipped(&[0x7B; 1 << 16]), Err("groups stand too deep in one another".to_owned()));
    }
}
