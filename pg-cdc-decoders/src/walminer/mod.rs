//! walminer, an extension that mines the write-ahead log for SQL text; versions 1 and 3.
//!
//! It is no output plugin: its result is a table of statements. [`Message`] is what a row of that table, and the begin
//! and commit around a transaction's rows, become; who runs the extension writes them, this decoder reads them.
//!
//! A statement names no types, and leaves columns out: what it is of the catalog tells, in the table as it is now. Where a
//! statement does not fit the table that is known, the table is asked for again, once.
//!
//! - INSERT of version 1 has no column that is NULL: what is not there is NULL. A column that version 3 leaves out did
//!   not exist: [`Absent`](pg_cdc_core::Datum::Absent).
//! - UPDATE has the new values of what changed, and in WHERE the old row (version 1, and version 3 without a primary key)
//!   or its primary key (version 3). The new row is both together; what neither has is
//!   [`Unchanged`](pg_cdc_core::Datum::Unchanged).
//! - A transaction is wanted where its table's snapshot does not [show](pg_cdc_core::TableFacts::shown) it; where that is
//!   not known, where it commits *behind* the point from which its table is: what stands for the commit's LSN is the
//!   commit record's end, or a number that is at least one byte behind where mining started.

mod relation;
mod sql;
#[cfg(test)]
mod tests;
mod write;

use std::collections::HashMap;
use std::sync::Arc;

use pg_cdc_core::batch::{ChangeBatch, Transaction};
use pg_cdc_core::walminer::{Message, MinedRow, Release};
use pg_cdc_core::{DecodeError, Decoder, Frame, Lsn, Outcome, Position, Sequence, Table, TableName, Tables};

use crate::TextEncoding;
use relation::Relations;
use sql::{Parsed, Target, Wrong};

const PLUGIN: &str = "walminer";

/// The decoder of walminer's statements.
#[derive(Debug, Default)]
pub struct WalMiner {
    relations: Relations,
    /// Versions of the tables in use, kept over restarts, so that what did not change is no event.
    versions: HashMap<u32, Arc<Table>>,
    transaction: Option<Transaction>,
    sequence: Sequence,
    /// Rows of the transaction so far, those that nobody wants included.
    rows: u64,
    /// The row whose table was asked for last: it is not asked for twice.
    asked: Option<(Lsn, u64)>,
    /// What the statement says that is being decoded.
    parsed: Parsed,
    text: TextEncoding,
}

/// Why the values of a type can't be had from what `release` prints of them; `None` where they can.
///
/// A value of such a type is an error that says the same: this is for who would rather know before.
#[must_use]
pub fn not_told(release: Release, type_oid: u32) -> Option<&'static str> {
    sql::not_told(release, type_oid)
}

impl WalMiner {
    /// A decoder that knows no table yet.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// A decoder that knows `tables` in the versions that are in use: a table that is still the same is no schema change.
    #[must_use]
    pub fn with_versions(tables: impl IntoIterator<Item = Arc<Table>>) -> Self {
        let versions = tables.into_iter().map(|table| (table.oid, table)).collect();
        Self { versions, ..Self::default() }
    }

    /// The encoding of the text that comes. UTF-8 is what a session gets that asks for it, but from a database in
    /// SQL_ASCII, of which the server converts nothing.
    #[must_use]
    pub fn with_text(mut self, text: TextEncoding) -> Self {
        self.text = text;
        self
    }
}

