//! Frames on their way out.

use std::ops::Range;

use bytes::Bytes;

use crate::{Frame, Lsn};

/// Frames of one transaction in one buffer, in their order; at least one.
#[derive(Debug, Clone)]
pub struct SpooledBlock {
    bytes: Bytes,
    frames: Vec<SpooledFrame>,
}

impl SpooledBlock {
    pub(super) fn new(bytes: Bytes, frames: Vec<SpooledFrame>) -> Self {
        Self { bytes, frames }
    }

    /// The buffer that the frames lie in, with what lies between them.
    #[must_use]
    pub fn bytes(&self) -> &Bytes {
        &self.bytes
    }

    /// The frames.
    #[must_use]
    pub fn frames(&self) -> &[SpooledFrame] {
        &self.frames
    }

    /// One of [`frames`](Self::frames), for the decoder.
    #[must_use]
    #[inline]
    pub fn frame(&self, frame: &SpooledFrame) -> Frame<'_> {
        Frame::new(frame.lsn, &self.bytes, frame.range())
    }
}

/// A frame of a [`SpooledBlock`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SpooledFrame {
    /// The position it came with.
    pub lsn: Lsn,
    pub(super) start: u32,
    pub(super) end: u32,
    /// The subtransaction that it was appended for; the transaction itself where there was none.
    pub sub_xid: u32,
}

impl SpooledFrame {
    /// Where it lies in the block's buffer.
    #[must_use]
    #[inline]
    pub fn range(&self) -> Range<usize> {
        self.start as usize..self.end as usize
    }
}
