//! The SQL with which walminer is called: all of it.
//!
//! Names and signatures are those of the extension's own scripts: `walminer--1.0.sql` of version 1 (PostgreSQL 9.5 to
//! 11), and that of version 3 (10 and later).

use tokio_postgres::{RowStream, SimpleQueryMessage};

use super::Release;
use super::window::{Moment, Running, Segments};
use crate::catalog::{Client, Notice};
use crate::{Error, ErrorKind, Lsn, ServerId, TableName, quote_identifier, quote_literal};

/// The advisory lock that one miner a database holds: `walminer` in ASCII, as a number.
const LOCK: i64 = i64::from_be_bytes(*b"walminer");
/// OIDs of `pg_lsn`'s and `text`'s arguments, as `pg_proc.proargtypes` has them.
const BY_LSN: &str = "3220 3220 16 26 16";
const START: &str = "25 25 23 23";
/// `SizeOfXLogLongPHD`
const SEGMENT_HEADER: u64 = 40;

/// The extension, in a session that holds its lock.
#[derive(Debug)]
pub(super) struct Miner {
    pub(super) client: Client,
    pub(super) release: Release,
    pub(super) server: ServerId,
    pub(super) segment: u64,
    pub(super) version: u32,
}

impl Miner {
    /// Takes the lock in this session, and finds the extension.
    ///
    /// # Errors
    ///
    /// Where another session mines the database, the extension is not there, or the server is a standby.
    pub(super) async fn new(client: Client) -> Result<Self, Error> {
        let version = client.version().await?;
        let sql = format!("SELECT pg_catalog.pg_try_advisory_lock({LOCK}), pg_catalog.pg_is_in_recovery()");
        let row = client.query_one(&sql, &[]).await?;
        if row.try_get(1)? {
            let unsupported = "walminer writes its result into the database: not on a standby";
            return Err(Error::new(ErrorKind::Unsupported, unsupported).with_hint("connect to the primary"));
        }
        if !row.try_get::<_, bool>(0)? {
            // What a session of ours that died leaves is gone soon: worth trying again.
            let taken =
                Error::new(ErrorKind::Server, "another session is mining this database with walminer");
            return Err(taken.with_sqlstate("55006").with_hint(
                "each call empties the table of results, so there can be one miner a database: stop the other one",
            ));
        }
        let (release, schema) = find(&client).await?;
        set_path(&client, &schema).await?;
        let server = identify(&client).await?;
        let segment = segment_size(&client).await?;
        Ok(Self { client, release, server, segment, version })
    }

    /// What the server says of itself now.
    pub(super) async fn moment(&self) -> Result<Moment, Error> {
        let flushed = self.flushed().await?;
        let running = running(&self.client).await?;
        let inserted = self.inserted().await?;
        Ok(Moment { flushed, running, inserted })
    }

    /// What is before is on disk.
    pub(super) async fn flushed(&self) -> Result<Lsn, Error> {
        flushed(&self.client).await
    }

    /// Where the next record will be written.
    pub(super) async fn inserted(&self) -> Result<Lsn, Error> {
        let inserted = lsn(&self.client, "SELECT pg_catalog.pg_current_wal_insert_lsn()::text").await?;
        // A page's header is no record: an idle server never flushes it.
        Ok(inserted.before_page_header(self.segment))
    }

    /// Has the server go on in a new segment.
    pub(super) async fn switch(&self) -> Result<(), Error> {
        self.client.batch_execute("SELECT pg_catalog.pg_switch_wal()").await.map_err(Error::from)
    }

    /// The log's files of the running server.
    pub(super) async fn wal_directory(&self) -> Result<String, Error> {
        let sql = "SELECT pg_catalog.current_setting('data_directory') || '/pg_wal'";
        Ok(self.client.query_one(sql, &[]).await?.try_get(0)?)
    }

    /// Adds a file or a folder to what will be mined.
    pub(super) async fn add(&self, path: &str) -> Result<(), Error> {
        let added = self.call(&format!("SELECT walminer_wal_add({})", quote_literal(path))).await;
        added.map(drop).map_err(|error| {
            let doing = error.while_doing(format!("{path} could not be added to what walminer mines"));
            doing.with_hint(
                "WAL must stay until it is mined: keep it with wal_keep_size or a physical slot, or name the folder of \
                 the archive",
            )
        })
    }

    /// Mines what was added, whole. Gives the number of transactions that this took.
    pub(super) async fn mine_files(&self) -> Result<u64, Error> {
        self.mine("SELECT walminer_start('null', 'null', 0, 0)").await
    }

