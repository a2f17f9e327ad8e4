//! Fresh snapshots for tables that were rewritten under the first one.

use std::time::Duration;

use async_trait::async_trait;
use pg_cdc_core::Error;
use pg_cdc_core::stream::{export_by_temporary_slot, export_by_transaction};
use pg_cdc_core::wire::ConnectConfig;
use pg_cdc_snapshot::{Exported, Exporter};

/// Exports snapshots in the way that fits what follows.
pub(super) enum Exports {
    /// A stream follows: by a temporary slot, whose point is exact.
    Slot { connect: ConnectConfig, timeout: Duration },
    /// No stream follows: by an ordinary transaction.
    Transaction { connect: ConnectConfig },
}

#[async_trait]
impl Exporter for Exports {
    async fn export(&self) -> Result<Exported, Error> {
        let exported = match self {
            Self::Slot { connect, timeout } => {
                export_by_temporary_slot(connect, "pgoutput", *timeout).await?
            }
            Self::Transaction { connect } => export_by_transaction(connect).await?,
        };
        Ok(Exported::new(exported.name().to_owned(), exported.point(), exported))
    }
}
