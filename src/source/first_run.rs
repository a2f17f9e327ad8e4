//! What is seen to and made before a pipeline's first change: in this order, so that a crash anywhere leaves either
//! nothing, or something that the state already names.

use pg_cdc_core::catalog::{self, PublicationPlan, Selection, TableInfo, TableKind};
use pg_cdc_core::{Error, ErrorKind, PublicationRecord, SlotRecord, SnapshotRecord, State};

use super::selection::{Chosen, Rules, choose};
use super::{Server, publication, safety};
use crate::config::{PipelineFile, PublicationCreate, ReplicaIdentity, SnapshotMode};

/// What the first run of a pipeline will make, seen to be safe. Nothing is made yet.
pub(crate) struct FirstRun {
    /// The tables as they are before the slot is made: what their rewriting is told by.
    pub(crate) tables: Vec<TableInfo>,
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
    let selection =
        Selection { include: source.tables.include.clone(), exclude: source.tables.exclude.clone() };
    let all = catalog::list_tables(&server.client, server.system.version).await?;
    let names: Vec<_> = all.iter().map(|table| table.table.name.clone()).collect();
    for pattern in selection.unmatched(&names) {
        if pattern.is_exact() {
            return Err(safety::missing(pattern));
        }
        tracing::warn!(%pattern, "no table fits this pattern of tables.include");
    }
    let publishes = source.snapshot.mode != SnapshotMode::Only;
    let rules = Rules {
        selection: &selection,
        version: server.system.version,
        without_key: source.tables.without_key,
        set_full: source.replica_identity == ReplicaIdentity::Full,
        all_tables: source.publication.create == PublicationCreate::AllTables,
        publishes,
    };
    let chosen = choose(&all, rules);
    safety::refuse(&chosen.problems)?;
    for table in &chosen.left_out {
        tracing::warn!(%table, "left out: it has no key (tables.without_key: ignore)");
    }
    if chosen.tables.is_empty() {
        return Err(Error::new(ErrorKind::Mismatch, "no table is selected").with_hint(
            "see tables.include and tables.exclude; only ordinary and partitioned, logged tables count",
        ));
    }
    if server.system.version < 130_000 && all.iter().any(|table| table.kind == TableKind::Partitioned) {
        tracing::warn!(
            "before PostgreSQL 13 partitions can't be published as their root: they are read one by one"
        );
    }
    let (publications, records) = if publishes {
        let plans = publication::plan(file.publication_name(), &source.publication, &chosen);
        let records = publication::check(server, &plans, &source.publication, &chosen.tables).await?;
        (plans, records)
    } else {
        (Vec::new(), Vec::new())
    };
    Ok(FirstRun { tables: chosen.tables.clone(), chosen, publications, records })
}

impl FirstRun {
    /// The state that says what is about to be made; to be saved before anything is.
    pub(crate) fn intent(&self, server: &Server, file: &PipelineFile, makes_slot: bool) -> State {
        let mut state = State::new(&*file.name, server.id);
        let mode = file.source.snapshot.mode;
        if mode != SnapshotMode::Only {
            state.slot = Some(SlotRecord { name: file.slot_name().to_owned(), made: makes_slot });
        }
        state.publications = self.records.clone();
        state.snapshot =
            if mode == SnapshotMode::Never { SnapshotRecord::Skipped } else { SnapshotRecord::Unfinished };
        state.tables = self.tables.iter().map(|table| table.table.clone()).collect();
        state
    }

    /// Sets replica identities and makes the publications, each committed when this returns: a slot that decodes a
    /// change from before its publication existed is stuck for good.
    pub(crate) async fn make_publications(&mut self, server: &Server, pipeline: &str) -> Result<(), Error> {
        for table in &self.chosen.set_full {
            let sql = format!("ALTER TABLE ONLY {} REPLICA IDENTITY FULL", table.to_sql());
            server.client.batch_execute(&sql).await.map_err(|error| {
                Error::from(error)
                    .while_doing(format!("the replica identity of {table} could not be set to FULL"))
            })?;
        }
        if !self.chosen.set_full.is_empty() {
            tracing::info!(tables = self.chosen.set_full.len(), "replica identity set to FULL");
            let mut now = catalog::list_tables(&server.client, server.system.version).await?;
            now.retain(|table| self.tables.iter().any(|known| known.table.oid == table.table.oid));
            self.tables = now;
        }
        publication::make(server, &self.publications, &self.records, pipeline).await
    }
}
