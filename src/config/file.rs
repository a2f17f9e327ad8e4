//! The whole pipeline file.

use std::path::{Path, PathBuf};
use std::time::Duration;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::units::{duration, size};
use super::words::words;
use super::{SinkConfig, SourceConfig};

/// A pipeline: a source, a sink, and how the two are kept together.
///
/// Made by [`load`](super::load()) from a file, or by [`PipelineFile::new`] in a program.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(title = "pg-cdc pipeline")]
#[non_exhaustive]
pub struct PipelineFile {
    /// Names the slot, the publication and the state where they have no name of their own.
    #[serde(default = "default_name")]
    #[schemars(regex(pattern = "^[a-z0-9_]{1,63}$"))]
    pub name: String,
    /// Where changes come from.
    pub source: SourceConfig,
    /// Where changes go.
    pub sink: SinkConfig,
    /// Where the position is kept.
    #[serde(default)]
    pub state: StateConfig,
    /// When a batch is handed to the sink.
    #[serde(default)]
    pub batch: BatchConfig,
    /// How transient errors are tried again.
    #[serde(default)]
    pub retry: RetryConfig,
    /// How long a clean stop may take.
    #[serde(default = "default_stop_timeout", with = "duration")]
    #[schemars(schema_with = "duration::schema")]
    pub stop_timeout: Duration,
}

fn default_name() -> String {
    "pg_cdc".to_owned()
}

fn default_stop_timeout() -> Duration {
    Duration::from_secs(30)
}

impl PipelineFile {
    /// A pipeline from `source` to `sink`, everything else as by default.
    #[must_use]
    pub fn new(source: SourceConfig, sink: SinkConfig) -> Self {
        Self {
            name: default_name(),
            source,
            sink,
            state: StateConfig::default(),
            batch: BatchConfig::default(),
            retry: RetryConfig::default(),
            stop_timeout: default_stop_timeout(),
        }
    }

    /// The slot's name: its own, else the pipeline's.
    #[must_use]
    pub fn slot_name(&self) -> &str {
        self.source.slot.name.as_deref().unwrap_or(&self.name)
    }

    /// The publication's name: its own, else the pipeline's.
    #[must_use]
    pub fn publication_name(&self) -> &str {
        self.source.publication.name.as_deref().unwrap_or(&self.name)
    }

    /// The state's file: its own path, else `.pg-cdc/NAME.json`. Only of meaning with [`StateKind::File`].
    #[must_use]
    pub fn state_path(&self) -> PathBuf {
        match &self.state.path {
            Some(path) => path.clone(),
            None => Path::new(".pg-cdc").join(format!("{}.json", self.name)),
        }
    }

    /// Makes relative paths relative to `folder`.
    pub(super) fn resolve(&mut self, folder: &Path) {
        if self.state.kind == StateKind::File {
            self.state.path = Some(folder.join(self.state_path()));
        }
        let tls = &mut self.source.tls;
        for pem in [&mut tls.ca, &mut tls.cert, &mut tls.key].into_iter().flatten() {
            pem.resolve(folder);
        }
        if let SinkConfig::Jsonl(jsonl) = &mut self.sink
            && !jsonl.is_stdout()
        {
            jsonl.path = folder.join(&jsonl.path);
        }
    }
}

/// Where the position is kept.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
#[non_exhaustive]
pub struct StateConfig {
    /// What keeps it.
    #[serde(rename = "type")]
    pub kind: StateKind,
    /// The file; left out, `.pg-cdc/NAME.json`.
    pub path: Option<PathBuf>,
}

words! {
    /// What keeps the position.
    StateKind {
        /// A file, locked while the pipeline runs.
        #[default]
        File = "file",
        /// A table of a PostgreSQL.
        Postgres = "postgres",
        /// Nothing that outlives the process.
        Memory = "memory",
        /// The sink, together with the data.
        Sink = "sink",
    }
}

/// When a batch is handed to the sink: at whichever comes first.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
#[non_exhaustive]
pub struct BatchConfig {
    /// So many changes.
    #[schemars(range(min = 1))]
    pub rows: u64,
    /// So many bytes.
    #[serde(with = "size")]
    #[schemars(schema_with = "size::schema")]
    pub bytes: u64,
    /// So long after its first change.
    #[serde(with = "duration")]
    #[schemars(schema_with = "duration::schema")]
    pub delay: Duration,
}

impl Default for BatchConfig {
    fn default() -> Self {
        Self { rows: 10_000, bytes: 8 << 20, delay: Duration::from_millis(100) }
    }
}

/// How transient errors are tried again: after `initial`, then ever longer up to `max`, for `max_elapsed` in all.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
#[non_exhaustive]
pub struct RetryConfig {
    /// How long in all before the pipeline stops with the error.
    #[serde(with = "duration")]
    #[schemars(schema_with = "duration::schema")]
    pub max_elapsed: Duration,
    /// The first wait.
    #[serde(with = "duration")]
    #[schemars(schema_with = "duration::schema")]
    pub initial: Duration,
    /// The longest wait.
    #[serde(with = "duration")]
    #[schemars(schema_with = "duration::schema")]
    pub max: Duration,
}

impl Default for RetryConfig {
    fn default() -> Self {
        Self {
            max_elapsed: Duration::from_secs(300),
            initial: Duration::from_millis(100),
            max: Duration::from_secs(30),
        }
    }
}
