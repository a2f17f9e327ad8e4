//! Tests of the decoder, against messages that the testkit encodes and against what a server sent.

mod malformed;
mod messages;
mod random;
mod tables;
mod values;

use std::sync::Arc;

use bytes::Bytes;
use pg_cdc_core::batch::{ChangeBatch, Event, Row};
use pg_cdc_core::types::oid;
use pg_cdc_core::{
    Column, ColumnType, Datum, DecodeError, Decoder, Frame, Known, Lsn, Outcome, ReplicaIdentity, Table,
    TableFacts, TableName, Tables,
};
use pg_cdc_testkit::encode::wal2json as sent;

use super::{FormatVersion, Wal2Json};
use crate::TextEncoding;

const BEGIN: &str =
    r#"{"action":"B","xid":7,"timestamp":"2000-01-01 00:00:00+00","lsn":"0/64","nextlsn":"0/6E"}"#;
const COMMIT: &str =
    r#"{"action":"C","xid":7,"timestamp":"2000-01-01 00:00:00+00","lsn":"0/64","nextlsn":"0/6E"}"#;
const HEADER: &str = r#"{"xid":7,"nextlsn":"0/6E","timestamp":"2000-01-01 00:00:00+00","change":["#;

/// A decoder, a catalog that it asks, and the batch it writes to.
struct Bench {
    decoder: Wal2Json,
    tables: Tables,
    catalog: Vec<TableFacts>,
    asked: usize,
    batch: ChangeBatch,
}

impl Bench {
    fn new(format: FormatVersion, catalog: impl IntoIterator<Item = Table>) -> Self {
        Self {
            decoder: Wal2Json::new(format, TextEncoding::default()),
            tables: Tables::from_catalog(),
            catalog: catalog.into_iter().map(facts).collect(),
            asked: 0,
            batch: ChangeBatch::new(),
        }
    }

    /// One of format version 2 in an open transaction that commits at 0/64.
    fn v2(catalog: impl IntoIterator<Item = Table>) -> Self {
        let mut bench = Self::new(FormatVersion::V2, catalog);
        assert_eq!(bench.take(BEGIN), Ok(Outcome::Begin { commit_lsn: Lsn::new(0x64) }));
        bench
    }

    /// One of format version 1 in an open transaction that commits at 0/6E, which is written in chunks.
    fn v1(catalog: impl IntoIterator<Item = Table>) -> Self {
        let mut bench = Self::new(FormatVersion::V1, catalog);
        assert_eq!(bench.take(HEADER), Ok(Outcome::Begin { commit_lsn: Lsn::new(0x6E) }));
        bench
    }

    fn frame(&mut self, lsn: Lsn, bytes: &Bytes) -> Result<Outcome, DecodeError> {
        let mut asked = Vec::new();
        loop {
            let before = self.batch.events().count();
            match self.decoder.decode(Frame::whole(lsn, bytes), &self.tables, &mut self.batch)? {
                Outcome::NeedTable { oid: None, name, .. } => {
                    assert_eq!(self.batch.events().count(), before, "a trace is left");
                    assert!(!asked.contains(&name), "{name} is asked for twice");
                    self.asked += 1;
                    let known = self.catalog.iter().find(|facts| facts.table.name == name);
                    let known = known.cloned().map_or(Known::Unwanted, Known::Wanted);
                    self.tables.insert_named(name.clone(), known);
                    asked.push(name);
                }
                outcome => return Ok(outcome),
            }
        }
    }

    fn bytes(&mut self, message: &[u8]) -> Result<Outcome, String> {
        let buffer = Bytes::copy_from_slice(message);
        self.frame(Lsn::new(50), &buffer).map_err(|error| error.to_string())
    }

    fn take(&mut self, message: &str) -> Result<Outcome, String> {
        self.bytes(message.as_bytes())
    }

    /// Takes in a message that is right.
    fn feed(&mut self, message: &str) {
        let _ = self.take(message).unwrap_or_else(|error| panic!("{message}: {error}"));
    }

    /// What a message that is right comes to.
    fn lines(&mut self, message: &str) -> Vec<String> {
        self.feed(message);
        self.drain()
    }

