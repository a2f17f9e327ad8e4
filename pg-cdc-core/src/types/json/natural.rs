//! The JSON that PostgreSQL's own `row_to_json` gives.
//!
//! Follows `json_categorize_type` and `datum_to_json` in `src/backend/utils/adt/json.c` for a session with
//! `TimeZone=UTC`, `DateStyle=ISO` and the other settings that pg-cdc pins.

use super::embed::write_embedded;
use super::number::is_json_number;
use super::string::{write_json_string, write_string_bytes};
use crate::Datum;
use crate::invalid_text::is_base64;
use crate::types::array::{self, Part};
use crate::types::datetime::{Style, write_timestamp, write_timestamp_json};
use crate::types::encoded::Encoded;
use crate::types::get::value_of;
use crate::types::{
    ColumnType, Flaw, Kind, Parsed, TypeError, boolean, character, composite, hstore, postgis, text,
};

/// Appends a value as JSON.
///
/// NULL is `null`; a boolean is `true` or `false`; int2, int4, int8, float4, float8 and numeric are numbers with the
/// server's own digits, or strings where JSON has no such number (`"NaN"`, `"Infinity"`); date, timestamp and
/// timestamptz are ISO 8601 strings (timestamptz in UTC, `+00:00`); json and jsonb stand as they are, line breaks
/// turned into spaces; arrays are arrays, composites objects; an hstore is an object of strings and nulls, a geometry
/// GeoJSON (its text where GeoJSON has no such thing); everything else is its text as a string. A domain is
/// what its base is, and a value of any type that is carried in base64 ([`InvalidText`](crate::InvalidText)) a string. The
/// output never holds a raw line break. Nothing is allocated for a plain type but to grow `out`.
///
/// # Errors
///
/// [`TypeError`] where the bytes are not what the type says, are not UTF-8, or are the binary form of a type for
/// which [`is_binary_known`](crate::types::is_binary_known) is false; and for the kinds of nothing that are not NULL,
/// which are the caller's to leave out. `out` is then as it was.
///
/// ```
/// use pg_cdc_core::types::{json::write_natural, oid};
/// use pg_cdc_core::{ColumnType, Datum};
///
/// let mut out = Vec::new();
/// write_natural(&ColumnType::new(oid::NUMERIC, -1, "numeric"), Datum::Text(b"1.50"), &mut out)?;
/// out.push(b' ');
/// write_natural(&ColumnType::new(oid::TIMESTAMP, -1, "timestamp"), Datum::Text(b"2024-02-29 12:00:00"), &mut out)?;
/// assert_eq!(out, br#"1.50 "2024-02-29T12:00:00""#);
/// # Ok::<(), pg_cdc_core::types::TypeError>(())
/// ```
#[inline]
pub fn write_natural(type_: &ColumnType, datum: Datum<'_>, out: &mut Vec<u8>) -> Result<(), TypeError> {
    let start = out.len();
    let written = match datum {
        Datum::Text(text) => write_from_text(type_, text, out),
        Datum::Binary(bytes) => write_from_binary(type_, bytes, out),
        Datum::Null => {
            out.extend_from_slice(b"null");
            return Ok(());
        }
        _ => return value_of(type_, datum).map(|_| ()),
    };
    written.or_else(|flaw| refused(type_, datum, flaw, start, out))
}

/// What is not of its type is an error, but for a text that had to be carried in base64.
#[cold]
pub(super) fn refused(
    type_: &ColumnType,
    datum: Datum<'_>,
    flaw: Flaw,
    start: usize,
    out: &mut Vec<u8>,
) -> Result<(), TypeError> {
    out.truncate(start);
    match datum {
        Datum::Text(text) if is_base64(type_, text) => {
            write_string_bytes(text, out).map_err(|flaw| flaw.of(type_))
        }
        _ => Err(flaw.of(type_)),
    }
}

#[inline]
fn write_from_text(type_: &ColumnType, text: &[u8], out: &mut Vec<u8>) -> Parsed<()> {
    match type_.kind() {
        Kind::Int2 | Kind::Int4 | Kind::Int8 | Kind::Float4 | Kind::Float8 | Kind::Numeric
            if is_json_number(text) =>
        {
            out.extend_from_slice(text);
            Ok(())
        }
        Kind::Bool => boolean::from_text(text).map(|value| boolean::write_json(value, out)),
        Kind::Timestamp => write_timestamp_json(text, false, out),
        Kind::TimestampTz => write_timestamp_json(text, true, out),
        Kind::Json | Kind::Jsonb => write_embedded(text, out),
        Kind::Char if character::is_bare_byte(text) => write_from_binary(type_, text, out),
        Kind::Array | Kind::Int2Vector | Kind::OidVector => write_array(type_, Encoded::Text(text), out),
        Kind::Hstore => hstore::write_json(Encoded::Text(text), out),
        Kind::Geometry => postgis::write_natural(Encoded::Text(text), out),
        Kind::Composite => write_composite(type_, Encoded::Text(text), out),
        _ => write_string_bytes(text, out),
    }
}

