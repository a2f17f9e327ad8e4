//! Where changes go: one module and one Cargo feature a destination.
//!
//! Each sink implements [`pg_cdc_core::Sink`] and passes the conformance suite of `pg-cdc-testkit`. `pg-cdc` runs them in
//! pipelines; `docs/sinks.md` of the repository says how to write one more.
//!
//! ```no_run
//! use pg_cdc_sinks::jsonl::{Envelope, JsonLines, JsonLinesOptions};
//!
//! // One object a line, each change once: to be given to `pg_cdc::pipeline::Pipeline::new`.
//! let sink = JsonLines::to_path("shop.jsonl", JsonLinesOptions::default().with_envelope(Envelope::Row));
//! # drop(sink);
//! ```
//!
//! # Features
//!
//! | feature | sink | delivery |
//! | --- | --- | --- |
//! | `jsonl` (default) | [`jsonl::JsonLines`]: one JSON object a line | exactly once to a file, at least once to a pipe |
//! | `null` (default) | [`null::Null`]: decodes, counts and drops | counts what it is given |

#[cfg(feature = "jsonl")]
pub mod jsonl;
#[cfg(feature = "null")]
pub mod null;
