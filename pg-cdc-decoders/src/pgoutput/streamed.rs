//! Transactions that come before their outcome: in progress (protocol 2 and up), or prepared (3 and up).
//!
//! Nothing is decoded here. Their messages are named (whose they are, and which bytes of them are those of protocol 1) and
//! kept by the driver until the transaction commits.

use std::collections::HashMap;

use bytes::{BufMut, Bytes, BytesMut};
use pg_cdc_core::{Committed, Frame, Kept, Lsn, Prepared, Route};

use super::announced::Words;
use super::savepoints::{Fate, Savepoints};
use super::{EPOCH, PgOutput, TAG};
use crate::cursor::{Cursor, Fault, What};

/// The transactions whose outcome is open.
#[derive(Debug, Default)]
pub(super) struct Streamed {
    block: Block,
    open: HashMap<u32, Open>,
}

/// What the messages belong to that come now.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
enum Block {
    /// To ordinary transactions.
    #[default]
    None,
    /// To the transaction in progress.
    Streamed(u32),
    /// To the transaction that is prepared.
    Prepared(u32),
}

/// A transaction whose outcome is open.
#[derive(Debug, Default)]
struct Open {
    is_prepared: bool,
    words: Words,
    savepoints: Savepoints,
}

impl PgOutput {
    #[inline]
    pub(super) fn route_message<'a>(&mut self, frame: Frame<'a>) -> Result<Route<'a>, Fault> {
        match self.streamed.block {
            Block::None => self.route_outside(frame),
            Block::Streamed(top) => self.route_streamed(top, frame),
            Block::Prepared(top) => self.route_prepared(top, frame),
        }
    }

    #[inline]
    fn route_outside<'a>(&mut self, frame: Frame<'_>) -> Result<Route<'a>, Fault> {
        let mut cursor = Cursor::new(frame.data());
        let tag = cursor.u8(TAG)?;
        if !matches!(tag, b'S' | b'E' | b'c' | b'A' | b'b' | b'P' | b'p' | b'K' | b'r') {
            return Ok(Route::Direct);
        }
        if self.transaction.is_some() {
            return Err(misplaced("a message of another transaction within one"));
        }
        match tag {
            b'S' => self.stream_start(&mut cursor),
            b'c' => self.stream_commit(&mut cursor),
            b'A' => self.stream_abort(&mut cursor),
            b'p' => self.stream_prepare(&mut cursor),
            b'b' => self.begin_prepare(&mut cursor),
            b'K' => self.commit_prepared(&mut cursor),
            b'r' => self.rollback_prepared(&mut cursor),
            _ => Err(misplaced("the end of a block that did not start")),
        }
    }

    /// A message in a block: all but the origin's have the id of a subtransaction behind their tag.
    fn route_streamed<'a>(&mut self, top: u32, frame: Frame<'a>) -> Result<Route<'a>, Fault> {
        let data = frame.data();
        let mut cursor = Cursor::new(data);
        let tag = cursor.u8(TAG)?;
        match tag {
            b'I' | b'U' | b'D' | b'T' | b'R' | b'Y' | b'M' => {}
            b'O' => return Ok(Route::Into(Kept::new(top, top, frame.lsn, [data, &[]]))),
            b'E' => {
                cursor.end()?;
                self.streamed.block = Block::None;
                return Ok(Route::Stop { xid: top });
            }
            tag => return Err(Fault::new(0, What::Tag(tag))),
        }
        let mut sub = cursor.u32("the xid")?;
        let Some(open) = self.streamed.open.get_mut(&top) else {
            return Err(misplaced("a block of an unknown transaction"));
        };
        match tag {
            b'R' => {
                let oid = cursor.u32("the relation's OID")?;
                open.words.own.insert(oid, self.announced.arrive());
            }
            // It has the id of the whole transaction (`pgoutput_message`).
            b'M' if sub == top => sub = open.savepoints.message().unwrap_or(top),
            b'Y' | b'M' => {}
            _ => open.savepoints.change(top, sub),
        }
        let (head, rest) = data.split_at_checked(5).unwrap_or((data, &[]));
        let message = [head.get(..1).unwrap_or_default(), rest];
        Ok(Route::Into(Kept::new(top, sub, frame.lsn, message)))
    }

    /// A message between Begin Prepare and Prepare.
    fn route_prepared<'a>(&mut self, top: u32, frame: Frame<'a>) -> Result<Route<'a>, Fault> {
        let mut cursor = Cursor::new(frame.data());
        let Some(Open { words, .. }) = self.streamed.open.get_mut(&top) else {
            return Err(misplaced("a block of an unknown transaction"));
        };
        match cursor.u8(TAG)? {
            b'M' | b'O' => {}
            b'I' | b'U' | b'D' => {
                let oid = cursor.u32("the relation's OID")?;
                self.announced.use_prepared(oid, words);
            }
            b'T' => {
                let relations = cursor.u32("the number of relations")?;
                cursor.u8("the options")?;
                for _ in 0..relations {
                    self.announced.use_prepared(cursor.u32("a relation's OID")?, words);
                }
            }
            b'R' => {
                let oid = cursor.u32("the relation's OID")?;
                self.announced.arrive_prepared(oid, frame, words, &mut self.relations);
            }
            // Its name holds for all from here on, as the relation does that follows.
            b'Y' => drop(self.type_name(&mut cursor)?),
            b'P' => {
                self.streamed.block = Block::None;
                let prepared = prepared(&mut cursor)?;
                if prepared.xid != top {
                    return Err(misplaced("a Prepare of another transaction than its Begin Prepare"));
                }
                return Ok(Route::Prepare(prepared));
            }
            tag => return Err(Fault::new(0, What::Tag(tag))),
        }
        Ok(Route::Into(Kept::new(top, top, frame.lsn, [frame.data(), &[]])))
    }

    /// `S`: xid, whether it is the first block of it.
    fn stream_start<'a>(&mut self, cursor: &mut Cursor<'_>) -> Result<Route<'a>, Fault> {
        let xid = cursor.u32("the xid")?;
        let is_first = match cursor.u8("whether it is the first block")? {
            0 => false,
            1 => true,
            found => return Err(cursor.unexpected("whether it is the first block (0 or 1)", found)),
        };
        cursor.end()?;
        match self.streamed.open.get(&xid) {
            None if is_first => _ = self.streamed.open.insert(xid, Open::default()),
            Some(open) if !is_first && !open.is_prepared => {}
            Some(_) => return Err(misplaced("a transaction starts that has not ended")),
            None => return Err(misplaced("a transaction goes on that did not start")),
        }
        self.streamed.block = Block::Streamed(xid);
        Ok(Route::Start { xid, is_first })
    }

    /// `c`: xid, flags, LSN of the commit record, its end, commit time.
    fn stream_commit<'a>(&mut self, cursor: &mut Cursor<'_>) -> Result<Route<'a>, Fault> {
        let xid = cursor.u32("the xid")?;
        cursor.u8("the flags")?;
        let lsns = (lsn(cursor, "the commit's LSN")?, lsn(cursor, "the commit's end")?);
        let time = cursor.i64("the commit time")?;
        cursor.end()?;
        match self.streamed.open.remove(&xid) {
            Some(Open { is_prepared: false, words, .. }) => {
                self.announced.replay(words, &mut self.relations);
                Ok(Route::Commit(committed(xid, lsns, time)))
            }
            _ => Err(misplaced("the commit of a transaction of which nothing came")),
        }
    }

    /// `A`: xid, subtransaction's xid; with `streaming 'parallel'` LSN and time of the abort.
    fn stream_abort<'a>(&mut self, cursor: &mut Cursor<'_>) -> Result<Route<'a>, Fault> {
        let top = cursor.u32("the xid")?;
        let sub = cursor.u32("the subtransaction's xid")?;
        let (mut at, mut time) = (None, None);
        if cursor.end().is_err() {
            at = Some(lsn(cursor, "the abort's LSN")?).filter(|lsn| *lsn != Lsn::ZERO);
            time = Some(cursor.i64("the abort's time")?.saturating_add(EPOCH)).filter(|_| at.is_some());
            cursor.end()?;
        }
        if top == sub {
            self.streamed.open.remove(&top);
        } else if let Some(open) = self.streamed.open.get_mut(&top) {
            if open.savepoints.roll_back(sub) == Fate::Unclear {
                return Ok(Route::Unclear { xid: top });
            }
            // The server announces everything again (`cleanup_rel_sync_cache`).
            open.words = Words::default();
        }
        Ok(Route::Abort { top, sub, lsn: at, time })
    }

    /// `p`: as `P`, of a transaction that came in blocks.
    fn stream_prepare<'a>(&mut self, cursor: &mut Cursor<'_>) -> Result<Route<'a>, Fault> {
        let prepared = prepared(cursor)?;
        let open = self.streamed.open.get_mut(&prepared.xid).filter(|open| !open.is_prepared);
        let Some(open) = open else {
            return Err(misplaced("the PREPARE of a transaction of which nothing came"));
        };
        open.is_prepared = true;
        open.savepoints = Savepoints::default();
        // For others the server announces them anew, whatever its outcome.
        open.words = Words::default();
        Ok(Route::Prepare(prepared))
    }

    /// `b`: LSN of the PREPARE record, its end, time, xid, name.
    fn begin_prepare<'a>(&mut self, cursor: &mut Cursor<'_>) -> Result<Route<'a>, Fault> {
        let xid = prepared_fields(cursor)?.xid;
        let open = Open { is_prepared: true, ..Open::default() };
        if self.streamed.open.insert(xid, open).is_some() {
            return Err(misplaced("a transaction starts that has not ended"));
        }
        self.streamed.block = Block::Prepared(xid);
        Ok(Route::Start { xid, is_first: true })
    }

    /// `K`: flags, LSN of the commit record, its end, commit time, xid, name.
    fn commit_prepared<'a>(&mut self, cursor: &mut Cursor<'_>) -> Result<Route<'a>, Fault> {
        let Prepared { xid, prepare_lsn: start, end_lsn, prepare_time: time, .. } = prepared(cursor)?;
        match self.streamed.open.remove(&xid) {
            Some(Open { is_prepared: true, words, .. }) => {
                self.announced.replay(words, &mut self.relations);
                Ok(Route::Commit(committed(xid, (start, end_lsn), time.saturating_sub(EPOCH))))
            }
            // Another one that is prepared holds the acknowledged position back behind the PREPARE of this one, which
            // does not come again. Its commit does, and its changes, in blocks, may.
            _ if self.sequence.is_delivered(start) => {
                Ok(Route::Abort { top: xid, sub: xid, lsn: None, time: None })
            }
            _ => Err(misplaced(
                "the COMMIT PREPARED of a transaction whose PREPARE did not come: its changes are lost",
            )),
        }
    }

    /// `r`: flags, end of the PREPARE record, end of the ROLLBACK PREPARED record, both times, xid, name.
    ///
    /// The server sends it even where it did not send the PREPARE, or did so only on an earlier connection.
    fn rollback_prepared<'a>(&mut self, cursor: &mut Cursor<'_>) -> Result<Route<'a>, Fault> {
        cursor.u8("the flags")?;
        lsn(cursor, "the PREPARE's end")?;
        let end = lsn(cursor, "the rollback's end")?;
        cursor.i64("the time of the PREPARE")?;
        let time = cursor.i64("the time of the rollback")?.saturating_add(EPOCH);
        let xid = cursor.u32("the xid")?;
        cursor.zero_ended("the transaction's name")?;
        cursor.end()?;
        self.streamed.open.remove(&xid);
        Ok(Route::Abort { top: xid, sub: xid, lsn: Some(end), time: Some(time) })
    }
}

