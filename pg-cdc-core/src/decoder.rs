//! The seam between bytes and changes.

use std::borrow::Cow;
use std::collections::HashMap;
use std::fmt;
use std::sync::Arc;

use bytes::Bytes;

use crate::batch::ChangeBatch;
use crate::types::oid;
use crate::{ColumnType, Lsn, Position, Route, Shape, Table, TableName, XidSnapshot};

/// One message of an output plugin, in place in the buffer that it was received in.
#[derive(Debug, Clone, Copy)]
pub struct Frame<'a> {
    /// The message's position: `dataStart` of XLogData, or the `lsn` column of the SQL functions.
    pub lsn: Lsn,
    buffer: &'a Bytes,
    start: usize,
    data: &'a [u8],
}

impl<'a> Frame<'a> {
    /// The message at `range` of `buffer`; the whole buffer's rest where the range goes beyond it.
    #[must_use]
    #[inline]
    pub fn new(lsn: Lsn, buffer: &'a Bytes, range: std::ops::Range<usize>) -> Self {
        let end = range.end.min(buffer.len());
        let start = range.start.min(end);
        Self { lsn, buffer, start, data: buffer.get(start..end).unwrap_or_default() }
    }

    /// The message that is the whole of `buffer`.
    #[must_use]
    #[inline]
    pub fn whole(lsn: Lsn, buffer: &'a Bytes) -> Self {
        Self::new(lsn, buffer, 0..buffer.len())
    }

    /// The message.
    #[must_use]
    #[inline]
    pub fn data(&self) -> &'a [u8] {
        self.data
    }

    /// Where the message starts in its buffer.
    #[must_use]
    #[inline]
    pub fn start(&self) -> usize {
        self.start
    }

    /// The buffer, to be [attached](ChangeBatch::attach) to the batch.
    #[must_use]
    #[inline]
    pub fn buffer(&self) -> &'a Bytes {
        self.buffer
    }
}

/// A state machine over one output plugin's messages: bytes in, changes out; no I/O, no clock.
///
/// The same decoder serves replication, polling, files, benches and fuzzers.
pub trait Decoder: Send {
    /// The plugin's name, as in `CREATE_REPLICATION_SLOT … LOGICAL name`.
    fn plugin(&self) -> &'static str;

    /// Whether the commit LSNs that it tells are those of the ends of commit records: the plugin tells no starts.
    fn tells_commit_ends(&self) -> bool {
        false
    }

    /// A new connection starts: forgets what only holds within one, and passes over what `after` says was delivered.
    fn restart(&mut self, after: Option<&Position>);

    /// The transaction that has just begun is passed over: up to its commit nothing is handed out, and a message that
    /// can't be read is no error. What can be read of tables and types holds.
    fn pass_over(&mut self);

    /// Takes in one message, adding what it says to `batch`.
    ///
    /// Slots point into the frame's buffer, which the batch keeps alive; nothing is allocated for a change.
    /// On an error, and when the outcome is [`Outcome::NeedTable`], the frame left no trace, but that its buffer may be
    /// attached and that a table which another transaction announced may have become known, with its schema change:
    /// in the latter case it is to be decoded again once `tables` has the answer.
    ///
    /// # Errors
    ///
    /// A message that is not what the plugin's protocol allows. The stream can't go on behind it.
    fn decode(
        &mut self,
        frame: Frame<'_>,
        tables: &Tables,
        batch: &mut ChangeBatch,
    ) -> Result<Outcome, DecodeError>;

    /// A decoder for what comes of the transaction `xid` while it is in progress, to be looked at before its outcome: one
    /// that is within it, and knows the tables that this one knows. `None` where the plugin sends no such.
    fn preview(&self, xid: u32) -> Option<Box<dyn Decoder>> {
        let _ = xid;
        None
    }

    /// Where a message goes, for a driver that asked the server for transactions in progress or for prepared ones.
    ///
    /// Such a driver routes every message once, in the order in which they come, and decodes only what it is told to
    /// decode, before it routes the next. Every other driver decodes every message and never asks. A plugin that sends
    /// transactions only whole and committed has nothing to say here: decode it.
    ///
    /// # Errors
    ///
    /// A message that may not stand where it stands, or is not what the plugin's protocol allows.
    fn route<'a>(&mut self, frame: Frame<'a>) -> Result<Route<'a>, DecodeError> {
        let _ = frame;
        Ok(Route::Direct)
    }
}

