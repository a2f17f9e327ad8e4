//! Transactions whose commit is told only at their end: kept by the driver until then, and decoded between two marks.
//!
//! A plugin of this kind says BEGIN without a commit's position or time, then the changes, then COMMIT. What is decoded
//! is a [`Mark`] that has both, the changes, and the mark of the commit.

use bytes::{BufMut, Bytes, BytesMut};
use pg_cdc_core::{Committed, Frame, Kept, Lsn, Prepared, Route};

use crate::cursor::{Cursor, Fault, What};

/// No message of these plugins starts with this byte.
const MARK: u8 = 0;
const BEGIN: u8 = b'B';
const COMMIT: u8 = b'C';
/// Of a mark, in bytes.
const LENGTH: usize = 31;

/// The begin or the commit of a transaction, with all that is known once it is whole.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Mark {
    pub(crate) is_begin: bool,
    /// Where the plugin tells it.
    pub(crate) xid: Option<u32>,
    /// Start of the commit record, or its end where the plugin tells only that.
    pub(crate) commit_lsn: Lsn,
    /// End of the commit record.
    pub(crate) end_lsn: Lsn,
    /// In microseconds since 1970-01-01 UTC; 0 where the plugin does not tell.
    pub(crate) commit_time: i64,
}

impl Mark {
    /// The mark that `data` is; `None` where it is a message of the plugin.
    #[inline]
    pub(crate) fn read(data: &[u8]) -> Result<Option<Self>, Fault> {
        if data.first() == Some(&MARK) { Self::read_whole(data).map(Some) } else { Ok(None) }
    }

    fn read_whole(data: &[u8]) -> Result<Self, Fault> {
        let mut cursor = Cursor::new(data);
        cursor.u8("a mark")?;
        let is_begin = match cursor.u8("a mark's kind")? {
            BEGIN => true,
            COMMIT => false,
            found => return Err(cursor.unexpected("a mark's kind (B, C)", found)),
        };
        let has_xid = cursor.u8("whether an xid is told")? != 0;
        let xid = Some(cursor.u32("the xid")?).filter(|_| has_xid);
        let commit_lsn = Lsn::new(cursor.u64("the commit's LSN")?);
        let end_lsn = Lsn::new(cursor.u64("the commit's end")?);
        let commit_time = cursor.i64("the commit time")?;
        cursor.end()?;
        Ok(Self { is_begin, xid, commit_lsn, end_lsn, commit_time })
    }

    fn put(&self, out: &mut BytesMut) {
        out.put_u8(MARK);
        out.put_u8(if self.is_begin { BEGIN } else { COMMIT });
        out.put_u8(self.xid.is_some().into());
        out.put_u32(self.xid.unwrap_or_default());
        out.put_u64(self.commit_lsn.as_u64());
        out.put_u64(self.end_lsn.as_u64());
        out.put_i64(self.commit_time);
    }
}

/// Which transaction the messages belong to that come now, and which are prepared.
#[derive(Debug, Default)]
pub(crate) struct Held {
    open: Option<Open>,
    /// Prepared transactions whose outcome is open, by the names that the application gave them.
    prepared: Vec<(Box<[u8]>, u32)>,
}

#[derive(Debug, Clone, Copy)]
struct Open {
    /// 0 where the plugin does not tell.
    xid: u32,
    /// Position of the message before: all before it may be acknowledged, whatever becomes of the transaction.
    last: Lsn,
}

impl Held {
    /// A new connection starts.
    pub(crate) fn restart(&mut self) {
        *self = Self::default();
    }

    /// A transaction begins; `xid` is 0 where the plugin does not tell.
    pub(crate) fn begin<'a>(&mut self, xid: u32, lsn: Lsn) -> Result<Route<'a>, Fault> {
        if self.open.is_some() {
            return Err(misplaced("a transaction begins within another"));
        }
        self.open = Some(Open { xid, last: lsn });
        Ok(Route::Start { xid, is_first: true })
    }

