//! What the workers hand out.

use pg_cdc_core::batch::ChangeBatch;
use pg_cdc_core::{SourceError, TableName};

/// A batch on its way out.
#[derive(Debug)]
pub(crate) struct Chunk {
    pub(crate) batch: ChangeBatch,
    /// The table that is done with it.
    pub(crate) done: Option<TableName>,
}

/// What the workers hand out.
pub(crate) type Item = Result<Chunk, SourceError>;
