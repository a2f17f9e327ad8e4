//! Replication slots.

use super::Client;
use crate::{Error, Lsn};

/// A replication slot (`pg_replication_slots`).
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Slot {
    /// Its name.
    pub name: String,
    /// Its output plugin; `None` for a physical slot.
    pub plugin: Option<String>,
    /// Its database; `None` for a physical slot.
    pub database: Option<String>,
    /// The process that reads it.
    pub active_pid: Option<i32>,
    /// The oldest WAL that it keeps.
    pub restart_lsn: Option<Lsn>,
    /// What its reader has confirmed.
    pub confirmed_flush_lsn: Option<Lsn>,
    /// `reserved`, `extended`, `unreserved` or `lost` (13+).
    pub wal_status: Option<String>,
    /// Why it can't be used any more (17+).
    pub invalidation_reason: Option<String>,
}

/// The slot called `name`, of whatever database.
///
/// # Errors
///
/// Where the session is broken.
pub async fn find_slot(client: &Client, version: u32, name: &str) -> Result<Option<Slot>, Error> {
    let status = if version >= 130_000 { "wal_status" } else { "NULL" };
    let reason = if version >= 170_000 { "invalidation_reason" } else { "NULL" };
    let sql = format!(
        "SELECT slot_name::text, plugin::text, database::text, active_pid, restart_lsn::text, \
         confirmed_flush_lsn::text, {status}::text, {reason}::text \
         FROM pg_catalog.pg_replication_slots WHERE slot_name = $1"
    );
    let Some(row) = client.query_opt(&sql, &[&name]).await? else { return Ok(None) };
    let lsn = |column| -> Result<Option<Lsn>, Error> {
        let text: Option<&str> = row.try_get(column)?;
        Ok(text.and_then(|text| text.parse().ok()))
    };
    Ok(Some(Slot {
        name: row.try_get(0)?,
        plugin: row.try_get(1)?,
        database: row.try_get(2)?,
        active_pid: row.try_get(3)?,
        restart_lsn: lsn(4)?,
        confirmed_flush_lsn: lsn(5)?,
        wal_status: row.try_get(6)?,
        invalidation_reason: row.try_get(7)?,
    }))
}

/// Drops the slot called `name`.
///
/// # Errors
///
/// Where it is in use (SQLSTATE 55006), or not there (42704).
pub async fn drop_slot(client: &Client, name: &str) -> Result<(), Error> {
    client.execute("SELECT pg_catalog.pg_drop_replication_slot($1)", &[&name]).await?;
    Ok(())
}
