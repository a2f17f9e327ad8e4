//! Messages of `pgoutput`, protocols 1 to 4.
//!
//! Written from the PostgreSQL documentation, "Logical Replication Message Formats", and not from the decoder, so that
//! the two check each other. Nothing is validated: a test may want a message that no server would send.
//!
//! ```
//! use pg_cdc_testkit::encode::pgoutput::{Message, Value};
//!
//! let insert = Message::Insert { relation: 7, new: vec![Value::text("a"), Value::Null] };
//! assert_eq!(&insert.encode()[..], b"I\0\0\0\x07N\0\x02t\0\0\0\x01an");
//! // In a block of a transaction in progress it says which subtransaction it belongs to.
//! assert_eq!(insert.encode_in_stream(9)[..6], *b"I\0\0\0\x09\0");
//! ```
//!
//! [`Walsender`] makes whole streams of them.

mod prepare;
mod relation;
mod streamed;
mod tuple;
mod walsender;

use bytes::{BufMut, Bytes};
use pg_cdc_core::Lsn;

pub use prepare::{CommitPrepared, Prepare, RollbackPrepared};
pub use relation::{Relation, RelationColumn};
pub use streamed::{StreamAbort, StreamCommit};
use tuple::put_tuple;
pub use tuple::{Old, Value};
pub use walsender::{Frames, Walsender};

/// One message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Message {
    /// `B`
    Begin {
        /// Start of the transaction's commit record.
        commit_lsn: Lsn,
        /// Microseconds since 2000-01-01 UTC.
        commit_time: i64,
        /// The transaction's id.
        xid: u32,
    },
    /// `C`
    Commit {
        /// Start of the commit record.
        commit_lsn: Lsn,
        /// End of the commit record.
        end_lsn: Lsn,
        /// Microseconds since 2000-01-01 UTC.
        commit_time: i64,
    },
    /// `O`
    Origin {
        /// The commit's position on the node that it comes from.
        lsn: Lsn,
        /// That node's name.
        name: String,
    },
    /// `R`
    Relation(Relation),
    /// `Y`
    Type {
        /// `pg_type.oid`.
        oid: u32,
        /// Its schema; empty for `pg_catalog`.
        schema: String,
        /// Its name.
        name: String,
    },
    /// `I`
    Insert {
        /// OID of the relation.
        relation: u32,
        /// The row.
        new: Vec<Value>,
    },
    /// `U`
    Update {
        /// OID of the relation.
        relation: u32,
        /// The old row, where it is sent.
        old: Option<Old>,
        /// The new row.
        new: Vec<Value>,
    },
    /// `D`
    Delete {
        /// OID of the relation.
        relation: u32,
        /// The old row.
        old: Old,
    },
    /// `T`
    Truncate {
        /// OIDs of the relations.
        relations: Vec<u32>,
        /// `CASCADE`.
        cascade: bool,
        /// `RESTART IDENTITY`.
        restart_identity: bool,
    },
    /// `M`
    Message {
        /// Whether it is part of a transaction.
        transactional: bool,
        /// Its own position.
        lsn: Lsn,
        /// The prefix; no zero bytes.
        prefix: Vec<u8>,
        /// The content.
        content: Vec<u8>,
    },
    /// `S`: a block of a transaction in progress starts.
    StreamStart {
        /// The transaction.
        xid: u32,
        /// Whether it is its first block.
        is_first: bool,
    },
    /// `E`: the block ends.
    StreamStop,
    /// `c`: a transaction that came in blocks commits.
    StreamCommit(StreamCommit),
    /// `A`: a transaction that came in blocks, or a subtransaction of it, is rolled back.
    StreamAbort(StreamAbort),
    /// `p`: a transaction that came in blocks is prepared.
    StreamPrepare(Prepare),
    /// `b`: a prepared transaction begins.
    BeginPrepare(Prepare),
    /// `P`: and is whole.
    Prepare(Prepare),
    /// `K`: a prepared transaction commits.
    CommitPrepared(CommitPrepared),
    /// `r`: a prepared transaction is rolled back.
    RollbackPrepared(RollbackPrepared),
}

