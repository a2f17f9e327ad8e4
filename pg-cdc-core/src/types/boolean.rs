//! `bool`

use super::{Flaw, Parsed, fixed};

/// `t` or `f`, and `true` or `false`, as some output plugins have it.
#[inline]
pub(super) fn from_text(text: &[u8]) -> Parsed<bool> {
    match text {
        b"t" | b"true" => Ok(true),
        b"f" | b"false" => Ok(false),
        _ => Err(Flaw::new("is neither t nor f")),
    }
}

/// One byte, not 0 for true (`boolrecv`).
#[inline]
pub(super) fn from_binary(bytes: &[u8]) -> Parsed<bool> {
    fixed(bytes).map(|[byte]| byte != 0)
}

pub(super) fn write_text(value: bool, out: &mut Vec<u8>) {
    out.push(if value { b't' } else { b'f' });
}

pub(super) fn write_json(value: bool, out: &mut Vec<u8>) {
    out.extend_from_slice(if value { b"true" } else { b"false" });
}
