//! From an open socket to a session that is ready for queries.
//!
//! Chapter "Start-up" of the protocol's documentation, protocol 3.0.

use postgres_protocol::message::frontend;

use super::auth::authenticate;
use super::channel::Channel;
use super::config::ConnectConfig;
use super::message::{Reader, largest, malformed, unexpected};
use super::server_error::server_error;
use super::session::pinned_options;
use crate::Error;

const STATE: &str = "start-up";

/// What a session is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Session {
    /// SQL.
    Sql,
    /// Logical replication (`replication=database`): replication commands and SQL (from 10 on), both by the simple
    /// query protocol only.
    Replication,
}

/// What a CancelRequest needs.
#[derive(Clone, Copy, Default)]
pub(super) struct BackendKey {
    pub(super) process_id: i32,
    pub(super) secret_key: i32,
}

/// The key is as good as a password, for cancelling.
impl std::fmt::Debug for BackendKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("BackendKey").field("process_id", &self.process_id).finish_non_exhaustive()
    }
}

/// Sends the start-up packet, authenticates, and reads on until ReadyForQuery.
pub(super) async fn start(
    channel: &mut Channel,
    config: &ConnectConfig,
    session: Session,
) -> Result<BackendKey, Error> {
    let parameters = parameters(config, session);
    let parameters = parameters.iter().map(|(name, value)| (name.as_str(), value.as_str()));
    channel.queue(STATE, |out| frontend::startup_message(parameters, out))?;
    authenticate(channel, config).await?;
    let mut key = BackendKey::default();
    loop {
        let message = channel.message(STATE, largest).await?;
        let mut body = Reader::new(&message.body);
        match message.tag {
            b'K' => {
                let (Some(process_id), Some(secret_key), true) = (body.i32(), body.i32(), body.is_empty())
                else {
                    return Err(malformed(b'K', STATE));
                };
                key = BackendKey { process_id, secret_key };
            }
            b'Z' => return Ok(key),
            b'E' => return Err(server_error(&message.body)),
            tag => return Err(unexpected(tag, STATE, "BackendKeyData or ReadyForQuery")),
        }
    }
}

/// The start-up packet's parameters. The user's `options` come after the pinned ones and hold none of them (which
/// [`refuse_pinned`](super::session::refuse_pinned) has seen to).
fn parameters(config: &ConnectConfig, session: Session) -> Vec<(String, String)> {
    let mut options = pinned_options();
    let mut parameters =
        vec![("user".to_owned(), config.user.clone()), ("database".to_owned(), config.database.clone())];
    if session == Session::Replication {
        parameters.push(("replication".to_owned(), "database".to_owned()));
    }
    for (name, value) in &config.options {
        if name == "options" {
            options.push(' ');
            options.push_str(value);
        } else {
            parameters.push((name.clone(), value.clone()));
        }
    }
    parameters.push(("options".to_owned(), options));
    parameters
}
