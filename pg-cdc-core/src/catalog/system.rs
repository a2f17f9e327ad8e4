//! The server as a whole.

use super::Client;
use crate::{Error, Lsn};

/// What the server is, and how it is set up.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct System {
    /// `server_version_num`, as in 150018.
    pub version: u32,
    /// The database we are in.
    pub database: String,
    /// The database's encoding, as in `UTF8`.
    pub encoding: String,
    /// Whether it is a standby.
    pub in_recovery: bool,
    /// `wal_level`.
    pub wal_level: String,
    /// `wal_segment_size` in bytes.
    pub wal_segment_size: u64,
    /// `wal_sender_timeout` in milliseconds; 0 for none.
    pub wal_sender_timeout: u64,
    /// Where the next WAL record will be written (on a standby: what is replayed), rounded so that an idle server
    /// reaches it: see [`Lsn::before_page_header`].
    pub insert_lsn: Lsn,
}

/// Asks the server what it is.
///
/// # Errors
///
/// Where the session is broken.
pub async fn system(client: &Client) -> Result<System, Error> {
    let version = client.version().await?;
    // Renamed in 10, and a byte count since 11.
    let sql = "SELECT pg_catalog.current_database()::text, pg_catalog.pg_encoding_to_char(d.encoding)::text, \
               pg_catalog.pg_is_in_recovery(), \
               pg_catalog.current_setting('wal_level'), \
               pg_catalog.pg_size_bytes(pg_catalog.current_setting('wal_segment_size')), \
               (SELECT setting::bigint FROM pg_catalog.pg_settings WHERE name = 'wal_sender_timeout'), \
               (CASE WHEN pg_catalog.pg_is_in_recovery() THEN pg_catalog.pg_last_wal_replay_lsn() \
                     ELSE pg_catalog.pg_current_wal_insert_lsn() END)::text \
               FROM pg_catalog.pg_database d WHERE d.datname = pg_catalog.current_database()";
    let row = client.query_one(sql, &[]).await?;
    let segment: i64 = row.try_get(4)?;
    let timeout: Option<i64> = row.try_get(5)?;
    let insert: Option<&str> = row.try_get(6)?;
    let segment = u64::try_from(segment).unwrap_or_default();
    let insert: Lsn = insert.and_then(|text| text.parse().ok()).unwrap_or_default();
    Ok(System {
        version,
        database: row.try_get(0)?,
        encoding: row.try_get(1)?,
        in_recovery: row.try_get(2)?,
        wal_level: row.try_get(3)?,
        wal_segment_size: segment,
        wal_sender_timeout: timeout.and_then(|timeout| u64::try_from(timeout).ok()).unwrap_or_default(),
        insert_lsn: insert.before_page_header(segment),
    })
}

/// Sees to it that the server's log is flushed up to `lsn` soon, for nothing that is not is sent to anyone.
///
/// What a transaction that is still open has written may lie there for up to 15 s, until the server logs something by
/// itself (`LOG_SNAPSHOT_INTERVAL_MS`). A transaction of our own that has an id and nothing else is committed then,
/// which has the WAL writer flush.
///
/// # Errors
///
/// Where the session is broken.
pub async fn flush_soon(client: &Client, lsn: Lsn) -> Result<(), Error> {
    let sql = "SELECT CASE WHEN NOT pg_catalog.pg_is_in_recovery() THEN pg_catalog.pg_current_wal_flush_lsn() END::text";
    let flushed: Option<String> = client.query_one(sql, &[]).await?.try_get(0)?;
    let flushed: Option<Lsn> = flushed.and_then(|text| text.parse().ok());
    if flushed.is_some_and(|flushed| flushed < lsn) {
        client.batch_execute("SELECT pg_catalog.txid_current()").await?;
    }
    Ok(())
}
