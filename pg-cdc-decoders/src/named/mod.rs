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

mod filler;
pub(crate) mod held;
mod relation;
mod seen;
mod settle;
#[cfg(test)]
mod tests;
pub(crate) mod type_name;

use std::collections::HashSet;
use std::ops::Range;
use std::sync::Arc;

use pg_cdc_core::batch::{
    BufferId, ChangeBatch, NewVersion, Op, Savepoint, TooLarge, Transaction, TruncateOptions,
};
use pg_cdc_core::{Frame, Outcome, Position, ReplicaIdentity, Sequence, Table, TableName, Tables};

use crate::TextEncoding;
use crate::cursor::{Fault, What};
use filler::{Filler, Misfit};
pub(crate) use held::{Held, Mark};
use relation::{Relation, Relations};
use seen::Seen;
use settle::{Look, Settled, Versions};
pub(crate) use type_name::SentType;

/// What a plugin does in general.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Rules {
    /// A column whose TOASTed value did not change is left out of an UPDATE's new row.
    pub(crate) omits_unchanged: bool,
    /// An UPDATE that did not write its old row has one all the same, which is made from the new one.
    pub(crate) makes_old_rows: bool,
    pub(crate) old_rows: OldRows,
    /// Of commit records only the ends are told.
    pub(crate) tells_commit_ends: bool,
}

/// Which columns an old row has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum OldRows {
    /// Those of the replica identity that are not NULL.
    WithoutNulls,
    /// Those of the replica identity.
    WithNulls,
    /// All; those that are not of the replica identity are NULL.
    All,
}

/// A change as it stands in a message.
pub(crate) trait SentChange {
    /// The bytes that name the table.
    fn table(&self) -> &[u8];

    /// What was done; not TRUNCATE.
    fn op(&self) -> Op;

    /// The bytes that say what the columns are declared as beyond their labels, where any do: where they are others than
    /// before, the catalog is asked again.
    fn declared(&self) -> &[u8] {
        &[]
    }

    /// Walks over the rows, up to the message's end.
    fn rows<C: SentColumns>(&self, columns: &mut C) -> Result<(), Fault>;

    /// What [`table`](Self::table) says.
    fn table_name(&self, text: &TextEncoding) -> Result<TableName, Fault>;

    /// What the label of a column says.
    fn column(&self, label: &[u8], text: &TextEncoding) -> Result<SentColumn, Fault>;
}

/// What a label says of a column.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct SentColumn {
    pub(crate) name: String,
    pub(crate) type_: SentType,
}

/// Who is told of a change's columns.
pub(crate) trait SentColumns {
    /// Columns of the old row follow.
    fn old_row(&mut self) -> Result<(), Fault>;

    /// Columns of the new row follow; before or after those of the old one.
    fn new_row(&mut self) -> Result<(), Fault>;

    /// The label that probably stands next; empty where nobody knows.
    fn expected(&self) -> &[u8];

    /// A column has `value`.
    fn value(&mut self, label: Label<'_>, value: SentValue) -> Result<(), Fault>;

    /// A column has a value that is no slice of the message: `make` appends it, in the form that `is_binary` says.
    fn made(
        &mut self,
        label: Label<'_>,
        is_binary: bool,
        make: impl FnOnce(&mut Vec<u8>) -> Result<(), Fault>,
    ) -> Result<(), Fault>;

    /// As [`made`](Self::made), of text that is UTF-8 whatever the database's encoding.
    fn made_utf8(&mut self, label: Label<'_>, make: impl FnOnce(&mut Vec<u8>)) -> Result<(), Fault>;
}

/// Which column.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Label<'a> {
    /// The one that was [expected](SentColumns::expected).
    Expected,
    /// The one labelled so.
    Read(&'a [u8]),
}

/// A value that is a slice of the message, or nothing. Offsets count from the message's start.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum SentValue {
    Null,
    Unchanged,
    Text { offset: usize, length: usize },
    Binary { offset: usize, length: usize },
}

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

