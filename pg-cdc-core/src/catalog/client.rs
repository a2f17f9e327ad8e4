//! A tokio-postgres client over our own socket.

use std::ops::Deref;

use tokio::task::JoinHandle;
use tokio_postgres::NoTls;

use crate::wire::{self, ConnectConfig, Host};
use crate::{Error, ErrorKind};

/// A session for ordinary SQL with the pinned settings. Closed when dropped.
#[derive(Debug)]
pub struct Client {
    client: tokio_postgres::Client,
    connection: JoinHandle<()>,
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
    let (client, connection) = match started {
        Ok(result) => result.map_err(|error| refused(error.into(), config))?,
        Err(_) => {
            return Err(Error::new(
                ErrorKind::Timeout,
                "the server did not answer the start-up of a session",
            ));
        }
    };
    let connection = tokio::spawn(async move {
        // Its error comes out of the query that it breaks.
        let _ = connection.await;
    });
    let client = Client { client, connection };
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

fn kind_of(error: &tokio_postgres::Error) -> ErrorKind {
    let source = std::error::Error::source(error);
    if source.is_some_and(|source| source.is::<std::io::Error>()) {
        ErrorKind::Io
    } else {
        ErrorKind::Protocol
    }
}
