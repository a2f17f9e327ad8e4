//! A source, a sink and a state, run together.

mod shutdown;

pub use shutdown::{Shutdown, ShutdownHandle};

use crate::config::PipelineFile;
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
#[derive(Debug, Clone, Default)]
#[non_exhaustive]
pub struct RunOptions {
    /// When the run is over.
    pub until: Until,
    /// Whether progress is drawn on standard error.
    pub progress: bool,
}

impl RunOptions {
    /// Runs until `until`, without progress.
    #[must_use]
    pub fn new(until: Until) -> Self {
        Self { until, progress: false }
    }

    /// Draws progress on standard error, or not.
    #[must_use]
    pub fn with_progress(mut self, progress: bool) -> Self {
        self.progress = progress;
        self
    }
}

/// What a run did.
#[derive(Debug, Clone, Default)]
#[non_exhaustive]
pub struct Report {}

/// Runs `file` until `options.until` is reached or `shutdown` is requested.
///
/// # Errors
///
/// What stopped it.
pub async fn run(_file: PipelineFile, _options: RunOptions, _shutdown: Shutdown) -> Result<Report, Error> {
    Err(not_merged("run"))
}

/// Drops what the pipeline made on the server, and its saved state; with `force` also what it can't prove to have made.
///
/// # Errors
///
/// What could not be dropped, and why.
pub async fn cleanup(_file: PipelineFile, _force: bool) -> Result<(), Error> {
    Err(not_merged("cleanup"))
}

/// The one place that goes when the pipeline comes.
fn not_merged(command: &'static str) -> Error {
    Error::new(ErrorKind::Unsupported, format!("{command} is not supported yet"))
}
