//! Work for a database to do while its changes are captured.
//!
//! A workload makes its tables, and then any number of connections run its transactions until told to stop. What each
//! connection does depends on its seed alone; how they interleave does not. A [`Script`] is the same to the last statement.
//!
//! ```no_run
//! # async fn example(cluster: &pg_cdc_testkit::Cluster) -> Result<(), pg_cdc_testkit::Error> {
//! use pg_cdc_testkit::workload::{Live, Pgbench};
//!
//! let pgbench = Pgbench::new(1);
//! pgbench.create(&cluster.connect("postgres").await?).await?;
//! let live = Live::start(&cluster.config("postgres"), pgbench.workers(4, 42), None);
//! // … capture, kill, resume …
//! let done = live.stop().await?;
//! println!("{} transactions", done.committed);
//! # Ok(())
//! # }
//! ```

mod live;
mod pgbench;
mod random;
mod script;
mod shop;

use std::future::Future;

pub use self::live::{Done, Live};
pub use self::pgbench::{Pgbench, PgbenchWorker};
pub use self::random::{Random, RandomWorker};
pub use self::script::Script;
pub use self::shop::{Shop, ShopWorker};
use crate::client::Client;
use crate::error::Result;

/// One connection's part of a workload: a never-ending source of transactions.
pub trait Worker: Send + 'static {
    /// Runs the next transaction and says whether it committed. After an error [`Live`] rolls back.
    fn transaction(&mut self, client: &Client) -> impl Future<Output = Result<bool>> + Send;
}

/// An independent sequence of random numbers for each connection.
fn rng_of(seed: u64, worker: u64) -> fastrand::Rng {
    fastrand::Rng::with_seed(seed.wrapping_add(worker.wrapping_mul(0x9E37_79B9_7F4A_7C15)))
}
