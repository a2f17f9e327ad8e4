//! `vector`, `halfvec` and `sparsevec` of pgvector (`src/vector.c`, `halfvec.c`, `sparsevec.c`, `halfutils.h`).

mod half;
mod halfvec;
mod sparsevec;
mod vector;

pub use halfvec::PgHalfvec;
pub(super) use halfvec::write_text_from_binary as write_halfvec_from_binary;
pub use sparsevec::PgSparsevec;
pub(super) use sparsevec::write_text_from_binary as write_sparsevec_from_binary;
pub use vector::PgVector;
pub(super) use vector::write_text_from_binary as write_vector_from_binary;

use super::encoded::Reader;
use super::float::{float4_from_text, write_float4};
use super::{ColumnType, Extension, Flaw, Parsed, Shape};

/// The most elements that pgvector allows: of a vector or halfvec, or other than zero of a sparsevec.
const MOST_ELEMENTS: usize = 16_000;

/// The type of what came from no column.
fn nameless(extension: Extension) -> ColumnType {
    ColumnType::with_shape(0, -1, "", Shape::Extension(extension))
}

/// The elements of a vector or halfvec: the number of dimensions, two unused bytes, then `N` bytes an element.
fn dense_elements<const N: usize>(
    bytes: &[u8],
    read: impl Fn([u8; N]) -> f32,
) -> Parsed<impl Iterator<Item = Parsed<f32>>> {
    let mut reader = Reader::new(bytes);
    let count = usize::from(reader.u16()?);
    if !(1..=MOST_ELEMENTS).contains(&count) {
        return Err(Flaw::at("has a number of dimensions that no vector has", 0));
    }
    if reader.u16()? != 0 {
        return Err(Flaw::at("has unknown flags", 2));
    }
    let elements = reader.take(N * count)?;
    reader.end()?;
    Ok(elements.as_chunks().0.iter().map(move |element| finite(read(*element))))
}

/// Appends `[1,2.5]`: numbers as a float4 prints them, but that they are not finite.
fn write_elements(elements: impl Iterator<Item = Parsed<f32>>, out: &mut Vec<u8>) -> Parsed<()> {
    let mut before = b'[';
    for element in elements {
        out.push(before);
        before = b',';
        write_float4(element?, out);
    }
    out.push(b']');
    Ok(())
}

/// Reads `[1,2.5]`.
fn read_elements(text: &[u8]) -> Parsed<Vec<f32>> {
    let inner = text.strip_prefix(b"[").and_then(|text| text.strip_suffix(b"]"));
    let inner = inner.ok_or(Flaw::at("is not the text of a vector", 0))?;
    let elements: Vec<f32> = inner.split(|&byte| byte == b',').map(read_element).collect::<Parsed<_>>()?;
    if elements.len() > MOST_ELEMENTS {
        return Err(Flaw::new("has a number of dimensions that no vector has"));
    }
    Ok(elements)
}

/// An element, which pgvector holds to be finite.
fn read_element(text: &[u8]) -> Parsed<f32> {
    finite(float4_from_text(text)?)
}

fn finite(element: f32) -> Parsed<f32> {
    if element.is_finite() { Ok(element) } else { Err(Flaw::new("has an element that is not finite")) }
}
