//! The key `source.snapshot`: the copy of the rows that are there before the first change.

use std::collections::BTreeMap;
use std::time::Duration;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::units::{duration, optional_size, size};
use super::words::words;

/// The copy of the rows that are there before the first change.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
#[non_exhaustive]
pub struct SnapshotConfig {
    /// When a copy is made.
    pub mode: SnapshotMode,
    /// How many connections read at the same time.
    #[schemars(range(min = 1))]
    pub parallelism: u32,
    /// Rows of a shard of a large table.
    #[schemars(range(min = 1))]
    pub shard_rows: u64,
    /// Bytes of a shard, instead of rows.
    #[serde(with = "optional_size")]
    #[schemars(schema_with = "size::schema")]
    pub shard_size: Option<u64>,
    /// The columns by which a table is cut into shards.
    pub sharding_keys: BTreeMap<String, Vec<String>>,
    /// The form in which COPY sends rows.
    pub format: SnapshotFormat,
    /// How old a snapshot may become before shards move on to a fresh one; 0 is one for the whole copy.
    #[serde(with = "duration")]
    #[schemars(schema_with = "duration::schema")]
    pub max_age: Duration,
    /// Rows of a chunk of the incremental mode; 0 is by size.
    pub chunk_rows: u64,
}

impl Default for SnapshotConfig {
    fn default() -> Self {
        Self {
            mode: SnapshotMode::default(),
            parallelism: 4,
            shard_rows: 500_000,
            shard_size: None,
            sharding_keys: BTreeMap::new(),
            format: SnapshotFormat::default(),
            max_age: Duration::ZERO,
            chunk_rows: 0,
        }
    }
}

words! {
    /// When rows are copied.
    SnapshotMode {
        /// Once, before the first change.
        #[default]
        Initial = "initial",
        /// Not at all.
        Never = "never",
        /// Once, and no changes: makes no slot.
        Only = "only",
        /// At every start.
        Always = "always",
        /// Beside the stream, in chunks.
        Incremental = "incremental",
    }
}

words! {
    /// The form in which COPY sends rows.
    SnapshotFormat {
        /// Binary where every column's type can be mapped from it.
        #[default]
        Auto = "auto",
        /// Binary.
        Binary = "binary",
        /// Text.
        Text = "text",
    }
}
