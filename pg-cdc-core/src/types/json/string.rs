//! JSON strings as PostgreSQL's `escape_json` writes them (`src/backend/utils/adt/json.c`).

use crate::types::{Flaw, Parsed};

/// Appends `text` as a JSON string, quotes included.
///
/// Escaped are `"`, `\` and the control characters below 0x20 (`\b`, `\f`, `\n`, `\r`, `\t`, else `\u00xx`);
/// everything else stands as it is, as PostgreSQL's `escape_json` has it. Allocates only to grow `out`.
///
/// ```
/// let mut out = Vec::new();
/// pg_cdc_core::types::json::write_json_string("a \"b\"\n\u{1}é", &mut out);
/// assert_eq!(out, r#""a \"b\"\n\u0001é""#.as_bytes());
/// ```
pub fn write_json_string(text: &str, out: &mut Vec<u8>) {
    write_escaped(text.as_bytes(), out);
}

/// Appends `text` as a JSON string, quotes included, if it is UTF-8. Nothing is appended if it is not.
#[inline]
pub(crate) fn write_string_bytes(text: &[u8], out: &mut Vec<u8>) -> Parsed<()> {
    if !text.is_ascii() {
        check_utf8(text)?;
    }
    write_escaped(text, out);
    Ok(())
}

/// The UTF-8 in `text`, or where it ends.
pub(crate) fn check_utf8(text: &[u8]) -> Parsed<&str> {
    std::str::from_utf8(text).map_err(|error| Flaw::at("is not valid UTF-8", error.valid_up_to()))
}

/// How many bytes are looked at together: the compiler turns a block's test into a few vector instructions.
const BLOCK: usize = 32;

#[inline]
const fn needs_escape(byte: u8) -> bool {
    byte < b' ' || byte == b'"' || byte == b'\\'
}

/// Whether any byte of the block needs an escape, without a branch a byte.
#[inline]
fn any_needs_escape(block: &[u8]) -> bool {
    block.iter().fold(false, |any, &byte| any | needs_escape(byte))
}

fn write_escaped(text: &[u8], out: &mut Vec<u8>) {
    out.reserve(text.len() + 2);
    out.push(b'"');
    let mut done = 0;
    let mut at = 0;
    let (blocks, rest) = text.as_chunks::<BLOCK>();
    for block in blocks {
        if any_needs_escape(block) {
            escape_each(text, block, at, &mut done, out);
        }
        at += BLOCK;
    }
    if any_needs_escape(rest) {
        escape_each(text, rest, at, &mut done, out);
    }
    out.extend_from_slice(text.get(done..).unwrap_or_default());
    out.push(b'"');
}

/// Escapes what must be in `block`, which stands at `at` in `text`; `done` is what of `text` is written already.
fn escape_each(text: &[u8], block: &[u8], at: usize, done: &mut usize, out: &mut Vec<u8>) {
    for (offset, &byte) in block.iter().enumerate() {
        if needs_escape(byte) {
            out.extend_from_slice(text.get(*done..at + offset).unwrap_or_default());
            *done = at + offset + 1;
            push_escape(byte, out);
        }
    }
}

fn push_escape(byte: u8, out: &mut Vec<u8>) {
    const HEX: &[u8; 16] = b"0123456789abcdef";
    let short = match byte {
        b'"' | b'\\' => byte,
        0x08 => b'b',
        0x0c => b'f',
        b'\n' => b'n',
        b'\r' => b'r',
        b'\t' => b't',
        _ => {
            let high = HEX[usize::from(byte >> 4)];
            let low = HEX[usize::from(byte & 15)];
            out.extend_from_slice(&[b'\\', b'u', b'0', b'0', high, low]);
            return;
        }
    };
    out.extend_from_slice(&[b'\\', short]);
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn json(text: &str) -> String {
        let mut out = Vec::new();
        write_json_string(text, &mut out);
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn escapes_are_those_of_escape_json() {
        assert_eq!(json("\u{8}\u{c}\n\r\t\"\\/\u{1f}\u{7f}"), "\"\\b\\f\\n\\r\\t\\\"\\\\/\\u001f\u{7f}\"");
        assert_eq!(json(""), "\"\"");
    }

    #[test]
    fn bytes_that_are_not_utf8_are_refused_with_their_place_and_leave_nothing_behind() {
        let mut out = b"before".to_vec();
        let flaw = write_string_bytes(b"caf\xe9!", &mut out).unwrap_err();
        assert_eq!(flaw.offset, Some(3));
        assert_eq!(out, b"before");
    }

    proptest! {
        #[test]
        fn what_is_written_reads_back(text in "(?s)[ -~\u{0}-\u{1f}é€𝄞]{0,200}") {
            let written = json(&text);
            prop_assert_eq!(serde_json::from_str::<String>(&written).unwrap(), text);
            prop_assert!(!written.contains(['\n', '\r']));
        }
    }
}
