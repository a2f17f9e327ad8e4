//! wal2json decoded, from what a real server sent: the tape beside `serde_json::Value`. Best of 7 rounds, each way in
//! turn in every round.
//!
//! `cargo bench --bench wal2json`; with the name of a workload, only the tape runs, on format version 2, for five seconds
//! (for profilers).

use std::error::Error;
use std::fmt::Write as _;
use std::hint::black_box;
use std::time::{Duration, Instant};

use pg_cdc_benches::captures::{Capture, SCHEMA, WORKLOADS, capture, tables};
use pg_cdc_core::batch::Recycler;
use pg_cdc_core::{Decoder, Frame, Outcome, Tables};
use pg_cdc_decoders::wal2json::{FormatVersion, unknown_option};
use pg_cdc_decoders::{TextEncoding, Wal2Json};
use pg_cdc_testkit::{Client, Cluster, Version};

const ROUNDS: usize = 7;
const ROUND: Duration = Duration::from_millis(200);

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn Error>> {
    let profiled = std::env::args().skip(1).find(|word| !word.starts_with('-'));
    let cluster = Cluster::builder().version(Version::V15).start().await?;
    let client = cluster.connect("postgres").await?;
    client.batch_execute(SCHEMA).await?;
    let tables = tables(&cluster.url("postgres")).await?;
    println!(
        "| | B a message | pg-cdc, v2, MB/s | ns a message | serde_json::Value, MB/s | to Value | pg-cdc, v1 in chunks, \
         MB/s |"
    );
    println!("| --- | --- | --- | --- | --- | --- | --- |");
    for workload in WORKLOADS {
        let options = options(&client, FormatVersion::V2).await?;
        let ends = |data: &[u8]| data.starts_with(br#"{"action":"C""#);
        let v2 = capture(&client, "wal2json", &options, workload, ends).await?;
        let mut tape = Tape::new(FormatVersion::V2, &tables);
        if let Some(profiled) = &profiled {
            let start = Instant::now();
            while workload.0.starts_with(profiled) && start.elapsed() < Duration::from_secs(5) {
                black_box(tape.run(&v2));
            }
            continue;
        }
        let options = self::options(&client, FormatVersion::V1).await?;
        let v1 = capture(&client, "wal2json", &options, workload, |data| data == b"]}").await?;
        let mut tape_v1 = Tape::new(FormatVersion::V1, &tables);
        assert!(tape.run(&v2) == values(&v2) && tape.run(&v2) > 0 && tape_v1.run(&v1) > 0);
        let mut best = [f64::INFINITY; 3];
        for _ in 0..ROUNDS {
            best[0] = best[0].min(round(&mut || tape.run(&v2)));
            best[1] = best[1].min(round(&mut || values(&v2)));
            best[2] = best[2].min(round(&mut || tape_v1.run(&v1)));
        }
        let (bytes, messages) = (v2.buffer.len() as f64, v2.frames.len() as f64);
        println!(
            "| {} | {:.0} | {:.0} | {:.0} | {:.0} | {:.1}x | {:.0} |",
            v2.name,
            bytes / messages,
            bytes / best[0] * 1e3,
            best[0] / messages,
            bytes / best[1] * 1e3,
            best[1] / best[0],
            v1.buffer.len() as f64 / best[2] * 1e3,
        );
    }
    Ok(())
}

/// The options for the SQL functions of a slot, those that this release of the plugin knows.
async fn options(client: &Client, format: FormatVersion) -> Result<String, Box<dyn Error>> {
    client.batch_execute("SELECT pg_create_logical_replication_slot('options', 'wal2json')").await?;
    let mut options = format.options();
    let listed = loop {
        let mut listed = String::new();
        for option in &options {
            write!(listed, ", '{}', '{}'", option.name, option.value)?;
        }
        let peek = format!("SELECT FROM pg_logical_slot_peek_changes('options', NULL, 1{listed})");
        let Err(error) = client.batch_execute(&peek).await else { break listed };
        let message = error.as_db_error().map(|error| error.message()).unwrap_or_default();
        let unknown = unknown_option(message).ok_or_else(|| error.to_string())?;
        options.retain(|option| option.name != unknown || !option.is_optional);
    };
    client.batch_execute("SELECT pg_drop_replication_slot('options')").await?;
    Ok(listed)
}

/// pg-cdc: messages onto the tape of a recycled batch.
struct Tape<'a> {
    decoder: Wal2Json,
    tables: &'a Tables,
    recycler: Recycler,
}

impl<'a> Tape<'a> {
    fn new(format: FormatVersion, tables: &'a Tables) -> Self {
        Self { decoder: Wal2Json::new(format, TextEncoding::default()), tables, recycler: Recycler::new() }
    }

    fn run(&mut self, capture: &Capture) -> usize {
        let mut batch = self.recycler.batch();
        for (lsn, range) in &capture.frames {
            let frame = || Frame::new(*lsn, &capture.buffer, range.clone());
            while let Outcome::NeedTable { .. } =
                self.decoder.decode(frame(), self.tables, &mut batch).unwrap()
            {}
        }
        black_box(&batch);
        batch.len()
    }
}

/// A tree of each message.
fn values(capture: &Capture) -> usize {
    let mut changes = 0;
    for (_, range) in &capture.frames {
        let value: serde_json::Value = serde_json::from_slice(&capture.buffer[range.clone()]).unwrap();
        changes += usize::from(matches!(value["action"].as_str(), Some("I" | "U" | "D" | "T")));
        black_box(value);
    }
    changes
}

/// Nanoseconds of the round's best run: short ones pass between what else the machine does.
fn round(way: &mut dyn FnMut() -> usize) -> f64 {
    let (start, mut best) = (Instant::now(), Duration::MAX);
    while start.elapsed() < ROUND {
        let run = Instant::now();
        black_box(way());
        best = best.min(run.elapsed());
    }
    best.as_nanos() as f64
}
