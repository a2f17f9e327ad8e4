//! The snapshot as a [`Source`].

use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll, ready};

use async_trait::async_trait;
use futures_core::Stream;
use futures_util::task::AtomicWaker;
use pg_cdc_core::batch::{ChangeBatch, Event};
use pg_cdc_core::{
    Control, Error, ErrorKind, Lsn, Position, ServerId, SnapshotProgress, Source, SourceControl, SourceError,
    TableName,
};
use tokio::sync::{mpsc, watch};
use tokio::task::{JoinHandle, JoinSet};

use crate::chunk::{Chunk, Item};
use crate::consistent;
use crate::export::{Exported, Exporter};
use crate::options::SnapshotOptions;
use crate::table::Trouble;

/// Reads tables under one exported snapshot, several at once: a [`Source`] that ends.
///
/// Batches have a position whose `confirmed` is the first snapshot's start, with the tables done so far; that of the
/// last batch, which holds `SnapshotEnded`, is where the stream goes on. A row's transaction has no id, and the
/// snapshot's point as its `commit_lsn`.
///
/// Acknowledgements mean nothing to it: the server is told nothing during a snapshot. Its connections are closed when
/// it has ended, was [shut down](SourceControl::shutdown), or is dropped.
#[derive(Debug)]
pub struct SnapshotSource {
    items: mpsc::Receiver<Item>,
    shared: Arc<Shared>,
    source: Arc<str>,
    server: ServerId,
    start: Lsn,
    progress: Arc<SnapshotProgress>,
    over: bool,
    task: JoinHandle<()>,
}

#[derive(Debug)]
struct Shared {
    paused: AtomicBool,
    reader: AtomicWaker,
    stop: watch::Sender<bool>,
    /// Closed when the workers have ended.
    ended: watch::Receiver<()>,
}

impl SnapshotSource {
    /// Starts to read the tables of `options` under `exported`; `exporter` gives later snapshots for those that must be
    /// read again. What goes wrong comes out of the stream.
    ///
    /// # Panics
    ///
    /// Outside a tokio runtime with its I/O and time drivers on.
    #[must_use]
    pub fn start(options: SnapshotOptions, exported: Exported, exporter: Arc<dyn Exporter>) -> Self {
        let (out, items) = mpsc::channel(options.parallelism.max(1));
        let (stop, mut stopped) = watch::channel(false);
        let (alive, ended) = watch::channel(());
        let (source, server, start) = (Arc::clone(&options.source), options.server, exported.start);
        let task = tokio::spawn(async move {
            let mut workers = JoinSet::new();
            let work = async {
                let outcome = consistent::run(options, exported, exporter, out.clone(), &mut workers).await;
                workers.shutdown().await;
                if let Err(Trouble::Failed(error) | Trouble::SnapshotGone(error)) = outcome {
                    // Nobody may be there to hear it.
                    let _ = out.send(Err(error.into())).await;
                }
            };
            tokio::select! {
                () = work => {}
                _ = stopped.wait_for(|stop| *stop) => {}
            }
            workers.shutdown().await;
            drop(alive);
        });
        let shared = Shared { paused: AtomicBool::new(false), reader: AtomicWaker::new(), stop, ended };
        Self {
            items,
            shared: Arc::new(shared),
            source,
            server,
            start,
            progress: Arc::default(),
            over: false,
            task,
        }
    }

    /// Gives the batch its position.
    fn place(&mut self, Chunk { mut batch, done }: Chunk) -> ChangeBatch {
        if let Some(done) = done {
            Arc::make_mut(&mut self.progress).tables_done.push(done);
        }
        let mut position = Position::at(Arc::clone(&self.source), self.server, self.start);
        self.over = batch.events().any(|event| matches!(event, Event::SnapshotEnded { .. }));
        if !self.over {
            position.snapshot = Some(Arc::clone(&self.progress));
        }
        batch.set_position(position);
        batch
    }
}

impl Stream for SnapshotSource {
    type Item = Result<ChangeBatch, SourceError>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.shared.reader.register(cx.waker());
        if self.over || *self.shared.stop.borrow() {
            return Poll::Ready(None);
        }
        if self.shared.paused.load(Ordering::Acquire) {
            return Poll::Pending;
        }
        let item = match ready!(self.items.poll_recv(cx)) {
            Some(Ok(chunk)) => return Poll::Ready(Some(Ok(self.place(chunk)))),
            Some(Err(error)) => error,
            // Shut down between the look at the flag and here.
            None if *self.shared.stop.borrow() => return Poll::Ready(None),
            None => Error::new(ErrorKind::Closed, "the snapshot's task ended before the snapshot").into(),
        };
        self.over = true;
        Poll::Ready(Some(Err(item)))
    }
}

impl Source for SnapshotSource {
    fn control(&self) -> SourceControl {
        SourceControl::new(Arc::new(SnapshotControl { shared: Arc::clone(&self.shared) }))
    }
}

impl Drop for SnapshotSource {
    fn drop(&mut self) {
        self.task.abort();
    }
}

struct SnapshotControl {
    shared: Arc<Shared>,
}

#[async_trait]
impl Control for SnapshotControl {
    fn acknowledge(&self, _: Position) {}

    fn pause(&self) {
        self.shared.paused.store(true, Ordering::Release);
    }

    fn resume(&self) {
        self.shared.paused.store(false, Ordering::Release);
        self.shared.reader.wake();
    }

    async fn add_tables(&self, _: Vec<TableName>) -> Result<(), SourceError> {
        Err(Error::new(ErrorKind::Unsupported, "tables can't be added to a snapshot that runs").into())
    }

    async fn shutdown(&self) -> Result<(), SourceError> {
        self.shared.stop.send_replace(true);
        self.shared.reader.wake();
        let mut ended = self.shared.ended.clone();
        while ended.changed().await.is_ok() {}
        Ok(())
    }
}
