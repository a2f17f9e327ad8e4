//! The loop of a pipeline: sink, state, server, in this order, always.

use std::future::Future;
use std::pin::Pin;
use std::time::Duration;

use futures_util::StreamExt;
use pg_cdc_core::batch::{ChangeBatch, Event, Op};
use pg_cdc_core::{Error, ErrorKind, Sink, Source};
use tokio::time::{Instant, sleep_until, timeout};

use super::keeper::Keeper;
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

/// Delivers `source` into `sink` until it is over or a stop is requested. On every way out that is not an error, what
/// was handed out is durable, saved and acknowledged.
pub(super) async fn deliver(
    source: &mut (impl Source + Unpin),
    sink: &mut dyn Sink,
    keeper: &mut Keeper<'_>,
    pace: Pace,
    shutdown: &mut Shutdown,
    progress: &mut Progress,
    report: &mut Report,
) -> Result<Ended, Error> {
    let control = source.control();
    let mut flushed = Instant::now().checked_sub(pace.delay).unwrap_or_else(Instant::now);
    let mut dirty = false;
    let ended = loop {
        if dirty && flushed + pace.delay <= Instant::now() {
            let position = bounded(shutdown, pace, flush(sink, keeper)).await??;
            if let Some(position) = position {
                control.acknowledge(position);
            }
            flushed = Instant::now();
            dirty = false;
        }
        tokio::select! {
            biased;
            () = shutdown.requested() => break Ended::Stopped,
            () = sleep_until(flushed + pace.delay), if dirty => {}
            batch = source.next() => match batch {
                Some(Ok(batch)) => {
                    count(&batch, report);
                    progress.saw(&batch, report);
                    keeper.note(&batch);
                    bounded(shutdown, pace, write(sink, batch)).await??;
                    dirty = true;
                }
                Some(Err(error)) => {
                    // What came before it is as good as ever.
                    if dirty && let Some(position) = flush(sink, keeper).await? {
                        control.acknowledge(position);
                    }
                    let _ = control.shutdown().await;
                    return Err(error.into());
                }
                None => break Ended::Over,
            },
        }
    };
    let finish = async {
        if dirty && let Some(position) = flush(sink, keeper).await? {
            control.acknowledge(position);
        }
        if let Err(error) = control.shutdown().await {
            // All is durable and saved: it only comes again.
            tracing::warn!(%error, "the last acknowledgement could not be sent; nothing is lost");
        }
        Ok(())
    };
    match ended {
        Ended::Over => finish.await,
        Ended::Stopped => timeout(pace.stop_timeout, finish).await.unwrap_or_else(|_| Err(too_slow(pace))),
    }?;
    Ok(ended)
}

async fn write(sink: &mut dyn Sink, batch: ChangeBatch) -> Result<(), Error> {
    Ok(sink.write(batch).await?)
}

/// Makes durable what was written, and saves where that is; gives what may be acknowledged.
async fn flush(
    sink: &mut dyn Sink,
    keeper: &mut Keeper<'_>,
) -> Result<Option<pg_cdc_core::Position>, Error> {
    let durable = sink.flush().await?;
    keeper.durable(durable).await
}

/// What the sink does, for as long as it takes, but not for longer than `stop_timeout` once a stop is requested.
async fn bounded<T>(shutdown: &mut Shutdown, pace: Pace, work: impl Future<Output = T>) -> Result<T, Error> {
    let mut work = std::pin::pin!(work);
    tokio::select! {
        biased;
        done = &mut work => return Ok(done),
        () = shutdown.requested() => {}
    }
    timeout(pace.stop_timeout, work).await.map_err(|_| too_slow(pace))
}

fn too_slow(pace: Pace) -> Error {
    Error::new(
        ErrorKind::Timeout,
        format!("the sink did not finish within {} s of the stop", pace.stop_timeout.as_secs()),
    )
    .with_hint("raise stop_timeout; what was not durable comes again at the next start")
}

fn count(batch: &ChangeBatch, report: &mut Report) {
    let (mut reads, mut changes, mut commits) = (0, 0, 0);
    for event in batch.events() {
        match event {
            Event::Change(change) if change.op() == Op::Read => reads += 1,
            Event::Change(_) | Event::Message(_) => changes += 1,
            Event::Commit { .. } => commits += 1,
            _ => {}
        }
    }
    report.rows += reads;
    report.changes += changes;
    report.transactions += commits;
    report.bytes += batch.payload() as u64;
    metrics::counter!("pg_cdc_snapshot_rows_total").increment(reads);
    metrics::counter!("pg_cdc_changes_total").increment(changes);
    metrics::counter!("pg_cdc_transactions_total").increment(commits);
}

/// A source of either kind behind a pointer.
pub(super) type AnySource = Pin<Box<dyn Source>>;
