//! The ground floor of pg-cdc: the data model, the seams between a source, a decoder and a sink, PostgreSQL's types,
//! and (behind features) the wire, the catalog and the replication stream.

pub mod batch;
#[cfg(feature = "catalog")]
pub mod catalog;
mod datum;
mod decoder;
mod error;
mod lsn;
mod position;
mod sink;
mod source;
mod state;
#[cfg(feature = "stream")]
pub mod stream;
mod table;
pub mod types;
#[cfg(feature = "wire")]
pub mod wire;

pub use datum::Datum;
pub use decoder::{DecodeError, Decoder, Frame, Known, Outcome, Sequence, TableFacts, Tables};
pub use error::{Error, ErrorKind};
pub use lsn::{Lsn, ParseLsnError};
pub use position::{Position, ServerId, SnapshotProgress};
pub use sink::{Durable, Sink, SinkError, SinkState};
pub use source::{BoxSource, Control, Source, SourceControl, SourceError};
pub use state::{
    FileStore, MemoryStore, PublicationRecord, STATE_VERSION, SlotRecord, SnapshotRecord, State, StateStore,
    TableStart,
};
pub use table::{Column, ColumnType, ReplicaIdentity, Table, TableName, quote_identifier, quote_literal};
