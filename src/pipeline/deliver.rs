//! The loop of a pipeline: sink, state, server, in this order, always.

use std::future::Future;
use std::time::Duration;

use futures_util::StreamExt;
use pg_cdc_core::batch::{ChangeBatch, Event, Op};
use pg_cdc_core::{Error, ErrorKind, Position, Sink, Source, SourceControl};
use tokio::time::{Instant, sleep_until, timeout};

use super::keeper::Keeper;
use super::mended::Mended;
use super::progress::Progress;
use super::{Report, Shutdown};

/// Why a delivery came to an end without an error.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Ended {
    /// The source is over.
    Over,
    /// Somebody asked.
    Stopped,
}

/// How batches are delivered.
#[derive(Debug, Clone, Copy)]
pub(super) struct Pace {
    /// The longest that what is written waits to be made durable.
    pub(super) delay: Duration,
    /// How long a stop may take.
    pub(super) stop_timeout: Duration,
}

/// Where batches are delivered to.
pub(super) struct Delivery<'a> {
    pub(super) sink: &'a mut dyn Sink,
    pub(super) keeper: Keeper<'a>,
    pub(super) shutdown: &'a mut Shutdown,
    pub(super) progress: &'a mut Progress,
    pub(super) report: &'a mut Report,
    pub(super) mended: &'a mut Mended,
    pub(super) pace: Pace,
}

impl Delivery<'_> {
    /// Delivers `source` until it is over or a stop is requested. On every way out that is not an error, what was
    /// handed out is durable, saved and acknowledged.
    pub(super) async fn deliver(&mut self, mut source: impl Source + Unpin) -> Result<Ended, Error> {
        let control = source.control();
        let now = Instant::now();
        let mut flushed = now.checked_sub(self.pace.delay).unwrap_or(now);
        let mut dirty = false;
        let ended = loop {
            if dirty && flushed + self.pace.delay <= Instant::now() {
                let flushing = flush(self.sink, &mut self.keeper, &control);
                bounded(self.shutdown, self.pace, flushing).await??;
                (flushed, dirty) = (Instant::now(), false);
            }
            tokio::select! {
                biased;
                () = self.shutdown.requested() => break Ended::Stopped,
                () = sleep_until(flushed + self.pace.delay), if dirty => {}
                batch = source.next() => match batch {
                    Some(Ok(batch)) => {
                        self.write(batch).await?;
                        dirty = true;
                    }
                    Some(Err(error)) => {
                        // What came before it is as good as ever.
                        if dirty {
                            flush(self.sink, &mut self.keeper, &control).await?;
                        }
                        let _ = control.shutdown().await;
                        return Err(error.into());
                    }
                    None => break Ended::Over,
                },
            }
        };
        let (sink, keeper) = (&mut *self.sink, &mut self.keeper);
        let finish = async {
            if dirty {
                flush(sink, keeper, &control).await?;
            }
            if let Err(error) = control.shutdown().await {
                // All is durable and saved: it only comes again.
                tracing::warn!(%error, "the last acknowledgement could not be sent; nothing is lost");
            }
            Ok::<(), Error>(())
        };
        bounded(self.shutdown, self.pace, finish).await??;
        Ok(ended)
    }

    async fn write(&mut self, batch: ChangeBatch) -> Result<(), Error> {
        count(&batch, self.report);
        self.mended.saw(&batch);
        self.progress.saw(&batch, self.report);
        self.keeper.note(&batch);
        Ok(bounded(self.shutdown, self.pace, self.sink.write(batch)).await??)
    }
}

/// Makes durable what was written, saves where that is, and acknowledges it.
async fn flush(sink: &mut dyn Sink, keeper: &mut Keeper<'_>, control: &SourceControl) -> Result<(), Error> {
    let durable = sink.flush().await?;
    let saved: Option<Position> = keeper.durable(durable).await?;
    if let Some(position) = saved {
        control.acknowledge(position);
    }
    Ok(())
}

/// What `work` gives, for as long as it takes, but not for longer than `stop_timeout` once a stop is requested.
async fn bounded<T>(shutdown: &mut Shutdown, pace: Pace, work: impl Future<Output = T>) -> Result<T, Error> {
    let mut work = std::pin::pin!(work);
    tokio::select! {
        biased;
        done = &mut work => return Ok(done),
        () = shutdown.requested() => {}
    }
    timeout(pace.stop_timeout, work).await.map_err(|_| {
        let seconds = pace.stop_timeout.as_secs();
        Error::new(ErrorKind::GaveUp, format!("the sink did not finish within {seconds} s of the stop"))
            .with_hint("raise stop_timeout; what was not durable comes again at the next start")
    })
}

fn count(batch: &ChangeBatch, report: &mut Report) {
    let (mut rows, mut changes, mut transactions) = (0, 0, 0);
    for event in batch.events() {
        match event {
            Event::Change(change) if change.op() == Op::Read => rows += 1,
            Event::Change(_) | Event::Message(_) => changes += 1,
            Event::Commit { .. } => transactions += 1,
            _ => {}
        }
    }
    let bytes = batch.payload() as u64;
    report.rows += rows;
    report.changes += changes;
    report.transactions += transactions;
    report.bytes += bytes;
    metrics::counter!("pg_cdc_snapshot_rows_total").increment(rows);
    metrics::counter!("pg_cdc_changes_total").increment(changes);
    metrics::counter!("pg_cdc_transactions_total").increment(transactions);
    metrics::counter!("pg_cdc_bytes_total").increment(bytes);
}
