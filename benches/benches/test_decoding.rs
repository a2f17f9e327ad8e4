//! test_decoding decoded, from what a real server sent: the tape beside regular expressions. Best of 7 rounds, each way in
//! turn in every round.
//!
//! `cargo bench --bench test_decoding`; with the name of a workload, only the tape runs, for five seconds (for
//! profilers).

use std::error::Error;
use std::fmt::Write as _;
use std::hint::black_box;
use std::time::{Duration, Instant};

use pg_cdc_benches::captures::{Capture, SCHEMA, WORKLOADS, capture, tables};
use pg_cdc_benches::held::Held;
use pg_cdc_benches::regexes::{Line, Piece, Regexes, Value};
use pg_cdc_core::batch::{ChangeBatch, Row};
use pg_cdc_core::{Datum, Tables};
use pg_cdc_decoders::test_decoding::OPTIONS;
use pg_cdc_decoders::{TestDecoding, TextEncoding};
use pg_cdc_testkit::{Cluster, Version};

const ROUNDS: usize = 7;
const ROUND: Duration = Duration::from_millis(200);
/// `server_version_num` of what is captured from.
const SERVER: u32 = 150_000;
/// Quotes are doubled in the plugin's text, so that a value that has one is not there as it is to be read.
const QUOTES: (&str, &str) = (
    "insert, quotes in every text",
    "INSERT INTO bench.orders SELECT i, 'O''Brien ' || i, (i * 7919 % 100000) / 100.0, \
     '2026-11-21 12:00:00+00'::timestamptz + i * interval '1 s', 'it''s \"note[text]:''a'' b\", number ' || i \
     FROM generate_series(1, 100) i; TRUNCATE bench.orders",
);

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn Error>> {
    let profiled = std::env::args().skip(1).find(|word| !word.starts_with('-'));
    let cluster = Cluster::builder().version(Version::V15).start().await?;
    let client = cluster.connect("postgres").await?;
    client.batch_execute(SCHEMA).await?;
    let tables = tables(&cluster.url("postgres")).await?;
    let mut options = String::new();
    for (name, value) in OPTIONS {
        write!(options, ", '{name}', '{value}'")?;
    }
    println!(
        "| ns a message | B | pg-cdc, decode | route | UTF-8 check | regex | to regex | MB/s | regex, MB/s |"
    );
    println!("| --- | --- | --- | --- | --- | --- | --- | --- | --- |");
    for workload in WORKLOADS.into_iter().chain([QUOTES]) {
        let ends = |data: &[u8]| data.starts_with(b"COMMIT");
        let capture = capture(&client, "test_decoding", &options, workload, ends).await?;
        let mut tape = tape(&capture, &tables);
        if let Some(profiled) = &profiled {
            let start = Instant::now();
            while workload.0.starts_with(profiled) && start.elapsed() < Duration::from_secs(5) {
                black_box(tape.decode());
            }
            continue;
        }
        let (mut regexes, mut row) = (Regexes::default(), Vec::new());
        agree(&tape.batch(), &mut regexes, &capture);
        let mut best = [f64::INFINITY; 4];
        let messages = capture.frames.len();
        for _ in 0..ROUNDS {
            best[0] = best[0].min(round(&mut || tape.decode(), messages));
            best[1] = best[1].min(round(&mut || tape.route(&capture), messages));
            best[2] = best[2].min(round(&mut || tape.decode_and_check(), messages));
            best[3] = best[3].min(round(&mut || regexes.run(&capture, &mut row), messages));
        }
        let bytes = capture.buffer.len() as f64 / messages as f64;
        let [decode, route, checked, regex] = best;
        println!(
            "| {} | {bytes:.0} | {decode:.1} | {route:.1} | {:.1} | {regex:.1} | {:.1}x | {:.0} | {:.0} |",
            capture.name,
            checked - decode,
            regex / (decode + route),
            bytes / (decode + route) * 1e3,
            bytes / regex * 1e3,
        );
    }
    Ok(())
}

fn tape<'a>(capture: &Capture, tables: &'a Tables) -> Held<'a, TestDecoding> {
    Held::new(capture, tables, || TestDecoding::new(SERVER, TextEncoding::default()))
}

/// Both find the same values in the same columns of the same changes.
fn agree(batch: &ChangeBatch, regexes: &mut Regexes, capture: &Capture) {
    let mut changes = batch.changes();
    let mut values = 0;
    let mut row = Vec::new();
    for (_, range) in &capture.frames {
        let line = regexes.read(&capture.buffer[range.clone()], &mut row).unwrap();
        let Line::Change { op, old, .. } = line else { continue };
        let change = changes.next().unwrap();
        assert!(format!("{:?}", change.op()).as_bytes().eq_ignore_ascii_case(op));
        let (before, after) = row.split_at(old);
        for (pieces, row) in [(before, change.before()), (after, change.after())] {
            values += pieces.iter().map(|piece| agree_on(piece, row)).count();
        }
    }
    assert!(changes.next().is_none() && values > 0);
}

fn agree_on(piece: &Piece<'_>, row: Option<Row<'_>>) {
    let found = row.unwrap().columns().find(|(column, _)| column.name.as_bytes() == piece.name);
    match (&found.unwrap().1, &piece.value) {
        (Datum::Null, Value::Null) | (Datum::Unchanged, Value::Unchanged) => {}
        // The tape has a bool's own text.
        (Datum::Text(b"t" | b"f"), Value::Text(text)) if matches!(&**text, b"true" | b"false") => {}
        (Datum::Text(ours), Value::Text(theirs)) => assert_eq!(*ours, &**theirs),
        (ours, theirs) => panic!("{ours:?}, {theirs:?}"),
    }
}

/// Nanoseconds a message, in the round's best run: short ones pass between what else the machine does.
fn round(way: &mut dyn FnMut() -> usize, messages: usize) -> f64 {
    let (start, mut best) = (Instant::now(), Duration::MAX);
    while start.elapsed() < ROUND {
        let run = Instant::now();
        black_box(way());
        best = best.min(run.elapsed());
    }
    best.as_nanos() as f64 / messages as f64
}
