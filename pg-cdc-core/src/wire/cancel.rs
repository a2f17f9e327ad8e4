//! Cancelling a statement from elsewhere.
//!
//! Chapter "Canceling Requests in Progress" of the protocol's documentation.

use std::net::SocketAddr;

use postgres_protocol::message::frontend;

use super::address::within;
use super::channel::Channel;
use super::config::{ConnectConfig, SslMode};
use super::connection::Connection;
use super::socket::{Socket, open_mode};
use super::startup::BackendKey;
use crate::Error;

const STATE: &str = "cancelling";

/// Cancels what a session is doing, over a connection of its own: to the same address, encrypted if the session is.
#[derive(Clone, Debug)]
pub struct CancelToken {
    config: ConnectConfig,
    mode: SslMode,
    peer: Option<SocketAddr>,
    key: BackendKey,
}

impl Connection {
    /// What it takes to cancel this session's statement from elsewhere.
    #[must_use]
    pub fn cancel_token(&self) -> CancelToken {
        CancelToken::new(self.config.clone(), self.channel.socket(), self.key)
    }
}

impl CancelToken {
    fn new(config: ConnectConfig, socket: &Socket, key: BackendKey) -> Self {
        let mode = if socket.is_tls() { config.tls.mode } else { SslMode::Disable };
        Self { config, mode, peer: socket.peer(), key }
    }

    /// Asks the server to cancel the statement that the session is running, if it is. Returns when the server has
    /// taken the request; the statement then fails with SQLSTATE 57014, or has just ended by itself.
    ///
    /// # Errors
    /// As [`open`](super::open).
    pub async fn cancel(&self) -> Result<(), Error> {
        let socket = open_mode(&self.config, self.mode, self.peer).await?;
        within(self.config.connect_timeout, STATE, async {
            let mut channel = Channel::new(socket);
            channel.queue(STATE, |out| {
                frontend::cancel_request(self.key.process_id, self.key.secret_key, out);
                Ok(())
            })?;
            channel.flush(STATE).await?;
            // It hangs up without an answer.
            channel.read_to_end(STATE).await;
            Ok(())
        })
        .await
    }
}
