//! PostgreSQL change data capture for Rust: a parallel snapshot of what is there, then every committed change, exact
//! types, nothing lost and nothing applied twice.

pub mod config;
pub mod pipeline;
mod source;

pub use pg_cdc_core as core;
pub use pg_cdc_core::{Error, ErrorKind, Lsn, batch, types};
pub use pg_cdc_decoders as decoders;
pub use pg_cdc_sinks as sinks;
pub use pg_cdc_snapshot as snapshot;
