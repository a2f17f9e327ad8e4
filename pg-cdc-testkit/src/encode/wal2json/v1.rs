//! Format version 1: a document a transaction.

use pg_cdc_core::Lsn;

use super::text::{lsn, timestamp};
use super::{Change, Column, Format, Frame, Out, Row, Table, Transaction, Value};

pub(super) fn frames(format: &Format, transaction: &Transaction) -> Vec<Frame> {
    let told = Told { format };
    let changes = || (1..).map(Lsn::new).zip(&transaction.changes);
    let mut frames = Vec::new();
    for (at, change) in changes() {
        if let Change::Message { transactional: false, .. } = change {
            let mut out = Out::default();
            told.put(&mut out, &["{", "\n", "\t", "\"change\":", " ", "[", "\n"]);
            told.message(change, &mut out);
            told.put(&mut out, &["\n", "\t", "]", "\n", "}"]);
            frames.push((at, out.finish()));
        }
    }
    let mut out = told.header(transaction);
    if format.chunks {
        frames.push((Lsn::new(1), std::mem::take(&mut out).finish()));
    }
    let mut comma = "";
    for (at, change) in changes().filter(|(_, change)| told.is_within(change)) {
        if !format.chunks {
            told.put(&mut out, &["\n"]);
        }
        told.put(&mut out, &["\t", "\t", comma]);
        told.change(change, &mut out);
        if format.chunks {
            frames.push((at, std::mem::take(&mut out).finish()));
        }
        comma = ",";
    }
    if !format.chunks {
        told.put(&mut out, &["\n"]);
    }
    told.put(&mut out, &["\t", "]", "\n", "}"]);
    frames.push((transaction.end_lsn, out.finish()));
    frames
}

struct Told<'a> {
    format: &'a Format,
}

