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
    std::str::from_utf8(text).map_err(|error| Flaw::at(Flaw::NOT_UTF8, error.valid_up_to()))
}

const fn needs_escape(byte: u8) -> bool {
    byte < b' ' || byte == b'"' || byte == b'\\'
}

/// How many bytes at the start of `text` need no escape.
///
/// Eight at a time: a byte is below `n` where subtracting `n` borrows into its highest bit. The borrow may run on and
/// mark bytes above a true hit, so only the lowest mark counts.
#[inline]
pub(super) fn plain_prefix(text: &[u8]) -> usize {
    const fn each(byte: u8) -> u64 {
        u64::from_ne_bytes([byte; 8])
    }
    const fn marks(word: u64) -> u64 {
        let control = word.wrapping_sub(each(b' ')) & !word;
        let quote = word ^ each(b'"');
        let quote = quote.wrapping_sub(each(1)) & !quote;
        let backslash = word ^ each(b'\\');
        let backslash = backslash.wrapping_sub(each(1)) & !backslash;
        (control | quote | backslash) & each(0x80)
    }
    let (words, rest) = text.as_chunks::<8>();
    for (index, word) in words.iter().enumerate() {
        let marks = marks(u64::from_le_bytes(*word));
        if marks != 0 {
            return index * 8 + marks.trailing_zeros() as usize / 8;
        }
    }
    // The last word again from the end, what was seen already included: it had no mark.
    match text.last_chunk::<8>() {
        Some(word) => {
            let marks = marks(u64::from_le_bytes(*word));
            if marks == 0 { text.len() } else { text.len() - 8 + marks.trailing_zeros() as usize / 8 }
        }
        None => rest.iter().position(|&byte| needs_escape(byte)).unwrap_or(text.len()),
    }
}

fn write_escaped(text: &[u8], out: &mut Vec<u8>) {
    out.reserve(text.len() + 2);
    out.push(b'"');
    let mut rest = text;
    loop {
        let (plain, after) = rest.split_at(plain_prefix(rest));
        out.extend_from_slice(plain);
        let Some((&byte, after)) = after.split_first() else { break };
        push_escape(byte, out);
        rest = after;
    }
    out.push(b'"');
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
        fn the_first_byte_to_escape_is_found_wherever_it_stands(bytes in prop::collection::vec(any::<u8>(), 0..80), from in 0x20u8..0x80) {
            let bytes: Vec<u8> = bytes.into_iter().map(|byte| if byte < from { byte } else { byte | 0x80 }).collect();
            let expected = bytes.iter().position(|&byte| needs_escape(byte)).unwrap_or(bytes.len());
            prop_assert_eq!(plain_prefix(&bytes), expected);
        }

        #[test]
        fn what_is_written_reads_back(text in "(?s)[ -~\u{0}-\u{1f}é€𝄞]{0,200}") {
            let written = json(&text);
            prop_assert_eq!(serde_json::from_str::<String>(&written).unwrap(), text);
            prop_assert!(!written.contains(['\n', '\r']));
        }
    }
}
