//! `pgoutput`, the plugin that is part of PostgreSQL since version 10.
//!
//! Follows the PostgreSQL documentation, "Logical Replication Message Formats", and
//! `src/backend/replication/logical/proto.c`, protocol versions 1 to 4. In version 1 a transaction arrives whole, after
//! its commit: [`decode`](Decoder::decode) is all there is. Since version 2 one in progress may come in blocks, since
//! version 3 a prepared one before its outcome: [`route`](Decoder::route) says which messages are to be kept until then,
//! and then they are decoded as those of version 1.
//!
//! Of a transaction in progress the server gives logical messages the id of the whole transaction, not that of the
//! subtransaction that they belong to: that of the change before them, as a rule. Where a rollback makes it matter which
//! one it is and nobody can tell, the transaction is to be asked for whole ([`Route::Unclear`]).

mod altered;
mod announced;
mod relation;
mod savepoints;
mod streamed;
#[cfg(test)]
pub(crate) mod tests;
mod tuple;

use std::collections::HashMap;
use std::sync::Arc;

use pg_cdc_core::batch::{ChangeBatch, Op, TooLarge, Transaction, TruncateOptions};
use pg_cdc_core::{
    DecodeError, Decoder, Frame, InvalidText, Lsn, Outcome, Position, Route, Sequence, Table, TableName,
    Tables,
};

use crate::cursor::{Cursor, Fault, What};
use announced::Announced;
use relation::{Announcement, Relation, Relations};
use streamed::Streamed;
use tuple::{ChangeTuples, OldTuple};

const PLUGIN: &str = "pgoutput";
const TAG: &str = "its tag";
/// Microseconds from 1970-01-01 to 2000-01-01, PostgreSQL's epoch.
const EPOCH: i64 = 946_684_800_000_000;

/// The decoder of `pgoutput`'s messages.
#[derive(Debug, Default)]
pub struct PgOutput {
    relations: Relations,
    /// Versions of the tables in use, kept over reconnects, so that what did not change is no event.
    versions: HashMap<u32, Arc<Table>>,
    /// Names of types that are not built in, as Type messages told them.
    types: HashMap<u32, Arc<str>>,
    transaction: Option<Transaction>,
    sequence: Sequence,
    /// The transaction is passed over, readable or not.
    passes_over: bool,
    /// The Relation message whose table was asked for last: it is not asked for twice.
    asked: Option<(u32, Lsn)>,
    /// Versions of tables with composites before the current ones, the newest last.
    older: HashMap<u32, Vec<Arc<Table>>>,
    /// Of the types that the current versions are made of.
    generation: u64,
    /// Transactions that came before their outcome.
    streamed: Streamed,
    /// Which Relation message of several transactions is the one that holds.
    announced: Announced,
    invalid: InvalidText,
}

impl PgOutput {
    /// A decoder that knows no table yet.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// A decoder that knows `tables` in the versions that are in use: a Relation message that says the same is no
    /// schema change.
    #[must_use]
    pub fn with_versions(tables: impl IntoIterator<Item = Arc<Table>>) -> Self {
        let versions = tables.into_iter().map(|table| (table.oid, table)).collect();
        Self { versions, ..Self::default() }
    }

    /// What is done with text that is not UTF-8, which only a database in SQL_ASCII sends: in any other the server
    /// converts it. By default it is left as it is, and is an error where somebody reads it. Else each text is looked at;
    /// values are to come as text then, since what lies within a binary form is not seen.
    ///
    /// Names must be UTF-8 whatever this says.
    #[must_use]
    pub fn with_invalid_text(mut self, invalid: InvalidText) -> Self {
        self.invalid = invalid;
        self
    }
}

