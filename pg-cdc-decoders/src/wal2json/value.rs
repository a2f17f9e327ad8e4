//! Values as PostgreSQL prints them, from what the plugin made of them.

use super::json::{Json, Scalar, Str};
use crate::cursor::{Fault, What};
use crate::named::{Label, SentColumns, SentValue};

/// How the strings of a column are to be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Strings {
    /// As they are.
    Text,
    /// `bytea` in hexadecimal, of which the plugin cuts off the first two characters. A domain over it keeps them.
    Bytea,
}

impl Strings {
    /// Of the column that `label` names (see [`super::label`]).
    #[inline]
    pub(super) fn of(label: &[u8]) -> Self {
        let is_bytea = label.ends_with(b",\"typeoid\":17") || label.ends_with(b",\"type\":\"bytea\"");
        if is_bytea { Self::Bytea } else { Self::Text }
    }
}

/// Tells `columns` that the column has the value `scalar`.
#[inline(always)]
pub(super) fn tell<C: SentColumns>(
    columns: &mut C,
    json: &Json<'_>,
    label: Label<'_>,
    scalar: Scalar,
    strings: Strings,
) -> Result<(), Fault> {
    let slice =
        |start: usize, end: usize| SentValue::Text { offset: start, length: end.saturating_sub(start) };
    match scalar {
        Scalar::Str(Str { start, end, is_escaped: false }) if strings == Strings::Text => {
            columns.value(label, slice(start, end))
        }
        Scalar::Null => columns.value(label, SentValue::Null),
        Scalar::Number(start, end) => columns.value(label, slice(start, end)),
        // A boolean is printed as its first letter.
        Scalar::Bool(_, at) => columns.value(label, slice(at, at + 1)),
        Scalar::Str(string) if strings == Strings::Bytea => {
            columns.made(label, false, |out| bytea(json, string, out))
        }
        Scalar::Str(string) => columns.made(label, false, |out| json.unescape(string, out)),
    }
}

fn bytea(json: &Json<'_>, string: Str, out: &mut Vec<u8>) -> Result<(), Fault> {
    let digits = json.raw(string);
    let is_digit = |byte: u8| byte.wrapping_sub(b'0') < 10 || (byte | 0x20).wrapping_sub(b'a') < 6;
    if !digits.iter().fold(true, |all, &byte| all & is_digit(byte)) {
        let what = "bytea that is not hexadecimal: the session's bytea_output must be hex";
        return Err(Fault::new(string.start, What::Malformed(what)));
    }
    out.extend_from_slice(b"\\x");
    out.extend_from_slice(digits);
    Ok(())
}
