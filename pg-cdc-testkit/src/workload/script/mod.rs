//! Workloads whose statements come in a fixed order: what each plugin has to tell of them is the same on every run.

mod encoded;
mod identities;
mod messages;
mod names;
mod partitions;
mod savepoints;
mod schemas;
mod shapes;
mod statements;
mod two_phase;
mod values;
mod wide;

use bytes::Bytes;
use futures_util::SinkExt;

use crate::client::Client;
use crate::cluster::Cluster;
use crate::error::{Error, Result};
use crate::replay::TableName;

/// Statements of several sessions, one after another, on tables of its own.
///
/// Each has a schema of its name, so that several can run in one database. Its tables hold at its end what their changes
/// come to: nothing that a stream does not tell of (a rewritten table, a detached partition) is left in them.
#[derive(Debug, Clone, Default)]
pub struct Script {
    setup: Vec<String>,
    steps: Vec<Step>,
    tables: Vec<TableName>,
}

#[derive(Debug, Clone)]
enum Step {
    Sql { session: usize, sql: String },
    Copy { session: usize, into: String, rows: String },
    Pause,
}

/// Rows that do not fit into the 64 kB that is the least of `logical_decoding_work_mem`: the server streams a transaction
/// of so many.
const MANY: u32 = 400;

impl Script {
    /// Tables and columns that are added, dropped, renamed and retyped between changes, inside transactions and beside
    /// them; types that change; replica identities that change.
    pub fn schemas(major: u32) -> Self {
        schemas::script(major)
    }

    /// Partitions that are attached and detached, rows that move between them, in several levels and column orders
    /// (11 and newer).
    pub fn partitions(major: u32) -> Self {
        partitions::script(major)
    }

    /// Savepoints: nested, released, rolled back, in loops, more of them than a backend remembers.
    pub fn savepoints() -> Self {
        savepoints::script()
    }

    /// Transactions that are prepared, and committed or rolled back later, by identifiers that begin with `tag`, of which
    /// a server has each but once.
    pub fn two_phase(tag: &str) -> Self {
        two_phase::script(tag)
    }

    /// Logical messages in and out of transactions, kept and rolled back (14 and newer).
    pub fn messages() -> Self {
        messages::script()
    }

    /// Every statement that writes: COPY, MERGE (15 and newer), INSERT … ON CONFLICT, multi-table TRUNCATE (11 and newer),
    /// what triggers and foreign keys do.
    pub fn statements(major: u32) -> Self {
        statements::script(major)
    }

    /// Replica identities and keys that change, and values that the server does not send again.
    pub fn identities() -> Self {
        identities::script()
    }

    /// Names of all kinds of schemas, tables, columns, types and enum labels; in characters of LATIN1 where `latin` says so.
    pub fn names(latin: bool) -> Self {
        names::script(latin)
    }

    /// Values beyond ASCII in what holds text, in characters of `encoding`: LATIN1, WIN1252, EUC_JP, or any that has all.
    pub fn encoded(encoding: &str) -> Self {
        encoded::script(encoding)
    }

    /// Values of types that plugins have forms of their own for.
    pub fn values() -> Self {
        values::script()
    }

    /// A table of 1600 columns, and one without any.
    pub fn wide() -> Self {
        wide::script()
    }

    /// Tables of which only some rows (those of region `eu`) and columns (all but `secret`) are read: `shapes.rows`,
    /// `shapes.columns`, `shapes.both` and `shapes.parts`. `shapes.crossing` has a row that comes in with a large value
    /// that was not written, `shapes.generated` a column that is computed (12 and newer).
    pub fn shapes(major: u32) -> Self {
        shapes::script(major)
    }

    /// This one, and then `other`.
    #[must_use]
    pub fn then(mut self, other: Self) -> Self {
        self.setup.extend(other.setup);
        self.steps.extend(other.steps);
        self.tables.extend(other.tables);
        self
    }

    /// The tables to compare at the end.
    pub fn tables(&self) -> &[TableName] {
        &self.tables
    }

    /// Makes the tables.
    ///
    /// # Errors
    ///
    /// If they exist, or the server refuses.
    pub async fn create(&self, client: &Client) -> Result<()> {
        for sql in &self.setup {
            client.batch_execute(sql).await.map_err(|error| told(sql, &error))?;
        }
        Ok(())
    }

    /// Runs all statements. At each pause, which is where transactions are prepared and half of a table is changed,
    /// `pause` is waited for.
    ///
    /// # Errors
    ///
    /// If the server refuses one, which is told.
    pub async fn run(&self, cluster: &Cluster, database: &str, mut pause: impl AsyncFnMut()) -> Result<()> {
        let mut sessions: Vec<Client> = Vec::new();
        for step in &self.steps {
            let (Step::Sql { session, .. } | Step::Copy { session, .. }) = step else {
                pause().await;
                continue;
            };
            while sessions.len() <= *session {
                sessions.push(cluster.connect(database).await?);
            }
            let Some(client) = sessions.get(*session) else { continue };
            match step {
                Step::Sql { sql, .. } => {
                    client.batch_execute(sql).await.map_err(|error| told(sql, &error))?
                }
                Step::Copy { into, rows, .. } => {
                    let sql = format!("COPY {into}");
                    let copy = client.copy_in(&sql).await.map_err(|error| told(&sql, &error))?;
                    let mut copy = std::pin::pin!(copy);
                    copy.send(Bytes::from(rows.clone())).await?;
                    copy.finish().await.map_err(|error| told(&sql, &error))?;
                }
                Step::Pause => {}
            }
        }
        Ok(())
    }

    // What scripts are written with.

    fn new(setup: &str) -> Self {
        Self { setup: vec![setup.to_owned()], ..Self::default() }
    }

    /// More of what makes the tables.
    fn make(&mut self, sql: impl Into<String>) -> &mut Self {
        self.setup.push(sql.into());
        self
    }

    /// Statements of a session: one message, so that those outside of a transaction block are one transaction.
    fn in_session(&mut self, session: usize, sql: impl Into<String>) -> &mut Self {
        self.steps.push(Step::Sql { session, sql: sql.into() });
        self
    }

    /// Statements of the first session.
    fn sql(&mut self, sql: impl Into<String>) -> &mut Self {
        self.in_session(0, sql)
    }

    /// Several of them, each a message of its own.
    fn each(&mut self, statements: &[&str]) -> &mut Self {
        statements.iter().fold(self, |script, sql| script.sql(*sql))
    }

    fn copy(&mut self, into: impl Into<String>, rows: impl Into<String>) -> &mut Self {
        self.steps.push(Step::Copy { session: 0, into: into.into(), rows: rows.into() });
        self
    }

    fn pause(&mut self) -> &mut Self {
        self.steps.push(Step::Pause);
        self
    }

    /// Tables of one schema that are compared at the end.
    fn compared(&mut self, schema: &str, tables: &[&str]) -> &mut Self {
        self.tables.extend(tables.iter().map(|table| TableName::from((schema, *table))));
        self
    }
}

fn told(sql: &str, error: &tokio_postgres::Error) -> Error {
    let detail = error.as_db_error().map_or_else(|| error.to_string(), ToString::to_string);
    let sql: String = sql.chars().take(1000).collect();
    Error::Invalid(format!("{detail}, at: {sql}"))
}
