//! Plays the history as a pipeline would, and crashes.

use pg_cdc_core::{Position, Sink, SinkState};

use super::BoxError;
use super::history::{Feed, History};
use super::random::Random;
use super::report::Report;

/// Crashes after which the run is left to reach its end.
const MOST_CRASHES: usize = 60;

/// What a pipeline's state store holds.
#[derive(Clone, Default)]
struct Saved {
    /// Steps of the history that the saved position leads to.
    index: usize,
    state: Option<SinkState>,
    /// Whether anything was saved yet.
    any: bool,
}

pub(super) struct Run<'a> {
    history: &'a History,
    random: Random,
    report: &'a mut Report,
    saved: Saved,
    /// As far as any flush said, saved or not.
    durable: usize,
    /// As far as anything was written, by any sink.
    written: usize,
    /// Where the last sink was opened.
    opened_at: usize,
}

/// The run can't go on: why is in the report.
pub(super) struct Stopped;

/// How a sink's life ended.
enum End {
    Crash,
    Over,
}

impl<'a> Run<'a> {
    pub(super) fn new(history: &'a History, seed: u64, report: &'a mut Report) -> Self {
        let random = Random::new(seed ^ 0x5eed);
        Self { history, random, report, saved: Saved::default(), durable: 0, written: 0, opened_at: 0 }
    }

    /// Plays the history to its end, with crashes, and closes the last sink; opens one more, as a start without
    /// anything new would.
    pub(super) async fn play<O>(&mut self, open: &mut O) -> Result<(), Stopped>
    where
        O: AsyncFnMut() -> Result<Box<dyn Sink>, BoxError>,
    {
        loop {
            let (mut sink, feed) = self.open(open).await?;
            if let End::Over = self.live(&mut *sink, feed).await? {
                let closed = sink.close().await;
                self.stop_at("close", closed)?;
                break;
            }
        }
        let (mut sink, _) = self.open(open).await?;
        let end = self.history.end();
        if self.opened_at < end {
            let at = self.opened_at;
            self.report
                .broke(format!("after the last flush and a clean end, {at} of {end} steps are durable"));
        }
        let closed = sink.close().await;
        self.stop_at("close", closed)
    }

    async fn open<O>(&mut self, open: &mut O) -> Result<(Box<dyn Sink>, Feed), Stopped>
    where
        O: AsyncFnMut() -> Result<Box<dyn Sink>, BoxError>,
    {
        self.report.opened += 1;
        let made = open().await;
        let mut sink = self.stop_at("making a sink", made)?;
        let held = sink.open(self.saved.state.as_ref()).await;
        let held = self.stop_at("open", held)?;
        let index = match held {
            Some(position) => self.held(&position)?,
            None => self.saved.index,
        };
        self.opened_at = index;
        let feed = self.history.resume(index, !self.saved.any && index == 0);
        let feed = self.stop_at("making a batch", feed)?;
        Ok((sink, feed))
    }

    /// Checks the position that a sink holds itself, and gives how many steps it stands for.
    fn held(&mut self, position: &Position) -> Result<usize, Stopped> {
        let Some(index) = self.history.index_of(position) else {
            self.report.broke(format!("open gave the position {position:?}, which no batch had"));
            return Err(Stopped);
        };
        if index < self.durable {
            let durable = self.durable;
            self.report
                .broke(format!("open gave a position ({index} steps) behind a durable one ({durable})"));
        }
        if index > self.written {
            let written = self.written;
            self.report
                .broke(format!("open gave a position ({index} steps) beyond what was written ({written})"));
        }
        Ok(index)
    }

    async fn live(&mut self, sink: &mut dyn Sink, mut feed: Feed) -> Result<End, Stopped> {
        let mut last = self.saved.index;
        if !self.saved.any {
            // A pipeline saves the sink's state before it reads the first row.
            if let Some(saved) = self.flush(sink, None).await? {
                self.saved = saved;
            }
            self.saved.any = true;
        }
        while !feed.is_over() {
            // Now and then a batch with nothing in it, and now and then a long one.
            let steps = if self.random.chance(5) { 40 } else { self.random.below(7) };
            let batch = feed.batch(steps);
            let batch = self.stop_at("making a batch", batch)?;
            let position = batch.position().cloned();
            let index = position.as_ref().and_then(|position| self.history.index_of(position));
            self.report.batches += 1;
            let result = sink.write(batch).await;
            self.stop_at("write", result)?;
            last = index.unwrap_or(last);
            self.written = self.written.max(last);
            if self.crash(4) {
                self.report.crashes_after_write += 1;
                return Ok(End::Crash);
            }
            if self.random.chance(40) || feed.is_over() {
                let saved = self.flush(sink, Some(last)).await?;
                if self.crash(12) {
                    self.report.crashes_after_flush += 1;
                    return Ok(End::Crash);
                }
                if let Some(saved) = saved {
                    self.saved = saved;
                }
                if self.crash(12) {
                    self.report.crashes_after_save += 1;
                    return Ok(End::Crash);
                }
            }
        }
        Ok(End::Over)
    }

    fn crash(&mut self, percent: usize) -> bool {
        let report = &self.report;
        let crashes = report.crashes_after_write + report.crashes_after_flush + report.crashes_after_save;
        crashes < MOST_CRASHES && self.random.chance(percent)
    }

    /// Flushes, and gives what a pipeline would save; `last` is what the last batch leads to.
    async fn flush(&mut self, sink: &mut dyn Sink, last: Option<usize>) -> Result<Option<Saved>, Stopped> {
        let durable = sink.flush().await;
        let durable = self.stop_at("flush", durable)?;
        let index = match (&durable.position, last) {
            (None, last) => last.unwrap_or(self.saved.index),
            (Some(position), None) => {
                if Some(position) != self.history.start() {
                    self.report.broke(format!("flush gave {position:?} before anything was written"));
                }
                self.saved.index
            }
            (Some(position), Some(last)) => match self.history.index_of(position) {
                Some(index) if index > last => {
                    self.report.broke(format!(
                        "flush gave a position ({index} steps) beyond the last batch's ({last})"
                    ));
                    last
                }
                Some(index) => index,
                None => {
                    self.report.broke(format!("flush gave the position {position:?}, which no batch had"));
                    return Ok(None);
                }
            },
        };
        if index < self.saved.index {
            let saved = self.saved.index;
            self.report
                .broke(format!("flush gave a position ({index} steps) behind an earlier one ({saved})"));
        }
        self.durable = self.durable.max(index);
        Ok(Some(Saved { index, state: durable.state, any: true }))
    }

    fn stop_at<T, E: Into<BoxError>>(&mut self, call: &str, result: Result<T, E>) -> Result<T, Stopped> {
        result.map_err(|error| {
            let error = error.into();
            let mut text = format!("{call} failed: {error}");
            let mut cause = error.source();
            while let Some(next) = cause {
                text += &format!("; caused by {next}");
                cause = next.source();
            }
            self.report.broke(text);
            Stopped
        })
    }
}
