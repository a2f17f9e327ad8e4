//! `hstore` (`contrib/hstore/hstore_io.c`).

use std::borrow::Cow;
use std::fmt;
use std::str::FromStr;

use super::encoded::{Encoded, Reader};
use super::json::{check_utf8, write_string_bytes};
use super::{ColumnType, Extension, Flaw, Parsed, Shape, TypeError, text_is_display};

/// An `hstore`: keys with values, of which any may be NULL, in PostgreSQL's order (shorter keys first).
///
/// ```
/// use pg_cdc_core::types::PgHstore;
///
/// let hstore: PgHstore = r#""a"=>"1", "bc"=>NULL"#.parse()?;
/// assert_eq!(hstore.get("a"), Some(Some("1")));
/// assert_eq!(hstore.get("bc"), Some(None));
/// assert_eq!(hstore.get("d"), None);
/// # Ok::<(), pg_cdc_core::types::TypeError>(())
/// ```
#[derive(Clone, PartialEq, Eq, Hash, Default)]
pub struct PgHstore(Vec<(String, Option<String>)>);

impl PgHstore {
    /// The value of a key: `None` where it has no such key, `Some(None)` where the value is NULL.
    #[must_use]
    pub fn get(&self, key: &str) -> Option<Option<&str>> {
        self.iter().find(|(it, _)| *it == key).map(|(_, value)| value)
    }

    /// Its keys with their values, `None` for NULL.
    pub fn iter(&self) -> impl Iterator<Item = (&str, Option<&str>)> {
        self.0.iter().map(|(key, value)| (&**key, value.as_deref()))
    }

    /// The number of its keys.
    #[must_use]
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether it has no keys.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Its keys with their values, `None` for NULL.
    #[must_use]
    pub fn into_pairs(self) -> Vec<(String, Option<String>)> {
        self.0
    }

    pub(crate) fn from_text(text: &[u8]) -> Parsed<Self> {
        Self::from_encoded(Encoded::Text(text))
    }

    pub(crate) fn from_binary(bytes: &[u8]) -> Parsed<Self> {
        Self::from_encoded(Encoded::Binary(bytes))
    }

    pub(super) fn from_encoded(value: Encoded<'_>) -> Parsed<Self> {
        let mut pairs = Vec::new();
        walk(value, |key, value| {
            let value = value.map(|value| check_utf8(value).map(str::to_owned)).transpose()?;
            pairs.push((check_utf8(key)?.to_owned(), value));
            Ok(())
        })?;
        Ok(Self(pairs))
    }

    /// Appends PostgreSQL's text form.
    pub fn write_text(&self, out: &mut Vec<u8>) {
        for (index, (key, value)) in self.0.iter().enumerate() {
            write_pair(index, key.as_bytes(), value.as_deref().map(str::as_bytes), out);
        }
    }

    /// Appends PostgreSQL's binary form.
    pub fn write_binary(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(&(self.0.len() as u32).to_be_bytes());
        for (key, value) in &self.0 {
            write_counted(key, out);
            match value {
                Some(value) => write_counted(value, out),
                None => out.extend_from_slice(&[0xff; 4]),
            }
        }
    }
}

impl FromIterator<(String, Option<String>)> for PgHstore {
    fn from_iter<I: IntoIterator<Item = (String, Option<String>)>>(pairs: I) -> Self {
        Self(pairs.into_iter().collect())
    }
}

fn write_counted(text: &str, out: &mut Vec<u8>) {
    out.extend_from_slice(&(text.len() as u32).to_be_bytes());
    out.extend_from_slice(text.as_bytes());
}

/// Tells `each` the keys with their values, `None` for NULL.
pub(super) fn walk(value: Encoded<'_>, each: impl FnMut(&[u8], Option<&[u8]>) -> Parsed<()>) -> Parsed<()> {
    match value {
        Encoded::Text(text) => walk_text(text, each),
        Encoded::Binary(bytes) => walk_binary(bytes, each),
    }
}

fn walk_text(text: &[u8], mut each: impl FnMut(&[u8], Option<&[u8]>) -> Parsed<()>) -> Parsed<()> {
    let pass = |at: usize, what: &[u8]| match text.get(at..) {
        Some(rest) if rest.starts_with(what) => Ok(at + what.len()),
        _ => Err(Flaw::at("is not the text of an hstore", at)),
    };
    let mut at = 0;
    while at < text.len() {
        if at > 0 {
            at = pass(at, b", ")?;
        }
        let (key, end) = read_quoted(text, at)?;
        at = pass(end, b"=>")?;
        if text.get(at) == Some(&b'"') {
            let (value, end) = read_quoted(text, at)?;
            each(&key, Some(&value))?;
            at = end;
        } else {
            at = pass(at, b"NULL")?;
            each(&key, None)?;
        }
    }
    Ok(())
}

/// The number of pairs, and for each its key and its value behind their lengths, -1 for NULL (`hstore_send`).
fn walk_binary(bytes: &[u8], mut each: impl FnMut(&[u8], Option<&[u8]>) -> Parsed<()>) -> Parsed<()> {
    let mut reader = Reader::new(bytes);
    for _ in 0..reader.count()? {
        each(reader.counted()?, reader.nullable()?)?;
    }
    reader.end()
}