    /// The same, without the schema changes.
    fn changes(&mut self, message: &str) -> Vec<String> {
        self.lines(message).into_iter().filter(|line| !line.starts_with("schema")).collect()
    }

    fn drain(&mut self) -> Vec<String> {
        std::mem::take(&mut self.batch).events().filter_map(|event| line(&event)).collect()
    }

    fn error(&mut self, message: &str) -> String {
        self.take(message).expect_err(message)
    }
}

fn show(row: Row<'_>) -> String {
    let value = |(column, datum): (&Column, Datum<'_>)| match datum {
        Datum::Text(text) => format!("{}={}", column.name, String::from_utf8_lossy(text)),
        other => format!("{}:{other:?}", column.name),
    };
    row.columns().map(value).collect::<Vec<_>>().join(" ")
}

fn line(event: &Event<'_>) -> Option<String> {
    Some(match event {
        Event::Change(change) => {
            let name = &change.table().name;
            let rows: Vec<_> = [("<", change.before()), (">", change.after())]
                .into_iter()
                .filter_map(|(mark, row)| row.map(|row| format!(" {mark} {}", show(row))))
                .collect();
            format!("{:?} {name} #{}{}", change.op(), change.seq(), rows.concat())
        }
        Event::Begin(_) => return None,
        Event::Commit { transaction, end_lsn, changes } => {
            format!("commit {} {end_lsn} {changes} {:?}", transaction.commit_lsn, transaction.xid)
        }
        Event::SchemaChange { new, .. } => {
            let columns: Vec<_> =
                new.columns.iter().map(|column| format!("{} {}", column.name, column.type_.name)).collect();
            format!("schema {} {}", new.name, columns.join(", "))
        }
        Event::Message(message) => format!(
            "message {:?} #{} {} {}",
            message.transaction.is_some(),
            message.seq,
            String::from_utf8_lossy(message.prefix),
            String::from_utf8_lossy(message.content)
        ),
        other => format!("{other:?}"),
    })
}

/// A table whose first column is its key.
fn table(name: &str, columns: &[(&str, u32)]) -> Table {
    let mut columns: Vec<_> =
        columns.iter().map(|&(name, type_)| Column::new(name, ColumnType::built_in(type_))).collect();
    if let Some(first) = columns.first_mut() {
        (first.identity, first.nullable) = (true, false);
    }
    let number = name.bytes().fold(16_384, |number, byte| number * 2 + u32::from(byte));
    Table::new(number, TableName::new("public", name), columns, ReplicaIdentity::Default).with_key(vec![0])
}

fn full(mut table: Table) -> Table {
    table.identity = ReplicaIdentity::Full;
    table.columns.iter_mut().for_each(|column| column.identity = true);
    table
}

/// `t (id int, v text)`
fn t() -> Table {
    table("t", &[("id", oid::INT4), ("v", oid::TEXT)])
}

fn facts(table: Table) -> TableFacts {
    const FIXED: [u32; 6] = [oid::INT4, oid::INT8, oid::BOOL, oid::FLOAT8, oid::TIMESTAMPTZ, oid::CHAR];
    let plain = table.columns.iter().filter(|column| FIXED.contains(&column.type_.oid));
    let plain = plain.map(|column| Arc::clone(&column.name)).collect();
    let mut facts = TableFacts::new(Arc::new(table), Lsn::ZERO);
    facts.plain = plain;
    facts
}

/// A row of `table t` in an object of format version 2; `rest` is what follows the table's name.
fn object(action: &str, table: &str, rest: &str) -> String {
    format!(
        r#"{{"action":"{action}","xid":7,"timestamp":"2000-01-01 00:00:00+00","lsn":"0/32","schema":"public","table":"{table}"{rest}}}"#
    )
}

fn column(name: &str, type_: &str, oid: u32, value: &str) -> String {
    format!(r#"{{"name":"{name}","type":"{type_}","typeoid":{oid},"value":{value}}}"#)
}

fn int(name: &str, value: &str) -> String {
    column(name, "integer", oid::INT4, value)
}

fn text(name: &str, value: &str) -> String {
    column(name, "text", oid::TEXT, value)
}
