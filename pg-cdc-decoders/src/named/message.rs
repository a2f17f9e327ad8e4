//! Logical messages, within transactions and outside of them.

use std::ops::Range;

use pg_cdc_core::batch::{BufferId, ChangeBatch, TooLarge};
use pg_cdc_core::{Frame, Outcome};

use super::Named;
use crate::cursor::{Fault, What};

impl Named {
    /// Takes in a logical message; the ranges count from the start of its frame.
    pub(crate) fn message(
        &mut self,
        is_transactional: bool,
        prefix: Range<usize>,
        content: Range<usize>,
        frame: &Frame<'_>,
        batch: &mut ChangeBatch,
    ) -> Result<Outcome, Fault> {
        let part = |range: &Range<usize>| frame.data().get(range.clone()).unwrap_or_default();
        if !self.text.is_plain(part(&prefix)) {
            return self.message_copied(is_transactional, part(&prefix), part(&content), frame, batch);
        }
        let base = frame.start();
        let place = |range: Range<usize>| base + range.start..base + range.end;
        let (prefix, content, lsn) = (place(prefix), place(content), frame.lsn);
        self.message_put(is_transactional, frame, batch, |batch, buffer, seq, time| {
            batch.message(is_transactional, buffer, prefix, content, lsn, seq, time)
        })
    }

    /// Takes in a logical message whose parts are no slices of its frame.
    pub(crate) fn message_copied(
        &mut self,
        is_transactional: bool,
        prefix: &[u8],
        content: &[u8],
        frame: &Frame<'_>,
        batch: &mut ChangeBatch,
    ) -> Result<Outcome, Fault> {
        let (lsn, mut converted) = (frame.lsn, Vec::new());
        let prefix = if self.text.is_plain(prefix) {
            prefix
        } else {
            let told = |_| Fault::new(0, What::NotUtf8("a message's prefix"));
            self.text.convert(prefix, &mut converted).map_err(told)?;
            &*converted
        };
        self.message_put(is_transactional, frame, batch, |batch, buffer, seq, time| {
            batch.message_copied(is_transactional, buffer, prefix, content, lsn, seq, time)
        })
    }

    fn message_put(
        &mut self,
        is_transactional: bool,
        frame: &Frame<'_>,
        batch: &mut ChangeBatch,
        put: impl FnOnce(&mut ChangeBatch, BufferId, u64, i64) -> Result<(), TooLarge>,
    ) -> Result<Outcome, Fault> {
        let lsn = frame.lsn;
        if !is_transactional {
            if self.sequence.admits_alone(lsn) {
                let buffer = batch.attach(frame.buffer());
                put(batch, buffer, 0, 0)?;
            }
            // It is sent as soon as it is read, and so confirms, as a commit does, what was committed before.
            return Ok(match self.transaction {
                Some(_) => Outcome::Taken,
                None => Outcome::alone(lsn),
            });
        }
        let Some(transaction) = &self.transaction else {
            return Err(Fault::new(0, What::Misplaced("a transactional message outside of a transaction")));
        };
        let Some(seq) = self.sequence.admit() else { return Ok(Outcome::Taken) };
        batch.enter(transaction);
        if seq == 0 {
            batch.begin();
        }
        let buffer = batch.attach(frame.buffer());
        put(batch, buffer, seq, transaction.commit_time)?;
        Ok(Outcome::Taken)
    }
}
