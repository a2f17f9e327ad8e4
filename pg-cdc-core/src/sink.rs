//! The seam between changes and where they go.

use std::borrow::Cow;

use async_trait::async_trait;

use crate::batch::ChangeBatch;
use crate::{Error, ErrorKind, Position};

/// What a sink wants kept beside the position, to find its place again: a file's length, an epoch. Any JSON.
pub type SinkState = serde_json::Value;

/// Where changes go. Writing one takes about thirty lines; the conformance suite of `pg-cdc-testkit` says whether it
/// is right.
///
/// The pipeline calls [`open`](Self::open) at the start, and again when it tries again after a transient error; then [`write`](Self::write) for batch after batch with
/// [`flush`](Self::flush) in between, and [`close`](Self::close) at a clean end; never two of them at once. What it
/// keeps is: first the sink is durable, then the state is saved, then the server is told; so after any crash the
/// source goes on behind the last position that `flush` gave, and changes behind it come again.
///
/// A sink that gives back, in `open`, the position it holds in its own store is exactly-once if it commits the
/// position in one transaction with the data. A sink that can cut itself back to the state of its last `flush`
/// (a file to a length) is exactly-once as well. All others are at-least-once, and should write by key.
#[async_trait]
pub trait Sink: Send {
    /// Starts or starts again. `saved` is the state of the last durable flush; `None` before the first.
    ///
    /// Gives the position that the sink holds itself, if it holds one; it wins over the saved one.
    async fn open(&mut self, saved: Option<&SinkState>) -> Result<Option<Position>, SinkError> {
        let _ = saved;
        Ok(None)
    }

    /// Takes a batch. It need not be durable when this returns.
    ///
    /// Not cancel safe, and never cancelled by the pipeline but at a forced stop.
    async fn write(&mut self, batch: ChangeBatch) -> Result<(), SinkError>;

    /// Makes what was written durable, and says how far that reaches.
    async fn flush(&mut self) -> Result<Durable, SinkError>;

    /// Ends after the last flush.
    async fn close(&mut self) -> Result<(), SinkError> {
        Ok(())
    }
}

/// How far a sink is durable.
#[derive(Debug, Clone, Default)]
#[non_exhaustive]
pub struct Durable {
    /// The position of the last batch that is durable; `None` for all that was written.
    pub position: Option<Position>,
    /// What to give to [`Sink::open`] at the next start.
    pub state: Option<SinkState>,
}

impl Durable {
    /// All that was written is durable.
    #[must_use]
    pub fn everything() -> Self {
        Self::default()
    }

    /// What was written up to `position` is durable.
    #[must_use]
    pub fn up_to(position: Position) -> Self {
        Self { position: Some(position), state: None }
    }

    /// With `state` to be kept.
    #[must_use]
    pub fn with_state(mut self, state: SinkState) -> Self {
        self.state = Some(state);
        self
    }
}

/// Why a sink could not take or keep something.
#[derive(Debug, thiserror::Error)]
#[error("{message}")]
pub struct SinkError {
    message: Cow<'static, str>,
    transient: bool,
    hint: Option<Cow<'static, str>>,
    #[source]
    cause: Option<Box<dyn std::error::Error + Send + Sync>>,
}

impl SinkError {
    /// `message` says what could not be done, and where.
    pub fn new(message: impl Into<Cow<'static, str>>) -> Self {
        Self { message: message.into(), transient: false, hint: None, cause: None }
    }

    /// Adds the error that led to this one.
    #[must_use]
    pub fn with_cause(mut self, cause: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Self {
        self.cause = Some(cause.into());
        self
    }

    /// Adds what the user can do about it.
    #[must_use]
    pub fn with_hint(mut self, hint: impl Into<Cow<'static, str>>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    /// Trying again from the last durable position may help.
    #[must_use]
    pub fn transient(mut self) -> Self {
        self.transient = true;
        self
    }

    /// Whether trying again from the last durable position may help.
    #[must_use]
    pub fn is_transient(&self) -> bool {
        self.transient
    }

    /// What the user can do about it.
    #[must_use]
    pub fn hint(&self) -> Option<&str> {
        self.hint.as_deref()
    }
}

impl From<std::io::Error> for SinkError {
    fn from(error: std::io::Error) -> Self {
        Self::new("the sink could not be written").with_cause(error)
    }
}

impl From<crate::types::TypeError> for SinkError {
    fn from(error: crate::types::TypeError) -> Self {
        let hint = error.hint().map(Cow::Borrowed);
        Self { hint, ..Self::new("a value can't be read").with_cause(error) }
    }
}

impl From<SinkError> for Error {
    fn from(error: SinkError) -> Self {
        let kind = if error.transient { ErrorKind::SinkBusy } else { ErrorKind::Sink };
        let mut mapped = Self::new(kind, error.message);
        if let Some(hint) = error.hint {
            mapped = mapped.with_hint(hint);
        }
        match error.cause {
            Some(cause) => mapped.with_cause(cause),
            None => mapped,
        }
    }
}
