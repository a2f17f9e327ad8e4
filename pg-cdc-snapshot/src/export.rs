//! Where snapshots come from.

use std::any::Any;
use std::fmt;

use async_trait::async_trait;
use pg_cdc_core::{Error, Lsn};

/// A snapshot that other sessions can import with `SET TRANSACTION SNAPSHOT`.
#[non_exhaustive]
pub struct Exported {
    /// Its name, as `pg_export_snapshot()` or `CREATE_REPLICATION_SLOT` gave it.
    pub name: String,
    /// It shows everything that committed before this, and nothing else.
    pub point: Lsn,
    /// What keeps it importable: the connection that exported it. Dropped when nobody needs it any more.
    pub keep: Box<dyn Any + Send>,
}

impl Exported {
    /// The snapshot `name` of everything that committed before `point`, importable while `keep` lives.
    pub fn new(name: impl Into<String>, point: Lsn, keep: impl Any + Send) -> Self {
        Self { name: name.into(), point, keep: Box::new(keep) }
    }
}

impl fmt::Debug for Exported {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Exported")
            .field("name", &self.name)
            .field("point", &self.point)
            .finish_non_exhaustive()
    }
}

/// Gives a fresh snapshot, for tables that must be read again.
///
/// The point must be tied to the stream exactly, as that of a temporary slot's exported snapshot is: an LSN read beside
/// a snapshot is not (a commit that waits for a synchronous standby is decoded but not yet visible).
#[async_trait]
pub trait Exporter: Send + Sync {
    /// A snapshot taken now.
    ///
    /// # Errors
    ///
    /// Where the server can't be reached or refuses; a transient one ends the snapshot with a transient error.
    async fn export(&self) -> Result<Exported, Error>;
}
