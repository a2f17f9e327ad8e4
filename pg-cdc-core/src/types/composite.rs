//! Composites and the row types of tables (`src/backend/utils/adt/rowtypes.c`).

use super::column_type::{ColumnType, Field};
use super::encoded::{Encoded, Reader};
use super::quoting::{Style, unquote};
use super::{Flaw, Parsed};

const OTHER_FIELDS: &str = "has other fields than its type is known to have";

/// Tells `each` the fields of a composite with their values, `None` for NULL.
///
/// A value that was made before or after the type was altered has other fields than those that are known: an error,
/// since which of them it has can't be told.
pub(super) fn walk(
    type_: &ColumnType,
    value: Encoded<'_>,
    each: impl FnMut(&Field, Option<Encoded<'_>>) -> Parsed<()>,
) -> Parsed<()> {
    let fields = type_.fields().ok_or(Flaw::new("is no composite"))?;
    match value {
        Encoded::Text(text) => walk_text(fields, text, each),
        Encoded::Binary(bytes) => walk_binary(fields, bytes, each),
    }
}

fn walk_text(
    fields: &[Field],
    text: &[u8],
    mut each: impl FnMut(&Field, Option<Encoded<'_>>) -> Parsed<()>,
) -> Parsed<()> {
    let malformed = |at| Flaw::at("is not the text of a composite", at);
    if text.first() != Some(&b'(') {
        return Err(malformed(0));
    }
    let mut at = 1;
    for (index, field) in fields.iter().enumerate() {
        if index > 0 {
            match text.get(at) {
                Some(b',') => at += 1,
                Some(b')') => return Err(Flaw::new(OTHER_FIELDS)),
                _ => return Err(malformed(at)),
            }
        }
        let read = unquote(text, at, Style::Composite)?;
        let is_null = read.value.is_empty() && !read.was_quoted;
        at = read.end;
        each(field, (!is_null).then_some(Encoded::Text(&read.value)))?;
    }
    match text.get(at..) {
        Some(b")") => Ok(()),
        Some([b',', ..]) => Err(Flaw::new(OTHER_FIELDS)),
        // A type that had no fields when it was read.
        Some([byte, ..]) if fields.is_empty() && *byte != b')' => Err(Flaw::new(OTHER_FIELDS)),
        _ => Err(malformed(at)),
    }
}

/// The number of fields, and for each its type and its value behind its length (`record_send`).
fn walk_binary(
    fields: &[Field],
    bytes: &[u8],
    mut each: impl FnMut(&Field, Option<Encoded<'_>>) -> Parsed<()>,
) -> Parsed<()> {
    let mut reader = Reader::new(bytes);
    if reader.count()? != fields.len() {
        return Err(Flaw::new(OTHER_FIELDS));
    }
    for field in fields {
        if reader.u32()? != field.type_.oid {
            return Err(Flaw::new(OTHER_FIELDS));
        }
        each(field, reader.nullable()?.map(Encoded::Binary))?;
    }
    reader.end()
}
