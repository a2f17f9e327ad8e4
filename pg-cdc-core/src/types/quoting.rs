//! How a value stands within the text of an array, a composite or a range.
//!
//! Follows `array_out`, `record_out` and `range_bound_escape` (`src/backend/utils/adt/{arrayfuncs,rowtypes,rangetypes}.c`)
//! and what their counterparts read.

use std::borrow::Cow;

use super::{Flaw, Parsed};

/// How one of the three quotes its values.
#[derive(Clone, Copy)]
pub(super) enum Style {
    /// `"` and `\` within quotes stand behind a backslash. Holds the array's delimiter.
    Array(u8),
    /// `"` and `\` within quotes are doubled.
    Composite,
    /// As [`Style::Composite`], with brackets quoted too.
    Range,
}

/// What C calls white space.
const fn is_space(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t' | b'\n' | 0x0b | 0x0c | b'\r')
}

impl Style {
    /// Whether a value that holds `byte` is quoted.
    fn quotes(self, byte: u8) -> bool {
        if is_space(byte) || matches!(byte, b'"' | b'\\') {
            return true;
        }
        match self {
            Self::Array(delimiter) => byte == delimiter || matches!(byte, b'{' | b'}'),
            Self::Composite => matches!(byte, b'(' | b')' | b','),
            Self::Range => matches!(byte, b'(' | b')' | b'[' | b']' | b','),
        }
    }

    /// Whether an unquoted value ends before `byte`.
    fn ends_before(self, byte: u8) -> bool {
        match self {
            Self::Array(delimiter) => byte == delimiter || matches!(byte, b'{' | b'}'),
            Self::Composite => matches!(byte, b',' | b')'),
            Self::Range => matches!(byte, b',' | b')' | b']'),
        }
    }

    fn escape_of(self, byte: u8) -> Option<u8> {
        match (self, byte) {
            (Self::Array(_), b'"' | b'\\') => Some(b'\\'),
            (_, b'"' | b'\\') => Some(byte),
            _ => None,
        }
    }
}

/// Puts what stands in `out` from `start` on into quotes, if it must be.
pub(super) fn quote_from(start: usize, style: Style, out: &mut Vec<u8>) {
    let text = out.get(start..).unwrap_or_default();
    let is_null = matches!(style, Style::Array(_)) && text.eq_ignore_ascii_case(b"NULL");
    if !text.is_empty() && !is_null && !text.iter().any(|&byte| style.quotes(byte)) {
        return;
    }
    let escapes = text.iter().filter(|&&byte| style.escape_of(byte).is_some()).count();
    // From the end on, so that nothing is written over before it is read.
    let (mut from, mut to) = (out.len(), out.len() + escapes + 2);
    out.resize(to, b'"');
    let mut put = |byte: u8, out: &mut Vec<u8>| {
        to -= 1;
        if let Some(place) = out.get_mut(to) {
            *place = byte;
        }
    };
    put(b'"', out);
    while from > start {
        from -= 1;
        let byte = out.get(from).copied().unwrap_or_default();
        put(byte, out);
        if let Some(escape) = style.escape_of(byte) {
            put(escape, out);
        }
    }
    put(b'"', out);
}

/// The value that stands at `at` in `text`, and where it ends; and whether it was quoted.
pub(super) struct Quoted<'a> {
    pub(super) value: Cow<'a, [u8]>,
    pub(super) was_quoted: bool,
    pub(super) end: usize,
}

/// Reads a value; nothing is copied unless something in it was escaped.
pub(super) fn unquote(text: &[u8], at: usize, style: Style) -> Parsed<Quoted<'_>> {
    let rest = text.get(at..).unwrap_or_default();
    if rest.first() == Some(&b'"') {
        let inner = rest.get(1..).unwrap_or_default();
        let length = inner.iter().position(|byte| matches!(byte, b'"' | b'\\'));
        let length = length.ok_or(Flaw::at("has a quote that is not closed", at))?;
        let behind = (inner.get(length), inner.get(length + 1));
        let ends = |byte: Option<&u8>| byte.is_none_or(|&byte| style.ends_before(byte));
        if behind.0 == Some(&b'"') && ends(behind.1) {
            let value = Cow::Borrowed(inner.get(..length).unwrap_or_default());
            return Ok(Quoted { value, was_quoted: true, end: at + length + 2 });
        }
        return unescape(text, at, style);
    }
    let length = rest.iter().position(|&byte| style.ends_before(byte) || matches!(byte, b'"' | b'\\'));
    let length = length.unwrap_or(rest.len());
    if matches!(rest.get(length), Some(b'"' | b'\\')) {
        return unescape(text, at, style);
    }
    Ok(Quoted {
        value: Cow::Borrowed(rest.get(..length).unwrap_or_default()),
        was_quoted: false,
        end: at + length,
    })
}

