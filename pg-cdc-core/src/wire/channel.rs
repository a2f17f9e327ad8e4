//! Messages over a socket, and what may come at any time.

use std::future::{Future, poll_fn};
use std::io;
use std::pin::{Pin, pin};
use std::task::{Context, Poll, ready};

use bytes::{Buf, BytesMut};
use tokio::io::{AsyncReadExt, AsyncWrite};

use super::copy_reader::{CopyReader, Step};
use super::message::{
    LARGEST_COPY_DATA, Message, Reader, broken, closed, largest, malformed, unexpected, whole_length,
};
use super::server_error::{log_notice, server_error};
use super::socket::Socket;
use crate::{Error, ErrorKind};

/// A server has some fifteen reported settings.
const MOST_PARAMETERS: usize = 256;
const READ: usize = 8 << 10;

/// One socket with its buffers and what the server reports of its settings.
pub(super) struct Channel {
    socket: Socket,
    incoming: BytesMut,
    outgoing: BytesMut,
    parameters: Vec<(String, String)>,
}

/// What a copy gave.
pub(super) enum Copied {
    /// Data.
    Block(super::frame::Block),
    /// CopyDone (`c`), or CommandComplete (`C`) without one.
    End(u8),
}

impl Channel {
    pub(super) fn new(socket: Socket) -> Self {
        Self { socket, incoming: BytesMut::new(), outgoing: BytesMut::new(), parameters: Vec::new() }
    }

    pub(super) fn socket(&self) -> &Socket {
        &self.socket
    }

