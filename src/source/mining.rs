//! walminer in a pipeline: what it can't do, where it begins, and the source that mines.

use std::future::Future;
use std::time::Duration;

use pg_cdc_core::catalog::{Blocker, TableInfo, name_all};
use pg_cdc_core::walminer::{self, MiningOptions, MiningStart, WalMinerSource};
use pg_cdc_core::{Error, ErrorKind, State};
use pg_cdc_decoders::{WalMiner, walminer as decoder};

use super::plugin::encoding;
use super::safety::{Problem, not_told};
use super::stream::{Reading, limits, retry, selection, unknown_tables};
use super::{Server, resume};
use crate::config::{PipelineFile, SlotCreate, Transport};

/// Sees that the server can be mined as `file` asks for, and says what no walminer tells.
///
/// # Errors
///
/// Where it can't.
pub(super) async fn check(server: &Server, file: &PipelineFile) -> Result<(), Error> {
    let refused = |what: &'static str, hint: &'static str| {
        Err(Error::new(ErrorKind::Unsupported, format!("plugin walminer: {what}")).with_hint(hint))
    };
    if file.source.transport == Transport::Replication {
        return refused("it has no replication connection", "leave transport out");
    }
    if file.source.slot.create != SlotCreate::IfMissing {
        return refused("it has no slot", "leave slot out");
    }
    let sql = "SELECT r.rolsuper, \
                      EXISTS (SELECT FROM pg_catalog.pg_settings s \
                              WHERE s.name IN ('wal_keep_size', 'wal_keep_segments') AND s.setting <> '0') \
                      OR EXISTS (SELECT FROM pg_catalog.pg_replication_slots p \
                                 WHERE p.slot_type = 'physical' AND p.restart_lsn IS NOT NULL) \
               FROM pg_catalog.pg_roles r WHERE r.rolname = current_user";
    let row = server.client.query_one(sql, &[]).await?;
    if !row.try_get::<_, bool>(0)? {
        return Err(Error::new(
            ErrorKind::Mismatch,
            "walminer's functions are for superusers, and the role is none",
        )
        .with_hint("connect as a superuser"));
    }
    if !row.try_get::<_, bool>(1)? {
        let what = "nothing keeps the server's WAL until it is mined: a checkpoint is enough to lose it";
        return Err(Error::new(ErrorKind::Mismatch, what).with_hint(
            "set wal_keep_size (before 13 wal_keep_segments) to what is written in an hour, or make a physical slot",
        ));
    }
    walminer::release(&server.client).await?;
    tracing::warn!(
        "walminer tells neither TRUNCATE nor DDL, and the rows of a table that is rewritten (ALTER TABLE, VACUUM FULL, \
         CLUSTER) come again as inserts: begin anew after such a command"
    );
    Ok(())
}

/// The columns whose values walminer does not tell.
pub(super) async fn check_columns(server: &Server, tables: &[TableInfo]) -> Result<Vec<Problem>, Error> {
    let release = walminer::release(&server.client).await?;
    let columns = tables.iter().flat_map(|info| info.table.columns.iter().map(move |column| (info, column)));
    Ok(columns
        .filter_map(|(info, column)| {
            decoder::not_told(release, column.type_.oid).map(|why| not_told(info, column, why))
        })
        .collect())
}

/// Finds where mining begins, unless `stop` is ready before.
pub(crate) async fn begin(
    server: &Server,
    file: &PipelineFile,
    stop: impl Future<Output = ()>,
) -> Result<Option<MiningStart>, Error> {
    let waiting = |waited: Duration, blockers: &[Blocker]| {
        tracing::warn!(
            waited = %format!("{} s", waited.as_secs()),
            "mining begins once these transactions have ended: {}", name_all(blockers)
        );
    };
    let begun = walminer::begin(&server.connect, file.source.slot.create_timeout, &waiting, stop).await?;
    if let Some(begun) = &begun {
        tracing::info!(at = %begun.lsn, "mining begins here");
    }
    Ok(begun)
}

/// The source that goes on from `state`.
///
/// # Errors
///
/// Where the state has no position, or the database's text can't be read.
pub(crate) fn source(
    server: &Server,
    file: &PipelineFile,
    state: &State,
    reading: Reading,
) -> Result<WalMinerSource, Error> {
    let mut options = MiningOptions::new(server.connect.clone(), resume::position(state)?);
    options.until = reading.until;
    options.skip = reading.skip;
    options.selection = selection(file);
    options.tables.clone_from(&state.tables);
    options.shapes.clone_from(&state.shapes);
    options.inserts_only.clone_from(&state.inserts_only);
    options.unknown_tables = unknown_tables(file);
    options.starts.clone_from(&state.starts);
    options.every = file.source.heartbeat.every;
    options.batch = limits(file);
    options.memory = reading.memory;
    options.retry = retry(file);
    let mut decoder = WalMiner::with_versions(state.tables.iter().cloned());
    // The server converts what it sends, but of what is in no encoding.
    if server.system.encoding == "SQL_ASCII" {
        decoder = decoder.with_text(encoding(server, file)?);
    }
    Ok(WalMinerSource::start(options, decoder))
}