impl<D: Decoder + ?Sized> Decoder for Box<D> {
    fn plugin(&self) -> &'static str {
        (**self).plugin()
    }

    fn tells_commit_ends(&self) -> bool {
        (**self).tells_commit_ends()
    }

    fn restart(&mut self, after: Option<&Position>) {
        (**self).restart(after);
    }

    fn pass_over(&mut self) {
        (**self).pass_over();
    }

    fn decode(
        &mut self,
        frame: Frame<'_>,
        tables: &Tables,
        batch: &mut ChangeBatch,
    ) -> Result<Outcome, DecodeError> {
        (**self).decode(frame, tables, batch)
    }

    fn preview(&self, xid: u32) -> Option<Box<dyn Decoder>> {
        (**self).preview(xid)
    }

    fn route<'a>(&mut self, frame: Frame<'a>) -> Result<Route<'a>, DecodeError> {
        (**self).route(frame)
    }
}

/// What a message meant to whoever drives the decoder.
#[derive(Debug, Clone, PartialEq, Eq)]
#[must_use]
pub enum Outcome {
    /// It was taken in.
    Taken,
    /// A transaction starts whose commit record is at `commit_lsn`.
    Begin {
        /// Start of its commit record (or what the plugin tells in its place).
        commit_lsn: Lsn,
    },
    /// A transaction is whole.
    Commit {
        /// Start of its commit record (or what the plugin tells in its place).
        commit_lsn: Lsn,
        /// End of its commit record: what may be acknowledged once everything before is durable.
        end_lsn: Lsn,
    },
    /// The bytes do not say what must be known of a table: put it into the [`Tables`] and decode the frame again.
    NeedTable {
        /// Its OID, where the plugin tells it: it is to be put in [by its OID](Tables::insert), else
        /// [by its name](Tables::insert_named).
        oid: Option<u32>,
        /// Its name when the change was made, which need not be that of now.
        name: TableName,
        /// OIDs of its columns' types that are not built in: what they are made of must be known too.
        types: Vec<u32>,
    },
}

impl Outcome {
    /// Something outside of any transaction, whose record ends at `end_lsn`, was handed out: it leads as far as a commit
    /// does.
    ///
    /// Where its record ends that of a commit may start, which is not delivered with it: so what it leads to is said to
    /// be within its own record.
    pub fn alone(end_lsn: Lsn) -> Self {
        Self::Commit { commit_lsn: within(end_lsn), end_lsn }
    }
}

/// A place within the record that ends at `end_lsn`: no other record starts there.
fn within(end_lsn: Lsn) -> Lsn {
    Lsn::new(end_lsn.as_u64().saturating_sub(1))
}

/// What the driver knows of the tables in the stream. Facts from the catalog are of now; a change is of then.
#[derive(Debug, Default)]
pub struct Tables {
    complete: bool,
    known: HashMap<u32, Known>,
    /// By the name that a plugin gave: not a table's name of now, but that of when the change was made.
    named: HashMap<TableName, Known>,
    types: HashMap<u32, ColumnType>,
    generation: u64,
}

/// What is known of one table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Known {
    /// Nobody wants its changes.
    Unwanted,
    /// Its changes are wanted.
    Wanted(TableFacts),
}

/// What the catalog says of a table whose changes are wanted.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct TableFacts {
    /// The table as it is now.
    pub table: Arc<Table>,
    /// Only transactions that commit at or after this are wanted: those before are in its snapshot.
    pub from: Lsn,
    /// Instead of `from`, the transactions that are in its snapshot: for walminer, whose places in the log are none that a
    /// snapshot can be tied to.
    pub shown: Option<Arc<XidSnapshot>>,
    /// What of the table is wanted; `table` is of this shape.
    pub shape: Arc<Shape>,
    /// Its stored generated columns that `table` leaves out.
    pub generated: Vec<Arc<str>>,
    /// Names of all its columns that `table` leaves out, virtual generated ones included: of these the log has no values,
    /// and plugins that do not know them tell NULLs.
    pub left_out: Vec<Arc<str>>,
    /// Its columns whose values are never TOASTed, whatever their storage was: their types have none.
    pub plain: Vec<Arc<str>>,
    /// Only its INSERTs and TRUNCATEs are wanted. A publication sees to that where there is one; this is for plugins that
    /// have none.
    pub inserts_only: bool,
}

