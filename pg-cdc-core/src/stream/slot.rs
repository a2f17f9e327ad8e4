//! Slots that are made, and the snapshots they export.

use std::future::Future;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use tokio::time::Instant;

use super::walsender;
use crate::catalog::{self, Blocker, Client};
use crate::wire::{ConnectConfig, Connection, Rows, Session};
use crate::{Error, ErrorKind, Lsn, XidSnapshot};

/// How often the sessions that a slot waits for are asked for.
const LOOK: Duration = Duration::from_secs(1);
/// How long the end of a cancelled command is waited for.
const CANCELLED: Duration = Duration::from_secs(2);

/// A snapshot that other sessions can import with `SET TRANSACTION SNAPSHOT` while this lives.
#[derive(Debug)]
pub struct ExportedSnapshot {
    name: String,
    point: Lsn,
    shows: Option<Arc<XidSnapshot>>,
    /// The session that exported it: the snapshot ends with it.
    holder: Holder,
}

#[derive(Debug)]
enum Holder {
    Walsender { connection: Box<Connection> },
    Transaction { _client: Client },
}

impl ExportedSnapshot {
    /// Its name, for `SET TRANSACTION SNAPSHOT`.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// What it shows: exactly the transactions whose commit records start before this. From
    /// [`export_by_transaction`], what commits behind this is not shown, and of what commits before
    /// [`shows`](Self::shows) tells.
    #[must_use]
    pub fn point(&self) -> Lsn {
        self.point
    }

    /// The transactions that it shows, from [`export_by_transaction`].
    #[must_use]
    pub fn shows(&self) -> Option<&Arc<XidSnapshot>> {
        self.shows.as_ref()
    }
}

impl ExportedSnapshot {
    /// The walsender session that exported it, for a temporary slot to be read on; the snapshot is gone then.
    /// `None` where an ordinary transaction exported it.
    #[must_use]
    pub fn into_connection(self) -> Option<Connection> {
        match self.holder {
            Holder::Walsender { connection } => Some(*connection),
            Holder::Transaction { .. } => None,
        }
    }
}

/// What a slot that is being made waits for.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct SlotWait {
    /// The slot.
    pub slot: String,
    /// For how long it has waited.
    pub waited: Duration,
    /// Whose transactions must end first.
    pub blockers: Vec<Blocker>,
}

/// A logical slot to be made.
#[derive(Debug, Clone, Copy)]
pub struct NewSlot<'a> {
    /// Its name.
    pub name: &'a str,
    /// Its output plugin.
    pub plugin: &'a str,
    /// Whether it is gone with the session that made it.
    pub temporary: bool,
}

/// Makes a logical slot and gives the snapshot that it exports: the rows to which its changes are to be applied.
///
/// The server waits until every transaction that runs now has ended; `waiting` is told every second for which. Once
/// `stop` is ready it is told to give up, and this gives `None`.
///
/// Dropped meanwhile, it leaves a server that does not notice before those transactions have ended, and makes the slot
/// then.
///
/// # Errors
///
/// [`ErrorKind::GaveUp`] after `timeout`, naming the sessions: the slot is not made then. The
/// server's errors: no free slot (53400), the name is taken (42710), the plugin is not there (58P01) or not allowed
/// (42501).
pub async fn create_slot(
    connect: &ConnectConfig,
    slot: NewSlot<'_>,
    timeout: Duration,
    waiting: &(dyn Fn(&SlotWait) + Send + Sync),
    stop: impl Future<Output = ()>,
) -> Result<Option<ExportedSnapshot>, Error> {
    let mut connection = Connection::connect(connect, Session::Replication).await?;
    let (pid, token) = (connection.process_id(), connection.cancel_token());
    let started = Instant::now();
    let rows = {
        let command = walsender::create_slot(slot.name, slot.plugin, slot.temporary);
        let (mut create, mut stop) = (pin!(connection.query_row(&command)), pin!(stop));
        // Whoever waits for a lock does not see that we hang up.
        let cancelled = async |create| {
            let _ = token.cancel().await;
            tokio::time::timeout(CANCELLED, create).await
        };
        let mut look: Option<Client> = None;
        let mut blockers = Vec::new();
        loop {
            tokio::select! {
                biased;
                rows = &mut create => break rows.map_err(|error| explain(error, slot))?,
                () = &mut stop => {
                    let _ = cancelled(&mut create).await;
                    return Ok(None);
                }
                () = tokio::time::sleep(LOOK.min(timeout)) => {
                    let waited = started.elapsed();
                    if look.is_none() {
                        look = catalog::connect(connect).await.ok();
                    }
                    if let Some(client) = &look {
                        blockers = catalog::blockers(client, pid).await.unwrap_or_default();
                    }
                    waiting(&SlotWait { slot: slot.name.to_owned(), waited, blockers: blockers.clone() });
                    if waited >= timeout {
                        match cancelled(&mut create).await {
                            // Made after all, at the last moment.
                            Ok(Ok(rows)) => break rows,
                            _ => return Err(gave_up(slot.name, waited, &blockers)),
                        }
                    }
                }
            }
        }
    };
    exported(&rows, connection).map(Some)
}

