//! `decoderbufs`, the plugin of Debezium: every change is a message of protocol buffers (proto2).
//!
//! Follows the plugin's `src/decoderbufs.c` and `proto/pg_logicaldec.proto`, version 2.1, and what it was seen to send on
//! PostgreSQL 15. A message names its table and each column, with the OID of its type; it is walked in place, and what
//! lies there as text or as a `bytea` is where the batch finds it. Numbers, dates and times become PostgreSQL's binary
//! form.
//!
//! What the plugin does not tell:
//!
//! - Where a commit record starts: the position of a COMMIT is the record's end (`ReorderBufferTXN.end_lsn`), that of a
//!   BEGIN the transaction's first record. So a driver must [route](Decoder::route) the messages: a transaction is kept
//!   until its COMMIT, and the `commit_lsn` of its changes is the end of the commit record.
//! - TRUNCATE, logical messages, a prepared transaction before it commits, the origin of a transaction.
//! - The rows of an UPDATE or DELETE of a table without a replica identity: an error, unless only the table's INSERTs are
//!   [wanted](pg_cdc_core::TableFacts::inserts_only).
//! - Which columns an old row holds: all are listed, those that are not of the replica identity as NULL. The catalog
//!   tells which these are.
//! - The zone of a `timetz`: its time of day comes in UTC. `24:00:00` is `00:00:00` then.
//! - What `money` is printed as: with a [`MoneyFormat`] it is text, else the number of minor units in binary.
//! - `294247-01-10 04:00:54.775807` and the microsecond after it, as a timestamp: they can't be told from `infinity` and
//!   `-infinity`. All others that the plugin carries beyond the range of 64 bits are restored.
//!
//! A domain's values come as text, whatever it is a domain over, and so does every type that is not known to the plugin.
//! Text is in the database's encoding.
//!
//! Fields that are not known are passed over, as protocol buffers have it; but a column whose value is in one of them is
//! an error, since it would become NULL.

mod money;
mod names;
mod protobuf;
mod row;
mod sent;
#[cfg(test)]
mod tests;
mod values;

use std::sync::Arc;

use pg_cdc_core::batch::{ChangeBatch, Op};
use pg_cdc_core::{DecodeError, Decoder, Frame, Outcome, Position, Route, Table, Tables};

use crate::TextEncoding;
use crate::cursor::{Fault, What};
use crate::named::{Held, Mark, Named, OldRows, Rules};
pub use money::MoneyFormat;
use row::{Kind, RowMessage};
use sent::Change;

const PLUGIN: &str = "decoderbufs";

/// The decoder of `decoderbufs`' messages.
///
/// It asks for every table by its name ([`Outcome::NeedTable`]), and takes transactions only as [`Decoder::route`] says.
#[derive(Debug)]
pub struct DecoderBufs {
    named: Named,
    held: Held,
    money: Option<MoneyFormat>,
}

impl Default for DecoderBufs {
    fn default() -> Self {
        Self::new(TextEncoding::default())
    }
}

impl DecoderBufs {
    /// A decoder for a database whose text is `text`, and that knows no table yet.
    #[must_use]
    pub fn new(text: TextEncoding) -> Self {
        Self::with_versions(text, [])
    }

    /// A decoder that knows `tables` in the versions that are in use: what fits them is no schema change.
    #[must_use]
    pub fn with_versions(text: TextEncoding, tables: impl IntoIterator<Item = Arc<Table>>) -> Self {
        let rules = Rules {
            omits_unchanged: false,
            makes_old_rows: false,
            old_rows: OldRows::All,
            tells_commit_ends: true,
        };
        let named = Named::new(rules, text, tables);
        Self { named, held: Held::default(), money: None }
    }

    /// The same, with `money` as the server prints it. Without a format its values are binary: the number of minor
    /// units, of which no text can be made.
    #[must_use]
    pub fn with_money(mut self, format: MoneyFormat) -> Self {
        self.money = Some(format);
        self
    }

