//! The source that drives walminer, against a real server.
//!
//! No release of walminer builds against the servers that tests run on. So the extension is played by functions of its
//! names and signatures (`first.sql`, `third.sql`), which give recorded rows; the session, its lock, the windows of the
//! real log and all that the source asks the server are real.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests and their helpers")]

mod first;
mod harness;
mod third;
mod trouble;
