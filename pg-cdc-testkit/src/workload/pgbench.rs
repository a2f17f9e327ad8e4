use fastrand::Rng;

use super::{Worker, rng_of};
use crate::client::Client;
use crate::error::Result;

/// The tables and the TPC-B-like transaction of the `pgbench` program, for servers that come without it.
///
/// Unlike pgbench's own, `pgbench_history` has a key (`hid`), so that it can be captured without a special case;
/// [`without_history_key`](Self::without_history_key) leaves it out.
#[derive(Debug, Clone, Copy)]
pub struct Pgbench {
    scale: u32,
    history_key: bool,
}

impl Pgbench {
    /// `scale` branches (at least one), each with 10 tellers and 100,000 accounts.
    pub fn new(scale: u32) -> Self {
        Self { scale: scale.max(1), history_key: true }
    }

    /// Leaves `pgbench_history` without a key, as pgbench has it.
    pub fn without_history_key(mut self) -> Self {
        self.history_key = false;
        self
    }

    /// Makes and fills the tables, in schema `public`.
    ///
    /// # Errors
    ///
    /// If they exist, or the server refuses.
    pub async fn create(&self, client: &Client) -> Result<()> {
        let scale = self.scale;
        let hid = if self.history_key { "hid bigserial PRIMARY KEY, " } else { "" };
        client
            .batch_execute(&format!(
                "BEGIN;
                 CREATE TABLE public.pgbench_branches (bid int PRIMARY KEY, bbalance int, filler char(88));
                 CREATE TABLE public.pgbench_tellers (tid int PRIMARY KEY, bid int, tbalance int, filler char(84));
                 CREATE TABLE public.pgbench_accounts (aid int PRIMARY KEY, bid int, abalance int, filler char(84));
                 CREATE TABLE public.pgbench_history
                     ({hid}tid int, bid int, aid int, delta int, mtime timestamp, filler char(22));
                 INSERT INTO public.pgbench_branches SELECT i, 0 FROM generate_series(1, {scale}) i;
                 INSERT INTO public.pgbench_tellers SELECT i, (i - 1) / 10 + 1, 0 FROM generate_series(1, {scale} * 10) i;
                 INSERT INTO public.pgbench_accounts
                     SELECT i, (i - 1) / 100000 + 1, 0, '' FROM generate_series(1, {scale} * 100000) i;
                 COMMIT;
                 ANALYZE"
            ))
            .await?;
        Ok(())
    }

    /// The tables, for a comparison.
    pub fn tables(&self) -> [&'static str; 4] {
        [
            "public.pgbench_branches",
            "public.pgbench_tellers",
            "public.pgbench_accounts",
            "public.pgbench_history",
        ]
    }

    /// The workers of so many connections.
    pub fn workers(&self, connections: u32, seed: u64) -> Vec<PgbenchWorker> {
        let worker = |n| PgbenchWorker { scale: self.scale, rng: rng_of(seed, u64::from(n)) };
        (0..connections).map(worker).collect()
    }
}

/// One connection of [`Pgbench`].
#[derive(Debug)]
pub struct PgbenchWorker {
    scale: u32,
    rng: Rng,
}

impl Worker for PgbenchWorker {
    async fn transaction(&mut self, client: &Client) -> Result<bool> {
        let (scale, rng) = (self.scale, &mut self.rng);
        let (aid, tid, bid) = (rng.u32(1..=scale * 100_000), rng.u32(1..=scale * 10), rng.u32(1..=scale));
        let delta = rng.i32(-5000..=5000);
        // One text, one round trip: what is measured is the capture, not the workload.
        client
            .batch_execute(&format!(
                "BEGIN;
                 UPDATE public.pgbench_accounts SET abalance = abalance + {delta} WHERE aid = {aid};
                 SELECT abalance FROM public.pgbench_accounts WHERE aid = {aid};
                 UPDATE public.pgbench_tellers SET tbalance = tbalance + {delta} WHERE tid = {tid};
                 UPDATE public.pgbench_branches SET bbalance = bbalance + {delta} WHERE bid = {bid};
                 INSERT INTO public.pgbench_history (tid, bid, aid, delta, mtime)
                     VALUES ({tid}, {bid}, {aid}, {delta}, CURRENT_TIMESTAMP);
                 END"
            ))
            .await?;
        Ok(true)
    }
}
