//! Bytes that are no text.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use crate::ColumnType;
use crate::batch::LONGEST;
use crate::types::{self, Kind};

/// What is done with bytes that are not text in the database's encoding: any of a database in SQL_ASCII that are not
/// UTF-8, and those that PostgreSQL itself could not convert.
///
/// It is done to a value as a whole, whatever its type: to the text of an array, not to each of its elements.
///
/// ```
/// use pg_cdc_core::InvalidText;
///
/// let mut out = Vec::new();
/// assert!(InvalidText::Replace.append(b"caf\xe9 ", &mut out));
/// assert!(InvalidText::Base64.append(b"caf\xe9", &mut out));
/// assert_eq!(out, "caf\u{fffd} Y2Fm6Q==".as_bytes());
/// assert!(!InvalidText::Error.append(b"caf\xe9", &mut out));
/// ```
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum InvalidText {
    /// An error that names table and column.
    #[default]
    Error,
    /// Each is replaced by U+FFFD, as [`String::from_utf8_lossy`] does it.
    Replace,
    /// The whole value is replaced by its bytes in base64. That is text, but none of a value of a type that has a form
    /// of its own: what reads values as JSON or as [`Value`](types::Value) takes it for a string.
    Base64,
}

impl InvalidText {
    /// What a user can do who meets bytes that are no text.
    pub const HINT: &str = "a database in SQL_ASCII holds whatever it was given: source.invalid_text: replace or base64 \
                            carries bytes that are no text";

    /// Appends what becomes of `bytes`, which are not UTF-8; false where that is an error, and nothing is appended.
    ///
    /// Beyond 1 GiB, which no value is longer than, it stops: a batch refuses what is longer.
    #[cold]
    #[must_use]
    pub fn append(self, bytes: &[u8], out: &mut Vec<u8>) -> bool {
        let end = out.len().saturating_add(LONGEST);
        match self {
            Self::Error => return false,
            Self::Replace => {
                for chunk in bytes.utf8_chunks() {
                    out.extend_from_slice(chunk.valid().as_bytes());
                    if !chunk.invalid().is_empty() {
                        out.extend_from_slice("\u{FFFD}".as_bytes());
                    }
                    if out.len() > end {
                        break;
                    }
                }
            }
            Self::Base64 => {
                // Of a part whose length three divides nothing is padded.
                for part in bytes.chunks(3 << 10) {
                    let start = out.len();
                    out.resize(start + part.len().div_ceil(3) * 4, 0);
                    // The room is what is needed.
                    let written = STANDARD.encode_slice(part, out.get_mut(start..).unwrap_or_default());
                    out.truncate(start + written.unwrap_or_default());
                    if out.len() > end {
                        break;
                    }
                }
            }
        }
        true
    }

    /// Whether a text that is not UTF-8 is to be dealt with: not the bare byte that a `"char"` is printed as before
    /// PostgreSQL 16, which is read as that byte.
    #[must_use]
    pub fn concerns(type_: &ColumnType, text: &[u8]) -> bool {
        !(type_.kind() == Kind::Char && types::is_bare_byte(text))
    }
}

/// Whether `text`, which is none of its type, may be what [`InvalidText::Base64`] made of a value of it.
///
/// Only of types whose text has a form: that begins with a bracket, a brace, a quote or white space, and its base64 with
/// a letter. What begins with one otherwise is `true`, `null` and the range `empty`.
pub(crate) fn is_base64(type_: &ColumnType, text: &[u8]) -> bool {
    let has_form = matches!(
        type_.kind(),
        Kind::Array
            | Kind::Composite
            | Kind::Range
            | Kind::Multirange
            | Kind::Json
            | Kind::Jsonb
            | Kind::Hstore
            | Kind::TsVector
            | Kind::TsQuery
    );
    if !has_form || !text.first().is_some_and(u8::is_ascii_alphabetic) || !text.len().is_multiple_of(4) {
        return false;
    }
    let digits = text.strip_suffix(b"==").or_else(|| text.strip_suffix(b"=")).unwrap_or(text);
    let is_digit = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/');
    digits.iter().all(is_digit) && !matches!(text, b"true" | b"null")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::types::oid;
    use proptest::prelude::*;

    fn made(how: InvalidText, bytes: &[u8]) -> Vec<u8> {
        let mut out = b"before".to_vec();
        assert!(how.append(bytes, &mut out));
        out.split_off(6)
    }

    proptest! {
        #[test]
        fn it_is_what_the_libraries_make_of_it(bytes in prop::collection::vec(any::<u8>(), 0..10_000)) {
            prop_assert!(made(InvalidText::Replace, &bytes) == String::from_utf8_lossy(&bytes).as_bytes());
            prop_assert!(made(InvalidText::Base64, &bytes) == STANDARD.encode(&bytes).as_bytes());
        }

        #[test]
        fn base64_of_a_type_with_a_form_is_told_from_what_is_of_that_form(text in "[\\[{(\"' \t\n][ -~]{0,12}") {
            let array = ColumnType::built_in(oid::TEXT_ARRAY);
            prop_assert!(!is_base64(&array, text.as_bytes()));
            prop_assert!(is_base64(&array, &made(InvalidText::Base64, text.as_bytes())));
        }
    }

    #[test]
    fn a_char_that_is_a_bare_byte_is_left_to_its_reader() {
        let concerns = |oid, text| InvalidText::concerns(&ColumnType::built_in(oid), text);
        assert!(
            !concerns(oid::CHAR, b"\xff") && concerns(oid::TEXT, b"\xff") && concerns(oid::CHAR, b"\xff\xff")
        );
    }

    #[test]
    fn words_and_numbers_of_json_are_no_base64() {
        for text in ["true", "null", "1234", "", "ab=="] {
            assert_eq!(
                is_base64(&ColumnType::built_in(oid::JSON), text.as_bytes()),
                text == "ab==",
                "{text}"
            );
        }
        assert!(!is_base64(&ColumnType::built_in(oid::INT4), b"abcd"));
    }

    #[test]
    fn an_error_appends_nothing() {
        let mut out = Vec::new();
        assert!(!InvalidText::Error.append(b"\xff", &mut out) && out.is_empty());
    }
}
