//! The program against real servers: what it promises to whoever points it at a database.

#![allow(clippy::unwrap_used, clippy::panic, reason = "helpers of tests are tests too")]
#![allow(clippy::print_stdout, reason = "a test that fails shows what it did")]

mod altered;
mod case;
mod content;
mod debezium;
mod invalid_text;
mod plugins;
mod protocols;
mod rewritten;
mod row_filters;
mod safety;
mod shapes;
mod skip;
mod start;
mod statements;
#[path = "../support/mod.rs"]
mod support;
mod uncommitted;
mod until;
mod users;
mod walminer;
mod zoo;
