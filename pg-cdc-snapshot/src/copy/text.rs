//! Rows of COPY's text format.

use memchr::{memchr, memchr2_iter};
use pg_cdc_core::batch::ChangeWriter;

use super::Trouble;

/// The line from `start` to the end of `bytes`, which is its line break.
#[inline]
pub(super) fn row(
    bytes: &[u8],
    start: usize,
    columns: usize,
    writer: &mut ChangeWriter<'_>,
) -> Result<(), Trouble> {
    let line = bytes.get(start..).unwrap_or_default();
    let Some((b'\n', line)) = line.split_last() else { return Err(Trouble::NoLineEnd) };
    let mut found = 0;
    let (mut from, mut escaped) = (0, false);
    for at in memchr2_iter(b'\t', b'\\', line) {
        if line.get(at) == Some(&b'\\') {
            escaped = true;
            continue;
        }
        // An escaped tab is written as `\t`: a tab itself is always the end of a value.
        value(line, start, from..at, escaped, writer)?;
        found += 1;
        (from, escaped) = (at + 1, false);
    }
    // A table without columns has empty lines; any other has one value more than tabs.
    if columns != 0 || !line.is_empty() {
        value(line, start, from..line.len(), escaped, writer)?;
        found += 1;
    }
    if found == columns { Ok(()) } else { Err(Trouble::Columns { found, expected: columns }) }
}

#[inline]
fn value(
    line: &[u8],
    start: usize,
    range: std::ops::Range<usize>,
    escaped: bool,
    writer: &mut ChangeWriter<'_>,
) -> Result<(), Trouble> {
    if !escaped {
        return Ok(writer.text(start + range.start, range.len())?);
    }
    let raw = line.get(range).unwrap_or_default();
    if raw == br"\N" {
        writer.null();
        return Ok(());
    }
    let mut pieces = Pieces { rest: raw, lone_backslash: false };
    writer.text_pieces(&mut pieces)?;
    if pieces.lone_backslash { Err(Trouble::LoneBackslash) } else { Ok(()) }
}

/// A value's text, piece by piece: what stands between escapes, and what each escape stands for.
struct Pieces<'a> {
    rest: &'a [u8],
    lone_backslash: bool,
}

impl<'a> Iterator for Pieces<'a> {
    type Item = &'a [u8];

    fn next(&mut self) -> Option<&'a [u8]> {
        if self.rest.is_empty() {
            return None;
        }
        match memchr(b'\\', self.rest) {
            None => Some(std::mem::take(&mut self.rest)),
            Some(0) => {
                let piece = self.escape();
                self.lone_backslash |= piece.is_none();
                piece
            }
            Some(at) => {
                let (piece, rest) = self.rest.split_at(at);
                self.rest = rest;
                Some(piece)
            }
        }
    }
}

impl<'a> Pieces<'a> {
    /// The escape that stands first. The server writes those of one letter only; the others are COPY's as documented.
    fn escape(&mut self) -> Option<&'a [u8]> {
        let (&code, rest) = self.rest.get(1..)?.split_first()?;
        self.rest = rest;
        let byte = match code {
            b'b' => 8,
            b'f' => 12,
            b'n' => b'\n',
            b'r' => b'\r',
            b't' => b'\t',
            b'v' => 11,
            b'0'..=b'7' => self.number(code - b'0', 8, 2),
            b'x' if self.digit(16).is_some() => self.number(0, 16, 2),
            other => other,
        };
        BYTES.get(usize::from(byte)..=usize::from(byte))
    }

    /// A byte whose first digit may be known, with up to `most` more digits.
    fn number(&mut self, first: u8, radix: u8, most: usize) -> u8 {
        let mut byte = first;
        for _ in 0..most {
            let Some(digit) = self.digit(radix) else { break };
            // As the server does, of more than eight bits the lowest count.
            byte = byte.wrapping_mul(radix).wrapping_add(digit);
            self.rest = self.rest.get(1..).unwrap_or_default();
        }
        byte
    }

    fn digit(&self, radix: u8) -> Option<u8> {
        let digit = char::from(*self.rest.first()?).to_digit(u32::from(radix))?;
        u8::try_from(digit).ok()
    }
}

/// Every byte, so that one can be borrowed.
static BYTES: [u8; 256] = {
    let mut bytes = [0; 256];
    let mut at = 0;
    while at < 256 {
        bytes[at] = at as u8;
        at += 1;
    }
    bytes
};
