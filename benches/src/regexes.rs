//! test_decoding by regular expressions: one for a line, one for a column.
//!
//! Written to be fast: on bytes, so that UTF-8 is not looked at; anchored, and decided at every byte, so that the engine
//! finds groups in one pass over the text; into slots and a row that are used again. What is in quotes may hold anything,
//! quotes that are doubled too.

use std::borrow::Cow;
use std::fmt;
use std::hint::black_box;

use regex::bytes::{CaptureLocations, Regex};

use crate::captures::Capture;

const LINE: &str = concat!(
    r#"(?s-u)^(?:table ((?:(?:"[^"]*")+|[a-z0-9_]+)\.(?:(?:"[^"]*")+|[a-z0-9_]+)"#,
    r#"(?:, (?:(?:"[^"]*")+|[a-z0-9_]+)\.(?:(?:"[^"]*")+|[a-z0-9_]+))*): (INSERT|UPDATE|DELETE|TRUNCATE):"#,
    r"|BEGIN ([0-9]+)$|COMMIT ([0-9]+) \(at ([^)]*)\)$)",
);
const COLUMN: &str = concat!(
    r#"(?s-u)^ ((?:"[^"]*")+|[a-z0-9_]+)\[((?:"[^"]*"|\[\]|[^"\[\]])*)\]:"#,
    r"((?:'[^']*')+|B'[01]*'|[0-9a-zIN.+-]+)",
);

/// A column of a row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Piece<'a> {
    /// Its name, as SQL quotes it.
    pub name: &'a [u8],
    /// The name of its type.
    pub type_name: &'a [u8],
    /// Its value.
    pub value: Value<'a>,
}

/// A column's value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Value<'a> {
    /// SQL's NULL.
    Null,
    /// Not sent.
    Unchanged,
    /// The text, of which quotes that were doubled are not.
    Text(Cow<'a, [u8]>),
}

/// What a line is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Line<'a> {
    /// The start of a transaction.
    Begin {
        /// Its id.
        xid: &'a [u8],
    },
    /// The end of a transaction.
    Commit {
        /// Its id.
        xid: &'a [u8],
        /// When it committed.
        time: &'a [u8],
    },
    /// A change; its columns are in the row that was handed in.
    Change {
        /// The table, or the tables of a TRUNCATE, as SQL quotes them.
        table: &'a [u8],
        /// INSERT, UPDATE, DELETE or TRUNCATE.
        op: &'a [u8],
        /// How many of the columns are the old row's.
        old: usize,
    },
}

/// The expressions, with the slots of their groups.
pub struct Regexes {
    line: (Regex, CaptureLocations),
    column: (Regex, CaptureLocations),
}

impl fmt::Debug for Regexes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries([&self.line.0, &self.column.0]).finish()
    }
}

impl Default for Regexes {
    fn default() -> Self {
        let compiled = |pattern| {
            let regex = Regex::new(pattern).unwrap();
            let slots = regex.capture_locations();
            (regex, slots)
        };
        Self { line: compiled(LINE), column: compiled(COLUMN) }
    }
}

impl Regexes {
    /// Reads the capture, each row into `row`, and gives the number of changes.
    pub fn run<'a>(&mut self, capture: &'a Capture, row: &mut Vec<Piece<'a>>) -> usize {
        let mut changes = 0;
        for (_, range) in &capture.frames {
            let line = self.read(&capture.buffer[range.clone()], row).unwrap();
            changes += usize::from(matches!(line, Line::Change { .. }));
            black_box((&line, &*row));
        }
        changes
    }

    /// Reads a line, its columns into `row`; `None` where it is not what is expected.
    pub fn read<'a>(&mut self, line: &'a [u8], row: &mut Vec<Piece<'a>>) -> Option<Line<'a>> {
        row.clear();
        let (regex, slots) = &mut self.line;
        regex.captures_read(slots, line)?;
        let group = |at| slots.get(at).map(|(start, end)| &line[start..end]);
        let Some((table, op)) = group(1).zip(group(2)) else {
            return match group(3) {
                Some(xid) => Some(Line::Begin { xid }),
                None => Some(Line::Commit { xid: group(4)?, time: group(5)? }),
            };
        };
        let mut rest = &line[slots.get(0)?.1..];
        let mut old = 0;
        match op {
            b"TRUNCATE" => return Some(Line::Change { table, op, old }),
            b"UPDATE" => {
                if let Some(columns) = rest.strip_prefix(b" old-key:") {
                    rest = columns;
                    loop {
                        if let Some(columns) = rest.strip_prefix(b" new-tuple:") {
                            rest = columns;
                            break;
                        }
                        rest = self.column(rest, row)?;
                    }
                    old = row.len();
                }
            }
            _ => {}
        }
        while !rest.is_empty() {
            rest = self.column(rest, row)?;
        }
        if op == b"DELETE" {
            old = row.len();
        }
        Some(Line::Change { table, op, old })
    }

    /// Reads the column that stands first in `columns`, and gives what follows.
    fn column<'a>(&mut self, columns: &'a [u8], row: &mut Vec<Piece<'a>>) -> Option<&'a [u8]> {
        let (regex, slots) = &mut self.column;
        let whole = regex.captures_read(slots, columns)?;
        let group = |at| slots.get(at).map(|(start, end)| &columns[start..end]);
        row.push(Piece { name: group(1)?, type_name: group(2)?, value: value(group(3)?) });
        Some(&columns[whole.end()..])
    }
}

