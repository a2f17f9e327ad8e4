//! The replication source: one connection after another, one stream of batches.

use std::collections::HashSet;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};

use futures_core::Stream;
use tokio::sync::{mpsc, oneshot, watch};
use tokio::time::{Instant, sleep};

use super::assembly::Assembly;
use super::binary::check_binary;
use super::control::{ReplicationControl, Wishes};
use super::feedback::Feedback;
use super::options::{BinaryValues, ReplicationOptions, Streaming, Until};
use super::session::{Batches, End, Session};
use super::spool::Spool;
use super::uncommitted::Previews;
use super::verify::{check_slot, check_timeline};
use super::walsender::{self, identify};
use crate::batch::ChangeBatch;
use crate::catalog::{self, Client};
use crate::wire::{Connection, ReplicationStream};
use crate::{Decoder, Error, ErrorKind, Lsn, Position, Source, SourceControl, SourceError, wire};

/// How many batches wait for the reader; one more is being filled meanwhile.
const WAITING: usize = 1;

/// A slot, read through a walsender.
///
/// The socket is served by a thread of its own, with a small runtime of its own: the server hears from us whatever the
/// reader does, and however busy the reader's runtime is. Lost connections,
/// restarts and a slot that is still in use are tried again as [`ReplicationOptions::retry`] says; every other error
/// ends the stream. Dropping the source closes the connection.
#[derive(Debug)]
pub struct ReplicationSource {
    batches: mpsc::Receiver<Result<ChangeBatch, SourceError>>,
    control: Arc<ReplicationControl>,
    /// Dropped with the source, which ends the thread.
    _alive: oneshot::Sender<()>,
}

impl ReplicationSource {
    /// Starts to read. The first connection is made in the thread: its errors come out of the stream.
    #[must_use]
    pub fn start<D: Decoder + 'static>(options: ReplicationOptions, decoder: D) -> Self {
        Self::start_on(None, options, decoder)
    }

    /// As [`start`](Self::start), first on a replication connection that is there already: the one that holds a
    /// temporary slot.
    #[must_use]
    pub fn start_on<D: Decoder + 'static>(
        first: Option<Connection>,
        options: ReplicationOptions,
        decoder: D,
    ) -> Self {
        let (sender, batches) = mpsc::channel(WAITING);
        let (acknowledge, acknowledged) = watch::channel(options.start.clone());
        let (wish, wishes) = watch::channel(Wishes::default());
        let (end, ended) = watch::channel(false);
        let unsent = Mutex::default();
        let control = Arc::new(ReplicationControl { acknowledged: acknowledge, wishes: wish, ended, unsent });
        let mut assembly = Assembly::new(decoder, options.start.clone(), options.batch);
        if let Some(commit_lsn) = options.skip {
            assembly.skip(commit_lsn);
        }
        if let Some(sender) = &options.uncommitted {
            assembly.show(Previews::new(sender.clone(), options.memory.clone()));
        }
        let reader = Reader {
            assembly,
            options,
            first,
            client: None,
            batches: Some(sender),
            acknowledged,
            wishes,
            unknown: HashSet::new(),
            last_idle: None,
            textual: false,
            whole_until: Lsn::ZERO,
            control: Arc::clone(&control),
        };
        let (alive, dropped) = oneshot::channel();
        let failed = reader.batches.clone();
        let thread = std::thread::Builder::new().name("pg-cdc-stream".to_owned());
        let spawned = thread.spawn(move || {
            let runtime = match tokio::runtime::Builder::new_current_thread().enable_all().build() {
                Ok(runtime) => runtime,
                Err(error) => return fail(reader.batches.as_ref(), error),
            };
            runtime.block_on(async {
                tokio::select! {
                    () = reader.run() => {}
                    _ = dropped => {}
                }
            });
            end.send_replace(true);
        });
        if let Err(error) = spawned {
            fail(failed.as_ref(), error);
        }
        Self { batches, control, _alive: alive }
    }
}

impl Stream for ReplicationSource {
    type Item = Result<ChangeBatch, SourceError>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.batches.poll_recv(cx)
    }
}

impl Source for ReplicationSource {
    fn control(&self) -> SourceControl {
        SourceControl::new(Arc::clone(&self.control) as Arc<dyn crate::Control>)
    }
}

/// The thread could not be started. The channel is empty: it takes the error.
fn fail(batches: Option<&Batches>, error: std::io::Error) {
    if let Some(batches) = batches {
        let error = Error::new(ErrorKind::Io, "the thread of the replication stream could not be started")
            .with_cause(error);
        let _ = batches.try_send(Err(error.into()));
    }
}

