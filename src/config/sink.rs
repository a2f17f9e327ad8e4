//! The key `sink`: where changes go, each destination with its own keys.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::Duration;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::schema::{bare_null, switch};
use super::units::{duration, optional_duration, optional_size, size};
use super::words::words;
use super::{DebeziumConfig, ServerUrl};

/// Where changes go; in the file the key `type` says which, beside its own keys.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
#[schemars(tag = "type", transform = bare_null)]
#[non_exhaustive]
pub enum SinkConfig {
    /// JSON Lines, to a file or standard output.
    Jsonl(JsonlSink),
    /// Counts and drops.
    Null(NullSink),
    /// Another PostgreSQL.
    Postgres(PostgresSink),
    /// ClickHouse.
    ClickHouse(LaterSink),
    /// Kafka.
    Kafka(LaterSink),
    /// Parquet files.
    Parquet(LaterSink),
}

/// JSON Lines, to a file or standard output.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
#[non_exhaustive]
pub struct JsonlSink {
    /// The file, or `-` for standard output.
    pub path: PathBuf,
    /// The shape of a line.
    pub envelope: Envelope,
    /// The form of column values.
    pub values: Values,
    /// The handling modes of `values: debezium`.
    pub debezium: Option<DebeziumConfig>,
    /// Whether the begin and the end of transactions are lines too.
    #[schemars(schema_with = "switch")]
    pub transactions: bool,
    /// When a new file is begun; left out, never.
    pub rotate: Option<RotateConfig>,
}

impl Default for JsonlSink {
    fn default() -> Self {
        Self {
            path: "-".into(),
            envelope: Envelope::default(),
            values: Values::default(),
            debezium: None,
            transactions: false,
            rotate: None,
        }
    }
}

impl JsonlSink {
    /// Whether lines go to standard output.
    #[must_use]
    pub fn is_stdout(&self) -> bool {
        self.path == Path::new("-")
    }
}

words! {
    /// The shape of a line.
    Envelope {
        /// Debezium's.
        #[default]
        Debezium = "debezium",
        /// One flat object with `op`, `table`, `before`, `after`.
        Row = "row",
    }
}

words! {
    /// The form of column values.
    Values {
        /// As PostgreSQL's `row_to_json`.
        #[default]
        Natural = "natural",
        /// As Debezium's, by the handling modes of `sink.debezium`.
        Debezium = "debezium",
    }
}

/// When a new file is begun.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
#[non_exhaustive]
pub struct RotateConfig {
    /// At this size, in bytes.
    #[serde(with = "optional_size")]
    #[schemars(schema_with = "size::schema")]
    pub bytes: Option<u64>,
    /// After this time.
    #[serde(with = "optional_duration")]
    #[schemars(schema_with = "duration::schema")]
    pub every: Option<Duration>,
}

/// Counts and drops; has no keys of its own.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
#[non_exhaustive]
pub struct NullSink {}

/// Another PostgreSQL.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct PostgresSink {
    /// The server.
    pub url: ServerUrl,
    /// The target's schema for a source's schema, where they differ.
    #[serde(default)]
    pub schema_map: BTreeMap<String, String>,
    /// Whether missing tables are made.
    #[serde(default = "yes")]
    #[schemars(schema_with = "switch")]
    pub create_tables: bool,
    /// Whether rows are replaced by key or appended.
    #[serde(default)]
    pub mode: WriteMode,
    /// Whether the position is written in the target's own transaction.
    #[serde(default = "yes")]
    #[schemars(schema_with = "switch")]
    pub exactly_once: bool,
}

fn yes() -> bool {
    true
}

words! {
    /// Whether rows are replaced by key or appended.
    WriteMode {
        /// By key.
        #[default]
        Upsert = "upsert",
        /// Every change is a row.
        Append = "append",
    }
}

/// A sink whose keys are not fixed yet: any are read over, since the sink itself is refused.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[non_exhaustive]
pub struct LaterSink {}