impl TableFacts {
    /// All of `table` is wanted, from `from` on.
    #[must_use]
    pub fn new(table: Arc<Table>, from: Lsn) -> Self {
        Self {
            table,
            from,
            shown: None,
            shape: Arc::default(),
            generated: Vec::new(),
            left_out: Vec::new(),
            plain: Vec::new(),
            inserts_only: false,
        }
    }

    /// Whether an UPDATE may leave the value of the column called `name` where it is, out of line and not sent.
    #[must_use]
    pub fn is_toastable(&self, name: &str) -> bool {
        !self.plain.iter().any(|plain| **plain == *name)
    }

    /// Whether the column called `name` is wanted.
    #[must_use]
    pub fn takes(&self, name: &str) -> bool {
        let is_one = |known: &Arc<str>| **known == *name;
        !self.left_out.iter().any(is_one) && self.shape.takes(name, self.generated.iter().any(is_one))
    }
}

impl Tables {
    /// For decoding without a server: every table is wanted, and nobody is asked about any.
    #[must_use]
    pub fn without_catalog() -> Self {
        Self { complete: true, ..Self::default() }
    }

    /// For decoding beside a server: a table that is not known is asked for.
    #[must_use]
    pub fn from_catalog() -> Self {
        Self::default()
    }

    /// Whether a table that is not known is not worth asking for.
    #[must_use]
    pub fn is_complete(&self) -> bool {
        self.complete
    }

    /// What is known of the table `oid`.
    #[must_use]
    pub fn get(&self, oid: u32) -> Option<&Known> {
        self.known.get(&oid)
    }

    /// What is known of the table that a plugin calls `name` and tells no OID of.
    #[must_use]
    pub fn get_named(&self, name: &TableName) -> Option<&Known> {
        self.named.get(name)
    }

    /// The type `oid` with `modifier`, where it is built in or was [told](Self::insert_type).
    #[must_use]
    pub fn type_of(&self, oid: u32, modifier: i32) -> Option<ColumnType> {
        if let Some(name) = oid::name_of(oid) {
            return Some(ColumnType::new(oid, modifier, name));
        }
        self.types.get(&oid).map(|type_| type_.with_modifier(modifier))
    }

    /// Says what a type is made of, in place of what was known.
    pub fn insert_type(&mut self, type_: ColumnType) {
        if self.types.get(&type_.oid) != Some(&type_) {
            self.types.insert(type_.oid, type_);
            self.generation += 1;
        }
    }

    /// A number that grows with each type that is told and is new or different, and with each
    /// [name](Self::insert_named) that means something else than before.
    #[must_use]
    #[inline]
    pub fn generation(&self) -> u64 {
        self.generation
    }

    /// OIDs of the types that were told.
    pub fn types(&self) -> impl Iterator<Item = u32> {
        self.types.keys().copied()
    }

    /// Says what is known of the table `oid`, in place of what was.
    pub fn insert(&mut self, oid: u32, known: Known) {
        self.known.insert(oid, known);
    }

    /// Says what is known of the table that a plugin calls `name`, in place of what was.
    ///
    /// Where its facts hold a table of another name, it was renamed since; one table may be known by several names.
    pub fn insert_named(&mut self, name: TableName, known: Known) {
        let is_another = self.named.get(&name).is_some_and(|before| *before != known);
        self.named.insert(name, known);
        self.generation += u64::from(is_another);
    }
}

/// A message that its plugin's protocol does not allow, or that can't be mapped.
#[derive(Debug, Clone, thiserror::Error)]
#[error("{0}")]
pub struct DecodeError(Box<Wrong>);

/// Boxed, so that a result that holds no error is small.
#[derive(Debug, Clone)]
struct Wrong {
    plugin: &'static str,
    lsn: Lsn,
    offset: usize,
    what: Cow<'static, str>,
    commit_lsn: Option<Lsn>,
    hint: Cow<'static, str>,
}

impl fmt::Display for Wrong {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} message at {}, offset {}", self.plugin, self.lsn, self.offset)?;
        if let Some(commit_lsn) = self.commit_lsn {
            write!(f, ", in the transaction that commits at {commit_lsn}")?;
        }
        write!(f, ": {}", self.what)
    }
}

