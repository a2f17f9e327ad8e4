use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
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

/// As [`Done`], of all workers together.
#[derive(Debug, Default)]
struct Counters {
    committed: AtomicU64,
    rolled_back: AtomicU64,
}

impl Counters {
    fn one_more(of: &AtomicU64) {
        of.fetch_add(1, Ordering::Relaxed);
    }

    fn so_far(&self) -> Done {
        let [committed, rolled_back] =
            [&self.committed, &self.rolled_back].map(|count| count.load(Ordering::Relaxed));
        Done { committed, rolled_back }
    }
}

/// A workload that runs until it is stopped; dropping it stops it without waiting.
#[derive(Debug)]
pub struct Live {
    stop: watch::Sender<bool>,
    done: Arc<Counters>,
    tasks: Vec<JoinHandle<Result<()>>>,
}

impl Live {
    /// Begins, with one connection a worker. `rate` is in transactions a second over all of them; without it each goes
    /// as fast as it can. A connection that the server closes is made again: servers are restarted in tests.
    pub fn start<W: Worker>(config: &Config, workers: Vec<W>, rate: Option<f64>) -> Self {
        let (stop, stopped) = watch::channel(false);
        let done = Arc::new(Counters::default());
        #[expect(clippy::cast_precision_loss, reason = "a handful of workers")]
        let pause = rate.map(|r| Duration::from_secs_f64(workers.len() as f64 / r.max(0.001)));
        let tasks = workers
            .into_iter()
            .map(|worker| {
                tokio::spawn(work(config.clone(), worker, pause, stopped.clone(), Arc::clone(&done)))
            })
            .collect();
        Self { stop, done, tasks }
    }

    /// What was done so far.
    pub fn so_far(&self) -> Done {
        self.done.so_far()
    }

    /// Waits until so many transactions have committed, for up to a minute.
    ///
    /// # Errors
    ///
    /// If they have not by then, or a worker has stopped by itself.
    pub async fn committed(&self, transactions: u64) -> Result<()> {
        let until = Instant::now() + Duration::from_secs(60);
        while self.so_far().committed < transactions {
            if self.has_failed() || Instant::now() > until {
                return Err(Error::Invalid(format!("no {transactions} commits but {:?}", self.so_far())));
            }
            sleep(Duration::from_millis(10)).await;
        }
        Ok(())
    }

    /// Lets each connection end its transaction, and says what was done.
    ///
    /// # Errors
    ///
    /// The first error of a worker that was neither a conflict nor a lost connection. Its other connections went on.
    pub async fn stop(self) -> Result<Done> {
        self.stop.send_replace(true);
        let (done, tasks) = (self.done, self.tasks);
        for task in tasks {
            task.await??;
        }
        Ok(done.so_far())
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
    done: Arc<Counters>,
) -> Result<()> {
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
            Ok(true) => Counters::one_more(&done.committed),
            Ok(false) => Counters::one_more(&done.rolled_back),
            Err(e) if is_conflict(&e) => {
                Counters::one_more(&done.rolled_back);
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
    Ok(())
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
