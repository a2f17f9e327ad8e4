//! PostgreSQL's text form from either encoding.

use super::datetime::{Style, write_timestamp};
use super::{
    Flaw, Kind, Parsed, PgDate, PgTime, PgTimestampTz, PgUuid, TypeError, boolean, bytea, character, float,
    integer, numeric, value_of,
};
use crate::{ColumnType, Datum};

/// A value in one of the two encodings.
#[derive(Clone, Copy)]
pub(super) enum Encoded<'a> {
    Text(&'a [u8]),
    Binary(&'a [u8]),
}

/// Appends a value's text as PostgreSQL prints it in a session with pg-cdc's settings, whichever encoding it came in.
///
/// Text stands as it came, but for what those settings decide: a timestamptz is turned to UTC, a boolean is `t` or
/// `f`. Nothing is allocated but to grow `out`.
///
/// # Errors
///
/// [`TypeError`] for NULL and the other kinds of nothing, for bytes that are not what the type says, and for the binary
/// form of a type for which [`is_binary_known`](super::is_binary_known) is false. `out` is then as it was.
///
/// ```
/// use pg_cdc_core::types::{oid, write_text};
/// use pg_cdc_core::{ColumnType, Datum};
///
/// let mut out = Vec::new();
/// write_text(&ColumnType::new(oid::BYTEA, -1, "bytea"), Datum::Binary(&[0xde, 0xad]), &mut out)?;
/// assert_eq!(out, br"\xdead");
/// # Ok::<(), pg_cdc_core::types::TypeError>(())
/// ```
pub fn write_text(type_: &ColumnType, datum: Datum<'_>, out: &mut Vec<u8>) -> Result<(), TypeError> {
    let kind = Kind::of(type_.oid);
    let start = out.len();
    let written = match value_of(type_, datum)? {
        Encoded::Text(text) => write_from_text(kind, text, out),
        Encoded::Binary(bytes) => write_from_binary(kind, bytes, out),
    };
    written.map_err(|flaw| {
        out.truncate(start);
        flaw.of(type_)
    })
}

fn write_from_text(kind: Kind, text: &[u8], out: &mut Vec<u8>) -> Parsed<()> {
    match kind {
        Kind::Bool => boolean::write_text(boolean::from_text(text)?, out),
        Kind::Char if character::is_bare_byte(text) => return write_from_binary(kind, text, out),
        Kind::TimestampTz if !text.ends_with(b"+00") => PgTimestampTz::from_text(text)?.write_text(out),
        _ => out.extend_from_slice(text),
    }
    Ok(())
}

/// Appends the text of a value's binary form.
#[inline]
pub(super) fn write_from_binary(kind: Kind, bytes: &[u8], out: &mut Vec<u8>) -> Parsed<()> {
    match kind {
        Kind::Bool => boolean::write_text(boolean::from_binary(bytes)?, out),
        Kind::Int2 | Kind::Int4 | Kind::Int8 | Kind::Oid => {
            integer::write_text(integer::from_binary(kind, bytes)?, out);
        }
        Kind::Float4 => float::write_float4(float::float4_from_binary(bytes)?, out),
        Kind::Float8 => float::write_float8(float::float8_from_binary(bytes)?, out),
        Kind::Numeric => numeric::write_text_from_binary(bytes, out)?,
        Kind::Text | Kind::Json => out.extend_from_slice(bytes),
        Kind::Jsonb => out.extend_from_slice(jsonb_text(bytes)?),
        Kind::Char => character::with_text(bytes, |text| out.extend_from_slice(text))?,
        Kind::Bytea => bytea::write_text(bytes, out),
        Kind::Date => PgDate::from_binary(bytes)?.write_text(out),
        Kind::Time => PgTime::from_binary(bytes)?.write_text(out),
        Kind::Timestamp => write_timestamp(bytes, Style::TEXT, out)?,
        Kind::TimestampTz => write_timestamp(bytes, Style::TEXT_UTC, out)?,
        Kind::Uuid => PgUuid::from_binary(bytes)?.write_text(out),
        Kind::Other => return Err(Flaw::new("came in binary, which is not known for it")),
    }
    Ok(())
}

/// The text in a jsonb's binary form: a version, which is 1, and the text (`jsonb_send`).
#[inline]
pub(super) fn jsonb_text(bytes: &[u8]) -> Parsed<&[u8]> {
    bytes.strip_prefix(&[1]).ok_or(Flaw::at("has an unknown jsonb version", 0))
}