    /// Takes in a change of a row.
    #[inline]
    pub(crate) fn change<S: SentChange>(
        &mut self,
        sent: &S,
        frame: &Frame<'_>,
        tables: &Tables,
        batch: &mut ChangeBatch,
    ) -> Result<Outcome, Fault> {
        let Some(transaction) = &self.transaction else { return Err(outside()) };
        let Some(relation) = self.relations.get(sent.table()) else {
            if self.relations.was_declared_otherwise(sent.table(), sent.declared()) {
                self.confirmed.remove(sent.table());
            }
            return self.settle_and_write(sent, Look::AtColumns, frame, tables, batch);
        };
        if relation.is_redeclared(sent.declared()) {
            // What is known of it may hold no longer.
            self.relations.remove(sent.table());
            self.confirmed.remove(sent.table());
            return self.settle_and_write(sent, Look::AtColumns, frame, tables, batch);
        }
        if !relation.wants(sent.op(), transaction.commit_lsn) {
            return Ok(Outcome::Taken);
        }
        let Some(seq) = self.sequence.admit() else { return Ok(Outcome::Taken) };
        match write(relation, self.rules, &self.text, sent, frame, batch, transaction, seq)? {
            Ok(()) => Ok(Outcome::Taken),
            Err(misfit) => {
                self.sequence.retract();
                let look = match misfit {
                    Misfit::Columns => Look::AtColumns,
                    Misfit::Type(_) => Look::AtTypes,
                };
                self.settle_and_write(sent, look, frame, tables, batch)
            }
        }
    }

    /// The change shows a table, columns or types that are not known.
    #[cold]
    fn settle_and_write<S: SentChange>(
        &mut self,
        sent: &S,
        look: Look,
        frame: &Frame<'_>,
        tables: &Tables,
        batch: &mut ChangeBatch,
    ) -> Result<Outcome, Fault> {
        let change = match self.settle(sent, look, tables)? {
            Settled::Ask(outcome) => return Ok(outcome),
            Settled::Known(change) => change,
        };
        self.settled();
        if let Some(relation) = self.relations.get(sent.table()) {
            relation.is_redeclared(sent.declared());
        }
        let mut schema_changes = usize::from(change.is_some());
        if let Some((before, table)) = change {
            batch.schema_change(before, table);
        }
        let fault = loop {
            let Some(transaction) = &self.transaction else { break outside() };
            let Some(relation) = self.relations.get(sent.table()) else { break unsettled() };
            if !relation.wants(sent.op(), transaction.commit_lsn) {
                return Ok(Outcome::Taken);
            }
            let Some(seq) = self.sequence.admit() else { return Ok(Outcome::Taken) };
            match write(relation, self.rules, &self.text, sent, frame, batch, transaction, seq) {
                Ok(Ok(())) => return Ok(Outcome::Taken),
                // What the catalog says of now does not fit the change of then: the value is carried as its text.
                Ok(Err(Misfit::Type(column))) => {
                    self.sequence.retract();
                    let Some((before, table)) = self.as_text(sent.table(), column) else { break unsettled() };
                    batch.schema_change(Some(before), table);
                    schema_changes += 1;
                }
                Ok(Err(Misfit::Columns)) => break self.disordered(sent),
                Err(fault) => break fault,
            }
        };
        (0..schema_changes).for_each(|_| batch.retract_schema_change());
        Err(fault)
    }

    /// What of a change fits no table, though all that it shows is known: its rows differ in what they say of columns.
    #[cold]
    fn disordered<S: SentChange>(&mut self, sent: &S) -> Fault {
        let mut seen = Seen::default();
        if let Err(fault) = sent.rows(&mut seen) {
            return fault;
        }
        let Some(relation) = self.relations.get(sent.table()) else { return unsettled() };
        for row in [seen.old, seen.new].into_iter().flatten() {
            let mut known = relation.layout.labels.iter();
            let Some(label) = row.iter().find(|label| known.all(|known| known.label != **label)) else {
                continue;
            };
            let name = relation.table.as_ref().map(|table| table.name.to_string()).unwrap_or_default();
            let column = match sent.column(label, &self.text) {
                Ok(column) => column.name,
                Err(fault) => return fault,
            };
            let what = format!(
                "table {name}, column {column}: expected it in both rows of the change in one place and of one type, as a \
                 table has its columns; found it elsewhere, or of another type, in one of them"
            );
            return Fault::new(0, What::Said(what.into()));
        }
        unsettled()
    }

