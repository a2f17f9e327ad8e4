//! `START_REPLICATION`: copied data in both directions.
//!
//! Chapters "Streaming Replication Protocol" and "COPY Operations" of PostgreSQL's documentation.

use std::future::{Future, poll_fn};
use std::pin::pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use postgres_protocol::message::frontend;
use tokio::time::Instant;

use super::address::within;
use super::channel::{Channel, Copied};
use super::connection::Connection;
use super::copy_reader::CopyReader;
use super::frame::Block;
use super::message::{broken, largest, unexpected};
use super::query::until_ready;
use super::server_error::server_error;
use crate::batch::BufferPool;
use crate::{Error, ErrorKind};

const STATE: &str = "replication";
/// Some 25 000 status updates that the server has not read.
const MOST_QUEUED: usize = 1 << 20;
/// How long the server may take to end the stream.
const FINISH: Duration = Duration::from_secs(10);

/// A replication stream: blocks of CopyData from the server (each payload for
/// [`ServerFrame::parse`](super::ServerFrame::parse)), [status updates](super::StatusUpdate) to it.
///
/// It is to be polled even when there is nothing to do with its data: what is sent is written out from there too.
#[derive(Debug)]
pub struct ReplicationStream {
    connection: Connection,
    reader: CopyReader,
    state: State,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    Streaming,
    /// The server has ended it by CopyDone; the rest of its goodbye is to come.
    Ended,
    /// The server has said its last word.
    Complete,
    Failed,
}

impl Connection {
    /// Starts COPY BOTH by a replication command: `START_REPLICATION SLOT … LOGICAL …`. What is read into buffers of
    /// `pool` is limited by it.
    ///
    /// # Errors
    /// As [`simple_query`](Self::simple_query); the connection is gone with any of them.
    pub async fn start_replication(
        mut self,
        command: &str,
        pool: &BufferPool,
    ) -> Result<ReplicationStream, Error> {
        self.begin(command)?;
        start(self, command, pool).await
    }
}

/// Sends the command and reads up to its CopyBothResponse.
async fn start(
    mut connection: Connection,
    command: &str,
    pool: &BufferPool,
) -> Result<ReplicationStream, Error> {
    let channel = &mut connection.channel;
    channel.queue(STATE, |out| frontend::query(command, out))?;
    let message = channel.message(STATE, largest).await?;
    match message.tag {
        b'W' => {
            let reader = CopyReader::new(pool, STATE, channel.take_rest());
            Ok(ReplicationStream { connection, reader, state: State::Streaming })
        }
        b'E' => {
            let refused = server_error(&message.body);
            let ready = within(FINISH, STATE, until_ready(channel, STATE)).await;
            connection.ready = ready.is_ok();
            connection.close().await;
            Err(refused)
        }
        tag => Err(unexpected(tag, STATE, "CopyBothResponse")),
    }
}

impl ReplicationStream {
    /// A setting that the server reports, kept fresh.
    #[must_use]
    pub fn parameter(&self, name: &str) -> Option<&str> {
        self.connection.parameter(name)
    }

    /// The server process of this session, as `pg_stat_activity.pid`.
    #[must_use]
    pub fn process_id(&self) -> i32 {
        self.connection.process_id()
    }

    /// The next block, as soon as the socket has nothing more to read; `None` when the server has ended the stream (it
    /// shuts down). Cancel safe.
    ///
    /// While the pool is at its limit this waits and reads nothing, but goes on sending.
    ///
    /// # Errors
    /// Kind `Server` when the server ended the stream with an error; `Closed`, `Io`, `Protocol`. Nothing comes after.
    pub async fn next_block(&mut self) -> Result<Option<Block>, Error> {
        poll_fn(|cx| self.poll_next_block(cx)).await
    }

    /// As [`next_block`](Self::next_block).
    pub fn poll_next_block(&mut self, cx: &mut Context<'_>) -> Poll<Result<Option<Block>, Error>> {
        self.poll_next_block_of(cx, 1)
    }

    /// As [`poll_next_block`](Self::poll_next_block), but a block that would be of less than `at_least` bytes is kept
    /// back while more may come: pending, woken by more of it. A block comes anyhow when the read buffer is full.
    ///
    /// For a consumer that looks at the clock: with nothing else to wake it, data and keepalives would lie here.
    pub fn poll_next_block_of(
        &mut self,
        cx: &mut Context<'_>,
        at_least: usize,
    ) -> Poll<Result<Option<Block>, Error>> {
        match self.state {
            State::Streaming => {}
            State::Ended | State::Complete => return Poll::Ready(Ok(None)),
            State::Failed => {
                return Poll::Ready(Err(Error::new(
                    ErrorKind::Closed,
                    "the replication stream has failed before",
                )));
            }
        }
        let channel = &mut self.connection.channel;
        match ready!(channel.poll_copy(&mut self.reader, STATE, cx, at_least)) {
            Ok(Copied::Block(block)) => return Poll::Ready(Ok(Some(block))),
            Ok(Copied::End(b'c')) => self.state = State::Ended,
            // A walsender that shuts down leaves CopyDone out (WalSndDone in walsender.c).
            Ok(Copied::End(_)) => self.state = State::Complete,
            Err(error) => {
                self.state = State::Failed;
                return Poll::Ready(Err(error));
            }
        }
        Poll::Ready(Ok(None))
    }