    /// Mines from `start` to `end`, with what is needed to restore every change there. Gives the number of transactions
    /// that this took.
    pub(super) async fn mine_range(&self, start: Lsn, end: Lsn) -> Result<u64, Error> {
        self.mine(&format!("SELECT walminer_by_lsn('{start}', '{end}', true, 0::oid, false)")).await
    }

    async fn mine(&self, sql: &str) -> Result<u64, Error> {
        self.client.take_notices();
        // In one transaction, so that its own traces can be told from those of others.
        self.client.batch_execute("BEGIN").await?;
        let said = self.call(sql).await.map_err(unable)?;
        let own = self.client.query_one("SELECT pg_catalog.txid_current_if_assigned()", &[]).await?;
        let own: Option<i64> = own.try_get(0)?;
        self.client.batch_execute("COMMIT").await?;
        complete(&said, &self.client.take_notices())?;
        Ok(own.is_some().into())
    }

    /// Lets go of what walminer holds for the last call.
    pub(super) async fn stop(&self) -> Result<(), Error> {
        self.call("SELECT walminer_stop()").await.map(drop)
    }

    /// Runs a function that tells how it went; its results may be of types that only text can show.
    async fn call(&self, sql: &str) -> Result<String, Error> {
        let mut said = String::new();
        for message in self.client.simple_query(sql).await? {
            if let SimpleQueryMessage::Row(row) = message {
                said.push_str(row.try_get(0)?.unwrap_or_default());
            }
        }
        Ok(said)
    }

    /// The rows of version 1, in their order: `xid`, `virtualxid`, `timestamptz`, `record_schema`, `op_type`, `op_text`.
    pub(super) async fn first_rows(&self) -> Result<RowStream, Error> {
        let sql = "SELECT xid, virtualxid, timestamptz, record_schema, op_type, op_text \
                   FROM pg_temp.walminer_contents ORDER BY ctid";
        Ok(self.client.query_raw(sql, std::iter::empty::<&str>()).await?)
    }

    /// The rows of version 3 that commit at `after` or later, in their order: `commit_lsn`, `start_lsn`, `sqlno`, the
    /// whole transaction's id, `sqlkind`, `timestamp`, `schema`, `relation`, `op_text`.
    pub(super) async fn third_rows(&self, after: Lsn) -> Result<RowStream, Error> {
        let sql = format!(
            "SELECT commit_lsn, start_lsn, sqlno, CASE WHEN topxid > 0 THEN topxid ELSE xid END, sqlkind, \
             \"timestamp\", schema, relation, op_text FROM walminer_contents \
             WHERE commit_lsn >= '{after}'::pg_lsn ORDER BY commit_lsn, start_lsn, sqlno"
        );
        Ok(self.client.query_raw(&sql, std::iter::empty::<&str>()).await?)
    }

    /// Sees that version 3 restored everything that commits at `after` or later, but for the transaction that commits at
    /// `skip`.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Mismatch`] where it did not.
    pub(super) async fn check_restored(&self, after: Lsn, skip: Option<Lsn>) -> Result<(), Error> {
        let sql = format!(
            "SELECT xid, commit_lsn::text, schema, relation, minerd IS TRUE FROM walminer_contents \
             WHERE commit_lsn >= '{after}'::pg_lsn AND commit_lsn <> '{skip}'::pg_lsn \
             AND (minerd IS NOT TRUE OR complete IS NOT TRUE) ORDER BY commit_lsn LIMIT 1",
            skip = skip.unwrap_or_default()
        );
        let Some(row) = self.client.query_opt(&sql, &[]).await? else { return Ok(()) };
        let (xid, commit_lsn): (i64, &str) = (row.try_get(0)?, row.try_get(1)?);
        let (schema, relation): (Option<&str>, Option<&str>) = (row.try_get(2)?, row.try_get(3)?);
        let what =
            if row.try_get(4)? { "has only a part of the transaction" } else { "could not restore a row" };
        let (schema, relation) = (schema.unwrap_or_default(), relation.unwrap_or_default());
        Err(missed(format!(
            "walminer {what} {xid}, which commits at {commit_lsn}: table {schema}.{relation}"
        )))
    }

    /// The tables whose names hold a quote, which version 1 does not double.
    pub(super) async fn odd_names(&self) -> Result<Vec<TableName>, Error> {
        let sql = "SELECT n.nspname::text, c.relname::text FROM pg_catalog.pg_class c \
                   JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace \
                   WHERE c.relkind IN ('r', 'p') AND c.relname LIKE '%\"%'";
        let rows = self.client.query(sql, &[]).await?;
        rows.iter()
            .map(|row| Ok(TableName::new(row.try_get::<_, &str>(0)?, row.try_get::<_, &str>(1)?)))
            .collect()
    }
}

