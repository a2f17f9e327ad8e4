//! The decoder alone: recorded messages in, changes out; no server, no async.
//!
//!     cargo run --example decode_only
//!
//! The messages are what PostgreSQL 15 sent for `pg-cdc-decoders/testdata/pgoutput-1.sql`; yours come from
//! `pg_logical_slot_peek_binary_changes`, a replication connection, or a file.

use std::error::Error;

use bytes::Bytes;
use pg_cdc::core::batch::{Event, Recycler, Row, Write};
use pg_cdc::core::{Datum, Decoder, Frame, Lsn, Tables};
use pg_cdc::decoders::PgOutput;

const RECORDED: &str = include_str!("../pg-cdc-decoders/testdata/pgoutput-1.frames");

fn main() -> Result<(), Box<dyn Error>> {
    let mut decoder = PgOutput::new();
    // Every table is wanted, and there is no catalog to ask about one.
    let tables = Tables::without_catalog();
    // A dropped batch gives its memory to the next one: decoding allocates nothing a change.
    let recycler = Recycler::new();

    let mut batch = recycler.batch();
    for line in RECORDED.lines().filter(|line| !line.starts_with('#')) {
        let (lsn, message) = read(line)?;
        // The outcome says where transactions begin and end; whoever acknowledges to a server needs it.
        let _ = decoder.decode(Frame::whole(lsn, &message), &tables, &mut batch)?;
    }
    for event in batch.events() {
        print(&event);
    }
    Ok(())
}

#[allow(clippy::print_stdout, reason = "an example's purpose")]
fn print(event: &Event<'_>) {
    match event {
        Event::SchemaChange { new, .. } => println!("table {} has {} columns", new.name, new.columns.len()),
        Event::Begin(transaction) => println!("begin, commits at {}", transaction.commit_lsn),
        Event::Commit { end_lsn, changes, .. } => println!("commit of {changes}, ends at {end_lsn}"),
        Event::Message(message) => println!("  message: {}", String::from_utf8_lossy(message.content)),
        Event::Change(change) => {
            let table = &change.table().name;
            // What must be done to a copy of the table, so that it holds what the source's holds.
            match change.write() {
                Write::Replace { row, moved_from: None } => println!("  put into {table} {}", show(&row)),
                Write::Replace { row, moved_from: Some(old) } => {
                    println!("  put into {table} {} in place of {}", show(&row), show(&old));
                }
                // Some values were not sent, for they did not change: the copy keeps its own.
                Write::Merge { row, .. } => println!("  change in {table} {}", show(&row)),
                Write::Delete { key } => println!("  delete from {table} {}", show(&key)),
                Write::Truncate(_) => println!("  empty {table}"),
            }
        }
        _ => {}
    }
}

fn show(row: &Row<'_>) -> String {
    let columns = row.columns().map(|(column, value)| match value {
        Datum::Text(text) if text.len() > 40 => format!("{}=({} bytes)", column.name, text.len()),
        Datum::Text(text) => format!("{}={}", column.name, String::from_utf8_lossy(text)),
        Datum::Binary(bytes) => format!("{}={bytes:?}", column.name),
        // Four kinds of nothing, which are not the same: only `Null` is a value.
        nothing => format!("{}={nothing:?}", column.name),
    });
    columns.collect::<Vec<_>>().join(" ")
}

/// One line: LSN, tab, hexadecimal bytes.
fn read(line: &str) -> Result<(Lsn, Bytes), Box<dyn Error>> {
    let (lsn, hex) = line.split_once('\t').ok_or("expected an LSN, a tab, and bytes")?;
    let byte = |at| u8::from_str_radix(hex.get(at..at + 2).unwrap_or_default(), 16);
    let message = (0..hex.len()).step_by(2).map(byte).collect::<Result<Vec<u8>, _>>()?;
    Ok((lsn.parse()?, message.into()))
}
