//! Whether a value is what its type says, at the price of a look at its bytes.

use pg_cdc_core::Datum;
use pg_cdc_core::types::Kind;

/// What is wrong with the value, if anything is.
#[inline]
pub(super) fn check(kind: Kind, datum: Datum<'_>) -> Result<(), &'static str> {
    match datum {
        Datum::Text(text) => utf8(text),
        Datum::Binary(bytes) => binary(kind, bytes),
        _ => Ok(()),
    }
}

#[inline]
fn utf8(text: &[u8]) -> Result<(), &'static str> {
    std::str::from_utf8(text).map(|_| ()).map_err(|_| "is not valid UTF-8")
}

fn binary(kind: Kind, bytes: &[u8]) -> Result<(), &'static str> {
    let width = match kind {
        Kind::Bool | Kind::Char => 1,
        Kind::Int2 => 2,
        Kind::Int4 | Kind::Oid | Kind::Float4 | Kind::Date => 4,
        Kind::Int8 | Kind::Float8 | Kind::Time | Kind::Timestamp | Kind::TimestampTz => 8,
        Kind::Uuid => 16,
        Kind::Text | Kind::Json | Kind::Xml | Kind::Enum => return utf8(bytes),
        Kind::Jsonb => {
            return match bytes {
                [1, text @ ..] => utf8(text),
                _ => Err("is not version 1 of jsonb's binary form"),
            };
        }
        Kind::Numeric => {
            // Number of base-10000 digits, weight, sign, scale; then the digits.
            let digits = bytes.first_chunk().map(|count| usize::from(u16::from_be_bytes(*count)));
            let sound = digits.is_some_and(|digits| bytes.len() == 8 + 2 * digits);
            return if sound { Ok(()) } else { Err("is not as long as its digits say") };
        }
        _ => return Ok(()),
    };
    if bytes.len() == width { Ok(()) } else { Err("has the wrong number of bytes") }
}

#[cfg(test)]
mod tests {
    use super::*;
    use pg_cdc_core::ColumnType;
    use pg_cdc_core::types::oid;

    #[test]
    fn binary_forms_have_their_width() {
        let sound = |oid, bytes: &[u8]| check(ColumnType::built_in(oid).kind(), Datum::Binary(bytes)).is_ok();
        assert!(sound(oid::INT4, &[0; 4]) && !sound(oid::INT4, &[0; 5]));
        assert!(sound(oid::JSONB, b"\x01{}") && !sound(oid::JSONB, b"{}") && !sound(oid::JSONB, b""));
        assert!(sound(oid::NUMERIC, &[0, 1, 0, 0, 0, 0, 0, 0, 0, 7]));
        assert!(!sound(oid::NUMERIC, &[0, 2, 0, 0, 0, 0, 0, 0, 0, 7]) && !sound(oid::NUMERIC, &[0]));
        assert!(sound(oid::BYTEA, b"\xff") && !sound(oid::TEXT, b"\xff"));
    }
}
