//! How many megabytes of JSON Lines a second one core writes, from rows in PostgreSQL's text form.
//!
//! `cargo run --release -p pg-cdc-sinks --example jsonl_throughput [PATH]`: into nothing, and into PATH if given.
#![allow(clippy::print_stdout, reason = "the figures are what it is for")]

use std::error::Error;
use std::io::{self, Write};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use bytes::Bytes;
use pg_cdc_core::batch::{ChangeBatch, Op, Transaction};
use pg_cdc_core::{Lsn, Sink, Table};
use pg_cdc_sinks::jsonl::{Envelope, JsonLines, JsonLinesOptions};
use pg_cdc_testkit::batches::TableMaker;

const ROWS: usize = 10_000;
const BEST_OF: usize = 5;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn Error>> {
    let path = std::env::args_os().nth(1);
    for envelope in [Envelope::Row, Envelope::Debezium] {
        for columns in [5, 20] {
            let options = JsonLinesOptions::default().with_envelope(envelope).with_database("shop");
            let mut figures = String::new();
            let written = Arc::new(AtomicU64::new(0));
            let mut sink = JsonLines::to_writer(Count(Arc::clone(&written)), options.clone());
            sink.open(None).await?;
            let (rate, row) = measure(&mut sink, columns, &written).await?;
            figures += &format!("{rate:6.0} MB/s, {row:5.0} ns a row into nothing");
            if let Some(path) = &path {
                let file = std::fs::File::create(path)?;
                let mut sink = JsonLines::to_writer(Both(file, Arc::clone(&written)), options);
                sink.open(None).await?;
                let (rate, row) = measure(&mut sink, columns, &written).await?;
                figures += &format!(", {rate:6.0} MB/s, {row:5.0} ns a row into the file");
            }
            println!("{envelope:?}, {columns:2} columns: {figures}");
        }
    }
    Ok(())
}

/// The best of some runs: megabytes a second, nanoseconds a row.
async fn measure(
    sink: &mut JsonLines,
    columns: usize,
    written: &AtomicU64,
) -> Result<(f64, f64), Box<dyn Error>> {
    let mut best = (0.0, 0.0);
    for _ in 0..BEST_OF {
        let before = written.load(Ordering::Relaxed);
        let mut spent = Duration::ZERO;
        let mut rows = 0;
        while spent < Duration::from_millis(300) {
            let batch = batch(columns)?;
            let since = Instant::now();
            sink.write(batch).await?;
            spent += since.elapsed();
            rows += ROWS;
        }
        let since = Instant::now();
        sink.flush().await?;
        spent += since.elapsed();
        let bytes = written.load(Ordering::Relaxed) - before;
        let rate = bytes as f64 / spent.as_secs_f64() / 1e6;
        if rate > best.0 {
            best = (rate, spent.as_nanos() as f64 / rows as f64);
        }
    }
    Ok(best)
}

/// Inserts of alternating int4 and text columns, 10 and about 20 bytes.
fn batch(columns: usize) -> Result<ChangeBatch, Box<dyn Error>> {
    thread_local! { static TABLES: [Arc<Table>; 2] = [table(5), table(20)]; }
    let table = TABLES.with(|[five, twenty]| Arc::clone(if columns == 5 { five } else { twenty }));
    let mut bytes = Vec::new();
    let mut ends = Vec::new();
    for row in 0..ROWS {
        for column in 0..columns {
            if column % 2 == 0 {
                write!(bytes, "{}", 1_000_000_000 + row * columns + column)?;
            } else {
                write!(bytes, "some text of row {row}")?;
            }
            ends.push(bytes.len());
        }
    }
    let bytes = Bytes::from(bytes);
    let mut batch = ChangeBatch::new();
    batch.enter(&Transaction::new(Some(771), Lsn::new(0x1_6B37_4D84), 1_700_000_000_123_456));
    let (buffer, table) = (batch.attach(&bytes), batch.table(&table, None));
    let mut start = 0;
    for (row, ends) in ends.chunks(columns).enumerate() {
        let mut writer = batch.write(buffer);
        for &end in ends {
            writer.text(start, end - start)?;
            start = end;
        }
        writer.finish(Op::Insert, table, Lsn::new(0x1_6B37_0000 + row as u64 * 64), row as u64, 0)?;
    }
    Ok(batch)
}

fn table(columns: usize) -> Arc<Table> {
    let maker = TableMaker::new("public", "orders").key("id", "int4");
    (1..columns)
        .fold(maker, |maker, column| {
            maker.column(&format!("column_{column}"), if column % 2 == 0 { "int4" } else { "text" })
        })
        .build()
}

struct Count(Arc<AtomicU64>);

impl Write for Count {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.fetch_add(bytes.len() as u64, Ordering::Relaxed);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

struct Both(std::fs::File, Arc<AtomicU64>);

impl Write for Both {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.write(bytes).inspect(|&written| {
            self.1.fetch_add(written as u64, Ordering::Relaxed);
        })
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
