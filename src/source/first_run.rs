//! What is seen to and made before a pipeline's first change: in this order, so that a crash anywhere leaves either
//! nothing, or something that the state already names.

use std::sync::Arc;
use std::time::Duration;

use pg_cdc_core::catalog::{self, PublicationPlan, TableInfo, TableKind};
use pg_cdc_core::{
    Asked, Error, ErrorKind, PublicationRecord, Shape, SlotRecord, SnapshotRecord, State, TableName,
    TableShape,
};
use tokio::time::Instant;

use super::binary::binary_values;
use super::origin::origin;
use super::selection::{Chosen, Rules, choose};
use super::stream::{agreed, selection};
use super::{Server, invalid_text, mining, plugin, publication, row_filters, safety, shapes};
use crate::config::{PipelineFile, PublicationCreate, ReplicaIdentity, SnapshotMode};

/// How long the application may have to wait behind a lock of ours, in milliseconds.
const LOCK_WAIT: u32 = 500;
/// How long it is left alone then.
const BETWEEN_LOCKS: Duration = Duration::from_secs(2);

/// What the first run of a pipeline will make, seen to be safe. Nothing is made yet.
pub(crate) struct FirstRun {
    /// The tables as they are before the slot is made: what their rewriting is told by.
    pub(crate) tables: Vec<TableInfo>,
    asked: Asked,
    chosen: Chosen,
    publications: Vec<PublicationPlan>,
    records: Vec<PublicationRecord>,
}

/// Chooses the tables and sees that reading them breaks nothing.
///
/// # Errors
///
/// Every problem in one error; nothing was made.
pub(crate) async fn prepare(server: &Server, file: &PipelineFile) -> Result<FirstRun, Error> {
    let source = &file.source;
    let selection = selection(file);
    let asked = shapes::asked(source);
    shapes::is_possible(&asked, source, server.system.version)?;
    plugin::check(server, file)?;
    invalid_text::check(source, &server.system.encoding)?;
    let publishes = source.snapshot.mode != SnapshotMode::Only;
    let is_mined = plugin::is_mined(file) && publishes;
    if is_mined {
        mining::check(server, file).await?;
    }
    let has_publications = plugin::has_publications(source.plugin);
    if has_publications {
        origin(source.pgoutput.origin, server.system.version)?;
    }
    let all = shapes::lay(&asked, catalog::list_tables(&server.client, server.system.version).await?)?;
    let names: Vec<_> = all.iter().map(|table| table.table.name.clone()).collect();
    for pattern in selection.unmatched(&names) {
        if pattern.is_exact() {
            return Err(safety::missing(pattern));
        }
        tracing::warn!(%pattern, "no table fits this pattern of tables.include");
    }
    let rules = Rules {
        selection: &selection,
        version: server.system.version,
        without_key: source.tables.without_key,
        set_full: source.replica_identity == ReplicaIdentity::Full,
        all_tables: has_publications && source.publication.create == PublicationCreate::AllTables,
        publishes,
        told: plugin::told(source.plugin),
        via_root: has_publications && source.publication.via_root,
    };
    let mut chosen = choose(&all, rules);
    shapes::check_names(&asked, &all, &chosen, rules.reads_roots())?;
    row_filters::check(server, &all, &mut chosen, rules).await?;
    if is_mined {
        chosen.problems.extend(mining::check_columns(server, &chosen.tables).await?);
    }
    safety::refuse(&chosen.problems)?;
    for table in &chosen.left_out {
        tracing::warn!(%table, "left out: it has no key (tables.without_key: ignore)");
    }
    if chosen.tables.is_empty() {
        return Err(Error::new(ErrorKind::Mismatch, "no table is selected").with_hint(
            "see tables.include and tables.exclude; only ordinary and partitioned, logged tables count",
        ));
    }
    if !rules.reads_roots() && rules.via_root && all.iter().any(|table| table.kind == TableKind::Partitioned)
    {
        tracing::warn!(
            "before PostgreSQL 13 partitions can't be published as their root: they are read one by one"
        );
    }
    for table in chosen.tables.iter().filter(|table| {
        table.kind == TableKind::Partitioned && table.problem.is_some() && !chosen.is_inserts_only(table)
    }) {
        tracing::warn!(
            table = %table.table.name,
            "it has no key of its own, only its partitions have a replica identity: set one on each that is added later, \
             or UPDATE and DELETE in it will fail"
        );
    }
    if publishes && has_publications {
        let tables: Vec<_> = chosen.tables.iter().map(|info| Arc::clone(&info.table)).collect();
        let invalid = invalid_text::unconverted(source, &server.system.encoding);
        binary_values(source.pgoutput.binary, server.system.version, &tables, invalid)?;
        agreed(server, file)?;
    }
    let (publications, records) = if publishes && has_publications {
        let plans = publication::plan(file, &chosen, server.system.version);
        let records = publication::check(server, &plans, &source.publication, &chosen.tables).await?;
        (plans, records)
    } else {
        (Vec::new(), Vec::new())
    };
    Ok(FirstRun { tables: chosen.tables.clone(), asked, chosen, publications, records })
}

