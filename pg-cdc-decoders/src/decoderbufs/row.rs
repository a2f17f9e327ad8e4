//! A `RowMessage` and what stands in it, walked in place.

use super::protobuf::{Reader, Tag, WireType};
use super::values::Datum;
use crate::cursor::{Fault, What};

/// What a message is about (`Op`).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Insert,
    Update,
    Delete,
    Begin,
    Commit,
}

impl Kind {
    #[inline(always)]
    fn read(reader: &mut Reader<'_>) -> Result<Self, Fault> {
        let before = reader.offset();
        match reader.varint("the operation")? {
            0 => Ok(Self::Insert),
            1 => Ok(Self::Update),
            2 => Ok(Self::Delete),
            3 => Ok(Self::Begin),
            4 => Ok(Self::Commit),
            _ => Err(Fault::new(
                before,
                What::Wrong("the operation is none of INSERT, UPDATE, DELETE, BEGIN, COMMIT"),
            )),
        }
    }
}

const NEW_TUPLE: u32 = 5;
const OLD_TUPLE: u32 = 6;
const NEW_TYPES: u32 = 7;

/// The message, of which the repeated fields are passed over and found again.
#[derive(Debug, Clone, Copy)]
pub(super) struct RowMessage<'a> {
    pub(super) xid: Option<u32>,
    /// Microseconds since 1970.
    pub(super) commit_time: Option<i64>,
    pub(super) table: Option<&'a [u8]>,
    pub(super) kind: Option<Kind>,
    pub(super) new_tuple: Repeated<NEW_TUPLE>,
    pub(super) old_tuple: Repeated<OLD_TUPLE>,
    pub(super) new_types: Repeated<NEW_TYPES>,
    pub(super) message: &'a [u8],
}

impl<'a> RowMessage<'a> {
    #[inline(always)]
    pub(super) fn read(message: &'a [u8]) -> Result<Self, Fault> {
        let mut reader = Reader::new(message);
        let mut row = Self {
            xid: None,
            commit_time: None,
            table: None,
            kind: None,
            new_tuple: Repeated::default(),
            old_tuple: Repeated::default(),
            new_types: Repeated::default(),
            message,
        };
        while !reader.is_empty() {
            let start = reader.offset();
            let tag = reader.tag()?;
            match (tag.field, tag.wire) {
                (1, WireType::Varint) => row.xid = Some(reader.varint("the transaction's id")? as u32),
                (2, WireType::Varint) => row.commit_time = Some(reader.varint("the commit time")? as i64),
                (3, WireType::Counted) => row.table = Some(reader.counted("the table's name")?.rest()),
                (4, WireType::Varint) => row.kind = Some(Kind::read(&mut reader)?),
                (NEW_TUPLE, WireType::Counted) => row.new_tuple.pass_over(start, &mut reader)?,
                (OLD_TUPLE, WireType::Counted) => row.old_tuple.pass_over(start, &mut reader)?,
                (NEW_TYPES, WireType::Counted) => row.new_types.pass_over(start, &mut reader)?,
                (1..=7, _) => return Err(Fault::new(start, What::WireType("a field of the message"))),
                _ => reader = reader.skip(tag)?,
            }
        }
        Ok(row)
    }

    /// The head of the message, up to what it is about: as much of it as tells where it goes. The plugin writes its
    /// fields in their order.
    #[inline]
    pub(super) fn read_head(message: &'a [u8]) -> Result<Head, Fault> {
        let mut reader = Reader::new(message);
        let (mut xid, mut commit_time) = (None, None);
        while !reader.is_empty() {
            let tag = reader.tag()?;
            match (tag.field, tag.wire) {
                (1, WireType::Varint) => xid = Some(reader.varint("the transaction's id")? as u32),
                (2, WireType::Varint) => commit_time = Some(reader.varint("the commit time")? as i64),
                (4, WireType::Varint) => {
                    return Ok(Head { xid, commit_time, kind: Kind::read(&mut reader)? });
                }
                (_, WireType::Counted) => drop(reader.counted("a field")?),
                _ => reader = reader.skip(tag)?,
            }
        }
        Err(reader.fault(What::Truncated("the operation")))
    }
}

/// What stands in front of a message's rows.
#[derive(Debug, Clone, Copy)]
pub(super) struct Head {
    pub(super) xid: Option<u32>,
    pub(super) commit_time: Option<i64>,
    pub(super) kind: Kind,
}

