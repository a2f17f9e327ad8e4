//! Tests of the decoder, against messages that the testkit encodes.

mod malformed;
mod messages;
mod random;
mod tables;

use std::fmt::Write as _;
use std::sync::Arc;

use pg_cdc_core::batch::{ChangeBatch, Event, Row};
use pg_cdc_core::types::{oid, write_text};
use pg_cdc_core::{
    Column, ColumnType, Datum as CoreDatum, DecodeError, Known, Lsn, ReplicaIdentity, Table, TableFacts,
    TableName, Tables,
};
use pg_cdc_testkit::Keeper;
use pg_cdc_testkit::encode::decoderbufs::{Datum, DatumMessage, Op, RowMessage, TypeInfo};

use super::{DecoderBufs, MoneyFormat};
use crate::{InvalidText, TextEncoding};

/// A decoder with the plainest driver.
struct Bench {
    keeper: Keeper<DecoderBufs>,
    next: u64,
}

impl Bench {
    /// With what the catalog says of these tables, all of which are wanted.
    fn new(tables: impl IntoIterator<Item = Table>) -> Self {
        Self::with(DecoderBufs::default(), catalog(tables))
    }

    fn with(decoder: DecoderBufs, tables: Tables) -> Self {
        Self { keeper: Keeper::new(decoder).with_tables(tables), next: 10 }
    }

    /// Takes in a message at the next position: 0/A, 0/14 and so on.
    fn bytes(&mut self, bytes: &[u8]) -> Result<(), DecodeError> {
        let lsn = Lsn::new(self.next);
        self.next += 10;
        self.keeper.take(lsn, &bytes::Bytes::copy_from_slice(bytes))
    }

    /// A transaction of these changes, whole.
    fn transaction(&mut self, changes: &[RowMessage]) -> Result<(), DecodeError> {
        self.encoded(changes.iter().map(RowMessage::encode))
    }

    fn encoded(&mut self, changes: impl IntoIterator<Item = bytes::Bytes>) -> Result<(), DecodeError> {
        self.bytes(&message(Op::Begin).encode())?;
        for change in changes {
            self.bytes(&change)?;
        }
        self.bytes(&message(Op::Commit).encode())
    }

    /// What one change of a transaction comes to, a line each, without begin and commit.
    fn lines(&mut self, change: &RowMessage) -> Vec<String> {
        self.transaction(std::slice::from_ref(change)).unwrap();
        let lines = self.take().into_iter();
        lines.filter(|line| !line.starts_with("begin") && !line.starts_with("commit")).collect()
    }

    /// What is wrong with a transaction of one change.
    fn wrong(&mut self, change: &RowMessage) -> String {
        self.wrong_bytes(&change.encode())
    }

    fn wrong_bytes(&mut self, change: &[u8]) -> String {
        let error = self.encoded([bytes::Bytes::copy_from_slice(change)]).unwrap_err();
        let offset = error.offset();
        assert!(offset <= change.len(), "{error}");
        let text = error.to_string();
        text.split_once(&format!("offset {offset}: ")).unwrap().1.to_owned()
    }

    /// What stands in the batch, a line each, and a new batch in its place.
    fn take(&mut self) -> Vec<String> {
        std::mem::take(&mut self.keeper.batch).events().map(|event| line(&event)).collect()
    }
}

/// All that a catalog says of these tables, each known by its name.
fn catalog(tables: impl IntoIterator<Item = Table>) -> Tables {
    let mut known = Tables::from_catalog();
    for table in tables {
        let name = table.name.clone();
        known.insert_named(name, Known::Wanted(TableFacts::new(Arc::new(table), Lsn::ZERO)));
    }
    known
}

