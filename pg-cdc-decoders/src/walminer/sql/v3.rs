//! Version 3: the statements of `wal2sql`.
//!
//! ```text
//! INSERT INTO s.t(a ,"B") VALUES(1 ,null)
//! UPDATE s.t SET "B"='x', c=null WHERE a=1
//! DELETE FROM s.t WHERE a=1 AND "B" is null
//! ```
//!
//! Identifiers are quoted where PostgreSQL's `quote_identifier` finds it necessary. WHERE has the primary key's columns
//! where there is a primary key, else all. Dropped columns do not appear.

use pg_cdc_core::walminer::Verb;

use super::layout::{Form, Layout};
use super::scan::Scan;
use super::{Assigned, Parsed, Target, Value, Wrong};

/// What stands for a value that is out of line and was not written anew.
const OUT_OF_LINE: &[u8] = b"!!!can not found toast value!!!";

pub(super) fn parse(
    text: &[u8],
    target: Target<'_>,
    layout: &Layout,
    parsed: &mut Parsed,
) -> Result<(), Wrong> {
    let mut scan = Scan::new(text);
    scan.expect(match target.verb {
        Verb::Insert => "INSERT INTO ",
        Verb::Update => "UPDATE ",
        Verb::Delete => "DELETE FROM ",
    })?;
    let table = scan.at;
    let is_schema = identifier(&mut scan)?.is(target.schema);
    scan.expect(".")?;
    if !is_schema || !identifier(&mut scan)?.is(target.relation) {
        return Err(Wrong::new(table, "the statement is of another table than its row says"));
    }
    match target.verb {
        Verb::Insert => insert(&mut scan, layout, parsed)?,
        Verb::Update => {
            scan.expect(" SET ")?;
            let mut next = 0;
            while !scan.eat(b" WHERE ") {
                if !parsed.new.is_empty() {
                    scan.expect(", ")?;
                }
                let column = column(&mut scan, layout, &mut next)?;
                scan.expect("=")?;
                parsed.new.push(value(&mut scan, layout, column)?);
            }
            condition(&mut scan, layout, parsed)?;
        }
        Verb::Delete => {
            scan.expect(" WHERE ")?;
            condition(&mut scan, layout, parsed)?;
        }
    }
    if !scan.rest().is_empty() {
        return Err(scan.expected("the statement's end"));
    }
    // An old value that is out of line is the new one too; a new one there must be.
    let missing = |new: &&Assigned| new.value == Value::OutOfLine && new.column.is_some();
    match parsed.new.iter().find(missing) {
        Some(new) => {
            let what = "walminer could not restore a new value that is stored out of line";
            Err(layout.wrong(new.column, new.at, what))
        }
        None => Ok(()),
    }
}

fn insert(scan: &mut Scan<'_>, layout: &Layout, parsed: &mut Parsed) -> Result<(), Wrong> {
    // A table without columns.
    if scan.eat(b") VALUES)") {
        return Ok(());
    }
    scan.expect("(")?;
    let mut next = 0;
    loop {
        let at = scan.at;
        let column = column(scan, layout, &mut next)?;
        parsed.new.push(Assigned { column, value: Value::Null, at });
        if !scan.eat(b" ,") {
            break;
        }
    }
    scan.expect(") VALUES(")?;
    for index in 0..parsed.new.len() {
        if index > 0 {
            scan.expect(" ,")?;
        }
        let Some(assigned) = parsed.new.get_mut(index) else { break };
        *assigned = value(scan, layout, assigned.column)?;
    }
    scan.expect(")")
}

fn condition(scan: &mut Scan<'_>, layout: &Layout, parsed: &mut Parsed) -> Result<(), Wrong> {
    let mut next = 0;
    loop {
        let at = scan.at;
        let column = column(scan, layout, &mut next)?;
        parsed.old.push(match scan.eat(b" is null") {
            true => Assigned { column, value: Value::Null, at },
            false => {
                scan.expect("=")?;
                value(scan, layout, column)?
            }
        });
        if !scan.eat(b" AND ") {
            break;
        }
    }
    // A key whose columns are in another order than the table's is printed in part by some releases.
    let is_told = |index: &u16| parsed.old.iter().any(|old| old.column == Some(*index));
    match layout.told.iter().find(|index| !is_told(index)) {
        Some(&index) => Err(layout.wrong(Some(index), scan.at, "it is of the key, and missing from WHERE")),
        None => Ok(()),
    }
}

