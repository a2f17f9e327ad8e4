//! JSON compared as PostgreSQL's own functions print it: numbers by their digits, objects with order and duplicates.

use std::borrow::Cow;
use std::fmt;

use serde::de::{Deserialize, Deserializer, MapAccess, Visitor};
use serde_json::value::RawValue;

/// An object as it was written.
pub(super) struct Object<'a>(pub(super) Vec<(Cow<'a, str>, &'a RawValue)>);

impl<'de> Deserialize<'de> for Object<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Entries;

        impl<'de> Visitor<'de> for Entries {
            type Value = Object<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
                let mut entries = Vec::new();
                while let Some(entry) = map.next_entry()? {
                    entries.push(entry);
                }
                Ok(Object(entries))
            }
        }

        deserializer.deserialize_map(Entries)
    }
}

/// The same text for values that are the same: without white space, each string escaped in one way.
///
/// Not `serde_json::Value`: it turns 1.50 into 1.5 and forgets duplicate keys, and the features that mend this would
/// change serde_json for everyone in the same build.
pub(super) fn canonical(raw: &RawValue) -> String {
    let mut out = String::new();
    write(raw, &mut out);
    out
}

fn write(raw: &RawValue, out: &mut String) {
    let text = raw.get().trim();
    match text.as_bytes().first() {
        Some(b'{') => {
            let Ok(Object(entries)) = serde_json::from_str(text) else { return out.push_str(text) };
            for (i, (key, value)) in entries.iter().enumerate() {
                out.push(if i == 0 { '{' } else { ',' });
                write_string(key, out);
                out.push(':');
                write(value, out);
            }
            out.push_str(if entries.is_empty() { "{}" } else { "}" });
        }
        Some(b'[') => {
            let Ok(items) = serde_json::from_str::<Vec<&RawValue>>(text) else { return out.push_str(text) };
            for (i, item) in items.iter().enumerate() {
                out.push(if i == 0 { '[' } else { ',' });
                write(item, out);
            }
            out.push_str(if items.is_empty() { "[]" } else { "]" });
        }
        Some(b'"') => match serde_json::from_str::<Cow<'_, str>>(text) {
            Ok(string) => write_string(&string, out),
            // A lone surrogate is JSON, but no string of Rust's.
            Err(_) => out.push_str(text),
        },
        _ => out.push_str(text),
    }
}

fn write_string(string: &str, out: &mut String) {
    if let Ok(escaped) = serde_json::to_string(string) {
        out.push_str(&escaped);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(text: &str) -> String {
        canonical(serde_json::from_str(text).unwrap())
    }

    #[test]
    fn only_the_writing_is_evened_out() {
        assert_eq!(
            of(r#" { "a" : [ 1.50 , "\u00e9\/" , {} , [ ] ] , "a" : null } "#),
            r#"{"a":[1.50,"é/",{},[]],"a":null}"#
        );
        assert_ne!(of("1.50"), of("1.5"));
        assert_ne!(of(r#"{"a":1,"b":2}"#), of(r#"{"b":2,"a":1}"#));
        assert_eq!(of("123456789012345678901234567890.10"), "123456789012345678901234567890.10");
    }
}
