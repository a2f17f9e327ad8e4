//! A run: attempt after attempt, until its end or an error that trying again does not help.

use pg_cdc_core::batch::BufferPool;
use pg_cdc_core::{Error, ErrorKind, Sink, State, StateStore};
use tokio::time::sleep;

use super::attempt::Attempt;
use super::deliver::{Delivery, Pace};
use super::keeper::Keeper;
use super::mended::Mended;
use super::progress::Progress;
use super::{Report, RunOptions, Shutdown};
use crate::config::PipelineFile;
use crate::source::{self, Server};

/// A pipeline that runs.
pub(super) struct Run<'a> {
    pub(super) file: &'a PipelineFile,
    pub(super) options: RunOptions,
    pub(super) sink: &'a mut dyn Sink,
    pub(super) store: &'a mut dyn StateStore,
    pub(super) shutdown: Shutdown,
}

impl Run<'_> {
    /// Runs to the end; transient errors are tried again from what is durable.
    pub(super) async fn until_done(mut self) -> Result<Report, Error> {
        let retry = source::retry(self.file);
        let mut progress = Progress::new(self.options.progress);
        let (mut report, mut mended) = (Report::default(), Mended::default());
        let (mut attempt, mut begun) = (0, false);
        let ended = loop {
            let before = progress.last();
            let Err(error) = self.attempt(&mut progress, &mut report, &mut mended, &mut begun).await else {
                break Ok(());
            };
            if progress.last() != before {
                attempt = 0;
            }
            // A server that can't be reached from the very start is more likely a wrong address than a passing fault.
            let worth_it = begun || error.kind() == ErrorKind::Server;
            // After a stop was asked for, an error says that something handed out may not be durable.
            let goes_on = !self.shutdown.is_requested() && progress.last().elapsed() < retry.max_elapsed;
            if !(worth_it && error.is_transient() && goes_on) {
                break Err(error);
            }
            let pause = retry.pause(attempt);
            attempt += 1;
            tracing::warn!(error = %error.with_causes(), ?pause, "tried again from what is durable");
            if self.shutdown.unless_requested(sleep(pause)).await.is_none() {
                break Ok(());
            }
        };
        progress.finish();
        ended?;
        self.sink.close().await?;
        let Report { rows, changes, transactions, .. } = report;
        tracing::info!(rows, changes, transactions, "done: everything handed out is durable");
        Ok(report)
    }

    async fn attempt(
        &mut self,
        progress: &mut Progress,
        report: &mut Report,
        mended: &mut Mended,
        begun: &mut bool,
    ) -> Result<(), Error> {
        let connecting = Server::connect(&self.file.source);
        let Some(server) = self.shutdown.unless_requested(connecting).await else { return Ok(()) };
        let server = server?;
        *begun = true;
        let mut saved = self.store.load().await?;
        let held = self.sink.open(saved.as_ref().and_then(|state| state.sink.as_ref())).await?;
        if let (Some(held), Some(state)) = (held, &mut saved) {
            state.position = Some(held);
        }
        let state = saved.clone().unwrap_or_else(|| State::new(&*self.file.name, server.id));
        let stop_timeout = self.file.stop_timeout;
        let delivery = Delivery {
            sink: &mut *self.sink,
            keeper: Keeper::new(&mut *self.store, state),
            shutdown: &mut self.shutdown.clone(),
            progress,
            report,
            mended,
            pace: Pace { delay: self.file.batch.delay, stop_timeout },
        };
        let memory = BufferPool::new(usize::try_from(self.file.source.memory_limit).unwrap_or(usize::MAX));
        let RunOptions { until, skip, .. } = self.options;
        let stop = self.shutdown.clone();
        let attempt = Attempt { server, file: self.file, until, skip, memory, delivery, stop };
        attempt.run(saved).await
    }
}
