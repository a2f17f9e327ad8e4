//! The seam between where changes come from and whoever reads them.

use std::fmt;
use std::pin::Pin;
use std::sync::Arc;

use async_trait::async_trait;
use futures_core::Stream;

use crate::batch::ChangeBatch;
use crate::{DecodeError, Error, ErrorKind, Position, TableName};

/// Where changes come from: a snapshot, a replication stream, a recorded file, or several of them composed.
///
/// A source is a plain [`Stream`] of batches. What a reader may rely on:
///
/// - Batches come in the source's order, and every batch that is not blank has a
///   [`position`](ChangeBatch::position).
/// - Nothing is acknowledged to the server but what the reader [acknowledged](SourceControl::acknowledge). A source
///   that is dropped, killed or restarted goes on behind the last acknowledged position.
/// - It waits when the reader waits: what it holds is bounded in bytes. Its connection stays alive meanwhile.
/// - After an error, and after `None`, it is over. Transient errors were tried again before they got here.
pub trait Source: Stream<Item = Result<ChangeBatch, SourceError>> + Send {
    /// A handle to steer it, usable from any task.
    fn control(&self) -> SourceControl;
}

/// A source behind a pointer.
pub type BoxSource = Pin<Box<dyn Source>>;

impl<S: Source + ?Sized + Unpin> Source for Box<S> {
    fn control(&self) -> SourceControl {
        (**self).control()
    }
}

impl<S: Source + ?Sized> Source for Pin<Box<S>> {
    fn control(&self) -> SourceControl {
        (**self).control()
    }
}

/// Steers a [`Source`]. Clones steer the same one.
#[derive(Clone)]
pub struct SourceControl(Arc<dyn Control>);

/// What a source implements behind its [`SourceControl`].
#[async_trait]
pub trait Control: Send + Sync {
    /// See [`SourceControl::acknowledge`].
    fn acknowledge(&self, position: Position);
    /// See [`SourceControl::pause`].
    fn pause(&self);
    /// See [`SourceControl::resume`].
    fn resume(&self);
    /// See [`SourceControl::add_tables`].
    async fn add_tables(&self, tables: Vec<TableName>) -> Result<(), SourceError>;
    /// See [`SourceControl::shutdown`].
    async fn shutdown(&self) -> Result<(), SourceError>;
}

impl SourceControl {
    /// The handle over `control`.
    pub fn new(control: Arc<dyn Control>) -> Self {
        Self(control)
    }

    /// Everything up to `position` is durable with the reader, and the reader's own position is saved: the server may
    /// forget it. A position in the middle of a transaction acknowledges the last whole one to the server.
    ///
    /// Returns at once; an older position than the last is ignored.
    pub fn acknowledge(&self, position: Position) {
        self.0.acknowledge(position);
    }

    /// Hands out nothing more until [`resume`](Self::resume); the connection stays alive.
    pub fn pause(&self) {
        self.0.pause();
    }

    /// Goes on after a [`pause`](Self::pause).
    pub fn resume(&self) {
        self.0.resume();
    }

    /// Takes more tables into the stream, with their rows.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Unsupported`] where the source can't.
    pub async fn add_tables(&self, tables: Vec<TableName>) -> Result<(), SourceError> {
        self.0.add_tables(tables).await
    }

    /// Ends the stream, sends the last acknowledgement to the server and waits until that is done.
    ///
    /// The stream gives `None` afterwards; batches that were not taken out of it are dropped and come again at the
    /// next start. Cancel safe: a later call waits again.
    ///
    /// # Errors
    ///
    /// When the last acknowledgement could not be sent: what it covers comes again at the next start.
    pub async fn shutdown(&self) -> Result<(), SourceError> {
        self.0.shutdown().await
    }
}

impl fmt::Debug for SourceControl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SourceControl")
    }
}

/// Why a source stopped.
#[derive(Debug, thiserror::Error)]
#[error(transparent)]
pub struct SourceError(#[from] SourceErrorKind);

#[derive(Debug, thiserror::Error)]
enum SourceErrorKind {
    #[error(transparent)]
    Server(Error),
    #[error(transparent)]
    Decode(DecodeError),
}

impl SourceError {
    /// The kind of trouble; a message that can't be decoded is [`ErrorKind::Decode`].
    #[must_use]
    pub fn kind(&self) -> ErrorKind {
        match &self.0 {
            SourceErrorKind::Server(error) => error.kind(),
            SourceErrorKind::Decode(_) => ErrorKind::Decode,
        }
    }

    /// Whether trying again may help.
    #[must_use]
    pub fn is_transient(&self) -> bool {
        matches!(&self.0, SourceErrorKind::Server(error) if error.is_transient())
    }

    /// The server's SQLSTATE, where the server is where it came from.
    #[must_use]
    pub fn sqlstate(&self) -> Option<&str> {
        match &self.0 {
            SourceErrorKind::Server(error) => error.sqlstate(),
            SourceErrorKind::Decode(_) => None,
        }
    }

    /// What the user can do about it.
    #[must_use]
    pub fn hint(&self) -> Option<&str> {
        match &self.0 {
            SourceErrorKind::Server(error) => error.hint(),
            SourceErrorKind::Decode(error) => Some(error.hint()),
        }
    }
}

impl From<Error> for SourceError {
    fn from(error: Error) -> Self {
        Self(SourceErrorKind::Server(error))
    }
}

impl From<DecodeError> for SourceError {
    fn from(error: DecodeError) -> Self {
        Self(SourceErrorKind::Decode(error))
    }
}

impl From<SourceError> for Error {
    fn from(error: SourceError) -> Self {
        match error.0 {
            SourceErrorKind::Server(error) => error,
            SourceErrorKind::Decode(error) => {
                let hint = error.hint().to_owned();
                Self::new(ErrorKind::Decode, error.to_string()).with_hint(hint)
            }
        }
    }
}
