//! What comes of transactions before their outcome is known, for those who ask: to look at, never to be kept.

use std::collections::HashMap;
use std::fmt;
use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::Bytes;
use futures_core::Stream;
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};

use crate::batch::{Buffer, BufferPool, Change, ChangeBatch};
use crate::{Decoder, Frame, Kept, Lsn, Outcome, TableName, Tables};

/// How much of a block is decoded at once.
const LARGEST: usize = 64 << 10;

/// A channel for what comes of transactions in progress: the first half goes into
/// [`ReplicationOptions::uncommitted`](super::ReplicationOptions::uncommitted), the second is read.
#[must_use]
pub fn uncommitted() -> (UncommittedSender, UncommittedStream) {
    let (sender, receiver) = unbounded_channel();
    (UncommittedSender(sender), UncommittedStream(receiver))
}

/// Where a replication source puts what comes of transactions in progress.
#[derive(Clone)]
pub struct UncommittedSender(UnboundedSender<Uncommitted>);

/// A stream of what comes of transactions in progress. Cancel safe.
///
/// It stands beside the source's own stream, which hands all of it out again once it has committed. There is no position
/// in it, so nothing of it can be acknowledged, and its changes are in no
/// [`ChangeBatch`], so they can't be written to a [`Sink`](crate::Sink). What is not read counts as memory in flight:
/// at the limit the source waits. It ends with the source.
#[derive(Debug)]
pub struct UncommittedStream(UnboundedReceiver<Uncommitted>);

/// Something about transactions in progress.
#[derive(Debug)]
#[non_exhaustive]
pub enum Uncommitted {
    /// More of a transaction.
    Changes(UncommittedChanges),
    /// What came of a subtransaction so far is taken back; of the whole transaction where both are the same.
    RolledBack {
        /// The transaction.
        xid: u32,
        /// The subtransaction.
        subxid: u32,
    },
    /// The transaction is prepared for a commit in two phases.
    Prepared {
        /// The transaction.
        xid: u32,
        /// The name that the application gave it.
        gid: String,
    },
    /// The transaction commits: the source's own stream hands it out.
    Committed {
        /// The transaction.
        xid: u32,
        /// Start of its commit record.
        commit_lsn: Lsn,
    },
    /// What came of the transaction can't be read: nothing more of it is shown. Should it commit, the source's own stream
    /// says why.
    Unreadable {
        /// The transaction.
        xid: u32,
    },
    /// The connection was lost: forget all that is open, it comes again.
    Restarted,
}

/// Changes of a transaction in progress, in their order.
pub struct UncommittedChanges {
    xid: u32,
    subxids: Vec<u32>,
    batch: Box<ChangeBatch>,
}

impl UncommittedChanges {
    /// The transaction.
    #[must_use]
    pub fn xid(&self) -> u32 {
        self.xid
    }

    /// Each change with the subtransaction that it belongs to, the transaction itself where it is in none.
    ///
    /// Nobody knows yet where it commits, and when, and which place it then has in the transaction: the change's
    /// transaction says the largest LSN and 1970, and its index counts what has come so far.
    pub fn iter(&self) -> impl Iterator<Item = (u32, Change<'_>)> {
        self.subxids.iter().copied().zip(self.batch.changes())
    }
}

impl fmt::Debug for UncommittedChanges {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("UncommittedChanges")
            .field("xid", &self.xid)
            .field("changes", &self.subxids.len())
            .finish_non_exhaustive()
    }
}

impl fmt::Debug for UncommittedSender {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("UncommittedSender")
    }
}

impl Stream for UncommittedStream {
    type Item = Uncommitted;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.0.poll_recv(cx)
    }
}

/// The source's side: a decoder for each transaction in progress.
pub(super) struct Previews {
    sender: UncommittedSender,
    pool: BufferPool,
    decoders: HashMap<u32, Box<dyn Decoder>>,
    /// What has come and is not decoded.
    filling: Option<Filling>,
    decoding: Option<Decoding>,
}

/// A message: its position, its subtransaction, where it ends.
type Placed = (Lsn, u32, usize);

struct Filling {
    xid: u32,
    buffer: Buffer,
    messages: Vec<Placed>,
}

