//! `line`

use std::fmt;

use super::{Cursor, numbers, write_float8, write_numbers};
use crate::types::{Parsed, oid};

/// A `line`: all points for which `a`x + `b`y + `c` = 0.
///
/// ```
/// use pg_cdc_core::types::PgLine;
///
/// let line: PgLine = "{1,-1,0.5}".parse()?;
/// assert_eq!(line, PgLine { a: 1.0, b: -1.0, c: 0.5 });
/// assert_eq!(line.to_string(), "{1,-1,0.5}");
/// # Ok::<(), pg_cdc_core::types::TypeError>(())
/// ```
#[derive(Clone, Copy, PartialEq)]
pub struct PgLine {
    /// What x is multiplied with.
    pub a: f64,
    /// What y is multiplied with.
    pub b: f64,
    /// What is added.
    pub c: f64,
}

impl PgLine {
    pub(crate) fn from_text(text: &[u8]) -> Parsed<Self> {
        let mut cursor = Cursor::new(text);
        cursor.take(b'{')?;
        let a = cursor.number()?;
        cursor.take(b',')?;
        let b = cursor.number()?;
        cursor.take(b',')?;
        let c = cursor.number()?;
        cursor.take(b'}')?;
        cursor.end()?;
        Ok(Self { a, b, c })
    }

    pub(crate) fn from_binary(bytes: &[u8]) -> Parsed<Self> {
        let [a, b, c] = numbers(bytes)?;
        Ok(Self { a, b, c })
    }

    /// Appends PostgreSQL's text form.
    pub fn write_text(self, out: &mut Vec<u8>) {
        out.push(b'{');
        write_float8(self.a, out);
        out.push(b',');
        write_float8(self.b, out);
        out.push(b',');
        write_float8(self.c, out);
        out.push(b'}');
    }

    /// Appends PostgreSQL's binary form.
    pub fn write_binary(self, out: &mut Vec<u8>) {
        write_numbers(&[self.a, self.b, self.c], out);
    }
}

crate::types::text_is_parsed!(PgLine, oid::LINE);
crate::types::text_is_display!(PgLine);
