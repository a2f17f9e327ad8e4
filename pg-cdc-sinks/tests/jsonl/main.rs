//! The JSON Lines sink: its lines, its files, its promises.
#![cfg(feature = "jsonl")]
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test says so by failing")]

mod conformance;
mod durability;
mod golden_debezium;
mod golden_row;
mod golden_values;
mod lines;
mod support;
