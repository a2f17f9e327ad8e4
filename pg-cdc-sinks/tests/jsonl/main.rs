//! The JSON Lines sink: its lines, its files, its promises.
#![cfg(feature = "jsonl")]

mod conformance;
mod durability;
mod golden_debezium;
mod golden_row;
mod lines;
mod support;
