//! A socket that gives its bytes in pieces.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

/// What becomes of what is written.
#[derive(Debug, Clone, Copy)]
pub(super) enum Writes {
    /// It is taken.
    All,
    /// A byte at a time, with pauses.
    Little,
    /// The peer is gone.
    Fail,
}

/// Gives a stream in pieces, with a pause before each, then its end. Without cuts it gives all that there is room for.
#[derive(Debug)]
pub(super) struct Pieces {
    stream: Vec<u8>,
    at: usize,
    cuts: Vec<u8>,
    turn: usize,
    has_paused: bool,
    writes: Writes,
    write_pauses: bool,
}

impl Pieces {
    pub(super) fn new(stream: Vec<u8>, cuts: &[u8], writes: Writes) -> Self {
        let cuts = cuts.to_vec();
        Self { stream, at: 0, cuts, turn: 0, has_paused: false, writes, write_pauses: false }
    }

    /// The next piece's length.
    fn piece(&mut self) -> usize {
        let Some(&cut) = self.cuts.get(self.turn % self.cuts.len().max(1)) else { return usize::MAX };
        self.turn += 1;
        match usize::from(cut) {
            0 => usize::MAX,
            short @ ..=200 => short,
            long => (long - 200) * 300,
        }
    }
}

impl AsyncRead for Pieces {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        if !self.cuts.is_empty() && !std::mem::replace(&mut self.has_paused, true) {
            cx.waker().wake_by_ref();
            return Poll::Pending;
        }
        self.has_paused = false;
        let rest = self.stream.len() - self.at;
        let length = self.piece().min(rest).min(buffer.remaining());
        let end = self.at + length;
        buffer.put_slice(&self.stream[self.at..end]);
        self.at = end;
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for Pieces {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        match self.writes {
            Writes::All => Poll::Ready(Ok(bytes.len())),
            Writes::Little => {
                self.write_pauses = !self.write_pauses;
                if self.write_pauses {
                    cx.waker().wake_by_ref();
                    return Poll::Pending;
                }
                Poll::Ready(Ok(1))
            }
            Writes::Fail => Poll::Ready(Err(io::ErrorKind::BrokenPipe.into())),
        }
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }
}
