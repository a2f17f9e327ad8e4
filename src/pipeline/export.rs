//! Fresh snapshots for tables that were rewritten under the first one.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use pg_cdc_core::stream::{ExportedSnapshot, export_by_temporary_slot, export_by_transaction};
use pg_cdc_core::wire::ConnectConfig;
use pg_cdc_core::{Error, Lsn};
use pg_cdc_snapshot::{Exported, Exporter};

use crate::config::Plugin;

/// Exports snapshots in the way that fits what follows.
pub(super) enum Exports {
    /// A stream follows: by a temporary slot, whose point is exact.
    Slot { connect: ConnectConfig, plugin: Plugin, timeout: Duration },
    /// No stream follows: by an ordinary transaction.
    Transaction { connect: ConnectConfig },
    /// The log is mined from `start` on: by an ordinary transaction, which tells the transactions that it shows.
    Mined { connect: ConnectConfig, start: Lsn },
}

impl Exports {
    /// `exported` as the snapshot's source takes it, while somebody else keeps it.
    pub(super) fn shown(&self, exported: &ExportedSnapshot) -> Exported {
        let shown = Exported::new(exported.name(), exported.point(), ());
        match (self, exported.shows()) {
            (Self::Mined { start, .. }, Some(shows)) => shown.with_transactions(Arc::clone(shows), *start),
            _ => shown,
        }
    }
}

#[async_trait]
impl Exporter for Exports {
    async fn export(&self) -> Result<Exported, Error> {
        let exported = match self {
            Self::Slot { connect, plugin, timeout } => {
                export_by_temporary_slot(connect, plugin.as_str(), *timeout).await?
            }
            Self::Transaction { connect } | Self::Mined { connect, .. } => {
                export_by_transaction(connect).await?
            }
        };
        let mut shown = self.shown(&exported);
        shown.keep = Box::new(exported);
        Ok(shown)
    }
}
