//! Transactions that commit in two phases (protocol 3 and up).

use bytes::BufMut;
use pg_cdc_core::Lsn;

use super::put_string;

/// A transaction is prepared.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Prepare {
    /// Start of the PREPARE's record.
    pub prepare_lsn: Lsn,
    /// End of the PREPARE's record.
    pub end_lsn: Lsn,
    /// Microseconds since 2000-01-01 UTC.
    pub prepare_time: i64,
    /// The transaction.
    pub xid: u32,
    /// The name it was given.
    pub gid: String,
}

impl Prepare {
    pub(super) fn encode_into(&self, head: &[u8], out: &mut Vec<u8>) {
        out.put_slice(head);
        out.put_u64(self.prepare_lsn.as_u64());
        out.put_u64(self.end_lsn.as_u64());
        out.put_i64(self.prepare_time);
        out.put_u32(self.xid);
        put_string(out, self.gid.as_bytes());
    }
}

/// A prepared transaction commits.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CommitPrepared {
    /// Start of the record of COMMIT PREPARED.
    pub commit_lsn: Lsn,
    /// End of that record.
    pub end_lsn: Lsn,
    /// Microseconds since 2000-01-01 UTC.
    pub commit_time: i64,
    /// The transaction.
    pub xid: u32,
    /// The name it was given.
    pub gid: String,
}

impl CommitPrepared {
    pub(super) fn encode_into(&self, out: &mut Vec<u8>) {
        out.put_slice(b"K\0");
        out.put_u64(self.commit_lsn.as_u64());
        out.put_u64(self.end_lsn.as_u64());
        out.put_i64(self.commit_time);
        out.put_u32(self.xid);
        put_string(out, self.gid.as_bytes());
    }
}

/// A prepared transaction is rolled back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RollbackPrepared {
    /// End of the PREPARE's record.
    pub prepare_end_lsn: Lsn,
    /// End of the record of ROLLBACK PREPARED.
    pub rollback_end_lsn: Lsn,
    /// When it was prepared, in microseconds since 2000-01-01 UTC.
    pub prepare_time: i64,
    /// When it was rolled back, in microseconds since 2000-01-01 UTC.
    pub rollback_time: i64,
    /// The transaction.
    pub xid: u32,
    /// The name it was given.
    pub gid: String,
}

impl RollbackPrepared {
    pub(super) fn encode_into(&self, out: &mut Vec<u8>) {
        out.put_slice(b"r\0");
        out.put_u64(self.prepare_end_lsn.as_u64());
        out.put_u64(self.rollback_end_lsn.as_u64());
        out.put_i64(self.prepare_time);
        out.put_i64(self.rollback_time);
        out.put_u32(self.xid);
        put_string(out, self.gid.as_bytes());
    }
}
