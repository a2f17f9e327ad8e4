use std::time::Duration;

use fastrand::Rng;
use tokio::time::sleep;

use super::{Worker, rng_of};
use crate::client::Client;
use crate::error::Result;

/// Random changes over tables that differ in what makes capturing hard: keys that change, composite and quoted names,
/// values large enough to be TOASTed and left unchanged, full and index replica identities, savepoints rolled back,
/// transactions that abort, statements of many rows.
///
/// All ids come from a small range, so that rows are made, changed and deleted again and again.
#[derive(Debug, Clone, Copy)]
pub struct Random {
    rows: u32,
    truncates: bool,
    prepared: bool,
    messages: bool,
}

impl Random {
    /// Ids from 1 to `rows`, in each of the tables.
    pub fn new(rows: u32) -> Self {
        Self { rows: rows.max(1), truncates: false, prepared: false, messages: false }
    }

    /// Truncates a table now and then.
    pub fn with_truncates(mut self) -> Self {
        self.truncates = true;
        self
    }

    /// Prepares some of the transactions before they commit or roll back.
    pub fn with_prepared(mut self) -> Self {
        self.prepared = true;
        self
    }

    /// Emits logical messages.
    pub fn with_messages(mut self) -> Self {
        self.messages = true;
        self
    }

    /// Makes the tables, in schemas `random` and `"Odd ""Schema"`.
    ///
    /// # Errors
    ///
    /// If they exist, or the server refuses.
    pub async fn create(&self, client: &Client) -> Result<()> {
        Ok(client.batch_execute(SCHEMA).await?)
    }

    /// The tables as schema and name, for a comparison.
    pub fn tables(&self) -> [(&'static str, &'static str); 5] {
        [
            ("random", "plain"),
            ("random", "pair"),
            ("random", "identity_full"),
            ("random", "identity_index"),
            ("Odd \"Schema", "Ta.b\"le"),
        ]
    }

    /// The workers of so many connections.
    pub fn workers(&self, connections: u32, seed: u64) -> Vec<RandomWorker> {
        let worker = |n| RandomWorker {
            of: *self,
            rng: rng_of(seed, u64::from(n)),
            name: format!("w{seed}_{n}"),
            count: 0,
        };
        (0..connections).map(worker).collect()
    }
}

const SCHEMA: &str = r#"
    BEGIN;
    CREATE SCHEMA random;
    CREATE SCHEMA "Odd ""Schema";
    CREATE TABLE random.plain (
        id int PRIMARY KEY, n numeric, t text, at timestamptz, f float8, b bytea, big text, j jsonb);
    ALTER TABLE random.plain ALTER big SET STORAGE EXTERNAL;
    CREATE TABLE random.pair (b text NOT NULL, n int, id int NOT NULL, big text, PRIMARY KEY (id, b));
    ALTER TABLE random.pair ALTER big SET STORAGE EXTERNAL;
    CREATE TABLE random.identity_full (id int PRIMARY KEY, n int, big text, t text);
    ALTER TABLE random.identity_full ALTER big SET STORAGE EXTERNAL;
    ALTER TABLE random.identity_full REPLICA IDENTITY FULL;
    CREATE TABLE random.identity_index (n int, id int NOT NULL, big text);
    ALTER TABLE random.identity_index ALTER big SET STORAGE EXTERNAL;
    CREATE UNIQUE INDEX identity_index_id ON random.identity_index (id);
    ALTER TABLE random.identity_index REPLICA IDENTITY USING INDEX identity_index_id;
    CREATE TABLE "Odd ""Schema"."Ta.b""le" ("Id " int PRIMARY KEY, "n""1" int, "bïg" text);
    ALTER TABLE "Odd ""Schema"."Ta.b""le" ALTER "bïg" SET STORAGE EXTERNAL;
    COMMIT"#;

/// One connection of [`Random`].
#[derive(Debug)]
pub struct RandomWorker {
    of: Random,
    rng: Rng,
    name: String,
    count: u64,
}

impl Worker for RandomWorker {
    async fn transaction(&mut self, client: &Client) -> Result<bool> {
        self.count += 1;
        let commits = self.rng.u32(0..10) != 0;
        let body = self.body();
        let prepared = self.of.prepared && self.rng.u32(0..5) == 0;
        let outcome = if commits { "COMMIT" } else { "ROLLBACK" };
        client.batch_execute(&format!("BEGIN;{body}")).await?;
        if prepared {
            let gid = format!("{}_{}", self.name, self.count);
            client.batch_execute(&format!("PREPARE TRANSACTION '{gid}'")).await?;
            if self.rng.bool() {
                // Some are open for a while.
                sleep(Duration::from_millis(self.rng.u64(0..200))).await;
            }
            client.batch_execute(&format!("{outcome} PREPARED '{gid}'")).await?;
        } else {
            client.batch_execute(outcome).await?;
        }
        Ok(commits)
    }
}

