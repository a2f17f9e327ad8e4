//! walminer as a [`Source`].

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use async_trait::async_trait;
use futures_core::Stream;
use tokio::sync::{mpsc, watch};
use tokio::task::JoinHandle;

use super::delivery::Wishes;
use super::options::MiningOptions;
use super::reader::Reader;
use crate::batch::ChangeBatch;
use crate::{Control, Decoder, Error, ErrorKind, Position, Source, SourceControl, SourceError, TableName};

/// How many batches wait for the reader; one more is being filled meanwhile.
const WAITING: usize = 1;

/// Mines the write-ahead log, window after window, with the extension walminer.
///
/// One session calls the extension and reads its table; an advisory lock sees to it that there is one miner a database.
/// Lost connections and a lock that is still held are tried again as [`MiningOptions::retry`] says; every other error ends
/// the stream, a half answer of walminer's included. What a position means, and what of the log must be kept, says the
/// [module](super). Dropping the source closes the session.
#[derive(Debug)]
pub struct WalMinerSource {
    batches: mpsc::Receiver<Result<ChangeBatch, SourceError>>,
    control: Arc<MiningControl>,
    task: JoinHandle<()>,
}

impl WalMinerSource {
    /// Starts to mine. The connection is made in a task: its errors come out of the stream.
    ///
    /// # Panics
    ///
    /// Outside a tokio runtime with its I/O and time drivers on.
    #[must_use]
    pub fn start<D: Decoder + 'static>(options: MiningOptions, decoder: D) -> Self {
        let (sender, batches) = mpsc::channel(WAITING);
        let (wishes, wished) = watch::channel(Wishes::default());
        let (alive, ended) = watch::channel(());
        let reader = Reader::new(options, decoder, sender, wished);
        let task = tokio::spawn(async move {
            reader.run().await;
            drop(alive);
        });
        Self { batches, control: Arc::new(MiningControl { wishes, ended }), task }
    }
}

impl Stream for WalMinerSource {
    type Item = Result<ChangeBatch, SourceError>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.batches.poll_recv(cx)
    }
}

impl Source for WalMinerSource {
    fn control(&self) -> SourceControl {
        SourceControl::new(Arc::clone(&self.control) as Arc<dyn Control>)
    }
}

impl Drop for WalMinerSource {
    fn drop(&mut self) {
        self.task.abort();
    }
}

#[derive(Debug)]
struct MiningControl {
    wishes: watch::Sender<Wishes>,
    /// Closed when the task has ended.
    ended: watch::Receiver<()>,
}

#[async_trait]
impl Control for MiningControl {
    /// The server keeps nothing for us, and is told nothing.
    fn acknowledge(&self, _: Position) {}

    fn pause(&self) {
        self.wishes.send_modify(|wishes| wishes.paused = true);
    }

    fn resume(&self) {
        self.wishes.send_modify(|wishes| wishes.paused = false);
    }

    async fn add_tables(&self, _: Vec<TableName>) -> Result<(), SourceError> {
        Err(Error::new(ErrorKind::Unsupported, "tables can't be added to a stream that runs").into())
    }

    async fn shutdown(&self) -> Result<(), SourceError> {
        self.wishes.send_modify(|wishes| wishes.stop = true);
        let mut ended = self.ended.clone();
        while ended.changed().await.is_ok() {}
        Ok(())
    }
}