/// A value of which something is escaped: quoted and unquoted stretches, side by side.
fn unescape(text: &[u8], at: usize, style: Style) -> Parsed<Quoted<'_>> {
    let mut value = Vec::new();
    let mut within = false;
    let mut was_quoted = false;
    let mut end = at;
    while let Some(&byte) = text.get(end) {
        match byte {
            b'\\' => {
                end += 1;
                value.push(*text.get(end).ok_or(Flaw::at("ends with a lone backslash", end))?);
            }
            b'"' if !within => (within, was_quoted) = (true, true),
            b'"' if !matches!(style, Style::Array(_)) && text.get(end + 1) == Some(&b'"') => {
                end += 1;
                value.push(b'"');
            }
            b'"' => within = false,
            byte if !within && style.ends_before(byte) => break,
            byte => value.push(byte),
        }
        end += 1;
    }
    if within {
        return Err(Flaw::at("has a quote that is not closed", at));
    }
    Ok(Quoted { value: Cow::Owned(value), was_quoted, end })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn quoted(text: &str, style: Style) -> String {
        let mut out = b"before".to_vec();
        out.extend_from_slice(text.as_bytes());
        quote_from(6, style, &mut out);
        String::from_utf8(out).unwrap().strip_prefix("before").unwrap().to_owned()
    }

    #[test]
    fn only_what_must_be_is_quoted() {
        for (text, array, composite, range) in [
            ("plain", "plain", "plain", "plain"),
            ("", "\"\"", "\"\"", "\"\""),
            ("null", "\"null\"", "null", "null"),
            ("a b", "\"a b\"", "\"a b\"", "\"a b\""),
            ("a\"\\", "\"a\\\"\\\\\"", "\"a\"\"\\\\\"", "\"a\"\"\\\\\""),
            ("{", "\"{\"", "{", "{"),
            ("(", "(", "\"(\"", "\"(\""),
            ("[", "[", "[", "\"[\""),
            (",", "\",\"", "\",\"", "\",\""),
            (";", ";", ";", ";"),
        ] {
            assert_eq!(quoted(text, Style::Array(b',')), array);
            assert_eq!(quoted(text, Style::Composite), composite);
            assert_eq!(quoted(text, Style::Range), range);
        }
        assert_eq!(quoted("(1,2),(3,4)", Style::Array(b';')), "(1,2),(3,4)");
    }

    proptest! {
        #[test]
        fn what_is_quoted_reads_back(text in "[a-c ,;\"\\\\(){}\\[\\]\n]{0,12}|(?i)null", further in "[,)}]?") {
            for style in [Style::Array(b','), Style::Composite, Style::Range] {
                let written = quoted(&text, style);
                let end = if style.ends_before(*further.as_bytes().first().unwrap_or(&b',')) { &*further } else { "" };
                let whole = format!("{written}{end}");
                let read = unquote(whole.as_bytes(), 0, style).unwrap();
                prop_assert_eq!(&*read.value, text.as_bytes());
                prop_assert_eq!(read.end, written.len());
                prop_assert_eq!(read.was_quoted, written.starts_with('"'));
            }
        }

        #[test]
        fn any_bytes_are_a_value_or_an_error(bytes: Vec<u8>, at in 0..10usize) {
            for style in [Style::Array(b','), Style::Composite, Style::Range] {
                if let Ok(read) = unquote(&bytes, at, style) {
                    prop_assert!(read.end <= bytes.len().max(at));
                    prop_assert!(read.value.len() <= bytes.len());
                }
            }
        }
    }
}
