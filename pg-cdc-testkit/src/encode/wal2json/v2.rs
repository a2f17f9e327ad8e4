//! Format version 2: an object a message.

use bytes::Bytes;
use pg_cdc_core::Lsn;

use super::text::{lsn, timestamp};
use super::{Change, Column, Format, Frame, Out, Row, Table, Transaction, Value};

pub(super) fn frames(format: &Format, transaction: &Transaction) -> Vec<Frame> {
    let told = Told { format, transaction };
    let mut frames = Vec::new();
    for (at, change) in (1..).map(Lsn::new).zip(&transaction.changes) {
        if let Change::Message { transactional: false, .. } = change {
            frames.push((at, told.message(at, change)));
        }
    }
    frames.push((Lsn::new(1), told.bound("B")));
    for (at, change) in (1..).map(Lsn::new).zip(&transaction.changes) {
        match change {
            Change::Insert { table, new } => frames.push((at, told.row("I", at, table, Some(new), None))),
            Change::Update { table, old, new } => {
                // What was not written of the old row is made from the new one.
                let identity = Some(old.as_ref().unwrap_or(new));
                frames.push((at, told.row("U", at, table, Some(new), identity)));
            }
            Change::Delete { table, old } => frames.push((at, told.row("D", at, table, None, Some(old)))),
            Change::Truncate(tables) => {
                for table in tables {
                    let mut out = told.head("T", Some(at));
                    told.name(table, &mut out);
                    out.put("}");
                    frames.push((at, out.finish()));
                }
            }
            Change::Message { transactional: true, .. } => frames.push((at, told.message(at, change))),
            Change::Message { .. } => {}
        }
    }
    frames.push((transaction.end_lsn, told.bound("C")));
    frames
}

struct Told<'a> {
    format: &'a Format,
    transaction: &'a Transaction,
}

impl Told<'_> {
    fn head(&self, action: &str, at: Option<Lsn>) -> Out {
        let Transaction { xid, commit_time, .. } = self.transaction;
        let mut out = Out::default();
        let timestamp = timestamp(*commit_time, self.format.zone);
        out.put(&format!("{{\"action\":\"{action}\",\"xid\":{xid},\"timestamp\":{timestamp}"));
        if self.format.origin {
            out.put(",\"origin\":0");
        }
        if let Some(at) = at {
            out.put(&format!(",\"lsn\":{}", lsn(at)));
        }
        out
    }

    /// Begin or commit.
    fn bound(&self, action: &str) -> Bytes {
        let Transaction { commit_lsn, end_lsn, .. } = self.transaction;
        let mut out = self.head(action, Some(*commit_lsn));
        out.put(&format!(",\"nextlsn\":{}}}", lsn(*end_lsn)));
        out.finish()
    }

    fn name(&self, table: &Table, out: &mut Out) {
        out.put(",\"schema\":");
        out.escaped(table.schema.as_bytes());
        out.put(",\"table\":");
        out.escaped(table.name.as_bytes());
    }

    fn row(&self, action: &str, at: Lsn, table: &Table, new: Option<&Row>, identity: Option<&Row>) -> Bytes {
        let mut out = self.head(action, Some(at));
        self.name(table, &mut out);
        if let Some(new) = new {
            out.put(",\"columns\":[");
            self.columns(table.columns.iter().zip(new), &mut out);
            out.put("]");
        }
        if let Some(identity) = identity {
            let identity = table.columns.iter().zip(identity).filter(|(column, _)| table.is_identity(column));
            out.put(",\"identity\":[");
            self.columns(identity, &mut out);
            out.put("]");
        }
        if self.format.pk {
            out.put(",\"pk\":[");
            let mut comma = "";
            for column in table.key() {
                out.put(comma);
                self.column(column, &mut out);
                out.put("}");
                comma = ",";
            }
            out.put("]");
        }
        out.put("}");
        out.finish()
    }

    fn columns<'c>(&self, columns: impl Iterator<Item = (&'c Column, &'c Value)>, out: &mut Out) {
        let mut comma = "";
        for (column, value) in columns.filter(|(_, value)| **value != Value::Unchanged) {
            out.put(comma);
            self.column(column, out);
            out.put(",\"value\":");
            column.put(value, self.format.numbers_as_strings, out);
            out.put("}");
            comma = ",";
        }
    }

    /// The beginning of a column's object.
    fn column(&self, column: &Column, out: &mut Out) {
        out.put("{\"name\":");
        out.escaped(column.name.as_bytes());
        out.put(",\"type\":");
        if self.format.before_2_5 {
            out.put("\"");
            out.put(&column.type_name);
            out.put("\"");
        } else {
            out.type_name(&column.type_name, false);
            // The plugin prints it signed.
            out.put(&format!(",\"typeoid\":{}", column.type_oid as i32));
        }
    }

    fn message(&self, at: Lsn, change: &Change) -> Bytes {
        let Change::Message { transactional, prefix, content } = change else { return Bytes::new() };
        let mut out = match transactional {
            true => self.head("M", Some(at)),
            false => {
                let mut out = Out::default();
                out.put("{\"action\":\"M\",\"xid\":null,\"timestamp\":null");
                if self.format.origin {
                    out.put(",\"origin\":null");
                }
                out.put(&format!(",\"lsn\":{}", lsn(at)));
                out
            }
        };
        out.put(&format!(",\"transactional\":{transactional},\"prefix\":"));
        out.escaped(prefix.as_bytes());
        out.put(",\"content\":");
        out.content(content);
        out.put("}");
        out.finish()
    }
}
