//! The task behind a walminer source: one session after another, window after window.

use std::sync::Arc;

use tokio::sync::{mpsc, watch};
use tokio::time::{Instant, sleep};

use super::Release;
use super::calls::{Miner, Try, running, try_to_start};
use super::delivery::{Delivery, Ended, Wishes};
use super::options::MiningOptions;
use super::window::{Segments, Windows};
use crate::batch::ChangeBatch;
use crate::catalog;
use crate::stream::Until;
use crate::{Decoder, Error, ErrorKind, Lsn, ServerId, SourceError};

/// What outlives a session.
pub(super) struct Reader<D> {
    options: Arc<MiningOptions>,
    until: Option<Until>,
    delivery: Delivery<D>,
    wishes: watch::Receiver<Wishes>,
    /// A window was mined since the session began.
    worked: bool,
}

impl<D: Decoder> Reader<D> {
    pub(super) fn new(
        options: MiningOptions,
        decoder: D,
        batches: mpsc::Sender<Result<ChangeBatch, SourceError>>,
        wishes: watch::Receiver<Wishes>,
    ) -> Self {
        let (until, options) = (options.until, Arc::new(options));
        let delivery = Delivery::new(Arc::clone(&options), decoder, batches, wishes.clone());
        Self { options, until, delivery, wishes, worked: false }
    }

    pub(super) async fn run(mut self) {
        let (mut attempt, mut since) = (0, Instant::now());
        loop {
            self.worked = false;
            let Ended::Failed(error) = self.session().await else { return };
            if self.worked {
                (attempt, since) = (0, Instant::now());
            }
            if !error.is_transient() || since.elapsed() >= self.options.retry.max_elapsed {
                let mut wishes = self.wishes.clone();
                tokio::select! {
                    () = self.delivery.fail(error) => {}
                    _ = wishes.wait_for(|wishes| wishes.stop) => {}
                }
                return;
            }
            let pause = self.options.retry.pause(attempt);
            attempt += 1;
            let told = Error::from(error).with_causes();
            tracing::warn!(error = %told, ?pause, "mining is tried again");
            metrics::counter!("pg_cdc_reconnects_total").increment(1);
            if self.sleep(pause).await.is_err() {
                return;
            }
        }
    }

    /// One session, to its end.
    async fn session(&mut self) -> Ended {
        let connected = async {
            let client = catalog::connect(&self.options.connect).await?;
            Miner::new(client).await
        };
        let mut wishes = self.wishes.clone();
        let miner = tokio::select! {
            miner = connected => miner,
            // Whoever stops us now need not wait for a server that does not answer.
            _ = wishes.wait_for(|wishes| wishes.stop) => return Ended::Over,
        };
        let miner = match miner {
            Ok(miner) => miner,
            Err(error) => return error.into(),
        };
        self.delivery.version = miner.version;
        let ended = tokio::select! {
            ended = self.windows(&miner) => ended,
            _ = wishes.wait_for(|wishes| wishes.stop) => Ok(()),
        };
        if self.wishes.borrow().stop {
            // It may be in the middle of mining, which nobody waits for any more.
            if let Err(error) = miner.client.cancel(&self.options.connect).await {
                tracing::debug!(%error, "walminer could not be told to stop");
            }
        }
        ended.err().unwrap_or(Ended::Over)
    }

    /// Window after window.
    async fn windows(&mut self, miner: &Miner) -> Result<(), Ended> {
        let found = miner.server;
        let start = self.delivery.position();
        if found != start.server {
            let saved: ServerId = start.server;
            let what = format!(
                "the server is another, or was promoted or restored since: system identifier {} and timeline {}, saved \
                 {} and {}",
                found.system_id, found.timeline, saved.system_id, saved.timeline
            );
            return Err(Error::new(ErrorKind::Mismatch, what)
                .with_hint("point the pipeline at the server it began on, or begin anew with a snapshot")
                .into());
        }
        let until = match self.until {
            None => None,
            Some(Until::Lsn(until)) => Some(until),
            Some(Until::Current) => {
                // Taken once: a reconnect does not move the end.
                let now = miner.inserted().await?;
                self.until = Some(Until::Lsn(now));
                Some(now)
            }
        };
        if let Some(until) = until {
            catalog::flush_soon(&miner.client, until).await?;
        }
        tracing::info!(release = ?miner.release, from = %start.confirmed, "mining");
        match miner.release {
            Release::First => self.first(miner, until).await,
            Release::Third => self.third(miner, until).await,
        }
    }

