//! A value's text, as PostgreSQL prints it.

use std::fmt;
use std::ops::Bound;

use super::Value;
use crate::types::quoting::{Style, quote_from};
use crate::types::{
    PgArray, PgRange, PgTimestamp, PgTimestampTz, boolean, bytea, datetime, integer, write_float4,
    write_float8,
};

impl Value<'_> {
    /// Appends PostgreSQL's text form, `NULL` for NULL.
    pub fn write_text(&self, out: &mut Vec<u8>) {
        match self {
            Self::Null => out.extend_from_slice(b"NULL"),
            Self::Bool(value) => boolean::write_text(*value, out),
            Self::Int2(value) => integer::write_text((*value).into(), out),
            Self::Int4(value) => integer::write_text((*value).into(), out),
            Self::Int8(value) => integer::write_text(*value, out),
            Self::Oid(value) => integer::write_text((*value).into(), out),
            Self::Float4(value) => write_float4(*value, out),
            Self::Float8(value) => write_float8(*value, out),
            Self::Xid(value) => integer::write_text((*value).into(), out),
            Self::Xid8(value) => out.extend_from_slice(value.to_string().as_bytes()),
            Self::Lsn(value) => out.extend_from_slice(value.to_string().as_bytes()),
            Self::Money(value) => value.write_text(out),
            Self::Geometry(value) | Self::Geography(value) => value.write_text(out),
            Self::Int2Vector(values) => write_spaced(values, out),
            Self::OidVector(values) => write_spaced(values, out),
            Self::Text(text) | Self::Json(text) | Self::Enum(text) | Self::Other(text) => {
                out.extend_from_slice(text.as_bytes());
            }
            Self::Bytes(bytes) => bytea::write_text(bytes, out),
            Self::Array { array, delimiter } => write_array(array, *delimiter, out),
            Self::Range(range) => write_range(range, out),
            Self::Multirange(ranges) => {
                out.push(b'{');
                for (index, range) in ranges.0.iter().enumerate() {
                    out.extend((index > 0).then_some(b','));
                    write_range(range, out);
                }
                out.push(b'}');
            }
            Self::Composite(fields) => {
                out.push(b'(');
                for (index, (_, value)) in fields.iter().enumerate() {
                    out.extend((index > 0).then_some(b','));
                    if !matches!(value, Self::Null) {
                        value.write_quoted(Style::Composite, out);
                    }
                }
                out.push(b')');
            }
            _ => {
                self.write_own_text(out);
            }
        }
    }

    /// Appends what natural JSON has as a string: the text, but for timestamps, which are ISO 8601 with a `T`.
    pub(super) fn write_json_text(&self, out: &mut Vec<u8>) {
        let (micros, style) = match self {
            Self::Timestamp(value) => (PgTimestamp::micros_since_2000(*value), datetime::Style::JSON),
            Self::TimestampTz(value) => (PgTimestampTz::micros_since_2000(*value), datetime::Style::JSON_UTC),
            _ => return self.write_text(out),
        };
        // A timestamp has only what can be written.
        let _ = datetime::write_timestamp(&micros.to_be_bytes(), style, out);
    }

    fn write_quoted(&self, style: Style, out: &mut Vec<u8>) {
        let start = out.len();
        self.write_text(out);
        quote_from(start, style, out);
    }
}

/// PostgreSQL's text, `NULL` for NULL.
impl fmt::Display for Value<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = match self {
            Self::Text(text) | Self::Json(text) | Self::Enum(text) | Self::Other(text) => return f.pad(text),
            other => {
                let mut text = Vec::new();
                other.write_text(&mut text);
                text
            }
        };
        f.pad(&String::from_utf8_lossy(&text))
    }
}

fn write_spaced<T: Copy + Into<i64>>(values: &[T], out: &mut Vec<u8>) {
    for (index, value) in values.iter().enumerate() {
        out.extend((index > 0).then_some(b' '));
        integer::write_text((*value).into(), out);
    }
}

fn write_array(array: &PgArray<Value<'_>>, delimiter: char, out: &mut Vec<u8>) {
    let dimensions = array.dimensions();
    if array.elements().is_empty() {
        return out.extend_from_slice(b"{}");
    }
    if dimensions.iter().any(|dimension| dimension.lower != 1) {
        for dimension in dimensions {
            dimension.write_bounds(out);
        }
        out.push(b'=');
    }
    // `pg_type.typdelim` is one byte.
    let delimiter = u8::try_from(delimiter).unwrap_or(b',');
    for (index, element) in array.elements().iter().enumerate() {
        let opens = array.dimensions_that_begin_at(index);
        if index > 0 {
            out.extend(std::iter::repeat_n(b'}', opens));
            out.push(delimiter);
        }
        out.extend(std::iter::repeat_n(b'{', opens));
        match element {
            Value::Null => out.extend_from_slice(b"NULL"),
            value => value.write_quoted(Style::Array(delimiter), out),
        }
    }
    out.extend(std::iter::repeat_n(b'}', dimensions.len()));
}

fn write_range(range: &PgRange<Value<'_>>, out: &mut Vec<u8>) {
    let PgRange::Bounds(lower, upper) = range else { return out.extend_from_slice(b"empty") };
    let write = |bound: &Bound<Value<'_>>, out: &mut Vec<u8>| {
        if let Bound::Included(value) | Bound::Excluded(value) = bound {
            value.write_quoted(Style::Range, out);
        }
    };
    out.push(if matches!(lower, Bound::Included(_)) { b'[' } else { b'(' });
    write(lower, out);
    out.push(b',');
    write(upper, out);
    out.push(if matches!(upper, Bound::Included(_)) { b']' } else { b')' });
}
