//! `path` and `polygon`: any number of points, but none

use std::fmt;

use super::{Cursor, PgPoint};
use crate::types::encoded::Reader;
use crate::types::{Flaw, Parsed, oid};

/// A `path`: lines from point to point, which may lead back to the first.
///
/// ```
/// use pg_cdc_core::types::PgPath;
///
/// let path: PgPath = "[(0,0),(1,2),(3,0)]".parse()?;
/// assert_eq!((path.closed, path.points.len()), (false, 3));
/// assert_eq!(path.to_string(), "[(0,0),(1,2),(3,0)]");
/// # Ok::<(), pg_cdc_core::types::TypeError>(())
/// ```
#[derive(Clone, PartialEq)]
pub struct PgPath {
    /// Whether a last line leads back to the first point (`(…)`) or not (`[…]`).
    pub closed: bool,
    /// Its points; every path of a server has one at least.
    pub points: Vec<PgPoint>,
}

/// A `polygon`: the corners of an area.
///
/// ```
/// use pg_cdc_core::types::PgPolygon;
///
/// let polygon: PgPolygon = "((0,0),(1,2),(3,0))".parse()?;
/// assert_eq!(polygon.points.len(), 3);
/// assert_eq!(polygon.to_string(), "((0,0),(1,2),(3,0))");
/// # Ok::<(), pg_cdc_core::types::TypeError>(())
/// ```
#[derive(Clone, PartialEq)]
pub struct PgPolygon {
    /// Its corners; every polygon of a server has one at least.
    pub points: Vec<PgPoint>,
}

impl PgPath {
    pub(crate) fn from_text(text: &[u8]) -> Parsed<Self> {
        let closed = text.first() != Some(&b'[');
        let brackets = if closed { *b"()" } else { *b"[]" };
        Ok(Self { closed, points: read(text, brackets)? })
    }

    pub(crate) fn from_binary(bytes: &[u8]) -> Parsed<Self> {
        let (closed, points) = path_parts(bytes)?;
        Ok(Self { closed, points: points.collect() })
    }

    /// Appends PostgreSQL's text form.
    pub fn write_text(&self, out: &mut Vec<u8>) {
        write_path(self.closed, self.points.iter().copied(), out);
    }

    /// Appends PostgreSQL's binary form.
    pub fn write_binary(&self, out: &mut Vec<u8>) {
        out.push(u8::from(self.closed));
        write_points(&self.points, out);
    }
}

impl PgPolygon {
    pub(crate) fn from_text(text: &[u8]) -> Parsed<Self> {
        Ok(Self { points: read(text, *b"()")? })
    }

    pub(crate) fn from_binary(bytes: &[u8]) -> Parsed<Self> {
        Ok(Self { points: points(&mut Reader::new(bytes))?.collect() })
    }

    /// Appends PostgreSQL's text form.
    pub fn write_text(&self, out: &mut Vec<u8>) {
        write_path(true, self.points.iter().copied(), out);
    }

    /// Appends PostgreSQL's binary form.
    pub fn write_binary(&self, out: &mut Vec<u8>) {
        write_points(&self.points, out);
    }
}

/// Reads points between two brackets.
fn read(text: &[u8], [open, close]: [u8; 2]) -> Parsed<Vec<PgPoint>> {
    let mut cursor = Cursor::new(text);
    cursor.take(open)?;
    let mut points = vec![cursor.point()?];
    while cursor.skip(b',') {
        points.push(cursor.point()?);
    }
    cursor.take(close)?;
    cursor.end()?;
    Ok(points)
}

/// Whether it is closed, then the points (`path_send`).
fn path_parts(bytes: &[u8]) -> Parsed<(bool, impl Iterator<Item = PgPoint>)> {
    let mut reader = Reader::new(bytes);
    let closed = match reader.u8()? {
        0 => false,
        1 => true,
        _ => return Err(Flaw::at("is neither open nor closed", 0)),
    };
    Ok((closed, points(&mut reader)?))
}

/// The number of points, then the points, up to the value's end (`poly_send`).
fn points<'a>(reader: &mut Reader<'a>) -> Parsed<impl Iterator<Item = PgPoint> + use<'a>> {
    let count = reader.count()?;
    let (points, rest) = reader.rest().as_chunks::<16>();
    if count == 0 || points.len() != count || !rest.is_empty() {
        return Err(Flaw::at("has not as many points as it says", reader.at()));
    }
    Ok(points.iter().map(|point| {
        let [x, y] = [u128::from_be_bytes(*point) >> 64, u128::from_be_bytes(*point)];
        PgPoint { x: f64::from_bits(x as u64), y: f64::from_bits(y as u64) }
    }))
}

fn write_path(closed: bool, points: impl Iterator<Item = PgPoint>, out: &mut Vec<u8>) {
    let [open, close] = if closed { *b"()" } else { *b"[]" };
    out.push(open);
    for (index, point) in points.enumerate() {
        if index > 0 {
            out.push(b',');
        }
        point.write_text(out);
    }
    out.push(close);
}

fn write_points(points: &[PgPoint], out: &mut Vec<u8>) {
    // PostgreSQL's own limit, a gigabyte a value, is below i32::MAX.
    out.extend_from_slice(&i32::try_from(points.len()).unwrap_or(i32::MAX).to_be_bytes());
    for point in points {
        point.write_binary(out);
    }
}

/// Appends the text of a path's binary form.
pub(in crate::types) fn write_path_from_binary(bytes: &[u8], out: &mut Vec<u8>) -> Parsed<()> {
    let (closed, points) = path_parts(bytes)?;
    write_path(closed, points, out);
    Ok(())
}

/// Appends the text of a polygon's binary form.
pub(in crate::types) fn write_polygon_from_binary(bytes: &[u8], out: &mut Vec<u8>) -> Parsed<()> {
    write_path(true, points(&mut Reader::new(bytes))?, out);
    Ok(())
}

crate::types::text_is_parsed!(PgPath, oid::PATH);
crate::types::text_is_parsed!(PgPolygon, oid::POLYGON);
crate::types::text_is_display!(PgPath);
crate::types::text_is_display!(PgPolygon);
