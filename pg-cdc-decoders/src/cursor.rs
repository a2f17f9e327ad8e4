//! A place in a message's bytes.

use std::fmt;

use pg_cdc_core::batch::TooLarge;
use pg_cdc_core::{DecodeError, Lsn};

/// What was wrong with a message, and where. Boxed, so that a result that holds none stays in registers.
#[derive(Debug)]
pub(crate) struct Fault(Box<(usize, What)>);

impl Fault {
    #[cold]
    pub(crate) fn new(offset: usize, what: What) -> Self {
        Self(Box::new((offset, what)))
    }

    pub(crate) fn what(&self) -> &What {
        &self.0.1
    }

    #[cold]
    pub(crate) fn into_error(self, plugin: &'static str, lsn: Lsn) -> DecodeError {
        let (offset, what) = *self.0;
        DecodeError::new(plugin, lsn, offset, what.to_string())
    }
}

/// What was wrong.
#[derive(Debug, Clone)]
pub(crate) enum What {
    /// It ended within `0`.
    Truncated(&'static str),
    /// Bytes follow its end.
    Trailing(usize),
    /// A byte that is none of what may stand there.
    Unexpected { expected: &'static str, found: u8 },
    /// A length or count below zero.
    Negative(&'static str, i32),
    /// A name that is not UTF-8.
    NotUtf8(&'static str),
    /// A change of a table that no Relation message announced.
    UnknownRelation(u32),
    /// A tuple of another width than its relation.
    Width { expected: usize, found: usize },
    /// What can't be read as what it must be.
    Malformed(&'static str),
    /// A message that may not stand there.
    Misplaced(&'static str),
    /// A message that belongs to a protocol or an option that was not asked for.
    Tag(u8),
    /// A composite with other fields than its type is known to have.
    Misfit { column: u16, is_binary: bool },
    /// Bits that are none of the wire types of protocol buffers.
    NoWireType(u8),
    /// A field in another wire type than its own.
    WireType(&'static str),
    /// Anything else, in a sentence.
    Wrong(&'static str),
    /// More than a batch can hold.
    TooLarge,
    /// Something of which a table, a column or the like is named.
    Said(Box<str>),
}

impl From<TooLarge> for Fault {
    #[cold]
    fn from(_: TooLarge) -> Self {
        Self::new(0, What::TooLarge)
    }
}

impl fmt::Display for What {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let byte = |byte: &u8| match byte {
            0x20..=0x7E => format!("'{}'", char::from(*byte)),
            _ => format!("byte 0x{byte:02X}"),
        };
        match self {
            Self::Truncated(what) => write!(f, "the message ends within {what}"),
            Self::Trailing(bytes) => write!(f, "{bytes} bytes follow the end of the message"),
            Self::Unexpected { expected, found } => write!(f, "expected {expected}, found {}", byte(found)),
            Self::Negative(what, found) => write!(f, "{what} is {found}"),
            Self::NotUtf8(what) => write!(f, "{what} is not UTF-8"),
            Self::UnknownRelation(oid) => write!(f, "no Relation message announced relation {oid}"),
            Self::Width { expected, found } => {
                write!(f, "the tuple has {found} columns, its relation {expected}")
            }
            Self::Misplaced(what) | Self::Malformed(what) => f.write_str(what),
            Self::Tag(tag) => write!(
                f,
                "expected one of the messages that may stand there (B, C, O, R, Y, I, U, D, T, M; those of transactions \
                 in progress and of prepared ones only where they were asked for), found {}",
                byte(tag)
            ),
            Self::Misfit { column, is_binary } => {
                let hint = if *is_binary { "; pgoutput.binary: false carries it as its text" } else { "" };
                write!(
                    f,
                    "column {} of its table: a composite has other fields than its type was ever seen to have{hint}",
                    column + 1
                )
            }
            Self::NoWireType(found) => write!(f, "there is no wire type {found}"),
            Self::WireType(what) => write!(f, "{what} has another wire type than it should have"),
            Self::Wrong(what) => f.write_str(what),
            Self::Said(what) => f.write_str(what),
            Self::TooLarge => f.write_str("a value is larger than 1 GiB, or the batch is full"),
        }
    }
}

/// Reads big-endian fields in order.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Cursor<'a> {
    rest: &'a [u8],
    length: usize,
}

/// A value in a tuple.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Value {
    /// `t`, and where its bytes are.
    Text { offset: usize, length: usize },
    /// `b`, and where its bytes are.
    Binary { offset: usize, length: usize },
    /// A kind that has no bytes, if it is one.
    Other(u8),
}

impl<'a> Cursor<'a> {
    #[inline]
    pub(crate) fn new(data: &'a [u8]) -> Self {
        Self { rest: data, length: data.len() }
    }

    /// Offset of the next byte.
    #[inline]
    pub(crate) fn offset(&self) -> usize {
        self.length - self.rest.len()
    }

    /// `what` is wrong at the next byte.
    #[cold]
    pub(crate) fn fault(self, what: What) -> Fault {
        Fault::new(self.offset(), what)
    }

    /// The byte that was read last is none of what may stand there.
    #[cold]
    pub(crate) fn unexpected(self, expected: &'static str, found: u8) -> Fault {
        Fault::new(self.offset().saturating_sub(1), What::Unexpected { expected, found })
    }

    #[inline]
    fn array<const N: usize>(&mut self, what: &'static str) -> Result<[u8; N], Fault> {
        let Some((bytes, rest)) = self.rest.split_first_chunk() else {
            return Err(self.fault(What::Truncated(what)));
        };
        self.rest = rest;
        Ok(*bytes)
    }

    #[inline]
    pub(crate) fn u8(&mut self, what: &'static str) -> Result<u8, Fault> {
        self.array::<1>(what).map(|[byte]| byte)
    }

    #[inline]
    pub(crate) fn u16(&mut self, what: &'static str) -> Result<u16, Fault> {
        self.array(what).map(u16::from_be_bytes)
    }

    #[inline]
    pub(crate) fn u32(&mut self, what: &'static str) -> Result<u32, Fault> {
        self.array(what).map(u32::from_be_bytes)
    }

    #[inline]
    pub(crate) fn i32(&mut self, what: &'static str) -> Result<i32, Fault> {
        self.array(what).map(i32::from_be_bytes)
    }

    #[inline]
    pub(crate) fn u64(&mut self, what: &'static str) -> Result<u64, Fault> {
        self.array(what).map(u64::from_be_bytes)
    }

    #[inline]
    pub(crate) fn i64(&mut self, what: &'static str) -> Result<i64, Fault> {
        self.array(what).map(i64::from_be_bytes)
    }

    /// A signed 32-bit length, and then passes over as many bytes. Gives their offset and number.
    pub(crate) fn counted(&mut self, what: &'static str) -> Result<(usize, usize), Fault> {
        let before = self.offset();
        let signed = self.i32(what)?;
        let Ok(length) = usize::try_from(signed) else {
            return Err(Fault::new(before, What::Negative(what, signed)));
        };
        let start = self.offset();
        let Some(rest) = self.rest.get(length..) else {
            return Err(self.fault(What::Truncated(what)));
        };
        self.rest = rest;
        Ok((start, length))
    }

    /// A value of a tuple: a kind, and a counted value where the kind has one. What else it may be the caller judges.
    #[inline(always)]
    pub(crate) fn value(&mut self) -> Result<Value, Fault> {
        // Kind and length in one step, and below zero is beyond the end: two checks a column.
        if let Some((&[kind @ (b't' | b'b'), a, b, c, d], rest)) = self.rest.split_first_chunk() {
            let length = u32::from_be_bytes([a, b, c, d]) as usize;
            if let Some(behind) = rest.get(length..) {
                let offset = self.length - rest.len();
                self.rest = behind;
                return Ok(match kind {
                    b't' => Value::Text { offset, length },
                    _ => Value::Binary { offset, length },
                });
            }
        } else if let Some((&kind, rest)) = self.rest.split_first()
            && !matches!(kind, b't' | b'b')
        {
            self.rest = rest;
            return Ok(Value::Other(kind));
        }
        Err(self.broken_value())
    }

    /// What is wrong with the value that stands next. Takes a copy, for a cursor whose address is known to a function
    /// that is not inlined lives in memory.
    #[cold]
    fn broken_value(mut self) -> Fault {
        let read = self.u8("a column's kind").and_then(|_| self.counted("a column's value"));
        read.err().unwrap_or_else(|| self.fault(What::Truncated("a column's value")))
    }

    /// A string that ends with a zero byte, without it.
    pub(crate) fn string(&mut self, what: &'static str) -> Result<&'a str, Fault> {
        let before = self.offset();
        let bytes = self.zero_ended(what)?;
        std::str::from_utf8(bytes).map_err(|error| {
            let offset = before + error.valid_up_to();
            Fault::new(offset, What::NotUtf8(what))
        })
    }

    /// Bytes up to a zero byte, without it.
    pub(crate) fn zero_ended(&mut self, what: &'static str) -> Result<&'a [u8], Fault> {
        let end = self.rest.iter().position(|&byte| byte == 0);
        let Some((bytes, [_, rest @ ..])) = end.and_then(|end| self.rest.split_at_checked(end)) else {
            return Err(self.fault(What::Truncated(what)));
        };
        self.rest = rest;
        Ok(bytes)
    }

    /// Nothing may follow.
    #[inline]
    pub(crate) fn end(&self) -> Result<(), Fault> {
        match self.rest.len() {
            0 => Ok(()),
            rest => Err(self.fault(What::Trailing(rest))),
        }
    }
}
