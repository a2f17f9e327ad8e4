//! One connection, served until it ends: keepalives are answered and acknowledgements sent whatever the reader does.

use std::collections::HashSet;
use std::time::Duration;

use tokio::sync::{mpsc, watch};
use tokio::time::{Instant, sleep_until};

use super::assembly::{Assembly, Heard, Step};
use super::control::Wishes;
use super::feedback::Feedback;
use super::lookup::{Lookup, needs_text};
use super::options::{BinaryValues, ReplicationOptions};
use super::verify::undecodable;
use crate::batch::ChangeBatch;
use crate::catalog::Client;
use crate::types::is_binary_known;
use crate::wire::{ReplicationStream, StatusUpdate};
use crate::{Decoder, Error, ErrorKind, Lsn, Position, SourceError, TableName};

/// How long a batch waits for company when the one before it went out just now. A first change never waits.
const LINGER: Duration = Duration::from_millis(1);
/// How long the thread sleeps between two reads of a busy stream. A walsender sends a packet a message, and to be woken
/// for each costs more than all the rest: with this pause the client needs half of the CPU time of `pg_recvlogical`.
const NAP: Duration = Duration::from_micros(100);
/// A block of this size came from a full socket: there is more.
const WORTHWHILE: usize = 32 << 10;
/// How often a server that has nothing to say is asked how far it is, when there is an end to reach.
const ASK: Duration = Duration::from_millis(100);
/// How often types that are not built in are looked at again, where tables have such.
const TYPES: Duration = Duration::from_secs(5);
/// From how many microseconds on a transaction has been prepared for long.
const LONG_PREPARED: i64 = 60_000_000;
/// How often a server that shuts down asks until it is believed. One that does not shut down asks once in a while, since
/// it hears from us long before it would.
const URGED: u32 = 5;
/// Microseconds from 1970-01-01 to 2000-01-01.
const EPOCH: i64 = 946_684_800_000_000;

/// Why a connection is no longer served.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum End {
    /// Somebody asked for it.
    Stopped,
    /// The reader makes no progress.
    Stalled,
    /// A table came whose values can't be had from their binary form: what follows is to come as text.
    Textual,
    /// A transaction in progress must be asked for whole; it commits behind `received`.
    Unclear {
        /// The server has sent everything up to here.
        received: Lsn,
    },
}

/// Where batches go.
pub(super) type Batches = mpsc::Sender<Result<ChangeBatch, SourceError>>;

/// What one connection needs, and what outlives it.
pub(super) struct Session<'a, D> {
    pub(super) options: &'a ReplicationOptions,
    pub(super) version: u32,
    pub(super) client: &'a mut Option<Client>,
    pub(super) assembly: &'a mut Assembly<D>,
    /// Gone once the source has come to its end.
    pub(super) batches: &'a mut Option<Batches>,
    pub(super) acknowledged: &'a mut watch::Receiver<Position>,
    pub(super) wishes: &'a mut watch::Receiver<Wishes>,
    pub(super) unknown: &'a mut HashSet<u32>,
    pub(super) last_idle: &'a mut Option<Instant>,
    pub(super) stream: ReplicationStream,
    pub(super) feedback: Feedback,
    pub(super) asks: bool,
    /// The server asked for an answer. Since it hears from us often, it asks when it shuts down, and waits until all
    /// that it has sent is acknowledged: the next idle position is not kept back.
    pub(super) pressed: bool,
    /// Whether values come in their binary form.
    pub(super) is_binary: bool,
    /// The connection is to end, and to be begun anew.
    pub(super) anew: Option<End>,
    /// The prepared transaction that was complained of.
    pub(super) complained: Option<u32>,
    /// How often the server has asked for an answer while all that it waits for is a prepared transaction.
    pub(super) urged: u32,
}

/// What woke the session up.
enum Woken {
    Wish,
    Acknowledged,
    Block(Option<crate::wire::Block>),
    Reader(bool),
    Time,
}

