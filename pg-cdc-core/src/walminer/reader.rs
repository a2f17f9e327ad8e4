//! The task behind a walminer source: windows, rows, batches.

use std::collections::HashSet;
use std::future::poll_fn;
use std::pin::pin;
use std::task::Poll;

use futures_core::Stream;
use tokio::sync::{mpsc, watch};
use tokio::time::{Instant, sleep};
use tokio_postgres::RowStream;

use super::calls::{Miner, Release, quiet_start, running};
use super::options::MiningOptions;
use super::rows::Messages;
use super::window::{Segments, Windows};
use crate::batch::{ChangeBatch, Recycler};
use crate::catalog::{self, Client};
use crate::stream::Until;
use crate::stream::lookup::{Lookup, Scope};
use crate::{
    DecodeError, Decoder, Error, ErrorKind, Frame, Lsn, Outcome, Position, SourceError, TableName, Tables,
};

/// How many bytes of messages are decoded at a time.
const BUFFER: usize = 64 << 10;

/// What the task is asked to do.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Wishes {
    pub(super) paused: bool,
    pub(super) stop: bool,
}

/// Why a session ended.
enum Ended {
    /// Its end is reached, or nobody wants more.
    Over,
    /// Something went wrong.
    Failed(SourceError),
}

impl From<Error> for Ended {
    fn from(error: Error) -> Self {
        Self::Failed(error.into())
    }
}

impl From<tokio_postgres::Error> for Ended {
    fn from(error: tokio_postgres::Error) -> Self {
        Self::Failed(Error::from(error).into())
    }
}

impl From<DecodeError> for Ended {
    fn from(error: DecodeError) -> Self {
        Self::Failed(error.into())
    }
}

/// What outlives a session.
pub(super) struct Reader<D> {
    options: MiningOptions,
    decoder: D,
    tables: Tables,
    recycler: Recycler,
    batch: ChangeBatch,
    batches: mpsc::Sender<Result<ChangeBatch, SourceError>>,
    wishes: watch::Receiver<Wishes>,
    /// Where the last whole transaction leads.
    reached: Position,
    handed_out: Position,
    /// The transaction that is being decoded.
    open: Option<Lsn>,
    /// A session for what must be known of tables.
    catalog: Option<Client>,
    version: u32,
    /// Tables that were named in the log already.
    unknown: HashSet<u32>,
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
        let recycler = Recycler::new();
        Self {
            decoder,
            tables: Tables::from_catalog(),
            batch: recycler.batch(),
            recycler,
            batches,
            wishes,
            reached: options.start.clone(),
            handed_out: options.start.clone(),
            open: None,
            catalog: None,
            version: 0,
            unknown: HashSet::new(),
            worked: false,
            options,
        }
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
                    () = self.fail(error) => {}
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

