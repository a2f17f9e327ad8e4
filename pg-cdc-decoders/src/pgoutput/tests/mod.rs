//! Tests of the decoder, against messages that the testkit encodes and against what a server sent.

mod altered;
mod blocks;
mod invalid_text;
mod malformed;
mod messages;
mod random;
mod recorded;
mod resume;
mod routes;
mod tables;

use std::fmt::Write as _;

use bytes::Bytes;
use pg_cdc_core::batch::{ChangeBatch, Event, Row};
use pg_cdc_core::{Datum, DecodeError, Decoder, Frame, Lsn, Outcome, ReplicaIdentity, Tables};
use pg_cdc_testkit::encode::pgoutput::{Message, Old, Relation, RelationColumn, Value};

use super::PgOutput;

const INT4: u32 = 23;
const TEXT: u32 = 25;

/// A decoder, what it is told of tables, and the batch it writes to.
struct Bench {
    decoder: PgOutput,
    tables: Tables,
    batch: ChangeBatch,
}

impl Bench {
    fn new() -> Self {
        Self::with_tables(Tables::without_catalog())
    }

    fn with_tables(tables: Tables) -> Self {
        Self { decoder: PgOutput::new(), tables, batch: ChangeBatch::new() }
    }

    /// One in an open transaction that commits at 0/64, with table `t` announced.
    fn in_transaction() -> Self {
        let mut bench = Self::new();
        bench.feed(&[begin(100), t()]);
        bench
    }

    fn bytes(&mut self, bytes: &[u8]) -> Result<Outcome, DecodeError> {
        let buffer = Bytes::copy_from_slice(bytes);
        self.decoder.decode(Frame::whole(Lsn::new(50), &buffer), &self.tables, &mut self.batch)
    }

    fn message(&mut self, message: &Message) -> Result<Outcome, DecodeError> {
        self.bytes(&message.encode())
    }

    fn feed(&mut self, messages: &[Message]) {
        for message in messages {
            let outcome = self.message(message).unwrap();
            assert!(!matches!(outcome, Outcome::NeedTable { .. }), "{message:?}: {outcome}");
        }
    }

    /// What stands in the batch, a line each, and a new batch in its place.
    fn take(&mut self) -> Vec<String> {
        std::mem::take(&mut self.batch).events().map(|event| line(&event)).collect()
    }
}

/// What an event says.
pub(crate) fn line(event: &Event<'_>) -> String {
    match event {
        Event::Begin(transaction) => {
            let xid = transaction.xid.unwrap();
            format!("begin {} xid {xid} at {}", transaction.commit_lsn, transaction.commit_time)
        }
        Event::Commit { transaction, end_lsn, changes } => {
            format!("commit {} ends {end_lsn} with {changes}", transaction.commit_lsn)
        }
        Event::SchemaChange { old, new } => {
            let columns = new.columns.iter().map(|column| {
                let (name, type_) = (&column.name, &column.type_);
                let type_name = if type_.name.is_empty() { "" } else { &format!(" {}", type_.name) };
                format!("{name} {}{type_name}{}", type_.oid, if column.identity { " key" } else { "" })
            });
            let columns = columns.collect::<Vec<_>>().join(", ");
            let before = old.map_or("new".to_owned(), |old| format!("had {}", old.columns.len()));
            format!("schema {} ({columns}) {:?}, {before}", new.name, new.identity)
        }
        Event::Change(change) => {
            let mut line = format!("{:?} {} #{}", change.op(), change.table().name, change.seq());
            if let Some(row) = change.before() {
                write!(line, " old {}", show(&row)).unwrap();
            }
            if let Some(row) = change.after() {
                write!(line, " new {}", show(&row)).unwrap();
            }
            let options = change.truncate_options();
            line + if options.cascade { " cascade" } else { "" }
                + if options.restart_identity { " restart" } else { "" }
        }
        Event::Message(message) => {
            let text = |bytes| String::from_utf8_lossy(bytes).into_owned();
            let (prefix, content) = (text(message.prefix), text(message.content));
            match message.transaction {
                Some(_) => format!("message #{} {prefix}: {content}", message.seq),
                None => format!("message at {} {prefix}: {content}", message.lsn),
            }
        }
        other => format!("{other:?}"),
    }
}

fn show(row: &Row<'_>) -> String {
    let columns = row.columns().map(|(column, datum)| {
        let value = match datum {
            Datum::Null => "null".to_owned(),
            Datum::Unchanged => "unchanged".to_owned(),
            Datum::NotInIdentity => "not in identity".to_owned(),
            Datum::Absent => "absent".to_owned(),
            Datum::Text(text) if text.len() > 100 => {
                format!("{} bytes of {:?}", text.len(), char::from(text[0]))
            }
            Datum::Text(text) => format!("{:?}", std::str::from_utf8(text).unwrap()),
            Datum::Binary(bytes) => format!("{bytes:?}"),
        };
        format!("{}: {value}", column.name)
    });
    format!("{{{}}}", columns.collect::<Vec<_>>().join(", "))
}

fn begin(commit: u64) -> Message {
    Message::Begin { commit_lsn: Lsn::new(commit), commit_time: 5, xid: 7 }
}

fn commit(commit: u64) -> Message {
    let commit_lsn = Lsn::new(commit);
    Message::Commit { commit_lsn, end_lsn: Lsn::new(commit + 10), commit_time: 5 }
}

fn relation(oid: u32, name: &str, identity: ReplicaIdentity, columns: &[(&str, u32, bool)]) -> Message {
    let column = |&(name, type_oid, identity): &(&str, u32, bool)| RelationColumn {
        identity,
        name: name.to_owned(),
        type_oid,
        modifier: -1,
    };
    let (schema, name) = ("public".to_owned(), name.to_owned());
    Message::Relation(Relation { oid, schema, name, identity, columns: columns.iter().map(column).collect() })
}

/// Relation 1, `public.t (id int4 primary key, note text)`.
fn t() -> Message {
    relation(1, "t", ReplicaIdentity::Default, &[("id", INT4, true), ("note", TEXT, false)])
}

/// Relation 2, `public.u (id int4 primary key)`.
fn u() -> Message {
    relation(2, "u", ReplicaIdentity::Default, &[("id", INT4, true)])
}

fn texts(values: &[&str]) -> Vec<Value> {
    values.iter().map(|&value| Value::text(value)).collect()
}

fn insert(id: &str) -> Message {
    Message::Insert { relation: 1, new: texts(&[id, "x"]) }
}

fn emit(transactional: bool, lsn: u64) -> Message {
    let (prefix, content) = (b"p".to_vec(), b"c".to_vec());
    Message::Message { transactional, lsn: Lsn::new(lsn), prefix, content }
}

fn truncate(relations: &[u32]) -> Message {
    Message::Truncate { relations: relations.to_vec(), cascade: false, restart_identity: false }
}
