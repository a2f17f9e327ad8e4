//! Snapshots of real servers.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests and their helpers")]

mod again;
mod harness;
mod rows;
mod steering;
