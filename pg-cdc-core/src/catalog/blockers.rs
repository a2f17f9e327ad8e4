//! Whose transactions must end before something can go on.

use std::fmt;

use tokio_postgres::Row;

use super::Client;
use crate::Error;

/// A transaction that something waits for.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct Blocker {
    /// The process of its session; 0 where it is prepared, and nobody's.
    pub pid: i32,
    /// How long it has been open, or prepared, in seconds.
    pub seconds: f64,
    /// What its session is doing (`pg_stat_activity.state`).
    pub state: Option<String>,
    /// Its global identifier, where it is prepared.
    pub gid: Option<String>,
}

impl fmt::Display for Blocker {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let seconds = self.seconds;
        match (&self.gid, self.state.as_deref().unwrap_or("unknown")) {
            (Some(gid), _) => write!(f, "the prepared transaction {gid:?} (for {seconds:.0} s)"),
            (None, state) => write!(f, "pid {} ({state}, open for {seconds:.0} s)", self.pid),
        }
    }
}

/// Those that the process `pid` waits for: transactions that a slot that is being made must see end.
///
/// # Errors
///
/// Where the session is broken.
pub async fn blockers(client: &Client, pid: i32) -> Result<Vec<Blocker>, Error> {
    // A prepared transaction blocks as the process 0.
    let sql = "SELECT a.pid, coalesce(extract(epoch FROM pg_catalog.clock_timestamp() - a.xact_start), 0)::float8, \
                      a.state, NULL::text FROM pg_catalog.pg_stat_activity a \
               WHERE a.pid = ANY (pg_catalog.pg_blocking_pids($1)) \
               UNION ALL \
               SELECT 0, extract(epoch FROM pg_catalog.clock_timestamp() - p.prepared)::float8, NULL, p.gid \
               FROM pg_catalog.pg_prepared_xacts p JOIN pg_catalog.pg_locks l ON l.transactionid = p.transaction \
               WHERE l.pid = $1 AND NOT l.granted ORDER BY 2 DESC";
    client.query(sql, &[&pid]).await?.iter().map(blocker).collect()
}

/// Whose the transactions `ids` are; those that have ended are nobody's.
///
/// # Errors
///
/// Where the session is broken.
pub async fn holders(client: &Client, ids: &[i64]) -> Result<Vec<Blocker>, Error> {
    let sql = "SELECT a.pid, coalesce(extract(epoch FROM pg_catalog.clock_timestamp() - a.xact_start), 0)::float8, \
                      a.state, NULL::text \
               FROM pg_catalog.pg_locks l JOIN pg_catalog.pg_stat_activity a ON a.pid = l.pid \
               WHERE l.locktype = 'transactionid' AND l.mode = 'ExclusiveLock' AND l.granted \
                     AND l.transactionid::text::bigint = ANY ($1) \
               UNION ALL \
               SELECT 0, extract(epoch FROM pg_catalog.clock_timestamp() - p.prepared)::float8, NULL, p.gid \
               FROM pg_catalog.pg_prepared_xacts p WHERE p.transaction::text::bigint = ANY ($1) ORDER BY 2 DESC";
    client.query(sql, &[&ids]).await?.iter().map(blocker).collect()
}

fn blocker(row: &Row) -> Result<Blocker, Error> {
    Ok(Blocker {
        pid: row.try_get(0)?,
        seconds: row.try_get(1)?,
        state: row.try_get(2)?,
        gid: row.try_get(3)?,
    })
}

/// Those that are waited for, in words.
#[must_use]
pub fn name_all(blockers: &[Blocker]) -> String {
    match blockers {
        [] => "nobody that can be named".to_owned(),
        blockers => blockers.iter().map(Blocker::to_string).collect::<Vec<_>>().join(", "),
    }
}
