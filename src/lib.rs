//! PostgreSQL change data capture for Rust.
pub mod config;
pub mod pipeline;

pub use pg_cdc_core as core;
pub use pg_cdc_core::{Error, ErrorKind, Lsn};
pub use pg_cdc_decoders as decoders;
