//! A workload of large transactions, so that batches end in their middle.

use std::time::Duration;

use pg_cdc_testkit::workload::Worker;
use pg_cdc_testkit::{Client, Result};

/// Inserts, updates and deletes some hundreds of rows at once; a part of it is rolled back, and sometimes all.
pub(crate) struct Bulk {
    rng: fastrand::Rng,
    rows: u32,
    prepares: bool,
    count: u32,
}

impl Bulk {
    pub(crate) const TABLE: &'static str = "public.bulk";

    pub(crate) async fn create(client: &Client) -> Result<()> {
        let sql = "CREATE TABLE public.bulk (id bigserial PRIMARY KEY, n int NOT NULL, t text)";
        Ok(client.batch_execute(sql).await?)
    }

    /// One connection, whose statements have up to `rows` rows; it also prepares some of its transactions where that is
    /// asked for.
    pub(crate) fn worker(rows: u32, prepares: bool, seed: u64) -> Vec<Self> {
        vec![Self { rng: fastrand::Rng::with_seed(seed), rows, prepares, count: 0 }]
    }
}

impl Worker for Bulk {
    async fn transaction(&mut self, client: &Client) -> Result<bool> {
        self.count += 1;
        let (rows, n) = (self.rng.u32(1..=self.rows), self.rng.u32(2..7));
        let commits = self.rng.u32(0..4) != 0;
        let outcome = if commits { "COMMIT" } else { "ROLLBACK" };
        client
            .batch_execute(&format!(
                "BEGIN;
                 INSERT INTO public.bulk (n, t) SELECT i, repeat('x', i % 50) FROM generate_series(1, {rows}) i;
                 SAVEPOINT lost;
                 UPDATE public.bulk SET t = 'lost' WHERE id > (SELECT max(id) - {rows} FROM public.bulk);
                 ROLLBACK TO SAVEPOINT lost;
                 UPDATE public.bulk SET n = n + 1 WHERE id % {n} = 0
                     AND id > (SELECT max(id) - {rows} FROM public.bulk);
                 DELETE FROM public.bulk WHERE id % {n} = 1 AND id > (SELECT max(id) - {rows} FROM public.bulk)"
            ))
            .await?;
        if self.prepares && self.rng.bool() {
            let gid = format!("bulk_{}_{}", self.rng.u64(..), self.count);
            client.batch_execute(&format!("PREPARE TRANSACTION '{gid}'")).await?;
            tokio::time::sleep(Duration::from_millis(self.rng.u64(0..500))).await;
            client.batch_execute(&format!("{outcome} PREPARED '{gid}'")).await?;
        } else {
            client.batch_execute(outcome).await?;
        }
        Ok(commits)
    }
}
