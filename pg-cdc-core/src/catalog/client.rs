//! A tokio-postgres client over our own socket.

use std::future::poll_fn;
use std::ops::Deref;
use std::sync::{Arc, Mutex, PoisonError};

use tokio::task::JoinHandle;
use tokio_postgres::error::DbError;
use tokio_postgres::{AsyncMessage, NoTls};

use crate::wire::{self, ConnectConfig, Host};
use crate::{Error, ErrorKind};

/// How many notices are kept for whoever asks; further ones are dropped.
const MOST_NOTICES: usize = 100;
/// How many characters of a notice are kept.
const LONGEST_NOTICE: usize = 1000;

/// A session for ordinary SQL with the pinned settings. Closed when dropped.
#[derive(Debug)]
pub struct Client {
    client: tokio_postgres::Client,
    connection: JoinHandle<()>,
    notices: Arc<Mutex<Vec<Notice>>>,
}

/// What the server said beside its answers.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Notice {
    /// `NOTICE`, `WARNING` and the like, in the server's language.
    pub severity: String,
    /// What it said.
    pub message: String,
}

impl Notice {
    #[cfg(all(test, feature = "stream"))]
    pub(crate) fn of(severity: &str, message: &str) -> Self {
        Self { severity: severity.to_owned(), message: message.to_owned() }
    }

    fn new(notice: &DbError) -> Self {
        let message = notice.message().chars().take(LONGEST_NOTICE).collect();
        Self { severity: notice.severity().to_owned(), message }
    }
}

/// Opens a session for ordinary SQL, with the same hosts, TLS and password as every other connection.
///
/// # Errors
///
/// Where the server can't be reached or does not let us in.
pub async fn connect(config: &ConnectConfig) -> Result<Client, Error> {
    let socket = wire::open(config).await?;
    let mut postgres = tokio_postgres::Config::new();
    postgres.user(&config.user).dbname(&config.database);
    if let Some(password) = &config.password {
        postgres.password(password.expose());
    }
    // The socket is encrypted already where it is to be.
    postgres.ssl_mode(tokio_postgres::config::SslMode::Disable);
    match config.hosts.first() {
        Some(Host::Tcp { host, port }) => postgres.host(host).port(*port),
        Some(Host::Unix { directory, port }) => postgres.host_path(directory).port(*port),
        None => &mut postgres,
    };
    postgres.options(wire::pinned_options());
    if let Some((_, name)) = config.options.iter().find(|(key, _)| key == "application_name") {
        postgres.application_name(name);
    }
    let started = tokio::time::timeout(config.connect_timeout, postgres.connect_raw(socket, NoTls)).await;
    let (client, mut connection) = match started {
        Ok(result) => result.map_err(|error| refused(error.into(), config))?,
        Err(_) => {
            return Err(Error::new(
                ErrorKind::Timeout,
                "the server did not answer the start-up of a session",
            ));
        }
    };
    let notices: Arc<Mutex<Vec<Notice>>> = Arc::default();
    let heard = Arc::clone(&notices);
    let connection = tokio::spawn(async move {
        // Its error comes out of the query that it breaks.
        while let Some(Ok(message)) = poll_fn(|cx| connection.poll_message(cx)).await {
            if let AsyncMessage::Notice(notice) = message {
                let mut heard = heard.lock().unwrap_or_else(PoisonError::into_inner);
                if heard.len() < MOST_NOTICES {
                    heard.push(Notice::new(&notice));
                }
            }
        }
    });
    let client = Client { client, connection, notices };
    let version = client.version().await?;
    client.batch_execute(&wire::pinned_sets(version)).await?;
    Ok(client)
}

/// The server did not let us in.
fn refused(error: Error, config: &ConnectConfig) -> Error {
    let hint = match error.sqlstate() {
        Some("28P01") => Some("check the user and the password"),
        Some("3D000") => Some("check the database's name"),
        Some("28000") => {
            Some("the server's pg_hba.conf lets this role not in from here, or the role may not log in")
        }
        _ => None,
    };
    let host = config.hosts.first().map(ToString::to_string).unwrap_or_default();
    let error = error.while_doing(format!("could not connect to {host}"));
    match hint {
        Some(hint) if error.hint().is_none() => error.with_hint(hint),
        _ => error,
    }
}

impl Client {
    /// `server_version_num`, as in 150018.
    ///
    /// # Errors
    ///
    /// Where the session is broken.
    pub async fn version(&self) -> Result<u32, Error> {
        let row =
            self.client.query_one("SELECT pg_catalog.current_setting('server_version_num')", &[]).await?;
        let text: &str = row.try_get(0)?;
        text.parse().map_err(|_| {
            Error::new(ErrorKind::Protocol, format!("server_version_num is {text:?}, expected a number"))
        })
    }
}

impl Client {
    /// What the server said beside its answers since this was asked last; those that belong to a statement are there
    /// when its answer is. The first hundred.
    pub fn take_notices(&self) -> Vec<Notice> {
        std::mem::take(&mut *self.notices.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Has the server cancel what this session is doing, over a connection of its own.
    ///
    /// # Errors
    ///
    /// Where the server can't be reached.
    pub async fn cancel(&self, config: &ConnectConfig) -> Result<(), Error> {
        let socket = wire::open(config).await?;
        Ok(self.client.cancel_token().cancel_query_raw(socket, NoTls).await?)
    }
}

impl Deref for Client {
    type Target = tokio_postgres::Client;

    fn deref(&self) -> &Self::Target {
        &self.client
    }
}

impl Drop for Client {
    fn drop(&mut self) {
        self.connection.abort();
    }
}

impl From<tokio_postgres::Error> for Error {
    fn from(error: tokio_postgres::Error) -> Self {
        if let Some(server) = error.as_db_error() {
            let mut mapped =
                Self::new(ErrorKind::Server, server.message().to_owned()).with_sqlstate(server.code().code());
            if let Some(detail) = server.detail() {
                mapped = Self::new(ErrorKind::Server, format!("{} ({detail})", server.message()))
                    .with_sqlstate(server.code().code());
            }
            return match server.hint() {
                Some(hint) => mapped.with_hint(hint.to_owned()),
                None => mapped,
            };
        }
        let kind = if error.is_closed() { ErrorKind::Closed } else { kind_of(&error) };
        Self::new(kind, "a query could not be run").with_cause(error)
    }
}

/// The error of a query for names: the server can't give as UTF-8 what is no text in the database's encoding.
pub(super) fn unreadable(error: tokio_postgres::Error) -> Error {
    let error = Error::from(error);
    match error.sqlstate() {
        Some("22021" | "22P05") => {
            error.while_doing("the catalog holds a name that the server can't give as UTF-8").with_hint(
                "rename it: names of schemas, tables, columns and types, and labels of enums, must be text in the \
                 database's encoding, and UTF-8 in SQL_ASCII",
            )
        }
        _ => error,
    }
}

fn kind_of(error: &tokio_postgres::Error) -> ErrorKind {
    let source = std::error::Error::source(error);
    if source.is_some_and(|source| source.is::<std::io::Error>()) {
        ErrorKind::Io
    } else {
        ErrorKind::Protocol
    }
}
