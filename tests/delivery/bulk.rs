//! A workload of large transactions, so that batches end in their middle.

use pg_cdc_testkit::workload::Worker;
use pg_cdc_testkit::{Client, Result};

/// Inserts, updates and deletes some hundreds of rows at once.
pub(crate) struct Bulk {
    rng: fastrand::Rng,
    rows: u32,
}

impl Bulk {
    pub(crate) const TABLE: &'static str = "public.bulk";

    pub(crate) async fn create(client: &Client) -> Result<()> {
        let sql = "CREATE TABLE public.bulk (id bigserial PRIMARY KEY, n int NOT NULL, t text)";
        Ok(client.batch_execute(sql).await?)
    }

    /// One connection, whose statements have up to `rows` rows.
    pub(crate) fn worker(rows: u32, seed: u64) -> Vec<Self> {
        vec![Self { rng: fastrand::Rng::with_seed(seed), rows }]
    }
}

impl Worker for Bulk {
    async fn transaction(&mut self, client: &Client) -> Result<bool> {
        let (rows, n) = (self.rng.u32(1..=self.rows), self.rng.u32(2..7));
        client
            .batch_execute(&format!(
                "BEGIN;
                 INSERT INTO public.bulk (n, t) SELECT i, repeat('x', i % 50) FROM generate_series(1, {rows}) i;
                 UPDATE public.bulk SET n = n + 1 WHERE id % {n} = 0
                     AND id > (SELECT max(id) - {rows} FROM public.bulk);
                 DELETE FROM public.bulk WHERE id % {n} = 1 AND id > (SELECT max(id) - {rows} FROM public.bulk);
                 COMMIT"
            ))
            .await?;
        Ok(true)
    }
}
