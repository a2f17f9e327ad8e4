use std::ops::{Deref, DerefMut};

use tokio_postgres::NoTls;

use crate::error::Result;

/// A connection whose other half runs in a task of its own: use it as a [`tokio_postgres::Client`].
pub struct Client {
    client: tokio_postgres::Client,
}

impl Client {
    /// Connects without TLS.
    ///
    /// # Errors
    ///
    /// If the server refuses it.
    pub async fn connect(config: &tokio_postgres::Config) -> Result<Self> {
        let (client, connection) = config.connect(NoTls).await?;
        // Its error is told to whoever uses the client next.
        tokio::spawn(async move { drop(connection.await) });
        Ok(Self { client })
    }

    /// The first column of the only row, as text, NULL as an empty string: for a quick look at one value.
    ///
    /// # Errors
    ///
    /// If the statement fails or gives no row.
    pub async fn value(&self, sql: &str) -> Result<String> {
        for message in self.client.simple_query(sql).await? {
            if let tokio_postgres::SimpleQueryMessage::Row(row) = message {
                return Ok(row.try_get(0)?.unwrap_or_default().to_owned());
            }
        }
        Err(crate::Error::Invalid(format!("no row from `{sql}`")))
    }
}

impl std::fmt::Debug for Client {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Client").finish_non_exhaustive()
    }
}

impl Deref for Client {
    type Target = tokio_postgres::Client;

    fn deref(&self) -> &Self::Target {
        &self.client
    }
}

impl DerefMut for Client {
    fn deref_mut(&mut self) -> &mut Self::Target {
        &mut self.client
    }
}
