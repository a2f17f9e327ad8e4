//! From a host to a connected stream.

use std::future::Future;
use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use socket2::{SockRef, TcpKeepalive};
use tokio::net::TcpStream;
#[cfg(unix)]
use tokio::net::UnixStream;

use super::config::{ConnectConfig, Host, KeepaliveConfig};
use crate::{Error, ErrorKind};

pub(super) enum Stream {
    Tcp(TcpStream),
    #[cfg(unix)]
    Unix(UnixStream),
}

/// The one host there may be for now.
pub(super) fn only_host(config: &ConnectConfig) -> Result<&Host, Error> {
    match config.hosts.as_slice() {
        [host] => Ok(host),
        [] => Err(Error::new(ErrorKind::Config, "there is no host to connect to")),
        _ => Err(Error::new(ErrorKind::Unsupported, "more than one host is not supported yet")),
    }
}

/// The host's name or address on TCP.
pub(super) fn tcp_host(config: &ConnectConfig) -> Result<&str, Error> {
    match only_host(config)? {
        Host::Tcp { host, .. } => Ok(host),
        Host::Unix { .. } => Err(Error::new(ErrorKind::Config, "a unix socket has no host name")),
    }
}

/// Connects to the first address of the host that answers, or to `peer`. The time limit is each address's own.
pub(super) async fn connect(config: &ConnectConfig, peer: Option<SocketAddr>) -> Result<Stream, Error> {
    let limit = config.connect_timeout;
    let (host, port) = match only_host(config)? {
        #[cfg(unix)]
        Host::Unix { directory, port } => {
            let path = directory.join(format!(".s.PGSQL.{port}"));
            let connecting = async { UnixStream::connect(&path).await.map_err(refused) };
            return within(limit, "connecting", connecting).await.map(Stream::Unix);
        }
        #[cfg(not(unix))]
        Host::Unix { .. } => {
            return Err(Error::new(ErrorKind::Unsupported, "there are no unix sockets on this system"));
        }
        Host::Tcp { host, port } => (host.as_str(), *port),
    };
    let addresses: Vec<SocketAddr> = match peer {
        Some(peer) => vec![peer],
        None => {
            let looking_up = async {
                tokio::net::lookup_host((host, port)).await.map_err(|error| {
                    Error::new(ErrorKind::Io, format!("the host name \"{host}\" has no address"))
                        .with_hint("check the name, and that it can be resolved here")
                        .with_cause(error)
                })
            };
            within(limit, "looking up the host name", looking_up).await?.collect()
        }
    };
    let mut last = Error::new(ErrorKind::Io, format!("the host name \"{host}\" has no address"));
    for address in addresses {
        let connecting = async { TcpStream::connect(address).await.map_err(refused) };
        match within(limit, "connecting", connecting).await {
            Ok(stream) => {
                set_options(&stream, &config.keepalive)?;
                return Ok(Stream::Tcp(stream));
            }
            Err(error) if address.ip().to_string() == host => last = error,
            Err(error) => last = error.while_doing(format!("no connection to {address}")),
        }
    }
    Err(last)
}

/// Runs `what` for at most `limit`; zero is no limit.
pub(super) async fn within<T>(
    limit: Duration,
    doing: &str,
    what: impl Future<Output = Result<T, Error>>,
) -> Result<T, Error> {
    if limit.is_zero() {
        return what.await;
    }
    tokio::time::timeout(limit, what).await.unwrap_or_else(|_| {
        Err(Error::new(ErrorKind::Timeout, format!("{doing}: no answer within {limit:?}"))
            .with_hint("check host, port and firewalls; connect_timeout sets how long is waited"))
    })
}

fn refused(error: io::Error) -> Error {
    let hint = match error.kind() {
        io::ErrorKind::ConnectionRefused => {
            "is the server running there, and does it listen on that address and port?"
        }
        io::ErrorKind::NotFound => {
            "is the server running, and is that the folder of its unix_socket_directories?"
        }
        io::ErrorKind::PermissionDenied => "this user may not use that socket",
        _ => "check host, port and the network",
    };
    Error::new(ErrorKind::Io, "the connection was not accepted").with_hint(hint).with_cause(error)
}

fn set_options(stream: &TcpStream, config: &KeepaliveConfig) -> Result<(), Error> {
    let set = || -> io::Result<()> {
        stream.set_nodelay(true)?;
        let socket = SockRef::from(stream);
        if !config.enabled {
            return socket.set_keepalive(false);
        }
        let mut keepalive = TcpKeepalive::new();
        if let Some(idle) = config.idle {
            keepalive = keepalive.with_time(idle);
        }
        if let Some(interval) = config.interval {
            keepalive = keepalive.with_interval(interval);
        }
        if let Some(retries) = config.retries {
            keepalive = keepalive.with_retries(retries);
        }
        socket.set_keepalive(true)?;
        socket.set_tcp_keepalive(&keepalive)
    };
    set().map_err(|error| {
        Error::new(ErrorKind::Config, "the socket's keepalive settings were not accepted").with_cause(error)
    })
}
