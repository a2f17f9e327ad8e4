//! Where snapshots come from.

use std::any::Any;
use std::fmt;
use std::sync::Arc;

use async_trait::async_trait;
use pg_cdc_core::{Error, Lsn, XidSnapshot};

/// A snapshot that other sessions can import with `SET TRANSACTION SNAPSHOT`.
#[non_exhaustive]
pub struct Exported {
    /// Its name, as `pg_export_snapshot()` or `CREATE_REPLICATION_SLOT` gave it.
    pub name: String,
    /// It shows everything that committed before this, and nothing else; with `shows`, nothing that commits later.
    pub point: Lsn,
    /// Which transactions it shows, where the point does not tell exactly.
    pub shows: Option<Arc<XidSnapshot>>,
    /// Where the stream goes on that follows; the point, unless it was begun before.
    pub start: Lsn,
    /// What keeps it importable: the connection that exported it. Dropped when nobody needs it any more.
    pub keep: Box<dyn Any + Send>,
}

impl Exported {
    /// The snapshot `name` of everything that committed before `point`, importable while `keep` lives.
    pub fn new(name: impl Into<String>, point: Lsn, keep: impl Any + Send) -> Self {
        Self { name: name.into(), point, shows: None, start: point, keep: Box::new(keep) }
    }

    /// It shows the transactions that `shows` shows; what the stream tells of them from `start` on is in its rows.
    #[must_use]
    pub fn with_transactions(mut self, shows: Arc<XidSnapshot>, start: Lsn) -> Self {
        (self.shows, self.start) = (Some(shows), start);
        self
    }
}

impl fmt::Debug for Exported {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Exported")
            .field("name", &self.name)
            .field("point", &self.point)
            .field("shows", &self.shows)
            .field("start", &self.start)
            .finish_non_exhaustive()
    }
}

/// Gives a fresh snapshot, for tables that must be read again.
///
/// It must be tied to the stream exactly, as the point of a temporary slot's exported snapshot is, or by its transactions:
/// an LSN read beside a snapshot is not (a commit that waits for a synchronous standby is decoded but not yet visible).
#[async_trait]
pub trait Exporter: Send + Sync {
    /// A snapshot taken now.
    ///
    /// # Errors
    ///
    /// Where the server can't be reached or refuses; a transient one ends the snapshot with a transient error.
    async fn export(&self) -> Result<Exported, Error>;
}
