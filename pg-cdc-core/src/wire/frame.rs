//! Blocks of copied data, handed out where they were read.

use std::ops::Range;

use bytes::Bytes;

use super::message::HEADER;

/// One or more whole CopyData messages, one after the other, in one pooled buffer.
///
/// The buffer's whole capacity counts as in use until the block, and every `Bytes` made of it, is dropped. Blocks of
/// little data have a buffer of their size.
#[derive(Clone, Debug)]
pub struct Block {
    bytes: Bytes,
    messages: usize,
}

impl Block {
    /// `bytes` holds exactly `messages` whole messages: the reader has walked over them.
    pub(crate) fn new(bytes: Bytes, messages: usize) -> Self {
        Self { bytes, messages }
    }

    /// The messages as they came, headers included.
    #[must_use]
    pub fn bytes(&self) -> &Bytes {
        &self.bytes
    }

    /// The bytes, to be kept.
    #[must_use]
    pub fn into_bytes(self) -> Bytes {
        self.bytes
    }

    /// How many messages there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.messages
    }

    /// Whether there is none: never so for a block that a stream handed out.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.messages == 0
    }

    /// Where each message's payload lies within [`bytes`](Self::bytes).
    #[must_use]
    pub fn payloads(&self) -> Payloads<'_> {
        Payloads { bytes: &self.bytes, at: 0, left: self.messages }
    }
}

/// The payloads of a [`Block`], in order, as ranges of its bytes.
#[derive(Clone, Debug)]
pub struct Payloads<'a> {
    bytes: &'a [u8],
    at: usize,
    left: usize,
}

impl Iterator for Payloads<'_> {
    type Item = Range<usize>;

    #[inline]
    fn next(&mut self) -> Option<Range<usize>> {
        let length = self.bytes.get(self.at + 1..self.at + HEADER)?;
        let length = u32::from_be_bytes(length.try_into().ok()?) as usize;
        let payload = self.at + HEADER..self.at + 1 + length;
        self.at = payload.end;
        self.left = self.left.saturating_sub(1);
        Some(payload)
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        (self.left, Some(self.left))
    }
}

impl ExactSizeIterator for Payloads<'_> {}
