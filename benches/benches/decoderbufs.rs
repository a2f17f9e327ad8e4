//! decoderbufs decoded, from what a real server sent: the tape beside `prost`. Best of 7 rounds, each way in turn in
//! every round.
//!
//! `cargo bench --bench decoderbufs`; with the name of a workload, only the tape runs, for five seconds (for profilers).

use std::error::Error;
use std::hint::black_box;
use std::time::{Duration, Instant};

use pg_cdc_benches::captures::{Capture, SCHEMA, WORKLOADS, capture, tables};
use pg_cdc_benches::held::Held;
use pg_cdc_benches::protobuf::RowMessage;
use pg_cdc_decoders::DecoderBufs;
use pg_cdc_testkit::{Cluster, Version};
use prost::Message;

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
        "| ns a message | B | pg-cdc, decode | route | UTF-8 check | prost | to prost | MB/s | checked: to prost | MB/s |"
    );
    println!("| --- | --- | --- | --- | --- | --- | --- | --- | --- | --- |");
    for workload in WORKLOADS {
        let capture =
            capture(&client, "decoderbufs", "", workload, |data| data.ends_with(&[0x20, 4])).await?;
        let mut tape = Held::new(&capture, &tables, DecoderBufs::default);
        if let Some(profiled) = &profiled {
            let start = Instant::now();
            while workload.0.starts_with(profiled) && start.elapsed() < Duration::from_secs(5) {
                black_box(tape.decode());
            }
            continue;
        }
        assert_eq!(tape.decode(), prost(&capture));
        assert!(tape.decode() > 0);
        let mut best = [f64::INFINITY; 4];
        let messages = capture.frames.len();
        for _ in 0..ROUNDS {
            best[0] = best[0].min(round(&mut || tape.decode(), messages));
            best[1] = best[1].min(round(&mut || tape.route(&capture), messages));
            best[2] = best[2].min(round(&mut || tape.decode_and_check(), messages));
            best[3] = best[3].min(round(&mut || prost(&capture), messages));
        }
        let bytes = capture.buffer.len() as f64 / messages as f64;
        let [decode, route, checked, prost] = best;
        let figures = |ours: f64| format!("{:.1}x | {:.0}", prost / ours, bytes / ours * 1e3);
        println!(
            "| {} | {bytes:.0} | {decode:.1} | {route:.1} | {:.1} | {prost:.1} | {} | {} |",
            capture.name,
            checked - decode,
            figures(decode + route),
            figures(checked + route),
        );
    }
    Ok(())
}

/// `prost`'s own types, made of every message.
fn prost(capture: &Capture) -> usize {
    let mut changes = 0;
    for (_, range) in &capture.frames {
        let message = RowMessage::decode(&capture.buffer[range.clone()]).unwrap();
        changes += usize::from(message.op.is_some_and(|op| op <= 2));
        black_box(message);
    }
    changes
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
