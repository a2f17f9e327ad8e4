//! `"char"`: one byte (`src/backend/utils/adt/char.c`).

use super::{Flaw, Parsed};

/// The text of the binary form as PostgreSQL 16 and later print it: nothing for 0, the byte, or, above 0x7f, `\` and
/// three octal digits. Versions before 16 print that bare byte, which is no text in any encoding.
pub(super) fn with_text<T>(bytes: &[u8], then: impl FnOnce(&[u8]) -> T) -> Parsed<T> {
    match *bytes {
        [0] => Ok(then(b"")),
        [byte] if byte.is_ascii() => Ok(then(&[byte])),
        [byte] => {
            let octal = |shift: u8| b'0' + (byte >> shift & 7);
            Ok(then(&[b'\\', octal(6), octal(3), octal(0)]))
        }
        _ => Err(Flaw::new("has the wrong number of bytes")),
    }
}

/// Whether a text form is the bare byte that versions before 16 print: to be read as the binary form.
pub(crate) fn is_bare_byte(text: &[u8]) -> bool {
    matches!(text, [byte] if !byte.is_ascii())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_byte_has_its_text() {
        for (byte, text) in
            [(0u8, ""), (b'a', "a"), (b'\\', "\\"), (b'\n', "\n"), (0x80, "\\200"), (0xff, "\\377")]
        {
            assert_eq!(with_text(&[byte], <[u8]>::to_vec), Ok(text.as_bytes().to_vec()));
        }
        assert!(with_text(b"", |_| ()).is_err());
        assert!(with_text(b"ab", |_| ()).is_err());
    }
}