const HINT: &str = "nothing was skipped and the slot is where it was; check that server and plugin versions are supported, \
                    and report the message";

impl DecodeError {
    /// `what` was wrong `offset` bytes into the message of `plugin` at `lsn`.
    pub fn new(plugin: &'static str, lsn: Lsn, offset: usize, what: impl Into<Cow<'static, str>>) -> Self {
        let (what, hint) = (what.into(), HINT.into());
        Self(Box::new(Wrong { plugin, lsn, offset, what, commit_lsn: None, hint }))
    }

    /// Says which transaction the message belongs to: the one that commits at `commit_lsn`.
    #[must_use]
    pub fn in_transaction(mut self, commit_lsn: Lsn) -> Self {
        self.0.commit_lsn = Some(commit_lsn);
        self.0.hint =
            format!("{HINT}; --skip-transaction {commit_lsn} passes over this transaction alone").into();
        self
    }

    /// The transaction that the message belongs to, where it is known: start of its commit record (or what the plugin
    /// tells in its place).
    #[must_use]
    pub fn commit_lsn(&self) -> Option<Lsn> {
        self.0.commit_lsn
    }

    /// Position of the message.
    #[must_use]
    pub fn lsn(&self) -> Lsn {
        self.0.lsn
    }

    /// Offset in the message, in bytes.
    #[must_use]
    pub fn offset(&self) -> usize {
        self.0.offset
    }

    /// What the user can do about it.
    #[must_use]
    pub fn hint(&self) -> &str {
        &self.0.hint
    }
}

/// Numbers a transaction's changes, and passes over those that were delivered before.
///
/// Shared by the decoders: the index of a change is the same after any restart.
#[derive(Debug, Clone, Default)]
pub struct Sequence {
    delivered: Option<Position>,
    next: u64,
    pass: u64,
}

impl Sequence {
    /// A new connection starts behind `after`.
    pub fn restart(&mut self, after: Option<&Position>) {
        *self = Self { delivered: after.cloned(), next: 0, pass: 0 };
    }

    /// A transaction that commits at `commit_lsn` starts.
    #[inline]
    pub fn begin(&mut self, commit_lsn: Lsn) {
        self.next = 0;
        self.pass = self.delivered.as_ref().map_or(0, |position| position.delivered_of(commit_lsn));
    }

    /// Every change of the transaction is passed over.
    pub fn pass_over(&mut self) {
        self.pass = u64::MAX;
    }

    /// Whether something outside of any transaction, whose record ends at `end_lsn`, was not delivered before.
    #[must_use]
    pub fn admits_alone(&self, end_lsn: Lsn) -> bool {
        self.delivered.as_ref().is_none_or(|position| position.delivered_of(within(end_lsn)) == 0)
    }

    /// Whether all of the transaction that commits at `commit_lsn` was delivered before.
    #[must_use]
    pub fn is_delivered(&self, commit_lsn: Lsn) -> bool {
        self.delivered.as_ref().is_some_and(|position| position.delivered_of(commit_lsn) == u64::MAX)
    }

    /// The next change's index, or `None` where it was delivered before.
    #[inline]
    pub fn admit(&mut self) -> Option<u64> {
        let seq = self.next;
        self.next += 1;
        (seq >= self.pass).then_some(seq)
    }

    /// The change that was [admitted](Self::admit) last is not one yet: its number is given out again.
    #[cold]
    pub fn retract(&mut self) {
        self.next = self.next.saturating_sub(1);
    }

    /// Whether the change that [`admit`](Self::admit) would number next is the transaction's first to be handed out.
    #[must_use]
    #[inline]
    pub fn is_untouched(&self) -> bool {
        self.next == 0
    }

    /// Number of the transaction's changes so far, those passed over included.
    #[must_use]
    #[inline]
    pub fn count(&self) -> u64 {
        self.next
    }

    /// Whether the whole transaction was delivered before.
    #[must_use]
    #[inline]
    pub fn passes_all(&self) -> bool {
        self.pass == u64::MAX
    }
}

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Taken => f.write_str("taken"),
            Self::Begin { commit_lsn } => write!(f, "begin, commits at {commit_lsn}"),
            Self::Commit { end_lsn, .. } => write!(f, "commit, ends at {end_lsn}"),
            Self::NeedTable { name, .. } => write!(f, "needs table {name}"),
        }
    }
}
