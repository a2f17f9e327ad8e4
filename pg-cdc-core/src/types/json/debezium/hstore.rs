//! hstore, by `hstore.handling.mode`: `convertHStore` in `PostgresValueConverter`.

use super::handling::HstoreHandling;
use super::java_map::{hash_of, order};
use crate::types::encoded::Encoded;
use crate::types::json::string::write_string_bytes;
use crate::types::json::write_json_string;
use crate::types::{Parsed, PgHstore};

/// What a map of the JDBC driver is made for.
const CAPACITY: usize = 16;

/// Appends an hstore: an object, or a string that holds one.
pub(super) fn push_hstore(value: Encoded<'_>, handling: HstoreHandling, out: &mut Vec<u8>) -> Parsed<()> {
    let mut pairs = PgHstore::from_encoded(value)?.into_pairs();
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

#[cfg(test)]
mod tests {
    use super::*;

    fn hstore(text: &str, handling: HstoreHandling) -> Option<String> {
        let mut out = Vec::new();
        push_hstore(Encoded::Text(text.as_bytes()), handling, &mut out).ok()?;
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
