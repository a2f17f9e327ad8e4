//! `lseg` and `box`: two points each

use std::fmt;

use super::{Cursor, PgPoint, numbers, write_numbers};
use crate::types::{Parsed, oid};

/// An `lseg`: the line from one point to another.
///
/// ```
/// use pg_cdc_core::types::{PgLseg, PgPoint};
///
/// let segment: PgLseg = "[(0,0),(1,2)]".parse()?;
/// assert_eq!(segment.end, PgPoint { x: 1.0, y: 2.0 });
/// assert_eq!(segment.to_string(), "[(0,0),(1,2)]");
/// # Ok::<(), pg_cdc_core::types::TypeError>(())
/// ```
#[derive(Clone, Copy, PartialEq)]
pub struct PgLseg {
    /// Its first point.
    pub start: PgPoint,
    /// Its second point.
    pub end: PgPoint,
}

/// A `box`: a rectangle along the axes.
///
/// ```
/// use pg_cdc_core::types::{PgBox, PgPoint};
///
/// let rectangle: PgBox = "(3,4),(1,2)".parse()?;
/// assert_eq!(rectangle.low, PgPoint { x: 1.0, y: 2.0 });
/// assert_eq!(rectangle.to_string(), "(3,4),(1,2)");
/// # Ok::<(), pg_cdc_core::types::TypeError>(())
/// ```
#[derive(Clone, Copy, PartialEq)]
pub struct PgBox {
    /// The corner of the larger coordinates, which the server prints first.
    pub high: PgPoint,
    /// The corner of the smaller coordinates.
    pub low: PgPoint,
}

impl PgLseg {
    pub(crate) fn from_text(text: &[u8]) -> Parsed<Self> {
        let mut cursor = Cursor::new(text);
        cursor.take(b'[')?;
        let (start, end) = read_two(&mut cursor)?;
        cursor.take(b']')?;
        cursor.end()?;
        Ok(Self { start, end })
    }

    pub(crate) fn from_binary(bytes: &[u8]) -> Parsed<Self> {
        let (start, end) = two_from_binary(bytes)?;
        Ok(Self { start, end })
    }

    /// Appends PostgreSQL's text form.
    pub fn write_text(self, out: &mut Vec<u8>) {
        out.push(b'[');
        write_two(self.start, self.end, out);
        out.push(b']');
    }

    /// Appends PostgreSQL's binary form.
    pub fn write_binary(self, out: &mut Vec<u8>) {
        write_numbers(&[self.start.x, self.start.y, self.end.x, self.end.y], out);
    }
}

impl PgBox {
    pub(crate) fn from_text(text: &[u8]) -> Parsed<Self> {
        let mut cursor = Cursor::new(text);
        let (high, low) = read_two(&mut cursor)?;
        cursor.end()?;
        Ok(Self { high, low })
    }

    pub(crate) fn from_binary(bytes: &[u8]) -> Parsed<Self> {
        let (high, low) = two_from_binary(bytes)?;
        Ok(Self { high, low })
    }

    /// Appends PostgreSQL's text form.
    pub fn write_text(self, out: &mut Vec<u8>) {
        write_two(self.high, self.low, out);
    }

    /// Appends PostgreSQL's binary form.
    pub fn write_binary(self, out: &mut Vec<u8>) {
        write_numbers(&[self.high.x, self.high.y, self.low.x, self.low.y], out);
    }
}

fn read_two(cursor: &mut Cursor<'_>) -> Parsed<(PgPoint, PgPoint)> {
    let first = cursor.point()?;
    cursor.take(b',')?;
    Ok((first, cursor.point()?))
}

fn two_from_binary(bytes: &[u8]) -> Parsed<(PgPoint, PgPoint)> {
    let [x1, y1, x2, y2] = numbers(bytes)?;
    Ok((PgPoint { x: x1, y: y1 }, PgPoint { x: x2, y: y2 }))
}

fn write_two(first: PgPoint, second: PgPoint, out: &mut Vec<u8>) {
    first.write_text(out);
    out.push(b',');
    second.write_text(out);
}

crate::types::text_is_parsed!(PgLseg, oid::LSEG);
crate::types::text_is_parsed!(PgBox, oid::BOX);
crate::types::text_is_display!(PgLseg);
crate::types::text_is_display!(PgBox);