/// A connection that streams.
struct Opened {
    stream: ReplicationStream,
    feedback: Feedback,
    version: u32,
    is_binary: bool,
}

/// What outlives a connection.
struct Reader<D> {
    options: ReplicationOptions,
    first: Option<Connection>,
    assembly: Assembly<D>,
    client: Option<Client>,
    batches: Option<Batches>,
    acknowledged: watch::Receiver<Position>,
    wishes: watch::Receiver<Wishes>,
    unknown: HashSet<u32>,
    last_idle: Option<Instant>,
    /// A table came whose values can't be had from their binary form.
    textual: bool,
    /// What commits up to here is to come whole.
    whole_until: Lsn,
    control: Arc<ReplicationControl>,
}

impl<D: Decoder> Reader<D> {
    async fn run(mut self) {
        let mut attempt = 0;
        let mut worked = Instant::now();
        loop {
            let mut streamed = false;
            let ended = self.connection(&mut streamed).await;
            if streamed {
                (attempt, worked) = (0, Instant::now());
            }
            match ended {
                Ok(End::Stopped) => return,
                Ok(End::Textual) => self.textual = true,
                Ok(End::Unclear { received }) => {
                    tracing::info!(
                        slot = %self.options.slot,
                        "a savepoint was rolled back that may hold a logical message: its transaction is read again, whole"
                    );
                    self.whole_until = received;
                }
                Ok(End::Stalled) => {
                    tracing::warn!(
                        slot = %self.options.slot, limit = ?self.options.stall_limit,
                        "the sink has made no progress: disconnected until it does"
                    );
                    self.wait_for_progress().await;
                }
                Err(error) if self.wishes.borrow().stop => {
                    *self.control.unsent.lock().unwrap_or_else(PoisonError::into_inner) = Some(error);
                    return;
                }
                Err(error) if error.is_transient() && worked.elapsed() < self.options.retry.max_elapsed => {
                    let pause = self.options.retry.pause(attempt);
                    attempt += 1;
                    let told = Error::from(error).with_causes();
                    tracing::warn!(slot = %self.options.slot, error = %told, ?pause, "the connection is tried again");
                    metrics::counter!("pg_cdc_reconnects_total").increment(1);
                    tokio::select! {
                        () = sleep(pause) => {}
                        _ = self.wishes.wait_for(|wishes| wishes.stop) => {}
                    }
                }
                Err(error) => {
                    if let Some(batches) = &self.batches {
                        // What is decoded comes first: it is as good as ever.
                        if self.assembly.has_content() {
                            let _ = batches.send(Ok(self.assembly.take())).await;
                        }
                        let _ = batches.send(Err(error)).await;
                    }
                    return;
                }
            }
            if self.wishes.borrow().stop {
                return;
            }
        }
    }

    /// One connection from its start to its end. Sets `streamed` once replication has started.
    async fn connection(&mut self, streamed: &mut bool) -> Result<End, SourceError> {
        let mut wishes = self.wishes.clone();
        let Opened { stream, feedback, version, is_binary } = tokio::select! {
            opened = self.open() => opened?,
            // Whoever stops us now need not wait for a server that does not answer.
            _ = wishes.wait_for(|wishes| wishes.stop) => return Ok(End::Stopped),
        };
        *streamed = true;
        let session = Session {
            version,
            asks: self.options.until.is_some() && !self.assembly.is_ended(),
            options: &self.options,
            client: &mut self.client,
            assembly: &mut self.assembly,
            batches: &mut self.batches,
            acknowledged: &mut self.acknowledged,
            wishes: &mut self.wishes,
            unknown: &mut self.unknown,
            last_idle: &mut self.last_idle,
            stream,
            feedback,
            pressed: false,
            is_binary,
            anew: None,
            complained: None,
            urged: 0,
        };
        session.serve().await
    }

