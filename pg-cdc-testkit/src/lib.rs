//! pg-cdc testkit.

pub mod encode;
