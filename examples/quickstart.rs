//! Prints what a database holds, then every change as it commits, until Ctrl-C. Started again, it goes on where it
//! stopped.
//!
//!     cargo run --example quickstart -- postgres://postgres@localhost/shop
#![allow(clippy::print_stdout, reason = "an example's purpose")]

use pg_cdc::config::SourceConfig;
use pg_cdc::pipeline::{Pipeline, RunOptions, Shutdown};
use pg_cdc::{ChangeBatch, Durable, FileStore, Sink, SinkError};

struct Print;

#[pg_cdc::async_trait]
impl Sink for Print {
    async fn write(&mut self, batch: ChangeBatch) -> Result<(), SinkError> {
        for change in batch.changes() {
            if let Some(row) = change.after().or(change.before()) {
                println!("{:?} {} {row:?}", change.op(), change.table().name);
            }
        }
        Ok(())
    }

    async fn flush(&mut self) -> Result<Durable, SinkError> {
        Ok(Durable::everything())
    }
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let url = std::env::args().nth(1).or(std::env::var("DATABASE_URL").ok()).ok_or("a URL is missing")?;
    let (stop, shutdown) = Shutdown::channel();
    tokio::spawn(async move { tokio::signal::ctrl_c().await.map(|()| stop.request()) });
    let report = Pipeline::new("quickstart", SourceConfig::from_url(url), Print)
        .with_state(FileStore::open(".pg-cdc/quickstart.json")?)
        .run(RunOptions::default(), shutdown)
        .await?;
    println!("{} rows, then {} changes in {} transactions", report.rows, report.changes, report.transactions);
    Ok(())
}
