//! Whether a value is what its type says, at the price of a look at its bytes.

use std::borrow::Cow;

use pg_cdc_core::types::json::write_natural;
use pg_cdc_core::types::{Kind, TypeError, write_text};
use pg_cdc_core::{ColumnType, Datum};

pub(super) const NOT_UTF8: &str = "is not valid UTF-8";

/// What is wrong with the value, if anything is. `scratch` takes the text of what must be read to be judged.
#[inline]
pub(super) fn check(
    type_: &ColumnType,
    datum: Datum<'_>,
    scratch: &mut Vec<u8>,
) -> Result<(), Cow<'static, str>> {
    match (datum, type_.kind()) {
        (Datum::Text(text), Kind::Array | Kind::Composite) => {
            utf8(text)?;
            written(write_natural(type_, datum, scratch), scratch)
        }
        (Datum::Text(text), _) => Ok(utf8(text)?),
        (Datum::Binary(bytes), kind) => match binary(kind, bytes) {
            Some(checked) => Ok(checked?),
            None => written(write_text(type_, datum, scratch), scratch),
        },
        _ => Ok(()),
    }
}

#[cold]
fn written(written: Result<(), TypeError>, scratch: &mut Vec<u8>) -> Result<(), Cow<'static, str>> {
    scratch.clear();
    written.map_err(|error| Cow::Owned(format!("can't be read: {error}")))
}

#[inline]
fn utf8(text: &[u8]) -> Result<(), &'static str> {
    std::str::from_utf8(text).map(|_| ()).map_err(|_| NOT_UTF8)
}

/// What a look at a binary value's bytes says; `None` where that is not enough.
fn binary(kind: Kind, bytes: &[u8]) -> Option<Result<(), &'static str>> {
    let width = match kind {
        Kind::Bool | Kind::Char => 1,
        Kind::Int2 => 2,
        Kind::Int4 | Kind::Oid | Kind::Float4 | Kind::Date => 4,
        Kind::Int8 | Kind::Float8 | Kind::Time | Kind::Timestamp | Kind::TimestampTz => 8,
        Kind::Uuid => 16,
        Kind::Text | Kind::Json | Kind::Xml | Kind::Enum => return Some(utf8(bytes)),
        Kind::Jsonb => {
            return Some(match bytes {
                [1, text @ ..] => utf8(text),
                _ => Err("is not version 1 of jsonb's binary form"),
            });
        }
        Kind::Numeric => {
            // Number of base-10000 digits, weight, sign, scale; then the digits.
            let digits = bytes.first_chunk().map(|count| usize::from(u16::from_be_bytes(*count)));
            let sound = digits.is_some_and(|digits| bytes.len() == 8 + 2 * digits);
            return Some(if sound { Ok(()) } else { Err("is not as long as its digits say") });
        }
        Kind::Bytea => return Some(Ok(())),
        _ => return None,
    };
    Some(if bytes.len() == width { Ok(()) } else { Err("has the wrong number of bytes") })
}

#[cfg(test)]
mod tests {
    use super::*;
    use pg_cdc_core::types::oid;

    #[test]
    fn binary_forms_have_their_width() {
        let sound = |oid, bytes: &[u8]| {
            check(&ColumnType::built_in(oid), Datum::Binary(bytes), &mut Vec::new()).is_ok()
        };
        assert!(sound(oid::INT4, &[0; 4]) && !sound(oid::INT4, &[0; 5]));
        assert!(sound(oid::JSONB, b"\x01{}") && !sound(oid::JSONB, b"{}") && !sound(oid::JSONB, b""));
        assert!(sound(oid::NUMERIC, &[0, 1, 0, 0, 0, 0, 0, 0, 0, 7]));
        assert!(!sound(oid::NUMERIC, &[0, 2, 0, 0, 0, 0, 0, 0, 0, 7]) && !sound(oid::NUMERIC, &[0]));
        assert!(sound(oid::INTERVAL, &[0; 16]) && !sound(oid::INTERVAL, &[0; 15]));
        assert!(
            sound(oid::INT4_ARRAY, &[0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 23])
                && !sound(oid::INT4_ARRAY, &[0; 12])
        );
        assert!(sound(oid::BYTEA, b"\xff") && !sound(oid::TEXT, b"\xff"));
    }
}
