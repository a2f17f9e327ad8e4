//! An open socket: TCP, a unix socket, or TLS over TCP.

use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::task::{Context, Poll};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
#[cfg(unix)]
use tokio::net::UnixStream;
use tokio_rustls::client::TlsStream;

use super::address::{self, within};
use super::config::{ConnectConfig, SslMode};
use super::tls;
use crate::{Error, ErrorKind};

/// A byte stream to a server: what [`Connection`](super::Connection) runs over, and what other drivers can.
#[derive(Debug)]
pub struct Socket {
    kind: Kind,
    peer: Option<SocketAddr>,
}

#[derive(Debug)]
enum Kind {
    Tcp(TcpStream),
    #[cfg(unix)]
    Unix(UnixStream),
    Tls(Box<TlsStream<TcpStream>>),
    #[cfg(feature = "fuzzing")]
    Memory(Box<dyn InMemory>),
}

/// Both directions of a socket that there is in memory only.
#[cfg(feature = "fuzzing")]
pub trait InMemory: AsyncRead + AsyncWrite + std::fmt::Debug + Send + Sync + Unpin {}

#[cfg(feature = "fuzzing")]
impl<T: AsyncRead + AsyncWrite + std::fmt::Debug + Send + Sync + Unpin> InMemory for T {}

/// Opens a socket as `config` says, TLS included; the start-up packet is next.
///
/// For other drivers: hand it to tokio-postgres' `Config::connect_raw` with `NoTls`. Host names that have several
/// addresses are tried in order. With `sslmode=prefer`, a TLS handshake that fails is followed by a connection
/// without TLS, as libpq does.
///
/// # Errors
/// Kinds `Config`, `Io`, `Closed`, `Timeout`, `Tls`, `Protocol`, `Unsupported`, naming the host.
pub async fn open(config: &ConnectConfig) -> Result<Socket, Error> {
    let address = address::only_host(config)?;
    open_mode(config, config.tls.mode, None)
        .await
        .map_err(|error| error.while_doing(format!("could not connect to {address}")))
}

/// As [`open`], with a mode of its own and, where `peer` is given, at exactly that address.
pub(super) async fn open_mode(
    config: &ConnectConfig,
    mode: SslMode,
    peer: Option<SocketAddr>,
) -> Result<Socket, Error> {
    let stream = match address::connect(config, peer).await? {
        address::Stream::Tcp(stream) => stream,
        #[cfg(unix)]
        address::Stream::Unix(stream) => return Ok(Socket { kind: Kind::Unix(stream), peer: None }),
    };
    let peer = stream.peer_addr().ok();
    let plain = |stream| Socket { kind: Kind::Tcp(stream), peer };
    if mode == SslMode::Disable {
        return Ok(plain(stream));
    }
    let host = address::tcp_host(config)?;
    match within(config.connect_timeout, "TLS", tls::negotiate(stream, host, &config.tls, mode)).await {
        Ok(tls::Negotiated::Tls(stream)) => Ok(Socket { kind: Kind::Tls(stream), peer }),
        Ok(tls::Negotiated::Plain(stream)) => Ok(plain(stream)),
        Err(error) if mode == SslMode::Prefer && error.kind() != ErrorKind::Timeout => {
            tracing::debug!(%error, "TLS failed; connecting without, as sslmode=prefer has it");
            match address::connect(config, peer).await? {
                address::Stream::Tcp(stream) => Ok(plain(stream)),
                #[cfg(unix)]
                address::Stream::Unix(_) => Err(error),
            }
        }
        Err(error) => Err(error),
    }
}

impl Socket {
    /// One that no system call stands behind.
    #[cfg(feature = "fuzzing")]
    pub(super) fn in_memory(stream: Box<dyn InMemory>) -> Self {
        Self { kind: Kind::Memory(stream), peer: None }
    }

    /// Whether what is sent is encrypted.
    #[must_use]
    pub fn is_tls(&self) -> bool {
        matches!(self.kind, Kind::Tls(_))
    }

    /// Whether it is a unix socket.
    #[must_use]
    pub fn is_unix(&self) -> bool {
        match self.kind {
            #[cfg(unix)]
            Kind::Unix(_) => true,
            _ => false,
        }
    }

    /// The server's address, where it is on TCP.
    #[must_use]
    pub fn peer(&self) -> Option<SocketAddr> {
        self.peer
    }
}

macro_rules! each {
    ($socket:expr, $stream:ident => $call:expr) => {
        match &mut $socket.get_mut().kind {
            Kind::Tcp(stream) => {
                let $stream = Pin::new(stream);
                $call
            }
            #[cfg(unix)]
            Kind::Unix(stream) => {
                let $stream = Pin::new(stream);
                $call
            }
            Kind::Tls(stream) => {
                let $stream = Pin::new(stream.as_mut());
                $call
            }
            #[cfg(feature = "fuzzing")]
            Kind::Memory(stream) => {
                let $stream = Pin::new(stream.as_mut());
                $call
            }
        }
    };
}

impl AsyncRead for Socket {
    fn poll_read(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        each!(self, stream => stream.poll_read(cx, buffer))
    }
}

impl AsyncWrite for Socket {
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        each!(self, stream => stream.poll_write(cx, bytes))
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        each!(self, stream => stream.poll_flush(cx))
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        each!(self, stream => stream.poll_shutdown(cx))
    }
}
