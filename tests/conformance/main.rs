//! The stream through every setting that a server has: the same lines from each, which come to what the tables hold.

#![allow(clippy::unwrap_used, clippy::panic, reason = "helpers of tests are tests too")]
#![allow(clippy::print_stdout, reason = "a test that fails shows what it did")]

#[path = "../behaviour/case.rs"]
#[allow(dead_code, reason = "each test program uses its part")]
mod case;
mod content;
mod encodings;
mod large;
mod line;
mod matrix;
mod schemas;
mod shapes;
#[path = "../support/mod.rs"]
mod support;
mod told;
mod transactions;
mod way;
