//! What stands for a TOASTed value that the server did not send.
//!
//! Follows `UnchangedToastedReplicationMessageColumn`, which picks by the type's name, `UnchangedToastedPlaceholder`, and
//! the converters, which are given the choice instead of a value. Where the placeholder does not fit the field's type,
//! as among numbers, Debezium logs a warning and leaves the field null.

use super::bytes::push_base64;
use super::handling::{BinaryHandling, DecimalHandling};
use super::hstore::push_pairs;
use super::mapped::is_known;
use super::options::DebeziumValues;
use crate::types::json::write_json_string;
use crate::types::{ColumnType, Kind, integer, oid};

/// Appends the placeholder of a type.
pub(super) fn push_unavailable(type_: &ColumnType, options: &DebeziumValues, out: &mut Vec<u8>) {
    let placeholder = options.unavailable();
    let string = |out: &mut Vec<u8>| write_json_string(placeholder, out);
    let base = type_.base();
    match (base.kind(), options.decimal) {
        (Kind::Array, _) => push_array(base.oid, options, out),
        (Kind::Bytea, _) => push_binary(options, out),
        _ if !is_known(type_) => push_binary(options, out),
        (Kind::Hstore, _) => {
            // A string that is a key and a value is valid UTF-8.
            let pair = std::iter::once((placeholder, Some(placeholder)));
            let _ = push_pairs(pair, options.hstore, out);
        }
        (
            Kind::Int2
            | Kind::Int4
            | Kind::Int8
            | Kind::Oid
            | Kind::Bool
            | Kind::Float4
            | Kind::Float8
            | Kind::Bits
            | Kind::Point
            | Kind::Geometry
            | Kind::Geography
            | Kind::Vector
            | Kind::Halfvec
            | Kind::Sparsevec,
            _,
        )
        | (Kind::Numeric | Kind::Money, DecimalHandling::Precise | DecimalHandling::Double) => {
            out.extend_from_slice(b"null");
        }
        _ => string(out),
    }
}

/// `convertBinaryToBytes` and `convertBinaryToHex` know the placeholder; in base64 it is an unexpected value, and null.
fn push_binary(options: &DebeziumValues, out: &mut Vec<u8>) {
    match options.binary {
        BinaryHandling::Bytes => push_base64(options.unavailable().as_bytes(), out),
        BinaryHandling::Hex => write_json_string(options.unavailable(), out),
        BinaryHandling::Base64 | BinaryHandling::Base64UrlSafe => out.extend_from_slice(b"null"),
    }
}

/// The placeholder alone in an array of strings or bytes, its bytes in one of integers.
fn push_array(array: u32, options: &DebeziumValues, out: &mut Vec<u8>) {
    let placeholder = options.unavailable();
    match array {
        oid::TEXT_ARRAY | oid::VARCHAR_ARRAY | oid::BPCHAR_ARRAY | oid::JSON_ARRAY | oid::JSONB_ARRAY => {
            out.push(b'[');
            write_json_string(placeholder, out);
            out.push(b']');
        }
        oid::UUID_ARRAY => {
            out.push(b'[');
            write_json_string(options.unavailable.uuid(), out);
            out.push(b']');
        }
        oid::BYTEA_ARRAY if options.binary == BinaryHandling::Bytes => {
            out.push(b'[');
            push_base64(placeholder.as_bytes(), out);
            out.push(b']');
        }
        oid::INT4_ARRAY | oid::DATE_ARRAY | oid::INT8_ARRAY => {
            out.push(b'[');
            for (index, byte) in placeholder.bytes().enumerate() {
                if index > 0 {
                    out.push(b',');
                }
                // Java's bytes have a sign.
                integer::write_text(byte.cast_signed().into(), out);
            }
            out.push(b']');
        }
        _ => out.extend_from_slice(b"null"),
    }
}
