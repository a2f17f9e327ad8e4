//! Says whether a sink is right: one call, a list of broken promises.
//!
//! The suite plays a made-up history into the sink as a pipeline would: a snapshot of several tables, inserts,
//! updates with values that were not sent, changes of key, deletes, truncates, a table that gains a column, messages,
//! transactions over several tables and over several batches, empty batches, names with quotes, line breaks and
//! emoji, NULL beside what is not published, values of 1 MiB. It drops the sink without closing it after a write,
//! after a flush whose state is not saved yet, and after a state is saved; opens a new one over the same store with
//! the last state that was saved; and goes on behind the last position that was saved, or that the sink holds itself,
//! with other borders between the batches. In the end it compares the store with what the history comes to.
//!
//! Give it two closures: one that makes a new sink over the store as it is, one that reads the store.
//!
//! ```
//! use std::sync::{Arc, Mutex};
//!
//! use pg_cdc_core::batch::ChangeBatch;
//! use pg_cdc_core::{Durable, Sink, SinkError};
//! use pg_cdc_testkit::conformance::{Contents, LogLine, Suite};
//!
//! /// Keeps every change as it comes.
//! struct Memory(Arc<Mutex<Vec<LogLine>>>);
//!
//! #[async_trait::async_trait]
//! impl Sink for Memory {
//!     async fn write(&mut self, batch: ChangeBatch) -> Result<(), SinkError> {
//!         let lines = batch.events().filter_map(|event| LogLine::of(&event));
//!         self.0.lock().map_err(|_| SinkError::new("a reader panicked"))?.extend(lines);
//!         Ok(())
//!     }
//!
//!     async fn flush(&mut self) -> Result<Durable, SinkError> {
//!         Ok(Durable::everything())
//!     }
//! }
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() {
//! let store = Arc::new(Mutex::new(Vec::new()));
//! let report = Suite::new()
//!     .check(
//!         async || Ok(Box::new(Memory(Arc::clone(&store))) as Box<dyn Sink>),
//!         async || Ok(Contents::Log(store.lock().map_err(|error| error.to_string())?.clone())),
//!     )
//!     .await;
//! assert!(report.is_ok(), "{report}");
//! # }
//! ```

mod compare;
mod contents;
mod history;
mod log;
mod model;
mod random;
mod report;
mod run;

pub use contents::{Contents, LogLine, Row, Tables};
pub use report::Report;

use std::error::Error;

use pg_cdc_core::Sink;

use history::History;
use run::Run;

/// What the closures of a suite may fail with.
pub type BoxError = Box<dyn Error + Send + Sync>;

/// What the author of a sink promises.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Delivery {
    /// Every change arrives; some arrive again after a crash.
    #[default]
    AtLeastOnce,
    /// Every change arrives, and none twice.
    ExactlyOnce,
}

/// The conformance suite. See the [module](self).
#[derive(Debug, Clone, Copy)]
pub struct Suite {
    delivery: Delivery,
    seed: u64,
    transactions: usize,
}

impl Default for Suite {
    fn default() -> Self {
        Self { delivery: Delivery::default(), seed: 1, transactions: 40 }
    }
}

impl Suite {
    /// For a sink that delivers at least once.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Also checks that nothing arrives twice.
    #[must_use]
    pub fn exactly_once(mut self) -> Self {
        self.delivery = Delivery::ExactlyOnce;
        self
    }

    /// Another history and other crashes; the same seed gives the same ones.
    #[must_use]
    pub fn seed(mut self, seed: u64) -> Self {
        self.seed = seed;
        self
    }

    /// How many random transactions follow those that are always there; 40 unless told.
    #[must_use]
    pub fn transactions(mut self, transactions: usize) -> Self {
        self.transactions = transactions;
        self
    }

    /// Plays the history into the sinks that `open` gives, and compares what `read` then finds.
    ///
    /// The store must be empty at first. `open` is called anew after every crash: the sink before was dropped by
    /// then. What either fails with is in the report.
    pub async fn check<O, R>(self, mut open: O, mut read: R) -> Report
    where
        O: AsyncFnMut() -> Result<Box<dyn Sink>, BoxError>,
        R: AsyncFnMut() -> Result<Contents, BoxError>,
    {
        let mut report = Report::default();
        match History::new(self.seed, self.transactions) {
            Ok(history) => {
                let mut run = Run::new(&history, self.seed, &mut report);
                let played = run.play(&mut open).await;
                if played.is_ok() {
                    match read().await {
                        Ok(contents) => compare::compare(&history, self.delivery, &contents, &mut report),
                        Err(error) => report.broke(format!("the store could not be read: {error}")),
                    }
                }
            }
            Err(error) => report.broke(format!("the history could not be made: {error}")),
        }
        report
    }
}

/// [`Suite::new`] and [`Suite::check`] in one call, for a sink that delivers at least once.
pub async fn check_sink<O, R>(open: O, read: R) -> Report
where
    O: AsyncFnMut() -> Result<Box<dyn Sink>, BoxError>,
    R: AsyncFnMut() -> Result<Contents, BoxError>,
{
    Suite::new().check(open, read).await
}
