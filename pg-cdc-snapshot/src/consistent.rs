//! The snapshot as a whole: rounds, until every table has been read under a snapshot that shows it.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use pg_cdc_core::catalog::{self, TableInfo};
use pg_cdc_core::{Error, ErrorKind, Lsn, XidSnapshot};
use tokio::sync::mpsc;
use tokio::task::JoinSet;

use crate::chunk::{Chunk, Item};
use crate::export::{Exported, Exporter};
use crate::guard::Guard;
use crate::options::SnapshotOptions;
use crate::plan;
use crate::round::Round;
use crate::table::Trouble;
use crate::workers::{self, Again, Why, Worked};

/// How often a table is read before we give up.
const MOST_ROUNDS: u32 = 10;
/// How long to wait after a lost connection, or before a table is read a third time; twice as long each time.
const FIRST_WAIT: Duration = Duration::from_millis(100);
const LONGEST_WAIT: Duration = Duration::from_secs(5);

/// Runs the snapshot and tells of it through `out`. The workers are the caller's, who waits for their end.
pub(crate) async fn run(
    options: SnapshotOptions,
    exported: Exported,
    exporter: Arc<dyn Exporter>,
    out: mpsc::Sender<Item>,
    workers: &mut JoinSet<Result<Worked, Trouble>>,
) -> Result<(), Trouble> {
    let told = Teller { options: &options, out };
    let first = exported.point;
    told.begun(first, &options.tables).await?;

    let mut tables = options.tables.clone();
    let mut guard = connect_guard(&options).await?;
    let mut exported = exported;
    for number in 1.. {
        plan::order(&mut tables);
        tables.reverse();
        let round = Arc::new(Round {
            connect: options.connect.clone(),
            snapshot: exported.name.clone(),
            point: exported.point,
            shows: exported.shows.clone(),
            guard,
            format: options.format,
            invalid_text: options.invalid_text,
            batch_rows: options.batch_rows.max(1),
            batch_bytes: options.batch_bytes,
            memory: options.memory.clone(),
            recycler: options.recycler.clone(),
            queue: Mutex::new(std::mem::take(&mut tables)),
            out: told.out.clone(),
        });
        let again = workers::run(round, options.parallelism.max(1), workers).await?;
        if again.is_empty() {
            break;
        }
        if number == MOST_ROUNDS {
            return Err(given_up(again).into());
        }
        // Whoever rewrites a table once may do so again: a migration is to end before we give up.
        if number > 1 || again.iter().any(|again| matches!(again.why, Why::Lost(_))) {
            tokio::time::sleep((FIRST_WAIT * 2_u32.pow(number - 1)).min(LONGEST_WAIT)).await;
        }
        // What the tables are is recorded before the snapshot is exported, as the first time.
        guard = connect_guard(&options).await?;
        let again = record(&guard, again).await?;
        drop(exported);
        exported = exporter.export().await?;
        tables = told.restarted(again, exported.point, exported.shows.clone()).await?;
    }
    told.ended(first).await
}

async fn connect_guard(options: &SnapshotOptions) -> Result<Guard, Error> {
    Ok(Guard::new(catalog::connect(&options.connect).await?, options.version))
}

/// Each table as it was, and as it is now, if it is.
async fn record(guard: &Guard, again: Vec<Again>) -> Result<Vec<(TableInfo, Option<TableInfo>)>, Error> {
    let mut recorded = Vec::with_capacity(again.len());
    for Again { info, .. } in again {
        let now = guard.look(&info).await?;
        recorded.push((info, now));
    }
    Ok(recorded)
}

fn given_up(again: Vec<Again>) -> Error {
    let mut names = again.iter().map(|again| again.info.table.name.to_string());
    let name = names.next().unwrap_or_default();
    let others = match names.count() {
        0 => String::new(),
        others => format!(" and {others} others"),
    };
    let message = format!("{name}{others} could not be read in {MOST_ROUNDS} snapshots");
    match again.into_iter().next().map(|again| again.why) {
        Some(Why::Lost(error)) => {
            let kind = error.kind();
            let given_up = Error::new(kind, message).with_cause(Lost(Arc::clone(&error)));
            match error.sqlstate() {
                Some(sqlstate) => given_up.with_sqlstate(sqlstate),
                None => given_up,
            }
        }
        Some(Why::Changed(difference)) => {
            Error::new(ErrorKind::Mismatch, format!("{message}: {difference} under each")).with_hint(
                "stop what alters, truncates or rewrites it while the snapshot runs, or leave it out",
            )
        }
        None => Error::new(ErrorKind::Mismatch, message),
    }
}

/// A shared error as a cause.
#[derive(Debug)]
struct Lost(Arc<Error>);

impl std::fmt::Display for Lost {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.fmt(f)
    }
}

impl std::error::Error for Lost {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        std::error::Error::source(&*self.0)
    }
}

/// Tells the events that are not a worker's.
struct Teller<'a> {
    options: &'a SnapshotOptions,
    out: mpsc::Sender<Item>,
}

impl Teller<'_> {
    async fn send(&self, chunk: Chunk) -> Result<(), Trouble> {
        self.out.send(Ok(chunk)).await.map_err(|_| Trouble::Unwanted)
    }

    async fn begun(&self, point: Lsn, tables: &[TableInfo]) -> Result<(), Trouble> {
        let mut batch = self.options.recycler.batch();
        batch.snapshot_begun(point);
        for info in tables {
            batch.schema_change(None, Arc::clone(&info.table));
        }
        self.send(Chunk { batch, done: None }).await
    }

    /// Takes back the rows so far of each table; those that are gone are done with that. Gives the others.
    async fn restarted(
        &self,
        again: Vec<(TableInfo, Option<TableInfo>)>,
        point: Lsn,
        shows: Option<Arc<XidSnapshot>>,
    ) -> Result<Vec<TableInfo>, Trouble> {
        let mut left = Vec::with_capacity(again.len());
        for (old, now) in again {
            let mut batch = self.options.recycler.batch();
            let table = batch.table(&old.table, None);
            batch.table_restarted(table);
            let mut done = None;
            match now {
                Some(mut now) => {
                    // That of now is only the planner's.
                    now.size = now.size.max(old.size);
                    if now.table == old.table {
                        now.table = old.table;
                    } else {
                        batch.schema_change(Some(old.table), Arc::clone(&now.table));
                    }
                    left.push(now);
                }
                None => {
                    tracing::warn!(table = %old.table.name, "the table was dropped during the snapshot");
                    batch.table_done(table, 0, point, shows.as_ref());
                    done = Some(old.table.name.clone());
                }
            }
            self.send(Chunk { batch, done }).await?;
        }
        Ok(left)
    }

    async fn ended(&self, point: Lsn) -> Result<(), Trouble> {
        let mut batch = self.options.recycler.batch();
        batch.snapshot_ended(point);
        self.send(Chunk { batch, done: None }).await
    }
}
