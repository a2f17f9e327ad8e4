//! One table as the lines have made it.

use std::collections::{BTreeMap, BTreeSet};

use super::change::{Change, Op, Row};

/// Rows by their key, or, without one, each row as often as it is there.
#[derive(Debug, Default)]
pub(super) struct Table {
    pub(super) key: Option<BTreeSet<String>>,
    pub(super) rows: BTreeMap<Row, Row>,
    pub(super) keyless: BTreeMap<Row, u64>,
}

impl Table {
    pub(super) fn len(&self) -> u64 {
        self.rows.len() as u64 + self.keyless.values().sum::<u64>()
    }

    /// Applies a change; `over` says that a row may come that is already there (a snapshot beside the stream).
    pub(super) fn apply(&mut self, change: Change, over: bool) -> Result<(), String> {
        if change.op == Op::Truncate {
            self.rows.clear();
            self.keyless.clear();
            return Ok(());
        }
        let Some(key) = self.key_of(&change)? else { return self.apply_keyless(change) };
        let old_key = self.old_key(&change, &key);
        match (change.op, change.after) {
            (Op::Delete, _) => self
                .rows
                .remove(&key)
                .map(drop)
                .ok_or_else(|| format!("delete of {}, which is not there", show(&key))),
            (Op::Read | Op::Insert, Some(after)) => {
                let there = self.rows.insert(key.clone(), after).is_some();
                if there && !over {
                    Err(format!("{} comes, but is already there", show(&key)))
                } else {
                    Ok(())
                }
            }
            (Op::Update, Some(mut after)) => {
                let Some(mut old) = self.rows.remove(&old_key) else {
                    return Err(format!("update of {}, which is not there", show(&old_key)));
                };
                for column in change.unchanged {
                    let value = old
                        .remove(&column)
                        .ok_or_else(|| format!("{}: unchanged {column} was never sent", show(&key)))?;
                    after.insert(column, value);
                }
                match self.rows.insert(key.clone(), after) {
                    Some(_) => Err(format!("update makes a second {}", show(&key))),
                    None => Ok(()),
                }
            }
            _ => Ok(()),
        }
    }

    fn key_of(&mut self, change: &Change) -> Result<Option<Row>, String> {
        if !change.debezium {
            let names = change.key.as_ref().map(|k| k.keys().cloned().collect::<BTreeSet<_>>());
            if self.len() == 0 {
                self.key = names;
            } else if self.key != names {
                return Err(format!("the key's columns are {names:?}, they were {:?}", self.key));
            }
            return Ok(change.key.clone());
        }
        // Debezium's value does not hold the key: its columns were told beforehand.
        let Some(names) = &self.key else { return Ok(None) };
        let row = if change.op == Op::Delete { &change.before } else { &change.after };
        let key = row.as_ref().and_then(|row| project(row, names));
        key.map(Some).ok_or_else(|| "without all columns of the key".into())
    }

    /// The key before an update: it changed if the old row says so.
    fn old_key(&self, change: &Change, key: &Row) -> Row {
        let old =
            change.before.as_ref().zip(self.key.as_ref()).and_then(|(before, names)| project(before, names));
        old.unwrap_or_else(|| key.clone())
    }

    fn apply_keyless(&mut self, change: Change) -> Result<(), String> {
        if matches!(change.op, Op::Update | Op::Delete) {
            let before = change.before.ok_or("a change of a row without key and without its old values")?;
            let Some(count) = self.keyless.get_mut(&before) else {
                return Err(format!("{} changes, which is not there", show(&before)));
            };
            *count -= 1;
            if *count == 0 {
                self.keyless.remove(&before);
            }
        }
        if let Some(after) = change.after {
            *self.keyless.entry(after).or_default() += 1;
        }
        Ok(())
    }
}

/// The columns `names` of a row, if it has all of them.
pub(super) fn project(row: &Row, names: &BTreeSet<String>) -> Option<Row> {
    names.iter().map(|n| row.get(n).map(|value| (n.clone(), value.clone()))).collect()
}

/// A row on one line, long values cut.
pub(super) fn show(row: &Row) -> String {
    let columns = row.iter().map(|(name, value)| format!("{name}={}", cut(value)));
    format!("({})", columns.collect::<Vec<_>>().join(", "))
}

pub(super) fn cut(value: &str) -> String {
    match value.char_indices().nth(80) {
        Some((end, _)) => format!("{}… ({} bytes)", value.get(..end).unwrap_or(value), value.len()),
        None => value.to_owned(),
    }
}
