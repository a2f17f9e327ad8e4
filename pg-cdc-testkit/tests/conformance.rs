//! The suite finds what is wrong with a sink, and nothing with one that is right.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test says so by failing")]

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use pg_cdc_core::batch::{ChangeBatch, Event, Write};
use pg_cdc_core::types::json::write_natural;
use pg_cdc_core::{Durable, Position, Sink, SinkError, SinkState};
use pg_cdc_testkit::conformance::{Contents, LogLine, Report, Row, Suite};

/// What is wrong with a sink.
#[derive(Clone, Copy, PartialEq)]
enum Fault {
    None,
    /// Says durable, keeps it in memory.
    FlushesNothing,
    /// Writes null for what was not sent.
    NullForUnchanged,
    /// Passes over every seventh change.
    LosesSome,
    /// Keeps the row with the old key.
    IgnoresMovedKeys,
    /// Gives a position that is not its own.
    ClaimsTheStart,
    IgnoresTruncate,
    /// Takes a key in binary and the same key in text for two.
    KeysByBytes,
}

type Tables = BTreeMap<(String, String), BTreeMap<String, Row>>;

/// Upserts into maps; what is not flushed is lost with it.
struct Upsert {
    store: Arc<Mutex<Tables>>,
    pending: Vec<ChangeBatch>,
    first: Option<Position>,
    position: Option<Position>,
    fault: Fault,
    changes: usize,
}

fn row_of(row: pg_cdc_core::batch::Row<'_>, null_for_unchanged: bool) -> Row {
    let mut object = Row::new();
    for (column, datum) in row.columns() {
        let mut json = Vec::new();
        if datum.is_known() {
            write_natural(&column.type_, datum, &mut json).unwrap();
            object.insert(column.name.to_string(), serde_json::from_slice(&json).unwrap());
        } else if null_for_unchanged && datum == pg_cdc_core::Datum::Unchanged {
            object.insert(column.name.to_string(), serde_json::Value::Null);
        }
    }
    object
}

fn key_of(row: pg_cdc_core::batch::Row<'_>, by_bytes: bool) -> String {
    if row.table().key.is_empty() {
        return format!("{row:?}");
    }
    let mut key = Vec::new();
    for (column, datum) in row.key() {
        if by_bytes {
            key.extend(datum.bytes().unwrap_or_default());
        } else {
            write_natural(&column.type_, datum, &mut key).unwrap();
        }
    }
    format!("{key:?}")
}

#[async_trait]
impl Sink for Upsert {
    async fn write(&mut self, batch: ChangeBatch) -> Result<(), SinkError> {
        self.position = batch.position().cloned();
        self.first = self.first.take().or(batch.position().cloned());
        self.pending.push(batch);
        Ok(())
    }

    async fn flush(&mut self) -> Result<Durable, SinkError> {
        let by_bytes = self.fault == Fault::KeysByBytes;
        if self.fault != Fault::FlushesNothing {
            let mut tables = self.store.lock().unwrap();
            for batch in self.pending.drain(..) {
                for event in batch.events() {
                    let change = match event {
                        Event::Change(change) => change,
                        Event::TableRestarted { table } => {
                            tables.remove(&(table.name.schema.to_string(), table.name.name.to_string()));
                            continue;
                        }
                        _ => continue,
                    };
                    self.changes += 1;
                    if self.fault == Fault::LosesSome && self.changes.is_multiple_of(7) {
                        continue;
                    }
                    let name = &change.table().name;
                    let table = tables.entry((name.schema.to_string(), name.name.to_string())).or_default();
                    match change.write() {
                        Write::Replace { row, moved_from } => {
                            if let Some(old) = moved_from.filter(|_| self.fault != Fault::IgnoresMovedKeys) {
                                table.remove(&key_of(old, by_bytes));
                            }
                            table.insert(key_of(row, by_bytes), row_of(row, false));
                        }
                        Write::Merge { row, moved_from } => {
                            let moved = moved_from.and_then(|old| table.remove(&key_of(old, by_bytes)));
                            let kept = table.entry(key_of(row, by_bytes)).or_default();
                            // A move that comes again finds the row where it moved to.
                            kept.extend(moved.into_iter().flatten());
                            kept.extend(row_of(row, self.fault == Fault::NullForUnchanged));
                        }
                        Write::Delete { key } => {
                            table.remove(&key_of(key, by_bytes));
                        }
                        Write::Truncate(_) if self.fault == Fault::IgnoresTruncate => {}
                        Write::Truncate(_) => table.clear(),
                    }
                }
            }
        }
        Ok(match (&self.position, &self.first) {
            (Some(_), Some(first)) if self.fault == Fault::ClaimsTheStart => Durable::up_to(first.clone()),
            (Some(position), _) => Durable::up_to(position.clone()),
            _ => Durable::everything(),
        })
    }
}

