use std::time::Duration;

use tokio::sync::watch;
use tokio::task::JoinHandle;
use tokio::time::{Instant, sleep, sleep_until};
use tokio_postgres::Config;
use tokio_postgres::error::SqlState;

use super::Worker;
use crate::client::Client;
use crate::error::{Error, Result};

/// What a workload has done.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Done {
    /// Transactions that committed.
    pub committed: u64,
    /// Transactions that were rolled back, meant so or for a conflict with another.
    pub rolled_back: u64,
}

/// A workload that runs until it is stopped; dropping it stops it without waiting.
#[derive(Debug)]
pub struct Live {
    stop: watch::Sender<bool>,
    tasks: Vec<JoinHandle<Result<Done>>>,
}

impl Live {
    /// Begins, with one connection a worker. `rate` is in transactions a second over all of them; without it each goes
    /// as fast as it can. A connection that the server closes is made again: servers are restarted in tests.
    pub fn start<W: Worker>(config: &Config, workers: Vec<W>, rate: Option<f64>) -> Self {
        let (stop, stopped) = watch::channel(false);
        #[expect(clippy::cast_precision_loss, reason = "a handful of workers")]
        let pause = rate.map(|r| Duration::from_secs_f64(workers.len() as f64 / r.max(0.001)));
        let tasks = workers
            .into_iter()
            .map(|worker| tokio::spawn(work(config.clone(), worker, pause, stopped.clone())))
            .collect();
        Self { stop, tasks }
    }

    /// Lets each connection end its transaction, and says what was done.
    ///
    /// # Errors
    ///
    /// The first error of a worker that was neither a conflict nor a lost connection. Its other connections went on.
    pub async fn stop(self) -> Result<Done> {
        self.stop.send_replace(true);
        let mut done = Done::default();
        for task in self.tasks {
            let part = task.await??;
            done.committed += part.committed;
            done.rolled_back += part.rolled_back;
        }
        Ok(done)
    }

    /// Whether a worker has stopped by itself, which only an error makes it do: then [`stop`](Self::stop) tells it.
    pub fn has_failed(&self) -> bool {
        self.tasks.iter().any(JoinHandle::is_finished)
    }
}

async fn work<W: Worker>(
    config: Config,
    mut worker: W,
    pause: Option<Duration>,
    mut stopped: watch::Receiver<bool>,
) -> Result<Done> {
    let mut done = Done::default();
    let mut client = None;
    let mut next = Instant::now();
    // An error of the channel means that its sender, and so our owner, is gone.
    while !*stopped.borrow() && stopped.has_changed().is_ok() {
        let Some(connected) = client.take().filter(|c: &Client| !c.is_closed()) else {
            match Client::connect(&config).await {
                Ok(connected) => client = Some(connected),
                Err(e) if is_lost(&e) => sleep(Duration::from_millis(50)).await,
                Err(e) => return Err(e),
            }
            continue;
        };
        match worker.transaction(&connected).await {
            Ok(true) => done.committed += 1,
            Ok(false) => done.rolled_back += 1,
            Err(e) if is_conflict(&e) => {
                done.rolled_back += 1;
                // If this fails the connection is lost, and the next turn makes another.
                let _ = connected.batch_execute("ROLLBACK").await;
            }
            // Whether the last transaction committed is not known then: counted as neither.
            Err(e) if is_lost(&e) || connected.is_closed() => continue,
            Err(e) => return Err(e),
        }
        client = Some(connected);
        if let Some(pause) = pause {
            next += pause;
            tokio::select! {
                () = sleep_until(next) => {}
                _ = stopped.changed() => {}
            }
        }
    }
    Ok(done)
}

fn sqlstate(error: &Error) -> Option<&SqlState> {
    if let Error::Postgres(e) = error { e.code() } else { None }
}

fn is_conflict(error: &Error) -> bool {
    [SqlState::T_R_SERIALIZATION_FAILURE, SqlState::T_R_DEADLOCK_DETECTED, SqlState::UNIQUE_VIOLATION]
        .iter()
        .chain(&[SqlState::FOREIGN_KEY_VIOLATION])
        .any(|state| sqlstate(error) == Some(state))
}

/// The server is stopping, starting or gone.
fn is_lost(error: &Error) -> bool {
    let Error::Postgres(e) = error else { return false };
    e.code().is_none_or(|code| code.code().starts_with("57P"))
}
