//! A session without a server, for `fuzz/`.
//!
//! What reads a socket's bytes is private, and so it stays: whoever uses a [`Connection`] is not to depend on how frames are
//! found. But what it promises (the same frames in whatever pieces their bytes arrive, no memory for a length that
//! lies) can't be tried over a socket of the kernel, which chooses the pieces itself and takes its time. So this one
//! door leads in, behind the feature `fuzzing`, which nothing but `fuzz/` turns on. It is no part of the API, and may change
//! with any release.

use super::channel::Channel;
use super::config::{ConnectConfig, Host};
use super::connection::Connection;
pub use super::socket::InMemory as Stream;
use super::socket::Socket;
use super::startup::{BackendKey, Session};

/// A session over `stream`, logged in: what the peer sends first is its answer to what is asked first.
#[must_use]
pub fn session(stream: impl Stream + 'static) -> Connection {
    let host = Host::Tcp { host: "memory".to_owned(), port: 0 };
    Connection {
        channel: Channel::new(Socket::in_memory(Box::new(stream))),
        key: BackendKey::default(),
        config: ConnectConfig::new(host, "fuzz", "fuzz"),
        session: Session::Replication,
        ready: true,
    }
}