    #[inline]
    fn message(
        &mut self,
        frame: &Frame<'_>,
        tables: &Tables,
        batch: &mut ChangeBatch,
    ) -> Result<Outcome, Fault> {
        if let Some(mark) = Mark::read(frame.data())? {
            return match mark.is_begin {
                true => self.named.begin(&mark, tables),
                false => self.named.commit(&mark, batch),
            };
        }
        let outcome = self.row(frame, tables, batch);
        self.named.within(outcome)
    }

    #[inline]
    fn row(&mut self, frame: &Frame<'_>, tables: &Tables, batch: &mut ChangeBatch) -> Result<Outcome, Fault> {
        let row = RowMessage::read(frame.data())?;
        let op = match row.kind {
            Some(Kind::Insert) => Op::Insert,
            Some(Kind::Update) => Op::Update,
            Some(Kind::Delete) => Op::Delete,
            Some(Kind::Begin | Kind::Commit) => {
                return Err(Fault::new(
                    0,
                    What::Misplaced("a BEGIN or COMMIT that is decoded and was to be routed"),
                ));
            }
            None => return Err(Fault::new(0, What::Truncated("the operation"))),
        };
        let Some(table) = row.table else { return Err(Fault::new(0, What::Truncated("the table's name"))) };
        if row.new_types.len() != row.new_tuple.len() {
            return Err(Fault::new(0, What::Wrong("the new row has not as many types as columns")));
        }
        let has_another = match op {
            Op::Insert => !row.old_tuple.is_empty(),
            Op::Delete => !row.new_tuple.is_empty(),
            _ => row.new_tuple.is_empty() && !row.old_tuple.is_empty(),
        };
        if has_another {
            let what = "an INSERT has an old row, a DELETE a new one, or an UPDATE an old one alone";
            return Err(Fault::new(0, What::Wrong(what)));
        }
        // An INSERT without columns is one of a table that has none.
        let is_rowless = match op {
            Op::Insert => false,
            Op::Delete => row.old_tuple.is_empty(),
            _ => row.new_tuple.is_empty(),
        };
        if is_rowless && let Some(outcome) = self.named.rowless(table, sent::table_name, op, tables, batch)? {
            return Ok(outcome);
        }
        let change = Change { row, table, op, money: self.money.as_ref() };
        self.named.change(&change, frame, tables, batch)
    }

    fn route_message<'a>(&mut self, frame: Frame<'a>) -> Result<Route<'a>, Fault> {
        let head = RowMessage::read_head(frame.data())?;
        if matches!(head.kind, Kind::Insert | Kind::Update | Kind::Delete) {
            return self.held.keep(frame);
        }
        let (xid, commit_time) = match (head.xid, head.commit_time) {
            (Some(xid), Some(commit_time)) => (Some(xid), Some(commit_time)),
            // Another writer may have them behind the operation.
            _ => {
                let row = RowMessage::read(frame.data())?;
                (row.xid, row.commit_time)
            }
        };
        let Some((xid, commit_time)) = xid.zip(commit_time) else {
            return Err(Fault::new(
                0,
                What::Wrong("a BEGIN or COMMIT has no transaction's id or commit time"),
            ));
        };
        match head.kind {
            Kind::Begin => self.held.begin(xid, frame.lsn),
            _ => self.held.commit(Some(xid), frame.lsn, frame.lsn, commit_time),
        }
    }
}

impl Decoder for DecoderBufs {
    fn plugin(&self) -> &'static str {
        PLUGIN
    }

    fn restart(&mut self, after: Option<&Position>) {
        self.named.restart(after);
        self.held.restart();
    }

    fn tells_commit_ends(&self) -> bool {
        true
    }

    fn pass_over(&mut self) {
        self.named.pass_over();
    }

    #[inline]
    fn decode(
        &mut self,
        frame: Frame<'_>,
        tables: &Tables,
        batch: &mut ChangeBatch,
    ) -> Result<Outcome, DecodeError> {
        self.message(&frame, tables, batch).map_err(|fault| fault.into_error(PLUGIN, frame.lsn))
    }

    #[inline]
    fn route<'a>(&mut self, frame: Frame<'a>) -> Result<Route<'a>, DecodeError> {
        self.route_message(frame).map_err(|fault| fault.into_error(PLUGIN, frame.lsn))
    }
}
