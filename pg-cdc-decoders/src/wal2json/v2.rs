//! Format version 2: an object a message.

use std::ops::Range;

use pg_cdc_core::batch::Op;
use pg_cdc_core::{Lsn, TableName};

use super::json::{Json, Str};
use super::value::{Strings, tell};
use super::{integer_of_32_bits, label, lsn, table_name};
use crate::TextEncoding;
use crate::cursor::{Fault, What};
use crate::named::{Label, SentChange, SentColumn, SentColumns};

/// What a message is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Action {
    Begin,
    Commit,
    Row(Op),
    Truncate,
    Message,
}

/// What a message says before its rows.
#[derive(Debug, Clone, Default)]
pub(super) struct Head {
    pub(super) action: Option<Action>,
    pub(super) xid: Option<u32>,
    pub(super) timestamp: Option<Str>,
    pub(super) origin: Option<u32>,
    /// Of a begin or commit the start of the commit record, else the change's own position.
    pub(super) lsn: Option<Str>,
    /// The end of the commit record (2.3).
    pub(super) next_lsn: Option<Str>,
    /// The members that name the table.
    pub(super) table: Option<Range<usize>>,
    pub(super) transactional: bool,
    pub(super) prefix: Option<Str>,
    pub(super) content: Option<Str>,
}

/// Reads a message up to its rows, or to its end.
pub(super) fn head(json: &mut Json<'_>) -> Result<Head, Fault> {
    let mut head = Head::default();
    json.expect(b'{', "an object")?;
    let mut is_first = true;
    loop {
        let before = *json;
        let Some(key) = json.key(&mut is_first)? else { break };
        match key {
            b"action" => head.action = Some(action(json)?),
            b"xid" => head.xid = integer_of_32_bits(json, "a transaction's id")?,
            b"timestamp" => head.timestamp = json.nullable_string("a timestamp")?,
            b"origin" => head.origin = integer_of_32_bits(json, "an origin")?,
            b"lsn" => head.lsn = Some(json.string("an LSN")?),
            b"nextlsn" => head.next_lsn = Some(json.string("an LSN")?),
            b"schema" | b"table" => head.table = Some(table_name::pass_over(json, before, key)?),
            b"transactional" => head.transactional = json.boolean("true or false")?,
            b"prefix" => head.prefix = Some(json.string("a message's prefix")?),
            b"content" => head.content = Some(json.string("a message's content")?),
            b"columns" | b"identity" | b"pk" => {
                *json = before;
                return Ok(head);
            }
            // What later releases may add.
            _ => json.pass_over()?,
        }
    }
    json.end()?;
    Ok(head)
}

impl Head {
    pub(super) fn lsn(&self, json: &Json<'_>) -> Result<Lsn, Fault> {
        let missing = || Fault::new(0, What::Malformed("no position: include-lsn"));
        lsn(json, self.lsn.ok_or_else(missing)?)
    }
}

fn action(json: &mut Json<'_>) -> Result<Action, Fault> {
    let at = json.offset();
    let action = json.string("an action")?;
    Ok(match json.raw(action) {
        b"I" => Action::Row(Op::Insert),
        b"U" => Action::Row(Op::Update),
        b"D" => Action::Row(Op::Delete),
        b"B" => Action::Begin,
        b"C" => Action::Commit,
        b"T" => Action::Truncate,
        b"M" => Action::Message,
        _ => {
            let what = "an action that is none of B, C, I, U, D, T, M";
            return Err(Fault::new(at, What::Malformed(what)));
        }
    })
}

/// A change of a row.
#[derive(Debug)]
pub(super) struct Change<'a> {
    pub(super) op: Op,
    /// The members that name the table.
    pub(super) table: &'a [u8],
    /// Before the rows.
    pub(super) json: Json<'a>,
}

impl SentChange for Change<'_> {
    #[inline]
    fn table(&self) -> &[u8] {
        self.table
    }

    #[inline]
    fn op(&self) -> Op {
        self.op
    }

    #[inline]
    fn rows<C: SentColumns>(&self, columns: &mut C) -> Result<(), Fault> {
        let mut json = self.json;
        let (mut is_first, mut has_old, mut has_new) = (false, false, false);
        while let Some(key) = json.key(&mut is_first)? {
            match key {
                b"columns" if !has_new => {
                    has_new = true;
                    columns.new_row()?;
                    row(&mut json, columns)?;
                }
                b"identity" if !has_old => {
                    has_old = true;
                    columns.old_row()?;
                    row(&mut json, columns)?;
                }
                b"pk" => pk(&mut json)?,
                b"columns" | b"identity" => return Err(json.expected("one row of a kind")),
                _ => json.pass_over()?,
            }
        }
        json.end()?;
        match (self.op, has_old, has_new) {
            (Op::Insert, false, true) | (Op::Update, _, true) | (Op::Delete, true, false) => Ok(()),
            _ => {
                Err(Fault::new(json.offset(), What::Malformed("a change without the rows that it must have")))
            }
        }
    }

    fn table_name(&self, text: &TextEncoding) -> Result<TableName, Fault> {
        table_name::read(self.table, text)
    }

    fn column(&self, label: &[u8], text: &TextEncoding) -> Result<SentColumn, Fault> {
        label::read(label, text)
    }
}

/// A list of columns with their values.
#[inline]
fn row<C: SentColumns>(json: &mut Json<'_>, columns: &mut C) -> Result<(), Fault> {
    json.expect(b'[', "a list of columns")?;
    let mut is_first = true;
    while json.next(&mut is_first, b']')? {
        let expected = columns.expected();
        let mut next = *json;
        if !expected.is_empty()
            && next.eat_exactly(b"{")
            && next.eat_exactly(expected)
            && next.eat_exactly(b",\"value\":")
        {
            let strings = Strings::of(expected);
            let value = next.scalar("a column's value")?;
            tell(columns, &next, Label::Expected, value, strings)?;
            *json = next;
        } else {
            json.expect(b'{', "a column")?;
            let start = json.offset();
            let end = label::pass_over(json, true)?;
            let label = json.data().get(start..end).unwrap_or_default();
            let value = json.scalar("a column's value")?;
            tell(columns, json, Label::Read(label), value, Strings::of(label))?;
        }
        if !json.eat(b'}') {
            // What was not asked for.
            let mut is_first = false;
            while json.key(&mut is_first)?.is_some() {
                json.pass_over()?;
            }
        }
    }
    Ok(())
}

/// A list of columns without values.
fn pk(json: &mut Json<'_>) -> Result<(), Fault> {
    json.expect(b'[', "a list of columns")?;
    let mut is_first = true;
    while json.next(&mut is_first, b']')? {
        json.expect(b'{', "a column")?;
        label::pass_over(json, false)?;
    }
    Ok(())
}
