//! Transactions whose outcome is open: kept until they commit, then read again as if they had come whole.

use std::collections::HashMap;

use super::spool::{Spool, SpoolReader, SpooledBlock};
use crate::{Committed, Error, ErrorKind, Frame, Kept, Lsn, Prepared};

/// What is kept, and what of it is being read.
#[derive(Debug, Default)]
pub(super) struct InProgress {
    spool: Option<Spool>,
    prepared: HashMap<u32, Prepared>,
    /// A transaction that has committed and is not decoded to its end.
    pub(super) replay: Option<Replay>,
}

impl InProgress {
    /// From here on transactions are kept in `spool`.
    pub(super) fn keep_in(&mut self, spool: Spool) {
        self.spool = Some(spool);
    }

    /// Whether there is a spool.
    pub(super) fn is_ready(&self) -> bool {
        self.spool.is_some()
    }

    /// A new connection starts: the server sends everything again that is not confirmed.
    pub(super) fn restart(&mut self) {
        if let Some(spool) = &mut self.spool {
            spool.clear();
        }
        self.prepared.clear();
        self.replay = None;
    }

    /// Keeps a message.
    #[inline]
    pub(super) fn keep(&mut self, kept: Kept<'_>) -> Result<(), Error> {
        self.spool.as_mut().ok_or_else(unasked)?.append(kept)
    }

    /// A subtransaction is rolled back, or all of the transaction.
    pub(super) fn abort(&mut self, top: u32, sub: u32) {
        if let Some(spool) = &mut self.spool {
            spool.abort_subtransaction(top, sub);
        }
        if top == sub {
            self.prepared.remove(&top);
        }
    }

    /// A transaction is prepared: nothing beyond is confirmed before its outcome.
    pub(super) fn prepare(&mut self, prepared: Prepared) {
        tracing::debug!(
            xid = prepared.xid, gid = %prepared.gid, at = %prepared.prepare_lsn, "a transaction is prepared"
        );
        self.prepared.insert(prepared.xid, prepared);
    }

    /// A transaction has committed: its messages are to be decoded next.
    pub(super) fn commit(&mut self, committed: Committed) -> Result<(), Error> {
        self.prepared.remove(&committed.xid);
        let reader = match &mut self.spool {
            Some(spool) => spool.commit(committed.xid)?,
            None => return Err(unasked()),
        };
        self.replay = Some(Replay { committed, reader, block: None, next: 0, stage: Stage::Begin });
        Ok(())
    }

    /// Whether as many bytes are in flight as may be: what is decoded must go out before more is read back.
    pub(super) fn is_short_of_memory(&self) -> bool {
        self.spool.as_ref().is_some_and(|spool| spool.pool().retained() >= spool.pool().limit())
    }

    /// The prepared transaction that holds the confirmed position back most.
    pub(super) fn oldest_prepared(&self) -> Option<&Prepared> {
        self.prepared.values().min_by_key(|prepared| prepared.prepare_lsn)
    }

    /// The last position that may be confirmed, of those up to `lsn`.
    ///
    /// A server that was told of more than a PREPARE's start sends the commit without its changes.
    #[inline]
    pub(super) fn confirmable(&self, lsn: Lsn) -> Lsn {
        if self.prepared.is_empty() {
            return lsn;
        }
        self.oldest_prepared().map_or(lsn, |prepared| lsn.min(prepared.prepare_lsn))
    }
}

#[cold]
fn unasked() -> Error {
    Error::new(ErrorKind::Protocol, "the server sent a transaction in progress, which it was not asked for")
}

/// Which of a committed transaction's messages comes next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Stage {
    Begin,
    Kept,
    Commit,
    Over,
}

/// A committed transaction, message by message: its begin, what was kept, its commit.
#[derive(Debug)]
pub(super) struct Replay {
    committed: Committed,
    /// `None` where nothing of it was kept.
    reader: Option<SpoolReader>,
    block: Option<SpooledBlock>,
    /// Which message of the block comes next.
    next: usize,
    stage: Stage,
}

impl Replay {
    /// Whether more must be read, or taken out of the spool, before the message that comes next.
    #[inline]
    pub(super) fn needs_block(&self) -> bool {
        let is_read = self.block.as_ref().is_none_or(|block| self.next >= block.frames().len());
        self.stage == Stage::Kept && is_read
    }

    /// The message that comes next; `None` behind the last. Blocks while it reads a file.
    #[inline]
    pub(super) fn frame(&mut self) -> Result<Option<Frame<'_>>, Error> {
        if self.needs_block() {
            self.next_block()?;
        }
        Ok(match self.stage {
            Stage::Begin => Some(self.committed.begin()),
            Stage::Kept => {
                self.block.as_ref().and_then(|block| Some(block.frame(block.frames().get(self.next)?)))
            }
            Stage::Commit => Some(self.committed.commit()),
            Stage::Over => None,
        })
    }

    /// It is taken in.
    #[inline]
    pub(super) fn advance(&mut self) {
        match self.stage {
            Stage::Begin => self.stage = Stage::Kept,
            Stage::Kept => self.next += 1,
            Stage::Commit | Stage::Over => self.stage = Stage::Over,
        }
    }

    fn next_block(&mut self) -> Result<(), Error> {
        // Given back before more is read.
        self.block = None;
        self.next = 0;
        if let Some(reader) = &mut self.reader {
            self.block = reader.next_block()?;
        }
        if self.block.is_none() {
            self.reader = None;
            self.stage = Stage::Commit;
        }
        Ok(())
    }
}
