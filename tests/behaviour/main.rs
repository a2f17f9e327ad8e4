//! The program against real servers: what it promises to whoever points it at a database.

#![allow(clippy::unwrap_used, clippy::panic, reason = "helpers of tests are tests too")]

mod case;
mod content;
mod rewritten;
mod safety;
mod start;
#[path = "../support/mod.rs"]
mod support;
mod until;
mod users;
