//! `circle`

use std::fmt;

use super::{Cursor, PgPoint, numbers, write_float8, write_numbers};
use crate::types::{Parsed, oid};

/// A `circle`.
///
/// ```
/// use pg_cdc_core::types::{PgCircle, PgPoint};
///
/// let circle: PgCircle = "<(1,2),0.5>".parse()?;
/// assert_eq!(circle, PgCircle { center: PgPoint { x: 1.0, y: 2.0 }, radius: 0.5 });
/// assert_eq!(circle.to_string(), "<(1,2),0.5>");
/// # Ok::<(), pg_cdc_core::types::TypeError>(())
/// ```
#[derive(Clone, Copy, PartialEq)]
pub struct PgCircle {
    /// Its centre.
    pub center: PgPoint,
    /// Its radius.
    pub radius: f64,
}

impl PgCircle {
    pub(crate) fn from_text(text: &[u8]) -> Parsed<Self> {
        let mut cursor = Cursor::new(text);
        cursor.take(b'<')?;
        let center = cursor.point()?;
        cursor.take(b',')?;
        let radius = cursor.number()?;
        cursor.take(b'>')?;
        cursor.end()?;
        Ok(Self { center, radius })
    }

    pub(crate) fn from_binary(bytes: &[u8]) -> Parsed<Self> {
        let [x, y, radius] = numbers(bytes)?;
        Ok(Self { center: PgPoint { x, y }, radius })
    }

    /// Appends PostgreSQL's text form.
    pub fn write_text(self, out: &mut Vec<u8>) {
        out.push(b'<');
        self.center.write_text(out);
        out.push(b',');
        write_float8(self.radius, out);
        out.push(b'>');
    }

    /// Appends PostgreSQL's binary form.
    pub fn write_binary(self, out: &mut Vec<u8>) {
        write_numbers(&[self.center.x, self.center.y, self.radius], out);
    }
}

crate::types::text_is_parsed!(PgCircle, oid::CIRCLE);
crate::types::text_is_display!(PgCircle);