async fn check(fault: Fault, seed: u64) -> Report {
    let store = Arc::new(Mutex::new(Tables::new()));
    let read = async || {
        let tables = store.lock().unwrap().clone();
        Ok(Contents::Tables(tables.into_iter().map(|(n, rows)| (n, rows.into_values().collect())).collect()))
    };
    let open = async || {
        Ok(Box::new(Upsert {
            store: Arc::clone(&store),
            pending: Vec::new(),
            first: None,
            position: None,
            fault,
            changes: 0,
        }) as Box<dyn Sink>)
    };
    Suite::new().seed(seed).check(open, read).await
}

#[tokio::test]
async fn a_sink_that_is_right_breaks_no_promise() {
    for seed in 1..6 {
        let report = check(Fault::None, seed).await;
        assert!(report.is_ok(), "{report}");
        assert!(report.crashes_after_write > 0 && report.crashes_after_flush > 0, "{report}");
        assert!(report.crashes_after_save > 0, "{report}");
    }
}

#[tokio::test]
async fn every_fault_is_found_and_named() {
    let found = async |fault, what: &str| {
        let report = check(fault, 1).await;
        assert!(report.broken.iter().any(|promise| promise.contains(what)), "{what}: {report}");
    };
    found(Fault::FlushesNothing, "is missing").await;
    found(Fault::LosesSome, "is missing").await;
    found(Fault::NullForUnchanged, "holds null, not").await;
    found(Fault::IgnoresMovedKeys, "should not be there").await;
    found(Fault::IgnoresTruncate, "should not be there").await;
    found(Fault::KeysByBytes, "is there twice").await;
    found(Fault::ClaimsTheStart, "steps are durable").await;
}

/// Appends, and holds its position or not.
struct Append {
    store: Arc<Mutex<(Vec<LogLine>, Option<Position>)>>,
    pending: Vec<LogLine>,
    position: Option<Position>,
    holds_position: bool,
}

#[async_trait]
impl Sink for Append {
    async fn open(&mut self, _: Option<&SinkState>) -> Result<Option<Position>, SinkError> {
        Ok(self.store.lock().unwrap().1.clone().filter(|_| self.holds_position))
    }

    async fn write(&mut self, batch: ChangeBatch) -> Result<(), SinkError> {
        self.pending.extend(batch.events().filter_map(|event| LogLine::of(&event)));
        self.position = batch.position().cloned();
        Ok(())
    }

    async fn flush(&mut self) -> Result<Durable, SinkError> {
        let mut store = self.store.lock().unwrap();
        store.0.append(&mut self.pending);
        if self.position.is_some() {
            store.1.clone_from(&self.position);
        }
        Ok(self.position.clone().map_or_else(Durable::everything, Durable::up_to))
    }
}

async fn check_append(holds_position: bool, suite: Suite) -> Report {
    let store = Arc::new(Mutex::new((Vec::new(), None)));
    let open = async || {
        let store = Arc::clone(&store);
        Ok(Box::new(Append { store, pending: Vec::new(), position: None, holds_position }) as Box<dyn Sink>)
    };
    suite.check(open, async || Ok(Contents::Log(store.lock().unwrap().0.clone()))).await
}

#[tokio::test]
async fn a_sink_that_holds_its_position_writes_nothing_twice() {
    for seed in 1..6 {
        let report = check_append(true, Suite::new().exactly_once().seed(seed)).await;
        assert!(report.is_ok(), "{report}");
    }
}

#[tokio::test]
async fn what_is_written_twice_is_found() {
    assert!(check_append(false, Suite::new()).await.is_ok());
    let report = check_append(false, Suite::new().exactly_once()).await;
    assert!(report.broken.iter().any(|promise| promise.contains("written twice")), "{report}");
}
