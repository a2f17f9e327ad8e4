//! The figures of the README: best of 7 rounds, each way of decoding in turn in every round.

use std::hint::black_box;
use std::time::{Duration, Instant};

use pg_cdc_benches::peer::Peer;
use pg_cdc_benches::streams::Stream;
use pg_cdc_benches::tape::Tape;
use pg_cdc_benches::walk;

const ROUNDS: usize = 7;
const ROUND: Duration = Duration::from_millis(200);
/// Runs over the stream in a slice: some hundred microseconds.
const RUNS: u32 = 5;

fn main() {
    println!("| ns a message | pg-cdc | borrowed walk | pg_walstream | to walk | to pg_walstream | GB/s |");
    println!("| --- | --- | --- | --- | --- | --- | --- |");
    let inserts = [5, 20, 50].map(Stream::inserts);
    for stream in inserts.iter().chain([&Stream::small_transactions()]) {
        let mut ways = ways(stream);
        let mut best = [f64::INFINITY; 3];
        for _ in 0..ROUNDS {
            for (way, best) in ways.iter_mut().zip(&mut best) {
                *best = best.min(round(way, stream.frames.len()));
            }
        }
        let [tape, walk, peer] = best;
        let bytes = stream.buffer.len() as f64 / stream.frames.len() as f64;
        println!(
            "| {} | {tape:.1} | {walk:.1} | {peer:.1} | {:.2}x | {:.1}x | {:.1} |",
            stream.name,
            walk / tape,
            peer / tape,
            bytes / tape,
        );
    }
}

type Way<'a> = Box<dyn FnMut() -> usize + 'a>;

/// The ways to decode the stream, which must find the same number of changes.
fn ways(stream: &Stream) -> [Way<'_>; 3] {
    let (mut tape, mut row, mut peer) = (Tape::new(stream), Vec::new(), Peer::new(stream));
    let found = [tape.run(stream), walk::run(stream, &mut row), peer.run(stream)];
    assert!(found.iter().all(|&changes| changes == found[0] && changes > 0), "{found:?}");
    [
        Box::new(move || tape.run(black_box(stream))),
        Box::new(move || walk::run(black_box(stream), &mut row)),
        Box::new(move || peer.run(black_box(stream))),
    ]
}

/// Nanoseconds a message, in the round's best slice: short ones pass between what else the machine does.
fn round(way: &mut Way<'_>, messages: usize) -> f64 {
    let (start, mut best) = (Instant::now(), Duration::MAX);
    while start.elapsed() < ROUND {
        let slice = Instant::now();
        for _ in 0..RUNS {
            black_box(way());
        }
        best = best.min(slice.elapsed());
    }
    best.as_nanos() as f64 / (RUNS as usize * messages) as f64
}