impl Decoder for WalMiner {
    fn plugin(&self) -> &'static str {
        PLUGIN
    }

    fn restart(&mut self, after: Option<&Position>) {
        self.relations = Relations::default();
        self.transaction = None;
        self.asked = None;
        self.rows = 0;
        self.sequence.restart(after);
    }

    fn tells_commit_ends(&self) -> bool {
        true
    }

    fn pass_over(&mut self) {
        self.sequence.pass_over();
    }

    fn decode(
        &mut self,
        frame: Frame<'_>,
        tables: &Tables,
        batch: &mut ChangeBatch,
    ) -> Result<Outcome, DecodeError> {
        let wrong = |offset, what: String| DecodeError::new(PLUGIN, frame.lsn, offset, what);
        let message = Message::read(frame.data())
            .map_err(|malformed| wrong(malformed.offset, format!("expected {}", malformed.what)))?;
        match message {
            Message::Begin { commit_lsn, commit_time, xid } => {
                if self.transaction.is_some() {
                    return Err(wrong(0, "a transaction begins within another".to_owned()));
                }
                self.transaction = Some(Transaction::new(Some(xid), commit_lsn, commit_time));
                self.sequence.begin(commit_lsn);
                self.rows = 0;
                Ok(Outcome::Begin { commit_lsn })
            }
            Message::Commit { commit_lsn, end_lsn } => {
                let Some(transaction) = self.transaction.take().filter(|open| open.commit_lsn == commit_lsn)
                else {
                    return Err(wrong(0, format!("a commit at {commit_lsn} without its begin")));
                };
                if self.sequence.count() > 0 && !self.sequence.passes_all() {
                    batch.enter(&transaction);
                    batch.commit(end_lsn, self.sequence.count());
                }
                Ok(Outcome::Commit { commit_lsn, end_lsn })
            }
            Message::Row(row) => {
                let Some(transaction) = self.transaction else {
                    return Err(wrong(0, "a row outside of a transaction".to_owned()));
                };
                match self.row(&row, &transaction, frame, tables, batch) {
                    Ok(outcome) => {
                        self.rows += u64::from(outcome == Outcome::Taken);
                        Ok(outcome)
                    }
                    // Nothing of the transaction is handed out.
                    Err(_) if self.sequence.passes_all() => Ok(Outcome::Taken),
                    Err(fault) => {
                        let name = TableName::new(row.schema, row.relation);
                        let (verb, number) = (row.verb.keyword(), row.number);
                        let xid = transaction.xid.unwrap_or_default();
                        // Where the message is, the statement is its end.
                        let statement = frame.data().len() - row.statement.len();
                        let what = format!(
                            "statement {number} of transaction {xid}, {verb} of {name}, at its byte {}: {}",
                            fault.offset(),
                            fault.what()
                        );
                        Err(wrong(statement + fault.offset(), what))
                    }
                }
            }
        }
    }
}

impl WalMiner {
    fn row(
        &mut self,
        row: &MinedRow<'_>,
        transaction: &Transaction,
        frame: Frame<'_>,
        tables: &Tables,
        batch: &mut ChangeBatch,
    ) -> Result<Outcome, Wrong> {
        let this = (transaction.commit_lsn, self.rows);
        let was_asked = self.asked == Some(this);
        let Some(index) = self.relations.find(row.schema, row.relation, tables) else {
            if tables.is_complete() || was_asked {
                return Err(Wrong::new(0, "nothing is known of the table, and the statement does not tell"));
            }
            self.asked = Some(this);
            return Ok(need(row));
        };
        let Some(relation) = self.relations.get(index) else { return Ok(Outcome::Taken) };
        let Some(known) = relation.wanted_in(transaction, row.verb) else {
            return Ok(Outcome::Taken);
        };
        let Some(seq) = self.sequence.admit() else { return Ok(Outcome::Taken) };
        let target = Target { verb: row.verb, schema: row.schema, relation: row.relation };
        if let Err(wrong) = sql::parse(row.statement, target, &known.layout, &mut self.parsed) {
            self.sequence.retract();
            if tables.is_complete() || was_asked {
                return Err(wrong);
            }
            // It may have been altered since it was asked for.
            self.asked = Some(this);
            self.relations.forget(index);
            return Ok(need(row));
        }
        let is_new = known.announce(&mut self.versions, batch);
        batch.enter(transaction);
        let change = write::Change { parsed: &self.parsed, row, frame, seq, text: &self.text };
        let written = change.write(known, batch);
        if written.is_err() {
            self.sequence.retract();
            if is_new {
                batch.retract_schema_change();
            }
        }
        written.map(|()| Outcome::Taken)
    }
}

/// The columns of the row's table must be known.
#[cold]
fn need(row: &MinedRow<'_>) -> Outcome {
    Outcome::NeedTable { oid: None, name: TableName::new(row.schema, row.relation), types: Vec::new() }
}