    /// A message that belongs to the transaction.
    #[inline]
    pub(crate) fn keep<'a>(&mut self, frame: Frame<'a>) -> Result<Route<'a>, Fault> {
        let Some(open) = &mut self.open else { return Err(misplaced("a change outside of a transaction")) };
        open.last = frame.lsn;
        Ok(Route::Into(Kept::new(open.xid, open.xid, frame.lsn, [frame.data(), &[]])))
    }

    /// The transaction commits.
    pub(crate) fn commit<'a>(
        &mut self,
        told_xid: Option<u32>,
        commit_lsn: Lsn,
        end_lsn: Lsn,
        commit_time: i64,
    ) -> Result<Route<'a>, Fault> {
        let Some(Open { xid, .. }) = self.open.take() else {
            return Err(misplaced("the commit of a transaction that did not begin"));
        };
        if told_xid.is_some_and(|told| told != xid) {
            return Err(misplaced("the commit of another transaction than the one that began"));
        }
        Ok(Route::Commit(committed(xid, (commit_lsn, end_lsn), commit_time)))
    }

    /// The transaction is prepared as `gid`, by a record that ends at `end_lsn`.
    pub(crate) fn prepare<'a>(
        &mut self,
        gid: &[u8],
        end_lsn: Lsn,
        prepare_time: i64,
    ) -> Result<Route<'a>, Fault> {
        let Some(Open { xid, last }) = self.open.take() else {
            return Err(misplaced("the PREPARE of a transaction that did not begin"));
        };
        if self.prepared.iter().any(|(known, _)| **known == *gid) {
            return Err(misplaced("a transaction is prepared that is prepared already"));
        }
        self.prepared.push((gid.into(), xid));
        // The start of the record is not told. The last change lies before it, and what lies before that is the others'.
        let gid = String::from_utf8_lossy(gid).into_owned();
        Ok(Route::Prepare(Prepared::new(xid, gid, (last, end_lsn), prepare_time)))
    }

    /// The transaction that was prepared as `gid` commits.
    pub(crate) fn commit_prepared<'a>(
        &mut self,
        gid: &[u8],
        (commit_lsn, end_lsn): (Lsn, Lsn),
        commit_time: i64,
    ) -> Result<Route<'a>, Fault> {
        let Some(xid) = self.take_prepared(gid) else {
            return Err(misplaced(
                "the COMMIT PREPARED of a transaction whose PREPARE did not come: its changes are lost",
            ));
        };
        Ok(Route::Commit(committed(xid, (commit_lsn, end_lsn), commit_time)))
    }

    /// The transaction that was prepared as `gid` is rolled back; `xid` is its id, as the plugin tells it.
    pub(crate) fn rollback_prepared<'a>(&mut self, gid: &[u8], xid: u32, lsn: Lsn, time: i64) -> Route<'a> {
        // The server tells so even where it never sent the PREPARE.
        let xid = self.take_prepared(gid).unwrap_or(xid);
        Route::Abort { top: xid, sub: xid, lsn: Some(lsn), time: Some(time) }
    }

    fn take_prepared(&mut self, gid: &[u8]) -> Option<u32> {
        let at = self.prepared.iter().position(|(known, _)| **known == *gid)?;
        Some(self.prepared.swap_remove(at).1)
    }
}

fn committed(xid: u32, lsns: (Lsn, Lsn), commit_time: i64) -> Committed {
    let (commit_lsn, end_lsn) = lsns;
    let told = Some(xid).filter(|xid| *xid != 0);
    let mark = Mark { is_begin: true, xid: told, commit_lsn, end_lsn, commit_time };
    let mut both = BytesMut::with_capacity(2 * LENGTH);
    mark.put(&mut both);
    Mark { is_begin: false, ..mark }.put(&mut both);
    let mut begin: Bytes = both.freeze();
    let commit = begin.split_off(LENGTH);
    Committed::new(xid, lsns, commit_time, begin, commit)
}

