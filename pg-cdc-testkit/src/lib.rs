//! What it takes to test change data capture for real.
//!
//! - [`Cluster`]: a throw-away PostgreSQL of a chosen version, found on the machine or installed, started in seconds,
//!   gone when dropped; also as root.
//! - [`workload`]: tables and transactions to capture: pgbench's, a small shop, random ones.
//! - [`conformance`]: one call that says which promises a [`Sink`](pg_cdc_core::Sink) does not keep.
//! - [`replay`]: reads JSON Lines back, checks their order, and compares what they come to with the source.
//! - [`batches`]: batches without a server.
//! - [`encode`]: messages of output plugins, and streams of them as a server would send; [`Keeper`] drives a decoder over
//!   them.
//!
//! ```no_run
//! # async fn example() -> Result<(), pg_cdc_testkit::Error> {
//! use pg_cdc_testkit::{Cluster, Version};
//!
//! let cluster = Cluster::builder().version(Version::V18).start().await?;
//! let client = cluster.connect("postgres").await?;
//! assert_eq!(client.value("SHOW wal_level").await?, "logical");
//! # Ok(())
//! # }
//! ```
#![warn(missing_docs)]

pub mod batches;
mod client;
mod cluster;
mod command;
pub mod conformance;
pub mod encode;
mod error;
mod install;
mod keeper;
pub mod replay;
mod version;
pub mod workload;

pub use self::client::Client;
pub use self::cluster::{Cluster, ClusterBuilder, StopMode, Tls};
pub use self::error::{Error, Result};
pub use self::install::Installation;
pub use self::keeper::Keeper;
pub use self::version::Version;

/// A name as an SQL identifier.
pub fn quote_ident(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}
