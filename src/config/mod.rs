//! The pipeline file: read, checked against what it may say, and turned into plain structs.
//!
//! [`load`] reads YAML or JSON and answers with a [`PipelineFile`] or a [`ConfigError`] that names the key, its line
//! and column, and what was expected. [`schema()`] is the same structs as a JSON Schema.

mod error;
mod file;
mod pattern;
mod pem;
mod schema;
mod secret;
mod sink;
mod source;
mod tables;
mod units;
mod words;

pub use error::{ConfigError, Mark};
pub use file::{BatchConfig, PipelineFile, RetryConfig, StateConfig, StateKind};
pub use pattern::{ParsePatternError, TablePattern};
pub use pem::Pem;
pub use schema::schema;
pub use secret::{Secret, ServerUrl};
pub use sink::{
    Envelope, JsonlSink, LaterSink, NullSink, PostgresSink, RotateConfig, SinkConfig, Values, WriteMode,
};
pub use source::{
    Binary, ChannelBinding, CursorConfig, HeartbeatConfig, HeartbeatTable, InvalidText, OnLagLimit, OnLost,
    Origin, PgoutputConfig, Plugin, Protocol, PublicationConfig, PublicationCreate, ReplicaIdentity,
    SlotConfig, SlotCreate, SnapshotConfig, SnapshotFormat, SnapshotMode, SourceConfig, Streaming, Target,
    TlsConfig, TlsMode, Transport, Wal2jsonConfig, Wal2jsonVersion,
};
pub use tables::{
    Collapse, ColumnsConfig, Generated, OnUnknownTable, TablesConfig, UnknownTypes, WithoutKey,
};