impl RandomWorker {
    fn body(&mut self) -> String {
        let mut sql = String::new();
        for _ in 0..self.rng.u32(1..=5) {
            match self.rng.u32(0..10) {
                0 => {
                    let (lost, kept) = (self.statement(), self.statement());
                    sql += &format!("SAVEPOINT a; {lost}; SAVEPOINT b; {kept}; ROLLBACK TO a;");
                }
                1 => {
                    let kept = self.statement();
                    sql += &format!("SAVEPOINT a; {kept}; RELEASE a;");
                }
                _ => sql += &format!("{};", self.statement()),
            }
        }
        sql
    }

    fn statement(&mut self) -> String {
        let rng = &mut self.rng;
        let (id, other) = (rng.u32(1..=self.of.rows), rng.u32(1..=self.of.rows));
        let (n, many) = (rng.i32(-1_000_000..1_000_000), rng.u32(1..=8));
        // Stored out of line without compression, so that an update of other columns does not send it.
        let big = format!("repeat(md5('{n}'), {})", if rng.bool() { 0 } else { rng.u32(80..400) });
        let rolled = rng.u32(0..1000);
        if self.of.truncates && rolled < 5 {
            return "TRUNCATE random.pair, random.identity_index".into();
        }
        if self.of.messages && rolled > 970 {
            return format!(
                "SELECT pg_logical_emit_message({}, 'testkit', 'm{n}')",
                rolled.is_multiple_of(2)
            );
        }
        let table = rng.u32(0..5);
        match (table, rng.u32(0..8)) {
            (0, 0..3) => format!(
                "INSERT INTO random.plain
                     SELECT i, {n}.50 / 7, E'te\\t\\n\\\\\"x''' || i, timestamptz '2024-02-29 23:59:59.999999Z' + i * interval '1 s',
                            {n} / 3.0, decode(md5('{n}'), 'hex'), {big}, '{{\"a\": [{n}, 1.50, null], \"é\": \"\\u00e9\"}}'
                     FROM generate_series({id}, {id} + {many}) i ON CONFLICT (id) DO UPDATE SET n = excluded.n, big = excluded.big"
            ),
            (0, 3) => format!("UPDATE random.plain SET id = {other}, n = NULL WHERE id = {id}"),
            (0, 4) => format!("DELETE FROM random.plain WHERE id BETWEEN {id} AND {id} + {many} / 3"),
            (0, _) => format!("UPDATE random.plain SET n = {n} WHERE id BETWEEN {id} AND {id} + {many}"),
            (1, 0..4) => format!(
                "INSERT INTO random.pair (id, b, n, big) SELECT i, 'b' || i % 3, {n}, {big}
                     FROM generate_series({id}, {id} + {many}) i ON CONFLICT (id, b) DO NOTHING"
            ),
            (1, 4) => format!("UPDATE random.pair SET b = 'b' || {n} % 3 WHERE id = {id}"),
            (1, 5) => format!("DELETE FROM random.pair WHERE id = {id}"),
            (1, _) => format!("UPDATE random.pair SET n = {n} WHERE id = {id} OR id = {other}"),
            (2, 0..3) => format!(
                "INSERT INTO random.identity_full VALUES ({id}, {n}, {big}, NULL)
                     ON CONFLICT (id) DO UPDATE SET t = 'again'"
            ),
            (2, 3) => format!("DELETE FROM random.identity_full WHERE id = {id}"),
            (2, 4) => format!("UPDATE random.identity_full SET id = {other} WHERE id = {id}"),
            (2, _) => format!("UPDATE random.identity_full SET n = {n} WHERE id >= {id} AND id < {id} + {many}"),
            (3, 0..4) => format!("INSERT INTO random.identity_index VALUES ({n}, {id}, {big}) ON CONFLICT (id) DO NOTHING"),
            (3, 4) => format!("DELETE FROM random.identity_index WHERE id = {id}"),
            (3, 5) => format!("UPDATE random.identity_index SET id = {other} WHERE id = {id}"),
            (3, _) => format!("UPDATE random.identity_index SET n = {n} WHERE id = {id}"),
            (_, 0..4) => format!(r#"INSERT INTO "Odd ""Schema"."Ta.b""le" VALUES ({id}, {n}, {big}) ON CONFLICT DO NOTHING"#),
            (_, 4) => format!(r#"DELETE FROM "Odd ""Schema"."Ta.b""le" WHERE "Id " = {id}"#),
            _ => format!(r#"UPDATE "Odd ""Schema"."Ta.b""le" SET "n""1" = {n} WHERE "Id " = {id}"#),
        }
    }
}
