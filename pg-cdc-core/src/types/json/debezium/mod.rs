//! The JSON that Debezium 3's PostgreSQL connector gives through Kafka Connect's `JsonConverter` without schemas.
//!
//! Follows Debezium 3.6 (`debezium-connector-postgres`: `PostgresValueConverter`, `PostgresType`,
//! `ReplicationMessageColumnValueResolver`; `debezium-connector-common`: `JdbcValueConverters` and the classes of
//! `io.debezium.time` and `io.debezium.data`), the JDBC driver's `TypeInfoCache` for lengths and scales, and Kafka's
//! `JsonConverter` with `decimal.format=BASE64`. The files here say which of them they follow.
//!
//! | PostgreSQL | JSON |
//! | --- | --- |
//! | bool; int2, int4, int8, oid | `true`; a number |
//! | float4, float8 | a number as Java prints it; `"NaN"`, `"Infinity"` |
//! | numeric(p,s), money | the unscaled number's bytes in base64; NaN and the infinities null |
//! | numeric | `{"scale":2,"value":"…"}` without trailing zeros |
//! | text, varchar, bpchar, name, `"char"`, citext, xml, uuid, inet, cidr, macaddr, macaddr8, ltree, tsvector, enums, int4range and the other five built-in ranges | a string |
//! | json, jsonb | a string that holds it |
//! | bytea | base64 |
//! | bit(1), varbit(1) | `true`; any other: base64 of the number's bytes, the lowest first |
//! | date; time; timestamp | days; milli- or microseconds by the column's precision |
//! | timestamptz, timetz | a string in UTC: `2016-11-04T11:51:30.123456Z`, `11:51:30.123Z` |
//! | interval | microseconds |
//! | point | `{"x":…,"y":…,"wkb":…,"srid":null}` |
//! | geometry, geography | `{"wkb":…,"srid":…}` |
//! | hstore | a string that holds an object |
//! | vector, halfvec; sparsevec | an array of numbers; `{"dimensions":…,"vector":[[1,1.5]]}` |
//! | arrays of these | an array |
//! | domains | as their base |
//!
//! Not mapped, and left out unless [`DebeziumValues::include_unknown`]: composites, multiranges, other ranges, box and
//! the other geometric types, pg_lsn, xid and the like, jsonpath, tsquery, reg* types, types that nothing is known of,
//! and arrays of these or of domains. Arrays of money, name, interval, bit, varbit, xml, point and refcursor are always
//! left out. Where Debezium meets an error in a value, it logs a warning and leaves the field null
//! (`event.converting.failure.handling.mode=warn`): so it is here for what PostgreSQL has and Debezium can't say.
//!
//! In a few places Debezium's own result is lost data, and another is given: arrays of more dimensions are nested (there,
//! nulls or Java's names of objects); a time in an array keeps its microseconds; a name is its text (there, null in the
//! stream); PostgreSQL 17's infinite intervals are null (there, 0).

mod bytes;
mod decimal;
mod float;
mod geometry;
mod handling;
mod hstore;
mod interval;
mod java_map;
mod mapped;
mod options;
mod placeholder;
mod temporal;
#[cfg(test)]
mod tests;
mod unavailable;
mod vector;

pub use handling::{BinaryHandling, DecimalHandling, HstoreHandling, IntervalHandling, TimePrecision};
pub use mapped::is_mapped;
pub use options::DebeziumValues;

use self::mapped::{is_known, is_known_element, is_never};
use super::natural::refused;
use super::string::write_string_bytes;
use crate::Datum;
use crate::types::array::{self, Part};
use crate::types::encoded::Encoded;
use crate::types::get::value_of;
use crate::types::text::{self, versioned};
use crate::types::{ColumnType, Kind, Parsed, TypeError, boolean, character, float as pg_float, integer};

/// Appends a value as JSON, as Debezium's connector and `JsonConverter` without schemas have it.
///
/// NULL, and what is not in the replica identity, is `null`; a TOASTed value that the server did not send is the
/// placeholder of its type. For a type that [`is_mapped`] is false of it is the bytes of its text, as for one that is
/// included though unknown: whether the column is there at all is the caller's to ask. The output never holds a raw line
/// break.
///
/// # Errors
///
/// [`TypeError`] where the bytes are not what the type says, are not UTF-8, or are the binary form of a type for which
/// [`is_binary_known`](crate::types::is_binary_known) is false; and for a value that was not published. `out` is then as
/// it was.
///
/// ```
/// use pg_cdc_core::types::json::{DebeziumValues, write_debezium};
/// use pg_cdc_core::types::oid;
/// use pg_cdc_core::{ColumnType, Datum};
///
/// let options = DebeziumValues::default();
/// let mut out = Vec::new();
/// write_debezium(&ColumnType::built_in(oid::NUMERIC), Datum::Text(b"10.1111"), &options, &mut out)?;
/// assert_eq!(out, br#"{"scale":4,"value":"AYr3"}"#);
/// # Ok::<(), pg_cdc_core::types::TypeError>(())
/// ```
#[inline]
pub fn write_debezium(
    type_: &ColumnType,
    datum: Datum<'_>,
    options: &DebeziumValues,
    out: &mut Vec<u8>,
) -> Result<(), TypeError> {
    let start = out.len();
    let value = match datum {
        Datum::Text(text) => Encoded::Text(text),
        Datum::Binary(bytes) => Encoded::Binary(bytes),
        Datum::Null | Datum::NotInIdentity => {
            out.extend_from_slice(b"null");
            return Ok(());
        }
        Datum::Unchanged => {
            unavailable::push_unavailable(type_, options, out);
            return Ok(());
        }
        Datum::Absent => return value_of(type_, datum).map(|_| ()),
    };
    write(type_, value, options, out).or_else(|flaw| refused(type_, datum, flaw, start, out))
}

