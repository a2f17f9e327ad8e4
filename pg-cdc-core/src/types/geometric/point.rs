//! `point`

use std::fmt;

use super::{Cursor, numbers, write_float8, write_numbers};
use crate::types::{Parsed, oid};

/// A `point`.
///
/// ```
/// use pg_cdc_core::types::PgPoint;
///
/// let point: PgPoint = "(1.5,-2)".parse()?;
/// assert_eq!(point, PgPoint { x: 1.5, y: -2.0 });
/// assert_eq!(point.to_string(), "(1.5,-2)");
/// # Ok::<(), pg_cdc_core::types::TypeError>(())
/// ```
#[derive(Clone, Copy, PartialEq)]
pub struct PgPoint {
    /// Its first coordinate.
    pub x: f64,
    /// Its second coordinate.
    pub y: f64,
}

impl PgPoint {
    pub(crate) fn from_text(text: &[u8]) -> Parsed<Self> {
        let mut cursor = Cursor::new(text);
        let point = cursor.point()?;
        cursor.end()?;
        Ok(point)
    }

    pub(crate) fn from_binary(bytes: &[u8]) -> Parsed<Self> {
        let [x, y] = numbers(bytes)?;
        Ok(Self { x, y })
    }

    /// Appends PostgreSQL's text form.
    pub fn write_text(self, out: &mut Vec<u8>) {
        out.push(b'(');
        write_float8(self.x, out);
        out.push(b',');
        write_float8(self.y, out);
        out.push(b')');
    }

    /// Appends PostgreSQL's binary form.
    pub fn write_binary(self, out: &mut Vec<u8>) {
        write_numbers(&[self.x, self.y], out);
    }
}

crate::types::text_is_parsed!(PgPoint, oid::POINT);
crate::types::text_is_display!(PgPoint);
