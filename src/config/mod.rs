//! The pipeline file: read, checked against what it may say, and turned into plain structs.
//!
//! [`load()`] reads YAML or JSON and answers with a [`PipelineFile`] or a [`ConfigError`] that names the key, its line
//! and column, and what was expected. [`schema()`] is the same structs as a JSON Schema.

mod check;
mod connect;
mod debezium;
mod error;
mod expand;
mod file;
mod load;
mod not_yet;
mod path;
mod patterns;
mod pem;
mod plugin;
mod read;
mod schema;
mod secret;
mod sink;
mod slot;
mod snapshot;
mod source;
mod tables;
#[cfg(test)]
mod tests;
mod tls;
mod units;
mod words;
mod yaml;

pub use debezium::{
    BinaryHandling, DebeziumConfig, DecimalHandling, HstoreHandling, IntervalHandling, TimePrecision,
};
pub use error::{ConfigError, Mark};
pub use file::{BatchConfig, PipelineFile, RetryConfig, StateConfig, StateKind};
pub use load::{load, parse};
pub use pem::Pem;
pub use pg_cdc_core::catalog::Pattern;
pub use plugin::{Binary, Origin, PgoutputConfig, Protocol, Streaming, Wal2jsonConfig, Wal2jsonVersion};
pub use schema::schema;
pub use secret::{Secret, ServerUrl};
pub use sink::{
    Envelope, JsonlSink, LaterSink, NullSink, PostgresSink, RotateConfig, SinkConfig, Values, WriteMode,
};
pub use slot::{OnLagLimit, OnLost, PublicationConfig, PublicationCreate, SlotConfig, SlotCreate};
pub use snapshot::{SnapshotConfig, SnapshotFormat, SnapshotMode};
pub use source::{
    CursorConfig, HeartbeatConfig, HeartbeatTable, InvalidText, Plugin, ReplicaIdentity, SourceConfig,
    Target, Transport,
};
pub use tables::{
    Collapse, ColumnsConfig, Generated, OnUnknownTable, TablesConfig, UnknownTypes, WithoutKey,
};
pub use tls::{ChannelBinding, TlsConfig, TlsMode};
