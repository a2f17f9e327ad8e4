//! pg-cdc: messages onto the tape of a recycled batch.

use pg_cdc_core::batch::Recycler;
use pg_cdc_core::{Decoder, Frame, Lsn, Outcome, Tables};
use pg_cdc_decoders::PgOutput;

use crate::streams::Stream;

/// A decoder with its batches.
#[derive(Debug)]
pub struct Tape {
    decoder: PgOutput,
    tables: Tables,
    recycler: Recycler,
}

impl Tape {
    /// One that has taken in the stream's head.
    #[must_use]
    pub fn new(stream: &Stream) -> Self {
        let (mut decoder, tables, recycler) = (PgOutput::new(), Tables::without_catalog(), Recycler::new());
        let mut batch = recycler.batch();
        for message in &stream.head {
            let _ = decoder.decode(Frame::whole(Lsn::ZERO, message), &tables, &mut batch).unwrap();
        }
        Self { decoder, tables, recycler }
    }

    /// Decodes the stream into one batch, and gives the number of its changes.
    pub fn run(&mut self, stream: &Stream) -> usize {
        let mut batch = self.recycler.batch();
        for range in &stream.frames {
            let frame = Frame::new(Lsn::new(range.start as u64), &stream.buffer, range.clone());
            match self.decoder.decode(frame, &self.tables, &mut batch) {
                Ok(Outcome::Taken | Outcome::Begin { .. } | Outcome::Commit { .. }) => {}
                other => panic!("{other:?}"),
            }
        }
        std::hint::black_box(&batch);
        batch.len()
    }
}
