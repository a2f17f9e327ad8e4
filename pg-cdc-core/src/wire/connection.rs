//! A session on a server.

use std::time::Duration;

use postgres_protocol::message::frontend;

use super::address::{only_host, within};
use super::channel::Channel;
use super::config::{ConnectConfig, SslMode};
use super::query::{self, Rows};
use super::session::{pinned_sets, refuse_pinned};
use super::socket::open_mode;
use super::startup::{self, BackendKey, Session};
use crate::{Error, ErrorKind};

/// How long a goodbye may take.
const CLOSE: Duration = Duration::from_secs(2);

/// A session, in which one thing happens at a time. Dropping it closes the socket without a goodbye, which the server
/// takes as one.
///
/// Dropping a future of it in the middle, or a [`CopyOut`](super::CopyOut) before its end, leaves an answer unread: every later use is
/// an error of kind `Closed`.
pub struct Connection {
    pub(super) channel: Channel,
    pub(super) key: BackendKey,
    pub(super) config: ConnectConfig,
    pub(super) session: Session,
    /// Whether the server waits for us, with nothing unread.
    pub(super) ready: bool,
}

impl Connection {
    /// Opens a socket, logs in, and pins the session's settings (see [`pinned_settings`](super::pinned_settings)).
    ///
    /// With `sslmode=prefer`, a server that refuses the encrypted connection by its pg_hba.conf is asked again without
    /// encryption, as libpq does.
    ///
    /// # Errors
    /// Those of [`open`](super::open), and kinds `Authentication`, `Server` (with the SQLSTATE). It takes no longer
    /// than `connect_timeout` for each address, then for TLS, then for logging in.
    pub async fn connect(config: &ConnectConfig, session: Session) -> Result<Self, Error> {
        refuse_pinned(&config.options)?;
        let host = only_host(config)?;
        let first = Self::connect_mode(config, session, config.tls.mode).await;
        let connected = match first {
            Err((error, true)) if config.tls.mode == SslMode::Prefer && error.sqlstate() == Some("28000") => {
                // When this fails too, the first refusal is what the user should see.
                Self::connect_mode(config, session, SslMode::Disable).await.map_err(|_| error)
            }
            first => first.map_err(|(error, _)| error),
        };
        connected.map_err(|error| error.while_doing(format!("could not connect to {host}")))
    }

    /// The error comes with whether TLS was in use.
    async fn connect_mode(
        config: &ConnectConfig,
        session: Session,
        mode: SslMode,
    ) -> Result<Self, (Error, bool)> {
        let socket = open_mode(config, mode, None).await.map_err(|error| (error, false))?;
        let tls = socket.is_tls();
        let logging_in = async {
            let mut channel = Channel::new(socket);
            let key = startup::start(&mut channel, config, session).await?;
            let mut connection = Self { channel, key, config: config.clone(), session, ready: true };
            let version = connection.server_version();
            let mut sets = version.map(pinned_sets).unwrap_or_default();
            // To a client of UTF8 the server would refuse what is none, and not say where it lies; as it is, whoever
            // reads it can.
            if connection.parameter("server_encoding") == Some("SQL_ASCII") {
                sets.push_str("SET client_encoding = 'SQL_ASCII';");
            }
            let takes_sql = session == Session::Sql || version.is_some_and(|version| version >= 100_000);
            if takes_sql && !sets.is_empty() {
                connection.simple_query(&sets).await?;
            }
            Ok(connection)
        };
        within(config.connect_timeout, "logging in", logging_in).await.map_err(|error| (error, tls))
    }

    /// A setting that the server reports, kept fresh: `server_version`, `server_encoding`, `in_hot_standby`, …
    #[must_use]
    pub fn parameter(&self, name: &str) -> Option<&str> {
        self.channel.parameter(name)
    }

    /// The server's version as `server_version_num` has it: 150018 is 15.18, 90624 is 9.6.24.
    #[must_use]
    pub fn server_version(&self) -> Option<u32> {
        parse_version(self.parameter("server_version")?)
    }