    /// Connects, sees that server and slot are the right ones, and has them stream.
    async fn open(&mut self) -> Result<Opened, SourceError> {
        let from = self.assembly.restart();
        let is_streaming = self.takes_streams(from)?;
        let connect = &self.options.connect;
        if self.client.as_ref().is_none_or(|client| client.is_closed()) {
            self.client = Some(catalog::connect(connect).await?);
        }
        let Some(client) = &self.client else {
            return Err(Error::new(ErrorKind::Closed, "the session for the catalog is closed").into());
        };
        let system = catalog::system(client).await?;
        let mut connection = match self.first.take() {
            Some(first) => first,
            None => Connection::connect(connect, wire::Session::Replication).await?,
        };
        let identity = identify(&mut connection).await?;
        let acknowledged = self.acknowledged.borrow_and_update().clone();
        check_timeline(&mut connection, acknowledged.server, identity.server, acknowledged.confirmed).await?;
        let slot = catalog::find_slot(client, system.version, &self.options.slot).await?;
        let plugin = &self.options.plugin;
        check_slot(slot.as_ref(), &self.options.slot, &plugin.name, &system.database, &acknowledged)?;
        let is_binary = self.takes_binary()?;
        let plugin_options = plugin.options_of(is_binary, is_streaming);
        let command = walsender::start_replication(&self.options.slot, from, &plugin_options);
        let stream = match connection.start_replication(&command, &self.options.memory).await {
            Ok(stream) => stream,
            Err(error) => {
                if let Some(option) = self.options.plugin.leave_out(&error) {
                    let plugin = &self.options.plugin.name;
                    tracing::info!(%plugin, %option, "this release of the plugin does not know the option: left out");
                    return Box::pin(self.open()).await;
                }
                return Err(in_use(error, &self.options.slot, slot.and_then(|slot| slot.active_pid)).into());
            }
        };
        tracing::info!(slot = %self.options.slot, %from, binary = is_binary, in_progress = is_streaming, "streaming");
        match self.options.until {
            Some(Until::Lsn(until)) => self.assembly.end_at(until),
            Some(Until::Current) => {
                // Taken once: a reconnect does not move the end.
                let now = catalog::system(client).await?.insert_lsn;
                catalog::flush_soon(client, now).await?;
                tracing::info!(until = %now, "the end is the server's insert LSN of now");
                self.options.until = Some(Until::Lsn(now));
                self.assembly.end_at(now);
            }
            None => {}
        }
        let feedback = Feedback::new(acknowledged.confirmed, system.wal_sender_timeout);
        Ok(Opened { stream, feedback, version: system.version, is_binary })
    }

    /// Whether this connection's values come in their binary form.
    fn takes_binary(&self) -> Result<bool, Error> {
        let tables = || self.options.tables.iter().map(|table| &**table);
        match self.options.binary {
            BinaryValues::Never => Ok(false),
            BinaryValues::WherePossible => Ok(!self.textual && check_binary(tables()).is_ok()),
            BinaryValues::Always => check_binary(tables()).map(|()| true),
        }
    }

    /// Whether transactions come on this connection, from `from` on, while they are in progress. Makes the spool where
    /// anything is to be kept.
    fn takes_streams(&mut self, from: Lsn) -> Result<bool, Error> {
        let options = &self.options;
        let asked = options.streaming != Streaming::Never && !options.plugin.streaming.is_empty();
        if (asked || options.plugin.sends_early) && !self.assembly.keeps() {
            match Spool::open(options.spool.clone(), options.memory.clone()) {
                Ok(spool) => self.assembly.keep_in(spool),
                Err(error) if options.streaming == Streaming::Always || options.plugin.sends_early => {
                    return Err(error);
                }
                Err(error) => {
                    let error = error.with_causes();
                    tracing::warn!(%error, "transactions come only when they have committed");
                    self.options.streaming = Streaming::Never;
                    return Ok(false);
                }
            }
        }
        Ok(asked && from >= self.whole_until)
    }

    /// Waits until the reader takes a batch or acknowledges one.
    async fn wait_for_progress(&mut self) {
        tokio::select! {
            _ = self.wishes.wait_for(|wishes| wishes.stop) => {}
            _ = self.acknowledged.changed() => {}
            permit = reserve(self.batches.as_ref()), if self.assembly.has_content() => {
                if let Some(permit) = permit {
                    permit.send(Ok(self.assembly.take()));
                }
            }
        }
    }
}

async fn reserve(batches: Option<&Batches>) -> Option<mpsc::Permit<'_, Result<ChangeBatch, SourceError>>> {
    batches?.reserve().await.ok()
}

/// Says who reads the slot, where someone does.
fn in_use(error: Error, slot: &str, pid: Option<i32>) -> Error {
    match (error.sqlstate(), pid) {
        (Some("55006"), Some(pid)) => {
            error.while_doing(format!("slot {slot} is being read by process {pid}")).with_hint(
                "stop the other reader; one that died is noticed within the server's wal_sender_timeout",
            )
        }
        _ => error.while_doing(format!("replication from slot {slot} could not be started")),
    }
}
