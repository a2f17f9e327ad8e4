//! Rows as JSON objects, and the small values around them.

use pg_cdc_core::batch::{Change, Message, Row};
use pg_cdc_core::types::TypeError;
use pg_cdc_core::types::json::{DebeziumValues, is_mapped, write_debezium, write_json_string, write_natural};
use pg_cdc_core::{Column, Datum, InvalidText, Lsn, SinkError};

use super::form::Form;
use super::names::TableText;

/// Appends an integer.
#[inline]
pub(super) fn push_int(number: impl itoa::Integer, out: &mut Vec<u8>) {
    out.extend_from_slice(itoa::Buffer::new().format(number).as_bytes());
}

/// Appends an integer or `null`.
#[inline]
pub(super) fn push_int_or_null(number: Option<impl itoa::Integer>, out: &mut Vec<u8>) {
    match number {
        Some(number) => push_int(number, out),
        None => out.extend_from_slice(b"null"),
    }
}

/// Appends an LSN as an integer, no LSN as `null`.
#[inline]
pub(super) fn push_lsn(lsn: Lsn, out: &mut Vec<u8>) {
    push_int_or_null(Some(lsn.as_u64()).filter(|&lsn| lsn != 0), out);
}

/// Appends an object of the columns that `row` holds.
///
/// A value that was not sent since it did not change is taken from `old`, where that holds it.
#[inline]
pub(super) fn push_row(
    row: Row<'_>,
    old: Option<Row<'_>>,
    text: &TableText,
    form: &Form,
    out: &mut Vec<u8>,
) -> Result<(), TypeError> {
    match form {
        Form::Natural => push_natural_row(row, old, text, out),
        Form::Debezium { values, whole } => push_debezium_row(row, old, text, (values, *whole), out),
    }
}

#[inline]
fn push_natural_row(
    row: Row<'_>,
    old: Option<Row<'_>>,
    text: &TableText,
    out: &mut Vec<u8>,
) -> Result<(), TypeError> {
    let start = out.len();
    for (index, (column, mut datum)) in row.columns().enumerate() {
        if datum == Datum::Unchanged {
            datum = old.map_or(datum, |old| old.datum(index));
        }
        if datum.is_known() {
            push_natural(column, text.column(index), datum, row, out)?;
        }
    }
    close_object(start, out);
    Ok(())
}

/// The columns that were published and that Debezium has a field for; `whole` says whether those that are not in the
/// identity are there as nulls.
fn push_debezium_row(
    row: Row<'_>,
    old: Option<Row<'_>>,
    text: &TableText,
    (values, whole): (&DebeziumValues, bool),
    out: &mut Vec<u8>,
) -> Result<(), TypeError> {
    let start = out.len();
    for (index, (column, mut datum)) in row.columns().enumerate() {
        if datum == Datum::Unchanged
            && let Some(known) = old.map(|old| old.datum(index)).filter(|old| old.is_known())
        {
            datum = known;
        }
        let is_there = match datum {
            Datum::Absent => false,
            Datum::NotInIdentity => whole,
            _ => true,
        };
        if is_there {
            push_debezium(column, text.column(index), datum, row, values, out)?;
        }
    }
    close_object(start, out);
    Ok(())
}

/// Appends an object of the key columns that `row` holds, `null` for a table without a key.
#[inline]
pub(super) fn push_key(
    row: Row<'_>,
    text: &TableText,
    form: &Form,
    out: &mut Vec<u8>,
) -> Result<(), TypeError> {
    let table = row.table();
    if table.key.is_empty() {
        out.extend_from_slice(b"null");
        return Ok(());
    }
    let start = out.len();
    for &index in &table.key {
        let index = usize::from(index);
        let datum = row.datum(index);
        if let Some(column) = table.columns.get(index).filter(|_| datum.is_known()) {
            match form {
                Form::Natural => push_natural(column, text.column(index), datum, row, out)?,
                Form::Debezium { values, .. } => {
                    push_debezium(column, text.column(index), datum, row, values, out)?;
                }
            }
        }
    }
    close_object(start, out);
    Ok(())
}

