//! Tables that are known by name: for plugins that name a table and its columns in every change and number neither.
//!
//! A decoder of such a plugin holds a [`Named`] and gives it each change as a [`SentChange`]. What it has to say:
//!
//! - [`SentChange::table`]: the bytes that name the table, as they stand in the message. They are found again by
//!   comparison, without being read.
//! - [`SentChange::rows`]: one walk over the message, which tells a [`SentColumns`] of the old row and the new one, each
//!   column by its *label* and value. A label is whatever bytes name a column and its type as they stand in the message:
//!   `id[integer]:` of `test_decoding`, `"name":"id","type":"integer","typeoid":23` of wal2json. Columns come in the
//!   table's order, so the next is mostly the one that is [expected](SentColumns::expected): a comparison, and nothing
//!   is read or looked up.
//! - [`SentChange::table_name`] and [`SentChange::column`]: what those bytes mean. Asked for once a table.
//!
//! [`Named::change`] does the rest. While the labels are those that are known, the values go straight onto the tape,
//! each at its column's place. Where they are not (a table that is new, a column or type that is) the catalog is asked,
//! once a frame, and what it says of now and the change shows of then come to a version of the table:
//!
//! - What the catalog has and the change too is as the catalog has it, unless it was of another type.
//! - What the change has and the catalog lacks was dropped or renamed since: it is a column still.
//! - What the catalog has and the change lacks is [`Unchanged`](pg_cdc_core::Datum::Unchanged) where the plugin leaves
//!   such values out ([`Rules::omits_unchanged`]), it is an UPDATE and the type may be TOASTed; else it came later, and
//!   is [`Absent`](pg_cdc_core::Datum::Absent).
//! - A version that was in use before, and fits the change, stays.
//! - A composite with other fields than its type has, which nothing in the stream tells, has the catalog asked too; where
//!   what that says of now does not fit it is carried as its text.
//!
//! Versions are kept by OID, which the catalog tells, so a table that is renamed is the same table. Which of two tables
//! a name meant, when one took the other's name while nobody looked, can't be told.
//!
//! Transactions of these plugins tell their commit at their end. [`held`] routes them, so that a driver keeps them until
//! then, and gives [`Mark`]s to be decoded around them: [`Named::begin`] and [`Named::commit`] take these.
//!
//! Text in other encodings than UTF-8 is converted on the way ([`TextEncoding`]).

mod change;
mod filler;
pub(crate) mod held;
mod message;
mod relation;
mod seen;
mod sent;
mod settle;
#[cfg(test)]
mod tests;
mod truncate;
pub(crate) mod type_name;
mod versions;

use std::collections::HashSet;
use std::sync::Arc;

use pg_cdc_core::batch::{ChangeBatch, NewVersion, Savepoint, Transaction};
use pg_cdc_core::{Outcome, Position, Sequence, Table, Tables};

use crate::TextEncoding;
use crate::cursor::{Fault, What};
pub(crate) use held::{Held, Mark};
use relation::Relations;
pub(crate) use sent::{Label, OldRows, Rules, SentChange, SentColumn, SentColumns, SentValue};
pub(crate) use type_name::SentType;
use versions::Versions;

/// The tables of a stream by their names, and where in it we are.
#[derive(Debug)]
pub(crate) struct Named {
    rules: Rules,
    text: TextEncoding,
    relations: Relations,
    versions: Versions,
    /// Tables that were asked for by the frame that is decoded.
    asked: Vec<Box<[u8]>>,
    /// Whether the frame that is decoded holds many changes.
    is_whole: bool,
    /// Schema changes that were taken back with the rest of a frame, and are to be told again.
    owed: Vec<NewVersion>,
    /// Names that were asked for on this connection, and whose table is not known to be called otherwise since.
    confirmed: HashSet<Box<[u8]>>,
    /// Of what is told of tables and types.
    generation: u64,
    transaction: Option<Transaction>,
    sequence: Sequence,
    /// The transaction is passed over, readable or not.
    passes_over: bool,
}

