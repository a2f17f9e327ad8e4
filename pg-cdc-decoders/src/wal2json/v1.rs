//! Format version 1: a document a transaction, whole in one frame or cut into several.

use std::ops::Range;

use pg_cdc_core::TableName;
use pg_cdc_core::batch::Op;

use super::json::{Json, Scalar, Str};
use super::value::{Strings, tell};
use super::{integer_of_32_bits, label, table_name, type_name};
use crate::TextEncoding;
use crate::cursor::{Fault, What};
use crate::named::{Label, SentChange, SentColumn, SentColumns};

/// What a transaction's document says before its changes.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Header {
    pub(super) xid: Option<u32>,
    pub(super) timestamp: Option<Str>,
    pub(super) origin: Option<u32>,
    /// The end of the commit record.
    pub(super) next_lsn: Option<Str>,
}

/// What a frame begins with.
#[derive(Debug, Clone, Copy)]
pub(super) enum Piece {
    /// The beginning of a document, up to and with the bracket before its first change.
    Header(Header),
    /// A change, or a message, with or without a comma before it: nothing of it has been read.
    Change,
    /// The end of a document.
    End,
}

/// Reads what stands at the start of a frame.
pub(super) fn piece(json: &mut Json<'_>) -> Result<Piece, Fault> {
    if json.eat(b']') {
        json.expect(b'}', "the end of the document")?;
        json.end()?;
        return Ok(Piece::End);
    }
    if json.eat(b',') {
        return Ok(Piece::Change);
    }
    let before = *json;
    json.expect(b'{', "an object")?;
    let (mut header, mut is_first) = (Header::default(), true);
    while let Some(key) = json.key(&mut is_first)? {
        match key {
            b"kind" => {
                *json = before;
                return Ok(Piece::Change);
            }
            b"xid" => header.xid = integer_of_32_bits(json, "a transaction's id")?,
            b"origin" => header.origin = integer_of_32_bits(json, "an origin")?,
            b"nextlsn" => header.next_lsn = Some(json.string("an LSN")?),
            b"timestamp" => header.timestamp = Some(json.string("a timestamp")?),
            b"change" => {
                json.expect(b'[', "a list of changes")?;
                return Ok(Piece::Header(header));
            }
            _ => json.pass_over()?,
        }
    }
    Err(Fault::new(before.offset(), What::Malformed("a document without changes")))
}

/// What is done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Row(Op),
    Truncate,
    Message,
}

/// What a change says, besides [`Rows`].
#[derive(Debug, Clone, Default)]
pub(super) struct Said {
    pub(super) kind: Option<Kind>,
    /// The members that name the table.
    pub(super) table: Option<Range<usize>>,
    pub(super) transactional: bool,
    pub(super) prefix: Option<Str>,
    pub(super) content: Option<Str>,
}

/// The rows of one change; the vectors are used again.
#[derive(Debug, Default)]
pub(super) struct Rows {
    new: Row,
    old: Row,
}

/// One row, whose columns' names, types and values come in lists of their own.
#[derive(Debug, Default)]
struct Row {
    is_there: bool,
    columns: Vec<Column>,
    /// Labels as format version 2 has them, one behind the other.
    labels: Vec<u8>,
    /// How many types, OIDs and values there are.
    types: Option<usize>,
    oids: Option<usize>,
    values: Option<usize>,
}

#[derive(Debug, Clone)]
struct Column {
    /// With its quotes.
    name: Range<usize>,
    /// As it is written.
    type_: Option<Range<usize>>,
    oid: Option<u32>,
    value: Scalar,
    /// Where its label ends.
    label: usize,
}