    pub(super) fn parameter(&self, name: &str) -> Option<&str> {
        self.parameters.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    /// Puts a message into the queue; nothing is sent yet.
    pub(super) fn queue(
        &mut self,
        state: &str,
        write: impl FnOnce(&mut BytesMut) -> io::Result<()>,
    ) -> Result<(), Error> {
        let length = self.outgoing.len();
        write(&mut self.outgoing).map_err(|error| {
            self.outgoing.truncate(length);
            // The only things that can be wrong: a zero byte in a string, more than two gigabytes.
            Error::new(
                ErrorKind::Config,
                format!("{state}: what is to be sent holds a zero byte or is too long"),
            )
            .with_cause(error)
        })
    }

    /// How many bytes are queued.
    pub(super) fn queued(&self) -> usize {
        self.outgoing.len()
    }

    /// Sends what is queued.
    pub(super) fn poll_flush(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        while !self.outgoing.is_empty() {
            let sent = ready!(Pin::new(&mut self.socket).poll_write(cx, &self.outgoing))?;
            if sent == 0 {
                return Poll::Ready(Err(io::ErrorKind::WriteZero.into()));
            }
            self.outgoing.advance(sent);
        }
        Pin::new(&mut self.socket).poll_flush(cx)
    }

    /// Sends what is queued. Cancel safe: the rest stays queued.
    pub(super) async fn flush(&mut self, state: &str) -> Result<(), Error> {
        poll_fn(|cx| self.poll_flush(cx)).await.map_err(|error| broken(state, error))
    }

    /// Says that nothing more will be sent.
    pub(super) async fn shutdown(&mut self) -> io::Result<()> {
        poll_fn(|cx| Pin::new(&mut self.socket).poll_shutdown(cx)).await
    }

    /// Reads to the end of the connection; whatever comes is passed over.
    pub(super) async fn read_to_end(&mut self, state: &str) {
        while self.fill(state).await.is_ok() {
            self.incoming.clear();
        }
    }

    /// The next message that is not one of those that may come at any time, which are dealt with. `limit` bounds the
    /// body of each. Cancel safe.
    pub(super) async fn message(&mut self, state: &str, limit: fn(u8) -> usize) -> Result<Message, Error> {
        loop {
            match whole_length(&self.incoming, state, limit)? {
                Some(length) if length <= self.incoming.len() => {
                    let mut message = self.incoming.split_to(length);
                    let tag = message.get_u8();
                    message.advance(4);
                    let message = Message { tag, body: message.freeze() };
                    if !self.take_asynchronous(&message, state)? {
                        return Ok(message);
                    }
                }
                _ => self.fill(state).await?,
            }
        }
    }

    /// As [`message`](Self::message), but CopyData is passed over, whatever its size, without being kept. Cancel safe
    /// between messages only.
    pub(super) async fn message_after_copy_data(&mut self, state: &str) -> Result<Message, Error> {
        loop {
            match self.incoming.first() {
                None => self.fill(state).await?,
                Some(b'd') => match whole_length(&self.incoming, state, |_| LARGEST_COPY_DATA)? {
                    None => self.fill(state).await?,
                    Some(mut left) => loop {
                        let here = left.min(self.incoming.len());
                        self.incoming.advance(here);
                        left -= here;
                        if left == 0 {
                            break;
                        }
                        self.fill(state).await?;
                    },
                },
                Some(_) => return self.message(state, largest).await,
            }
        }
    }

    /// The tag of the next message, which stays where it is. Cancel safe.
    pub(super) async fn next_tag(&mut self, state: &str) -> Result<u8, Error> {
        loop {
            match self.incoming.first() {
                Some(tag) => return Ok(*tag),
                None => self.fill(state).await?,
            }
        }
    }

    /// Reads once, and sends what is queued meanwhile: neither side waits for the other to read. The buffer doubles as
    /// it fills, whatever length a message claims. Cancel safe.
    async fn fill(&mut self, state: &str) -> Result<(), Error> {
        self.incoming.reserve(READ.max(self.incoming.len()));
        let read = poll_fn(|cx| {
            let flushed = self.poll_flush(cx);
            // The future holds nothing: dropped at Pending, it has read nothing.
            match (pin!(self.socket.read_buf(&mut self.incoming)).poll(cx), flushed) {
                // A server that hangs up has often said why: its last words are read before a failed write counts.
                (Poll::Pending, Poll::Ready(Err(error))) => Poll::Ready(Err(error)),
                (read, _) => read,
            }
        })
        .await;
        match read {
            Ok(0) => Err(closed(state, !self.incoming.is_empty())),
            Ok(_) => Ok(()),
            Err(error) => Err(broken(state, error)),
        }
    }

    /// Gives the bytes that were read ahead to a reader of copied data.
    pub(super) fn take_rest(&mut self) -> Vec<u8> {
        let rest = self.incoming.to_vec();
        self.incoming.clear();
        rest
    }

    /// Takes back what that reader has read ahead.
    pub(super) fn give_back(&mut self, rest: &[u8]) {
        self.incoming.extend_from_slice(rest);
    }

    /// Copied data, its end, or the server's error. What is queued is sent meanwhile, also when the reader waits for
    /// its pool.
    pub(super) fn poll_copy(
        &mut self,
        reader: &mut CopyReader,
        state: &'static str,
        cx: &mut Context<'_>,
        at_least: usize,
    ) -> Poll<Result<Copied, Error>> {
        let flushed = self.poll_flush(cx);
        loop {
            let message = match reader.poll_step(&mut self.socket, cx, at_least) {
                Poll::Ready(Ok(Step::Block(block))) => return Poll::Ready(Ok(Copied::Block(block))),
                Poll::Ready(Ok(Step::Message(message))) => message,
                Poll::Ready(Err(error)) => return Poll::Ready(Err(error)),
                // A server that hangs up has often said why: its last words are read before a failed write counts.
                Poll::Pending => {
                    return match flushed {
                        Poll::Ready(Err(error)) => Poll::Ready(Err(broken(state, error))),
                        _ => Poll::Pending,
                    };
                }
            };
            if self.take_asynchronous(&message, state)? {
                continue;
            }
            return Poll::Ready(match message.tag {
                b'E' => Err(server_error(&message.body)),
                end @ (b'c' | b'C') => Ok(Copied::End(end)),
                tag => Err(unexpected(tag, state, "copied data or its end")),
            });
        }
    }

    /// Deals with a message that may come in any state, and says whether it was one.
    fn take_asynchronous(&mut self, message: &Message, state: &str) -> Result<bool, Error> {
        match message.tag {
            b'N' => log_notice(&message.body),
            b'A' => tracing::trace!("a notification was passed over"),
            b'S' => {
                let mut body = Reader::new(&message.body);
                let (Some(name), Some(value)) = (body.cstr(), body.cstr()) else {
                    return Err(malformed(b'S', state));
                };
                self.set_parameter(&String::from_utf8_lossy(name), &String::from_utf8_lossy(value), state)?;
            }
            _ => return Ok(false),
        }
        Ok(true)
    }

    fn set_parameter(&mut self, name: &str, value: &str, state: &str) -> Result<(), Error> {
        if let Some((_, known)) = self.parameters.iter_mut().find(|(known, _)| known == name) {
            value.clone_into(known);
        } else if self.parameters.len() < MOST_PARAMETERS {
            self.parameters.push((name.to_owned(), value.to_owned()));
        } else {
            return Err(Error::new(
                ErrorKind::Protocol,
                format!("{state}: the server reports more than {MOST_PARAMETERS} settings"),
            ));
        }
        Ok(())
    }
}