    /// Takes in a change of which no row was sent: the table has no replica identity. `sent` are the bytes that name the
    /// table, of which `name_of` says what they mean. `None` where its rows are sent whole and there is nothing to send: a
    /// table without columns. It is settled then, and the row is an empty one.
    ///
    /// # Errors
    ///
    /// Where the change is wanted: nobody can tell which row it was.
    #[cold]
    pub(crate) fn rowless(
        &mut self,
        sent: &[u8],
        name_of: impl Fn(&[u8], &TextEncoding) -> Result<TableName, Fault>,
        op: Op,
        tables: &Tables,
        batch: &mut ChangeBatch,
    ) -> Result<Option<Outcome>, Fault> {
        let Some(commit_lsn) = self.transaction.map(|transaction| transaction.commit_lsn) else {
            return Err(outside());
        };
        let mut change = None;
        if self.relations.get(sent).is_none() {
            let name = name_of(sent, &self.text)?;
            match self.settle_unseen(sent, &name, tables)? {
                Settled::Ask(outcome) => return Ok(Some(outcome)),
                Settled::Known(known) => change = known,
            }
        }
        self.settled();
        let Some(relation) = self.relations.get(sent) else { return Err(unsettled()) };
        // One that was delivered before was passed over before.
        let is_passed_over = !relation.wants(op, commit_lsn) || self.sequence.passes_all();
        let is_whole = |table: &Table| table.identity == ReplicaIdentity::Full;
        let is_bare =
            relation.table.as_ref().is_some_and(|table| table.columns.is_empty() && is_whole(table));
        if is_passed_over || is_bare {
            if let Some((before, table)) = change {
                batch.schema_change(before, table);
            }
            return Ok(is_passed_over.then_some(Outcome::Taken));
        }
        let name = relation.table.as_ref().map(|table| table.name.to_string()).unwrap_or_default();
        let what = format!(
            "table {name}: a row was changed, and not sent which: the table has no replica identity. ALTER TABLE … REPLICA \
             IDENTITY gives it one for what follows; without_key: inserts_only or ignore passes over such changes"
        );
        Err(Fault::new(0, What::Said(what.into())))
    }

