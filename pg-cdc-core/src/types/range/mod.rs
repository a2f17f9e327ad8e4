//! Ranges and multiranges (`src/backend/utils/adt/rangetypes.c`, `multirangetypes.c`).

mod value;

use std::borrow::Cow;
use std::ops::Bound;

use super::encoded::{Encoded, Reader};
use super::quoting::{Style, unquote};
use super::{Flaw, Parsed};

pub use value::{PgMultirange, PgRange};

/// A range's bounds, not yet read.
pub(super) enum Span<B> {
    Empty,
    Bounds(Bound<B>, Bound<B>),
}

/// A bound in one of the two encodings.
pub(super) enum Held<'a> {
    Text(Cow<'a, [u8]>),
    Binary(&'a [u8]),
}

impl Held<'_> {
    pub(super) fn encoded(&self) -> Encoded<'_> {
        match self {
            Self::Text(text) => Encoded::Text(text),
            Self::Binary(bytes) => Encoded::Binary(bytes),
        }
    }
}

/// The bounds of a range.
pub(super) fn read(value: Encoded<'_>) -> Parsed<Span<Held<'_>>> {
    match value {
        Encoded::Text(text) => {
            let (span, end) = read_text(text, 0)?;
            if end == text.len() { Ok(span) } else { Err(Flaw::at("has bytes behind its end", end)) }
        }
        Encoded::Binary(bytes) => read_binary(bytes),
    }
}

/// Tells `each` the ranges of a multirange.
pub(super) fn walk_multirange(
    value: Encoded<'_>,
    mut each: impl FnMut(Span<Held<'_>>) -> Parsed<()>,
) -> Parsed<()> {
    let text = match value {
        Encoded::Text(text) => text,
        Encoded::Binary(bytes) => {
            let mut reader = Reader::new(bytes);
            for _ in 0..reader.count()? {
                each(read_binary(reader.counted()?)?)?;
            }
            return reader.end();
        }
    };
    let malformed = |at| Flaw::at("is not the text of a multirange", at);
    let mut at = match text {
        b"{}" => return Ok(()),
        [b'{', ..] => 1,
        _ => return Err(malformed(0)),
    };
    loop {
        let (span, end) = read_text(text, at)?;
        each(span)?;
        match text.get(end..) {
            Some(b"}") => return Ok(()),
            Some([b',', ..]) => at = end + 1,
            _ => return Err(malformed(end)),
        }
    }
}

/// The range at `at`, and where it ends.
fn read_text(text: &[u8], at: usize) -> Parsed<(Span<Held<'_>>, usize)> {
    let malformed = |at| Flaw::at("is not the text of a range", at);
    if text.get(at..).is_some_and(|rest| rest.starts_with(b"empty")) {
        return Ok((Span::Empty, at + 5));
    }
    let lower_included = match text.get(at) {
        Some(b'[') => true,
        Some(b'(') => false,
        _ => return Err(malformed(at)),
    };
    let lower = unquote(text, at + 1, Style::Range)?;
    if text.get(lower.end) != Some(&b',') {
        return Err(malformed(lower.end));
    }
    let upper = unquote(text, lower.end + 1, Style::Range)?;
    let upper_included = match text.get(upper.end) {
        Some(b']') => true,
        Some(b')') => false,
        _ => return Err(malformed(upper.end)),
    };
    let end = upper.end + 1;
    let lower = (!lower.value.is_empty() || lower.was_quoted).then_some(Held::Text(lower.value));
    let upper = (!upper.value.is_empty() || upper.was_quoted).then_some(Held::Text(upper.value));
    Ok((Span::Bounds(side(lower, lower_included), side(upper, upper_included)), end))
}

/// A bound; none is none.
fn side<B>(value: Option<B>, included: bool) -> Bound<B> {
    match value {
        None => Bound::Unbounded,
        Some(value) if included => Bound::Included(value),
        Some(value) => Bound::Excluded(value),
    }
}

const EMPTY: u8 = 0x01;
const LOWER_INCLUDED: u8 = 0x02;
const UPPER_INCLUDED: u8 = 0x04;
const LOWER_INFINITE: u8 = 0x08;
const UPPER_INFINITE: u8 = 0x10;

/// Flags, then the bounds that there are, each behind its length (`range_send`).
fn read_binary(bytes: &[u8]) -> Parsed<Span<Held<'_>>> {
    let mut reader = Reader::new(bytes);
    let flags = reader.u8()?;
    if flags & !(EMPTY | LOWER_INCLUDED | UPPER_INCLUDED | LOWER_INFINITE | UPPER_INFINITE) != 0 {
        return Err(Flaw::at("has unknown flags", 0));
    }
    if flags & EMPTY != 0 {
        return reader.end().map(|()| Span::Empty);
    }
    let mut bound = |infinite: u8, included: u8| {
        let value = if flags & infinite == 0 { Some(Held::Binary(reader.counted()?)) } else { None };
        Ok(side(value, flags & included != 0))
    };
    let (lower, upper) = (bound(LOWER_INFINITE, LOWER_INCLUDED)?, bound(UPPER_INFINITE, UPPER_INCLUDED)?);
    reader.end().map(|()| Span::Bounds(lower, upper))
}