impl Told<'_> {
    /// Prints `pieces`; those that are white space only where it is to be pretty.
    fn put(&self, out: &mut Out, pieces: &[&str]) {
        let is_told = |piece: &&&str| self.format.pretty || !matches!(**piece, "\n" | "\t" | " ");
        pieces.iter().filter(is_told).for_each(|piece| out.put(piece));
    }

    fn header(&self, transaction: &Transaction) -> Out {
        let Transaction { xid, end_lsn, commit_time, .. } = transaction;
        let mut out = Out::default();
        self.put(&mut out, &["{", "\n", "\t", "\"xid\":", " ", &xid.to_string(), ",", "\n"]);
        self.put(&mut out, &["\t", "\"nextlsn\":", " ", &lsn(*end_lsn), ",", "\n"]);
        let timestamp = timestamp(*commit_time, self.format.zone);
        self.put(&mut out, &["\t", "\"timestamp\":", " ", &timestamp, ",", "\n"]);
        if self.format.origin {
            self.put(&mut out, &["\t", "\"origin\":", " ", "0", ",", "\n"]);
        }
        self.put(&mut out, &["\t", "\"change\":", " ", "["]);
        out
    }

    /// Whether the plugin tells of it within the transaction.
    fn is_within(&self, change: &Change) -> bool {
        !matches!(change, Change::Truncate(_) | Change::Message { transactional: false, .. })
    }

    fn change(&self, change: &Change, out: &mut Out) {
        match change {
            Change::Insert { table, new } => {
                self.open("insert", table, out);
                self.columns(table, new, self.has_pk(table), out);
                self.pk(table, false, out);
            }
            Change::Update { table, old, new } => {
                self.open("update", table, out);
                self.columns(table, new, true, out);
                self.pk(table, true, out);
                match old {
                    // Of a key that was written the other columns are NULL.
                    Some(old) => self.old_keys(table, old, |_| true, out),
                    None => self.old_keys(table, new, |column| column.is_key, out),
                }
            }
            Change::Delete { table, old } => {
                self.open("delete", table, out);
                self.pk(table, true, out);
                self.old_keys(table, old, |column| table.is_identity(column), out);
            }
            Change::Message { .. } => return self.message(change, out),
            Change::Truncate(_) => return,
        }
        self.put(out, &["\t", "\t", "}"]);
    }

    fn open(&self, kind: &str, table: &Table, out: &mut Out) {
        self.put(out, &["{", "\n", "\t", "\t", "\t", "\"kind\":", " ", "\"", kind, "\",", "\n"]);
        self.put(out, &["\t", "\t", "\t", "\"schema\":", " "]);
        out.escaped(table.schema.as_bytes());
        self.put(out, &[",", "\n", "\t", "\t", "\t", "\"table\":", " "]);
        out.escaped(table.name.as_bytes());
        self.put(out, &[",", "\n"]);
    }

    /// `"name": [` with what `item` prints of each column `]`.
    fn list<T>(
        &self,
        name: &str,
        items: &[T],
        mut item: impl FnMut(&T, &mut Out),
        behind: &str,
        out: &mut Out,
    ) {
        self.put(out, &["\t", "\t", "\t", "\"", name, "\":", " ", "["]);
        for (at, column) in items.iter().enumerate() {
            if at > 0 {
                self.put(out, &[",", " "]);
            }
            item(column, out);
        }
        self.put(out, &["]", behind, "\n"]);
    }

    /// The lists of columns, whose names begin with `prefix`.
    fn lists(&self, prefix: &str, columns: &[(&Column, &Value)], behind: &str, out: &mut Out) {
        let name = |name: &str| format!("{prefix}{name}");
        self.list(&name("names"), columns, |(column, _), out| out.escaped(column.name.as_bytes()), ",", out);
        self.list(
            &name("types"),
            columns,
            |(column, _), out| out.type_name(&column.type_name, false),
            ",",
            out,
        );
        let oid = |(column, _): &(&Column, &Value), out: &mut Out| out.put(&column.type_oid.to_string());
        self.list(&name("typeoids"), columns, oid, ",", out);
        let numbers_as_strings = self.format.numbers_as_strings;
        let value = |(column, value): &(&Column, &Value), out: &mut Out| {
            column.put(value, numbers_as_strings, out);
        };
        self.list(&name("values"), columns, value, behind, out);
    }

    fn columns(&self, table: &Table, row: &Row, comma: bool, out: &mut Out) {
        let columns: Vec<_> = table.columns.iter().zip(row).collect();
        let told: Vec<_> = columns.into_iter().filter(|(_, value)| **value != Value::Unchanged).collect();
        self.lists("column", &told, if comma { "," } else { "" }, out);
    }

    fn old_keys(&self, table: &Table, row: &Row, is_told: impl Fn(&Column) -> bool, out: &mut Out) {
        let is_told = |(column, value): &(&Column, &Value)| {
            is_told(column) && !matches!(value, Value::Null | Value::Unchanged)
        };
        let columns: Vec<_> = table.columns.iter().zip(row).filter(is_told).collect();
        self.put(out, &["\t", "\t", "\t", "\"oldkeys\":", " ", "{", "\n"]);
        self.lists("key", &columns, "", out);
        self.put(out, &["\t", "\t", "\t", "}", "\n"]);
    }

    fn has_pk(&self, table: &Table) -> bool {
        self.format.pk && table.key().next().is_some()
    }

    fn pk(&self, table: &Table, comma: bool, out: &mut Out) {
        if !self.has_pk(table) {
            return;
        }
        let columns: Vec<&Column> = table.key().collect();
        self.put(out, &["\t", "\t", "\t", "\"pk\":", " ", "{", "\n"]);
        self.list("pknames", &columns, |column, out| out.escaped(column.name.as_bytes()), ",", out);
        self.list("pktypes", &columns, |column, out| out.type_name(&column.type_name, true), "", out);
        self.put(out, &["\t", "\t", "\t", if comma { "}," } else { "}" }, "\n"]);
    }

    fn message(&self, change: &Change, out: &mut Out) {
        let Change::Message { transactional, prefix, content } = change else { return };
        self.put(out, &["{", "\n", "\t", "\t", "\t", "\"kind\":", " ", "\"message\",", "\n"]);
        let transactional = transactional.to_string();
        self.put(out, &["\t", "\t", "\t", "\"transactional\":", " ", &transactional, ",", "\n"]);
        self.put(out, &["\t", "\t", "\t", "\"prefix\":", " "]);
        out.escaped(prefix.as_bytes());
        self.put(out, &[",", "\n", "\t", "\t", "\t", "\"content\":", " "]);
        out.content(content);
        self.put(out, &["\n", "\t", "\t", "}"]);
    }
}
