//! Geometric types: points in the plane and what is made of them (`src/backend/utils/adt/geo_ops.c`).
//!
//! Coordinates are float8, NaN and the infinities included, in text with the digits of [`write_float8`]. Values compare
//! as their floats do: exactly, 0 and -0 alike, NaN with nothing (to PostgreSQL coordinates within 1e-6 are the same).

mod circle;
mod line;
mod path;
mod point;
mod segment;

use super::encoded::Reader;
use super::float::float8_from_text;
use super::{Flaw, Parsed, write_float8};

pub use circle::PgCircle;
pub use line::PgLine;
pub use path::{PgPath, PgPolygon};
pub use point::PgPoint;
pub use segment::{PgBox, PgLseg};

pub(super) use path::{write_path_from_binary, write_polygon_from_binary};

/// A cursor over the text of one of these types.
struct Cursor<'a> {
    text: &'a [u8],
    at: usize,
}

impl<'a> Cursor<'a> {
    fn new(text: &'a [u8]) -> Self {
        Self { text, at: 0 }
    }

    fn rest(&self) -> &'a [u8] {
        self.text.get(self.at..).unwrap_or_default()
    }

    /// Passes over `byte`, if it stands here.
    fn skip(&mut self, byte: u8) -> bool {
        let stands = self.rest().first() == Some(&byte);
        self.at += usize::from(stands);
        stands
    }

    fn take(&mut self, byte: u8) -> Parsed<()> {
        let at = self.at;
        if self.skip(byte) { Ok(()) } else { Err(Flaw::at("is not the text of its type", at)) }
    }

    /// A number, which ends before a comma or a closing bracket.
    fn number(&mut self) -> Parsed<f64> {
        let rest = self.rest();
        let length = rest.iter().position(|byte| matches!(byte, b',' | b')' | b']' | b'}' | b'>'));
        let number = rest.get(..length.unwrap_or(rest.len())).unwrap_or_default();
        let value = float8_from_text(number).map_err(|flaw| Flaw::at(flaw.what, self.at))?;
        self.at += number.len();
        Ok(value)
    }

    fn point(&mut self) -> Parsed<PgPoint> {
        self.take(b'(')?;
        let x = self.number()?;
        self.take(b',')?;
        let y = self.number()?;
        self.take(b')')?;
        Ok(PgPoint { x, y })
    }

    fn end(&self) -> Parsed<()> {
        if self.rest().is_empty() { Ok(()) } else { Err(Flaw::at("has bytes behind its end", self.at)) }
    }
}

/// Reads a binary form that is `N` numbers.
fn numbers<const N: usize>(bytes: &[u8]) -> Parsed<[f64; N]> {
    let mut reader = Reader::new(bytes);
    let mut numbers = [0.0; N];
    for number in &mut numbers {
        *number = f64::from_be_bytes(reader.array()?);
    }
    reader.end()?;
    Ok(numbers)
}

fn write_numbers(numbers: &[f64], out: &mut Vec<u8>) {
    for number in numbers {
        out.extend_from_slice(&number.to_be_bytes());
    }
}
