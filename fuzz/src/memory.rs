//! How much may come of a value's bytes.

use pg_cdc_core::types::{ColumnType, Kind, Shape};

/// The longest numeric: 131072 digits before the point, 16383 behind it; its binary form can be eight bytes.
const NUMERIC: usize = 150_000 / 8;

/// What one byte of any other plain type can become: six characters as an escape of JSON, a GeoJSON object of the nine
/// bytes of an empty geometry.
const PLAIN: usize = 16;

/// The longest output of a value of `length` bytes.
pub(crate) fn most_written(type_: &ColumnType, length: usize) -> usize {
    factor(type_).saturating_mul(length + 64)
}

/// The most memory that reading or writing it may hold at once: vectors that grow, and the few dozen bytes that an
/// element of one byte has as a Rust value.
pub(crate) fn most_held(type_: &ColumnType, length: usize) -> usize {
    most_written(type_, length).saturating_mul(8)
}

/// Each container around a value doubles what must be escaped in its text.
fn factor(type_: &ColumnType) -> usize {
    match type_.shape() {
        Some(Shape::Array { element, .. }) => 2 * factor(element),
        Some(Shape::Range { subtype } | Shape::Multirange { subtype }) => 2 * factor(subtype),
        Some(Shape::Domain { base }) => factor(base),
        Some(Shape::Composite { fields }) => {
            2 * fields.iter().map(|field| factor(&field.type_)).max().unwrap_or(PLAIN)
        }
        _ if type_.kind() == Kind::Numeric => NUMERIC,
        _ => PLAIN,
    }
}
