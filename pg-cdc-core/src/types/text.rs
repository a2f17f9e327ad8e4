//! PostgreSQL's text form from either encoding.

use std::ops::Bound;

use super::array::Part;
use super::datetime::{Style, write_timestamp};
use super::encoded::{Encoded, Reader};
use super::quoting::{Style as Quotes, quote_from};
use super::range::{Held, Span};
use super::{
    ColumnType, Flaw, Kind, Parsed, PgBox, PgCircle, PgDate, PgInet, PgInterval, PgLine, PgLseg, PgMacAddr,
    PgMacAddr8, PgPoint, PgTid, PgTime, PgTimeTz, PgTimestampTz, PgUuid, TypeError, array, bits, boolean,
    bytea, character, composite, float, geometric, hstore, integer, numeric, pgvector, postgis, range,
    system, text_search, value_of,
};
use crate::Datum;

/// Appends a value's text as PostgreSQL prints it in a session with pg-cdc's settings, whichever encoding it came in.
///
/// Text stands as it came, but for what those settings decide: a timestamptz is turned to UTC, a boolean is `t` or
/// `f`. Nothing is allocated for a
/// plain type but to grow `out`.
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
    let start = out.len();
    write(type_, value_of(type_, datum)?, out).map_err(|flaw| {
        out.truncate(start);
        flaw.of(type_)
    })
}

/// Appends the text of a value; what was appended before an error is left to the caller to take back.
#[inline]
pub(super) fn write(type_: &ColumnType, value: Encoded<'_>, out: &mut Vec<u8>) -> Parsed<()> {
    match value {
        Encoded::Text(text) => write_from_text(type_.kind(), text, out),
        Encoded::Binary(bytes) => write_from_binary(type_, bytes, out),
    }
}

/// Whether a value's text is always as it came: no setting of a session changes it.
pub(super) fn is_settled(kind: Kind) -> bool {
    !matches!(kind, Kind::Bool | Kind::Char | Kind::TimestampTz)
}

fn write_from_text(kind: Kind, text: &[u8], out: &mut Vec<u8>) -> Parsed<()> {
    match kind {
        Kind::Bool => boolean::write_text(boolean::from_text(text)?, out),
        Kind::Char if character::is_bare_byte(text) => {
            character::with_text(text, |text| out.extend_from_slice(text))?;
        }
        Kind::TimestampTz if !text.ends_with(b"+00") => PgTimestampTz::from_text(text)?.write_text(out),
        _ => out.extend_from_slice(text),
    }
    Ok(())
}

/// Appends the text of a value's binary form.
#[inline]
pub(super) fn write_from_binary(type_: &ColumnType, bytes: &[u8], out: &mut Vec<u8>) -> Parsed<()> {
    let kind = type_.kind();
    match kind {
        Kind::Bool => boolean::write_text(boolean::from_binary(bytes)?, out),
        Kind::Int2 | Kind::Int4 | Kind::Int8 | Kind::Oid | Kind::Xid => {
            integer::write_text(integer::from_binary(kind, bytes)?, out);
        }
        Kind::Float4 => float::write_float4(float::float4_from_binary(bytes)?, out),
        Kind::Float8 => float::write_float8(float::float8_from_binary(bytes)?, out),
        Kind::Numeric => numeric::write_text_from_binary(bytes, out)?,
        Kind::Text | Kind::Json | Kind::Xml | Kind::Enum => out.extend_from_slice(bytes),
        Kind::Jsonb | Kind::JsonPath | Kind::Ltree | Kind::Lquery | Kind::Ltxtquery => {
            out.extend_from_slice(versioned(bytes)?);
        }
        Kind::Char => character::with_text(bytes, |text| out.extend_from_slice(text))?,
        Kind::Bytea => bytea::write_text(bytes, out),
        Kind::Date => PgDate::from_binary(bytes)?.write_text(out),
        Kind::Time => PgTime::from_binary(bytes)?.write_text(out),
        Kind::Timestamp => write_timestamp(bytes, Style::TEXT, out)?,
        Kind::TimestampTz => write_timestamp(bytes, Style::TEXT_UTC, out)?,
        Kind::Uuid => PgUuid::from_binary(bytes)?.write_text(out),
        Kind::Bits => bits::write_text_from_binary(bytes, out)?,
        Kind::TimeTz => PgTimeTz::from_binary(bytes)?.write_text(out),
        Kind::Interval => PgInterval::from_binary(bytes)?.write_text(out),
        Kind::Point => PgPoint::from_binary(bytes)?.write_text(out),
        Kind::Line => PgLine::from_binary(bytes)?.write_text(out),
        Kind::Lseg => PgLseg::from_binary(bytes)?.write_text(out),
        Kind::Box => PgBox::from_binary(bytes)?.write_text(out),
        Kind::Path => geometric::write_path_from_binary(bytes, out)?,
        Kind::Polygon => geometric::write_polygon_from_binary(bytes, out)?,
        Kind::Circle => PgCircle::from_binary(bytes)?.write_text(out),
        Kind::Inet => PgInet::from_binary_of(bytes, type_.is_cidr())?.write_text(out),
        Kind::MacAddr => PgMacAddr::from_binary(bytes)?.write_text(out),
        Kind::MacAddr8 => PgMacAddr8::from_binary(bytes)?.write_text(out),
        Kind::PgLsn => system::write_lsn_from_binary(bytes, out)?,
        Kind::Xid8 => integer::write_unsigned(integer::unsigned_from_binary(bytes)?, out),
        Kind::Tid => PgTid::from_binary(bytes)?.write_text(out),
        Kind::Snapshot => system::write_snapshot_from_binary(bytes, out)?,
        Kind::Int2Vector | Kind::OidVector => write_vector(type_, bytes, out)?,
        Kind::TsVector => text_search::write_tsvector_from_binary(bytes, out)?,
        Kind::TsQuery => text_search::write_tsquery_from_binary(bytes, out)?,
        Kind::Hstore => hstore::write_text_from_binary(bytes, out)?,
        Kind::Geometry | Kind::Geography => postgis::write_text_from_binary(bytes, out),
        Kind::Vector => pgvector::write_vector_from_binary(bytes, out)?,
        Kind::Halfvec => pgvector::write_halfvec_from_binary(bytes, out)?,
        Kind::Sparsevec => pgvector::write_sparsevec_from_binary(bytes, out)?,
        Kind::Array => write_array(type_, bytes, out)?,
        Kind::Composite => write_composite(type_, bytes, out)?,
        Kind::Range => write_range(type_, &range::read(Encoded::Binary(bytes))?, out)?,
        Kind::Multirange => write_multirange(type_, bytes, out)?,
        _ => return Err(NOT_KNOWN),
    }
    Ok(())
}

