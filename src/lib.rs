//! PostgreSQL change data capture for Rust.
pub use pg_cdc_core as core;
pub use pg_cdc_decoders as decoders;
