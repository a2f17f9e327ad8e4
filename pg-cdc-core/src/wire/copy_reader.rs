//! Reads copied data in large buffers and hands it out in place.

use std::future::Future;
use std::pin::pin;
use std::task::{Context, Poll, ready};

use bytes::{BufMut, Bytes};
use tokio::io::{AsyncRead, AsyncReadExt};

use super::frame::Block;
use super::message::{self, HEADER, LARGEST_COPY_DATA, Message, broken, closed, unexpected, whole_length};
use crate::Error;
use crate::batch::{Buffer, BufferPool};

/// A read takes what the kernel has, and a walsender's messages are small: this is what a burst fills between two
/// turns of the consumer.
const LARGEST_READ: usize = 256 << 10;
const SMALLEST_READ: usize = 4 << 10;

/// What the server sent next.
#[derive(Debug)]
pub(super) enum Step {
    /// Whole CopyData messages.
    Block(Block),
    /// A message that is not CopyData, and came after all that was handed out.
    Message(Message),
}

/// The reading half of a COPY: a buffer with, from its start, what is gone, whole CopyData messages that are not handed
/// out yet, and the beginning of the next message.
pub(super) struct CopyReader {
    pool: BufferPool,
    /// What is going on, for errors.
    state: &'static str,
    /// The capacity of an ordinary read buffer.
    size: usize,
    buffer: Option<Buffer>,
    /// Where the whole messages begin and end, and how many there are.
    start: usize,
    whole: usize,
    messages: usize,
    /// Bytes that wait for the pool to have a buffer for them: less than a read buffer holds.
    carry: Vec<u8>,
    /// Why nothing more comes; told when all that came before it is handed out.
    failed: Option<Error>,
}

impl std::fmt::Debug for CopyReader {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("CopyReader").field("messages", &self.messages).finish_non_exhaustive()
    }
}

/// What stands behind the whole messages.
enum Next {
    /// Part of a message of this many bytes (at least).
    Part(usize),
    /// A whole message of this many bytes that is not CopyData.
    Other(usize),
    /// Nothing that can be.
    Bad(Error),
}

impl CopyReader {
    /// A reader that begins with the bytes in `carry`.
    pub(super) fn new(pool: &BufferPool, state: &'static str, carry: Vec<u8>) -> Self {
        // An eighth of the limit: several readers that share a pool must not fill it with read buffers alone.
        let size = (pool.limit() / 8).clamp(SMALLEST_READ, LARGEST_READ);
        let pool = pool.clone();
        Self { pool, state, size, buffer: None, start: 0, whole: 0, messages: 0, carry, failed: None }
    }

    /// What is read and not handed out: to be called when the copy is over.
    pub(super) fn into_rest(self) -> Vec<u8> {
        match self.buffer {
            Some(buffer) => buffer.as_ref().get(self.start..).unwrap_or_default().to_vec(),
            None => self.carry,
        }
    }

    /// Whether whole messages wait to be handed out.
    pub(super) fn has_whole(&self) -> bool {
        self.messages > 0
    }

    /// The next step. Blocks come when a buffer is full or a message of another kind follows, else when the socket has
    /// nothing more and `at_least` bytes are whole. Pending, without reading, while the pool is at its limit.
    pub(super) fn poll_step<S: AsyncRead + Unpin>(
        &mut self,
        socket: &mut S,
        cx: &mut Context<'_>,
        at_least: usize,
    ) -> Poll<Result<Step, Error>> {
        loop {
            let Some(buffer) = &mut self.buffer else {
                if self.carry.is_empty()
                    && let Some(error) = self.failed.take()
                {
                    return Poll::Ready(Err(error));
                }
                ready!(self.pool.poll_ready(cx));
                let mut buffer = self.pool.take(self.size.max(self.carry.len()));
                buffer.bytes_mut().append(&mut self.carry);
                self.carry = Vec::new();
                self.buffer = Some(buffer);
                continue;
            };
            let (next, found) = scan(buffer.as_ref(), &mut self.whole, self.state);
            self.messages += found;
            let has_whole = self.messages > 0;
            let needed = match next {
                Next::Part(needed) => needed,
                _ if has_whole => return Poll::Ready(Ok(Step::Block(self.hand_out(cx)))),
                Next::Bad(error) => return Poll::Ready(Err(error)),
                Next::Other(length) => return Poll::Ready(Ok(Step::Message(self.pass(length)))),
            };
            let full = self.whole + needed > buffer.bytes_mut().capacity();
            if has_whole && (full || self.failed.is_some()) {
                return Poll::Ready(Ok(Step::Block(self.hand_out(cx))));
            }
            if let Some(error) = self.failed.take() {
                return Poll::Ready(Err(error));
            }
            if full {
                make_room(buffer, self.start, needed);
                (self.start, self.whole) = (0, 0);
            }
            match poll_fill(buffer, socket, cx) {
                Poll::Ready(Ok(0)) => {
                    self.failed = Some(closed(self.state, buffer.as_ref().len() > self.whole));
                }
                Poll::Ready(Ok(_)) => {}
                Poll::Ready(Err(error)) => self.failed = Some(broken(self.state, error)),
                Poll::Pending if has_whole && self.whole - self.start >= at_least => {
                    return Poll::Ready(Ok(Step::Block(self.hand_out(cx))));
                }
                Poll::Pending => return Poll::Pending,
            }
        }
    }

