//! The state of a pipeline in memory, and its saving.

use std::sync::Arc;

use pg_cdc_core::batch::{ChangeBatch, Event};
use pg_cdc_core::{Durable, Error, Position, SnapshotRecord, State, StateStore, Table, TableStart};

/// Keeps what the state will say once what was written is durable.
pub(super) struct Keeper<'a> {
    store: &'a mut dyn StateStore,
    /// What is durable, and saved or about to be.
    state: State,
    /// Where the batches that were written lead.
    written: Option<Position>,
    /// Table versions and starts that became known with them.
    tables: Vec<Arc<Table>>,
    starts: Vec<TableStart>,
    snapshot_ended: bool,
}

impl<'a> Keeper<'a> {
    pub(super) fn new(store: &'a mut dyn StateStore, state: State) -> Self {
        Self { store, state, written: None, tables: Vec::new(), starts: Vec::new(), snapshot_ended: false }
    }

    pub(super) fn state(&self) -> &State {
        &self.state
    }

    /// Notes what a batch that is about to be written tells beside its rows.
    pub(super) fn note(&mut self, batch: &ChangeBatch) {
        if let Some(position) = batch.position() {
            self.written = Some(position.clone());
        }
        for event in batch.notices() {
            match event {
                Event::SchemaChange { new, .. } => self.tables.push(Arc::clone(new)),
                Event::TableDone { table, point, shows, .. } => {
                    self.starts.retain(|start| start.oid != table.oid);
                    self.starts.push(TableStart::new(table.oid, point).with_shown(shows.cloned()));
                }
                Event::SnapshotEnded { .. } => self.snapshot_ended = true,
                _ => {}
            }
        }
    }

    /// The sink is durable as `durable` says: saves that, and gives what may be acknowledged.
    ///
    /// Rows of an unfinished snapshot are not saved: it starts over from the state before it.
    pub(super) async fn durable(&mut self, durable: Durable) -> Result<Option<Position>, Error> {
        let Some(position) = durable.position.or_else(|| self.written.clone()) else { return Ok(None) };
        if position.snapshot.is_some() {
            return Ok(None);
        }
        for table in self.tables.drain(..) {
            self.state.tables.retain(|known| known.oid != table.oid);
            self.state.tables.push(table);
        }
        if std::mem::take(&mut self.snapshot_ended) {
            self.state.snapshot = SnapshotRecord::Complete;
        }
        // A start at the slot's own point, or behind us, says nothing.
        self.state.starts.append(&mut self.starts);
        self.state.starts.retain(|start| start.from > position.confirmed);
        self.state.sink = durable.state;
        self.state.position = Some(position.clone());
        self.store.save(&self.state).await?;
        Ok(Some(position))
    }

    /// Saves the state as `change` leaves it.
    pub(super) async fn save(&mut self, change: impl FnOnce(&mut State)) -> Result<(), Error> {
        change(&mut self.state);
        self.store.save(&self.state).await
    }
}