/// A column's name; columns come in the table's order, `next` is the first that may come.
fn column(scan: &mut Scan<'_>, layout: &Layout, next: &mut usize) -> Result<Option<u16>, Wrong> {
    let at = scan.at;
    let name = identifier(scan)?;
    let columns = layout.columns.iter().enumerate().skip(*next);
    if let Some((index, _)) = columns.into_iter().find(|(_, column)| name.is(&column.name)) {
        *next = index + 1;
        return Ok(u16::try_from(index).ok());
    }
    match layout.left_out.iter().any(|left_out| name.is(left_out)) {
        true => Ok(None),
        false => Err(Wrong::new(at, "expected one of the table's columns, in their order")),
    }
}

fn value(scan: &mut Scan<'_>, layout: &Layout, column: Option<u16>) -> Result<Assigned, Wrong> {
    let at = scan.at;
    let form = layout.form(column);
    let text = |start, end, quotes| Value::Text { start, end, quotes };
    let value = match scan.rest().first() {
        Some(b'\'') => {
            let (start, end, doubled) = scan.quoted()?;
            if scan.between(start, end) == OUT_OF_LINE {
                Value::OutOfLine
            } else if !doubled {
                text(start, end, 1)
            } else if matches!(form, Form::Text | Form::Char | Form::Array { of_text: true }) {
                if !stand_by_fours(scan.between(start, end)) {
                    return Err(layout.wrong(
                        column,
                        at,
                        "expected every quote in a text to be doubled twice",
                    ));
                }
                text(start, end, 4)
            } else {
                text(start, end, 2)
            }
        }
        Some(b'n') if scan.eat(b"null") => Value::Null,
        // Their first letters are PostgreSQL's text of them.
        Some(b't') if scan.eat(b"true") => text(at, at + 1, 1),
        Some(b'f') if scan.eat(b"false") => text(at, at + 1, 1),
        Some(b'B') if scan.rest().starts_with(b"B'") => {
            scan.at += 1;
            let (start, end, _) = scan.quoted()?;
            text(start, end, 1)
        }
        _ => {
            let (start, end) = scan.number()?;
            text(start, end, 1)
        }
    };
    match (form, value) {
        (Form::Lossy(why), Value::Text { .. }) if column.is_some() => Err(layout.wrong(column, at, why)),
        _ => Ok(Assigned { column, value, at }),
    }
}

/// Whether quotes stand by fours only.
fn stand_by_fours(text: &[u8]) -> bool {
    text.split(|&byte| byte != b'\'').all(|quotes| quotes.len() % 4 == 0)
}

/// An identifier as `quote_identifier` prints it.
#[derive(Debug, Clone, Copy)]
struct Identifier<'a> {
    /// Without the quotes around it.
    text: &'a [u8],
    /// Whether quotes inside are doubled.
    doubled: bool,
}

impl Identifier<'_> {
    fn is(self, name: &str) -> bool {
        if !self.doubled {
            return self.text == name.as_bytes();
        }
        let mut rest = self.text;
        name.bytes().all(|byte| {
            let printed: &[u8] = if byte == b'"' { b"\"\"" } else { &[byte] };
            let stripped = rest.strip_prefix(printed);
            rest = stripped.unwrap_or_default();
            stripped.is_some()
        }) && rest.is_empty()
    }
}

fn identifier<'a>(scan: &mut Scan<'a>) -> Result<Identifier<'a>, Wrong> {
    if !scan.eat(b"\"") {
        let start = scan.at;
        let part = |byte: &u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || *byte == b'_';
        let length = scan.rest().iter().take_while(|byte| part(byte)).count();
        if length == 0 {
            return Err(scan.expected("a name"));
        }
        scan.at += length;
        return Ok(Identifier { text: scan.between(start, scan.at), doubled: false });
    }
    let start = scan.at;
    let mut doubled = false;
    loop {
        let Some(quote) = scan.rest().iter().position(|&byte| byte == b'"') else {
            return Err(Wrong::new(start - 1, "the quotes of a name are not closed"));
        };
        let end = scan.at + quote;
        scan.at = end + 1;
        if !scan.eat(b"\"") {
            return Ok(Identifier { text: scan.between(start, end), doubled });
        }
        doubled = true;
    }
}
