//! The changes of a slot as a plain `Stream`, acknowledged once they are printed; ends with what was there when it
//! began. Publication and slot are yours:
//!
//!     CREATE PUBLICATION mine FOR ALL TABLES;
//!     SELECT pg_create_logical_replication_slot('mine', 'pgoutput');
//!
//!     cargo run --example stream -- postgres://postgres@localhost/shop mine
#![allow(clippy::print_stdout, reason = "an example's purpose")]

use futures_util::StreamExt;
use pg_cdc::config::SourceConfig;
use pg_cdc::core::stream::{Plugin, ReplicationOptions, ReplicationSource, Until, identify};
use pg_cdc::core::wire::{Connection, Session};
use pg_cdc::core::{Position, Source, catalog};
use pg_cdc::decoders::PgOutput;

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut args = std::env::args().skip(1);
    let (Some(url), Some(name)) = (args.next(), args.next()) else {
        return Err("give a URL and a name".into());
    };
    let connect = SourceConfig::from_url(url).connect_config()?;

    // Where the slot stands; a program of your own keeps the last position it made durable, and starts from that.
    let client = catalog::connect(&connect).await?;
    let system = catalog::system(&client).await?;
    let slot = catalog::find_slot(&client, system.version, &name).await?.ok_or("there is no such slot")?;
    let confirmed = slot.confirmed_flush_lsn.ok_or("that is no logical slot")?;
    let mut connection = Connection::connect(&connect, Session::Replication).await?;
    let server = identify(&mut connection).await?.server;
    connection.close().await;

    let plugin = Plugin::pgoutput(1, std::slice::from_ref(&name), system.version >= 140_000);
    let start = Position::at("stream".into(), server, confirmed);
    let mut options = ReplicationOptions::new(connect, &name, plugin, start);
    let tables = catalog::list_tables(&client, system.version).await?;
    options.tables = tables.into_iter().map(|info| info.table).collect();
    options.until = Some(Until::Current);

    let mut source = ReplicationSource::start(options, PgOutput::new());
    let control = source.control();
    while let Some(batch) = source.next().await {
        let batch = batch?;
        for change in batch.changes() {
            if let Some(row) = change.after().or(change.before()) {
                println!("{:?} {} {row:?}", change.op(), change.table().name);
            }
        }
        // Durable here: the server may forget it.
        if let Some(position) = batch.position() {
            control.acknowledge(position.clone());
        }
    }
    control.shutdown().await?;
    Ok(())
}