fn exported(rows: &Rows, connection: Connection) -> Result<ExportedSnapshot, Error> {
    let unusable = |column: &str| {
        Error::new(ErrorKind::Protocol, format!("CREATE_REPLICATION_SLOT gave no usable {column}"))
    };
    let field = |column: &str| rows.get(0, column).ok_or_else(|| unusable(column));
    let point = field("consistent_point")?.parse().map_err(|_| unusable("consistent_point"))?;
    let name = field("snapshot_name")?.to_owned();
    Ok(ExportedSnapshot {
        name,
        point,
        shows: None,
        holder: Holder::Walsender { connection: Box::new(connection) },
    })
}

/// Makes a temporary slot for the snapshot that it exports, which is tied to the log exactly; it is gone with the
/// snapshot.
///
/// # Errors
///
/// As [`create_slot`].
pub async fn export_by_temporary_slot(
    connect: &ConnectConfig,
    plugin: &str,
    timeout: Duration,
) -> Result<ExportedSnapshot, Error> {
    static NTH: AtomicU32 = AtomicU32::new(0);
    let name = format!("pg_cdc_tmp_{}_{}", std::process::id(), NTH.fetch_add(1, Ordering::Relaxed));
    let slot = NewSlot { name: &name, plugin, temporary: true };
    let made = create_slot(connect, slot, timeout, &|_| {}, std::future::pending()).await?;
    made.ok_or_else(|| Error::new(ErrorKind::Closed, format!("slot {name} was given up")))
}

/// Exports a snapshot from an ordinary transaction: for a snapshot that no stream follows, or one whose transactions are
/// told by their ids. Its point is the insert LSN right after it was taken (on a standby, what was replayed).
///
/// # Errors
///
/// Where the server can't be reached.
pub async fn export_by_transaction(connect: &ConnectConfig) -> Result<ExportedSnapshot, Error> {
    let client = catalog::connect(connect).await?;
    client.batch_execute("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY").await?;
    // Called so in all versions.
    let sql = "SELECT pg_catalog.pg_export_snapshot(), pg_catalog.txid_current_snapshot()::text";
    let row = client.query_one(sql, &[]).await?;
    let (name, shows): (_, &str) = (row.try_get(0)?, row.try_get(1)?);
    let shows = shows.parse().map_err(|error| {
        Error::new(ErrorKind::Protocol, format!("the server's snapshot is {shows:?}")).with_cause(error)
    })?;
    // Later than the snapshot: nothing that commits behind it is shown.
    let point = catalog::system(&client).await?.insert_lsn;
    Ok(ExportedSnapshot {
        name,
        point,
        shows: Some(Arc::new(shows)),
        holder: Holder::Transaction { _client: client },
    })
}

fn gave_up(name: &str, waited: Duration, blockers: &[Blocker]) -> Error {
    Error::new(
        ErrorKind::GaveUp,
        format!(
            "slot {name} was not made within {} s: it waits for {}",
            waited.as_secs(),
            catalog::name_all(blockers)
        ),
    )
    .with_hint(
        "end these transactions (pg_terminate_backend; COMMIT PREPARED or ROLLBACK PREPARED), or raise \
         slot.create_timeout",
    )
}

/// Adds what can be done about the errors that making a slot meets in practice.
fn explain(error: Error, slot: NewSlot<'_>) -> Error {
    let NewSlot { name, plugin, .. } = slot;
    let hint = match error.sqlstate() {
        Some("53400") => "raise max_replication_slots, or drop slots that are not used any more".to_owned(),
        Some("55000") => "set wal_level = logical and restart the server".to_owned(),
        Some("42710") => format!("slot {name} is there already: choose another name, or drop it"),
        Some("58P01") => format!("install the output plugin {plugin} on the server"),
        Some("42501") => format!(
            "the role needs REPLICATION; a plugin other than pgoutput must also be listed in the server's \
             output_plugin_libraries: set output_plugin_libraries = 'pgoutput,test_decoding,{plugin}' in \
             postgresql.conf and reload"
        ),
        _ => return error.while_doing(format!("slot {name} could not be made")),
    };
    error.while_doing(format!("slot {name} could not be made")).with_hint(hint)
}