    /// The whole messages as a block: little of a large buffer is copied, else the buffer itself goes, and what is
    /// behind the whole messages moves on into the next.
    fn hand_out(&mut self, cx: &mut Context<'_>) -> Block {
        let messages = std::mem::take(&mut self.messages);
        let Some(mut buffer) = self.buffer.take() else {
            return Block::new(Bytes::new(), 0);
        };
        let range = std::mem::take(&mut self.start)..std::mem::take(&mut self.whole);
        // At the pool's limit nothing is copied: the read buffer goes, so that no more is in use than before.
        let may_take = self.pool.poll_ready(cx).is_ready();
        if may_take && range.len() < buffer.bytes_mut().capacity() / 4 {
            let mut copy = self.pool.take(range.len());
            copy.bytes_mut().extend_from_slice(buffer.as_ref().get(range.clone()).unwrap_or_default());
            if range.end == buffer.as_ref().len() {
                buffer.bytes_mut().clear();
            } else {
                (self.start, self.whole) = (range.end, range.end);
            }
            self.buffer = Some(buffer);
            return Block::new(copy.freeze(), messages);
        }
        let tail = buffer.as_ref().get(range.end..).unwrap_or_default();
        if !tail.is_empty() && may_take {
            let mut next = self.pool.take(self.size.max(tail.len()));
            next.bytes_mut().extend_from_slice(tail);
            self.buffer = Some(next);
        } else {
            self.carry.extend_from_slice(tail);
        }
        Block::new(buffer.freeze().slice(range), messages)
    }

    /// Takes the message of `length` bytes that stands first.
    fn pass(&mut self, length: usize) -> Message {
        let bytes = self.buffer.as_ref().map(AsRef::as_ref).unwrap_or_default();
        let message = bytes.get(self.whole..self.whole + length).unwrap_or_default();
        let tag = message.first().copied().unwrap_or_default();
        let body = Bytes::copy_from_slice(message.get(HEADER..).unwrap_or_default());
        self.whole += length;
        self.start = self.whole;
        Message { tag, body }
    }
}

/// Moves `whole` over the whole CopyData messages that follow, and says what comes then and how many they were.
fn scan(bytes: &[u8], whole: &mut usize, state: &str) -> (Next, usize) {
    let mut found = 0;
    let next = loop {
        let rest = bytes.get(*whole..).unwrap_or_default();
        let Some(&tag) = rest.first() else { break Next::Part(HEADER) };
        if !matches!(tag, b'd' | b'c' | b'C' | b'E' | b'N' | b'S' | b'A') {
            break Next::Bad(unexpected(tag, state, "copied data or its end"));
        }
        let largest = |tag| if tag == b'd' { LARGEST_COPY_DATA } else { message::largest(tag) };
        match whole_length(rest, state, largest) {
            Err(error) => break Next::Bad(error),
            Ok(None) => break Next::Part(HEADER),
            Ok(Some(length)) if length > rest.len() => break Next::Part(length),
            Ok(Some(length)) if tag != b'd' => break Next::Other(length),
            Ok(Some(length)) => {
                *whole += length;
                found += 1;
            }
        }
    };
    (next, found)
}

/// Makes room for more of a message of `needed` bytes that begins at `start` and has nothing whole before it.
///
/// The buffer grows as bytes arrive, up to exactly the message: a length that lies costs the liar the bytes.
fn make_room(buffer: &mut Buffer, start: usize, needed: usize) {
    if start > 0 {
        let bytes = buffer.bytes_mut();
        bytes.drain(..start.min(bytes.len()));
    }
    let (length, capacity) = (buffer.as_ref().len(), buffer.bytes_mut().capacity());
    if length == capacity {
        buffer.reserve(needed.min(capacity.saturating_mul(2)).saturating_sub(length).max(HEADER));
    }
}

/// Reads into the room that the buffer has.
fn poll_fill<S: AsyncRead + Unpin>(
    buffer: &mut Buffer,
    socket: &mut S,
    cx: &mut Context<'_>,
) -> Poll<std::io::Result<usize>> {
    let bytes = buffer.bytes_mut();
    let room = bytes.capacity() - bytes.len();
    let mut target = bytes.limit(room);
    // The future borrows and holds nothing else: dropped at Pending, it has read nothing.
    pin!(socket.read_buf(&mut target)).poll(cx)
}

#[cfg(test)]
#[path = "copy_reader_tests.rs"]
mod tests;
