//! What real servers print through `test_decoding`.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod encodings;
mod generated;
mod losses;
mod phases;
mod printed;
#[path = "../support/mod.rs"]
mod support;
