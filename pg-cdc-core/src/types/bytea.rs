//! `bytea`: text in hexadecimal (`bytea_output=hex`), or in the older escape form when read
//! (`src/backend/utils/adt/varlena.c`, `encode.c`).

use super::{Flaw, Parsed};

/// Both digits of every byte.
static HEX: [[u8; 2]; 256] = {
    let digits = *b"0123456789abcdef";
    let mut table = [[0; 2]; 256];
    let mut byte = 0;
    while byte < 256 {
        table[byte] = [digits[byte >> 4], digits[byte & 15]];
        byte += 1;
    }
    table
};

/// Appends two hexadecimal digits a byte.
pub(super) fn write_hex(bytes: &[u8], out: &mut Vec<u8>) {
    let start = out.len();
    out.resize(start + 2 * bytes.len(), 0);
    let (places, _) = out.get_mut(start..).unwrap_or_default().as_chunks_mut::<2>();
    for (place, byte) in places.iter_mut().zip(bytes) {
        *place = HEX[usize::from(*byte)];
    }
}

/// Appends PostgreSQL's text form: `\x` and two digits a byte.
pub(super) fn write_text(bytes: &[u8], out: &mut Vec<u8>) {
    out.extend_from_slice(b"\\x");
    write_hex(bytes, out);
}

/// Reads either text form: `\x` and pairs of digits, or bytes with `\\` and `\ooo` for what is not printed.
pub(super) fn from_text(text: &[u8]) -> Parsed<Vec<u8>> {
    let mut bytes = Vec::new();
    read_text(text, &mut bytes).map(|()| bytes)
}

/// Appends the bytes of either text form; what was appended before an error is left to the caller to take back.
pub(super) fn read_text(text: &[u8], bytes: &mut Vec<u8>) -> Parsed<()> {
    match text.strip_prefix(b"\\x") {
        Some(hex) => read_hex(hex, 2, bytes),
        None => read_escaped(text, bytes),
    }
}

/// Reads pairs of digits, which begin at `start` in the value.
pub(super) fn from_hex(hex: &[u8], start: usize) -> Parsed<Vec<u8>> {
    let mut bytes = Vec::new();
    read_hex(hex, start, &mut bytes).map(|()| bytes)
}

fn read_hex(hex: &[u8], start: usize, bytes: &mut Vec<u8>) -> Parsed<()> {
    let flaw = |index: usize| Flaw::at("is not hexadecimal", start + index);
    let (pairs, odd) = hex.as_chunks::<2>();
    if !odd.is_empty() {
        return Err(flaw(hex.len()));
    }
    bytes.reserve(pairs.len());
    for (index, pair) in pairs.iter().enumerate() {
        bytes.push(byte_of(*pair).ok_or_else(|| flaw(2 * index))?);
    }
    Ok(())
}

/// The byte that two hexadecimal digits are.
#[inline]
pub(super) fn byte_of([high, low]: [u8; 2]) -> Option<u8> {
    let digit = |byte: u8| char::from(byte).to_digit(16).map(|digit| digit as u8);
    Some(digit(high)? << 4 | digit(low)?)
}

fn read_escaped(text: &[u8], bytes: &mut Vec<u8>) -> Parsed<()> {
    bytes.reserve(text.len());
    let mut rest = text;
    loop {
        rest = match rest {
            [] => return Ok(()),
            [b'\\', b'\\', rest @ ..] => {
                bytes.push(b'\\');
                rest
            }
            [b'\\', a @ b'0'..=b'3', b @ b'0'..=b'7', c @ b'0'..=b'7', rest @ ..] => {
                bytes.push((a - b'0') << 6 | (b - b'0') << 3 | (c - b'0'));
                rest
            }
            [b'\\', ..] => {
                return Err(Flaw::at("has a backslash that means nothing", text.len() - rest.len()));
            }
            [byte, rest @ ..] => {
                bytes.push(*byte);
                rest
            }
        };
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn both_text_forms_are_read() {
        assert_eq!(from_text(b"\\xDEadbe00"), Ok(vec![0xde, 0xad, 0xbe, 0]));
        assert_eq!(from_text(b"a\\\\b\\000\\377"), Ok(vec![b'a', b'\\', b'b', 0, 255]));
        assert_eq!(from_text(b""), Ok(vec![]));
        for (bad, at) in [("\\x1", 3), ("\\x1g", 2), ("a\\", 1), ("\\400", 0), ("\\12", 0)] {
            assert_eq!(from_text(bad.as_bytes()).unwrap_err().offset, Some(at), "{bad}");
        }
    }

    proptest! {
        #[test]
        fn any_bytes_go_there_and_back(bytes: Vec<u8>) {
            let mut text = Vec::new();
            write_text(&bytes, &mut text);
            prop_assert_eq!(from_text(&text), Ok(bytes.clone()));
            let _ = from_text(&bytes);
        }
    }
}
