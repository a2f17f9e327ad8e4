//! What the workers of one round share.

use std::sync::{Arc, Mutex};

use pg_cdc_core::batch::{BufferPool, Recycler};
use pg_cdc_core::catalog::TableInfo;
use pg_cdc_core::wire::ConnectConfig;
use pg_cdc_core::{InvalidText, Lsn, XidSnapshot};
use tokio::sync::mpsc;

use crate::chunk::Item;
use crate::guard::Guard;
use crate::plan::CopyFormatChoice;

/// What the workers of one round share.
#[derive(Debug)]
pub(crate) struct Round {
    pub(crate) connect: ConnectConfig,
    pub(crate) snapshot: String,
    pub(crate) point: Lsn,
    pub(crate) shows: Option<Arc<XidSnapshot>>,
    pub(crate) guard: Guard,
    pub(crate) format: CopyFormatChoice,
    pub(crate) invalid_text: InvalidText,
    pub(crate) batch_rows: usize,
    pub(crate) batch_bytes: usize,
    pub(crate) memory: BufferPool,
    pub(crate) recycler: Recycler,
    /// The next table is the last.
    pub(crate) queue: Mutex<Vec<TableInfo>>,
    pub(crate) out: mpsc::Sender<Item>,
}