/// The cluster, and the timeline that it writes.
///
/// # Errors
///
/// Where the session is broken, or the server is a standby.
pub async fn identify(client: &Client) -> Result<ServerId, Error> {
    let sql = "SELECT s.system_identifier, \
               pg_catalog.left(pg_catalog.pg_walfile_name(pg_catalog.pg_current_wal_insert_lsn()), 8) \
               FROM pg_catalog.pg_control_system() s";
    let row = client.query_one(sql, &[]).await?;
    let timeline: &str = row.try_get(1)?;
    let timeline = u32::from_str_radix(timeline, 16).map_err(|_| {
        Error::new(ErrorKind::Protocol, format!("a WAL file's name begins with {timeline:?}"))
    })?;
    Ok(ServerId { system_id: row.try_get::<_, i64>(0)?.cast_unsigned(), timeline })
}

/// Which walminer the database has.
///
/// # Errors
///
/// [`ErrorKind::Mismatch`] where it has none, or two.
pub async fn release(client: &Client) -> Result<Release, Error> {
    find(client).await.map(|(release, _)| release)
}

async fn segment_size(client: &Client) -> Result<u64, Error> {
    let sql = "SELECT pg_catalog.pg_size_bytes(pg_catalog.current_setting('wal_segment_size'))";
    Ok(u64::try_from(client.query_one(sql, &[]).await?.try_get::<_, i64>(0)?).unwrap_or_default())
}

/// Which walminer the database has, and in which schema.
async fn find(client: &Client) -> Result<(Release, String), Error> {
    let sql = "SELECT p.proname::text, n.nspname::text, p.proargtypes::text FROM pg_catalog.pg_proc p \
               JOIN pg_catalog.pg_namespace n ON n.oid = p.pronamespace \
               WHERE p.proname IN ('walminer_by_lsn', 'walminer_start')";
    let mut found: Option<(Release, String)> = None;
    for row in client.query(sql, &[]).await? {
        let (name, schema, arguments): (&str, &str, &str) =
            (row.try_get(0)?, row.try_get(1)?, row.try_get(2)?);
        let release = match name {
            "walminer_by_lsn" if arguments == BY_LSN => Release::Third,
            "walminer_start" if arguments.starts_with(START) => Release::First,
            _ => continue,
        };
        match &found {
            Some((known, other)) if *known != release || other != schema => {
                return Err(Error::new(
                    ErrorKind::Mismatch,
                    format!("there are two walminers in the database, in the schemas {other} and {schema}"),
                )
                .with_hint("drop one of them"));
            }
            _ => found = Some((release, schema.to_owned())),
        }
    }
    found.ok_or_else(|| {
        Error::new(ErrorKind::Mismatch, "the database has no walminer of version 1 or 3")
            .with_hint("CREATE EXTENSION walminer, as a superuser; version 4 is a program, not an extension")
    })
}

/// The extension calls its own functions, and its table of results, by their bare names.
async fn set_path(client: &Client, schema: &str) -> Result<(), Error> {
    let sql = "SELECT n.nspname::text FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace \
               WHERE c.relname = 'walminer_contents' AND c.relpersistence = 'u' AND n.nspname <> $1";
    let mut path = quote_identifier(schema);
    for row in client.query(sql, &[&schema]).await? {
        path.push_str(", ");
        path.push_str(&quote_identifier(row.try_get(0)?));
    }
    client.batch_execute(&format!("SET search_path = {path}")).await.map_err(Error::from)
}

/// Sees that walminer said that it restored everything.
fn complete(said: &str, notices: &[Notice]) -> Result<(), Error> {
    let said = std::iter::once(said).chain(notices.iter().map(|notice| &*notice.message));
    // `walminer sucessful with some tuple missed!` (sic), and `wal is not enough` with its misspelling.
    let mut bad = said.filter(|said| said.contains("tuple missed") || said.contains("wal is not enough"));
    match bad.next() {
        Some(said) => Err(missed(format!("walminer could not restore everything: {}", said.trim()))),
        None => Ok(()),
    }
}

/// The call itself failed.
fn unable(error: Error) -> Error {
    let hint = match error.sqlstate() {
        // `Fail to search checkpoint in front search mode` and the like: elog's.
        Some("XX000") if error.hint().is_none() => Some(
            "walminer needs the WAL since the checkpoint before where it starts: WAL must stay until it is mined",
        ),
        Some("42501") => Some("walminer's functions are for superusers"),
        _ => None,
    };
    let error = error.while_doing("walminer failed");
    match hint {
        Some(hint) => error.with_hint(hint),
        None => error,
    }
}

