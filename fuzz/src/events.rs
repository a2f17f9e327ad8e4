//! What stands in a batch.

use std::fmt::Write as _;

use pg_cdc_core::batch::{ChangeBatch, Event, Op, Row, Write};
use pg_cdc_core::types::json::write_natural;
use pg_cdc_core::types::write_text;

use crate::promises::written;

/// Reads everything in a batch, in all ways that cost little.
pub(crate) fn read(batch: &ChangeBatch) {
    let (mut changes, mut notices) = (0, 0);
    for event in batch.events() {
        match event {
            Event::Change(change) => {
                changes += 1;
                let (before, after) = (change.before(), change.after());
                match change.op() {
                    Op::Insert => assert!(before.is_none() && after.is_some()),
                    Op::Update => assert!(after.is_some()),
                    Op::Delete => assert!(before.is_some() && after.is_none()),
                    Op::Truncate => assert!(before.is_none() && after.is_none()),
                    other => panic!("{other:?}"),
                }
                before.iter().chain(&after).for_each(read_row);
                match change.write() {
                    Write::Replace { row, .. } => assert_eq!(row.unchanged().count(), 0),
                    Write::Merge { row, .. } => assert!(row.unchanged().count() > 0),
                    Write::Delete { key } => assert_eq!(key.len(), change.table().columns.len()),
                    Write::Truncate(_) => assert_eq!(change.op(), Op::Truncate),
                }
            }
            Event::SchemaChange { old, new } => {
                notices += 1;
                assert!(old.is_none_or(|old| old != new), "a schema change that changes nothing");
                assert!(new.key.iter().all(|&at| usize::from(at) < new.columns.len()));
            }
            Event::Begin(_) | Event::Commit { .. } | Event::Message(_) => {}
            other => panic!("{other:?}"),
        }
    }
    assert_eq!((changes, notices), (batch.len(), batch.notices().count()));
}

fn read_row(row: &Row<'_>) {
    let table = row.table();
    assert_eq!(row.len(), table.columns.len());
    assert_eq!(row.key().count(), table.key.len());
    let mut are_values = true;
    for (column, datum) in row.columns() {
        let length = datum.bytes().map_or(0, <[u8]>::len);
        written(write_text, &column.type_, datum, length);
        let json = written(write_natural, &column.type_, datum, length);
        if let Some(json) = &json {
            let valid = serde_json::from_slice::<serde::de::IgnoredAny>(json);
            assert!(valid.is_ok(), "{}: {}", column.type_.name, String::from_utf8_lossy(json));
        }
        are_values &= json.is_some() || !datum.is_known();
    }
    let mut out = b"before".to_vec();
    let wrote = row.write_json(&mut out);
    assert_eq!(wrote.is_ok(), are_values, "{wrote:?}");
    let json = out.split_off(6);
    match wrote {
        Ok(()) => assert!(serde_json::from_slice::<serde::de::IgnoredAny>(&json).is_ok()),
        Err(error) => assert!(json.is_empty() && error.to_string().contains(&*table.name.name), "{error}"),
    }
    assert_eq!(out, b"before");
}

/// Everything in a batch that a reader can tell, a line an event; schema changes where they are asked for.
pub(crate) fn lines(batch: &ChangeBatch, schemas: bool) -> Vec<String> {
    let line = |event: Event<'_>| {
        let mut line = String::new();
        let _ = match event {
            Event::Change(change) => {
                let rows = [change.before(), change.after()];
                let (lsn, seq, of) = (change.lsn(), change.seq(), change.transaction());
                let (table, options) = (&change.table().name, change.truncate_options());
                write!(line, "{:?} {table} {lsn} #{seq} of {of:?} {options:?}", change.op())
                    .and_then(|()| rows.iter().flatten().try_for_each(|row| show(row, &mut line)))
            }
            Event::SchemaChange { new, .. } if schemas => write!(line, "{} is {:?}", new.name, new.columns),
            Event::SchemaChange { .. } => return None,
            other => write!(line, "{other:?}"),
        };
        Some(line)
    };
    batch.events().filter_map(line).collect()
}

fn show(row: &Row<'_>, line: &mut String) -> std::fmt::Result {
    line.push_str(" (");
    for (column, datum) in row.columns() {
        match datum.bytes() {
            Some(bytes) => {
                write!(line, "{} {} {}, ", column.name, column.type_.name, bytes.escape_ascii())?;
            }
            None => write!(line, "{} {datum:?}, ", column.name)?,
        }
    }
    line.push(')');
    Ok(())
}
