//! The ground floor of pg-cdc: the data model, the seams between a source, a decoder and a sink, PostgreSQL's types,
//! and (behind features) the wire, the catalog and the replication stream.

pub mod batch;
mod error;
mod lsn;
#[cfg(feature = "wire")]
pub mod wire;

pub use error::{Error, ErrorKind};
pub use lsn::{Lsn, ParseLsnError};
