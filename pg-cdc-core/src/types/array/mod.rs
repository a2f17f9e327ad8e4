//! Arrays: any type's, up to six dimensions, any lower bounds (`src/backend/utils/adt/arrayfuncs.c`).

mod value;
mod vector;
mod walk;

use super::Flaw;
use super::Parsed;
use super::column_type::ColumnType;
use super::encoded::{Encoded, Reader};
use walk::{Measure, text_bounds, walk_binary, walk_text};

pub use value::PgArray;
pub(super) use vector::{as_array, dimensions as vector_dimensions};
pub use walk::Dimension;
pub(super) use walk::{Part, header, parts_of};

/// Tells `each` the parts of an array; an empty one is `Open` and `Close`.
pub(super) fn walk(
    type_: &ColumnType,
    value: Encoded<'_>,
    each: impl FnMut(&ColumnType, Part<'_>) -> Parsed<()>,
) -> Parsed<()> {
    match (value, vector::as_array(type_)) {
        (Encoded::Text(text), None) => walk_text(type_, text, each),
        (Encoded::Text(text), Some(array)) => vector::walk_text(array, text, each),
        (Encoded::Binary(bytes), None) => walk_binary(type_, bytes, each),
        (Encoded::Binary(bytes), Some(array)) => vector::walk_binary(array, bytes, each),
    }
}

/// The dimensions of an array: none for an empty one.
pub(super) fn dimensions(type_: &ColumnType, value: Encoded<'_>) -> Parsed<Vec<Dimension>> {
    if let Some(array) = vector::as_array(type_) {
        return vector::dimensions(array, value);
    }
    match value {
        Encoded::Binary(bytes) => {
            let (_, elements, dimensions, count) = header(type_, &mut Reader::new(bytes))?;
            // However many it names, an array without elements has none (`array_recv`).
            let count = if elements == 0 { 0 } else { count };
            Ok(dimensions.get(..count).unwrap_or_default().to_vec())
        }
        Encoded::Text(text) => {
            let (lowers, _) = text_bounds(text)?;
            let mut shape = Measure::default();
            walk_text(type_, text, |_, part| shape.take(&part))?;
            let mut dimensions = shape.dimensions()?;
            if !lowers.is_empty() && lowers.len() != dimensions.len() {
                return Err(Flaw::at("has bounds that are not those of its elements", 0));
            }
            for (dimension, lower) in dimensions.iter_mut().zip(lowers) {
                dimension.lower = lower;
            }
            Ok(dimensions)
        }
    }
}

/// Whether every dimension that the value says the bounds of begins with index 1.
#[cfg(feature = "arrow")]
pub(super) fn begins_with_one(type_: &ColumnType, value: Encoded<'_>) -> Parsed<bool> {
    match value {
        Encoded::Text(text) => Ok(text_bounds(text)?.0.iter().all(|&lower| lower == 1)),
        Encoded::Binary(bytes) => {
            let (_, _, dimensions, count) = header(type_, &mut Reader::new(bytes))?;
            Ok(dimensions.iter().take(count).all(|dimension| dimension.lower == 1))
        }
    }
}
