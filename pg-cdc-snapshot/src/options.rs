//! What a snapshot reads, and how.

use std::sync::Arc;

use pg_cdc_core::batch::{BufferPool, Recycler};
use pg_cdc_core::catalog::TableInfo;
use pg_cdc_core::wire::ConnectConfig;
use pg_cdc_core::{InvalidText, ServerId};

use crate::plan::CopyFormatChoice;

/// What a snapshot reads, and how.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct SnapshotOptions {
    /// How to reach the server.
    pub connect: ConnectConfig,
    /// The source's name, for positions.
    pub source: Arc<str>,
    /// The cluster, for positions.
    pub server: ServerId,
    /// `server_version_num`, as in 150018.
    pub version: u32,
    /// The tables, as the catalog had them **before** the slot was made.
    pub tables: Vec<TableInfo>,
    /// Number of connections that copy at once, at least 1. One more looks at the catalog.
    pub parallelism: usize,
    /// How rows are encoded on their way.
    pub format: CopyFormatChoice,
    /// What is done with text that is not UTF-8, which only a database in SQL_ASCII sends. Unless that is left to be an
    /// error where somebody reads it, rows of such a database come as text, and [`CopyFormatChoice::Binary`] is an
    /// error: what lies within a binary form is not seen.
    pub invalid_text: InvalidText,
    /// Most rows in a batch.
    pub batch_rows: usize,
    /// About how many bytes a batch holds at most; a row that is larger has one of its own.
    pub batch_bytes: usize,
    /// Where read buffers come from: its limit bounds what is in flight.
    pub memory: BufferPool,
    /// Where batches come from.
    pub recycler: Recycler,
}

impl SnapshotOptions {
    /// `tables` of a server of `version`, read over 4 connections into batches of 10 000 rows or 8 MiB, with 64 MiB
    /// in flight.
    #[must_use]
    pub fn new(
        connect: ConnectConfig,
        source: impl Into<Arc<str>>,
        server: ServerId,
        version: u32,
        tables: Vec<TableInfo>,
    ) -> Self {
        Self {
            connect,
            source: source.into(),
            server,
            version,
            tables,
            parallelism: 4,
            format: CopyFormatChoice::Auto,
            invalid_text: InvalidText::Error,
            batch_rows: 10_000,
            batch_bytes: 8 << 20,
            memory: BufferPool::new(64 << 20),
            recycler: Recycler::new(),
        }
    }
}
