use std::ops::{Deref, DerefMut};
use std::time::{Duration, Instant};

use tokio_postgres::NoTls;
use tokio_postgres::error::SqlState;

use crate::error::Result;

/// What a server takes at the most to notice that a session of it is over, on a busy machine.
const GONE: Duration = Duration::from_secs(30);
/// Between two looks.
const LOOK: Duration = Duration::from_millis(20);

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

    /// Drops a replication slot once nobody reads it: a walsender lets go of its slot a moment after its connection was
    /// closed. Waits up to 30 seconds for that.
    ///
    /// # Errors
    ///
    /// If there is no such slot, or somebody still reads it.
    pub async fn drop_slot(&self, name: &str) -> Result<()> {
        let sql = format!("SELECT pg_drop_replication_slot('{}')", name.replace('\'', "''"));
        let since = Instant::now();
        loop {
            match self.client.batch_execute(&sql).await {
                Err(error) if error.code() == Some(&SqlState::OBJECT_IN_USE) && since.elapsed() < GONE => {
                    tokio::time::sleep(LOOK).await;
                }
                done => return Ok(done?),
            }
        }
    }

    /// Waits until nobody reads a replication slot, as [`drop_slot`](Self::drop_slot) does: who reads it next is not
    /// refused because of who read it last.
    ///
    /// # Errors
    ///
    /// If there is no such slot, or somebody still reads it.
    pub async fn slot_is_free(&self, name: &str) -> Result<()> {
        let sql = format!(
            "SELECT active_pid FROM pg_replication_slots WHERE slot_name = '{}'",
            name.replace('\'', "''")
        );
        let since = Instant::now();
        loop {
            let reader = self.value(&sql).await?;
            if reader.is_empty() {
                return Ok(());
            }
            if since.elapsed() > GONE {
                return Err(crate::Error::Invalid(format!("process {reader} still reads slot {name}")));
            }
            tokio::time::sleep(LOOK).await;
        }
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
