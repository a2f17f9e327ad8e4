//! PostgreSQL change data capture for Rust: a parallel snapshot of the rows that are there, then every change as it
//! commits, with PostgreSQL's types mapped exactly, nothing lost and nothing applied twice.
//!
//! ```no_run
//! use pg_cdc::config::SourceConfig;
//! use pg_cdc::pipeline::{Pipeline, RunOptions, Shutdown};
//! use pg_cdc::{ChangeBatch, Durable, FileStore, Sink, SinkError};
//!
//! /// Prints what somebody ordered.
//! struct Orders;
//!
//! #[pg_cdc::async_trait]
//! impl Sink for Orders {
//!     async fn write(&mut self, batch: ChangeBatch) -> Result<(), SinkError> {
//!         for row in batch.changes().filter(|c| &*c.table().name.name == "orders").filter_map(|c| c.after()) {
//!             println!("{}: {:?}", row.get::<i64>("id")?, row.get::<Option<&str>>("note")?);
//!         }
//!         Ok(())
//!     }
//!
//!     async fn flush(&mut self) -> Result<Durable, SinkError> {
//!         Ok(Durable::everything())
//!     }
//! }
//!
//! # async fn example() -> Result<(), Box<dyn std::error::Error>> {
//! let (stop, shutdown) = Shutdown::channel(); // `stop.request()` from anywhere ends the run cleanly
//! let mut source = SourceConfig::from_url("postgres://cdc@localhost/shop");
//! source.tables.include = vec!["public.*".parse()?];
//! let report = Pipeline::new("orders", source, Orders)
//!     .with_state(FileStore::open("orders.json")?)
//!     .run(RunOptions::default(), shutdown)
//!     .await?;
//! println!("{} rows, {} changes", report.rows, report.changes);
//! # drop(stop); Ok(())
//! # }
//! ```
//!
//! # Where to begin
//!
//! - A program that delivers changes somewhere: [`pipeline::Pipeline`] and a [`Sink`], as above. [`sinks`] has some;
//!   `docs/sinks.md` of the repository says how to write one.
//! - A pipeline from a file, as `pg-cdc run FILE` does it: [`config::load()`] and [`pipeline::run`].
//! - The changes as a plain `Stream` over a slot that exists: [`core::stream::ReplicationSource`], a [`Source`], with
//!   [`SourceControl::acknowledge`]; `examples/stream.rs`.
//! - Decoding alone, without a server or async: [`decoders`], a crate with few dependencies; `examples/decode_only.rs`.
//!
//! # Behavior
//!
//! - A pipeline's first run makes a publication for the selected tables, then a replication slot, reads the tables
//!   under the slot's exported snapshot, and streams from the slot. A publication that would make an application's
//!   UPDATE or DELETE fail is refused before anything is made.
//! - Every batch goes to the sink first; when the sink says that it is durable the state is saved, and only then the
//!   server is told. After any crash, kill -9 included, the next run goes on behind what was saved.
//! - Transient errors are tried again for [`RetryConfig::max_elapsed`](config::RetryConfig); all others stop the run
//!   with an [`Error`] that has a [`hint`](Error::hint). A slot is never dropped and a position never skipped on its
//!   own, but for one case: the pipeline's own slot whose first snapshot did not end is made again with it.
//! - Memory in flight is bounded by `memory_limit`, whatever the size of a transaction or the pace of the sink.
//! - Nothing is printed: events go to `tracing`, counters to the `metrics` facade.
//!
//! # Features
//!
//! | feature | brings |
//! | --- | --- |
//! | `program` (default) | the program `pg-cdc`; leave it out to have the library alone |
//! | `arrow` | `types::arrow`: Arrow schemas of tables, and arrays built straight from batches |
//! | `bigdecimal`, `chrono`, `cidr`, `geo-types`, `jiff`, `postgres-types`, `rust_decimal`, `time`, `uuid` | values as the types of the crate of that name: [`types::FromDatum`] |

pub mod config;
pub mod pipeline;
mod source;

pub use async_trait::async_trait;
pub use pg_cdc_core as core;
pub use pg_cdc_core::batch::ChangeBatch;
pub use pg_cdc_core::{
    Column, Datum, Durable, Error, ErrorKind, FileStore, Lsn, MemoryStore, Position, Sink, SinkError,
    SinkState, Source, SourceControl, SourceError, State, StateStore, Table, TableName, batch, types,
};
pub use pg_cdc_decoders as decoders;
pub use pg_cdc_sinks as sinks;
pub use pg_cdc_snapshot as snapshot;

/// The code in `docs/sinks.md`, run as documentation tests.
#[cfg(doctest)]
#[doc = include_str!("../docs/sinks.md")]
struct SinksPage;
