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
mod hstore;
mod interval;
mod java_map;
mod options;
mod temporal;
#[cfg(test)]
mod tests;
mod unavailable;
mod vector;

pub use options::{
    BinaryHandling, DebeziumValues, DecimalHandling, HstoreHandling, IntervalHandling, TimePrecision,
};

use super::string::write_string_bytes;
use crate::Datum;
use crate::types::array::{self, Part};
use crate::types::column_type::Shape;
use crate::types::encoded::Encoded;
use crate::types::get::value_of;
use crate::types::text::{self, versioned};
use crate::types::{
    ColumnType, Kind, Parsed, TypeError, boolean, character, float as pg_float, integer, oid,
};

/// Whether Debezium has a field for a column of this type; rows are without the columns of all others.
///
/// ```
/// use pg_cdc_core::ColumnType;
/// use pg_cdc_core::types::{json, oid};
///
/// let options = json::DebeziumValues::default();
/// assert!(json::is_mapped(&ColumnType::built_in(oid::POINT), &options));
/// assert!(!json::is_mapped(&ColumnType::built_in(oid::CIRCLE), &options));
/// assert!(json::is_mapped(&ColumnType::built_in(oid::CIRCLE), &options.with_include_unknown(true)));
/// ```
#[must_use]
pub fn is_mapped(type_: &ColumnType, options: &DebeziumValues) -> bool {
    if options.include_unknown { !is_never(type_) } else { is_known(type_) }
}

/// Whether it is an array that has no schema in Debezium, unknown types included or not.
fn is_never(type_: &ColumnType) -> bool {
    matches!(
        type_.base().oid,
        oid::MONEY_ARRAY
            | oid::NAME_ARRAY
            | oid::INTERVAL_ARRAY
            | oid::BIT_ARRAY
            | oid::VARBIT_ARRAY
            | oid::XML_ARRAY
            | oid::POINT_ARRAY
            | oid::REFCURSOR_ARRAY
    )
}

/// Whether Debezium knows the type.
fn is_known(type_: &ColumnType) -> bool {
    let base = type_.base();
    match base.kind() {
        Kind::Bool
        | Kind::Int2
        | Kind::Int4
        | Kind::Int8
        | Kind::Oid
        | Kind::Float4
        | Kind::Float8
        | Kind::Numeric
        | Kind::Money
        | Kind::Char
        | Kind::Bytea
        | Kind::Bits
        | Kind::Date
        | Kind::Time
        | Kind::TimeTz
        | Kind::Timestamp
        | Kind::TimestampTz
        | Kind::Interval
        | Kind::Uuid
        | Kind::Json
        | Kind::Jsonb
        | Kind::Xml
        | Kind::Point
        | Kind::Inet
        | Kind::MacAddr
        | Kind::MacAddr8
        | Kind::TsVector
        | Kind::Hstore
        | Kind::Ltree
        | Kind::Geometry
        | Kind::Geography
        | Kind::Vector
        | Kind::Halfvec
        | Kind::Sparsevec
        | Kind::Enum => true,
        Kind::Text => base.oid != oid::REFCURSOR,
        Kind::Range => matches!(
            base.oid,
            oid::INT4RANGE | oid::INT8RANGE | oid::NUMRANGE | oid::TSRANGE | oid::TSTZRANGE | oid::DATERANGE
        ),
        Kind::Array => !is_never(base) && base.element().is_some_and(is_known_element),
        // The types of the extension isn, of which Debezium knows one by its name.
        Kind::Other => base.name.rsplit('.').next() == Some("isbn"),
        _ => false,
    }
}

/// An element's domain is not seen through: its array is unknown.
fn is_known_element(element: &ColumnType) -> bool {
    !matches!(element.shape(), Some(Shape::Domain { .. })) && is_known(element)
}

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
    write(type_, value, options, out).map_err(|flaw| {
        out.truncate(start);
        flaw.of(type_)
    })
}

fn write(type_: &ColumnType, value: Encoded<'_>, options: &DebeziumValues, out: &mut Vec<u8>) -> Parsed<()> {
    let kind = type_.kind();
    match (kind, value) {
        (Kind::Int2 | Kind::Int4 | Kind::Int8 | Kind::Oid, Encoded::Text(text)) => {
            integer::write_text(integer::from_text(kind, text)?, out);
        }
        (Kind::Int2 | Kind::Int4 | Kind::Int8 | Kind::Oid, Encoded::Binary(bytes)) => {
            integer::write_text(integer::from_binary(kind, bytes)?, out);
        }
        (Kind::Bool, Encoded::Text(text)) => boolean::write_json(boolean::from_text(text)?, out),
        (Kind::Bool, Encoded::Binary(bytes)) => boolean::write_json(boolean::from_binary(bytes)?, out),
        (Kind::Float4, Encoded::Text(text)) => float::push_float4(pg_float::float4_from_text(text)?, out),
        (Kind::Float4, Encoded::Binary(bytes)) => {
            float::push_float4(pg_float::float4_from_binary(bytes)?, out);
        }
        (Kind::Float8, Encoded::Text(text)) => float::push_float8(pg_float::float8_from_text(text)?, out),
        (Kind::Float8, Encoded::Binary(bytes)) => {
            float::push_float8(pg_float::float8_from_binary(bytes)?, out);
        }
        (Kind::Numeric, _) => decimal::push_numeric(type_, value, options.decimal, out)?,
        (Kind::Date, _) => temporal::push_date(value, options.time, out)?,
        (Kind::Time, _) => temporal::push_time(type_, value, options.time, out)?,
        (Kind::Timestamp, _) => temporal::push_timestamp(type_, value, options.time, out)?,
        (Kind::TimestampTz, _) => temporal::push_timestamptz(type_, value, out)?,
        (Kind::TimeTz, _) => temporal::push_timetz(value, out)?,
        (Kind::Interval, _) => interval::push_interval(value, options.interval, out)?,
        (Kind::Bytea, _) => bytes::push_bytea(value, options.binary, out)?,
        (Kind::Array, _) if !is_never(type_) => write_array(type_, value, options, out)?,
        (Kind::Geometry | Kind::Geography, _) => geometry::push_geometry(value, out)?,
        (Kind::Money, _) => {
            with_text(type_, value, out, |text, out| decimal::push_money(text, options, out))?
        }
        (Kind::Bits, _) => with_text(type_, value, out, |text, out| bytes::push_bits(type_, text, out))?,
        (Kind::Point, _) => with_text(type_, value, out, geometry::push_point)?,
        (Kind::Hstore, _) => {
            with_text(type_, value, out, |text, out| hstore::push_hstore(text, options.hstore, out))?;
        }
        (Kind::Vector, _) => with_text(type_, value, out, vector::push_vector)?,
        (Kind::Halfvec, _) => with_text(type_, value, out, vector::push_halfvec)?,
        (Kind::Sparsevec, _) => with_text(type_, value, out, vector::push_sparsevec)?,
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