fn write(type_: &ColumnType, value: Encoded<'_>, options: &DebeziumValues, out: &mut Vec<u8>) -> Parsed<()> {
    let kind = type_.kind();
    match kind {
        Kind::Int2 | Kind::Int4 | Kind::Int8 | Kind::Oid => {
            let number = value
                .read(|text| integer::from_text(kind, text), |bytes| integer::from_binary(kind, bytes))?;
            integer::write_text(number, out);
        }
        Kind::Bool => boolean::write_json(value.read(boolean::from_text, boolean::from_binary)?, out),
        Kind::Float4 => {
            float::push_float4(value.read(pg_float::float4_from_text, pg_float::float4_from_binary)?, out);
        }
        Kind::Float8 => {
            float::push_float8(value.read(pg_float::float8_from_text, pg_float::float8_from_binary)?, out);
        }
        Kind::Numeric => decimal::push_numeric(type_, value, options.decimal, out)?,
        Kind::Date => temporal::push_date(value, options.time, out)?,
        Kind::Time => temporal::push_time(type_, value, options.time, out)?,
        Kind::Timestamp => temporal::push_timestamp(type_, value, options.time, out)?,
        Kind::TimestampTz => temporal::push_timestamptz(type_, value, out)?,
        Kind::TimeTz => temporal::push_timetz(value, out)?,
        Kind::Interval => interval::push_interval(value, options.interval, out)?,
        Kind::Bytea => bytes::push_bytea(value, options.binary, out)?,
        Kind::Array if !is_never(type_) => write_array(type_, value, options, out)?,
        Kind::Geometry | Kind::Geography => geometry::push_geometry(value, out)?,
        Kind::Money => with_text(type_, value, out, |text, out| decimal::push_money(text, options, out))?,
        Kind::Bits => with_text(type_, value, out, |text, out| bytes::push_bits(type_, text, out))?,
        Kind::Point => geometry::push_point(value, out)?,
        Kind::Hstore => hstore::push_hstore(value, options.hstore, out)?,
        Kind::Vector => with_text(type_, value, out, vector::push_vector)?,
        Kind::Halfvec => with_text(type_, value, out, vector::push_halfvec)?,
        Kind::Sparsevec => with_text(type_, value, out, vector::push_sparsevec)?,
        _ if is_known(type_) => write_string(type_, value, out)?,
        _ => with_text(type_, value, out, |text, out| {
            bytes::push_bytes(text, options.binary, out);
            Ok(())
        })?,
    }
    Ok(())
}

/// Gives `then` the value's text.
fn with_text(
    type_: &ColumnType,
    value: Encoded<'_>,
    out: &mut Vec<u8>,
    then: impl FnOnce(&[u8], &mut Vec<u8>) -> Parsed<()>,
) -> Parsed<()> {
    match value {
        Encoded::Text(text) => then(text, out),
        Encoded::Binary(bytes) => {
            let mut text = Vec::new();
            text::write_from_binary(type_, bytes, &mut text)?;
            then(&text, out)
        }
    }
}

/// Appends a value's text as a string.
fn write_string(type_: &ColumnType, value: Encoded<'_>, out: &mut Vec<u8>) -> Parsed<()> {
    match (type_.kind(), value) {
        (Kind::Char, Encoded::Text(text)) if !character::is_bare_byte(text) => write_string_bytes(text, out),
        (Kind::Char, Encoded::Text(bytes) | Encoded::Binary(bytes)) => {
            character::with_text(bytes, |text| write_string_bytes(text, out))?
        }
        (_, Encoded::Text(text))
        | (Kind::Text | Kind::Json | Kind::Xml | Kind::Enum, Encoded::Binary(text)) => {
            write_string_bytes(text, out)
        }
        (Kind::Jsonb | Kind::Ltree, Encoded::Binary(bytes)) => write_string_bytes(versioned(bytes)?, out),
        // Nothing in it to escape.
        (Kind::Uuid, Encoded::Binary(bytes)) => {
            out.push(b'"');
            text::write_from_binary(type_, bytes, out)?;
            out.push(b'"');
            Ok(())
        }
        _ => with_text(type_, value, out, write_string_bytes),
    }
}

/// Elements as values of their own type; dimensions are nested.
fn write_array(
    type_: &ColumnType,
    value: Encoded<'_>,
    options: &DebeziumValues,
    out: &mut Vec<u8>,
) -> Parsed<()> {
    let known = type_.element().is_some_and(is_known_element);
    array::walk(type_, value, |element, part| {
        match part {
            Part::Open => out.push(b'['),
            Part::Close => out.push(b']'),
            Part::Separator => out.push(b','),
            Part::Null => out.extend_from_slice(b"null"),
            Part::Value(value) if known => write(element, value, options, out)?,
            Part::Value(value) => with_text(element, value, out, |text, out| {
                bytes::push_bytes(text, options.binary, out);
                Ok(())
            })?,
        }
        Ok(())
    })
}
