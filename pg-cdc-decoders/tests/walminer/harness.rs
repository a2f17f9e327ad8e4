//! A server of its own, for other tests' transactions would never let it be quiet; and what a source gave.

use std::time::{Duration, Instant};

use futures_util::StreamExt;
use pg_cdc_core::batch::{ChangeBatch, Event};
use pg_cdc_core::stream::{BatchLimits, Until};
use pg_cdc_core::walminer::{MiningOptions, WalMinerSource, quiet_start};
use pg_cdc_core::{Lsn, Position, ServerId, Source, SourceError, catalog};
use pg_cdc_decoders::WalMiner;
use pg_cdc_testkit::{Client, Cluster, Version};

/// Longer than anything here takes on a busy machine.
const PATIENCE: Duration = Duration::from_secs(60);

const SCHEMA: &str = include_str!("../../testdata/walminer-1.0/schema.sql");
const CONTENTS: &str = include_str!("../../testdata/walminer-1.0/walminer_contents.csv");
const FINAL_STATE: &str = include_str!("../../testdata/walminer-1.0/final_state.txt");

/// A server with the recorded tables, empty, and with functions that play walminer.
pub(crate) struct Server {
    pub(crate) cluster: Cluster,
    pub(crate) client: Client,
}

impl Server {
    pub(crate) async fn new(walminer: &str) -> Self {
        let builder = Cluster::builder().version(Version::V15).conf("autovacuum", "off");
        // What nobody asked for would be a transaction of somebody else.
        let cluster =
            builder.conf("wal_level", "replica").conf("wal_keep_size", "1GB").start().await.unwrap();
        let client = cluster.connect("postgres").await.unwrap();
        client.batch_execute(SCHEMA).await.unwrap();
        client.batch_execute(walminer).await.unwrap();
        Self { cluster, client }
    }

    pub(crate) async fn run(&self, sql: &str) {
        self.client.batch_execute(sql).await.unwrap();
    }

    pub(crate) async fn value(&self, sql: &str) -> String {
        self.client.value(sql).await.unwrap()
    }