/// Appends `,"name":value`.
#[inline]
fn push_natural(
    column: &Column,
    name: &[u8],
    datum: Datum<'_>,
    row: Row<'_>,
    out: &mut Vec<u8>,
) -> Result<(), TypeError> {
    out.extend_from_slice(name);
    write_natural(&column.type_, datum, out).map_err(|error| error.in_column(&row.table().name, &column.name))
}

/// Appends `,"name":value`, nothing for a type that Debezium has no field for.
#[inline]
fn push_debezium(
    column: &Column,
    name: &[u8],
    datum: Datum<'_>,
    row: Row<'_>,
    values: &DebeziumValues,
    out: &mut Vec<u8>,
) -> Result<(), TypeError> {
    if !is_mapped(&column.type_, values) {
        return Ok(());
    }
    out.extend_from_slice(name);
    write_debezium(&column.type_, datum, values, out)
        .map_err(|error| error.in_column(&row.table().name, &column.name))
}

/// Makes an object of the `,"name":value` pairs written since `start`.
#[inline]
fn close_object(start: usize, out: &mut Vec<u8>) {
    match out.get_mut(start) {
        // The first pair's comma is where the brace goes.
        Some(comma) => {
            *comma = b'{';
            out.push(b'}');
        }
        None => out.extend_from_slice(b"{}"),
    }
}

/// Appends `,"unchanged":[…]` with the columns whose value neither row holds; nothing where there is none, or where
/// such a value has a placeholder.
#[inline]
pub(super) fn push_unchanged(row: Row<'_>, old: Option<Row<'_>>, form: &Form, out: &mut Vec<u8>) {
    if !matches!(form, Form::Natural) {
        return;
    }
    let start = out.len();
    for (index, (column, datum)) in row.columns().enumerate() {
        if datum == Datum::Unchanged && !old.is_some_and(|old| old.datum(index).is_known()) {
            out.extend_from_slice(if out.len() == start { b",\"unchanged\":[" } else { b"," });
            write_json_string(&column.name, out);
        }
    }
    if out.len() > start {
        out.push(b']');
    }
}

/// Appends `"prefix":…,"content":…` of a logical message.
pub(super) fn push_message(message: &Message<'_>, out: &mut Vec<u8>) -> Result<(), SinkError> {
    use base64::Engine as _;
    let prefix = std::str::from_utf8(message.prefix).map_err(|error| {
        SinkError::new(format!("the prefix of the logical message at {} is not valid UTF-8", message.lsn))
            .with_cause(error)
            .with_hint(InvalidText::HINT)
    })?;
    out.extend_from_slice(b"\"prefix\":");
    write_json_string(prefix, out);
    out.extend_from_slice(b",\"content\":\"");
    let content = base64::engine::general_purpose::STANDARD.encode(message.content);
    out.extend_from_slice(content.as_bytes());
    out.push(b'"');
    Ok(())
}

/// The error of a value that is not what its type says.
#[cold]
pub(super) fn refused(change: &Change<'_>, error: TypeError) -> SinkError {
    let (transaction, hint) = (change.transaction(), error.hint());
    let refused = SinkError::new(format!(
        "table {}, column {}: the value can't be written as JSON (commit {}, change {})",
        change.table().name,
        error.column().unwrap_or("unknown"),
        transaction.commit_lsn,
        change.seq(),
    ))
    .with_cause(error);
    match hint {
        Some(hint) => refused.with_hint(hint),
        None => refused,
    }
}

/// `value` as a JSON string.
pub(super) fn json_string(value: &str) -> Vec<u8> {
    let mut out = Vec::with_capacity(value.len() + 2);
    write_json_string(value, &mut out);
    out
}