impl Decoder for PgOutput {
    fn plugin(&self) -> &'static str {
        PLUGIN
    }

    fn restart(&mut self, after: Option<&Position>) {
        self.relations = Relations::default();
        self.transaction = None;
        self.asked = None;
        self.passes_over = false;
        self.sequence.restart(after);
        self.streamed = Streamed::default();
        self.announced = Announced::default();
    }

    fn pass_over(&mut self) {
        self.passes_over = true;
        self.sequence.pass_over();
    }

    #[inline]
    fn decode(
        &mut self,
        frame: Frame<'_>,
        tables: &Tables,
        batch: &mut ChangeBatch,
    ) -> Result<Outcome, DecodeError> {
        let mut cursor = Cursor::new(frame.data());
        // The common messages apart from the others: their results are a word or two, not an `Outcome` to be moved.
        let row = match cursor.u8(TAG) {
            Ok(b'I') => self.insert(&frame, batch),
            Ok(b'U') => self.update(&frame, batch),
            Ok(b'D') => self.delete(&frame, batch),
            Ok(b'B') => match self.begin(&mut cursor) {
                Ok(commit_lsn) => {
                    if tables.generation() != self.generation {
                        self.refresh(tables, batch);
                    }
                    return Ok(Outcome::Begin { commit_lsn });
                }
                Err(fault) => Err(fault),
            },
            Ok(b'C') => match self.commit(&mut cursor, batch) {
                Ok((commit_lsn, end_lsn)) => return Ok(Outcome::Commit { commit_lsn, end_lsn }),
                Err(fault) => Err(fault),
            },
            Ok(tag) => {
                return match self.other(tag, &mut cursor, frame, tables, batch) {
                    Ok(outcome) => Ok(outcome),
                    Err(fault) => self.announced_elsewhere(fault, frame, tables, batch),
                };
            }
            Err(fault) => Err(fault),
        };
        match row {
            Ok(()) => Ok(Outcome::Taken),
            Err(fault) if matches!(fault.what(), What::Misfit { .. }) => {
                let outcome = self.misfit(fault, frame, tables, batch);
                outcome.map_err(|fault| fault.into_error(PLUGIN, frame.lsn))
            }
            Err(fault) => self.announced_elsewhere(fault, frame, tables, batch),
        }
    }

    fn preview(&self, xid: u32) -> Option<Box<dyn Decoder>> {
        let unknown = Transaction::new(Some(xid), Lsn::new(u64::MAX), 0);
        Some(Box::new(Self {
            versions: self.versions.clone(),
            types: self.types.clone(),
            transaction: Some(unknown),
            invalid: self.invalid,
            ..Self::default()
        }))
    }

    fn route<'a>(&mut self, frame: Frame<'a>) -> Result<Route<'a>, DecodeError> {
        self.route_message(frame).map_err(|fault| fault.into_error(PLUGIN, frame.lsn))
    }
}

impl PgOutput {
    fn other(
        &mut self,
        tag: u8,
        cursor: &mut Cursor<'_>,
        frame: Frame<'_>,
        tables: &Tables,
        batch: &mut ChangeBatch,
    ) -> Result<Outcome, Fault> {
        match tag {
            b'R' => self.relation(cursor, frame, tables, batch),
            b'Y' => self.type_name(cursor),
            b'T' => self.truncate(cursor, frame, batch),
            b'M' => self.logical_message(cursor, frame, batch),
            b'O' => origin(cursor),
            tag => Err(Fault::new(0, What::Tag(tag))),
        }
    }

    /// A change of one row, whichever it is.
    #[cold]
    fn row(&mut self, frame: &Frame<'_>, batch: &mut ChangeBatch) -> Result<(), Fault> {
        match frame.data().first() {
            Some(b'I') => self.insert(frame, batch),
            Some(b'U') => self.update(frame, batch),
            _ => self.delete(frame, batch),
        }
    }

    /// `B`: LSN of the commit record, commit time, xid.
    fn begin(&mut self, cursor: &mut Cursor<'_>) -> Result<Lsn, Fault> {
        let commit_lsn = Lsn::new(cursor.u64("the commit's LSN")?);
        let commit_time = cursor.i64("the commit time")?.saturating_add(EPOCH);
        let xid = cursor.u32("the xid")?;
        cursor.end()?;
        if self.transaction.is_some() {
            return Err(Fault::new(0, What::Misplaced("a transaction begins within another")));
        }
        self.transaction = Some(Transaction::new(Some(xid), commit_lsn, commit_time));
        self.sequence.begin(commit_lsn);
        Ok(commit_lsn)
    }

    /// `C`: flags, LSN of the commit record, its end, commit time.
    fn commit(&mut self, cursor: &mut Cursor<'_>, batch: &mut ChangeBatch) -> Result<(Lsn, Lsn), Fault> {
        cursor.u8("the flags")?;
        let commit_lsn = Lsn::new(cursor.u64("the commit's LSN")?);
        let end_lsn = Lsn::new(cursor.u64("the commit's end")?);
        cursor.i64("the commit time")?;
        cursor.end()?;
        let Some(transaction) = self.transaction.take() else {
            return Err(Fault::new(0, What::Misplaced("a commit without a begin")));
        };
        self.passes_over = false;
        if self.sequence.count() > 0 && !self.sequence.passes_all() {
            batch.enter(&transaction);
            batch.commit(end_lsn, self.sequence.count());
        }
        if self.announced.is_replaying() {
            self.end_replay();
        }
        Ok((commit_lsn, end_lsn))
    }

