//! A sink of one's own: a copy of every table in a JSON file, together with the position that it shows. It is
//! exactly-once, since a crash leaves the old file or the new one, rows and position alike.
//!
//!     cargo run --example custom_sink -- postgres://postgres@localhost/shop copy.json
//!
//! `tests/examples.rs` puts it through the conformance suite of `pg-cdc-testkit`.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, Write as _};
use std::path::PathBuf;

use pg_cdc::batch::{Change, Event, Row, Write};
use pg_cdc::config::SourceConfig;
use pg_cdc::pipeline::{Pipeline, RunOptions, Shutdown, Until};
use pg_cdc::{ChangeBatch, Durable, FileStore, Position, Sink, SinkError, SinkState, TableName};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

/// Keeps a copy of every table in the file at `path`.
pub struct Mirror {
    path: PathBuf,
    copy: Copy,
}

impl Mirror {
    /// The sink over the file at `path`, which need not be there yet.
    pub fn at(path: impl Into<PathBuf>) -> Self {
        Self { path: path.into(), copy: Copy::default() }
    }
}

#[pg_cdc::async_trait]
impl Sink for Mirror {
    async fn open(&mut self, saved: Option<&SinkState>) -> Result<Option<Position>, SinkError> {
        self.copy = match File::open(&self.path) {
            // The state is from before the first row: what the file holds is of a snapshot that did not end.
            _ if saved != Some(&true.into()) => Copy::default(),
            Ok(file) => serde_json::from_reader(io::BufReader::new(file)).map_err(not_json)?,
            Err(error) if error.kind() == io::ErrorKind::NotFound => Copy::default(),
            Err(error) => return Err(error.into()),
        };
        Ok(self.copy.position.clone())
    }

    async fn write(&mut self, batch: ChangeBatch) -> Result<(), SinkError> {
        for event in batch.events() {
            match event {
                Event::Change(change) => self.copy.apply(&change)?,
                Event::TableRestarted { table } => self.copy.table(&table.name).clear(),
                _ => {}
            }
        }
        self.copy.position = batch.position().cloned().or(self.copy.position.take());
        Ok(())
    }

    async fn flush(&mut self) -> Result<Durable, SinkError> {
        let new = self.path.with_extension("new");
        let mut file = File::create(&new)?;
        file.write_all(&serde_json::to_vec(&self.copy).map_err(not_json)?)?;
        file.sync_all()?;
        std::fs::rename(new, &self.path)?;
        Ok(Durable::everything().with_state(self.copy.position.is_some().into()))
    }
}

/// What the file holds: tables by schema and name, their rows by key.
#[derive(Default, Serialize, Deserialize)]
struct Copy {
    position: Option<Position>,
    tables: BTreeMap<String, BTreeMap<String, BTreeMap<String, Fields>>>,
}

/// A row's columns, as PostgreSQL's `row_to_json` writes them.
type Fields = BTreeMap<String, Box<RawValue>>;

impl Copy {
    fn table(&mut self, name: &TableName) -> &mut BTreeMap<String, Fields> {
        self.tables.entry(name.schema.to_string()).or_default().entry(name.name.to_string()).or_default()
    }

    fn apply(&mut self, change: &Change<'_>) -> Result<(), SinkError> {
        let table = self.table(&change.table().name);
        match change.write() {
            Write::Replace { row, moved_from } => {
                moved_from.map(|old| key(&old)).transpose()?.map(|old| table.remove(&old));
                table.insert(key(&row)?, known(&row)?);
            }
            Write::Merge { row, moved_from } => {
                let moved = moved_from.map(|old| key(&old)).transpose()?.and_then(|old| table.remove(&old));
                let kept = table.entry(key(&row)?).or_default();
                kept.extend(moved.into_iter().flatten());
                kept.extend(known(&row)?);
            }
            Write::Delete { key: old } => drop(table.remove(&key(&old)?)),
            Write::Truncate(_) => table.clear(),
        }
        Ok(())
    }
}

/// The values of the key's columns, of all columns where there is no key. By value, not by bytes: the snapshot's are
/// in PostgreSQL's binary form and the stream's in its text form.
fn key(row: &Row<'_>) -> Result<String, SinkError> {
    let mut fields = known(row)?;
    fields
        .retain(|name, _| row.table().key.is_empty() || row.key().any(|(column, _)| *column.name == **name));
    serde_json::to_string(&fields).map_err(not_json)
}

/// The columns whose values were sent.
fn known(row: &Row<'_>) -> Result<Fields, SinkError> {
    let mut json = Vec::new();
    row.write_json(&mut json)?;
    serde_json::from_slice(&json).map_err(not_json)
}

fn not_json(error: serde_json::Error) -> SinkError {
    SinkError::new("the copy is no JSON").with_cause(error)
}

#[tokio::main]
#[allow(dead_code, reason = "a test takes the sink alone")]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut args = std::env::args().skip(1);
    let (Some(url), Some(path)) = (args.next(), args.next()) else {
        return Err("give a URL and a file".into());
    };
    let state = FileStore::open(format!("{path}.state"))?;
    let sink = Mirror::at(path);
    let (_, shutdown) = Shutdown::channel();
    let pipeline = Pipeline::new("custom_sink", SourceConfig::from_url(url), sink).with_state(state);
    pipeline.run(RunOptions::new(Until::Current), shutdown).await?;
    Ok(())
}
