//! A place in a message's bytes.

use std::fmt;

/// What was wrong with a message, and where.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Fault {
    pub(crate) offset: usize,
    pub(crate) what: What,
}

/// What was wrong.
#[derive(Debug, Clone, Copy)]
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
    /// A message that may not stand there.
    Misplaced(&'static str),
    /// A message that belongs to a protocol or an option that was not asked for.
    Tag(u8),
    /// More than a batch can hold.
    TooLarge,
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
            Self::Misplaced(what) => f.write_str(what),
            Self::Tag(tag) => write!(
                f,
                "expected a message of protocol 1 (B, C, O, R, Y, I, U, D, T, M), found {}",
                byte(tag)
            ),
            Self::TooLarge => f.write_str("a value is larger than 1 GiB, or the batch is full"),
        }
    }
}

/// Reads big-endian fields in order.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Cursor<'a> {
    data: &'a [u8],
    at: usize,
}

impl<'a> Cursor<'a> {
    pub(crate) fn new(data: &'a [u8]) -> Self {
        Self { data, at: 0 }
    }

    /// Offset of the next byte.
    #[inline]
    pub(crate) fn offset(&self) -> usize {
        self.at
    }

    pub(crate) fn fault(&self, what: What) -> Fault {
        Fault { offset: self.at, what }
    }

    #[inline]
    fn array<const N: usize>(&mut self, what: &'static str) -> Result<[u8; N], Fault> {
        let rest = self.data.get(self.at..).and_then(<[u8]>::first_chunk::<N>);
        let Some(bytes) = rest else { return Err(self.fault(What::Truncated(what))) };
        self.at += N;
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
    #[inline]
    pub(crate) fn counted(&mut self, what: &'static str) -> Result<(usize, usize), Fault> {
        let signed = self.i32(what)?;
        let Ok(length) = usize::try_from(signed) else {
            return Err(self.fault(What::Negative(what, signed)));
        };
        let start = self.at;
        if length > self.data.len() - start {
            return Err(self.fault(What::Truncated(what)));
        }
        self.at = start + length;
        Ok((start, length))
    }

    /// A string that ends with a zero byte, without it.
    pub(crate) fn string(&mut self, what: &'static str) -> Result<&'a str, Fault> {
        let bytes = self.zero_ended(what)?;
        std::str::from_utf8(bytes).map_err(|_| self.fault(What::NotUtf8(what)))
    }

    /// Bytes up to a zero byte, without it.
    pub(crate) fn zero_ended(&mut self, what: &'static str) -> Result<&'a [u8], Fault> {
        let rest = self.data.get(self.at..).unwrap_or_default();
        let Some(end) = rest.iter().position(|&byte| byte == 0) else {
            return Err(self.fault(What::Truncated(what)));
        };
        self.at += end + 1;
        Ok(rest.get(..end).unwrap_or_default())
    }

    /// Nothing may follow.
    #[inline]
    pub(crate) fn end(&self) -> Result<(), Fault> {
        match self.data.len() - self.at {
            0 => Ok(()),
            rest => Err(self.fault(What::Trailing(rest))),
        }
    }
}