fn value(literal: &[u8]) -> Value<'_> {
    match literal {
        [b'\'', text @ .., b'\''] if text.contains(&b'\'') => {
            let mut single = Vec::with_capacity(text.len());
            let mut quotes = 0;
            single.extend(text.iter().filter(|&&byte| {
                quotes += usize::from(byte == b'\'');
                byte != b'\'' || quotes % 2 == 1
            }));
            Value::Text(single.into())
        }
        [b'\'', text @ .., b'\''] | [b'B', b'\'', text @ .., b'\''] => Value::Text(text.into()),
        b"null" => Value::Null,
        b"unchanged-toast-datum" => Value::Unchanged,
        bare => Value::Text(bare.into()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(value: &[u8]) -> Value<'_> {
        Value::Text(value.into())
    }

    fn read<'a>(line: &'a str) -> (Line<'a>, Vec<Piece<'a>>) {
        let mut row = Vec::new();
        let line = Regexes::default().read(line.as_bytes(), &mut row).unwrap();
        (line, row)
    }

    #[test]
    fn a_value_may_look_like_another_column() {
        let line = "table public.\"a.\"\"b\": INSERT: id[integer]:1 \"n [x]:\"[text]:'it''s b[text]:''x'' \n''' \
                    c[\"t]:\"[]]:'{}' d[bit]:B'10' e[timestamp with time zone]:null";
        let (line, row) = read(line);
        assert_eq!(line, Line::Change { table: b"public.\"a.\"\"b\"", op: b"INSERT", old: 0 });
        let values: Vec<_> =
            row.iter().map(|piece| (piece.name, piece.type_name, piece.value.clone())).collect();
        let expected: [(&[u8], &[u8], Value<'_>); 5] = [
            (b"id", b"integer", text(b"1")),
            (b"\"n [x]:\"", b"text", text(b"it's b[text]:'x' \n'")),
            (b"c", b"\"t]:\"[]", text(b"{}")),
            (b"d", b"bit", text(b"10")),
            (b"e", b"timestamp with time zone", Value::Null),
        ];
        assert_eq!(values, expected);
    }

    #[test]
    fn an_old_row_is_told_from_the_new_one() {
        let (line, row) = read(
            "table s.t: UPDATE: old-key: id[integer]:1 new-tuple: id[integer]:2 b[boolean]:true \
             note[text]:unchanged-toast-datum",
        );
        assert_eq!(line, Line::Change { table: b"s.t", op: b"UPDATE", old: 1 });
        assert_eq!(row.len(), 4);
        assert_eq!((&row[2].value, &row[3].value), (&text(b"true"), &Value::Unchanged));
        assert_eq!(
            read("table s.t: DELETE: id[integer]:-1").0,
            Line::Change { table: b"s.t", op: b"DELETE", old: 1 }
        );
    }

    #[test]
    fn transactions_and_truncates_are_read() {
        assert_eq!(read("BEGIN 742").0, Line::Begin { xid: b"742" });
        let time = b"2026-01-01 00:00:00.018732+00";
        assert_eq!(
            read("COMMIT 742 (at 2026-01-01 00:00:00.018732+00)").0,
            Line::Commit { xid: b"742", time }
        );
        let tables = b"s.t, s.u";
        assert_eq!(
            read("table s.t, s.u: TRUNCATE: (no-flags)").0,
            Line::Change { table: tables, op: b"TRUNCATE", old: 0 }
        );
    }
}