    /// Version 3: ranges of the log.
    async fn third(&mut self, miner: &Miner, until: Option<Lsn>) -> Result<(), Ended> {
        let mut windows = Windows::new(self.delivery.position().confirmed);
        loop {
            let now = miner.moment().await?;
            let (mut behind, flushed) = (false, now.flushed);
            if let Some((start, end)) = windows.next(now, self.options.window, until) {
                if let Some(directory) = &self.options.wal_directory {
                    miner.add(directory).await?;
                }
                let own = miner.mine_range(start, end).await?;
                let after = self.delivery.restart();
                miner.check_restored(after, self.options.skip).await?;
                let rows = miner.third_rows(after).await?;
                self.delivery
                    .read(rows, |messages, row, out, ends| messages.third(row, out, ends), start)
                    .await?;
                miner.stop().await?;
                tracing::debug!(%start, %end, "a window is mined");
                if let Some(start) = windows.done(end, own) {
                    self.delivery.confirm(start);
                }
                self.worked = true;
                behind = end < flushed;
            }
            let ended = until.is_some_and(|until| windows.mined() >= until);
            self.delivery.window_over(ended).await?;
            if ended {
                return Ok(());
            }
            if !behind {
                self.sleep(self.options.every).await?;
            }
        }
    }

    /// Version 1: whole files.
    async fn first(&mut self, miner: &Miner, until: Option<Lsn>) -> Result<(), Ended> {
        let segments = Segments { size: miner.segment, timeline: miner.server.timeline };
        let mut base = self.delivery.position().confirmed;
        if segments.start_of(base) != base {
            let what = format!("version 1 of walminer mines whole WAL files, and {base} is no file's start");
            return Err(Error::new(ErrorKind::Config, what)
                .with_hint(
                    "begin where the server was switched to a new file while no transaction was running",
                )
                .into());
        }
        let directory = match &self.options.wal_directory {
            Some(directory) => directory.clone(),
            None => miner.wal_directory().await?,
        };
        let mut mined = base;
        // As in `Windows`.
        let mut idle = None;
        let mut checkpoint: Option<Instant> = None;
        loop {
            let before = running(&miner.client).await?;
            let inserted = miner.inserted().await?;
            let current = segments.start_of(inserted);
            let mut quiet = None;
            let is_quiet = before.ids.is_empty();
            let is_idle = is_quiet && idle == Some(before.ended_below);
            let wanted = until.map_or(!is_idle, |until| until > current);
            let is_long_ago = checkpoint.is_none_or(|at| at.elapsed() >= self.options.checkpoint_every);
            if inserted > current && (wanted || (is_long_ago && base < mined)) {
                if is_long_ago {
                    let tried = try_to_start(&miner.client).await?;
                    if matches!(tried, Try::Disturbed | Try::Start(_)) {
                        checkpoint = Some(Instant::now());
                    }
                    quiet = if let Try::Start(start) = tried { Some(start) } else { None };
                }
                // What is asked for must come, whoever is at work.
                if quiet.is_none() && (is_quiet || until.is_some()) {
                    miner.switch().await?;
                }
            }
            let end = match quiet {
                Some(quiet) => quiet,
                // What is not on disk yet is in no file.
                None => segments.start_of(miner.flushed().await?),
            };
            if end > mined {
                for name in segments.names(base, end) {
                    miner.add(&format!("{directory}/{name}")).await?;
                }
                let own = miner.mine_files().await?;
                self.delivery.restart();
                let odd = miner.odd_names().await?;
                let rows = miner.first_rows().await?;
                self.delivery
                    .read(rows, |messages, row, out, ends| messages.first(row, &odd, out, ends), base)
                    .await?;
                miner.stop().await?;
                tracing::debug!(start = %base, %end, "a window is mined");
                mined = end;
                self.worked = true;
                idle = is_quiet.then_some(before.ended_below + own);
                if quiet.is_some() {
                    base = end;
                    self.delivery.confirm(end);
                }
            }
            let ended = until.is_some_and(|until| mined >= until);
            self.delivery.window_over(ended).await?;
            if ended {
                return Ok(());
            }
            self.sleep(self.options.every).await?;
        }
    }

    /// Waits, unless it is over.
    async fn sleep(&mut self, duration: std::time::Duration) -> Result<(), Ended> {
        tokio::select! {
            () = sleep(duration) => Ok(()),
            () = self.delivery.abandoned() => Err(Ended::Over),
            _ = self.wishes.wait_for(|wishes| wishes.stop) => Err(Ended::Over),
        }
    }
}