    /// As [`next_block`](Self::next_block), but once something is there, waits for up to `linger` until it is
    /// `at_least` bytes: a walsender sends a packet a message, and to go through everything for each is what costs.
    /// Cancel safe; the lingering starts over then.
    ///
    /// # Errors
    /// As [`next_block`](Self::next_block).
    pub async fn next_block_or_more(
        &mut self,
        at_least: usize,
        linger: Duration,
    ) -> Result<Option<Block>, Error> {
        let mut timer = pin!(tokio::time::sleep(linger));
        let mut lingering = false;
        poll_fn(|cx| {
            if let Poll::Ready(next) = self.poll_next_block_of(cx, at_least) {
                return Poll::Ready(next);
            }
            if !self.reader.has_whole() {
                return Poll::Pending;
            }
            if !std::mem::replace(&mut lingering, true) {
                timer.as_mut().reset(Instant::now() + linger);
            }
            ready!(timer.as_mut().poll(cx));
            self.poll_next_block_of(cx, 1)
        })
        .await
    }

    /// Whether [`poll_next_block_of`](Self::poll_next_block_of) keeps something back.
    #[must_use]
    pub fn has_data(&self) -> bool {
        self.reader.has_whole()
    }

    /// Queues one CopyData message, to be written out by [`poll_flush`](Self::poll_flush) or by polling for blocks.
    ///
    /// # Errors
    /// Kind `Closed` when the stream is over, `Timeout` when the server has not read the last megabyte.
    pub fn queue(&mut self, copy_data: &[u8]) -> Result<(), Error> {
        if self.state != State::Streaming {
            return Err(Error::new(ErrorKind::Closed, "the replication stream is over: nothing can be sent"));
        }
        let channel = &mut self.connection.channel;
        if channel.queued() + copy_data.len() > MOST_QUEUED {
            return Err(Error::new(
                ErrorKind::Timeout,
                "the server has long read nothing of what it was sent on the replication stream",
            ));
        }
        channel.queue(STATE, |out| {
            frontend::CopyData::new(copy_data)?.write(out);
            Ok(())
        })
    }

    /// Writes out what is queued. Pending while the server doesn't read; polling for blocks goes on with it then.
    ///
    /// # Errors
    /// Kinds `Io` and `Closed`; what the server said before it hung up may still be read.
    pub fn poll_flush(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Error>> {
        self.connection.channel.poll_flush(cx).map_err(|error| broken(STATE, error))
    }

    /// Sends one CopyData message, as far as the socket takes it at once; the rest goes out while blocks are polled
    /// for. So it never waits for a server that itself waits for us to read. Cancel safe.
    ///
    /// # Errors
    /// Those of [`queue`](Self::queue) and [`poll_flush`](Self::poll_flush).
    pub async fn send(&mut self, copy_data: &[u8]) -> Result<(), Error> {
        self.queue(copy_data)?;
        poll_fn(|cx| match self.poll_flush(cx) {
            Poll::Pending => Poll::Ready(Ok(())),
            flushed => flushed,
        })
        .await
    }

    /// Ends the stream: everything sent before has been read by the server when this gives `Ok`. What the server
    /// still sends is dropped; a large transaction that it is in the middle of is not waited for. Takes ten seconds
    /// at most.
    ///
    /// # Errors
    /// Kind `Server` with the server's error, `Timeout`, `Closed`. The connection is closed in any case.
    pub async fn finish(self) -> Result<(), Error> {
        let Self { mut connection, reader, state } = self;
        let ended = match state {
            State::Failed => Err(Error::new(ErrorKind::Closed, "the replication stream has failed before")),
            State::Complete => Ok(true),
            State::Streaming | State::Ended => {
                connection.channel.give_back(&reader.into_rest());
                within(FINISH, "ending the replication stream", end(&mut connection.channel)).await
            }
        };
        connection.ready = matches!(ended, Ok(true));
        connection.close().await;
        ended.map(drop)
    }
}

/// CopyDone from both sides, then the end of the command; `false` where the server has not come to that.
///
/// A walsender answers CopyDone with its own at once, then goes on with the transaction it is in the middle of.
async fn end(channel: &mut Channel) -> Result<bool, Error> {
    channel.queue(STATE, |out| {
        frontend::copy_done(out);
        Ok(())
    })?;
    let mut complete = false;
    loop {
        let message = match channel.message_after_copy_data(STATE).await {
            Ok(message) => message,
            // A server that shuts down leaves once it has said that the command is complete.
            Err(error) if complete && error.kind() == ErrorKind::Closed => return Ok(true),
            Err(error) => return Err(error),
        };
        match message.tag {
            b'c' if channel.next_tag(STATE).await? == b'd' => return Ok(false),
            b'c' => {}
            b'C' => complete = true,
            b'Z' => return Ok(true),
            b'E' => return Err(server_error(&message.body)),
            tag => return Err(unexpected(tag, STATE, "the end of the stream")),
        }
    }
}