impl<D: Decoder> Session<'_, D> {
    /// Serves the connection.
    ///
    /// # Errors
    ///
    /// Whatever broke the connection or can't be decoded.
    pub(super) async fn serve(mut self) -> Result<End, SourceError> {
        let mut progress = Instant::now();
        let mut last_batch: Option<Instant> = None;
        let mut asked = Instant::now();
        let mut types_seen = asked;
        let mut more = false;
        loop {
            self.decode().await?;
            if let Some(end) = self.anew.take() {
                // A server that is busy may not answer in time. Whatever it says, the connection is over, and why must
                // not be forgotten: the next one would only come to the same.
                if let Err(error) = self.stop().await {
                    tracing::debug!(%error, "the connection was not ended in order");
                }
                return Ok(end);
            }
            let now = Instant::now();
            self.report(now, &mut asked).await?;
            if now.duration_since(types_seen) >= TYPES && !self.assembly.is_ended() {
                types_seen = now;
                self.look_at_types().await?;
                self.complain_of_prepared();
            }
            if now.duration_since(progress) >= self.options.stall_limit && self.reader_owes() {
                return Ok(End::Stalled);
            }
            // Looked at on every turn: a wish of a moment ago wakes nobody any more.
            let wishes = *self.wishes.borrow_and_update();
            if wishes.stop {
                return self.stop().await;
            }
            let full = self.assembly.is_full();
            let reads = !self.assembly.is_ended() && !self.assembly.has_work() && !full;
            let quiet = last_batch.map_or(Duration::MAX, |at| now.duration_since(at));
            let lingers = reads && quiet < LINGER;
            let ready = !wishes.paused && !lingers && self.has_batch(now);
            if reads && quiet < 4 * LINGER && !more {
                // The thread is ours alone.
                std::thread::sleep(NAP);
            }
            let pace = if self.asks { ASK } else { self.feedback.pace() };
            let pace = if lingers { LINGER.saturating_sub(quiet) } else { pace };
            let woken = tokio::select! {
                biased;
                _ = self.wishes.changed() => Woken::Wish,
                _ = self.acknowledged.changed() => Woken::Acknowledged,
                taken = hand_out(self.batches.as_ref(), self.assembly), if ready => Woken::Reader(taken),
                block = self.stream.next_block(), if reads => {
                    Woken::Block(block.map_err(|error| undecodable(error, &self.options.slot))?)
                }
                () = sleep_until(now + pace) => Woken::Time,
            };
            match woken {
                Woken::Wish | Woken::Time => {}
                Woken::Acknowledged => {
                    let confirmed = self.acknowledged.borrow_and_update().confirmed;
                    self.feedback.acknowledge(confirmed);
                    progress = Instant::now();
                }
                Woken::Reader(true) => {
                    progress = Instant::now();
                    last_batch = Some(progress);
                    self.pressed = false;
                    *self.last_idle = Some(progress);
                    self.end_if_reached();
                }
                // Nobody reads any more.
                Woken::Reader(false) => return self.stop().await,
                Woken::Block(Some(block)) => {
                    more = block.bytes().len() >= WORTHWHILE;
                    self.assembly.put(block);
                }
                Woken::Block(None) => {
                    return Err(
                        Error::new(ErrorKind::Closed, "the server ended the replication stream").into()
                    );
                }
            }
        }
    }

    /// Decodes what has come, as far as the batch takes it.
    async fn decode(&mut self) -> Result<(), SourceError> {
        while self.assembly.has_work() {
            let mut heard = Heard::default();
            let step = self.assembly.advance(&mut heard)?;
            self.feedback.received(heard.received);
            if heard.reply_wanted {
                self.pressed = true;
                self.feedback.want();
                self.let_the_server_go()?;
            }
            match step {
                Step::Done | Step::Full => return Ok(()),
                Step::NeedTable { oid, name, types } => {
                    self.look_up(oid, name, &types).await?;
                    if self.anew.is_some() {
                        return Ok(());
                    }
                }
                Step::Unclear => {
                    self.anew = Some(End::Unclear { received: self.feedback.last_received() });
                    return Ok(());
                }
                Step::End => {
                    self.asks = false;
                    return Ok(());
                }
            }
        }
        Ok(())
    }

    /// Tells the server how far we are, if it is time.
    async fn report(&mut self, now: Instant, asked: &mut Instant) -> Result<(), SourceError> {
        let ask = self.asks && now.duration_since(*asked) >= ASK;
        if !ask && !self.feedback.due(now) {
            return Ok(());
        }
        if ask {
            *asked = now;
        }
        tell(&mut self.stream, &mut self.feedback, ask).await
    }

    /// Whether the reader has something to take or to acknowledge.
    fn reader_owes(&self) -> bool {
        self.assembly.has_content() || *self.assembly.handed_out() > *self.acknowledged.borrow()
    }

    /// Whether there is a batch to hand out now.
    fn has_batch(&self, now: Instant) -> bool {
        if self.batches.is_none() {
            return false;
        }
        let idle_due = self.last_idle.is_none_or(|at| now.duration_since(at) >= self.options.idle_every);
        self.assembly.has_content()
            || self.assembly.is_ended()
            || ((idle_due || self.pressed) && self.assembly.is_idle_ahead())
    }

    /// A prepared transaction keeps the server from letting go of its log: whoever forgot it should hear of it.
    fn complain_of_prepared(&mut self) {
        let Some(prepared) = self.assembly.oldest_prepared() else { return };
        let age = (server_time() + EPOCH).saturating_sub(prepared.prepare_time);
        if age > LONG_PREPARED && self.complained != Some(prepared.xid) {
            self.complained = Some(prepared.xid);
            tracing::warn!(
                gid = %prepared.gid, xid = prepared.xid, at = %prepared.prepare_lsn, seconds = age / 1_000_000,
                "a transaction has long been prepared: until COMMIT PREPARED or ROLLBACK PREPARED nothing behind it is \
                 acknowledged, and the server keeps its WAL"
            );
        }
    }

    /// A server that shuts down waits, and asks, until all that it has sent is acknowledged, which a prepared transaction
    /// may forbid for days: the connection is given up for it.
    fn let_the_server_go(&mut self) -> Result<(), SourceError> {
        let waits = self.assembly.oldest_prepared().is_some() && !self.reader_owes();
        self.urged = if waits { self.urged + 1 } else { 0 };
        if self.urged < URGED {
            return Ok(());
        }
        let error = Error::new(
            ErrorKind::Closed,
            "the server waits for an acknowledgement that a prepared transaction forbids, as it does when it shuts down",
        );
        Err(error.into())
    }

    /// After the last batch the stream is over for the reader; the connection goes on for its acknowledgements.
    fn end_if_reached(&mut self) {
        if self.assembly.is_ended() && !self.assembly.has_content() {
            *self.batches = None;
        }
    }

    /// Sends the last acknowledgement and ends the stream.
    async fn stop(mut self) -> Result<End, SourceError> {
        self.feedback.acknowledge(self.acknowledged.borrow().confirmed);
        tell(&mut self.stream, &mut self.feedback, false).await?;
        self.stream.finish().await?;
        Ok(End::Stopped)
    }

    /// Finds out what the decoder must know of a table. The server goes on hearing from us meanwhile.
    async fn look_up(&mut self, oid: Option<u32>, name: TableName, types: &[u32]) -> Result<(), SourceError> {
        let mut lookup = Lookup {
            scope: self.options.scope(),
            version: self.version,
            client: self.client,
            unknown: self.unknown,
        };
        let asked = async {
            match oid {
                Some(oid) => lookup.table(oid, &name, types).await,
                None => lookup.named_table(&name, types).await,
            }
        };
        let found = answering(asked, &mut self.stream, &mut self.feedback).await??;
        if self.is_binary && needs_text(self.options.binary, &found)? {
            self.anew = Some(End::Textual);
        }
        match oid {
            Some(oid) => self.assembly.know(oid, found),
            None => self.assembly.know_named(name, found),
        }
        Ok(())
    }

    /// Looks at the types that are not built in again: an altered one is not told of in the stream.
    async fn look_at_types(&mut self) -> Result<(), SourceError> {
        let types = self.assembly.types();
        if types.is_empty() {
            return Ok(());
        }
        let mut lookup = Lookup {
            scope: self.options.scope(),
            version: self.version,
            client: self.client,
            unknown: self.unknown,
        };
        let found = match answering(lookup.types(&types), &mut self.stream, &mut self.feedback).await? {
            Ok(found) => found,
            Err(error) => {
                // The stream itself is well: what it needs to know it will ask for.
                tracing::warn!(slot = %self.options.slot, %error, "the types could not be looked at again");
                return Ok(());
            }
        };
        let is_mapped = !self.is_binary || found.iter().all(is_binary_known);
        if !is_mapped && self.options.binary == BinaryValues::WherePossible {
            self.anew = Some(End::Textual);
        }
        self.assembly.know_types(found);
        Ok(())
    }
}

