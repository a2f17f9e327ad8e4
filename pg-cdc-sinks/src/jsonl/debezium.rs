//! `envelope: debezium`: the change events of Debezium 3's PostgreSQL connector, as its JSON converter writes them
//! without schemas.
//!
//! The fields stand in Debezium's order. Beyond Debezium are `commit_lsn` and `seq` at the end of `source`, and
//! `unchanged` behind the times.

use pg_cdc_core::batch::{Change, Event, Message, Op, Row, Transaction, Write};
use pg_cdc_core::types::TypeError;
use pg_cdc_core::{Lsn, SinkError};
use serde::{Deserialize, Serialize};

use super::form::Form;
use super::names::TableTexts;
use super::options::JsonLinesOptions;
use super::source::SourceText;
use super::transaction::{MESSAGES, Running};
use super::value::{push_int, push_message, push_row, push_unchanged, refused};

/// Writes lines in Debezium's envelope.
pub(super) struct DebeziumLines {
    form: Form,
    tables: TableTexts,
    source: SourceText,
    transactions: bool,
    memory: DebeziumMemory,
    /// The point of the snapshot that was seen last.
    point: Lsn,
    /// The time written that `times` holds.
    now: i64,
    /// `,"ts_ms":1,"ts_us":1,"ts_ns":1`
    times: Vec<u8>,
}

/// What the lines to come need to know of those before: kept in the sink's state.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct DebeziumMemory {
    /// End of the last commit, the first part of `source.sequence`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    last_commit: Option<Lsn>,
    /// The transaction under way, where transaction metadata is asked for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    transaction: Option<Running>,
}

/// One line's own part.
struct Line<'a> {
    op: u8,
    before: Option<Row<'a>>,
    after: Option<Row<'a>>,
    /// The old row of the same change, for values that did not change.
    old: Option<Row<'a>>,
}

impl DebeziumLines {
    pub(super) fn new(options: &JsonLinesOptions) -> Self {
        Self {
            form: Form::new(options),
            tables: TableTexts::default(),
            source: SourceText::new(options),
            transactions: options.transactions,
            memory: DebeziumMemory::default(),
            point: Lsn::ZERO,
            now: 0,
            times: Vec::new(),
        }
    }

    pub(super) fn memory(&self) -> &DebeziumMemory {
        &self.memory
    }

    pub(super) fn remember(&mut self, memory: DebeziumMemory) {
        self.memory = memory;
    }

    /// Appends the lines of `event`, if it has any; `now` is in microseconds since 1970-01-01 UTC.
    pub(super) fn event(&mut self, event: &Event<'_>, now: i64, out: &mut Vec<u8>) -> Result<(), SinkError> {
        if self.now != now || self.times.is_empty() {
            self.now = now;
            push_times(now, &mut self.times);
        }
        match event {
            Event::Change(change) => self.change(change, out).map_err(|error| refused(change, error)),
            Event::Message(message) => self.message(message, now, out),
            Event::Begin(transaction) => {
                // A source that resumes within a transaction may tell its begin again.
                let known = self.memory.transaction.as_ref().is_some_and(|known| known.is_of(transaction));
                if self.transactions && !known {
                    let running = Running::new(transaction);
                    running.push_begin(transaction, out);
                    self.memory.transaction = Some(running);
                }
                Ok(())
            }
            Event::Commit { transaction, end_lsn, .. } => {
                if let Some(running) = self.memory.transaction.take() {
                    running.push_end(transaction, out);
                }
                self.memory.last_commit = Some(*end_lsn);
                Ok(())
            }
            Event::SnapshotBegun { point } => {
                self.point = *point;
                Ok(())
            }
            Event::TableRestarted { table } => {
                let read = Transaction::new(None, self.point, now);
                self.source.enter(&read, true, None);
                let text = self.tables.of(table);
                out.extend_from_slice(b"{\"before\":null,\"after\":null");
                self.source.push(self.point, &text.place, 0, out);
                push_end(b't', None, &self.times, out);
                out.extend_from_slice(
                    b",\"cascade\":false,\"restart_identity\":false,\"reason\":\"resnapshot\"}\n",
                );
                Ok(())
            }
            _ => Ok(()),
        }
    }