#[inline]
fn write_from_binary(type_: &ColumnType, bytes: &[u8], out: &mut Vec<u8>) -> Parsed<()> {
    match type_.kind() {
        Kind::Int2 | Kind::Int4 | Kind::Int8 => text::write_from_binary(type_, bytes, out),
        Kind::Bool => boolean::from_binary(bytes).map(|value| boolean::write_json(value, out)),
        Kind::Float4 | Kind::Float8 | Kind::Numeric => {
            let start = out.len();
            text::write_from_binary(type_, bytes, out)?;
            // NaN and the infinities end in a letter.
            if out.last().is_some_and(u8::is_ascii_alphabetic) {
                out.insert(start, b'"');
                out.push(b'"');
            }
            Ok(())
        }
        Kind::Text | Kind::Xml | Kind::Enum => write_string_bytes(bytes, out),
        Kind::JsonPath | Kind::Ltree | Kind::Lquery | Kind::Ltxtquery => {
            write_string_bytes(text::versioned(bytes)?, out)
        }
        Kind::Json => write_embedded(bytes, out),
        Kind::Jsonb => write_embedded(text::versioned(bytes)?, out),
        Kind::Char => character::with_text(bytes, |text| write_string_bytes(text, out))?,
        Kind::Timestamp => quoted(out, |out| write_timestamp(bytes, Style::JSON, out)),
        Kind::TimestampTz => quoted(out, |out| write_timestamp(bytes, Style::JSON_UTC, out)),
        // The one backslash of a bytea's text, escaped.
        Kind::Bytea => quoted(out, |out| {
            out.push(b'\\');
            text::write_from_binary(type_, bytes, out)
        }),
        // None of these has anything to escape.
        Kind::Oid
        | Kind::Date
        | Kind::Time
        | Kind::Uuid
        | Kind::Bits
        | Kind::TimeTz
        | Kind::Interval
        | Kind::Point
        | Kind::Line
        | Kind::Lseg
        | Kind::Box
        | Kind::Path
        | Kind::Polygon
        | Kind::Circle
        | Kind::Inet
        | Kind::MacAddr
        | Kind::MacAddr8
        | Kind::PgLsn
        | Kind::Xid
        | Kind::Xid8
        | Kind::Tid
        | Kind::Snapshot
        | Kind::Geography
        | Kind::Vector
        | Kind::Halfvec
        | Kind::Sparsevec => quoted(out, |out| text::write_from_binary(type_, bytes, out)),
        Kind::Array | Kind::Int2Vector | Kind::OidVector => write_array(type_, Encoded::Binary(bytes), out),
        Kind::Hstore => hstore::write_json(Encoded::Binary(bytes), out),
        Kind::Geometry => postgis::write_natural(Encoded::Binary(bytes), out),
        Kind::Composite => write_composite(type_, Encoded::Binary(bytes), out),
        // Whatever else: its text may have something to escape, and is written twice.
        _ => {
            let mut text = Vec::new();
            text::write_from_binary(type_, bytes, &mut text)?;
            write_string_bytes(&text, out)
        }
    }
}

fn write(type_: &ColumnType, value: Encoded<'_>, out: &mut Vec<u8>) -> Parsed<()> {
    match value {
        Encoded::Text(text) => write_from_text(type_, text, out),
        Encoded::Binary(bytes) => write_from_binary(type_, bytes, out),
    }
}

/// Dimensions are nested arrays; lower bounds are not told (`array_to_json_internal`).
fn write_array(type_: &ColumnType, value: Encoded<'_>, out: &mut Vec<u8>) -> Parsed<()> {
    array::walk(type_, value, |element, part| {
        match part {
            Part::Open => out.push(b'['),
            Part::Close => out.push(b']'),
            Part::Separator => out.push(b','),
            Part::Null => out.extend_from_slice(b"null"),
            Part::Value(value) => write(element, value, out)?,
        }
        Ok(())
    })
}

/// An object of the fields in their order (`composite_to_json`).
fn write_composite(type_: &ColumnType, value: Encoded<'_>, out: &mut Vec<u8>) -> Parsed<()> {
    let mut before = b'{';
    composite::walk(type_, value, |field, value| {
        out.push(before);
        before = b',';
        write_json_string(&field.name, out);
        out.push(b':');
        match value {
            Some(value) => write(&field.type_, value, out),
            None => {
                out.extend_from_slice(b"null");
                Ok(())
            }
        }
    })?;
    out.extend_from_slice(if before == b'{' { b"{}" } else { b"}" });
    Ok(())
}

#[inline]
fn quoted(out: &mut Vec<u8>, write: impl FnOnce(&mut Vec<u8>) -> Parsed<()>) -> Parsed<()> {
    out.push(b'"');
    write(out)?;
    out.push(b'"');
    Ok(())
}