fn line(event: &Event<'_>) -> String {
    match event {
        Event::Begin(transaction) => {
            let (xid, time) = (transaction.xid.unwrap(), transaction.commit_time);
            format!("begin {} xid {xid} at {time}", transaction.commit_lsn)
        }
        Event::Commit { transaction, end_lsn, changes } => {
            format!("commit {} ends {end_lsn} with {changes}", transaction.commit_lsn)
        }
        Event::SchemaChange { new, .. } => {
            let column = |column: &Column| {
                let null = if column.nullable { "" } else { " not null" };
                format!("{} {}({}){null}", column.name, column.type_.name, column.type_.modifier)
            };
            let columns = new.columns.iter().map(column).collect::<Vec<_>>().join(", ");
            format!("schema {} ({columns})", new.name)
        }
        Event::Change(change) => {
            let mut line = format!("{:?} {} #{}", change.op(), change.table().name, change.seq());
            for (which, row) in [("old", change.before()), ("new", change.after())] {
                if let Some(row) = row {
                    write!(line, " {which} {}", show(&row)).unwrap();
                }
            }
            line
        }
        other => format!("{other:?}"),
    }
}

/// Values as text, those in binary marked by `b`.
fn show(row: &Row<'_>) -> String {
    let columns = row.columns().map(|(column, datum)| {
        let printed = |datum| {
            let mut text = Vec::new();
            match write_text(&column.type_, datum, &mut text) {
                Ok(()) => String::from_utf8(text).unwrap(),
                Err(error) => error.to_string(),
            }
        };
        let value = match datum {
            CoreDatum::Text(_) => format!("{:?}", printed(datum)),
            CoreDatum::Binary(_) => format!("b{:?}", printed(datum)),
            nothing => format!("{nothing:?}").to_lowercase(),
        };
        format!("{}: {value}", column.name)
    });
    format!("{{{}}}", columns.collect::<Vec<_>>().join(", "))
}

/// A message of transaction 7, which committed at 1000.
fn message(op: Op) -> RowMessage {
    RowMessage::new(7, 1000, op)
}

fn typed(message: &RowMessage) -> RowMessage {
    let mut typed = message.clone();
    typed.new_typeinfo = vec![TypeInfo::new("whatever", true); message.new_tuple.len()];
    typed
}

fn insert(table: &str, new: &[(&str, u32, Option<Datum>)]) -> RowMessage {
    let mut insert = message(Op::Insert);
    insert.table = Some(table.into());
    insert.new_tuple = tuple(new);
    typed(&insert)
}

fn update(table: &str, old: &[(&str, u32, Option<Datum>)], new: &[(&str, u32, Option<Datum>)]) -> RowMessage {
    let mut update = insert(table, new);
    update.op = Some(Op::Update);
    update.old_tuple = tuple(old);
    update
}

fn delete(table: &str, old: &[(&str, u32, Option<Datum>)]) -> RowMessage {
    let mut delete = update(table, old, &[]);
    delete.op = Some(Op::Delete);
    delete
}

fn tuple(columns: &[(&str, u32, Option<Datum>)]) -> Vec<DatumMessage> {
    columns.iter().map(|(name, type_, datum)| DatumMessage::new(*name, *type_, datum.clone())).collect()
}

fn text(text: &str) -> Option<Datum> {
    Some(Datum::String(text.into()))
}

fn int(value: i32) -> Option<Datum> {
    Some(Datum::Int32(value))
}

/// A table of these built-in types, whose first column is its key.
fn table(oid: u32, name: &str, columns: &[(&str, u32)]) -> Table {
    let mut columns: Vec<_> =
        columns.iter().map(|&(name, type_)| Column::new(name, ColumnType::built_in(type_))).collect();
    if let Some(first) = columns.first_mut() {
        (first.identity, first.nullable) = (true, false);
    }
    let key = if columns.is_empty() { vec![] } else { vec![0] };
    Table::new(oid, TableName::new("public", name), columns, ReplicaIdentity::Default).with_key(key)
}

/// `public.t (id int4 primary key, note text)`
fn t() -> Table {
    table(1, "t", &[("id", oid::INT4), ("note", oid::TEXT)])
}