    /// Tells the reader what went wrong. What is decoded comes first: it is as good as ever.
    async fn fail(&mut self, error: SourceError) {
        if self.batch.is_blank() || self.hand_out().await.is_ok() {
            let _ = self.batches.send(Err(error)).await;
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
        self.version = miner.version;
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
        let (found, saved) = (miner.server, self.reached.server);
        if found != saved {
            let what = format!(
                "the server is another, or was promoted or restored since: system identifier {} and timeline {}, saved \
                 {} and {}",
                found.system_id, found.timeline, saved.system_id, saved.timeline
            );
            return Err(Error::new(ErrorKind::Mismatch, what)
                .with_hint("point the pipeline at the server it began on, or begin anew with a snapshot")
                .into());
        }
        let until = match self.options.until {
            None => None,
            Some(Until::Lsn(until)) => Some(until),
            Some(Until::Current) => {
                // Taken once: a reconnect does not move the end.
                let now = miner.inserted().await?;
                self.options.until = Some(Until::Lsn(now));
                Some(now)
            }
        };
        if let Some(until) = until {
            catalog::flush_soon(&miner.client, until).await?;
        }
        tracing::info!(release = ?miner.release, from = %self.reached.confirmed, "mining");
        match miner.release {
            Release::First => self.first(miner, until).await,
            Release::Third => self.third(miner, until).await,
        }
    }

    /// Version 3: ranges of the log.
    async fn third(&mut self, miner: &Miner, until: Option<Lsn>) -> Result<(), Ended> {
        let mut windows = Windows::new(self.position().confirmed);
        loop {
            let now = miner.moment().await?;
            let (mut behind, flushed) = (false, now.flushed);
            if let Some((start, end)) = windows.next(now, self.options.window, until) {
                if let Some(directory) = &self.options.wal_directory {
                    miner.add(directory).await?;
                }
                let own = miner.mine_range(start, end).await?;
                let after = self.restart();
                miner.check_restored(after).await?;
                let rows = miner.third_rows(after).await?;
                self.read(rows, |messages, row, out, ends| messages.third(row, out, ends), start).await?;
                miner.stop().await?;
                tracing::debug!(%start, %end, "a window is mined");
                if let Some(start) = windows.done(end, own) {
                    self.reached.confirmed = self.reached.confirmed.max(start);
                }
                self.worked = true;
                behind = end < flushed;
            }
            let ended = until.is_some_and(|until| windows.mined() >= until);
            self.window_over(ended).await?;
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
        let mut base = self.position().confirmed;
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
        loop {
            let before = running(&miner.client).await?;
            let inserted = miner.inserted().await?;
            let current = segments.start_of(inserted);
            let mut quiet = None;
            let is_idle = before.ids.is_empty() && idle == Some(before.ended_below);
            let wanted = until.map_or(!is_idle, |until| until > current);
            if inserted > current && wanted {
                quiet = quiet_start(&miner.client).await?;
                if quiet.is_none() && until.is_some() {
                    miner.switch().await?;
                }
            }
            let end = match quiet {
                Some(quiet) => quiet,
                None => segments.start_of(miner.inserted().await?),
            };
            if end > mined {
                for name in segments.names(base, end) {
                    miner.add(&format!("{directory}/{name}")).await?;
                }
                let own = miner.mine_files().await?;
                self.restart();
                let odd = miner.odd_names().await?;
                let rows = miner.first_rows().await?;
                self.read(rows, |messages, row, out, ends| messages.first(row, &odd, out, ends), base)
                    .await?;
                miner.stop().await?;
                tracing::debug!(start = %base, %end, "a window is mined");
                mined = end;
                self.worked = true;
                idle = quiet.map(|_| before.ended_below + own);
                if quiet.is_some() {
                    base = end;
                    self.reached.confirmed = end;
                }
            }
            let ended = until.is_some_and(|until| mined >= until);
            self.window_over(ended).await?;
            if ended {
                return Ok(());
            }
            self.sleep(self.options.every).await?;
        }
    }

    /// What comes may be what was delivered: it is passed over. Gives the first LSN of a commit that is not.
    fn restart(&mut self) -> Lsn {
        let position = self.position();
        self.decoder.restart(Some(&position));
        self.open = None;
        let whole = position.seq.is_none();
        let after = Lsn::new(position.commit_lsn.as_u64().saturating_add(whole.into()));
        self.reached = position;
        after
    }

    /// The rows of one window, to the last.
    async fn read<F>(&mut self, rows: RowStream, mut write: F, base: Lsn) -> Result<(), Ended>
    where
        F: FnMut(&mut Messages, &tokio_postgres::Row, &mut Vec<u8>, &mut Vec<usize>) -> Result<(), Error>,
    {
        let mut rows = pin!(rows);
        let (mut messages, mut ends) = (Messages::new(base), Vec::new());
        let mut more = true;
        while more {
            self.wait_for_memory().await?;
            let mut buffer = self.options.memory.take(BUFFER);
            ends.clear();
            while buffer.bytes_mut().len() < BUFFER {
                match poll_fn(|cx| rows.as_mut().poll_next(cx)).await {
                    Some(row) => write(&mut messages, &row?, buffer.bytes_mut(), &mut ends)?,
                    None => {
                        messages.end(buffer.bytes_mut(), &mut ends)?;
                        more = false;
                        break;
                    }
                }
            }
            let bytes = buffer.freeze();
            let mut start = 0;
            for &end in &ends {
                self.decode(&bytes, start..end).await?;
                start = end;
            }
        }
        Ok(())
    }

    async fn decode(&mut self, bytes: &bytes::Bytes, range: std::ops::Range<usize>) -> Result<(), Ended> {
        loop {
            let lsn = self.open.unwrap_or(self.reached.commit_lsn);
            let frame = Frame::new(lsn, bytes, range.clone());
            match self.decoder.decode(frame, &self.tables, &mut self.batch)? {
                Outcome::Taken => break,
                Outcome::Begin { commit_lsn } => {
                    self.open = Some(commit_lsn);
                    break;
                }
                Outcome::Commit { commit_lsn, .. } => {
                    self.open = None;
                    if commit_lsn >= self.reached.commit_lsn {
                        self.reached.commit_lsn = commit_lsn;
                        self.reached.seq = None;
                    }
                    break;
                }
                Outcome::NeedTable { name, types, .. } => self.look_up(name, &types).await?,
            }
        }
        if self.batch.len() >= self.options.batch.rows || self.batch.size() >= self.options.batch.bytes {
            self.hand_out().await?;
        }
        Ok(())
    }

    async fn look_up(&mut self, name: TableName, types: &[u32]) -> Result<(), Ended> {
        let options = &self.options;
        let scope = Scope {
            connect: &options.connect,
            tables: &options.tables,
            shapes: &options.shapes,
            selection: &options.selection,
            unknown_tables: options.unknown_tables,
            starts: &options.starts,
        };
        let (client, unknown) = (&mut self.catalog, &mut self.unknown);
        let mut lookup = Lookup { scope, version: self.version, client, unknown };
        let found = lookup.named_table(&name, types).await?;
        self.tables.insert_named(name, found.table);
        found.types.into_iter().for_each(|type_| self.tables.insert_type(type_));
        Ok(())
    }

    /// Waits until there is room for another buffer. What we hold ourselves is handed out first.
    async fn wait_for_memory(&mut self) -> Result<(), Ended> {
        let memory = self.options.memory.clone();
        let ready = poll_fn(|cx| Poll::Ready(memory.poll_ready(cx).is_ready())).await;
        if !ready {
            if !self.batch.is_blank() {
                self.hand_out().await?;
            }
            poll_fn(|cx| memory.poll_ready(cx)).await;
        }
        Ok(())
    }

    /// After a window, what there is goes out, and be it only how far we are.
    async fn window_over(&mut self, ended: bool) -> Result<(), Ended> {
        if self.batch.is_blank() && (ended || self.reached > self.handed_out) {
            self.batch.idle(self.reached.confirmed);
        }
        if self.batch.is_blank() { Ok(()) } else { self.hand_out().await }
    }

    /// Where the batch leads as it is.
    fn position(&self) -> Position {
        let mut position = self.reached.clone();
        let Some(open) = self.open else { return position };
        let filled = self.batch.last().filter(|(commit_lsn, _)| *commit_lsn == open).map(|(_, seq)| seq);
        // What was handed out of the transaction counts also when nothing of it has followed.
        let before = self.handed_out.seq.filter(|_| self.handed_out.commit_lsn == open);
        if let Some(seq) = filled.or(before) {
            position.commit_lsn = open;
            position.seq = Some(seq);
        }
        position
    }

    /// Closes the batch and hands it to the reader, once it has room for it.
    async fn hand_out(&mut self) -> Result<(), Ended> {
        self.wishes.wait_for(|wishes| !wishes.paused || wishes.stop).await.map_err(|_| Ended::Over)?;
        let position = self.position();
        let permit = self.batches.reserve().await.map_err(|_| Ended::Over)?;
        let mut batch = std::mem::replace(&mut self.batch, self.recycler.batch());
        batch.compact();
        batch.set_position(position.clone());
        permit.send(Ok(batch));
        self.handed_out = position;
        Ok(())
    }

    /// Waits, unless it is over.
    async fn sleep(&mut self, duration: std::time::Duration) -> Result<(), Ended> {
        let batches = self.batches.clone();
        tokio::select! {
            () = sleep(duration) => Ok(()),
            () = batches.closed() => Err(Ended::Over),
            _ = self.wishes.wait_for(|wishes| wishes.stop) => Err(Ended::Over),
        }
    }
}
