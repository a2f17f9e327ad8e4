//! pg-cdc testkit.
