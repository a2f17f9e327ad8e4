//! Where changes go: one module and one Cargo feature a destination.
//!
//! Each sink implements [`pg_cdc_core::Sink`] and passes the conformance suite of `pg-cdc-testkit`.
//!
//! | feature | sink | delivery |
//! | --- | --- | --- |
//! | `jsonl` (default) | [`jsonl::JsonLines`]: one JSON object a line | exactly once to a file, at least once to a pipe |
//! | `null` (default) | [`null::Null`]: decodes, counts and drops | counts what it is given |

#[cfg(feature = "jsonl")]
pub mod jsonl;
#[cfg(feature = "null")]
pub mod null;
