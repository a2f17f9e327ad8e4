//! One attempt at a run: from a connected server to its end, or to the first error.

use std::sync::Arc;

use pg_cdc_core::batch::BufferPool;
use pg_cdc_core::catalog::{Slot, TableInfo};
use pg_cdc_core::stream::{self, ExportedSnapshot};
use pg_cdc_core::wire::Connection;
use pg_cdc_core::{Error, Lsn, Position, State, TableStart};
use pg_cdc_snapshot::{CopyFormatChoice, SnapshotOptions, SnapshotSource};

use super::deliver::{Delivery, Ended};
use super::export::Exports;
use super::{Shutdown, Until};
use crate::config::{PipelineFile, SlotCreate, SnapshotFormat, SnapshotMode};
use crate::source::{self, FirstRun, Reading, Server, Start};

/// A connected pipeline.
pub(super) struct Attempt<'a> {
    pub(super) server: Server,
    pub(super) file: &'a PipelineFile,
    pub(super) until: Until,
    pub(super) skip: Option<Lsn>,
    pub(super) memory: BufferPool,
    pub(super) delivery: Delivery<'a>,
    pub(super) stop: Shutdown,
}

impl Attempt<'_> {
    /// Begins or goes on, as `saved` says. Until the first batch is handed out, a stop needs no care.
    pub(super) async fn run(mut self, saved: Option<State>) -> Result<(), Error> {
        let starting = source::start(&self.server, self.file, saved.as_ref());
        let Some(start) = self.stop.unless_requested(starting).await else { return Ok(()) };
        match (start?, saved) {
            (Start::GoOn, Some(state)) => self.go_on(&state).await,
            (Start::First { adopted }, saved) => self.first(saved, adopted).await,
            (Start::GoOn, None) => Ok(()),
        }
    }

    fn mode(&self) -> SnapshotMode {
        self.file.source.snapshot.mode
    }

    async fn go_on(&mut self, state: &State) -> Result<(), Error> {
        if self.mode() == SnapshotMode::Only || self.until == Until::Snapshot {
            tracing::info!("the snapshot is done already");
            return Ok(());
        }
        tracing::info!(at = %source::describe(state.position.as_ref()), "going on");
        self.stream(None).await
    }

    /// A first run: sees that it is safe, writes down what will be made, makes it, copies, streams.
    async fn first(&mut self, saved: Option<State>, adopted: Option<Slot>) -> Result<(), Error> {
        let preparing = source::prepare(&self.server, self.file);
        let Some(first) = self.stop.unless_requested(preparing).await else { return Ok(()) };
        let mut first = first?;
        let made_before = |saved: &State| saved.slot.as_ref().is_some_and(|slot| slot.made);
        let makes_slot = adopted.is_none() || saved.as_ref().is_some_and(made_before);
        let mut intent = first.intent(&self.server, self.file, makes_slot);
        for record in &mut intent.publications {
            // What an earlier try made is still ours.
            let before = saved.iter().flat_map(|saved| &saved.publications);
            record.made |= before.into_iter().any(|known| known.name == record.name && known.made);
        }
        // Where the sink stood before the first row: an unfinished snapshot is cut back to it.
        intent.sink = self.delivery.sink.flush().await?.state;
        self.delivery.keeper.save(|state| *state = intent).await?;
        match self.mode() {
            SnapshotMode::Only => {
                let exported = stream::export_by_transaction(&self.server.connect).await?;
                let connect = self.server.connect.clone();
                self.snapshot(first, &exported, Exports::Transaction { connect }).await?;
                Ok(())
            }
            mode => {
                // What is left half made is known by the intent.
                let making = first.make_publications(&self.server, self.file);
                let Some(made) = self.stop.unless_requested(making).await else { return Ok(()) };
                made?;
                match mode {
                    _ if source::is_mined(self.file) => self.begin_mining(first).await,
                    SnapshotMode::Never => self.begin_at_slot(adopted).await,
                    _ => self.begin_with_snapshot(first).await,
                }
            }
        }
    }

    /// Streams what commits after the slot was made, or after an adopted one was left.
    async fn begin_at_slot(&mut self, adopted: Option<Slot>) -> Result<(), Error> {
        let (position, made) = match adopted {
            Some(slot) => (source::position_of(&self.server, self.file, &slot)?, None),
            None => {
                let making = source::make_slot(&self.server, self.file, self.stop.requested());
                let Some(made) = making.await? else { return Ok(()) };
                (Position::at(Arc::from(&*self.file.name), self.server.id, made.point()), Some(made))
            }
        };
        self.delivery.keeper.save(|state| state.position = Some(position)).await?;
        if self.until == Until::Snapshot {
            return Ok(());
        }
        let connection = made.and_then(|made| self.kept(made));
        self.stream(connection).await
    }

    /// Copies what is there, then streams what commits after it.
    async fn begin_with_snapshot(&mut self, first: FirstRun) -> Result<(), Error> {
        let making = source::make_slot(&self.server, self.file, self.stop.requested());
        let Some(made) = making.await? else { return Ok(()) };
        let exports = Exports::Slot {
            connect: self.server.connect.clone(),
            plugin: self.file.source.plugin,
            timeout: self.file.source.slot.create_timeout,
        };
        let ended = self.snapshot(first, &made, exports).await?;
        if ended == Ended::Stopped || self.until == Until::Snapshot {
            return Ok(());
        }
        let connection = self.kept(made);
        self.stream(connection).await
    }

    /// Finds where mining begins, copies what is there or notes only what it was, then mines.
    async fn begin_mining(&mut self, first: FirstRun) -> Result<(), Error> {
        let beginning = source::begin_mining(&self.server, self.file, self.stop.requested());
        let Some(begun) = beginning.await? else { return Ok(()) };
        if self.mode() == SnapshotMode::Never {
            let position = Position::at(Arc::from(&*self.file.name), self.server.id, begun.lsn);
            let shows = begun.snapshot.shows();
            let start = |table: &TableInfo| {
                TableStart::new(table.table.oid, begun.snapshot.point()).with_shown(shows.cloned())
            };
            let starts = first.tables.iter().map(start).collect();
            self.delivery
                .keeper
                .save(|state| (state.position, state.starts) = (Some(position), starts))
                .await?;
        } else {
            let exports = Exports::Mined { connect: self.server.connect.clone(), start: begun.lsn };
            if self.snapshot(first, &begun.snapshot, exports).await? == Ended::Stopped {
                return Ok(());
            }
        }
        // Its transaction would keep the server from cleaning up for as long as the log is mined.
        drop(begun);
        if self.until == Until::Snapshot {
            return Ok(());
        }
        self.stream(None).await
    }

    /// The session that a temporary slot lives in.
    fn kept(&self, made: ExportedSnapshot) -> Option<Connection> {
        (self.file.source.slot.create == SlotCreate::Temporary).then(|| made.into_connection()).flatten()
    }

    async fn snapshot(
        &mut self,
        first: FirstRun,
        exported: &ExportedSnapshot,
        exports: Exports,
    ) -> Result<Ended, Error> {
        let config = &self.file.source.snapshot;
        let mut options = SnapshotOptions::new(
            self.server.connect.clone(),
            &*self.file.name,
            self.server.id,
            self.server.system.version,
            first.tables,
        );
        options.parallelism = usize::try_from(config.parallelism).unwrap_or(usize::MAX);
        options.format = match config.format {
            SnapshotFormat::Auto => CopyFormatChoice::Auto,
            SnapshotFormat::Binary => CopyFormatChoice::Binary,
            SnapshotFormat::Text => CopyFormatChoice::Text,
        };
        options.invalid_text = self.file.source.invalid_text.into();
        let limits = source::limits(self.file);
        (options.batch_rows, options.batch_bytes) = (limits.rows, limits.bytes);
        options.memory = self.memory.clone();
        tracing::info!(tables = options.tables.len(), point = %exported.point(), "the snapshot begins");
        self.delivery.progress.snapshot(&options.tables);
        let shown = exports.shown(exported);
        let ended = self.delivery.deliver(SnapshotSource::start(options, shown, Arc::new(exports))).await?;
        if ended == Ended::Over {
            tracing::info!(rows = self.delivery.report.rows, "the snapshot is durable");
        }
        Ok(ended)
    }

    async fn stream(&mut self, connection: Option<Connection>) -> Result<(), Error> {
        let until = match self.until {
            Until::Current => Some(stream::Until::Current),
            Until::Lsn(lsn) => Some(stream::Until::Lsn(lsn)),
            Until::Stopped | Until::Snapshot => None,
        };
        let state = self.delivery.keeper.state();
        let reading = Reading { until, skip: self.skip, memory: self.memory.clone(), connection };
        if source::is_mined(self.file) {
            let source = source::mined(&self.server, self.file, state, reading)?;
            self.delivery.deliver(source).await?;
        } else {
            let source = source::replication(&self.server, self.file, state, reading).await?;
            self.delivery.deliver(source).await?;
        }
        Ok(())
    }
}