impl FirstRun {
    /// The state that says what is about to be made; to be saved before anything is.
    pub(crate) fn intent(&self, server: &Server, file: &PipelineFile, makes_slot: bool) -> State {
        let mut state = State::new(&*file.name, server.id);
        let mode = file.source.snapshot.mode;
        if mode != SnapshotMode::Only {
            state.plugin = Some(file.source.plugin.as_str().to_owned());
        }
        if mode != SnapshotMode::Only && !plugin::is_mined(file) {
            state.slot = Some(SlotRecord { name: file.slot_name().to_owned(), made: makes_slot });
        }
        state.publications = self.records.clone();
        state.snapshot =
            if mode == SnapshotMode::Never { SnapshotRecord::Skipped } else { SnapshotRecord::Unfinished };
        state.tables = self.tables.iter().map(|table| table.table.clone()).collect();
        if !plugin::has_publications(file.source.plugin) {
            let is_inserts_only = |table: &&TableInfo| self.chosen.is_inserts_only(table);
            state.inserts_only =
                self.tables.iter().filter(is_inserts_only).map(|table| table.table.oid).collect();
        }
        state.asked = self.asked.clone();
        let shaped = self.tables.iter().filter(|table| *table.shape != Shape::default());
        state.shapes = shaped
            .map(|table| TableShape { oid: table.table.oid, shape: Arc::clone(&table.shape) })
            .collect();
        state
    }

    /// Sets replica identities and makes the publications, each committed when this returns: a slot that decodes a
    /// change from before its publication existed is stuck for good. A table that others hold is waited for as long as
    /// for the slot.
    pub(crate) async fn make_publications(
        &mut self,
        server: &Server,
        file: &PipelineFile,
    ) -> Result<(), Error> {
        let patience = file.source.slot.create_timeout;
        for table in &self.chosen.set_full {
            set_full(server, table, patience).await?;
        }
        if !self.chosen.set_full.is_empty() {
            tracing::info!(tables = self.chosen.set_full.len(), "replica identity set to FULL");
            let now = catalog::list_tables(&server.client, server.system.version).await?;
            let reshaped = |now: TableInfo| {
                let known = self.tables.iter().find(|known| known.table.oid == now.table.oid)?;
                Some(now.reshaped(&known.shape))
            };
            self.tables = now.into_iter().filter_map(reshaped).collect();
        }
        publication::make(server, &self.publications, &self.records, &file.name).await
    }
}

/// Sets a table's replica identity to FULL.
///
/// That takes a lock which everybody waits behind who comes to the table, while it waits itself for those who are there:
/// so it waits for moments only, again and again.
async fn set_full(server: &Server, table: &TableName, patience: Duration) -> Result<(), Error> {
    let sql = format!(
        "SET lock_timeout = '{LOCK_WAIT}ms'; ALTER TABLE ONLY {} REPLICA IDENTITY FULL; SET lock_timeout = 0",
        table.to_sql()
    );
    let began = Instant::now();
    loop {
        let told = |error: Error| {
            error.while_doing(format!("the replica identity of {table} could not be set to FULL"))
        };
        let Err(error) = server.client.batch_execute(&sql).await.map_err(Error::from) else { return Ok(()) };
        match error.sqlstate() {
            Some("55P03") if began.elapsed() < patience => {
                tracing::warn!(%table, "waits for a moment in which nobody uses the table, to set its replica identity");
                tokio::time::sleep(BETWEEN_LOCKS).await;
            }
            Some("42501") => {
                return Err(told(error).with_hint(format!(
                    "let the table's owner do it: ALTER TABLE {} REPLICA IDENTITY FULL",
                    table.to_sql()
                )));
            }
            _ => return Err(told(error)),
        }
    }
}
