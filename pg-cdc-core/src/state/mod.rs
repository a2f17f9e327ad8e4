//! The seam between a pipeline and where it keeps its place.

mod file;
mod memory;

use std::collections::BTreeMap;
use std::sync::Arc;

use async_trait::async_trait;
use serde::{Deserialize, Serialize};

pub use file::FileStore;
pub use memory::MemoryStore;

use crate::{Columns, Error, Lsn, Position, ServerId, SinkState, Table, TableShape, XidSnapshot};

/// The version of the format that this release writes, and the only one it reads.
pub const STATE_VERSION: u32 = 1;

/// What a pipeline must know to go on where it stopped.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct State {
    /// The format's version, [`STATE_VERSION`].
    pub version: u32,
    /// The pipeline's name.
    pub pipeline: String,
    /// The cluster it reads.
    pub server: ServerId,
    /// What tells the changes, as in `pgoutput`; `None` where nothing does, after a mere snapshot, or where an earlier
    /// release wrote this.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub plugin: Option<String>,
    /// The slot, written down before it is made.
    pub slot: Option<SlotRecord>,
    /// The publications it reads.
    pub publications: Vec<PublicationRecord>,
    /// How far the first snapshot is.
    pub snapshot: SnapshotRecord,
    /// What is durable in the sink.
    pub position: Option<Position>,
    /// What the sink wants back when it is opened again.
    pub sink: Option<SinkState>,
    /// The versions of the tables in use: Relation messages come again after every reconnect, and what did not change
    /// is no event.
    pub tables: Vec<Arc<Table>>,
    /// Tables that were read again at a later point than the slot's: changes committed before it are in their rows.
    pub starts: Vec<TableStart>,
    /// What was asked for of the tables when the pipeline began: it holds for as long as its state does.
    #[serde(default)]
    pub asked: Asked,
    /// OIDs of the tables of which only INSERTs and TRUNCATEs are read, where no publication says so.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub inserts_only: Vec<u32>,
    /// What of each table is read, where that is not simply all of it.
    #[serde(default)]
    pub shapes: Vec<TableShape>,
}

/// What a pipeline asked for of its tables, beside which they are: by table, as the pipeline file names it.
///
/// Slot, publication and the rows that the sink holds are made for it, so it can't change under them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
#[non_exhaustive]
pub struct Asked {
    /// The columns that are read.
    pub columns: BTreeMap<String, Columns>,
    /// The conditions that rows fulfil.
    pub rows: BTreeMap<String, String>,
    /// The keys of tables without one.
    pub key: BTreeMap<String, Vec<String>>,
    /// Whether stored generated columns are read.
    pub generated: bool,
    /// Whether changes of partitions are published as their root's.
    pub via_root: bool,
}

impl Default for Asked {
    /// Everything.
    fn default() -> Self {
        Self {
            columns: BTreeMap::new(),
            rows: BTreeMap::new(),
            key: BTreeMap::new(),
            generated: false,
            via_root: true,
        }
    }
}

/// A slot in the state.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SlotRecord {
    /// Its name.
    pub name: String,
    /// Whether the pipeline made it, or meant to when this was written.
    pub made: bool,
}

/// A publication in the state.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PublicationRecord {
    /// Its name.
    pub name: String,
    /// Whether the pipeline made it, or meant to when this was written.
    pub made: bool,
}

/// How far the first snapshot is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SnapshotRecord {
    /// None was asked for.
    Skipped,
    /// It is not whole: without it the slot is worth nothing.
    Unfinished,
    /// Its rows are durable in the sink.
    Complete,
}

/// From where on a table's changes count.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct TableStart {
    /// The table.
    pub oid: u32,
    /// Transactions that commit before this are in its snapshot; with `shows`, none that commits later is.
    pub from: Lsn,
    /// Which transactions are in its snapshot, where `from` does not tell exactly.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub shows: Option<Arc<XidSnapshot>>,
}

impl TableStart {
    /// The changes of the table `oid` count that commit from `from` on.
    #[must_use]
    pub fn new(oid: u32, from: Lsn) -> Self {
        Self { oid, from, shows: None }
    }

    /// What `shows` shows does not count, and nothing else that commits before `from` is left out.
    #[must_use]
    pub fn with_shown(mut self, shows: Option<Arc<XidSnapshot>>) -> Self {
        self.shows = shows;
        self
    }
}

impl State {
    /// The state of a pipeline that has done nothing yet.
    #[must_use]
    pub fn new(pipeline: impl Into<String>, server: ServerId) -> Self {
        Self {
            version: STATE_VERSION,
            pipeline: pipeline.into(),
            server,
            plugin: None,
            slot: None,
            publications: Vec::new(),
            snapshot: SnapshotRecord::Skipped,
            position: None,
            sink: None,
            tables: Vec::new(),
            starts: Vec::new(),
            asked: Asked::default(),
            inserts_only: Vec::new(),
            shapes: Vec::new(),
        }
    }
}

/// Keeps a [`State`]. One pipeline at a time: an implementation holds a lock from its making to its drop.
#[async_trait]
pub trait StateStore: Send {
    /// What was saved last, whole; `None` before the first save.
    async fn load(&mut self) -> Result<Option<State>, Error>;

    /// Replaces what was saved. Once this returns, a crash of the machine does not undo it; a crash meanwhile leaves
    /// the old state or the new one, never a mixture.
    async fn save(&mut self, state: &State) -> Result<(), Error>;

    /// Forgets everything.
    async fn remove(&mut self) -> Result<(), Error>;
}