struct Decoding {
    xid: u32,
    bytes: Bytes,
    messages: Vec<Placed>,
    next: usize,
    changes: UncommittedChanges,
}

/// A table that must be looked up before more is decoded.
pub(super) struct Needed {
    pub(super) oid: Option<u32>,
    pub(super) name: TableName,
    pub(super) types: Vec<u32>,
}

impl Previews {
    pub(super) fn new(sender: UncommittedSender, pool: BufferPool) -> Self {
        Self { sender, pool, decoders: HashMap::new(), filling: None, decoding: None }
    }

    /// Whether something waits to be decoded.
    pub(super) fn has_work(&self) -> bool {
        self.decoding.is_some()
    }

    pub(super) fn restart(&mut self) {
        self.filling = None;
        self.decoding = None;
        if !self.decoders.is_empty() {
            self.decoders.clear();
            self.tell(Uncommitted::Restarted);
        }
    }

    /// A transaction starts, of which `decoder` is to read what comes.
    pub(super) fn start(&mut self, xid: u32, decoder: Box<dyn Decoder>) {
        self.decoders.insert(xid, decoder);
    }

    pub(super) fn keep(&mut self, kept: &Kept<'_>) {
        let filling = self.filling.get_or_insert_with(|| Filling {
            xid: kept.top,
            buffer: self.pool.take(kept.len().max(4096)),
            messages: Vec::new(),
        });
        filling.buffer.reserve(kept.len());
        kept.append_to(filling.buffer.bytes_mut());
        let end = filling.buffer.bytes_mut().len();
        filling.messages.push((kept.lsn, kept.sub, end));
        if end >= LARGEST {
            self.close();
        }
    }

    /// The block is over, or large enough: what it holds is decoded next.
    pub(super) fn close(&mut self) {
        let Some(Filling { xid, buffer, messages }) = self.filling.take() else { return };
        let changes = UncommittedChanges { xid, subxids: Vec::new(), batch: Box::default() };
        self.decoding = Some(Decoding { xid, bytes: buffer.freeze(), messages, next: 0, changes });
    }

    pub(super) fn roll_back(&mut self, xid: u32, subxid: u32) {
        let is_shown = if xid == subxid {
            self.decoders.remove(&xid).is_some()
        } else {
            self.decoders.contains_key(&xid)
        };
        if is_shown {
            self.tell(Uncommitted::RolledBack { xid, subxid });
        }
    }

    pub(super) fn prepare(&mut self, xid: u32, gid: &str) {
        if self.decoders.contains_key(&xid) {
            self.tell(Uncommitted::Prepared { xid, gid: gid.to_owned() });
        }
    }

    pub(super) fn commit(&mut self, xid: u32, commit_lsn: Lsn) {
        if self.decoders.remove(&xid).is_some() {
            self.tell(Uncommitted::Committed { xid, commit_lsn });
        }
    }

    /// Decodes what is there, and hands it out; stops at a table that must be looked up first.
    pub(super) fn decode(&mut self, tables: &Tables) -> Option<Needed> {
        let mut work = self.decoding.take()?;
        let decoder = self.decoders.get_mut(&work.xid)?;
        while let Some((lsn, subxid, end)) = work.messages.get(work.next).copied() {
            let start = work.next.checked_sub(1).and_then(|before| work.messages.get(before));
            let start = start.map_or(0, |(.., end)| *end);
            let batch = &mut *work.changes.batch;
            match decoder.decode(Frame::new(lsn, &work.bytes, start..end), tables, batch) {
                Ok(Outcome::NeedTable { oid, name, types }) => {
                    self.decoding = Some(work);
                    return Some(Needed { oid, name, types });
                }
                Ok(_) => {}
                Err(error) => {
                    tracing::warn!(xid = work.xid, %error, "what comes of the transaction can't be shown");
                    self.decoders.remove(&work.xid);
                    self.tell(Uncommitted::Unreadable { xid: work.xid });
                    return None;
                }
            }
            work.changes.subxids.resize(batch.len(), subxid);
            work.next += 1;
        }
        if !work.changes.batch.is_empty() {
            self.tell(Uncommitted::Changes(work.changes));
        }
        None
    }

    /// Nobody may be reading any more, which is their affair.
    fn tell(&mut self, what: Uncommitted) {
        let _ = self.sender.0.send(what);
    }
}