/// The binary form of a type for which [`is_binary_known`](super::is_binary_known) is false.
pub(super) const NOT_KNOWN: Flaw = Flaw::new("came in binary, which is not known for it");

/// The text in a binary form that is a version, which is 1, and the text: jsonb, jsonpath and the types of ltree.
#[inline]
pub(super) fn versioned(bytes: &[u8]) -> Parsed<&[u8]> {
    bytes.strip_prefix(&[1]).ok_or(Flaw::at("has an unknown version", 0))
}

/// Appends the text of a binary array.
fn write_array(type_: &ColumnType, bytes: &[u8], out: &mut Vec<u8>) -> Parsed<()> {
    let (_, delimiter) = array::parts_of(type_)?;
    let (_, elements, dimensions, count) = array::header(type_, &mut Reader::new(bytes))?;
    let dimensions = dimensions.get(..count).unwrap_or_default();
    if elements > 0 && dimensions.iter().any(|dimension| dimension.lower != 1) {
        for dimension in dimensions {
            dimension.write_bounds(out);
        }
        out.push(b'=');
    }
    array::walk(type_, Encoded::Binary(bytes), |element, part| {
        match part {
            Part::Open => out.push(b'{'),
            Part::Close => out.push(b'}'),
            Part::Separator => out.push(delimiter),
            Part::Null => out.extend_from_slice(b"NULL"),
            Part::Value(value) => write_quoted(element, value, Quotes::Array(delimiter), out)?,
        }
        Ok(())
    })
}

/// Appends the text of a binary `int2vector` or `oidvector`.
fn write_vector(type_: &ColumnType, bytes: &[u8], out: &mut Vec<u8>) -> Parsed<()> {
    let array = array::as_array(type_).ok_or(Flaw::new("is no vector"))?;
    array::vector_dimensions(array, Encoded::Binary(bytes))?;
    array::walk(array, Encoded::Binary(bytes), |element, part| match part {
        Part::Open | Part::Close => Ok(()),
        Part::Separator => {
            out.push(b' ');
            Ok(())
        }
        Part::Null => Err(Flaw::new("has a NULL")),
        Part::Value(value) => write(element, value, out),
    })
}

/// Appends the text of a binary composite.
fn write_composite(type_: &ColumnType, bytes: &[u8], out: &mut Vec<u8>) -> Parsed<()> {
    out.push(b'(');
    let mut separator = None;
    composite::walk(type_, Encoded::Binary(bytes), |field, value| {
        out.extend(separator.replace(b','));
        match value {
            Some(value) => write_quoted(&field.type_, value, Quotes::Composite, out),
            None => Ok(()),
        }
    })?;
    out.push(b')');
    Ok(())
}

/// Appends the text of a binary multirange.
fn write_multirange(type_: &ColumnType, bytes: &[u8], out: &mut Vec<u8>) -> Parsed<()> {
    out.push(b'{');
    let mut separator = None;
    range::walk_multirange(Encoded::Binary(bytes), |span| {
        out.extend(separator.replace(b','));
        write_range(type_, &span, out)
    })?;
    out.push(b'}');
    Ok(())
}

/// Appends the text of a range of a range or multirange type.
fn write_range(type_: &ColumnType, span: &Span<Held<'_>>, out: &mut Vec<u8>) -> Parsed<()> {
    let subtype = type_.subtype().ok_or(Flaw::new("is no range"))?;
    let Span::Bounds(lower, upper) = span else {
        out.extend_from_slice(b"empty");
        return Ok(());
    };
    let write = |bound: &Bound<Held<'_>>, out: &mut Vec<u8>| match bound {
        Bound::Included(value) | Bound::Excluded(value) => {
            write_quoted(subtype, value.encoded(), Quotes::Range, out)
        }
        Bound::Unbounded => Ok(()),
    };
    out.push(if matches!(lower, Bound::Included(_)) { b'[' } else { b'(' });
    write(lower, out)?;
    out.push(b',');
    write(upper, out)?;
    out.push(if matches!(upper, Bound::Included(_)) { b']' } else { b')' });
    Ok(())
}

/// Appends a value within another, quoted where it must be.
fn write_quoted(type_: &ColumnType, value: Encoded<'_>, style: Quotes, out: &mut Vec<u8>) -> Parsed<()> {
    let start = out.len();
    write(type_, value, out)?;
    quote_from(start, style, out);
    Ok(())
}