    /// Waits until a query gives `value`.
    pub(crate) async fn until(&self, sql: &str, value: &str) {
        let since = Instant::now();
        while self.value(sql).await != value {
            assert!(since.elapsed() < PATIENCE, "waited for {value} from {sql}");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    /// Waits until a query gives the same for half a second.
    pub(crate) async fn until_settled(&self, sql: &str) {
        let since = Instant::now();
        let mut last = self.value(sql).await;
        loop {
            tokio::time::sleep(Duration::from_millis(500)).await;
            let now = self.value(sql).await;
            if now == last {
                return;
            }
            assert!(since.elapsed() < PATIENCE, "{sql} gives {now} after {last}");
            last = now;
        }
    }

    /// A place where mining may start, of either version.
    pub(crate) async fn start(&self) -> Position {
        let client = catalog::connect(&self.cluster.url("postgres").parse().unwrap()).await.unwrap();
        let lsn = loop {
            if let Some(lsn) = quiet_start(&client).await.unwrap() {
                break lsn;
            }
        };
        let system_id = self.value("SELECT system_identifier FROM pg_control_system()").await;
        let server = ServerId { system_id: system_id.parse().unwrap(), timeline: 1 };
        Position::at("test".into(), server, lsn)
    }

    pub(crate) async fn options(&self, start: Position) -> MiningOptions {
        let connect = self.cluster.url("postgres").parse().unwrap();
        let client = catalog::connect(&connect).await.unwrap();
        let tables = catalog::list_tables(&client, self.cluster.version_num()).await.unwrap();
        let mut options = MiningOptions::new(connect, start);
        options.tables = tables.into_iter().map(|info| info.table).collect();
        options.every = Duration::from_millis(20);
        options
    }

    /// Mines from `start` to now.
    pub(crate) async fn mine(&self, start: Position) -> Seen {
        let mut options = self.options(start).await;
        options.until = Some(Until::Current);
        run(options).await.unwrap()
    }

    /// The changes alone.
    pub(crate) async fn mine_changes(&self, start: Position) -> Vec<String> {
        let mut options = self.options(start).await;
        options.until = Some(Until::Current);
        let mut source = WalMinerSource::start(options, WalMiner::new());
        let mut seen = Seen { only_changes: true, ..Seen::default() };
        while let Some(batch) = next(&mut source).await {
            seen.add(&batch.unwrap());
        }
        seen.changes
    }

    /// The rows that walminer 1.0 gave, into the table that the functions give them from. Each transaction is recorded in
    /// one of ours.
    pub(crate) async fn record_first(&self) {
        let mut sink = String::new();
        for record in csv(CONTENTS).into_iter().skip(1) {
            let quoted: Vec<_> =
                record.iter().map(|field| format!("'{}'", field.replace('\'', "''"))).collect();
            sink.push_str(&format!(
                "INSERT INTO mine.recorded (xid, virtualxid, at, schema, op_type, op_text) VALUES ({}, {}, {}, {}, {}, {});",
                quoted[0], quoted[1], quoted[2], quoted[6], quoted[7], quoted[8]
            ));
        }
        self.run(&sink).await;
    }

    /// A transaction of `statements` of version 3, `kind` each.
    pub(crate) async fn record_third(&self, xid: u32, kind: i32, statements: &[&str]) {
        let rows = (1..).zip(statements).map(|(number, statement)| {
            let statement = statement.replace('\'', "''");
            format!("({number}, '{statement}')")
        });
        let rows = rows.collect::<Vec<_>>().join(", ");
        // It ends behind whatever is there.
        self.run(&format!(
            "WITH here AS MATERIALIZED (SELECT pg_current_wal_insert_lsn() + 1 AS lsn)
             INSERT INTO mine.recorded (sqlno, xid, sqlkind, op_text, schema, relation, start_lsn, commit_lsn)
             SELECT sqlno, {xid}, {kind}, op_text, 'public', 'nokey', lsn - 100 + sqlno, lsn
             FROM here, (VALUES {rows}) AS row (sqlno, op_text)"
        ))
        .await;
    }
}

/// An INSERT of version 3 into `public.nokey`.
pub(crate) fn insert(number: i32) -> String {
    format!("INSERT INTO public.nokey(a ,b) VALUES({number} ,'x')")
}

/// What a source gave.
#[derive(Debug, Default)]
pub(crate) struct Seen {
    /// The rows that are there in the end: `table|JSON`.
    pub(crate) rows: Vec<String>,
    /// What was before is not known: no rows are kept.
    pub(crate) only_changes: bool,
    /// The changes, with their places.
    pub(crate) changes: Vec<String>,
    /// Where each batch leads, and how many changes had come by then.
    pub(crate) positions: Vec<(Position, usize)>,
}

impl Seen {
    pub(crate) fn add(&mut self, batch: &ChangeBatch) {
        for event in batch.events() {
            let Event::Change(change) = event else { continue };
            let table = &change.table().name.name;
            let json = |row: &pg_cdc_core::batch::Row<'_>| {
                let mut out = Vec::new();
                row.write_json(&mut out).unwrap();
                format!("{table}|{}", String::from_utf8(out).unwrap())
            };
            let (before, after) =
                (change.before().map(|row| json(&row)), change.after().map(|row| json(&row)));
            if !self.only_changes {
                if let Some(before) = &before {
                    let at = self.rows.iter().position(|row| row == before);
                    self.rows.swap_remove(at.unwrap_or_else(|| panic!("no such row: {before}")));
                }
                self.rows.extend(after.clone());
            }
            let xid = change.transaction().xid.unwrap();
            self.changes.push(format!("{xid}#{} {:?} {before:?} {after:?}", change.seq(), change.op()));
        }
        let position = batch.position().unwrap().clone();
        if let Some((last, _)) = self.positions.last() {
            assert!(*last <= position, "{last:?} before {position:?}");
        }
        self.positions.push((position, self.changes.len()));
    }

    pub(crate) fn last(&self) -> Position {
        self.positions.last().unwrap().0.clone()
    }

    pub(crate) fn confirmed(&self) -> Lsn {
        self.positions.last().map_or(Lsn::ZERO, |(position, _)| position.confirmed)
    }

    /// Values of the column `a` of `public.nokey`, in the order of the inserts.
    pub(crate) fn numbers(&self) -> Vec<i32> {
        let number = |row: &String| {
            let value = row.split("\"a\":").nth(1).unwrap();
            value.split([',', '}']).next().unwrap().parse().unwrap()
        };
        self.rows.iter().map(number).collect()
    }
}

/// All that a source gives, to its end.
pub(crate) async fn run(options: MiningOptions) -> Result<Seen, (Seen, SourceError)> {
    let mut source = WalMinerSource::start(options, WalMiner::new());
    let mut seen = Seen::default();
    while let Some(batch) = next(&mut source).await {
        match batch {
            Ok(batch) => seen.add(&batch),
            Err(error) => return Err((seen, error)),
        }
    }
    Ok(seen)
}

/// The next batch, in good time.
pub(crate) async fn next(source: &mut WalMinerSource) -> Option<Result<ChangeBatch, SourceError>> {
    tokio::time::timeout(PATIENCE, source.next()).await.expect("nothing comes")
}

/// Reads on until `is_enough`.
pub(crate) async fn read_until(
    source: &mut WalMinerSource,
    seen: &mut Seen,
    is_enough: impl Fn(&Seen) -> bool,
) {
    while !is_enough(seen) {
        seen.add(&next(source).await.unwrap().unwrap());
    }
}

/// Shuts the source down, in good time.
pub(crate) async fn shut_down(source: &mut WalMinerSource) {
    let stopped = tokio::time::timeout(PATIENCE, source.control().shutdown()).await;
    stopped.expect("still not shut down").unwrap();
    while let Some(batch) = source.next().await {
        batch.unwrap();
    }
}

pub(crate) fn batches_of(rows: usize) -> BatchLimits {
    BatchLimits { rows, ..BatchLimits::default() }
}

/// The recorded tables at the end.
pub(crate) fn final_state() -> Vec<String> {
    let mut rows: Vec<_> = FINAL_STATE.lines().map(str::to_owned).collect();
    rows.sort();
    rows
}

pub(crate) fn recorded_changes() -> usize {
    csv(CONTENTS).len() - 1
}

/// The fields of a CSV file with quotes.
fn csv(text: &str) -> Vec<Vec<String>> {
    let (mut records, mut record, mut field) = (Vec::new(), Vec::new(), String::new());
    let mut chars = text.chars().peekable();
    let mut quoted = false;
    while let Some(c) = chars.next() {
        match c {
            '"' if quoted && chars.peek() == Some(&'"') => field.push(chars.next().unwrap()),
            '"' => quoted = !quoted,
            ',' if !quoted => record.push(std::mem::take(&mut field)),
            '\n' if !quoted => {
                record.push(std::mem::take(&mut field));
                records.push(std::mem::take(&mut record));
            }
            c => field.push(c),
        }
    }
    records
}
