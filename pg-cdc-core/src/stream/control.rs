//! What passes between the handles of a replication source and its task.

use std::sync::{Mutex, PoisonError};

use async_trait::async_trait;
use tokio::sync::watch;

use crate::{Control, Error, ErrorKind, Position, SourceError, TableName};

/// What the task is asked to do.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Wishes {
    pub(super) paused: bool,
    pub(super) stop: bool,
}

/// The handles' side.
#[derive(Debug)]
pub(super) struct ReplicationControl {
    pub(super) acknowledged: watch::Sender<Position>,
    pub(super) wishes: watch::Sender<Wishes>,
    pub(super) ended: watch::Receiver<bool>,
    /// Why the last acknowledgement could not be sent.
    pub(super) unsent: Mutex<Option<SourceError>>,
}

#[async_trait]
impl Control for ReplicationControl {
    fn acknowledge(&self, position: Position) {
        self.acknowledged.send_if_modified(|last| {
            let newer = position > *last;
            if newer {
                *last = position;
            }
            newer
        });
    }

    fn pause(&self) {
        self.wishes.send_modify(|wishes| wishes.paused = true);
    }

    fn resume(&self) {
        self.wishes.send_modify(|wishes| wishes.paused = false);
    }

    async fn add_tables(&self, _tables: Vec<TableName>) -> Result<(), SourceError> {
        let unsupported =
            Error::new(ErrorKind::Unsupported, "adding tables to a running stream is not supported yet");
        Err(unsupported.with_hint("start a pipeline of another name for them").into())
    }

    async fn shutdown(&self) -> Result<(), SourceError> {
        self.wishes.send_modify(|wishes| wishes.stop = true);
        // An error means that the task is gone, which is as ended as it gets.
        let _ = self.ended.clone().wait_for(|ended| *ended).await;
        match self.unsent.lock().unwrap_or_else(PoisonError::into_inner).take() {
            Some(error) => Err(error),
            None => Ok(()),
        }
    }
}
