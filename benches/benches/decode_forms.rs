//! The same INSERTs in text, in binary, and in blocks of a transaction in progress (routed, spooled in memory, read back
//! and decoded at its commit): best of 7 rounds, each form in turn in every round.
//!
//! `cargo bench --bench decode_forms`

use std::hint::black_box;
use std::time::{Duration, Instant};

use bytes::Bytes;
use pg_cdc_benches::streams::Stream;
use pg_cdc_benches::tape::Tape;
use pg_cdc_core::batch::{BufferPool, Recycler};
use pg_cdc_core::stream::spool::{Spool, SpoolOptions};
use pg_cdc_core::{Committed, Decoder, Frame, Lsn, Outcome, Route, Tables};
use pg_cdc_decoders::PgOutput;
use pg_cdc_testkit::encode::pgoutput::{Message, StreamCommit};

const ROUNDS: usize = 7;
const RUNS: u32 = 20;

fn main() {
    println!("| ns a message | text | binary | in blocks | binary to text | blocks to text |");
    println!("| --- | --- | --- | --- | --- | --- |");
    for columns in [5, 20, 50] {
        let (text, binary) = (Stream::inserts(columns), Stream::binary_inserts(columns));
        let (mut of_text, mut of_binary) = (Tape::new(&text), Tape::new(&binary));
        let mut blocks = Blocks::new(&text);
        let mut best = [f64::INFINITY; 3];
        for _ in 0..ROUNDS {
            let rounds = [
                round(text.frames.len(), || of_text.run(black_box(&text))),
                round(binary.frames.len(), || of_binary.run(black_box(&binary))),
                round(text.frames.len(), || blocks.run()),
            ];
            best.iter_mut().zip(rounds).for_each(|(best, round)| *best = best.min(round));
        }
        let [text, binary, blocks] = best;
        println!(
            "| insert, {columns} columns | {text:.1} | {binary:.1} | {blocks:.1} | {:.2}x | {:.2}x |",
            binary / text,
            blocks / text
        );
    }
}

/// Nanoseconds a message, in the best of some runs.
fn round(messages: usize, mut run: impl FnMut() -> usize) -> f64 {
    let best = (0..RUNS).map(|_| {
        let start = Instant::now();
        assert_eq!(run(), messages);
        start.elapsed()
    });
    best.min().unwrap_or(Duration::MAX).as_nanos() as f64 / messages as f64
}

/// A driver of transactions in progress: each run is one, in one block.
struct Blocks {
    decoder: PgOutput,
    tables: Tables,
    recycler: Recycler,
    spool: Spool,
    xid: u32,
    /// Its messages in the block, and where they lie.
    buffer: Bytes,
    frames: Vec<std::ops::Range<usize>>,
    relation: Vec<u8>,
}

impl Blocks {
    fn new(stream: &Stream) -> Self {
        // Behind the tag stands the subtransaction, here the transaction itself.
        let (mut buffer, mut frames) = (Vec::new(), Vec::new());
        for range in &stream.frames {
            let start = buffer.len();
            let message = &stream.buffer[range.clone()];
            buffer.push(message[0]);
            buffer.extend_from_slice(&7_u32.to_be_bytes());
            buffer.extend_from_slice(&message[1..]);
            frames.push(start..buffer.len());
        }
        let relation = &stream.head[1];
        let relation = [&relation[..1], &7_u32.to_be_bytes(), &relation[1..]].concat();
        Self {
            decoder: PgOutput::new(),
            tables: Tables::without_catalog(),
            recycler: Recycler::new(),
            spool: Spool::open(SpoolOptions::default(), BufferPool::new(64 << 20)).unwrap(),
            xid: 7,
            buffer: buffer.into(),
            frames,
            relation,
        }
    }

    fn run(&mut self) -> usize {
        let xid = self.xid;
        self.take(&Message::StreamStart { xid, is_first: true }.encode());
        self.take(&Bytes::copy_from_slice(&self.relation));
        let buffer = self.buffer.clone();
        for range in &self.frames {
            let frame = Frame::new(Lsn::new(range.start as u64), &buffer, range.clone());
            match self.decoder.route(frame).unwrap() {
                Route::Into(kept) => self.spool.append(kept).unwrap(),
                other => panic!("{other:?}"),
            }
        }
        self.take(&Message::StreamStop.encode());
        let (commit_lsn, end_lsn) = (Lsn::new(900), Lsn::new(950));
        let commit = StreamCommit { xid, commit_lsn, end_lsn, commit_time: 0 };
        let message = Message::StreamCommit(commit).encode();
        let Route::Commit(committed) = self.decoder.route(Frame::whole(end_lsn, &message)).unwrap() else {
            panic!("no commit")
        };
        self.replay(&committed)
    }

    /// A message that is not one of the many.
    fn take(&mut self, message: &Bytes) {
        if let Route::Into(kept) = self.decoder.route(Frame::whole(Lsn::new(1), message)).unwrap() {
            self.spool.append(kept).unwrap();
        }
    }

    fn replay(&mut self, committed: &Committed) -> usize {
        let mut batch = self.recycler.batch();
        let mut decode = |frame: Frame<'_>| match self.decoder.decode(frame, &self.tables, &mut batch) {
            Ok(Outcome::Taken | Outcome::Begin { .. } | Outcome::Commit { .. }) => {}
            other => panic!("{other:?}"),
        };
        decode(committed.begin());
        let mut reader = self.spool.commit(committed.xid).unwrap().unwrap();
        while let Some(block) = reader.next_block().unwrap() {
            block.frames().iter().for_each(|frame| decode(block.frame(frame)));
        }
        decode(committed.commit());
        black_box(&batch);
        batch.len()
    }
}
