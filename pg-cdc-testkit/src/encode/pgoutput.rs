//! Messages of `pgoutput`, protocol 1.
//!
//! Written from the PostgreSQL documentation, "Logical Replication Message Formats", and not from the decoder, so that
//! the two check each other. Nothing is validated: a test may want a message that no server would send.
//!
//! ```
//! use pg_cdc_testkit::encode::pgoutput::{Message, Value};
//!
//! let insert = Message::Insert { relation: 7, new: vec![Value::text("a"), Value::Null] };
//! assert_eq!(&insert.encode()[..], b"I\0\0\0\x07N\0\x02t\0\0\0\x01an");
//! ```

use bytes::{BufMut, Bytes};
use pg_cdc_core::{Lsn, ReplicaIdentity};

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
}

/// A Relation message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Relation {
    /// `pg_class.oid`.
    pub oid: u32,
    /// Its schema; empty for `pg_catalog`.
    pub schema: String,
    /// Its name.
    pub name: String,
    /// What old rows hold.
    pub identity: ReplicaIdentity,
    /// Its published columns.
    pub columns: Vec<RelationColumn>,
}

/// A column of a Relation message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RelationColumn {
    /// Whether it is part of the replica identity.
    pub identity: bool,
    /// Its name.
    pub name: String,
    /// OID of its type.
    pub type_oid: u32,
    /// `pg_attribute.atttypmod`.
    pub modifier: i32,
}

/// One column of a tuple.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Value {
    /// `n`
    Null,
    /// `u`: a TOASTed value that did not change.
    Unchanged,
    /// `t`
    Text(Vec<u8>),
    /// `b`
    Binary(Vec<u8>),
}

impl Value {
    /// A value in text.
    pub fn text(text: impl Into<String>) -> Self {
        Self::Text(text.into().into_bytes())
    }
}

/// The old tuple of an update or delete.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Old {
    /// `K`: only the columns of the replica identity mean something.
    Key(Vec<Value>),
    /// `O`: the whole row.
    Row(Vec<Value>),
}

impl Message {
    /// The message's bytes.
    #[must_use]
    pub fn encode(&self) -> Bytes {
        let mut out = Vec::new();
        self.encode_into(&mut out);
        out.into()
    }

    /// Appends the message's bytes to `out`.
    pub fn encode_into(&self, out: &mut Vec<u8>) {
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
            Self::Relation(relation) => relation.encode_into(out),
            Self::Type { oid, schema, name } => {
                out.put_u8(b'Y');
                out.put_u32(*oid);
                put_string(out, schema.as_bytes());
                put_string(out, name.as_bytes());
            }
            Self::Insert { relation, new } => {
                put_head(out, b'I', *relation);
                put_tuple(out, b'N', new);
            }
            Self::Update { relation, old, new } => {
                put_head(out, b'U', *relation);
                if let Some(old) = old {
                    old.encode_into(out);
                }
                put_tuple(out, b'N', new);
            }
            Self::Delete { relation, old } => {
                put_head(out, b'D', *relation);
                old.encode_into(out);
            }
            Self::Truncate { relations, cascade, restart_identity } => {
                put_head(out, b'T', count(relations));
                out.put_u8(u8::from(*cascade) | u8::from(*restart_identity) << 1);
                relations.iter().for_each(|oid| out.put_u32(*oid));
            }
            Self::Message { transactional, lsn, prefix, content } => {
                out.put_slice(&[b'M', u8::from(*transactional)]);
                out.put_u64(lsn.as_u64());
                put_string(out, prefix);
                out.put_u32(count(content));
                out.put_slice(content);
            }
        }
    }
}

impl Relation {
    fn encode_into(&self, out: &mut Vec<u8>) {
        put_head(out, b'R', self.oid);
        put_string(out, self.schema.as_bytes());
        put_string(out, self.name.as_bytes());
        out.put_u8(match self.identity {
            ReplicaIdentity::Default => b'd',
            ReplicaIdentity::Index => b'i',
            ReplicaIdentity::Full => b'f',
            ReplicaIdentity::Nothing => b'n',
        });
        out.put_u16(count(&self.columns) as u16);
        for column in &self.columns {
            out.put_u8(column.identity.into());
            put_string(out, column.name.as_bytes());
            out.put_u32(column.type_oid);
            out.put_i32(column.modifier);
        }
    }
}

impl Old {
    fn encode_into(&self, out: &mut Vec<u8>) {
        match self {
            Self::Key(key) => put_tuple(out, b'K', key),
            Self::Row(row) => put_tuple(out, b'O', row),
        }
    }
}

fn put_head(out: &mut Vec<u8>, tag: u8, relation: u32) {
    out.put_u8(tag);
    out.put_u32(relation);
}

fn put_tuple(out: &mut Vec<u8>, kind: u8, values: &[Value]) {
    out.put_u8(kind);
    out.put_u16(count(values) as u16);
    for value in values {
        match value {
            Value::Null => out.put_u8(b'n'),
            Value::Unchanged => out.put_u8(b'u'),
            Value::Text(text) => put_value(out, b't', text),
            Value::Binary(binary) => put_value(out, b'b', binary),
        }
    }
}

fn put_value(out: &mut Vec<u8>, kind: u8, bytes: &[u8]) {
    out.put_u8(kind);
    out.put_u32(count(bytes));
    out.put_slice(bytes);
}

fn put_string(out: &mut Vec<u8>, text: &[u8]) {
    out.put_slice(text);
    out.put_u8(0);
}

fn count<T>(of: &[T]) -> u32 {
    of.len() as u32
}
