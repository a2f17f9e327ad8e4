//! A source, a sink and a state, run together: sink durable, then state saved, then acknowledged, in this order, always.
//!
//! [`Pipeline`] is what a program embeds; [`run`] and [`cleanup`] are what `pg-cdc run FILE` and `pg-cdc cleanup FILE`
//! do.

mod attempt;
mod deliver;
mod destination;
mod export;
mod keeper;
mod mended;
mod progress;
mod run;
mod shutdown;

pub use shutdown::{Shutdown, ShutdownHandle};

use pg_cdc_core::{MemoryStore, Sink, StateStore};

use crate::config::{PipelineFile, SinkConfig, SourceConfig};
use crate::source::{Server, drop_made};
use crate::{Error, ErrorKind, Lsn};

/// When a run is over.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Until {
    /// When it is asked to stop.
    #[default]
    Stopped,
    /// When everything is delivered that was written when streaming began.
    Current,
    /// When every transaction is delivered whose commit record starts below this.
    Lsn(Lsn),
    /// When the snapshot is durable.
    Snapshot,
}

/// How a pipeline is run.
#[derive(Debug, Clone, Copy, Default)]
#[non_exhaustive]
pub struct RunOptions {
    /// When the run is over.
    pub until: Until,
    /// A transaction that is passed over: its commit LSN, as the error names it that stopped the pipeline.
    pub skip: Option<Lsn>,
    /// Whether progress is drawn on standard error.
    pub progress: bool,
}

impl RunOptions {
    /// Runs until `until`, without progress.
    #[must_use]
    pub fn new(until: Until) -> Self {
        Self { until, ..Self::default() }
    }

    /// Passes over the transaction that commits at `skip`.
    #[must_use]
    pub fn with_skip(mut self, skip: Option<Lsn>) -> Self {
        self.skip = skip;
        self
    }

    /// Draws progress on standard error, or not.
    #[must_use]
    pub fn with_progress(mut self, progress: bool) -> Self {
        self.progress = progress;
        self
    }
}

/// What a run did.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Report {
    /// Rows of snapshots.
    pub rows: u64,
    /// Changes and logical messages.
    pub changes: u64,
    /// Transactions that were delivered whole.
    pub transactions: u64,
    /// Bytes of the messages that they were read from.
    pub bytes: u64,
}

/// A source, a sink and a state store.
///
/// ```no_run
/// use pg_cdc::config::{SourceConfig, SinkConfig};
/// use pg_cdc::pipeline::{Pipeline, RunOptions, Shutdown};
///
/// # async fn example() -> Result<(), pg_cdc::Error> {
/// let source = SourceConfig::from_url("postgres://cdc@localhost/shop");
/// let (stop, shutdown) = Shutdown::channel();
/// let report = Pipeline::new("shop", source, pg_cdc::sinks::null::Null::new())
///     .run(RunOptions::default(), shutdown)
///     .await?;
/// println!("{} changes", report.changes);
/// # let _ = stop; Ok(())
/// # }
/// ```
pub struct Pipeline {
    file: PipelineFile,
    sink: Box<dyn Sink>,
    store: Box<dyn StateStore>,
}

impl Pipeline {
    /// Delivers `source` into `sink`. Its place is kept in memory: see [`with_state`](Self::with_state).
    ///
    /// `name` names slot and publication where `source` does not.
    #[must_use]
    pub fn new(name: impl Into<String>, source: SourceConfig, sink: impl Sink + 'static) -> Self {
        let mut file = PipelineFile::new(source, SinkConfig::Null(Default::default()));
        file.name = name.into();
        Self { file, sink: Box::new(sink), store: Box::new(MemoryStore::new()) }
    }

    /// The pipeline that a file describes. Opens the state, and locks it.
    ///
    /// # Errors
    ///
    /// Where another process runs it, or the state can't be opened.
    pub fn from_file(file: PipelineFile) -> Result<Self, Error> {
        if let Some((key, works)) = file.unsupported() {
            return Err(Error::new(ErrorKind::Unsupported, format!("{key} is not supported yet as set"))
                .with_hint(if works.is_empty() {
                    "leave it out".to_owned()
                } else {
                    format!("what works: {works}")
                }));
        }
        let sink = destination::sink(&file)?;
        let store = destination::store(&file)?;
        Ok(Self { file, sink, store })
    }

    /// Keeps its place in `store`, so that it goes on after a restart of the program.
    #[must_use]
    pub fn with_state(mut self, store: impl StateStore + 'static) -> Self {
        self.store = Box::new(store);
        self
    }

    /// Batch limits, retries and the like, to be changed.
    pub fn settings_mut(&mut self) -> &mut PipelineFile {
        &mut self.file
    }

    /// Runs until `options.until` is reached or `shutdown` is requested: then what was handed out is durable, saved and
    /// acknowledged. Transient errors are tried again meanwhile.
    ///
    /// Dropped before its end, it leaves everything as after a crash: a later run goes on without loss.
    ///
    /// # Errors
    ///
    /// What stopped it. Nothing was skipped.
    pub async fn run(mut self, options: RunOptions, shutdown: Shutdown) -> Result<Report, Error> {
        let run =
            run::Run { file: &self.file, options, sink: &mut *self.sink, store: &mut *self.store, shutdown };
        run.until_done().await
    }
}

impl std::fmt::Debug for Pipeline {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Pipeline").field("file", &self.file).finish_non_exhaustive()
    }
}

/// Runs `file` until `options.until` is reached or `shutdown` is requested.
///
/// # Errors
///
/// What stopped it.
pub async fn run(file: PipelineFile, options: RunOptions, shutdown: Shutdown) -> Result<Report, Error> {
    Pipeline::from_file(file)?.run(options, shutdown).await
}

/// Drops what the pipeline made on the server, and its saved state; with `force` also what it can't prove to have made,
/// which is named and left alone without. May be repeated.
///
/// # Errors
///
/// What could not be dropped, and why: the state is kept then.
pub async fn cleanup(file: PipelineFile, force: bool) -> Result<(), Error> {
    let mut store = destination::store(&file)?;
    let state = store.load().await;
    // With force, a state that can't be read is no reason to keep it.
    let state = if force { state.unwrap_or_default() } else { state? };
    let server = Server::connect(&file.source).await?;
    let made = drop_made(&server, &file, state.as_ref(), force).await?;
    for what in &made.dropped {
        tracing::info!("dropped {what}");
    }
    for what in &made.left {
        tracing::warn!(
            "left alone, since nothing proves that this pipeline made it: {what}; --force drops it"
        );
    }
    if made.dropped.is_empty() {
        tracing::info!("there was nothing to drop");
    }
    store.remove().await
}