/// Reads a change; what it says of rows is put into `rows`.
pub(super) fn change(json: &mut Json<'_>, rows: &mut Rows) -> Result<Said, Fault> {
    rows.new.clear();
    rows.old.clear();
    let mut said = Said::default();
    json.expect(b'{', "a change")?;
    let start = json.offset();
    let mut is_first = true;
    loop {
        let before = *json;
        let Some(key) = json.key(&mut is_first)? else { break };
        match key {
            b"kind" => said.kind = Some(kind(json)?),
            b"schema" | b"table" => said.table = Some(table_name::pass_over(json, before, key)?),
            b"columnnames" => rows.new.names(json)?,
            b"columntypes" => rows.new.types(json)?,
            b"columntypeoids" => rows.new.oids(json)?,
            b"columnvalues" => rows.new.values(json)?,
            b"oldkeys" => old_keys(json, &mut rows.old)?,
            b"pk" => pk(json)?,
            b"transactional" => said.transactional = json.boolean("true or false")?,
            b"prefix" => said.prefix = Some(json.string("a message's prefix")?),
            b"content" => said.content = Some(json.string("a message's content")?),
            _ => json.pass_over()?,
        }
    }
    let fault = |what| Err(Fault::new(start, What::Malformed(what)));
    if !(rows.new.finish(json.data()) && rows.old.finish(json.data())) {
        return fault("not as many names, types and values of columns");
    }
    match (said.kind, rows.old.is_there, rows.new.is_there) {
        (Some(Kind::Row(Op::Insert)), false, true)
        | (Some(Kind::Row(Op::Update)), _, true)
        | (Some(Kind::Row(Op::Delete)), true, false)
        | (Some(Kind::Truncate | Kind::Message), false, false) => Ok(said),
        _ => fault("a change without the rows that it must have"),
    }
}

impl Row {
    fn clear(&mut self) {
        self.is_there = false;
        self.columns.clear();
        self.labels.clear();
        (self.types, self.oids, self.values) = (None, None, None);
    }

    fn names(&mut self, json: &mut Json<'_>) -> Result<(), Fault> {
        if std::mem::replace(&mut self.is_there, true) {
            return Err(json.expected("the names of columns once"));
        }
        let columns = &mut self.columns;
        list(json, |json| {
            let name = json.string("a column's name")?;
            let name = name.start - 1..name.end + 1;
            columns.push(Column { name, type_: None, oid: None, value: Scalar::Null, label: 0 });
            Ok(())
        })?;
        Ok(())
    }

    fn types(&mut self, json: &mut Json<'_>) -> Result<(), Fault> {
        let count = self.list(json, |json, column| {
            json.is_at_end();
            let start = json.offset();
            type_name::pass_over(json)?;
            if let Some(column) = column {
                column.type_ = Some(start..json.offset());
            }
            Ok(())
        })?;
        self.types = Some(count);
        Ok(())
    }

    fn oids(&mut self, json: &mut Json<'_>) -> Result<(), Fault> {
        let count = self.list(json, |json, column| {
            let oid = label::type_oid(json)?;
            if let Some(column) = column {
                column.oid = oid;
            }
            Ok(())
        })?;
        self.oids = Some(count);
        Ok(())
    }

    fn values(&mut self, json: &mut Json<'_>) -> Result<(), Fault> {
        let count = self.list(json, |json, column| {
            let value = json.scalar("a column's value")?;
            if let Some(column) = column {
                column.value = value;
            }
            Ok(())
        })?;
        self.values = Some(count);
        Ok(())
    }

    /// A list of something of each column; how many there are.
    fn list<'a>(
        &mut self,
        json: &mut Json<'a>,
        mut element: impl FnMut(&mut Json<'a>, Option<&mut Column>) -> Result<(), Fault>,
    ) -> Result<usize, Fault> {
        if !self.is_there {
            return Err(json.expected("the names of columns before all else of them"));
        }
        let mut columns = self.columns.iter_mut();
        list(json, |json| element(json, columns.next()))
    }

    /// Makes the labels; whether the lists are of the same length.
    fn finish(&mut self, data: &[u8]) -> bool {
        let is_whole = |count: Option<usize>| count.is_none_or(|count| count == self.columns.len());
        if !is_whole(self.types)
            || !is_whole(self.oids)
            || (self.is_there && self.values != Some(self.columns.len()))
        {
            return false;
        }
        let labels = &mut self.labels;
        for column in &mut self.columns {
            labels.extend_from_slice(b"\"name\":");
            labels.extend_from_slice(data.get(column.name.clone()).unwrap_or_default());
            if let Some(type_) = column.type_.clone() {
                labels.extend_from_slice(b",\"type\":");
                labels.extend_from_slice(data.get(type_).unwrap_or_default());
            }
            if let Some(oid) = column.oid {
                labels.extend_from_slice(b",\"typeoid\":");
                push_decimal(oid, labels);
            }
            column.label = labels.len();
        }
        true
    }

