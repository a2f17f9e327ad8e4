//! pg-cdc testkit.

pub mod batches;
pub mod conformance;
