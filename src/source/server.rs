//! The server that a pipeline reads.

use pg_cdc_core::catalog::{self, Client, System};
use pg_cdc_core::stream::identify;
use pg_cdc_core::wire::{ConnectConfig, Connection, Session};
use pg_cdc_core::{Error, ErrorKind, ServerId, walminer};

use crate::config::{Plugin, SnapshotMode, SourceConfig};

/// The oldest version that has `pgoutput`.
const OLDEST: u32 = 100_000;

/// A session with the server, and what the server is.
pub(crate) struct Server {
    pub(crate) connect: ConnectConfig,
    pub(crate) client: Client,
    pub(crate) system: System,
    pub(crate) id: ServerId,
}

impl Server {
    /// Connects, and sees that it is a server that can be read as `source` says.
    ///
    /// # Errors
    ///
    /// Where it can't be reached, does not let us in or replicate, is too old, a standby, or has no logical WAL.
    pub(crate) async fn connect(source: &SourceConfig) -> Result<Self, Error> {
        let connect = source.connect_config()?;
        let client = catalog::connect(&connect).await?;
        let system = catalog::system(&client).await?;
        if system.version < OLDEST {
            let found = system.version / 10_000;
            return Err(Error::new(ErrorKind::Unsupported, format!("the server is PostgreSQL {found}"))
                .with_hint("pgoutput is part of PostgreSQL since version 10"));
        }
        let id = if source.snapshot.mode == SnapshotMode::Only {
            cluster(&client).await?
        } else if source.plugin == Plugin::Walminer {
            can_be_mined(&system)?;
            walminer::identify(&client).await?
        } else {
            can_replicate(&system)?;
            let mut walsender =
                Connection::connect(&connect, Session::Replication).await.map_err(no_replication)?;
            let identity = identify(&mut walsender).await?;
            walsender.close().await;
            identity.server
        };
        Ok(Self { connect, client, system, id })
    }
}

fn is_primary(system: &System) -> Result<(), Error> {
    if system.in_recovery {
        return Err(Error::new(
            ErrorKind::Unsupported,
            "the server is a standby: reading changes from one is not supported yet",
        )
        .with_hint("connect to the primary"));
    }
    Ok(())
}

fn can_be_mined(system: &System) -> Result<(), Error> {
    is_primary(system)?;
    if system.wal_level == "minimal" {
        let what = "the server's wal_level is minimal, walminer needs replica";
        return Err(Error::new(ErrorKind::Mismatch, what)
            .with_hint("ALTER SYSTEM SET wal_level = replica, and restart the server"));
    }
    Ok(())
}

fn can_replicate(system: &System) -> Result<(), Error> {
    is_primary(system)?;
    if system.wal_level != "logical" {
        return Err(Error::new(
            ErrorKind::Mismatch,
            format!("the server's wal_level is {}, needed is logical", system.wal_level),
        )
        .with_hint("ALTER SYSTEM SET wal_level = logical, and restart the server"));
    }
    Ok(())
}

fn no_replication(error: Error) -> Error {
    let denied = matches!(error.sqlstate(), Some("42501" | "28000"));
    let error = error.while_doing("no replication connection could be opened");
    if denied { error.with_hint("the role needs REPLICATION: ALTER ROLE … REPLICATION") } else { error }
}

/// The cluster as SQL tells it, for who needs no replication connection.
async fn cluster(client: &Client) -> Result<ServerId, Error> {
    let sql = "SELECT s.system_identifier, c.timeline_id FROM pg_catalog.pg_control_system() s, \
               pg_catalog.pg_control_checkpoint() c";
    let row = client.query_one(sql, &[]).await?;
    let (system, timeline): (i64, i32) = (row.try_get(0)?, row.try_get(1)?);
    Ok(ServerId { system_id: system.cast_unsigned(), timeline: timeline.cast_unsigned() })
}