fn missed(what: String) -> Error {
    Error::new(ErrorKind::Mismatch, what).with_hint(
        "walminer needs the WAL since the checkpoint before, and the tables as they were: WAL that is gone, a table that \
         was dropped, truncated or rewritten (ALTER TABLE, VACUUM FULL, CLUSTER) makes its earlier rows unreadable; \
         begin anew with a snapshot",
    )
}

/// In a moment in which no transaction is running, has the server go on in a new segment and make a checkpoint: every
/// transaction lies wholly before the segment's start, which this gives, or wholly behind it; and what changes from there
/// on can be restored from there on, for each page is written whole when it is first changed after a checkpoint.
///
/// `None` where a transaction was running, or anything was written meanwhile: to be tried again. A try that gets as far
/// as to switch leaves the rest of a segment empty.
///
/// # Errors
///
/// Where the session is broken, or its role may not switch segments or make checkpoints.
pub async fn quiet_start(client: &Client) -> Result<Option<Lsn>, Error> {
    Ok(match try_to_start(client).await? {
        Try::Start(lsn) => Some(lsn),
        Try::Busy | Try::Interrupted | Try::Disturbed => None,
    })
}

/// What became of a try to [start](quiet_start).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Try {
    /// A transaction was running: nothing was done.
    Busy,
    /// One began or ended while the server was switched to a new segment: no checkpoint was made.
    Interrupted,
    /// Somebody wrote between the switch and the checkpoint.
    Disturbed,
    /// From here on.
    Start(Lsn),
}

/// As [`quiet_start`], telling what it cost.
pub(super) async fn try_to_start(client: &Client) -> Result<Try, Error> {
    let before = running(client).await?;
    if !before.ids.is_empty() {
        return Ok(Try::Busy);
    }
    // The end of the switch's record, rounded up: the start of a segment.
    let switched = lsn(client, "SELECT pg_catalog.pg_switch_wal()::text").await?;
    let segments = Segments { size: segment_size(client).await?, timeline: 0 };
    let start = segments.end_of(switched);
    if running(client).await? != before {
        return Ok(Try::Interrupted);
    }
    client.batch_execute("CHECKPOINT").await?;
    let redo = lsn(client, "SELECT redo_lsn::text FROM pg_catalog.pg_control_checkpoint()").await?;
    // Where it began only the segment's header was written.
    let is_first = redo >= start && redo.bytes_since(start) <= SEGMENT_HEADER;
    Ok(if is_first { Try::Start(start) } else { Try::Disturbed })
}

/// Which transactions are at work.
///
/// Not by a snapshot, which does not know of those whose id is above all that have ended. Each holds a lock on its id
/// from before it writes anything until after its commit record, a prepared one too.
pub(super) async fn running(client: &Client) -> Result<Running, Error> {
    let sql = "SELECT pg_catalog.txid_snapshot_xmax(pg_catalog.txid_current_snapshot()), \
               ARRAY(SELECT l.transactionid::text::bigint FROM pg_catalog.pg_locks l \
                     WHERE l.locktype = 'transactionid' AND l.mode = 'ExclusiveLock' AND l.granted)";
    let row = client.query_one(sql, &[]).await?;
    Ok(Running { ended_below: row.try_get::<_, i64>(0)?.cast_unsigned(), ids: row.try_get(1)? })
}

/// What is before is on disk.
pub(super) async fn flushed(client: &Client) -> Result<Lsn, Error> {
    lsn(client, "SELECT pg_catalog.pg_current_wal_flush_lsn()::text").await
}

async fn lsn(client: &Client, sql: &str) -> Result<Lsn, Error> {
    parse_lsn(client.query_one(sql, &[]).await?.try_get(0)?)
}

fn parse_lsn(text: &str) -> Result<Lsn, Error> {
    text.parse().map_err(|_| Error::new(ErrorKind::Protocol, format!("{text:?} is no LSN")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn half_answers_are_errors() {
        let notice = |message: &str| Notice::of("NOTICE", message);
        assert!(complete("walminer sucessful!", &[notice("there be 3 image pages on disk")]).is_ok());
        assert!(complete("pg_minerwal success", &[]).is_ok());
        for (said, notices) in [
            ("walminer sucessful with some tuple missed!", vec![]),
            ("", vec![notice("hello"), notice("NOTICE: wal is not enough")]),
            ("walminer sucessful!", vec![notice("wal is not enought.")]),
        ] {
            let error = complete(said, &notices).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Mismatch);
            assert!(error.hint().is_some() && !error.is_transient());
        }
    }
}