    /// `R`: a table's name, replica identity and columns; comes before the first change of it, and again after any
    /// change of it.
    fn relation(
        &mut self,
        cursor: &mut Cursor<'_>,
        frame: Frame<'_>,
        tables: &Tables,
        batch: &mut ChangeBatch,
    ) -> Result<Outcome, Fault> {
        let announced = Announcement::read(cursor)?;
        let oid = announced.oid;
        let was_asked = self.asked == Some((oid, frame.lsn));
        if !was_asked && announced.needs_catalog(tables) {
            self.asked = Some((oid, frame.lsn));
            let name = TableName::new(announced.schema, announced.name);
            let types = announced.types_not_built_in();
            return Ok(Outcome::NeedTable { oid: Some(oid), name, types });
        }
        self.asked = None;
        self.announced.take_in(oid, frame);
        let current = self.versions.get(&oid);
        let Some((table, from)) = announced.table(tables, &self.types, current.map(|current| &**current))
        else {
            self.relations.insert(Relation::unwanted(oid));
            return Ok(Outcome::Taken);
        };
        let table = match current {
            Some(current) if **current == table => Arc::clone(current),
            _ => {
                let table = Arc::new(table);
                let before = self.versions.insert(oid, Arc::clone(&table));
                batch.schema_change(before.clone(), Arc::clone(&table));
                if let Some(before) = before {
                    self.keep_older(before);
                }
                table
            }
        };
        self.relations.insert(Relation::wanted(oid, table, from, announced.taken(tables), self.invalid));
        Ok(Outcome::Taken)
    }

    /// `Y`: the name of a type that is not built in.
    fn type_name(&mut self, cursor: &mut Cursor<'_>) -> Result<Outcome, Fault> {
        let oid = cursor.u32("the type's OID")?;
        let schema = cursor.string("the type's schema")?;
        let name = cursor.string("the type's name")?;
        cursor.end()?;
        // pg_catalog is sent as the empty string.
        let full = if schema.is_empty() { name.into() } else { format!("{schema}.{name}").into() };
        self.types.insert(oid, full);
        Ok(Outcome::Taken)
    }

    /// `I`: relation, `N`, the new tuple.
    #[inline(never)]
    fn insert(&mut self, frame: &Frame<'_>, batch: &mut ChangeBatch) -> Result<(), Fault> {
        let mut cursor = Cursor::new(frame.data());
        cursor.u8(TAG)?;
        let Some(mut change) = self.change(&mut cursor, frame, batch)? else { return Ok(()) };
        expect_new(&mut cursor)?;
        change.new_tuple(&mut cursor, frame.start())?;
        change.finish(&cursor, frame, Op::Insert)
    }

    /// `U`: relation, the old key (`K`) or row (`O`) where it was written, `N`, the new tuple.
    #[inline(never)]
    fn update(&mut self, frame: &Frame<'_>, batch: &mut ChangeBatch) -> Result<(), Fault> {
        let mut cursor = Cursor::new(frame.data());
        cursor.u8(TAG)?;
        let Some(mut change) = self.change(&mut cursor, frame, batch)? else { return Ok(()) };
        match cursor.u8("the kind of tuple")? {
            b'N' => {}
            kind => {
                let held = OldTuple::from_kind(&cursor, kind, "a tuple (K, O or N)")?;
                change.old_tuple(&mut cursor, frame.start(), held)?;
                expect_new(&mut cursor)?;
            }
        }
        change.new_tuple(&mut cursor, frame.start())?;
        change.finish(&cursor, frame, Op::Update)
    }

    /// `D`: relation, the old key (`K`) or row (`O`).
    #[inline(never)]
    fn delete(&mut self, frame: &Frame<'_>, batch: &mut ChangeBatch) -> Result<(), Fault> {
        let mut cursor = Cursor::new(frame.data());
        cursor.u8(TAG)?;
        let Some(mut change) = self.change(&mut cursor, frame, batch)? else { return Ok(()) };
        let kind = cursor.u8("the kind of tuple")?;
        let held = OldTuple::from_kind(&cursor, kind, "an old tuple (K or O)")?;
        change.old_tuple(&mut cursor, frame.start(), held)?;
        change.finish(&cursor, frame, Op::Delete)
    }

