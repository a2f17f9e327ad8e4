//! A line of the sink as it was written, in parts.

use std::collections::BTreeSet;
use std::fmt;

use serde::de::{Deserialize, Deserializer, MapAccess, Visitor};
use serde_json::value::RawValue;

/// An object: its keys in their order, each value as its text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Line(Vec<(String, String)>);

impl Line {
    pub(crate) fn of(text: &str) -> Self {
        serde_json::from_str(text).unwrap_or_else(|error| panic!("{error}: {text}"))
    }

    /// The value of a key as it is written; empty where there is none.
    pub(crate) fn get(&self, key: &str) -> &str {
        self.0.iter().find(|(name, _)| name == key).map_or("", |(_, value)| value)
    }

    /// A string, without its quotes.
    pub(crate) fn string(&self, key: &str) -> String {
        serde_json::from_str(self.get(key)).unwrap_or_default()
    }

    pub(crate) fn number(&self, key: &str) -> Option<u64> {
        self.get(key).parse().ok()
    }

    /// Sets the value of a key that is there.
    pub(crate) fn set(&mut self, key: &str, value: impl ToString) {
        if let Some((_, old)) = self.0.iter_mut().find(|(name, _)| name == key) {
            *old = value.to_string();
        }
    }

    /// The object behind a key, `None` where that is null or not there.
    pub(crate) fn object(&self, key: &str) -> Option<Self> {
        serde_json::from_str(self.get(key)).ok()
    }

    /// What is behind these keys.
    pub(crate) fn only(mut self, keys: &[&str]) -> Self {
        self.0.retain(|(key, _)| keys.contains(&&**key));
        self
    }

    /// Adds a column to the row behind `key`, where there is one.
    pub(crate) fn add(&mut self, key: &str, column: &str, value: &str) {
        if let Some(mut row) = self.object(key) {
            row.0.push((column.to_owned(), value.to_owned()));
            self.set(key, row);
        }
    }

    /// Brings the columns of its rows into one order.
    pub(crate) fn sort_columns(&mut self) {
        self.set_unchanged(&self.unchanged());
        for (_, value) in &mut self.0 {
            if let Ok(mut row) = serde_json::from_str::<Self>(value) {
                row.0.sort();
                *value = row.to_string();
            }
        }
    }

    /// The columns whose values were not sent.
    pub(crate) fn unchanged(&self) -> BTreeSet<String> {
        serde_json::from_str(self.get("unchanged")).unwrap_or_default()
    }

    /// Sets them, in the order of their names.
    pub(crate) fn set_unchanged(&mut self, columns: &BTreeSet<String>) {
        self.remove("unchanged");
        if !columns.is_empty() {
            self.0.push(("unchanged".to_owned(), serde_json::json!(columns).to_string()));
        }
    }

    pub(crate) fn remove(&mut self, key: &str) {
        self.0.retain(|(name, _)| name != key);
    }
}

impl fmt::Display for Line {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (nth, (key, value)) in self.0.iter().enumerate() {
            let comma = if nth == 0 { '{' } else { ',' };
            write!(f, "{comma}{}:{value}", serde_json::Value::from(&**key))?;
        }
        f.write_str(if self.0.is_empty() { "{}" } else { "}" })
    }
}

impl<'de> Deserialize<'de> for Line {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Entries;

        impl<'de> Visitor<'de> for Entries {
            type Value = Line;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Line, A::Error> {
                let mut entries = Vec::new();
                while let Some((key, value)) = map.next_entry::<String, Box<RawValue>>()? {
                    entries.push((key, value.get().to_owned()));
                }
                Ok(Line(entries))
            }
        }

        deserializer.deserialize_map(Entries)
    }
}
