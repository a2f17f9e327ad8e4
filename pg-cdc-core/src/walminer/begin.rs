//! Where mining begins: at a place that no transaction spans, beside a snapshot of what was there.

use std::future::Future;
use std::pin::pin;
use std::time::Duration;

use tokio::time::{Instant, sleep};

use super::Release;
use super::calls::{Try, flushed, release, running, try_to_start};
use crate::catalog::{self, Blocker, Client};
use crate::stream::{ExportedSnapshot, export_by_transaction};
use crate::wire::ConnectConfig;
use crate::{Error, ErrorKind, Lsn};

/// How often is looked whether those that are waited for have ended.
const LOOK: Duration = Duration::from_millis(200);
/// How often at least a server that is never quiet is tried again.
const LONGEST: Duration = Duration::from_secs(10);
/// How often is told for whom is waited.
const TELL: Duration = Duration::from_secs(1);

/// Where mining begins, and what was there.
#[derive(Debug)]
#[non_exhaustive]
pub struct MiningStart {
    /// Where the first window begins.
    pub lsn: Lsn,
    /// Of no transaction that began before `lsn` anything is hidden from it. What it shows of those that began later comes
    /// out of the log too: [`ExportedSnapshot::shows`] tells which they are.
    pub snapshot: ExportedSnapshot,
}

/// Finds a place where mining can begin, and exports a snapshot of what is there.
///
/// Transactions that are running now must end first; `waiting` is told every second for how long this has taken and who
/// they are. Version 1 needs a moment in which nobody writes at all (see [`quiet_start`](super::quiet_start)).
/// Once `stop` is ready this gives `None`.
///
/// # Errors
///
/// [`ErrorKind::GaveUp`] after `timeout`, naming who was waited for; [`ErrorKind::Mismatch`] where the database has no
/// walminer.
pub async fn begin(
    connect: &ConnectConfig,
    timeout: Duration,
    waiting: &(dyn Fn(Duration, &[Blocker]) + Send + Sync),
    stop: impl Future<Output = ()>,
) -> Result<Option<MiningStart>, Error> {
    let beginning = async {
        let client = catalog::connect(connect).await?;
        let wait = Wait { client: &client, timeout, waiting, since: Instant::now(), told: Instant::now() };
        let lsn = match release(&client).await? {
            Release::First => wait.for_quiet().await?,
            Release::Third => wait.for_those_that_run().await?,
        };
        let snapshot = export_by_transaction(connect).await?;
        Ok(MiningStart { lsn, snapshot })
    };
    tokio::select! {
        begun = pin!(beginning) => begun.map(Some),
        () = pin!(stop) => Ok(None),
    }
}

struct Wait<'a> {
    client: &'a Client,
    timeout: Duration,
    waiting: &'a (dyn Fn(Duration, &[Blocker]) + Send + Sync),
    since: Instant,
    told: Instant,
}

impl Wait<'_> {
    /// A place that no transaction spans, and before which nobody wrote for a while.
    async fn for_quiet(mut self) -> Result<Lsn, Error> {
        let mut pause = LOOK;
        loop {
            match try_to_start(self.client).await? {
                Try::Start(start) => return Ok(start),
                Try::Busy => {}
                // It has cost the server something.
                Try::Interrupted | Try::Disturbed => pause = (pause * 2).min(LONGEST),
            }
            let at_work = running(self.client).await?.ids;
            self.wait_for(&at_work, pause).await?;
        }
    }

    /// What is on disk now, once all that were running there have ended: what others write lies behind it.
    async fn for_those_that_run(mut self) -> Result<Lsn, Error> {
        let start = flushed(self.client).await?;
        let mut left = running(self.client).await?.ids;
        while !left.is_empty() {
            self.wait_for(&left, LOOK).await?;
            let now = running(self.client).await?.ids;
            left.retain(|id| now.contains(id));
        }
        Ok(start)
    }

    async fn wait_for(&mut self, ids: &[i64], pause: Duration) -> Result<(), Error> {
        let waited = self.since.elapsed();
        if waited >= self.timeout || self.told.elapsed() >= TELL {
            let holders = catalog::holders(self.client, ids).await?;
            if waited >= self.timeout {
                return Err(gave_up(waited, &holders));
            }
            (self.waiting)(waited, &holders);
            self.told = Instant::now();
        }
        sleep(pause.min(self.timeout.saturating_sub(waited))).await;
        Ok(())
    }
}

fn gave_up(waited: Duration, holders: &[Blocker]) -> Error {
    let what = format!(
        "no place to begin mining at was found within {} s: it waits for {}",
        waited.as_secs(),
        catalog::name_all(holders)
    );
    Error::new(ErrorKind::GaveUp, what).with_hint(
        "end these transactions (pg_terminate_backend; COMMIT PREPARED or ROLLBACK PREPARED), or raise \
         slot.create_timeout; version 1 of walminer needs a moment in which nobody writes",
    )
}
