//! The JSON that PostgreSQL's own `row_to_json` gives.
//!
//! Follows `json_categorize_type` and `datum_to_json` in `src/backend/utils/adt/json.c` for a session with
//! `TimeZone=UTC`, `DateStyle=ISO` and the other settings that pg-cdc pins.

use super::embed::write_embedded;
use super::number::is_json_number;
use super::string::write_string_bytes;
use crate::types::datetime::write_timestamp_json_from_text;
use crate::types::{Flaw, Kind, Parsed, TypeError};
use crate::{ColumnType, Datum};

/// Appends a value as JSON.
///
/// NULL is `null`; a boolean is `true` or `false`; int2, int4, int8, float4, float8 and numeric are numbers with the
/// server's own digits, or strings where JSON has no such number (`"NaN"`, `"Infinity"`); date, timestamp and
/// timestamptz are ISO 8601 strings (timestamptz in UTC, `+00:00`); json and jsonb stand as they are, line breaks
/// turned into spaces; everything else is its text as a string. The output never holds a raw line break. Nothing is
/// allocated but to grow `out`.
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
    let kind = Kind::of(type_.oid);
    let start = out.len();
    let written = match datum {
        Datum::Text(text) => write_from_text(kind, text, out),
        Datum::Null => {
            out.extend_from_slice(b"null");
            return Ok(());
        }
        Datum::Binary(_) => Err(Flaw::new("came in binary, which is not known for it")),
        Datum::Unchanged => Err(Flaw::new("was not sent (an unchanged TOAST value)")),
        Datum::NotInIdentity => Err(Flaw::new("was not sent (not in the replica identity)")),
        Datum::Absent => Err(Flaw::new("was not sent (not published)")),
    };
    written.map_err(|flaw| {
        out.truncate(start);
        flaw.of(type_)
    })
}

#[inline]
fn write_from_text(kind: Kind, text: &[u8], out: &mut Vec<u8>) -> Parsed<()> {
    match kind {
        Kind::Int2 | Kind::Int4 | Kind::Int8 | Kind::Float4 | Kind::Float8 | Kind::Numeric
            if is_json_number(text) =>
        {
            out.extend_from_slice(text);
            Ok(())
        }
        Kind::Bool => match text {
            b"t" | b"true" => {
                out.extend_from_slice(b"true");
                Ok(())
            }
            b"f" | b"false" => {
                out.extend_from_slice(b"false");
                Ok(())
            }
            _ => Err(Flaw::new("is neither t nor f")),
        },
        Kind::Timestamp => write_timestamp_json_from_text(text, false, out),
        Kind::TimestampTz => write_timestamp_json_from_text(text, true, out),
        Kind::Json | Kind::Jsonb => write_embedded(text, out),
        _ => write_string_bytes(text, out),
    }
}
