//! Changes of rows: straight onto the tape while their columns are those that are known, else once they are settled.

use pg_cdc_core::batch::{ChangeBatch, Op, Transaction};
use pg_cdc_core::{Frame, Outcome, ReplicaIdentity, Table, TableName, Tables};

use super::filler::{Filler, Misfit};
use super::relation::Relation;
use super::seen::Seen;
use super::settle::{Look, Settled};
use super::{Named, Rules, SentChange, outside, unsettled};
use crate::TextEncoding;
use crate::cursor::{Fault, What};

impl Named {
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