    /// The server process of this session, as `pg_stat_activity.pid`; 0 where the server did not tell.
    #[must_use]
    pub fn process_id(&self) -> i32 {
        self.key.process_id
    }

    /// Whether the connection is encrypted.
    #[must_use]
    pub fn is_tls(&self) -> bool {
        self.channel.socket().is_tls()
    }

    /// Runs statements, one or several, and gives each one's rows as text. Waits as long as the server takes.
    /// Not cancel safe: dropped in the middle, the connection is of no more use.
    ///
    /// # Errors
    /// Kind `Server` when a statement fails: the connection can be used on. Others end it. All results together are
    /// limited to 64 MiB.
    pub async fn simple_query(&mut self, sql: &str) -> Result<Vec<Rows>, Error> {
        self.begin(sql)?;
        let outcome = query::run(&mut self.channel, sql, self.session).await?;
        self.ready = true;
        outcome
    }

    /// Runs one statement that gives exactly one row.
    ///
    /// # Errors
    /// As [`simple_query`](Self::simple_query), and kind `Mismatch` when there is not one statement or not one row.
    pub async fn query_row(&mut self, sql: &str) -> Result<Rows, Error> {
        let mut results = self.simple_query(sql).await?;
        match (results.pop(), results.is_empty()) {
            (Some(rows), true) if rows.rows.len() == 1 => Ok(rows),
            (last, _) => {
                let found = last.map_or(0, |rows| rows.rows.len());
                Err(Error::new(ErrorKind::Mismatch, format!("a query for one row gave {found}")))
            }
        }
    }

    /// Says goodbye and closes the connection. Failures of that are of no interest to anyone.
    pub async fn close(mut self) {
        let goodbye = async {
            if self.ready {
                self.channel.queue("closing", |out| {
                    frontend::terminate(out);
                    Ok(())
                })?;
                self.channel.flush("closing").await?;
            }
            self.channel.shutdown().await.map_err(|error| super::message::broken("closing", error))
        };
        let closed = within(CLOSE, "closing", goodbye).await;
        if let Err(error) = closed {
            tracing::debug!(%error, "the connection was closed without a goodbye");
        }
    }

    /// From here on an answer is outstanding, until someone has read it to its end.
    pub(super) fn begin(&mut self, sql: &str) -> Result<(), Error> {
        if !self.ready {
            return Err(Error::new(
                ErrorKind::Closed,
                "the connection can't be used any more: something before was not read to its end",
            ));
        }
        if sql.contains('\0') {
            return Err(Error::new(ErrorKind::Config, "a statement holds a zero byte"));
        }
        self.ready = false;
        Ok(())
    }
}

impl std::fmt::Debug for Connection {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Connection")
            .field("hosts", &self.config.hosts)
            .field("process_id", &self.process_id())
            .field("ready", &self.ready)
            .finish_non_exhaustive()
    }
}

/// From `15.18 (Debian 15.18-1)`, `9.6.24`, `18beta1`.
fn parse_version(text: &str) -> Option<u32> {
    let number = text.split(|character: char| !character.is_ascii_digit() && character != '.').next()?;
    let mut parts = number.split('.').map(|part| part.parse::<u32>().ok().filter(|part| *part < 10_000));
    let major = parts.next()??;
    let mut part = || parts.next().flatten().unwrap_or(0);
    Some(if major >= 10 { major * 10_000 + part() } else { major * 10_000 + part() * 100 + part() })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_of_every_age() {
        for (text, number) in [
            ("15.18 (Debian 15.18-1.pgdg120+1)", Some(150_018)),
            ("10.23", Some(100_023)),
            ("9.6.24", Some(90_624)),
            ("18beta1", Some(180_000)),
            ("17devel", Some(170_000)),
            ("4294967295.1", None),
            ("", None),
            ("PostgreSQL", None),
        ] {
            assert_eq!(parse_version(text), number, "{text}");
        }
    }
}
