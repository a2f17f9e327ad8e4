//! Tests of the decoder, against what walminer printed and against what the testkit prints by its rules.

mod allocations;
mod first;
mod malformed;
mod random;
mod recorded;
mod tables;
mod third;
mod transactions;

use std::sync::Arc;

use bytes::Bytes;
use pg_cdc_core::batch::{ChangeBatch, Event, Row};
use pg_cdc_core::types::oid;
use pg_cdc_core::walminer::{Message, Verb};
use pg_cdc_core::{
    Column, ColumnType, Datum, DecodeError, Decoder, Frame, Known, Lsn, Outcome, ReplicaIdentity, Table,
    TableFacts, TableName, Tables,
};
use pg_cdc_testkit::encode::walminer;

use super::WalMiner;

/// A decoder, what it is told of tables, and the batch it writes to.
struct Bench {
    decoder: WalMiner,
    tables: Tables,
    batch: ChangeBatch,
    rows: u32,
}

impl Bench {
    /// One that knows `tables`.
    fn new(tables: &[Arc<Table>]) -> Self {
        let mut known = Tables::without_catalog();
        for table in tables {
            let facts = TableFacts::new(Arc::clone(table), Lsn::ZERO);
            known.insert_named(table.name.clone(), Known::Wanted(facts));
        }
        Self { decoder: WalMiner::new(), tables: known, batch: ChangeBatch::new(), rows: 0 }
    }

    /// One in an open transaction that commits at 0/64.
    fn in_transaction(tables: &[Arc<Table>]) -> Self {
        let mut bench = Self::new(tables);
        bench.begin(100, 7);
        bench
    }

    fn bytes(&mut self, bytes: &Bytes) -> Result<Outcome, DecodeError> {
        // The message stands somewhere in a buffer.
        let buffer = Bytes::from([b"before", &bytes[..], b"behind"].concat());
        let frame = Frame::new(Lsn::new(100), &buffer, 6..6 + bytes.len());
        self.decoder.decode(frame, &self.tables, &mut self.batch)
    }

    fn message(&mut self, message: Message<'_>) -> Result<Outcome, DecodeError> {
        self.bytes(&walminer::message(&message))
    }

    fn begin(&mut self, commit_lsn: u64, xid: u32) {
        let begin = Message::Begin { commit_lsn: Lsn::new(commit_lsn), commit_time: 5, xid };
        let _ = self.message(begin).unwrap();
    }

    fn commit(&mut self, commit_lsn: u64) -> Outcome {
        let commit_lsn = Lsn::new(commit_lsn);
        self.message(Message::Commit { commit_lsn, end_lsn: commit_lsn }).unwrap()
    }

    /// A statement of `table`.
    fn statement(&mut self, table: &Table, statement: impl AsRef<[u8]>) -> Result<Outcome, DecodeError> {
        let statement = statement.as_ref();
        let verb = match statement.first() {
            Some(b'I') => Verb::Insert,
            Some(b'U') => Verb::Update,
            _ => Verb::Delete,
        };
        self.rows += 1;
        self.bytes(&walminer::row(table, verb, self.rows, statement))
    }

    /// What stands in the batch, a line each, and a new batch in its place.
    fn take(&mut self) -> Vec<String> {
        std::mem::take(&mut self.batch).events().map(|event| line(&event)).collect()
    }
}

/// What a statement of `table` comes to: the change alone, or the error.
fn of(table: &Arc<Table>, statement: impl AsRef<[u8]>) -> Result<String, String> {
    let mut bench = Bench::in_transaction(&[Arc::clone(table)]);
    let _ = bench.statement(table, statement).map_err(|error| error.to_string())?;
    Ok(bench
        .take()
        .into_iter()
        .find(|line| !line.starts_with("begin") && !line.starts_with("schema"))
        .unwrap())
}

/// The error that a statement of `table` is.
fn wrong(table: &Arc<Table>, statement: impl AsRef<[u8]>) -> String {
    of(table, statement).unwrap_err()
}

fn line(event: &Event<'_>) -> String {
    match event {
        Event::Begin(transaction) => {
            format!("begin {} xid {}", transaction.commit_lsn, transaction.xid.unwrap())
        }
        Event::Commit { transaction, changes, .. } => {
            format!("commit {} with {changes}", transaction.commit_lsn)
        }
        Event::SchemaChange { old, new } => {
            let before = old.map_or("new".to_owned(), |old| format!("had {}", old.columns.len()));
            format!("schema {} with {} columns, {before}", new.name, new.columns.len())
        }
        Event::Change(change) => {
            let old = change.before().map(|row| format!(" old {}", show(&row))).unwrap_or_default();
            let new = change.after().map(|row| format!(" new {}", show(&row))).unwrap_or_default();
            format!("{:?} #{}{old}{new}", change.op(), change.seq())
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
            Datum::Text(text) => format!("[{}]", std::str::from_utf8(text).unwrap()),
            Datum::Binary(bytes) => format!("{bytes:?}"),
        };
        format!("{}: {value}", column.name)
    });
    format!("{{{}}}", columns.collect::<Vec<_>>().join(", "))
}

fn table(name: &str, columns: &[(&str, u32)]) -> Arc<Table> {
    let columns = columns.iter().map(|&(name, type_oid)| {
        let type_name = oid::name_of(type_oid).unwrap_or("public.mood");
        Column::new(name, ColumnType::new(type_oid, -1, type_name))
    });
    let name = TableName::new("public", name);
    Arc::new(Table::new(1, name, columns.collect(), ReplicaIdentity::Default))
}

/// `public.t (id int4, note text)`.
fn t() -> Arc<Table> {
    table("t", &[("id", oid::INT4), ("note", oid::TEXT)])
}
