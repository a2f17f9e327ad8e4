//! Reads every table of a database once and says how fast that was.
//!
//!     cargo run --release -p pg-cdc-snapshot --example read_tables -- postgres://… [CONNECTIONS] [auto|binary|text]
#![allow(clippy::print_stdout, reason = "a program")]

use std::sync::Arc;
use std::time::Instant;

use async_trait::async_trait;
use futures_util::StreamExt;
use pg_cdc_core::batch::Event;
use pg_cdc_core::wire::{ConnectConfig, Connection, Session};
use pg_cdc_core::{Error, ServerId, catalog};
use pg_cdc_snapshot::{CopyFormatChoice, Exported, Exporter, SnapshotOptions, SnapshotSource};

/// Exports from a transaction: enough where no stream follows.
struct Transaction(ConnectConfig);

#[async_trait]
impl Exporter for Transaction {
    async fn export(&self) -> Result<Exported, Error> {
        let mut session = Connection::connect(&self.0, Session::Sql).await?;
        session.simple_query("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY").await?;
        let sql = "SELECT pg_catalog.pg_export_snapshot() AS name, pg_catalog.pg_current_wal_lsn() AS point";
        let row = session.query_row(sql).await?;
        let name = row.get(0, "name").unwrap_or_default().to_owned();
        let point = row.get(0, "point").and_then(|point| point.parse().ok()).unwrap_or_default();
        Ok(Exported::new(name, point, session))
    }
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut arguments = std::env::args().skip(1);
    let connect: ConnectConfig = arguments.next().ok_or("give the database's URL")?.parse()?;
    let client = catalog::connect(&connect).await?;
    let version = client.version().await?;
    let tables = catalog::list_tables(&client, version).await?;

    let server = ServerId { system_id: 0, timeline: 0 };
    let mut options = SnapshotOptions::new(connect.clone(), "example", server, version, tables);
    if let Some(connections) = arguments.next() {
        options.parallelism = connections.parse()?;
    }
    options.format = match arguments.next().as_deref() {
        None | Some("auto") => CopyFormatChoice::Auto,
        Some("binary") => CopyFormatChoice::Binary,
        Some("text") => CopyFormatChoice::Text,
        Some(other) => return Err(format!("{other} is no format").into()),
    };

    let exporter = Arc::new(Transaction(connect));
    let exported = exporter.export().await?;
    let started = Instant::now();
    let mut source = SnapshotSource::start(options, exported, exporter);
    let (mut rows, mut bytes, mut nulls) = (0, 0, 0);
    while let Some(batch) = source.next().await {
        for event in batch?.events() {
            match event {
                Event::Change(change) => {
                    rows += 1;
                    for (_, value) in change.after().iter().flat_map(|row| row.columns()) {
                        value.bytes().map_or_else(|| nulls += 1, |value| bytes += value.len());
                    }
                }
                Event::TableDone { table, rows, .. } => println!("{}: {rows} rows", table.name),
                _ => {}
            }
        }
    }
    let seconds = started.elapsed().as_secs_f64();
    println!(
        "{rows} rows, {nulls} NULLs, {:.1} MB of values in {seconds:.2} s: {:.0} rows/s, {:.1} MB/s",
        bytes as f64 / 1e6,
        rows as f64 / seconds,
        bytes as f64 / 1e6 / seconds,
    );
    Ok(())
}
