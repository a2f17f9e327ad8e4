//! The blocks of a file, read in large pieces and checked.

use std::ops::Range;

use bytes::Bytes;

use super::file::SpoolFile;
use super::record::{self, HEADER};
use super::trouble::damaged;
use crate::Error;
use crate::batch::BufferPool;

/// Reads a file from its start to its end.
#[derive(Debug)]
pub(super) struct FileBlocks {
    file: SpoolFile,
    /// How much is read at once.
    piece: usize,
    /// Bytes that are not read yet.
    unread: u64,
    /// The start of a block whose end was not read with it.
    tail: Bytes,
    /// The number of the next block.
    number: u32,
}

/// Whole blocks in one buffer.
pub(super) struct Piece {
    pub(super) bytes: Bytes,
    /// Where each block's records are.
    pub(super) records: Vec<Range<usize>>,
}

impl FileBlocks {
    pub(super) fn new(mut file: SpoolFile, piece: usize) -> Result<Self, Error> {
        file.rewind()?;
        Ok(Self { piece, unread: file.length(), tail: Bytes::new(), number: 0, file })
    }

    /// The next blocks, at least one; `None` at the end of the file.
    pub(super) fn next(&mut self, pool: &BufferPool) -> Result<Option<Piece>, Error> {
        while self.unread > 0 {
            let at = self.file.length() - self.unread - self.tail.len() as u64;
            let bytes = self.fill(pool)?;
            let mut records = Vec::new();
            let mut done = 0;
            while let Some(rest) = bytes.get(done..)
                && let Some(payload) = record::payload_length(rest)
            {
                let Some(block) = rest.get(..HEADER + payload) else { break };
                if !record::is_intact(block, self.file.xid(), self.number) {
                    return Err(
                        self.damaged(at + done as u64, "its checksum is not that of what was written")
                    );
                }
                records.push(done + HEADER..done + block.len());
                done += block.len();
                self.number = self.number.wrapping_add(1);
            }
            self.tail = bytes.slice(done..);
            self.check_tail(at + done as u64)?;
            if !records.is_empty() {
                return Ok(Some(Piece { bytes, records }));
            }
        }
        Ok(None)
    }

    /// The tail and what comes behind it: a large piece, or the one block that is larger.
    fn fill(&mut self, pool: &BufferPool) -> Result<Bytes, Error> {
        let left = usize::try_from(self.unread).unwrap_or(usize::MAX).saturating_add(self.tail.len());
        let wanted = self.piece.max(self.block_length()).min(left);
        let mut buffer = pool.take(wanted);
        let bytes = buffer.bytes_mut();
        let missing = (wanted - self.tail.len()) as u64;
        bytes.extend_from_slice(&std::mem::take(&mut self.tail));
        let read = self.file.read(missing, bytes)?;
        if read < missing {
            let end = self.file.length() - self.unread + read;
            return Err(self.damaged(end, "the file ends here, and more was written"));
        }
        self.unread -= read;
        Ok(buffer.freeze())
    }

    /// What a header says is believed only as far as there is something behind it: nothing is allocated for more.
    fn check_tail(&self, at: u64) -> Result<(), Error> {
        let left = self.tail.len() as u64 + self.unread;
        if left > 0 && self.block_length() as u64 > left {
            return Err(self.damaged(at, "a block begins that is longer than what is left"));
        }
        Ok(())
    }

    /// What its header says of the block that the tail begins; of half a header, as much as makes it whole.
    fn block_length(&self) -> usize {
        HEADER + record::payload_length(&self.tail).unwrap_or(0)
    }

    fn damaged(&self, offset: u64, what: &str) -> Error {
        damaged(self.file.path(), self.file.xid(), offset, what)
    }
}