    #[inline]
    fn change(&mut self, change: &Change<'_>, out: &mut Vec<u8>) -> Result<(), TypeError> {
        let (before, after) = (change.before(), change.after());
        let line = |op, before, after, old| Line { op, before, after, old };
        match change.op() {
            Op::Read => {
                self.point = change.transaction().commit_lsn;
                self.line(change, line(b'r', None, after, None), out)
            }
            Op::Insert => self.line(change, line(b'c', None, after, None), out),
            Op::Delete => self.line(change, line(b'd', before, None, None), out),
            Op::Update => {
                // A change of key is told as Debezium tells it: the old row is gone, a new one is there.
                let moved = matches!(
                    change.write(),
                    Write::Replace { moved_from: Some(_), .. } | Write::Merge { moved_from: Some(_), .. }
                );
                if moved {
                    self.line(change, line(b'd', before, None, None), out)?;
                    self.line(change, line(b'c', None, after, before), out)
                } else {
                    self.line(change, line(b'u', before, after, before), out)
                }
            }
            _ => self.line(change, line(b't', None, None, None), out),
        }
    }

    #[inline]
    fn line(&mut self, change: &Change<'_>, line: Line<'_>, out: &mut Vec<u8>) -> Result<(), TypeError> {
        let transaction = change.transaction();
        let read = line.op == b'r';
        self.source.enter(transaction, read, self.memory.last_commit);
        let text = self.tables.of(change.table());
        out.extend_from_slice(b"{\"before\":");
        match line.before {
            Some(row) => push_row(row, None, text, &self.form, out)?,
            None => out.extend_from_slice(b"null"),
        }
        out.extend_from_slice(b",\"after\":");
        match line.after {
            Some(row) => push_row(row, line.old, text, &self.form, out)?,
            None => out.extend_from_slice(b"null"),
        }
        let (lsn, seq) = if read { (transaction.commit_lsn, 0) } else { (change.lsn(), change.seq()) };
        self.source.push(lsn, &text.place, seq, out);
        let running = if self.transactions && !read {
            Some((running_of(&mut self.memory, transaction), &*text.collection))
        } else {
            None
        };
        push_end(line.op, running, &self.times, out);
        match (line.op, line.after) {
            (b't', _) => {
                let options = change.truncate_options();
                out.extend_from_slice(b",\"cascade\":");
                out.extend_from_slice(if options.cascade { b"true" } else { b"false" });
                out.extend_from_slice(b",\"restart_identity\":");
                out.extend_from_slice(if options.restart_identity { b"true" } else { b"false" });
                if options.resnapshot {
                    out.extend_from_slice(b",\"reason\":\"resnapshot\"");
                }
            }
            (b'u' | b'c', Some(row)) => push_unchanged(row, line.old, &self.form, out),
            _ => {}
        }
        out.extend_from_slice(b"}\n");
        Ok(())
    }

    fn message(&mut self, message: &Message<'_>, now: i64, out: &mut Vec<u8>) -> Result<(), SinkError> {
        let alone = Transaction::new(None, message.lsn, message.time.unwrap_or(now));
        let transaction = message.transaction.unwrap_or(&alone);
        self.source.enter(transaction, false, self.memory.last_commit);
        out.extend_from_slice(b"{\"before\":null,\"after\":null");
        self.source.push(message.lsn, b",\"schema\":\"\",\"table\":\"\"", message.seq, out);
        let running = if self.transactions && message.transaction.is_some() {
            Some((running_of(&mut self.memory, transaction), MESSAGES))
        } else {
            None
        };
        push_end(b'm', running, &self.times, out);
        out.extend_from_slice(b",\"message\":{");
        push_message(message, out)?;
        out.extend_from_slice(b"}}\n");
        Ok(())
    }
}

/// The metadata of `transaction`, begun anew where its BEGIN was not seen.
fn running_of<'a>(memory: &'a mut DebeziumMemory, transaction: &Transaction) -> &'a mut Running {
    if memory.transaction.as_ref().is_some_and(|running| !running.is_of(transaction)) {
        memory.transaction = None;
    }
    memory.transaction.get_or_insert_with(|| Running::new(transaction))
}

/// Appends what stands behind `source`: `,"transaction":…,"op":"c","ts_ms":…`
#[inline]
fn push_end(op: u8, running: Option<(&mut Running, &str)>, times: &[u8], out: &mut Vec<u8>) {
    match running {
        Some((running, collection)) => {
            out.extend_from_slice(b",\"transaction\":");
            running.push_block(collection, out);
            out.extend_from_slice(b",\"op\":\"");
        }
        None => out.extend_from_slice(b",\"transaction\":null,\"op\":\""),
    }
    out.push(op);
    out.push(b'"');
    out.extend_from_slice(times);
}

fn push_times(now: i64, times: &mut Vec<u8>) {
    times.clear();
    times.extend_from_slice(b",\"ts_ms\":");
    push_int(now.div_euclid(1000), times);
    times.extend_from_slice(b",\"ts_us\":");
    push_int(now, times);
    times.extend_from_slice(b",\"ts_ns\":");
    push_int(i128::from(now) * 1000, times);
}