/// The key or value that stands in double quotes at `at`, and where it ends; copied only if something is escaped.
fn read_quoted(text: &[u8], at: usize) -> Parsed<(Cow<'_, [u8]>, usize)> {
    if text.get(at) != Some(&b'"') {
        return Err(Flaw::at("is not the text of an hstore", at));
    }
    let unclosed = Flaw::at("has a quote that is not closed", at);
    let inner = text.get(at + 1..).unwrap_or_default();
    let plain = inner.iter().position(|byte| matches!(byte, b'"' | b'\\')).ok_or(unclosed)?;
    let (before, rest) = inner.split_at_checked(plain).ok_or(unclosed)?;
    if rest.first() == Some(&b'"') {
        return Ok((Cow::Borrowed(before), at + plain + 2));
    }
    let mut value = before.to_vec();
    let mut bytes = rest.iter();
    loop {
        match bytes.next().ok_or(unclosed)? {
            b'"' => break,
            b'\\' => value.push(*bytes.next().ok_or(unclosed)?),
            byte => value.push(*byte),
        }
    }
    Ok((Cow::Owned(value), text.len() - bytes.as_slice().len()))
}

fn write_pair(index: usize, key: &[u8], value: Option<&[u8]>, out: &mut Vec<u8>) {
    if index > 0 {
        out.extend_from_slice(b", ");
    }
    write_quoted(key, out);
    out.extend_from_slice(b"=>");
    match value {
        Some(value) => write_quoted(value, out),
        None => out.extend_from_slice(b"NULL"),
    }
}

fn write_quoted(text: &[u8], out: &mut Vec<u8>) {
    out.push(b'"');
    for &byte in text {
        if matches!(byte, b'"' | b'\\') {
            out.push(b'\\');
        }
        out.push(byte);
    }
    out.push(b'"');
}

/// Appends the text of a binary hstore.
pub(super) fn write_text_from_binary(bytes: &[u8], out: &mut Vec<u8>) -> Parsed<()> {
    let mut index = 0;
    walk_binary(bytes, |key, value| {
        write_pair(index, key, value, out);
        index += 1;
        Ok(())
    })
}

/// Appends the object that its cast to json gives, values strings or null (`hstore_to_json`).
pub(super) fn write_json(value: Encoded<'_>, out: &mut Vec<u8>) -> Parsed<()> {
    let mut before: &[u8] = b"{";
    walk(value, |key, value| {
        out.extend_from_slice(before);
        before = b", ";
        write_string_bytes(key, out)?;
        out.extend_from_slice(b": ");
        match value {
            Some(value) => write_string_bytes(value, out),
            None => {
                out.extend_from_slice(b"null");
                Ok(())
            }
        }
    })?;
    out.extend_from_slice(if before == b"{" { b"{}" } else { b"}" });
    Ok(())
}

impl FromStr for PgHstore {
    type Err = TypeError;

    fn from_str(text: &str) -> Result<Self, TypeError> {
        let type_ = || ColumnType::with_shape(0, -1, "hstore", Shape::Extension(Extension::Hstore));
        Self::from_text(text.as_bytes()).map_err(|flaw| flaw.of(&type_()))
    }
}

text_is_display!(PgHstore);

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn only_what_hstore_prints_is_read() {
        for bad in [
            "a",
            "\"a\"",
            "\"a\"=>",
            "\"a\"=>null",
            "\"a\"=>\"b\",",
            "\"a\"=>\"b\", ",
            "\"a\"=>\"b\"\"c\"=>NULL",
            "\"a\"=>\"b",
            "\"a",
            "\"a\\",
            " ",
            "\"a\"=>NULLx",
        ] {
            assert!(bad.parse::<PgHstore>().is_err(), "{bad}");
        }
    }

    #[test]
    fn lengths_that_are_not_there_are_errors() {
        for bytes in [&[0x7f, 0xff, 0xff, 0xff][..], &[0, 0, 0, 1, 0x7f, 0xff, 0xff, 0xff, 1], &[0xff; 12]] {
            assert!(PgHstore::from_binary(bytes).is_err());
            assert!(write_text_from_binary(bytes, &mut Vec::new()).is_err());
        }
    }

    proptest! {
        #[test]
        fn text_and_binary_go_there_and_back(
            pairs in prop::collection::vec(("(?s).{0,8}", prop::option::of("(?s)[\"\\\\=>, a-c]{0,8}|NULL|.{0,8}")), 0..6),
        ) {
            let hstore = PgHstore::from_iter(pairs);
            let text = hstore.to_string();
            prop_assert_eq!(text.parse::<PgHstore>().unwrap(), hstore.clone());
            let (mut binary, mut written) = (Vec::new(), Vec::new());
            hstore.write_binary(&mut binary);
            prop_assert_eq!(PgHstore::from_binary(&binary).unwrap(), hstore.clone());
            write_text_from_binary(&binary, &mut written).unwrap();
            prop_assert_eq!(written, text.clone().into_bytes());
            let (mut json, mut from_binary) = (Vec::new(), Vec::new());
            write_json(Encoded::Text(text.as_bytes()), &mut json).unwrap();
            write_json(Encoded::Binary(&binary), &mut from_binary).unwrap();
            prop_assert_eq!(&json, &from_binary);
            prop_assert!(serde_json::from_slice::<serde::de::IgnoredAny>(&json).is_ok());
        }
    }
}