#[cold]
fn misplaced(what: &'static str) -> Fault {
    Fault::new(0, What::Misplaced(what))
}

fn lsn(cursor: &mut Cursor<'_>, what: &'static str) -> Result<Lsn, Fault> {
    cursor.u64(what).map(Lsn::new)
}

/// What `P`, `p` and `K` have behind their tag.
fn prepared(cursor: &mut Cursor<'_>) -> Result<Prepared, Fault> {
    cursor.u8("the flags")?;
    prepared_fields(cursor)
}

fn prepared_fields(cursor: &mut Cursor<'_>) -> Result<Prepared, Fault> {
    let lsns = (lsn(cursor, "the record's LSN")?, lsn(cursor, "the record's end")?);
    let time = cursor.i64("the record's time")?.saturating_add(EPOCH);
    let xid = cursor.u32("the xid")?;
    let gid = String::from_utf8_lossy(cursor.zero_ended("the transaction's name")?).into_owned();
    cursor.end()?;
    Ok(Prepared::new(xid, gid, lsns, time))
}

/// Between a Begin and a Commit as protocol 1 has them. `time` is the server's.
fn committed(xid: u32, lsns: (Lsn, Lsn), time: i64) -> Committed {
    let (commit_lsn, end_lsn) = (lsns.0.as_u64(), lsns.1.as_u64());
    let mut both = BytesMut::with_capacity(47);
    both.put_u8(b'B');
    both.put_u64(commit_lsn);
    both.put_i64(time);
    both.put_u32(xid);
    both.put_slice(b"C\0");
    both.put_u64(commit_lsn);
    both.put_u64(end_lsn);
    both.put_i64(time);
    let mut begin: Bytes = both.freeze();
    let commit = begin.split_off(21);
    Committed::new(xid, lsns, time.saturating_add(EPOCH), begin, commit)
}