/// Where the messages of the repeated field `FIELD` stand.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Repeated<const FIELD: u32> {
    count: usize,
    /// Offset of the first.
    start: usize,
    /// Offset of the last one's end.
    end: usize,
}

impl<const FIELD: u32> Repeated<FIELD> {
    /// Of a counted field below 16: one byte.
    const TAG: u8 = (FIELD << 3 | 2) as u8;

    #[inline(always)]
    pub(super) fn len(&self) -> usize {
        self.count
    }

    #[inline(always)]
    pub(super) fn is_empty(&self) -> bool {
        self.count == 0
    }

    /// All of them, with whatever else stands in between.
    #[inline(always)]
    pub(super) fn bytes<'a>(&self, message: &'a [u8]) -> &'a [u8] {
        message.get(self.start..self.end).unwrap_or_default()
    }

    #[inline(always)]
    pub(super) fn messages<'a>(&self, message: &'a [u8]) -> Messages<'a, FIELD> {
        Messages(Reader::part(message, self.start..self.end))
    }

    /// Passes over the one at `start`, whose tag was read, and over those of the same field behind it.
    #[inline(always)]
    fn pass_over(&mut self, start: usize, reader: &mut Reader<'_>) -> Result<(), Fault> {
        if self.count == 0 {
            self.start = start;
        }
        loop {
            reader.counted("a column")?;
            self.count += 1;
            if !reader.strip(&[Self::TAG]) {
                break;
            }
        }
        self.end = reader.offset();
        Ok(())
    }
}

/// The messages of the repeated field `FIELD` that were not read yet.
#[derive(Debug, Clone, Copy)]
pub(super) struct Messages<'a, const FIELD: u32>(Reader<'a>);

impl<'a, const FIELD: u32> Messages<'a, FIELD> {
    /// The next one.
    #[inline(always)]
    pub(super) fn next(&mut self) -> Result<Option<Reader<'a>>, Fault> {
        if self.0.strip(&[Repeated::<FIELD>::TAG]) {
            return self.0.counted("a column").map(Some);
        }
        if self.0.is_empty() {
            return Ok(None);
        }
        let next = self.next_elsewhere()?;
        Ok(next.map(|(message, rest)| {
            *self = rest;
            message
        }))
    }

    /// What else stands in between is passed over.
    #[inline(never)]
    fn next_elsewhere(mut self) -> Result<Option<(Reader<'a>, Self)>, Fault> {
        while !self.0.is_empty() {
            let tag = self.0.tag()?;
            if tag == (Tag { field: FIELD, wire: WireType::Counted }) {
                return Ok(Some((self.0.counted("a column")?, self)));
            }
            self.0 = self.0.skip(tag)?;
        }
        Ok(None)
    }
}

/// A `DatumMessage`: a column with its value.
#[derive(Debug, Clone, Copy)]
pub(super) struct ColumnMessage<'a> {
    /// Quoted as SQL has it, in the database's encoding.
    pub(super) name: &'a [u8],
    pub(super) type_oid: u32,
    pub(super) datum: Datum<'a>,
}

impl<'a> ColumnMessage<'a> {
    pub(super) fn read(mut reader: Reader<'a>) -> Result<Self, Fault> {
        let start = reader;
        let (mut name, mut type_oid, mut datum, mut unknown) = (None, None, Datum::Null, None);
        while !reader.is_empty() {
            let before = reader;
            let tag = reader.tag()?;
            match (tag.field, tag.wire) {
                (1, WireType::Counted) => name = Some(reader.counted("a column's name")?.rest()),
                (2, WireType::Varint) => {
                    let oid = u32::try_from(reader.varint("a column's type")?);
                    type_oid = Some(oid.map_err(|_| before.fault(What::Wrong("a column's type is no OID")))?);
                }
                (1 | 2, _) => return Err(before.fault(What::WireType("a column's name or type"))),
                _ => match Datum::read(&mut reader, tag)? {
                    Some(value) => datum = value,
                    None => {
                        unknown = Some(before);
                        reader = reader.skip(tag)?;
                    }
                },
            }
        }
        let (Some(name), Some(type_oid)) = (name, type_oid) else {
            return Err(start.fault(What::Wrong("a column has no name or no type")));
        };
        match (datum, unknown) {
            // A kind of datum of a later version, which is not to become a NULL.
            (Datum::Null, Some(unknown)) => {
                Err(unknown.fault(What::Wrong("a column's value is of a kind that is not known")))
            }
            _ => Ok(Self { name, type_oid, datum }),
        }
    }
}
