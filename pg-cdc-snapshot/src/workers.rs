//! A round: several connections read tables of one queue under one snapshot.

use std::sync::{Arc, PoisonError};

use pg_cdc_core::Error;
use pg_cdc_core::catalog::TableInfo;
use pg_cdc_core::wire::{Connection, Session};
use tokio::task::JoinSet;

use crate::chunk::Chunk;
use crate::guard::Difference;
use crate::round::Round;
use crate::table::{self, Trouble};

/// A table that must be read again, and why.
#[derive(Debug)]
pub(crate) struct Again {
    pub(crate) info: TableInfo,
    pub(crate) why: Why,
}

/// Why a table must be read again.
#[derive(Debug)]
pub(crate) enum Why {
    /// It was changed under its snapshot.
    Changed(Difference),
    /// A connection, or the snapshot itself, was lost while it was read.
    Lost(Arc<Error>),
}

impl Round {
    /// Hands a batch to whoever reads the source; waits while there is no room.
    pub(crate) async fn send(&self, chunk: Chunk) -> Result<(), Trouble> {
        self.out.send(Ok(chunk)).await.map_err(|_| Trouble::Unwanted)
    }

    fn next(&self) -> Option<TableInfo> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner).pop()
    }

    fn rest(&self) -> Vec<TableInfo> {
        std::mem::take(&mut *self.queue.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

/// Reads the round's tables over `parallelism` connections; gives those that must be read again.
pub(crate) async fn run(
    round: Arc<Round>,
    parallelism: usize,
    workers: &mut JoinSet<Result<Worked, Trouble>>,
) -> Result<Vec<Again>, Trouble> {
    for _ in 0..parallelism {
        workers.spawn(work(Arc::clone(&round)));
    }
    let (mut again, mut lost) = (Vec::new(), None);
    while let Some(worked) = workers.join_next().await {
        let worked = worked.map_err(|panic| {
            Error::new(pg_cdc_core::ErrorKind::Closed, "a worker of the snapshot ended in a panic")
                .with_cause(panic)
        })??;
        again.extend(worked.again);
        lost = lost.or(worked.lost);
    }
    // Where every worker was lost, nobody read the rest.
    if let Some(lost) = lost {
        again.extend(round.rest().into_iter().map(|info| Again { info, why: Why::Lost(Arc::clone(&lost)) }));
    }
    Ok(again)
}

/// What became of a worker.
#[derive(Debug, Default)]
pub(crate) struct Worked {
    again: Vec<Again>,
    /// Why it could not go on.
    lost: Option<Arc<Error>>,
}

async fn work(round: Arc<Round>) -> Result<Worked, Trouble> {
    let mut worked = Worked::default();
    let mut ready = None;
    while let Some(info) = round.next() {
        let connected = match ready.take() {
            Some(connection) => Ok(connection),
            None => Connection::connect(&round.connect, Session::Sql).await,
        };
        let name = info.table.name.clone();
        let (lost, goes_on) = match connected {
            Ok(mut connection) => match table::read(&round, &mut connection, &info).await {
                Ok(()) => {
                    tracing::debug!(table = %name, "a table's snapshot is done");
                    ready = Some(connection);
                    continue;
                }
                Err(Trouble::Changed(difference)) => {
                    tracing::warn!(table = %name, "the table is read again: {difference} under its snapshot");
                    worked.again.push(Again { info, why: Why::Changed(difference) });
                    ready = Some(connection);
                    continue;
                }
                Err(Trouble::Failed(error)) if error.is_transient() => (error, true),
                Err(Trouble::SnapshotGone(error)) => (error, false),
                Err(trouble) => return Err(trouble),
            },
            // Without another connection there are still those of the others.
            Err(error) if error.is_transient() => (error, false),
            Err(error) => return Err(error.into()),
        };
        tracing::warn!(table = %name, error = %lost.with_causes(), "the table is read again");
        let lost = Arc::new(lost);
        worked.again.push(Again { info, why: Why::Lost(Arc::clone(&lost)) });
        if !goes_on {
            worked.lost = Some(lost);
            break;
        }
    }
    if let Some(connection) = ready {
        connection.close().await;
    }
    Ok(worked)
}
