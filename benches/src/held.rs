//! pg-cdc, for plugins that tell a commit at its end only: messages routed as a driver routes them, then whole
//! transactions decoded onto the tape of a recycled batch.

use std::hint::black_box;
use std::ops::Range;

use bytes::Bytes;
use pg_cdc_core::batch::{ChangeBatch, Recycler};
use pg_cdc_core::{Datum, Decoder, Frame, Lsn, Outcome, Route, Tables};

use crate::captures::Capture;

/// A decoder with its batches, and the messages that it is to decode once the router has seen their commits.
#[derive(Debug)]
pub struct Held<'a, D> {
    decoder: D,
    router: D,
    tables: &'a Tables,
    recycler: Recycler,
    buffer: Bytes,
    frames: Vec<(Lsn, Range<usize>)>,
}

impl<'a, D: Decoder> Held<'a, D> {
    /// One for `capture`, with decoders that `decoder` makes.
    pub fn new(capture: &Capture, tables: &'a Tables, decoder: impl Fn() -> D) -> Self {
        let mut router = decoder();
        let (mut buffer, mut frames, mut kept) = (Vec::new(), Vec::new(), Vec::new());
        let mut put = |lsn: Lsn, data: &[u8]| {
            let start = buffer.len();
            buffer.extend_from_slice(data);
            frames.push((lsn, start..buffer.len()));
        };
        for (lsn, range) in &capture.frames {
            match router.route(Frame::new(*lsn, &capture.buffer, range.clone())).unwrap() {
                Route::Into(message) => {
                    let mut data = Vec::new();
                    message.append_to(&mut data);
                    kept.push((message.lsn, data));
                }
                Route::Commit(committed) => {
                    put(committed.begin().lsn, committed.begin().data());
                    kept.drain(..).for_each(|(lsn, data)| put(lsn, &data));
                    put(committed.commit().lsn, committed.commit().data());
                }
                _ => {}
            }
        }
        Self { decoder: decoder(), router, tables, recycler: Recycler::new(), buffer: buffer.into(), frames }
    }

    /// Decodes all of it into one batch.
    pub fn batch(&mut self) -> ChangeBatch {
        let mut batch = self.recycler.batch();
        for (lsn, range) in &self.frames {
            let frame = || Frame::new(*lsn, &self.buffer, range.clone());
            while let Outcome::NeedTable { .. } =
                self.decoder.decode(frame(), self.tables, &mut batch).unwrap()
            {}
        }
        batch
    }

    /// Decodes all of it, and gives the number of changes.
    pub fn decode(&mut self) -> usize {
        let batch = self.batch();
        black_box(&batch);
        batch.len()
    }

    /// The batch's text is checked too, as whoever reads it does; gives the number of texts.
    pub fn decode_and_check(&mut self) -> usize {
        let batch = self.batch();
        let mut texts = 0;
        for row in batch.changes().flat_map(|change| [change.before(), change.after()]).flatten() {
            for (_, datum) in row.columns() {
                if let Datum::Text(text) = datum {
                    texts += usize::from(black_box(std::str::from_utf8(text)).is_ok());
                }
            }
        }
        texts
    }

    /// Routes the messages of `capture`, and gives their number.
    pub fn route(&mut self, capture: &Capture) -> usize {
        for (lsn, range) in &capture.frames {
            let frame = Frame::new(*lsn, &capture.buffer, range.clone());
            let _ = black_box(self.router.route(frame).unwrap());
        }
        capture.frames.len()
    }
}
