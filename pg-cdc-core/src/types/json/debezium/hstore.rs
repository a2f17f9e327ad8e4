//! hstore, by `hstore.handling.mode`: `convertHStore` in `PostgresValueConverter`.

use super::java_map::{hash_of, order};
use super::options::HstoreHandling;
use crate::types::json::string::{check_utf8, write_string_bytes};
use crate::types::json::write_json_string;
use crate::types::{Flaw, Parsed};

/// Keys and values, unescaped; `None` for NULL.
type Pairs = Vec<(String, Option<String>)>;

/// What a map of the JDBC driver is made for.
const CAPACITY: usize = 16;

/// Appends an hstore from its text: an object, or a string that holds one.
pub(super) fn push_hstore(text: &[u8], handling: HstoreHandling, out: &mut Vec<u8>) -> Parsed<()> {
    let mut pairs = read(text)?;
    order(&mut pairs, CAPACITY, |(key, _)| hash_of(key));
    let pairs = pairs.iter().map(|(key, value)| (key.as_str(), value.as_deref()));
    push_pairs(pairs, handling, out)
}

/// Appends the object of `pairs` as the option has it.
pub(super) fn push_pairs<'a>(
    pairs: impl Iterator<Item = (&'a str, Option<&'a str>)>,
    handling: HstoreHandling,
    out: &mut Vec<u8>,
) -> Parsed<()> {
    match handling {
        HstoreHandling::Map => push_object(pairs, out),
        HstoreHandling::Json => {
            let mut object = Vec::new();
            push_object(pairs, &mut object);
            write_string_bytes(&object, out)?;
        }
    }
    Ok(())
}

fn push_object<'a>(pairs: impl Iterator<Item = (&'a str, Option<&'a str>)>, out: &mut Vec<u8>) {
    out.push(b'{');
    for (index, (key, value)) in pairs.enumerate() {
        if index > 0 {
            out.push(b',');
        }
        write_json_string(key, out);
        out.push(b':');
        match value {
            Some(value) => write_json_string(value, out),
            None => out.extend_from_slice(b"null"),
        }
    }
    out.push(b'}');
}

/// Reads `"key"=>"value", "key"=>NULL` (`hstore_out` in `contrib/hstore/hstore_io.c`).
fn read(text: &[u8]) -> Parsed<Pairs> {
    let text = check_utf8(text)?;
    let mut pairs = Pairs::new();
    let mut rest = text;
    while !rest.is_empty() {
        let flaw = Flaw::at("is not the text of an hstore", text.len() - rest.len());
        let (key, after) = quoted(rest).ok_or(flaw)?;
        let after = after.strip_prefix("=>").ok_or(flaw)?;
        let (value, after) = match after.strip_prefix("NULL") {
            Some(after) => (None, after),
            None => quoted(after).map(|(value, after)| (Some(value), after)).ok_or(flaw)?,
        };
        pairs.push((key, value));
        rest = match after.strip_prefix(", ") {
            Some("") => return Err(flaw),
            Some(next) => next,
            None if after.is_empty() => after,
            None => return Err(flaw),
        };
    }
    Ok(pairs)
}

/// The text in the quotes that `text` begins with, and what stands behind them.
fn quoted(text: &str) -> Option<(String, &str)> {
    let inner = text.strip_prefix('"')?;
    let mut value = String::new();
    let mut characters = inner.char_indices();
    loop {
        match characters.next()? {
            (at, '"') => return Some((value, inner.get(at + 1..)?)),
            (_, '\\') => value.push(characters.next()?.1),
            (_, other) => value.push(other),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hstore(text: &str, handling: HstoreHandling) -> Option<String> {
        let mut out = Vec::new();
        push_hstore(text.as_bytes(), handling, &mut out).ok()?;
        Some(String::from_utf8(out).unwrap())
    }

    #[test]
    fn objects_and_strings_of_objects() {
        for (text, map) in [
            ("", "{}"),
            (r#""key"=>"val""#, r#"{"key":"val"}"#),
            (
                r#""key1"=>"val1", "key2"=>"val2", "key3"=>"val3""#,
                r#"{"key1":"val1","key2":"val2","key3":"val3"}"#,
            ),
            // The order of Debezium's own tests.
            (r#""key4"=>"val4", "key5"=>NULL"#, r#"{"key5":null,"key4":"val4"}"#),
            (r#""key 2"=>" ##123 78", "key_#1"=>"val 1""#, r#"{"key_#1":"val 1","key 2":" ##123 78"}"#),
            (r#""a\"\\b"=>"NULL""#, r#"{"a\"\\b":"NULL"}"#),
        ] {
            assert_eq!(hstore(text, HstoreHandling::Map).as_deref(), Some(map), "{text}");
            let json = hstore(text, HstoreHandling::Json).unwrap();
            assert_eq!(serde_json::from_str::<String>(&json).unwrap(), map, "{text}");
        }
    }

    #[test]
    fn what_is_no_hstore_is_an_error() {
        for bad in ["x", "\"a\"", "\"a\"=>", "\"a\"=>\"b", "\"a\"=>\"b\",", "\"a\"=>\"b\", ", "\"a\"=>NULLx"]
        {
            assert_eq!(hstore(bad, HstoreHandling::Json), None, "{bad}");
        }
    }
}
