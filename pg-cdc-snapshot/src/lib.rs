//! The rows that are there: tables copied in parallel under an exported snapshot, onto the same tape that the stream
//! writes.
//!
//! [`SnapshotSource`] is a [`Source`](pg_cdc_core::Source). It reads every table under the snapshot that was exported
//! when the replication slot was made, so that it shows exactly what committed before the stream begins:
//!
//! 1. [`SnapshotOptions::tables`] are recorded **before** the slot is made. Their filenodes and columns tell, later,
//!    whether a table was rewritten under the snapshot (`TRUNCATE`, `ALTER TABLE … TYPE`, `VACUUM FULL`), under which
//!    it reads as empty, in silence.
//! 2. Several connections import the snapshot and COPY the tables, the largest first. Each opens its table, which
//!    keeps rewrites out, compares it with what was recorded, copies it, and compares again.
//! 3. Tables that differ, and those whose connection was lost, are read again together under a fresh snapshot of the
//!    [`Exporter`], whose point is later: their `TableDone` event carries it, and the stream's changes of such a table
//!    count from there on.
//!
//! What to ask the server is decided in [`plan`], which does no I/O; what it sends is read by [`copy::CopyDecoder`],
//! in place and without an allocation a row.
//!
//! # Behavior
//!
//! Events come in this order: `SnapshotBegun`; for each table `SchemaChange` (its first version), its rows, `TableDone`;
//! `SnapshotEnded`. Tables interleave. A table that is read again has a `TableRestarted` before its new rows, and a
//! `SchemaChange` where its shape changed; one that was dropped meanwhile ends with no rows.
//!
//! Memory is bounded by the [`BufferPool`](pg_cdc_core::batch::BufferPool) of the options, whatever the size of the
//! tables and the pace of the reader; a single row larger than that passes alone.

mod chunk;
mod consistent;
pub mod copy;
mod export;
mod guard;
mod options;
pub mod plan;
mod round;
mod source;
mod table;
mod workers;

pub use export::{Exported, Exporter};
pub use options::SnapshotOptions;
pub use plan::CopyFormatChoice;
pub use source::SnapshotSource;