#[cold]
fn misplaced(what: &'static str) -> Fault {
    Fault::new(0, What::Misplaced(what))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lsn(lsn: u64) -> Lsn {
        Lsn::new(lsn)
    }

    fn marks(route: Route<'_>) -> [Mark; 2] {
        let Route::Commit(committed) = route else { panic!("{route:?}") };
        [committed.begin(), committed.commit()].map(|frame| Mark::read(frame.data()).unwrap().unwrap())
    }

    #[test]
    fn a_transaction_is_kept_until_its_commit_and_then_stands_between_marks() {
        let mut held = Held::default();
        assert_eq!(held.begin(7, lsn(10)).unwrap(), Route::Start { xid: 7, is_first: true });
        let data = Bytes::from_static(b"a change");
        let kept = held.keep(Frame::whole(lsn(20), &data)).unwrap();
        assert_eq!(kept, Route::Into(Kept::new(7, 7, lsn(20), [b"a change", b""])));
        let [begin, commit] = marks(held.commit(Some(7), lsn(30), lsn(40), -5).unwrap());
        let mark =
            Mark { is_begin: true, xid: Some(7), commit_lsn: lsn(30), end_lsn: lsn(40), commit_time: -5 };
        assert_eq!((begin, commit), (mark, Mark { is_begin: false, ..mark }));
        assert!(held.open.is_none());
    }

    #[test]
    fn a_prepared_transaction_waits_for_its_outcome_by_its_name() {
        let mut held = Held::default();
        let prepare = |held: &mut Held, xid, gid: &[u8]| {
            let _ = held.begin(xid, lsn(10)).unwrap();
            let data = Bytes::from_static(b"a change");
            let _ = held.keep(Frame::whole(lsn(20), &data)).unwrap();
            held.prepare(gid, lsn(30), 1)
        };
        let prepared = Prepared::new(7, "one".to_owned(), (lsn(20), lsn(30)), 1);
        assert_eq!(prepare(&mut held, 7, b"one").unwrap(), Route::Prepare(prepared));
        assert!(prepare(&mut held, 8, b"one").is_err(), "prepared twice");
        let _ = prepare(&mut held, 9, b"two").unwrap();
        let [begin, _] = marks(held.commit_prepared(b"one", (lsn(50), lsn(60)), 3).unwrap());
        assert_eq!((begin.xid, begin.commit_lsn), (Some(7), lsn(50)));
        let error = held.commit_prepared(b"one", (lsn(50), lsn(60)), 3).unwrap_err();
        assert!(error.what().to_string().contains("its changes are lost"));
        let rolled_back = Route::Abort { top: 9, sub: 9, lsn: Some(lsn(70)), time: Some(4) };
        assert_eq!(held.rollback_prepared(b"two", 9, lsn(70), 4), rolled_back);
    }

    #[test]
    fn what_stands_where_it_may_not_is_an_error() {
        let mut held = Held::default();
        let data = Bytes::from_static(b"a change");
        assert!(held.keep(Frame::whole(lsn(1), &data)).is_err());
        assert!(held.commit(None, lsn(1), lsn(1), 0).is_err());
        assert!(held.prepare(b"x", lsn(1), 0).is_err());
        let _ = held.begin(7, lsn(1)).unwrap();
        assert!(held.begin(8, lsn(1)).is_err());
        assert!(held.commit(Some(8), lsn(1), lsn(1), 0).is_err(), "of another");
    }

    #[test]
    fn a_mark_that_is_cut_is_an_error_and_a_message_none() {
        let Route::Commit(committed) = ({
            let mut held = Held::default();
            let _ = held.begin(0, lsn(1)).unwrap();
            held.commit(None, lsn(1), lsn(2), 0).unwrap()
        }) else {
            panic!("no commit")
        };
        let whole = committed.begin().data().to_vec();
        assert_eq!(Mark::read(&whole).unwrap().unwrap().xid, None);
        for length in 1..whole.len() {
            assert!(Mark::read(&whole[..length]).is_err(), "{length}");
        }
        assert!(Mark::read(b"\0X").is_err());
        assert_eq!(Mark::read(b"BEGIN").unwrap(), None);
        assert_eq!(Mark::read(b"").unwrap(), None);
    }
}