impl Named {
    /// `versions` are those in use: a change that fits them is no schema change.
    pub(crate) fn new(
        rules: Rules,
        text: TextEncoding,
        versions: impl IntoIterator<Item = Arc<Table>>,
    ) -> Self {
        Self {
            rules,
            text,
            relations: Relations::default(),
            versions: Versions::new(versions),
            asked: Vec::new(),
            is_whole: false,
            owed: Vec::new(),
            confirmed: HashSet::new(),
            generation: 0,
            transaction: None,
            sequence: Sequence::default(),
            passes_over: false,
        }
    }

    /// How text is read.
    pub(crate) fn text(&self) -> &TextEncoding {
        &self.text
    }

    /// The bytes that named the table of the change before: changes come in runs.
    #[inline]
    pub(crate) fn last_table(&self) -> &[u8] {
        self.relations.last()
    }

    /// A new connection starts behind `after`.
    pub(crate) fn restart(&mut self, after: Option<&Position>) {
        self.relations = Relations::default();
        self.asked.clear();
        self.is_whole = false;
        self.confirmed.clear();
        self.transaction = None;
        self.passes_over = false;
        self.sequence.restart(after);
    }

    /// The transaction that `mark` tells of begins.
    pub(crate) fn begin(&mut self, mark: &Mark, tables: &Tables) -> Result<Outcome, Fault> {
        if self.transaction.is_some() {
            return Err(Fault::new(0, What::Misplaced("a transaction begins within another")));
        }
        self.transaction = Some(Transaction::new(mark.xid, mark.commit_lsn, mark.commit_time));
        self.passes_over = false;
        self.sequence.begin(mark.commit_lsn);
        if tables.generation() != self.generation {
            // Something else is known of tables or types: they are settled anew with their next changes.
            self.generation = tables.generation();
            self.relations.reset();
        }
        Ok(Outcome::Begin { commit_lsn: mark.commit_lsn })
    }

    /// The transaction that has begun is passed over up to its commit.
    pub(crate) fn pass_over(&mut self) {
        self.passes_over = true;
        self.sequence.pass_over();
    }

    /// What a message within a transaction came to: one that can't be read does not matter where the transaction is passed
    /// over.
    #[inline]
    pub(crate) fn within(&self, outcome: Result<Outcome, Fault>) -> Result<Outcome, Fault> {
        match outcome {
            Err(_) if self.passes_over => Ok(Outcome::Taken),
            outcome => outcome,
        }
    }

    /// The transaction that `mark` tells of is whole.
    pub(crate) fn commit(&mut self, mark: &Mark, batch: &mut ChangeBatch) -> Result<Outcome, Fault> {
        let Some(transaction) = self.transaction.take() else {
            return Err(Fault::new(0, What::Misplaced("a commit without a begin")));
        };
        if self.sequence.count() > 0 && !self.sequence.passes_all() {
            batch.enter(&transaction);
            batch.commit(mark.end_lsn, self.sequence.count());
        }
        self.passes_over = false;
        Ok(Outcome::Commit { commit_lsn: mark.commit_lsn, end_lsn: mark.end_lsn })
    }

    /// A frame follows that holds a whole transaction: it is taken in as a whole, after which [`keep`](Self::keep) is
    /// called, or not at all, after which [`roll_back`](Self::roll_back) is.
    pub(crate) fn savepoint(&mut self, batch: &mut ChangeBatch) -> Savepoint {
        let savepoint = batch.savepoint();
        self.is_whole = true;
        for (before, table) in self.owed.drain(..) {
            batch.schema_change(before, table);
        }
        savepoint
    }

    /// The frame was taken in.
    pub(crate) fn keep(&mut self) {
        self.is_whole = false;
        self.asked.clear();
    }

    /// The frame is taken in no further, or must be decoded again. What was found out of tables stays, and is told with
    /// the next frame.
    pub(crate) fn roll_back(&mut self, savepoint: Savepoint, batch: &mut ChangeBatch) {
        self.is_whole = false;
        self.transaction = None;
        self.owed = batch.roll_back(savepoint);
    }

    /// A change's table is known. What its frame asked for may be asked again by the next frame, not by the same.
    fn settled(&mut self) {
        if !self.is_whole {
            self.asked.clear();
        }
    }
}

#[cold]
fn outside() -> Fault {
    Fault::new(0, What::Misplaced("a change outside of a transaction"))
}

#[cold]
fn unsettled() -> Fault {
    Fault::new(0, What::Misplaced("expected the columns of a table that is known; the change shows others"))
}
