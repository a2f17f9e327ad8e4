//! What ends a transaction that came in blocks (protocol 2 and up).

use bytes::BufMut;
use pg_cdc_core::Lsn;

/// A transaction that came in blocks commits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct StreamCommit {
    /// The transaction.
    pub xid: u32,
    /// Start of the commit record.
    pub commit_lsn: Lsn,
    /// End of the commit record.
    pub end_lsn: Lsn,
    /// Microseconds since 2000-01-01 UTC.
    pub commit_time: i64,
}

impl StreamCommit {
    pub(super) fn encode_into(&self, out: &mut Vec<u8>) {
        out.put_u8(b'c');
        out.put_u32(self.xid);
        out.put_u8(0);
        out.put_u64(self.commit_lsn.as_u64());
        out.put_u64(self.end_lsn.as_u64());
        out.put_i64(self.commit_time);
    }
}

/// A transaction that came in blocks, or a subtransaction of it, is rolled back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct StreamAbort {
    /// The transaction.
    pub top: u32,
    /// The subtransaction; equal to `top` where all of it is rolled back.
    pub sub: u32,
    /// LSN of the abort's record, and its time in microseconds since 2000-01-01 UTC: with `streaming 'parallel'` only.
    pub at: Option<(Lsn, i64)>,
}

impl StreamAbort {
    pub(super) fn encode_into(&self, out: &mut Vec<u8>) {
        out.put_u8(b'A');
        out.put_u32(self.top);
        out.put_u32(self.sub);
        if let Some((lsn, time)) = self.at {
            out.put_u64(lsn.as_u64());
            out.put_i64(time);
        }
    }
}
