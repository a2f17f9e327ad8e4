//! pgoutput decoded: the tape, a borrowed walk, and `pg_walstream`.

use std::hint::black_box;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use pg_cdc_benches::peer::Peer;
use pg_cdc_benches::streams::Stream;
use pg_cdc_benches::tape::Tape;
use pg_cdc_benches::walk;

fn decode(criterion: &mut Criterion) {
    let inserts = [5, 20, 50].map(Stream::inserts);
    for stream in inserts.iter().chain([&Stream::small_transactions()]) {
        let mut group = criterion.benchmark_group(&stream.name);
        group.throughput(Throughput::Elements(stream.frames.len() as u64));
        let mut tape = Tape::new(stream);
        group.bench_function("pg-cdc", |bench| bench.iter(|| tape.run(black_box(stream))));
        let mut row = Vec::new();
        group.bench_function("borrowed walk", |bench| bench.iter(|| walk::run(stream, &mut row)));
        let mut peer = Peer::new(stream);
        group.bench_function("pg_walstream", |bench| bench.iter(|| peer.run(black_box(stream))));
        group.finish();
    }
}

criterion_group!(benches, decode);
criterion_main!(benches);
