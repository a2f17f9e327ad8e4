//! Where a message goes that comes before the outcome of its transaction is known.

use bytes::Bytes;

use crate::{Frame, Lsn};

/// What is to be done with one message of a plugin that sends transactions while they are in progress, or prepared.
///
/// The outcome of such a transaction is not known when its changes come, and its changes come in between those of
/// others. So they are kept as they came, and decoded when it commits:
///
/// - [`Route::Into`]: append the message to what is kept of the transaction.
/// - [`Route::Abort`]: drop what is kept of the subtransaction, or of the whole transaction.
/// - [`Route::Commit`]: decode [`Committed::begin`], what is kept, in the order in which it came, and
///   [`Committed::commit`]. Nothing of the connection is routed or decoded in between.
///
/// The result is, bit by bit, what the transaction would have been had it come whole.
#[derive(Debug, Clone, PartialEq, Eq)]
#[must_use]
pub enum Route<'a> {
    /// Decode it now.
    Direct,
    /// Keep it.
    Into(Kept<'a>),
    /// A block of messages of one transaction starts; all up to the [`Stop`](Self::Stop) or
    /// [`Prepare`](Self::Prepare) are to be kept.
    Start {
        /// The transaction.
        xid: u32,
        /// Nothing of it came before.
        is_first: bool,
    },
    /// The block ends; the transaction goes on.
    Stop {
        /// The transaction.
        xid: u32,
    },
    /// The transaction commits.
    Commit(Committed),
    /// A subtransaction is rolled back, or the whole transaction (also after it was prepared); or all of it was delivered
    /// before, and it is in part that it comes again.
    ///
    /// Everything of the transaction that came since the first message of the subtransaction belongs to it, or to
    /// others that are rolled back with it: each of these has an `Abort` of its own. To cut off what is kept there is
    /// as right as to leave out the messages of the subtransaction. It may be one that nothing came of.
    Abort {
        /// The transaction.
        top: u32,
        /// The subtransaction; equal to `top` where all of it is rolled back.
        sub: u32,
        /// Position of the record that says so, where the plugin tells it.
        lsn: Option<Lsn>,
        /// When it was, in microseconds since 1970-01-01 UTC, where the plugin tells it.
        time: Option<i64>,
    },
    /// Which messages of the transaction a rollback takes back can't be told from what came. It is to be asked for whole:
    /// begin anew where everything is durable, with a server that sends transactions when they commit.
    Unclear {
        /// The transaction.
        xid: u32,
    },
    /// The transaction is whole, and its outcome open: a [`Commit`](Self::Commit) or an [`Abort`](Self::Abort) of all
    /// of it follows, in days perhaps.
    Prepare(Prepared),
}

/// A message to be kept, and whose it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct Kept<'a> {
    /// The transaction.
    pub top: u32,
    /// The subtransaction, or again the transaction.
    pub sub: u32,
    /// Its position, which the kept one must have when it is decoded.
    pub lsn: Lsn,
    /// The message, in two parts to be put one behind the other: what stands between them in the frame says whose it is,
    /// and is not part of what is decoded.
    pub message: [&'a [u8]; 2],
}

impl<'a> Kept<'a> {
    /// The message `message` at `lsn` of the subtransaction `sub` of `top`.
    #[must_use]
    #[inline]
    pub fn new(top: u32, sub: u32, lsn: Lsn, message: [&'a [u8]; 2]) -> Self {
        Self { top, sub, lsn, message }
    }

    /// As [`new`](Self::new), of a message that is in one piece.
    #[must_use]
    #[inline]
    pub fn whole(top: u32, sub: u32, lsn: Lsn, message: &'a [u8]) -> Self {
        Self::new(top, sub, lsn, [message, &[]])
    }

    /// The message's length in bytes.
    #[must_use]
    #[inline]
    pub fn len(&self) -> usize {
        let [head, rest] = self.message;
        head.len() + rest.len()
    }

    /// Whether the message has no bytes.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Appends the message to `out`.
    #[inline]
    pub fn append_to(&self, out: &mut Vec<u8>) {
        let [head, rest] = self.message;
        out.reserve(self.len());
        out.extend_from_slice(head);
        out.extend_from_slice(rest);
    }
}

/// A transaction of which all is kept, and which is to be handed out.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Committed {
    /// The transaction.
    pub xid: u32,
    /// Start of its commit record.
    pub commit_lsn: Lsn,
    /// End of its commit record.
    pub end_lsn: Lsn,
    /// When it committed, in microseconds since 1970-01-01 UTC.
    pub commit_time: i64,
    begin: Bytes,
    commit: Bytes,
}

impl Committed {
    /// The transaction `xid` with the messages that stand around its own when it is decoded.
    #[must_use]
    pub fn new(
        xid: u32,
        (commit_lsn, end_lsn): (Lsn, Lsn),
        commit_time: i64,
        begin: Bytes,
        commit: Bytes,
    ) -> Self {
        Self { xid, commit_lsn, end_lsn, commit_time, begin, commit }
    }

    /// The message to decode before those that are kept.
    #[must_use]
    pub fn begin(&self) -> Frame<'_> {
        Frame::whole(self.commit_lsn, &self.begin)
    }

    /// The message to decode behind those that are kept.
    #[must_use]
    pub fn commit(&self) -> Frame<'_> {
        Frame::whole(self.end_lsn, &self.commit)
    }
}

/// A transaction that is prepared for a commit in two phases.
///
/// A server that was told that everything before its PREPARE is durable, and more, sends its commit without its
/// changes. So nothing beyond `prepare_lsn` may be acknowledged before its outcome, and, where it commits, all of its
/// changes are durable.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Prepared {
    /// The transaction.
    pub xid: u32,
    /// The name that the application gave it.
    pub gid: String,
    /// Start of the PREPARE's record: the last position that may be acknowledged.
    pub prepare_lsn: Lsn,
    /// End of the PREPARE's record.
    pub end_lsn: Lsn,
    /// When it was prepared, in microseconds since 1970-01-01 UTC.
    pub prepare_time: i64,
}

impl Prepared {
    /// The transaction `xid` that was prepared as `gid`.
    #[must_use]
    pub fn new(xid: u32, gid: String, (prepare_lsn, end_lsn): (Lsn, Lsn), prepare_time: i64) -> Self {
        Self { xid, gid, prepare_lsn, end_lsn, prepare_time }
    }
}
