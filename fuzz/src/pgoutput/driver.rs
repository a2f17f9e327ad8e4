//! The plainest driver of the decoder, with everything in memory, and an eye on what it promises.

use std::collections::HashMap;

use bytes::Bytes;
use pg_cdc_core::batch::ChangeBatch;
use pg_cdc_core::{DecodeError, Decoder, Frame, Lsn, Outcome, Position, Route, Tables};
use pg_cdc_decoders::PgOutput;

use super::catalog::Catalog;
use crate::mark::Mark;

/// A decoder, what it may ask, what it is told to keep, and the batch that it writes to.
pub(super) struct Driver<'a> {
    decoder: PgOutput,
    tables: Tables,
    catalog: Catalog<'a>,
    kept: HashMap<u32, Vec<Kept>>,
    /// Position and length of the Relation messages that are kept: they may be decoded for others.
    announced: Vec<(Lsn, usize)>,
    cuts: bool,
    passes: bool,
    /// Changes in the batch when a transaction began that is passed over.
    passed: Option<usize>,
    unclear: Option<u32>,
    pub(super) batch: ChangeBatch,
}

struct Kept {
    lsn: Lsn,
    sub: u32,
    data: Bytes,
}

impl<'a> Driver<'a> {
    /// With a catalog that answers as it likes, or none.
    pub(super) fn new(catalog: Option<Catalog<'a>>, cuts: bool) -> Self {
        let tables = if catalog.is_some() { Tables::from_catalog() } else { Tables::without_catalog() };
        let catalog = catalog.unwrap_or_default();
        Self {
            decoder: PgOutput::new(),
            tables,
            catalog,
            kept: HashMap::new(),
            announced: Vec::new(),
            cuts,
            passes: false,
            passed: None,
            unclear: None,
            batch: ChangeBatch::new(),
        }
    }

    /// The same, passing over some of the transactions.
    pub(super) fn passing(mut self, passes: bool) -> Self {
        self.passes = passes;
        self
    }

    /// A new connection.
    pub(super) fn restart(&mut self, after: Option<&Position>) {
        self.decoder.restart(after);
        self.kept.clear();
        self.announced.clear();
        (self.passed, self.unclear) = (None, None);
    }

    /// Takes a message in as protocol 1 has it.
    pub(super) fn decode(&mut self, frame: Frame<'_>) -> Result<(), DecodeError> {
        if frame.data().first() == Some(&b'B') {
            self.catalog.change(&mut self.tables);
        }
        // Each relation of a TRUNCATE may be asked for, and again for its types.
        for _ in 0..4 + frame.data().len() / 2 {
            let before = Mark::of(&self.batch);
            match self.decoder.decode(frame, &self.tables, &mut self.batch) {
                Ok(Outcome::NeedTable { oid, name, types }) => {
                    assert!(!self.tables.is_complete(), "nobody knows {name}");
                    self.no_trace(&before, frame, "a question");
                    let oid = oid.expect("pgoutput tells it");
                    self.catalog.answer(oid, &name, &types, frame.data(), &mut self.tables);
                }
                Ok(outcome) => {
                    self.pass(&outcome, frame.lsn);
                    return Ok(());
                }
                Err(error) => {
                    self.no_trace(&before, frame, "an error");
                    let is_in = |lsn, length| error.lsn() == lsn && error.offset() <= length;
                    let elsewhere = self.announced.iter().any(|(lsn, length)| is_in(*lsn, *length));
                    let length = frame.data().len();
                    assert!(is_in(frame.lsn, length) || elsewhere, "{error}, of {length} at {}", frame.lsn);
                    return Err(error);
                }
            }
        }
        panic!("a message is not decoded however much is answered");
    }

    /// Takes a message in as [`Route`] has it.
    pub(super) fn take(&mut self, frame: Frame<'_>) -> Result<(), DecodeError> {
        let route = self.decoder.route(frame).inspect_err(|error| {
            assert!(error.offset() <= frame.data().len(), "{error}, of {}", frame.data().len());
            assert_eq!(error.lsn(), frame.lsn);
        })?;
        match route {
            Route::Direct => self.decode(frame)?,
            Route::Into(kept) => {
                assert!(kept.len() <= frame.data().len() && !kept.is_empty());
                let mut data = Vec::new();
                kept.append_to(&mut data);
                if data.first() == Some(&b'R') {
                    self.announced.push((kept.lsn, data.len()));
                }
                let message = Kept { lsn: kept.lsn, sub: kept.sub, data: data.into() };
                self.kept.get_mut(&kept.top).expect("it has started").push(message);
            }
            Route::Start { xid, is_first: true } => {
                assert!(self.kept.insert(xid, Vec::new()).is_none(), "transaction {xid} starts twice");
            }
            Route::Start { xid, .. } | Route::Stop { xid } => assert!(self.kept.contains_key(&xid)),
            Route::Commit(committed) => {
                let kept = self.kept.remove(&committed.xid).expect("it has started");
                self.decode(committed.begin())?;
                for message in kept {
                    self.decode(Frame::whole(message.lsn, &message.data))?;
                }
                self.decode(committed.commit())?;
            }
            Route::Abort { top, sub, .. } if top == sub => _ = self.kept.remove(&top),
            Route::Abort { top, sub, .. } => {
                // It may be one that nothing came of.
                let Some(kept) = self.kept.get_mut(&top) else { return Ok(()) };
                match kept.iter().position(|message| message.sub == sub) {
                    Some(at) if self.cuts => kept.truncate(at),
                    _ => kept.retain(|message| message.sub != sub),
                }
            }
            Route::Unclear { xid } => _ = self.unclear.get_or_insert(xid),
            Route::Prepare(prepared) => assert!(self.kept.contains_key(&prepared.xid)),
        }
        Ok(())
    }

    /// The transaction that would have to be asked for whole: what follows is worth nothing.
    pub(super) fn unclear(&self) -> Option<u32> {
        self.unclear
    }

    /// Passes over a transaction that begins where `lsn` says so, and sees that nothing of it is handed out.
    fn pass(&mut self, outcome: &Outcome, lsn: Lsn) {
        if let Some(changes) = self.passed {
            assert_eq!(self.batch.len(), changes, "a change of a transaction that is passed over");
        }
        match outcome {
            Outcome::Begin { .. } if self.passes && lsn.as_u64().count_ones() % 2 == 1 => {
                self.decoder.pass_over();
                self.passed = Some(self.batch.len());
            }
            // One that begins anew, without a commit before, is not allowed.
            Outcome::Begin { .. } | Outcome::Commit { .. } => self.passed = None,
            _ => {}
        }
    }

    /// Whether nothing is kept of any transaction.
    pub(super) fn is_empty(&self) -> bool {
        self.kept.is_empty()
    }

    fn no_trace(&self, before: &Mark, frame: Frame<'_>, by: &str) {
        before.left(&self.batch, frame.buffer().len(), self.announced.len(), by);
    }
}
