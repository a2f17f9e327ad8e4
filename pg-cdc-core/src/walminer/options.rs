//! What a walminer source is told.

use std::sync::Arc;
use std::time::Duration;

use crate::batch::BufferPool;
use crate::catalog::Selection;
use crate::stream::{BatchLimits, Retry, UnknownTables, Until};
use crate::wire::ConnectConfig;
use crate::{Lsn, Position, Table, TableShape, TableStart};

/// How a [`WalMinerSource`](super::WalMinerSource) mines.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct MiningOptions {
    /// The server; the role must be a superuser.
    pub connect: ConnectConfig,
    /// Where to go on: everything up to here is durable. For version 1, `confirmed` is the start of a segment, such as
    /// [`quiet_start`](super::quiet_start) gives.
    pub start: Position,
    /// Where to end; `None` for never. Version 1, which can't tell where a transaction commits, goes on to the end of
    /// the segment.
    pub until: Option<Until>,
    /// The commit LSN of a transaction that is passed over, as the error names it that it was the cause of.
    pub skip: Option<Lsn>,
    /// The tables whose changes are wanted, in the versions in use.
    pub tables: Vec<Arc<Table>>,
    /// What of these tables is read, where that is not simply all of it.
    pub shapes: Vec<TableShape>,
    /// OIDs of those of which only INSERTs are wanted.
    pub inserts_only: Vec<u32>,
    /// What tables that are not among these may be, so that they can be named when they appear.
    pub selection: Selection,
    /// What happens when such a table appears.
    pub unknown_tables: UnknownTables,
    /// Tables that were read at a later point than the start.
    pub starts: Vec<TableStart>,
    /// The folder of the WAL files, as the server sees it: an archive. `None` for the server's own `pg_wal`.
    pub wal_directory: Option<String>,
    /// How much more of the log than the last one a window of version 3 has at most, in bytes; `None` for all there is.
    /// Each window begins at the last [start](super#what-a-position-means), so short ones mine a long log many times.
    pub window: Option<u64>,
    /// How long to wait between two windows. The last one has written to the log itself, so there always is a next.
    /// Version 1 has the server switch to a new WAL file for each.
    pub every: Duration,
    /// How often at most version 1 has the server make a checkpoint. It begins to mine anew only at one that was made
    /// while no transaction was running, and mines all of the log since with each window.
    pub checkpoint_every: Duration,
    /// When a batch is closed.
    pub batch: BatchLimits,
    /// The buffers in flight.
    pub memory: BufferPool,
    /// How transient errors are tried again.
    pub retry: Retry,
}

impl MiningOptions {
    /// Mines from `start` on, with default limits and no tables yet.
    #[must_use]
    pub fn new(connect: ConnectConfig, start: Position) -> Self {
        Self {
            connect,
            start,
            until: None,
            skip: None,
            tables: Vec::new(),
            shapes: Vec::new(),
            inserts_only: Vec::new(),
            selection: Selection::default(),
            unknown_tables: UnknownTables::default(),
            starts: Vec::new(),
            wal_directory: None,
            window: None,
            every: Duration::from_secs(10),
            checkpoint_every: Duration::from_secs(300),
            batch: BatchLimits::default(),
            memory: BufferPool::new(64 << 20),
            retry: Retry::default(),
        }
    }
}
