//! A database on the shared server, a snapshot of it, and what the snapshot gave.

use std::collections::BTreeMap;
use std::sync::Arc;

use futures_util::StreamExt;
use pg_cdc_core::batch::{ChangeBatch, Event};
use pg_cdc_core::catalog::{self, TableInfo};
use pg_cdc_core::wire::{ConnectConfig, Connection, Session};
use pg_cdc_core::{Datum, Error, Lsn, ServerId, SourceError};
use pg_cdc_snapshot::{Exported, Exporter, SnapshotOptions, SnapshotSource};
use pg_cdc_testkit::{Client, Cluster, Version};

/// Exports by a temporary slot on a replication connection.
pub(crate) struct Slots(pub(crate) ConnectConfig);

#[async_trait::async_trait]
impl Exporter for Slots {
    async fn export(&self) -> Result<Exported, Error> {
        let mut connection = Connection::connect(&self.0, Session::Replication).await?;
        let name = format!("snapshot_{}", connection.process_id());
        let sql = format!("CREATE_REPLICATION_SLOT {name} TEMPORARY LOGICAL pgoutput EXPORT_SNAPSHOT");
        let made = connection.query_row(&sql).await?;
        let point: Lsn = made.get(0, "consistent_point").unwrap().parse().unwrap();
        let snapshot = made.get(0, "snapshot_name").unwrap().to_owned();
        Ok(Exported::new(snapshot, point, connection))
    }
}

/// A fresh database.
pub(crate) struct Database {
    pub(crate) cluster: &'static Cluster,
    pub(crate) name: String,
    pub(crate) client: Client,
    pub(crate) connect: ConnectConfig,
}

impl Database {
    pub(crate) async fn new(version: Version, setup: &str) -> Self {
        let cluster = Cluster::shared(version).await.unwrap();
        let name = cluster.fresh_database("snapshot").await.unwrap();
        Self::on(cluster, name, setup).await
    }

    pub(crate) async fn on(cluster: &'static Cluster, name: String, setup: &str) -> Self {
        let client = cluster.connect(&name).await.unwrap();
        client.batch_execute(setup).await.unwrap();
        let connect = cluster.url(&name).parse().unwrap();
        Self { cluster, name, client, connect }
    }

    pub(crate) fn version(&self) -> u32 {
        self.cluster.version_num()
    }

    /// All tables as the catalog has them now.
    pub(crate) async fn tables(&self) -> Vec<TableInfo> {
        let client = catalog::connect(&self.connect).await.unwrap();
        catalog::list_tables(&client, self.version()).await.unwrap()
    }

    pub(crate) async fn options(&self) -> SnapshotOptions {
        let server = ServerId { system_id: 1, timeline: 1 };
        SnapshotOptions::new(self.connect.clone(), "test", server, self.version(), self.tables().await)
    }

    pub(crate) fn exporter(&self) -> Arc<Slots> {
        Arc::new(Slots(self.connect.clone()))
    }

    pub(crate) async fn start(&self, options: SnapshotOptions) -> (SnapshotSource, Lsn) {
        let exporter = self.exporter();
        let exported = exporter.export().await.unwrap();
        let point = exported.point;
        (SnapshotSource::start(options, exported, exporter), point)
    }

    pub(crate) async fn snapshot(&self, options: SnapshotOptions) -> Result<Seen, SourceError> {
        let (mut source, point) = self.start(options).await;
        let mut seen = Seen::new(point);
        while let Some(batch) = source.next().await {
            seen.take(&batch?);
        }
        Ok(seen)
    }
}

/// One row: each value as bytes, or `None` for NULL.
pub(crate) type Values = Vec<Option<(bool, Vec<u8>)>>;

/// What a snapshot gave, as a sink would hold it.
#[derive(Debug, Default)]
pub(crate) struct Seen {
    pub(crate) point: Lsn,
    pub(crate) rows: BTreeMap<String, Vec<Values>>,
    pub(crate) columns: BTreeMap<String, Vec<String>>,
    /// Rows and point of each table that is done.
    pub(crate) done: BTreeMap<String, (u64, Lsn)>,
    pub(crate) restarted: BTreeMap<String, usize>,
    pub(crate) batches: usize,
    pub(crate) largest: usize,
    begun: bool,
    pub(crate) ended: bool,
}

impl Seen {
    pub(crate) fn new(point: Lsn) -> Self {
        Self { point, ..Self::default() }
    }

    pub(crate) fn take(&mut self, batch: &ChangeBatch) {
        assert!(!self.ended, "a batch behind the last");
        self.batches += 1;
        self.largest = self.largest.max(batch.len());
        for event in batch.events() {
            match event {
                Event::SnapshotBegun { point } => {
                    assert!(!std::mem::replace(&mut self.begun, true));
                    assert_eq!(point, self.point);
                }
                Event::SnapshotEnded { point } => {
                    assert_eq!(point, self.point);
                    self.ended = true;
                }
                Event::SchemaChange { new, .. } => {
                    let columns = new.columns.iter().map(|column| column.name.to_string()).collect();
                    self.columns.insert(new.name.to_string(), columns);
                }
                Event::TableRestarted { table } => {
                    self.rows.remove(&table.name.to_string());
                    *self.restarted.entry(table.name.to_string()).or_default() += 1;
                }
                Event::TableDone { table, rows, point, .. } => {
                    let name = table.name.to_string();
                    assert_eq!(self.rows.entry(name.clone()).or_default().len() as u64, rows, "{name}");
                    assert!(self.done.insert(name, (rows, point)).is_none());
                }
                Event::Change(change) => {
                    let name = change.table().name.to_string();
                    assert!(self.begun && !self.done.contains_key(&name));
                    assert_eq!(change.op(), pg_cdc_core::batch::Op::Read);
                    let row = change.after().unwrap();
                    let value = |datum: Datum<'_>| match datum {
                        Datum::Null => None,
                        Datum::Text(text) => Some((false, text.to_vec())),
                        Datum::Binary(binary) => Some((true, binary.to_vec())),
                        other => panic!("{other:?} in a snapshot"),
                    };
                    let values = (0..row.len()).map(|at| value(row.datum(at))).collect();
                    self.rows.entry(name).or_default().push(values);
                }
                other => panic!("{other:?} in a snapshot"),
            }
        }
        let position = batch.position().unwrap();
        assert_eq!(position.confirmed, self.point);
        match &position.snapshot {
            Some(progress) => assert_eq!(progress.tables_done.len(), self.done.len()),
            None => assert!(self.ended),
        }
    }

    /// The rows of a table as text, sorted.
    pub(crate) fn texts(&self, table: &str) -> Vec<Vec<Option<String>>> {
        let text = |value: &Option<(bool, Vec<u8>)>| {
            value.as_ref().map(|(_, bytes)| String::from_utf8_lossy(bytes).into_owned())
        };
        let mut rows: Vec<Vec<_>> =
            self.rows[table].iter().map(|row| row.iter().map(text).collect()).collect();
        rows.sort();
        rows
    }
}
