//! What a spool is told.

use std::path::PathBuf;

/// How a [`Spool`](super::Spool) keeps transactions.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct SpoolOptions {
    /// Bytes of memory that all open transactions may use together; what is beyond goes to files. 32 MiB unless told.
    ///
    /// It is to be a share of the stream's `memory_limit`: large enough that ordinary transactions stay in memory,
    /// small enough that what is left lets the stream read on.
    pub memory: usize,
    /// The folder in which the spool makes one of its own; `None` for the system's temporary folder. Made where it is
    /// missing. It must have room for all that the open transactions have changed, and may be shared by any number of
    /// spools.
    pub folder: Option<PathBuf>,
}

impl Default for SpoolOptions {
    fn default() -> Self {
        Self { memory: 32 << 20, folder: None }
    }
}