impl Message {
    /// The message's bytes.
    #[must_use]
    pub fn encode(&self) -> Bytes {
        let mut out = Vec::new();
        self.encode_into(&mut out);
        out.into()
    }

    /// The message's bytes in a block of a transaction in progress, as one of the (sub)transaction `xid`.
    ///
    /// `R`, `Y`, `I`, `U`, `D`, `T` and `M` have the xid behind their tag there; the others are as they always are.
    #[must_use]
    pub fn encode_in_stream(&self, xid: u32) -> Bytes {
        let mut out = Vec::new();
        self.write(Some(xid), &mut out);
        out.into()
    }

    /// Appends the message's bytes to `out`.
    pub fn encode_into(&self, out: &mut Vec<u8>) {
        self.write(None, out);
    }

    fn write(&self, xid: Option<u32>, out: &mut Vec<u8>) {
        let put_tag = |out: &mut Vec<u8>, tag: u8| {
            out.put_u8(tag);
            if let Some(xid) = xid {
                out.put_u32(xid);
            }
        };
        match self {
            Self::Begin { commit_lsn, commit_time, xid } => {
                out.put_u8(b'B');
                out.put_u64(commit_lsn.as_u64());
                out.put_i64(*commit_time);
                out.put_u32(*xid);
            }
            Self::Commit { commit_lsn, end_lsn, commit_time } => {
                out.put_slice(b"C\0");
                out.put_u64(commit_lsn.as_u64());
                out.put_u64(end_lsn.as_u64());
                out.put_i64(*commit_time);
            }
            Self::Origin { lsn, name } => {
                out.put_u8(b'O');
                out.put_u64(lsn.as_u64());
                put_string(out, name.as_bytes());
            }
            Self::Relation(relation) => {
                put_tag(out, b'R');
                relation.encode_into(out);
            }
            Self::Type { oid, schema, name } => {
                put_tag(out, b'Y');
                out.put_u32(*oid);
                put_string(out, schema.as_bytes());
                put_string(out, name.as_bytes());
            }
            Self::Insert { relation, new } => {
                put_tag(out, b'I');
                out.put_u32(*relation);
                put_tuple(out, b'N', new);
            }
            Self::Update { relation, old, new } => {
                put_tag(out, b'U');
                out.put_u32(*relation);
                if let Some(old) = old {
                    old.encode_into(out);
                }
                put_tuple(out, b'N', new);
            }
            Self::Delete { relation, old } => {
                put_tag(out, b'D');
                out.put_u32(*relation);
                old.encode_into(out);
            }
            Self::Truncate { relations, cascade, restart_identity } => {
                put_tag(out, b'T');
                out.put_u32(count(relations));
                out.put_u8(u8::from(*cascade) | u8::from(*restart_identity) << 1);
                relations.iter().for_each(|oid| out.put_u32(*oid));
            }
            Self::Message { transactional, lsn, prefix, content } => {
                put_tag(out, b'M');
                out.put_u8(u8::from(*transactional));
                out.put_u64(lsn.as_u64());
                put_string(out, prefix);
                out.put_u32(count(content));
                out.put_slice(content);
            }
            Self::StreamStart { xid, is_first } => {
                out.put_u8(b'S');
                out.put_u32(*xid);
                out.put_u8((*is_first).into());
            }
            Self::StreamStop => out.put_u8(b'E'),
            Self::StreamCommit(commit) => commit.encode_into(out),
            Self::StreamAbort(abort) => abort.encode_into(out),
            Self::StreamPrepare(prepare) => prepare.encode_into(b"p\0", out),
            Self::BeginPrepare(prepare) => prepare.encode_into(b"b", out),
            Self::Prepare(prepare) => prepare.encode_into(b"P\0", out),
            Self::CommitPrepared(commit) => commit.encode_into(out),
            Self::RollbackPrepared(rollback) => rollback.encode_into(out),
        }
    }
}

fn put_string(out: &mut Vec<u8>, text: &[u8]) {
    out.put_slice(text);
    out.put_u8(0);
}

fn count<T>(of: &[T]) -> u32 {
    of.len() as u32
}
