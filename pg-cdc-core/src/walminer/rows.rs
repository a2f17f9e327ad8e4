//! Rows of the result into messages: each transaction between its begin and its commit.

use std::error::Error as StdError;

use tokio_postgres::Row;
use tokio_postgres::types::{FromSql, PgLsn, Type};

use super::{Malformed, Message, MinedRow, Verb, table_of};
use crate::{Error, ErrorKind, Lsn, TableName};

/// Microseconds from 1970-01-01 to 2000-01-01, PostgreSQL's epoch.
const EPOCH: i64 = 946_684_800_000_000;

/// A row of the result, of either version.
struct Mined<'a> {
    xid: u32,
    /// Microseconds since 1970-01-01 UTC.
    commit_time: i64,
    row: MinedRow<'a>,
}

/// The messages of one window.
#[derive(Debug)]
pub(super) struct Messages {
    /// Where version 1 started to mine: its transactions are numbered from here.
    base: Lsn,
    /// Transactions so far.
    number: u64,
    open: Option<Open>,
}

#[derive(Debug, Clone, Copy)]
struct Open {
    commit_lsn: Lsn,
    xid: u32,
    /// The last row's number.
    row: u32,
}

impl Messages {
    pub(super) fn new(base: Lsn) -> Self {
        Self { base, number: 0, open: None }
    }

    /// Adds what a row of version 1 says to `out`, and where each message ends to `ends`.
    pub(super) fn first(
        &mut self,
        row: &Row,
        odd: &[TableName],
        out: &mut Vec<u8>,
        ends: &mut Vec<usize>,
    ) -> Result<(), Error> {
        let (xid, number): (i64, i32) = (row.try_get(0)?, row.try_get(1)?);
        let wrong = |what: &str| unreadable(format!("row {number} of transaction {xid} {what}"));
        let op_type: &str = row.try_get(4)?;
        let verb =
            Verb::from_op_type(op_type).ok_or_else(|| wrong(&format!("has the op_type {op_type:?}")))?;
        let schema: &str = row.try_get(3)?;
        let Statement(statement) = row.try_get(5)?;
        let relation = table_of(verb, schema, statement, odd)
            .ok_or_else(|| wrong(&format!("has a statement of no table in schema {schema}")))?;
        let Microseconds(commit_time) = row.try_get(2)?;
        let number = u32::try_from(number).map_err(|_| wrong("has a number below zero"))?;
        let xid = u32::try_from(xid).map_err(|_| wrong("is of no transaction"))?;
        let commit_lsn = match self.open {
            Some(open) if open.xid == xid => open.commit_lsn,
            _ => {
                self.number += 1;
                Lsn::new(self.base.as_u64().saturating_add(self.number))
            }
        };
        let row = MinedRow { verb, lsn: Lsn::ZERO, number, schema, relation, statement };
        // The count goes on in one transaction, and begins anew in the next.
        if self.open.is_some_and(|open| open.xid == xid && open.row >= number) {
            return Err(wrong("comes after one with a higher number"));
        }
        self.add(commit_lsn, &Mined { xid, commit_time, row }, out, ends)
    }

    /// As [`first`](Self::first), of version 3.
    pub(super) fn third(&mut self, row: &Row, out: &mut Vec<u8>, ends: &mut Vec<usize>) -> Result<(), Error> {
        let commit_lsn = Lsn::new(u64::from(row.try_get::<_, PgLsn>(0)?));
        let (number, xid): (i32, i64) = (row.try_get(2)?, row.try_get(3)?);
        let wrong =
            |what: &str| unreadable(format!("row {number} of transaction {xid} at {commit_lsn} {what}"));
        let sqlkind: i32 = row.try_get(4)?;
        let verb = Verb::from_sqlkind(sqlkind).ok_or_else(|| wrong(&format!("has the sqlkind {sqlkind}")))?;
        let Microseconds(commit_time) = row.try_get(5)?;
        let Statement(statement) = row.try_get(8)?;
        let row = MinedRow {
            verb,
            lsn: Lsn::new(u64::from(row.try_get::<_, PgLsn>(1)?)),
            number: u32::try_from(number).map_err(|_| wrong("has a number below zero"))?,
            schema: row.try_get(6)?,
            relation: row.try_get(7)?,
            statement,
        };
        let xid = u32::try_from(xid).map_err(|_| wrong("is of no transaction"))?;
        self.add(commit_lsn, &Mined { xid, commit_time, row }, out, ends)
    }

    fn add(
        &mut self,
        commit_lsn: Lsn,
        mined: &Mined<'_>,
        out: &mut Vec<u8>,
        ends: &mut Vec<usize>,
    ) -> Result<(), Error> {
        let (xid, commit_time) = (mined.xid, mined.commit_time);
        if self.open.is_none_or(|open| open.commit_lsn != commit_lsn) {
            self.end(out, ends)?;
            write(Message::Begin { commit_lsn, commit_time, xid }, out, ends)?;
        } else if self.open.is_some_and(|open| open.xid != xid) {
            return Err(unreadable(format!("two transactions commit at {commit_lsn}")));
        }
        self.open = Some(Open { commit_lsn, xid, row: mined.row.number });
        write(Message::Row(mined.row), out, ends)
    }

    /// The window's end: the last transaction is whole.
    pub(super) fn end(&mut self, out: &mut Vec<u8>, ends: &mut Vec<usize>) -> Result<(), Error> {
        match self.open.take() {
            // The record's end is what version 3 tells; where mining may start again the windows know.
            Some(Open { commit_lsn, .. }) => {
                write(Message::Commit { commit_lsn, end_lsn: commit_lsn }, out, ends)
            }
            None => Ok(()),
        }
    }
}

fn write(message: Message<'_>, out: &mut Vec<u8>, ends: &mut Vec<usize>) -> Result<(), Error> {
    message.write(out).map_err(|Malformed { what, .. }| unreadable(format!("walminer gave no {what}")))?;
    ends.push(out.len());
    Ok(())
}

fn unreadable(what: String) -> Error {
    Error::new(ErrorKind::Mismatch, what)
        .with_hint("nothing was skipped; check that walminer's version is 1 or 3, and report the row")
}

/// A timestamp as it comes over the wire.
struct Microseconds(i64);

impl<'a> FromSql<'a> for Microseconds {
    fn from_sql(_: &Type, raw: &'a [u8]) -> Result<Self, Box<dyn StdError + Sync + Send>> {
        let since_2000 = i64::from_be_bytes(raw.try_into()?);
        Ok(Self(since_2000.saturating_add(EPOCH)))
    }

    fn accepts(type_: &Type) -> bool {
        *type_ == Type::TIMESTAMPTZ
    }
}

/// A text whose values need not be UTF-8: those of an SQL_ASCII database are whatever was put in.
struct Statement<'a>(&'a [u8]);

impl<'a> FromSql<'a> for Statement<'a> {
    fn from_sql(_: &Type, raw: &'a [u8]) -> Result<Self, Box<dyn StdError + Sync + Send>> {
        Ok(Self(raw))
    }

    fn accepts(type_: &Type) -> bool {
        *type_ == Type::TEXT
    }
}