    /// Takes in a TRUNCATE of `tables_sent`, each the bytes that name it, of which `name_of` says what they mean.
    pub(crate) fn truncate<'t>(
        &mut self,
        tables_sent: impl Iterator<Item = &'t [u8]> + Clone,
        name_of: impl Fn(&[u8], &TextEncoding) -> Result<TableName, Fault>,
        options: TruncateOptions,
        frame: &Frame<'_>,
        tables: &Tables,
        batch: &mut ChangeBatch,
    ) -> Result<Outcome, Fault> {
        if self.transaction.is_none() {
            return Err(outside());
        }
        // All must be known before anything is added.
        let mut unknown = Vec::new();
        for sent in tables_sent.clone() {
            if self.relations.get(sent).is_none() {
                let name = name_of(sent, &self.text)?;
                if self.must_ask(sent, &name, tables) {
                    return Ok(self.need(sent, &name, Vec::new()));
                }
                unknown.push(sent);
            }
        }
        let asked = self.asked.len();
        if !unknown.is_empty() {
            // Two names may come to one table, and settling one forgets the other: it is not asked for again.
            self.asked.extend(tables_sent.clone().map(Box::from));
        }
        for sent in unknown {
            self.settle_named(sent, &name_of, tables, batch)?;
        }
        for sent in tables_sent {
            if self.relations.get(sent).is_none() {
                self.settle_named(sent, &name_of, tables, batch)?;
            }
            let Some(transaction) = &self.transaction else { return Err(outside()) };
            let Some(relation) = self.relations.get(sent) else { return Err(unsettled()) };
            if !relation.wants(Op::Truncate, transaction.commit_lsn) {
                continue;
            }
            let Some(seq) = self.sequence.admit() else { continue };
            batch.enter(transaction);
            if seq == 0 {
                batch.begin();
            }
            if let Some(table) = relation.in_batch(batch) {
                batch.truncate(table, options, frame.lsn, seq);
            }
        }
        self.asked.truncate(asked);
        self.settled();
        Ok(Outcome::Taken)
    }

    /// Finds out what a table is that is truncated, of which all was asked.
    fn settle_named(
        &mut self,
        sent: &[u8],
        name_of: impl Fn(&[u8], &TextEncoding) -> Result<TableName, Fault>,
        tables: &Tables,
        batch: &mut ChangeBatch,
    ) -> Result<(), Fault> {
        let name = name_of(sent, &self.text)?;
        if let Settled::Known(Some((before, table))) = self.settle_unseen(sent, &name, tables)? {
            batch.schema_change(before, table);
        }
        Ok(())
    }

    /// Takes in a logical message; the ranges count from the start of its frame.
    pub(crate) fn message(
        &mut self,
        is_transactional: bool,
        prefix: Range<usize>,
        content: Range<usize>,
        frame: &Frame<'_>,
        batch: &mut ChangeBatch,
    ) -> Result<Outcome, Fault> {
        let part = |range: &Range<usize>| frame.data().get(range.clone()).unwrap_or_default();
        if !self.text.is_plain(part(&prefix)) {
            return self.message_copied(is_transactional, part(&prefix), part(&content), frame, batch);
        }
        let base = frame.start();
        let place = |range: Range<usize>| base + range.start..base + range.end;
        let (prefix, content, lsn) = (place(prefix), place(content), frame.lsn);
        self.message_put(is_transactional, frame, batch, |batch, buffer, seq, time| {
            batch.message(is_transactional, buffer, prefix, content, lsn, seq, time)
        })
    }

    /// Takes in a logical message whose parts are no slices of its frame.
    pub(crate) fn message_copied(
        &mut self,
        is_transactional: bool,
        prefix: &[u8],
        content: &[u8],
        frame: &Frame<'_>,
        batch: &mut ChangeBatch,
    ) -> Result<Outcome, Fault> {
        let (lsn, mut converted) = (frame.lsn, Vec::new());
        let prefix = if self.text.is_plain(prefix) {
            prefix
        } else {
            let told = |_| Fault::new(0, What::NotUtf8("a message's prefix"));
            self.text.convert(prefix, &mut converted).map_err(told)?;
            &*converted
        };
        self.message_put(is_transactional, frame, batch, |batch, buffer, seq, time| {
            batch.message_copied(is_transactional, buffer, prefix, content, lsn, seq, time)
        })
    }

    fn message_put(
        &mut self,
        is_transactional: bool,
        frame: &Frame<'_>,
        batch: &mut ChangeBatch,
        put: impl FnOnce(&mut ChangeBatch, BufferId, u64, i64) -> Result<(), TooLarge>,
    ) -> Result<Outcome, Fault> {
        let lsn = frame.lsn;
        if !is_transactional {
            if self.sequence.admits_alone(lsn) {
                let buffer = batch.attach(frame.buffer());
                put(batch, buffer, 0, 0)?;
            }
            // It is sent as soon as it is read, and so confirms, as a commit does, what was committed before.
            return Ok(match self.transaction {
                Some(_) => Outcome::Taken,
                None => Outcome::alone(lsn),
            });
        }
        let Some(transaction) = &self.transaction else {
            return Err(Fault::new(0, What::Misplaced("a transactional message outside of a transaction")));
        };
        let Some(seq) = self.sequence.admit() else { return Ok(Outcome::Taken) };
        batch.enter(transaction);
        if seq == 0 {
            batch.begin();
        }
        let buffer = batch.attach(frame.buffer());
        put(batch, buffer, seq, transaction.commit_time)?;
        Ok(Outcome::Taken)
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

/// Writes a change whose columns are those of `relation`.
#[allow(clippy::too_many_arguments, reason = "parts of `Named` that are borrowed one by one")]
#[inline]
fn write<S: SentChange>(
    relation: &mut Relation,
    rules: Rules,
    text: &TextEncoding,
    sent: &S,
    frame: &Frame<'_>,
    batch: &mut ChangeBatch,
    transaction: &Transaction,
    seq: u64,
) -> Result<Result<(), Misfit>, Fault> {
    batch.enter(transaction);
    let Some(table) = relation.in_batch(batch) else { return Ok(Ok(())) };
    let buffer = batch.attach(frame.buffer());
    let mut writer = batch.write(buffer);
    if seq == 0 {
        writer.begins();
    }
    let op = sent.op();
    let mut filler = Filler::new(writer, relation, rules, text, frame, op);
    sent.rows(&mut filler)?;
    match filler.finish() {
        Ok(writer) => writer.finish(op, table, frame.lsn, seq, frame.data().len())?,
        Err(misfit) => return Ok(Err(misfit)),
    }
    Ok(Ok(()))
}

#[cold]
fn outside() -> Fault {
    Fault::new(0, What::Misplaced("a change outside of a transaction"))
}

#[cold]
fn unsettled() -> Fault {
    Fault::new(0, What::Misplaced("expected the columns of a table that is known; the change shows others"))
}
