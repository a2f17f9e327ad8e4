//! A committed transaction, read in order.

use std::ops::Range;

use super::aborted::Verdict;
use super::block::{SpooledBlock, SpooledFrame};
use super::file_blocks::FileBlocks;
use super::record::{Before, HEADER};
use super::transaction::Transaction;
use crate::batch::BufferPool;
use crate::{Error, ErrorKind};

/// The frames of a committed transaction that were not taken back, in the order they came in.
///
/// A file is read in pieces of 512 KiB (a larger frame is one of its own), of which the reader holds at most two
/// beside those that were handed out; all count in the pool that the spool was opened with, until they are dropped. What
/// the transaction holds in memory is handed out as it is.
///
/// It is of no concern to the spool, which may be used, or dropped, meanwhile, and can go to another thread. Dropping
/// it, at the end or before, frees what is left of the transaction.
#[derive(Debug)]
pub struct SpoolReader {
    file: Option<FileBlocks>,
    /// What is in memory, and what of all was taken back.
    transaction: Transaction,
    pool: BufferPool,
    /// How many frames were read.
    frames: u64,
    last: Option<(u32, Verdict)>,
    is_failed: bool,
}

impl SpoolReader {
    pub(super) fn new(mut transaction: Transaction, pool: BufferPool, read: usize) -> Result<Self, Error> {
        let file = transaction.file.take().map(|file| FileBlocks::new(file, read)).transpose()?;
        Ok(Self { file, transaction, pool, frames: 0, last: None, is_failed: false })
    }

    /// The transaction.
    #[must_use]
    pub fn xid(&self) -> u32 {
        self.transaction.xid
    }

    /// The next frames; `None` behind the last. Blocks while it reads a file.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Spool`], where the file can't be read or is not what was written; so does every later call. What
    /// was handed out before is right, but not the whole transaction.
    pub fn next_block(&mut self) -> Result<Option<SpooledBlock>, Error> {
        if self.is_failed {
            return Err(self.broken("its file could not be read"));
        }
        let block = self.find_block();
        self.is_failed = block.is_err();
        block
    }

    fn find_block(&mut self) -> Result<Option<SpooledBlock>, Error> {
        loop {
            let mut frames = Vec::new();
            let bytes = if let Some(file) = &mut self.file {
                let Some(piece) = file.next(&self.pool)? else {
                    self.file = None;
                    continue;
                };
                for records in piece.records {
                    self.read_records(&piece.bytes, records, &mut frames)?;
                }
                piece.bytes
            } else if let Some(buffer) = self.transaction.chunks.pop() {
                let bytes = buffer.freeze();
                self.read_records(&bytes, HEADER..bytes.len(), &mut frames)?;
                bytes
            } else if self.frames == self.transaction.frames {
                return Ok(None);
            } else {
                return Err(self.broken("frames are missing"));
            };
            if !frames.is_empty() {
                return Ok(Some(SpooledBlock::new(bytes, frames)));
            }
        }
    }

    /// The records at `range` of `buffer`, less those that were taken back.
    fn read_records(
        &mut self,
        buffer: &[u8],
        range: Range<usize>,
        frames: &mut Vec<SpooledFrame>,
    ) -> Result<(), Error> {
        let (mut before, mut at) = (Before::default(), range.start);
        while at < range.end {
            let Some(frame) = before.read(buffer, at, range.end) else {
                return Err(self.broken("a record goes beyond its block"));
            };
            at = frame.range().end;
            let verdict = match self.last {
                Some((sub_xid, verdict)) if sub_xid == frame.sub_xid => verdict,
                _ => {
                    let verdict = self.transaction.aborted.verdict(frame.sub_xid);
                    self.last = Some((frame.sub_xid, verdict));
                    verdict
                }
            };
            if verdict.keeps(self.frames) {
                frames.push(frame);
            }
            self.frames += 1;
        }
        Ok(())
    }

    #[cold]
    fn broken(&self, what: &str) -> Error {
        Error::new(
            ErrorKind::Spool,
            format!("the spooled transaction {} can't be read to its end: {what}", self.transaction.xid),
        )
        .with_hint("nothing of it was acknowledged: after a restart the server sends it again")
    }
}
