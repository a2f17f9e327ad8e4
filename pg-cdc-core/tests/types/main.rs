//! The mapping of types against live servers: generated values go in and come back in text and in binary.

#![allow(clippy::unwrap_used, clippy::panic, reason = "helpers of tests are tests too")]

mod generated;
mod generators;
#[cfg(feature = "arrow")]
mod table;
