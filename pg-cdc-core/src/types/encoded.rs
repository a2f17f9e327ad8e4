//! A value in one of the two encodings, and a cursor over binary ones.

use super::{Flaw, Parsed};
use crate::Datum;

/// A value in one of the two encodings.
#[derive(Clone, Copy)]
pub(super) enum Encoded<'a> {
    Text(&'a [u8]),
    Binary(&'a [u8]),
}

impl<'a> Encoded<'a> {
    /// What its encoding's reader makes of it.
    #[inline]
    pub(super) fn read<T, E>(
        self,
        text: impl FnOnce(&'a [u8]) -> Result<T, E>,
        binary: impl FnOnce(&'a [u8]) -> Result<T, E>,
    ) -> Result<T, E> {
        match self {
            Self::Text(bytes) => text(bytes),
            Self::Binary(bytes) => binary(bytes),
        }
    }

    pub(super) fn datum(self) -> Datum<'a> {
        match self {
            Self::Text(text) => Datum::Text(text),
            Self::Binary(bytes) => Datum::Binary(bytes),
        }
    }
}

/// A cursor over a binary value, in the order of the network.
pub(super) struct Reader<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl<'a> Reader<'a> {
    pub(super) fn new(bytes: &'a [u8]) -> Self {
        Self { bytes, at: 0 }
    }

    pub(super) fn at(&self) -> usize {
        self.at
    }

    pub(super) fn rest(&self) -> &'a [u8] {
        self.bytes.get(self.at..).unwrap_or_default()
    }

    pub(super) fn take(&mut self, length: usize) -> Parsed<&'a [u8]> {
        let taken = self.rest().get(..length).ok_or(Flaw::at("ends too early", self.bytes.len()))?;
        self.at += length;
        Ok(taken)
    }

    pub(super) fn array<const N: usize>(&mut self) -> Parsed<[u8; N]> {
        let taken = self.rest().first_chunk().ok_or(Flaw::at("ends too early", self.bytes.len()))?;
        self.at += N;
        Ok(*taken)
    }

    pub(super) fn u8(&mut self) -> Parsed<u8> {
        self.array().map(|[byte]| byte)
    }

    pub(super) fn u16(&mut self) -> Parsed<u16> {
        self.array().map(u16::from_be_bytes)
    }

    pub(super) fn u32(&mut self) -> Parsed<u32> {
        self.array().map(u32::from_be_bytes)
    }

    pub(super) fn i32(&mut self) -> Parsed<i32> {
        self.array().map(i32::from_be_bytes)
    }

    /// A count, which can't be negative.
    pub(super) fn count(&mut self) -> Parsed<usize> {
        let at = self.at;
        usize::try_from(self.i32()?).map_err(|_| Flaw::at("has a negative length", at))
    }

    /// Bytes behind their length.
    pub(super) fn counted(&mut self) -> Parsed<&'a [u8]> {
        let length = self.count()?;
        self.take(length)
    }

    /// Bytes behind their length; `None` where that is -1.
    pub(super) fn nullable(&mut self) -> Parsed<Option<&'a [u8]>> {
        if self.rest().starts_with(&[0xff; 4]) {
            self.at += 4;
            return Ok(None);
        }
        self.counted().map(Some)
    }

    /// Bytes up to a zero byte, which is taken too.
    pub(super) fn zero_ended(&mut self) -> Parsed<&'a [u8]> {
        let rest = self.rest();
        let length = rest.iter().position(|&byte| byte == 0);
        let length = length.ok_or(Flaw::at("ends too early", self.bytes.len()))?;
        self.at += length + 1;
        Ok(rest.get(..length).unwrap_or_default())
    }

    pub(super) fn end(&self) -> Parsed<()> {
        if self.rest().is_empty() { Ok(()) } else { Err(Flaw::at("has bytes behind its end", self.at)) }
    }
}
