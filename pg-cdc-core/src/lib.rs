//! The ground floor of pg-cdc: the data model, the seams between a source, a decoder and a sink, PostgreSQL's types,
//! and (behind features) the wire, the catalog and the replication stream.

pub mod batch;
mod datum;
mod error;
mod lsn;
mod position;
mod table;
pub mod types;
#[cfg(feature = "wire")]
pub mod wire;

pub use datum::Datum;
pub use error::{Error, ErrorKind};
pub use lsn::{Lsn, ParseLsnError};
pub use position::{Position, ServerId, SnapshotProgress};
pub use table::{Column, ColumnType, ReplicaIdentity, Table, TableName, quote_identifier, quote_literal};
