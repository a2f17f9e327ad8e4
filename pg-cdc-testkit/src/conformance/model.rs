//! Tables as the changes leave them.

use std::collections::BTreeMap;

use serde_json::Value;

use super::contents::{LogLine, Row, Tables};

/// Key columns by schema and table; a table without any has its whole row for a key.
pub(super) type Keys = BTreeMap<(String, String), Vec<String>>;

/// Tables that follow a log.
pub(super) struct Model<'a> {
    keys: &'a Keys,
    tables: BTreeMap<(String, String), BTreeMap<String, Row>>,
}

impl<'a> Model<'a> {
    pub(super) fn new(keys: &'a Keys) -> Self {
        Self { keys, tables: BTreeMap::new() }
    }

    /// Does what `line` says; gives what is wrong with it where it makes no sense.
    pub(super) fn apply(&mut self, line: &LogLine) -> Result<(), String> {
        let Some(name) = &line.table else { return Ok(()) };
        let Some(key) = self.keys.get(name) else {
            return Err(format!("a change of {}.{}, a table that does not exist", name.0, name.1));
        };
        let table = self.tables.entry(name.clone()).or_default();
        match (line.op, &line.before, &line.after) {
            ('t', ..) => table.clear(),
            ('r' | 'c', _, Some(after)) => {
                table.insert(key_of(key, after)?, after.clone());
            }
            ('u', before, Some(after)) => {
                let holds_key = |row: &&Row| key.iter().all(|column| row.contains_key(column));
                let old_key = key_of(key, before.as_ref().filter(holds_key).unwrap_or(after))?;
                let old = table.remove(&old_key);
                let mut row = after.clone();
                for column in &line.unchanged {
                    let kept = old.as_ref().and_then(|old| old.get(column));
                    let Some(kept) = kept else {
                        return Err(format!("an update keeps the value of {column}, of a row that has none"));
                    };
                    row.insert(column.clone(), kept.clone());
                }
                table.insert(key_of(key, &row)?, row);
            }
            ('d', Some(before), _) => {
                table.remove(&key_of(key, before)?);
            }
            (op, ..) => return Err(format!("a line {op:?} without the row that it is about")),
        }
        Ok(())
    }

    /// The tables, those without rows left out.
    pub(super) fn into_tables(self) -> Tables {
        let tables = self.tables.into_iter().filter(|(_, rows)| !rows.is_empty());
        tables.map(|(name, rows)| (name, rows.into_values().collect())).collect()
    }
}

/// A row's key as text; its whole content where the table has none. A null is as good as nothing.
pub(super) fn key_of(key: &[String], row: &Row) -> Result<String, String> {
    let mut parts: Vec<(&str, &Value)> = if key.is_empty() {
        row.iter().map(|(name, value)| (name.as_str(), value)).filter(|(_, value)| !value.is_null()).collect()
    } else {
        let part =
            |name: &'_ String| row.get_key_value(name.as_str()).map(|(name, value)| (name.as_str(), value));
        key.iter().filter_map(part).collect()
    };
    if parts.len() < key.len() {
        return Err(format!("a row without all of its key's columns {key:?}"));
    }
    parts.sort_by_key(|(name, _)| *name);
    serde_json::to_string(&parts).map_err(|error| error.to_string())
}