    /// The change of the relation that stands next, or `None` where nobody wants it.
    // Inlined for the same reason as `ChangeTuples::new`.
    #[inline(always)]
    fn change<'a>(
        &'a mut self,
        cursor: &mut Cursor<'_>,
        frame: &Frame<'_>,
        batch: &'a mut ChangeBatch,
    ) -> Result<Option<ChangeTuples<'a>>, Fault> {
        let oid = cursor.u32("the relation's OID")?;
        let Some(transaction) = &self.transaction else {
            return Err(Fault::new(0, What::Misplaced("a change outside of a transaction")));
        };
        let Some(relation) = self.relations.get(oid) else {
            return Err(Fault::new(1, What::UnknownRelation(oid)));
        };
        if !relation.is_wanted_at(transaction.commit_lsn) {
            return Ok(None);
        }
        let Some(seq) = self.sequence.admit() else { return Ok(None) };
        batch.enter(transaction);
        Ok(ChangeTuples::new(relation, frame, batch, seq))
    }

    /// `T`: relations, options, their OIDs.
    fn truncate(
        &mut self,
        cursor: &mut Cursor<'_>,
        frame: Frame<'_>,
        batch: &mut ChangeBatch,
    ) -> Result<Outcome, Fault> {
        let relations = cursor.u32("the number of relations")?;
        let options = cursor.u8("the options")?;
        let options = TruncateOptions::new(options & 1 != 0, options & 2 != 0);
        let Some(transaction) = &self.transaction else {
            return Err(Fault::new(0, What::Misplaced("a TRUNCATE outside of a transaction")));
        };
        // Seen whole before anything is added.
        let mut look = *cursor;
        for _ in 0..relations {
            let oid = look.u32("a relation's OID")?;
            if self.relations.get(oid).is_none() {
                return Err(Fault::new(look.offset() - 4, What::UnknownRelation(oid)));
            }
        }
        look.end()?;
        for _ in 0..relations {
            let oid = cursor.u32("a relation's OID")?;
            let Some(relation) = self.relations.get(oid) else { continue };
            if !relation.is_wanted_at(transaction.commit_lsn) {
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
        Ok(Outcome::Taken)
    }

    /// `M`: flags, LSN, prefix, content.
    fn logical_message(
        &mut self,
        cursor: &mut Cursor<'_>,
        frame: Frame<'_>,
        batch: &mut ChangeBatch,
    ) -> Result<Outcome, Fault> {
        let transactional = cursor.u8("the flags")? & 1 != 0;
        let lsn = Lsn::new(cursor.u64("the message's LSN")?);
        let start = cursor.offset();
        let prefix = cursor.zero_ended("the prefix")?;
        let prefix = start..start + prefix.len();
        let (start, length) = cursor.counted("the content")?;
        let content = start..start + length;
        cursor.end()?;
        let base = frame.start();
        let place = |range: std::ops::Range<usize>| base + range.start..base + range.end;
        match (&self.transaction, transactional) {
            (Some(transaction), true) => {
                let Some(seq) = self.sequence.admit() else { return Ok(Outcome::Taken) };
                batch.enter(transaction);
                if seq == 0 {
                    batch.begin();
                }
                let (buffer, time) = (batch.attach(frame.buffer()), transaction.commit_time);
                batch
                    .message(true, buffer, place(prefix), place(content), lsn, seq, time)
                    .and_then(|()| batch.mend_prefix(self.invalid))
                    .map_err(|TooLarge { .. }| cursor.fault(What::TooLarge))?;
                Ok(Outcome::Taken)
            }
            (None, true) => {
                Err(Fault::new(0, What::Misplaced("a transactional message outside of a transaction")))
            }
            (open, false) => {
                // Also where it comes again because a prepared transaction holds the acknowledged position back.
                if self.sequence.admits_alone(lsn) {
                    let buffer = batch.attach(frame.buffer());
                    batch
                        .message(false, buffer, place(prefix), place(content), lsn, 0, 0)
                        .and_then(|()| batch.mend_prefix(self.invalid))
                        .map_err(|TooLarge { .. }| cursor.fault(What::TooLarge))?;
                }
                // It is sent as soon as it is decoded, so every transaction that commits before its end (`lsn`) was
                // sent before: it confirms as a commit does.
                Ok(match open {
                    Some(_) => Outcome::Taken,
                    None => Outcome::alone(lsn),
                })
            }
        }
    }
}

/// `O`: LSN and name of the node that the transaction came from.
fn origin(cursor: &mut Cursor<'_>) -> Result<Outcome, Fault> {
    cursor.u64("the origin's LSN")?;
    cursor.string("the origin's name")?;
    cursor.end()?;
    Ok(Outcome::Taken)
}

#[inline]
fn expect_new(cursor: &mut Cursor<'_>) -> Result<(), Fault> {
    match cursor.u8("the kind of tuple")? {
        b'N' => Ok(()),
        found => Err(cursor.unexpected("a new tuple (N)", found)),
    }
}