/// Waits for what is asked of the catalog. The server goes on hearing from us meanwhile.
async fn answering<T>(
    asked: impl Future<Output = T>,
    stream: &mut ReplicationStream,
    feedback: &mut Feedback,
) -> Result<T, SourceError> {
    tokio::pin!(asked);
    loop {
        tokio::select! {
            biased;
            answer = &mut asked => return Ok(answer),
            () = tokio::time::sleep(feedback.pace()) => {
                if feedback.due(Instant::now()) {
                    tell(stream, feedback, false).await?;
                }
            }
        }
    }
}

/// Tells the server how far we are.
async fn tell(
    stream: &mut ReplicationStream,
    feedback: &mut Feedback,
    reply_wanted: bool,
) -> Result<(), SourceError> {
    let (written, flushed) = feedback.tell(Instant::now());
    let update = StatusUpdate { written, flushed, applied: flushed, send_time: server_time(), reply_wanted };
    Ok(stream.send(&update.encode()).await?)
}

/// Hands the batch over once the reader has room for it; `false` where there is no reader any more. Cancel safe.
async fn hand_out<D: Decoder>(batches: Option<&Batches>, assembly: &mut Assembly<D>) -> bool {
    let Some(batches) = batches else { return false };
    match batches.reserve().await {
        Ok(permit) => {
            permit.send(Ok(assembly.take()));
            true
        }
        Err(_) => false,
    }
}

/// Our clock as the server counts: microseconds since 2000-01-01 UTC.
fn server_time() -> i64 {
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap_or_default();
    i64::try_from(now.as_micros()).unwrap_or(i64::MAX) - EPOCH
}
