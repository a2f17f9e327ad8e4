//! `envelope: row`: a flat object a change.

use pg_cdc_core::batch::{Change, Event, Message, Op, Transaction, TruncateOptions};
use pg_cdc_core::types::TypeError;
use pg_cdc_core::{Lsn, SinkError};

use super::form::Form;
use super::names::{TableText, TableTexts};
use super::options::JsonLinesOptions;
use super::value::{
    push_int, push_int_or_null, push_key, push_lsn, push_message, push_row, push_unchanged, refused,
};

/// Writes lines in the row envelope.
pub(super) struct RowLines {
    form: Form,
    tables: TableTexts,
    text: TransactionText,
    /// The point of the snapshot that was seen last.
    point: Lsn,
}

/// What all changes of a transaction have in common.
#[derive(Default)]
struct TransactionText {
    of: Option<Transaction>,
    /// `,"commit_lsn":1,"seq":`
    commit: Vec<u8>,
    /// `,"xid":1,"ts":1,"key":`
    times: Vec<u8>,
}

impl TransactionText {
    #[inline]
    fn enter(&mut self, transaction: &Transaction) {
        if self.of.as_ref() != Some(transaction) {
            self.make(transaction.commit_lsn, transaction.xid, transaction.commit_time);
            self.of = Some(*transaction);
        }
    }

    fn make(&mut self, commit_lsn: Lsn, xid: Option<u32>, time: i64) {
        self.of = None;
        self.commit.clear();
        self.commit.extend_from_slice(b",\"commit_lsn\":");
        push_lsn(commit_lsn, &mut self.commit);
        self.commit.extend_from_slice(b",\"seq\":");
        self.times.clear();
        self.times.extend_from_slice(b",\"xid\":");
        push_int_or_null(xid, &mut self.times);
        self.times.extend_from_slice(b",\"ts\":");
        push_int(time, &mut self.times);
        self.times.extend_from_slice(b",\"key\":");
    }

    /// From the change's own LSN to its key.
    #[inline]
    fn push(&self, lsn: Lsn, seq: u64, out: &mut Vec<u8>) {
        out.extend_from_slice(b",\"lsn\":");
        push_lsn(lsn, out);
        out.extend_from_slice(&self.commit);
        push_int(seq, out);
        out.extend_from_slice(&self.times);
    }
}

impl RowLines {
    pub(super) fn new(options: &JsonLinesOptions) -> Self {
        Self {
            form: Form::new(options),
            tables: TableTexts::default(),
            text: TransactionText::default(),
            point: Lsn::ZERO,
        }
    }

    /// Appends the line of `event`, if it has one; `now` is in microseconds since 1970-01-01 UTC.
    pub(super) fn event(&mut self, event: &Event<'_>, now: i64, out: &mut Vec<u8>) -> Result<(), SinkError> {
        match event {
            Event::Change(change) => self.change(change, out).map_err(|error| refused(change, error)),
            Event::Message(message) => self.message(message, now, out),
            Event::SnapshotBegun { point } => {
                self.point = *point;
                Ok(())
            }
            Event::TableRestarted { table } => {
                self.text.make(self.point, None, now);
                let text = self.tables.of(table);
                push_truncate(&self.text, text, self.point, 0, TruncateOptions::for_resnapshot(), out);
                Ok(())
            }
            _ => Ok(()),
        }
    }

    #[inline]
    fn change(&mut self, change: &Change<'_>, out: &mut Vec<u8>) -> Result<(), TypeError> {
        let transaction = change.transaction();
        self.text.enter(transaction);
        let text = self.tables.of(change.table());
        let mut lsn = change.lsn();
        let op = match change.op() {
            Op::Read => {
                self.point = transaction.commit_lsn;
                lsn = transaction.commit_lsn;
                b'r'
            }
            Op::Insert => b'c',
            Op::Update => b'u',
            Op::Delete => b'd',
            _ => {
                push_truncate(&self.text, text, lsn, change.seq(), change.truncate_options(), out);
                return Ok(());
            }
        };
        out.extend_from_slice(b"{\"op\":\"");
        out.push(op);
        out.push(b'"');
        out.extend_from_slice(&text.place);
        self.text.push(lsn, if op == b'r' { 0 } else { change.seq() }, out);
        let (before, after) = (change.before(), change.after());
        match after.or(before) {
            Some(row) => push_key(row, text, &self.form, out)?,
            None => out.extend_from_slice(b"null"),
        }
        out.extend_from_slice(b",\"before\":");
        match before {
            Some(row) => push_row(row, None, text, &self.form, out)?,
            None => out.extend_from_slice(b"null"),
        }
        out.extend_from_slice(b",\"after\":");
        match after {
            Some(row) => {
                push_row(row, before, text, &self.form, out)?;
                // An update that comes in through a row filter is an insert, and lacks what was not written all the same.
                if op == b'u' || op == b'c' {
                    push_unchanged(row, before, &self.form, out);
                }
            }
            None => out.extend_from_slice(b"null"),
        }
        out.extend_from_slice(b"}\n");
        Ok(())
    }

    fn message(&mut self, message: &Message<'_>, now: i64, out: &mut Vec<u8>) -> Result<(), SinkError> {
        match message.transaction {
            Some(transaction) => self.text.enter(transaction),
            None => self.text.make(message.lsn, None, message.time.unwrap_or(now)),
        }
        out.extend_from_slice(b"{\"op\":\"m\",\"schema\":null,\"table\":null");
        self.text.push(message.lsn, message.seq, out);
        out.extend_from_slice(b"null,\"before\":null,\"after\":null,\"transactional\":");
        out.extend_from_slice(if message.transaction.is_some() { b"true," } else { b"false," });
        push_message(message, out)?;
        out.extend_from_slice(b"}\n");
        Ok(())
    }
}

fn push_truncate(
    transaction: &TransactionText,
    table: &TableText,
    lsn: Lsn,
    seq: u64,
    options: TruncateOptions,
    out: &mut Vec<u8>,
) {
    out.extend_from_slice(b"{\"op\":\"t\"");
    out.extend_from_slice(&table.place);
    transaction.push(lsn, seq, out);
    out.extend_from_slice(b"null,\"before\":null,\"after\":null,\"cascade\":");
    out.extend_from_slice(if options.cascade { b"true" } else { b"false" });
    out.extend_from_slice(b",\"restart_identity\":");
    out.extend_from_slice(if options.restart_identity { b"true" } else { b"false" });
    if options.resnapshot {
        out.extend_from_slice(b",\"reason\":\"resnapshot\"");
    }
    out.extend_from_slice(b"}\n");
}