    fn tell<C: SentColumns>(&self, json: &Json<'_>, columns: &mut C) -> Result<(), Fault> {
        let mut start = 0;
        for column in &self.columns {
            let label = self.labels.get(start..column.label).unwrap_or_default();
            start = column.label;
            tell(columns, json, Label::Read(label), column.value, Strings::of(label))?;
        }
        Ok(())
    }
}

fn push_decimal(mut number: u32, out: &mut Vec<u8>) {
    let start = out.len();
    loop {
        out.push(b'0' + (number % 10) as u8);
        number /= 10;
        if number == 0 {
            break;
        }
    }
    out.get_mut(start..).unwrap_or_default().reverse();
}

/// A list whose elements `element` reads; how many there are.
fn list<'a>(
    json: &mut Json<'a>,
    mut element: impl FnMut(&mut Json<'a>) -> Result<(), Fault>,
) -> Result<usize, Fault> {
    json.expect(b'[', "a list")?;
    let (mut count, mut is_first) = (0, true);
    while json.next(&mut is_first, b']')? {
        element(json)?;
        count += 1;
    }
    Ok(count)
}

fn kind(json: &mut Json<'_>) -> Result<Kind, Fault> {
    let at = json.offset();
    let kind = json.string("a kind")?;
    Ok(match json.raw(kind) {
        b"insert" => Kind::Row(Op::Insert),
        b"update" => Kind::Row(Op::Update),
        b"delete" => Kind::Row(Op::Delete),
        b"truncate" => Kind::Truncate,
        b"message" => Kind::Message,
        _ => {
            let what = "a kind that is none of insert, update, delete, truncate, message";
            return Err(Fault::new(at, What::Malformed(what)));
        }
    })
}

fn old_keys(json: &mut Json<'_>, row: &mut Row) -> Result<(), Fault> {
    json.expect(b'{', "the old keys")?;
    let mut is_first = true;
    while let Some(key) = json.key(&mut is_first)? {
        match key {
            b"keynames" => row.names(json)?,
            b"keytypes" => row.types(json)?,
            b"keytypeoids" => row.oids(json)?,
            b"keyvalues" => row.values(json)?,
            _ => json.pass_over()?,
        }
    }
    Ok(())
}

/// The primary key, whose types are written in their own way.
fn pk(json: &mut Json<'_>) -> Result<(), Fault> {
    json.expect(b'{', "the primary key")?;
    let mut is_first = true;
    while let Some(key) = json.key(&mut is_first)? {
        match key {
            b"pktypes" => drop(list(json, type_name::pass_over)?),
            _ => json.pass_over()?,
        }
    }
    Ok(())
}

/// A change of a row.
#[derive(Debug)]
pub(super) struct Change<'a> {
    pub(super) op: Op,
    /// The members that name the table.
    pub(super) table: &'a [u8],
    /// The frame.
    pub(super) json: Json<'a>,
    pub(super) rows: &'a Rows,
}

impl SentChange for Change<'_> {
    fn table(&self) -> &[u8] {
        self.table
    }

    fn op(&self) -> Op {
        self.op
    }

    fn rows<C: SentColumns>(&self, columns: &mut C) -> Result<(), Fault> {
        if self.rows.old.is_there {
            columns.old_row()?;
            self.rows.old.tell(&self.json, columns)?;
        }
        if self.rows.new.is_there {
            columns.new_row()?;
            self.rows.new.tell(&self.json, columns)?;
        }
        Ok(())
    }

    fn table_name(&self, text: &TextEncoding) -> Result<TableName, Fault> {
        table_name::read(self.table, text)
    }

    fn column(&self, label: &[u8], text: &TextEncoding) -> Result<SentColumn, Fault> {
        label::read(label, text)
    }
}
