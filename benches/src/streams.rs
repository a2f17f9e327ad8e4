//! Messages as they lie in a read buffer.

use std::ops::Range;

use bytes::Bytes;
use pg_cdc_core::{Lsn, ReplicaIdentity};
use pg_cdc_testkit::encode::pgoutput::{Message, Relation, RelationColumn, Value};

/// How much of a stream one read buffer, and so one batch, holds.
const BUFFER: usize = 64 << 10;
const TEXT: u32 = 25;

/// Messages of pgoutput in one read buffer.
#[derive(Debug)]
pub struct Stream {
    /// What the table of the figures calls it.
    pub name: String,
    /// What comes before, once: relations, an open transaction.
    pub head: Vec<Bytes>,
    /// The read buffer.
    pub buffer: Bytes,
    /// Where the messages lie in it.
    pub frames: Vec<Range<usize>>,
}

impl Stream {
    /// INSERTs of `columns` text columns of 10 bytes, all of one transaction.
    #[must_use]
    pub fn inserts(columns: u16) -> Self {
        let head = vec![begin(1).encode(), relation(0, columns).encode()];
        let parts = (0..).map(|row| vec![insert(0, columns, row)]);
        Self::new(format!("insert, {columns} columns"), head, parts)
    }

    /// As [`inserts`](Self::inserts), of values in their binary form, of as many bytes.
    #[must_use]
    pub fn binary_inserts(columns: u16) -> Self {
        let head = vec![begin(1).encode(), relation(0, columns).encode()];
        let parts = (0..).map(|at| {
            let new = row(columns, at).into_iter().map(|value| match value {
                Value::Text(bytes) => Value::Binary(bytes),
                other => other,
            });
            vec![Message::Insert { relation: 0, new: new.collect() }]
        });
        Self::new(format!("binary insert, {columns} columns"), head, parts)
    }

    /// Transactions as pgbench makes them: three UPDATEs and an INSERT, each of another of 4 relations of 5 columns.
    #[must_use]
    pub fn small_transactions() -> Self {
        let head = (0..4).map(|oid| relation(oid, 5).encode()).collect();
        let parts = (0..).map(|at| {
            let update = |oid| Message::Update { relation: oid, old: None, new: row(5, at) };
            vec![begin(at), update(0), update(1), update(2), insert(3, 5, at), commit(at)]
        });
        Self::new("small transactions, 4 relations".to_owned(), head, parts)
    }

    /// A buffer full of `parts`, none of which it cuts.
    fn new(name: String, head: Vec<Bytes>, mut parts: impl Iterator<Item = Vec<Message>>) -> Self {
        let (mut buffer, mut frames) = (Vec::new(), Vec::new());
        while buffer.len() < BUFFER {
            for message in parts.next().into_iter().flatten() {
                let start = buffer.len();
                message.encode_into(&mut buffer);
                frames.push(start..buffer.len());
            }
        }
        Self { name, head, buffer: buffer.into(), frames }
    }
}

fn begin(at: u64) -> Message {
    Message::Begin { commit_lsn: Lsn::new(at * 1000 + 900), commit_time: at as i64, xid: at as u32 }
}

fn commit(at: u64) -> Message {
    let commit_lsn = Lsn::new(at * 1000 + 900);
    Message::Commit { commit_lsn, end_lsn: Lsn::new(at * 1000 + 950), commit_time: at as i64 }
}

fn insert(relation: u32, columns: u16, at: u64) -> Message {
    Message::Insert { relation, new: row(columns, at) }
}

fn row(columns: u16, at: u64) -> Vec<Value> {
    (0..columns).map(|column| Value::text(format!("{:010}", at * 100 + u64::from(column)))).collect()
}

fn relation(oid: u32, columns: u16) -> Message {
    let column =
        |at| RelationColumn { identity: at == 0, name: format!("column_{at}"), type_oid: TEXT, modifier: -1 };
    Message::Relation(Relation {
        oid,
        schema: "public".to_owned(),
        name: format!("table_{oid}"),
        identity: ReplicaIdentity::Default,
        columns: (0..columns).map(column).collect(),
    })
}
