//! Frames into batches, and the position that each batch leads to. Pure.

use crate::batch::{ChangeBatch, Recycler};
use crate::wire::{Block, ServerFrame};
use crate::{
    ColumnType, DecodeError, Decoder, Error, ErrorKind, Frame, Lsn, Outcome, Position, Prepared, Route,
    SourceError, TableName, Tables,
};

use super::BatchLimits;
use super::in_progress::InProgress;
use super::lookup::Found;
use super::spool::Spool;
use super::uncommitted::{Needed, Previews};

/// What stopped the decoding of a block.
#[derive(Debug)]
pub(super) enum Step {
    /// Everything that came is decoded.
    Done,
    /// The batch is full; the rest of the block waits.
    Full,
    /// The table must be looked up first.
    NeedTable { oid: Option<u32>, name: TableName, types: Vec<u32> },
    /// A transaction must be asked for whole: see [`Route::Unclear`].
    Unclear,
    /// The source's end is reached.
    End,
}

/// What the server said beside the changes.
#[derive(Debug, Default)]
pub(super) struct Heard {
    /// It has sent everything up to here.
    pub(super) received: Lsn,
    /// It wants an answer.
    pub(super) reply_wanted: bool,
}

/// The batch that is being filled, and where it leads.
pub(super) struct Assembly<D> {
    decoder: D,
    tables: Tables,
    recycler: Recycler,
    batch: ChangeBatch,
    limits: BatchLimits,
    /// Where the last whole transaction, or the server's last word on an idle log, leads.
    reached: Position,
    handed_out: Position,
    open: Option<Lsn>,
    in_progress: InProgress,
    previews: Option<Previews>,
    until: Option<Lsn>,
    is_ended: bool,
    skip: Option<Skip>,
    block: Option<Block>,
    /// How many messages of the block are decoded.
    done: usize,
    /// The message that comes next is to be decoded, and was routed already.
    is_routed: bool,
}

/// A transaction that is to be passed over.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Skip {
    commit_lsn: Lsn,
    is_met: bool,
}

impl<D: Decoder> Assembly<D> {
    pub(super) fn new(decoder: D, start: Position, limits: BatchLimits) -> Self {
        let recycler = Recycler::new();
        Self {
            decoder,
            tables: Tables::from_catalog(),
            batch: recycler.batch(),
            recycler,
            limits,
            reached: start.clone(),
            handed_out: start,
            open: None,
            in_progress: InProgress::default(),
            previews: None,
            until: None,
            is_ended: false,
            skip: None,
            block: None,
            done: 0,
            is_routed: false,
        }
    }

    /// What comes of transactions in progress is shown.
    pub(super) fn show(&mut self, previews: Previews) {
        self.previews = Some(previews);
    }

    /// Passes over the transaction that commits at `commit_lsn`.
    pub(super) fn skip(&mut self, commit_lsn: Lsn) {
        self.skip = Some(Skip { commit_lsn, is_met: false });
    }

    /// Whether transactions in progress can be kept.
    pub(super) fn keeps(&self) -> bool {
        self.in_progress.is_ready()
    }

    /// From here on transactions in progress are kept in `spool`.
    pub(super) fn keep_in(&mut self, spool: Spool) {
        self.in_progress.keep_in(spool);
    }

    /// The prepared transaction that holds the confirmed position back most.
    pub(super) fn oldest_prepared(&self) -> Option<&Prepared> {
        self.in_progress.oldest_prepared()
    }

    /// A new connection starts; gives where replication is to start. What is decoded stays, the rest comes again.
    pub(super) fn restart(&mut self) -> Lsn {
        let position = self.position();
        self.decoder.restart(Some(&position));
        self.in_progress.restart();
        if let Some(previews) = &mut self.previews {
            previews.restart();
        }
        self.open = None;
        self.block = None;
        self.is_routed = false;
        self.reached = position;
        self.reached.confirmed
    }

    /// Ends before the first transaction that commits at or after `until`.
    pub(super) fn end_at(&mut self, until: Lsn) {
        self.until = Some(until);
    }

    /// The types that are not built in, of the tables in the stream.
    pub(super) fn types(&self) -> Vec<u32> {
        self.tables.types().collect()
    }

    /// What types are made of now.
    pub(super) fn know_types(&mut self, types: Vec<ColumnType>) {
        types.into_iter().for_each(|type_| self.tables.insert_type(type_));
    }

    /// What was found out of the table `oid`.
    pub(super) fn know(&mut self, oid: u32, found: Found) {
        self.tables.insert(oid, found.table);
        self.know_types(found.types);
    }

    /// What was found out of the table that the plugin calls `name`.
    pub(super) fn know_named(&mut self, name: TableName, found: Found) {
        self.tables.insert_named(name, found.table);
        self.know_types(found.types);
    }

    /// A block to decode. [`has_work`](Self::has_work) must be over.
    pub(super) fn put(&mut self, block: Block) {
        self.block = Some(block);
        self.done = 0;
    }

    /// Whether something waits to be decoded further.
    pub(super) fn has_work(&self) -> bool {
        self.block.is_some()
            || self.in_progress.replay.is_some()
            || self.previews.as_ref().is_some_and(Previews::has_work)
    }

    pub(super) fn is_full(&self) -> bool {
        self.batch.len() >= self.limits.rows || self.batch.size() >= self.limits.bytes
    }

    /// Decodes what has come as far as it goes.
    pub(super) fn advance(&mut self, heard: &mut Heard) -> Result<Step, SourceError> {
        if let Some(step) = self.preview() {
            return Ok(step);
        }
        if let Some(step) = self.replay()? {
            return Ok(step);
        }
        let Some(block) = self.block.take() else { return Ok(Step::Done) };
        let bytes = block.bytes();
        for payload in block.payloads().skip(self.done) {
            let step = if self.is_full() {
                Some(Step::Full)
            } else {
                let data = bytes.get(payload.clone()).unwrap_or_default();
                match ServerFrame::parse(data).map_err(in_stream)? {
                    ServerFrame::XLogData { start, payload: message, .. } => {
                        heard.received = heard.received.max(start);
                        let (from, to) = (payload.start + message.start, payload.start + message.end);
                        self.message(Frame::new(start, bytes, from..to))?
                    }
                    ServerFrame::Keepalive { end, reply_wanted, .. } => {
                        heard.received = heard.received.max(end);
                        heard.reply_wanted |= reply_wanted;
                        self.keepalive(end)
                    }
                }
            };
            let step = match step {
                None => {
                    self.done += 1;
                    match self.preview() {
                        None => self.replay()?,
                        step => step,
                    }
                }
                step => step,
            };
            match step {
                None => {}
                Some(Step::End) => return Ok(Step::End),
                Some(step) => {
                    self.block = Some(block);
                    return Ok(step);
                }
            }
        }
        Ok(Step::Done)
    }

    /// Decodes a message, or keeps it until it is to be decoded.
    #[inline]
    fn message(&mut self, frame: Frame<'_>) -> Result<Option<Step>, SourceError> {
        if std::mem::take(&mut self.is_routed) {
            return self.decode(frame);
        }
        match self.decoder.route(frame)? {
            Route::Direct => {
                let step = self.decode(frame)?;
                self.is_routed = matches!(step, Some(Step::NeedTable { .. }));
                Ok(step)
            }
            route => self.keep(frame.lsn, route),
        }
    }

    /// Does what `route` says with a message of a transaction that is not whole, at `lsn`.
    fn keep(&mut self, lsn: Lsn, route: Route<'_>) -> Result<Option<Step>, SourceError> {
        if self.previews.is_some() {
            self.look_ahead(&route)?;
        }
        if let Route::Commit(committed) = route {
            // One that was prepared stays so: nothing behind its PREPARE is confirmed.
            if self.until.is_some_and(|until| self.commits_behind(committed.commit_lsn, until)) {
                return Ok(Some(self.ended()));
            }
            self.in_progress.commit(committed)?;
            return Ok(None);
        }
        // Whatever the message is, the server has read up to it, and has sent all that commits before.
        if self.until.is_some_and(|until| lsn > until) {
            return Ok(Some(self.ended()));
        }
        match route {
            Route::Into(kept) => self.in_progress.keep(kept)?,
            Route::Start { xid, is_first: true } => {
                tracing::debug!(xid, "a transaction comes while it is in progress");
            }
            Route::Abort { top, sub, .. } => self.in_progress.abort(top, sub),
            Route::Prepare(prepared) => self.in_progress.prepare(prepared),
            Route::Unclear { .. } => return Ok(Some(Step::Unclear)),
            Route::Start { .. } | Route::Stop { .. } | Route::Direct | Route::Commit(_) => {}
        }
        Ok(None)
    }

    /// Shows what comes of a transaction in progress.
    #[cold]
    fn look_ahead(&mut self, route: &Route<'_>) -> Result<(), SourceError> {
        let Some(previews) = &mut self.previews else { return Ok(()) };
        match route {
            Route::Start { xid, is_first: true } => {
                let decoder = self.decoder.preview(*xid).ok_or_else(|| {
                    let plugin = self.decoder.plugin();
                    Error::new(
                        ErrorKind::Unsupported,
                        format!("{plugin} does not show transactions before their outcome"),
                    )
                })?;
                previews.start(*xid, decoder);
            }
            Route::Into(kept) => previews.keep(kept),
            Route::Stop { .. } => previews.close(),
            Route::Prepare(prepared) => {
                previews.close();
                previews.prepare(prepared.xid, &prepared.gid);
            }
            Route::Abort { top, sub, .. } => previews.roll_back(*top, *sub),
            Route::Commit(committed) => previews.commit(committed.xid, committed.commit_lsn),
            Route::Start { .. } | Route::Unclear { .. } | Route::Direct => {}
        }
        Ok(())
    }

    /// Decodes what is to be shown.
    #[inline]
    fn preview(&mut self) -> Option<Step> {
        let previews = self.previews.as_mut().filter(|previews| previews.has_work())?;
        let Needed { oid, name, types } = previews.decode(&self.tables)?;
        Some(Step::NeedTable { oid, name, types })
    }

    /// Decodes a transaction that has committed, as far as it goes; `None` at its end.
    #[inline]
    fn replay(&mut self) -> Result<Option<Step>, SourceError> {
        let Some(mut replay) = self.in_progress.replay.take() else { return Ok(None) };
        let step = loop {
            if self.is_full() {
                break Step::Full;
            }
            let Some(frame) = replay.frame()? else { return Ok(None) };
            match self.decode(frame)? {
                None => replay.advance(),
                Some(Step::End) => return Ok(Some(Step::End)),
                Some(step) => break step,
            }
        };
        self.in_progress.replay = Some(replay);
        Ok(Some(step))
    }

    fn decode(&mut self, frame: Frame<'_>) -> Result<Option<Step>, SourceError> {
        // Between transactions the log is read in order: what lies behind the end, a message outside of any transaction
        // for one (its frame has the LSN of its end), comes after all that commits before it.
        if self.open.is_none() && self.until.is_some_and(|until| frame.lsn > until) {
            return Ok(Some(self.ended()));
        }
        let outcome = self.decoder.decode(frame, &self.tables, &mut self.batch);
        match outcome.map_err(|error| self.in_transaction(error))? {
            Outcome::Taken => Ok(None),
            Outcome::Begin { commit_lsn } => {
                if self.until.is_some_and(|until| self.commits_behind(commit_lsn, until)) {
                    return Ok(Some(self.ended()));
                }
                self.open = Some(commit_lsn);
                if self.skip.is_some() {
                    self.skip_if_meant(commit_lsn);
                }
                Ok(None)
            }
            Outcome::Commit { commit_lsn, end_lsn } => {
                self.open = None;
                if commit_lsn >= self.reached.commit_lsn {
                    self.reached.commit_lsn = commit_lsn;
                    self.reached.seq = None;
                }
                self.confirm(end_lsn);
                Ok(self.until.filter(|until| end_lsn >= *until).map(|_| self.ended()))
            }
            Outcome::NeedTable { oid, name, types } => Ok(Some(Step::NeedTable { oid, name, types })),
        }
    }

    /// Every transaction that commits before `end` has been sent.
    fn keepalive(&mut self, end: Lsn) -> Option<Step> {
        if self.open.is_some() {
            return None;
        }
        match self.until {
            Some(until) if end >= until => Some(self.ended()),
            _ => {
                self.confirm(end);
                None
            }
        }
    }

    /// Everything that commits before `lsn` is there.
    #[inline]
    fn confirm(&mut self, lsn: Lsn) {
        self.reached.confirmed = self.reached.confirmed.max(self.in_progress.confirmable(lsn));
    }

    /// Whether the commit record that is told as `commit_lsn` starts at or after `until`.
    fn commits_behind(&self, commit_lsn: Lsn, until: Lsn) -> bool {
        // One that ends at `until` starts before it.
        if self.decoder.tells_commit_ends() { commit_lsn > until } else { commit_lsn >= until }
    }

    /// The transaction that begins is passed over if it is the one.
    #[cold]
    fn skip_if_meant(&mut self, commit_lsn: Lsn) {
        let Some(skip) = &mut self.skip else { return };
        if commit_lsn == skip.commit_lsn {
            self.decoder.pass_over();
            if !std::mem::replace(&mut skip.is_met, true) {
                metrics::counter!("pg_cdc_transactions_skipped_total").increment(1);
            }
            tracing::warn!(%commit_lsn, "the transaction is passed over, as was asked for");
        } else if commit_lsn > skip.commit_lsn {
            if !skip.is_met {
                let asked = skip.commit_lsn;
                tracing::warn!(%asked, "no transaction commits there, of those that were not delivered: none is passed over");
            }
            self.skip = None;
        }
    }

    /// What went wrong, with the transaction that it went wrong in.
    #[cold]
    fn in_transaction(&self, error: DecodeError) -> DecodeError {
        match self.open {
            Some(commit_lsn) => error.in_transaction(commit_lsn),
            None => error,
        }
    }

    /// Everything before the end is there, and nothing of what commits later.
    fn ended(&mut self) -> Step {
        self.confirm(self.until.unwrap_or_default());
        self.in_progress.replay = None;
        self.open = None;
        self.is_ended = true;
        Step::End
    }

    /// Where the batch leads as it is.
    fn position(&self) -> Position {
        let mut position = self.reached.clone();
        let Some(open) = self.open else { return position };
        let filled = self.batch.last().filter(|(commit_lsn, _)| *commit_lsn == open).map(|(_, seq)| seq);
        // What was handed out of the transaction counts also when nothing of it has followed.
        let before = self.handed_out.seq.filter(|_| self.handed_out.commit_lsn == open);
        if let Some(seq) = filled.or(before) {
            position.commit_lsn = open;
            position.seq = Some(seq);
        }
        position
    }

    /// Whether the source's end is reached: nothing more will be decoded.
    pub(super) fn is_ended(&self) -> bool {
        self.is_ended
    }

    /// Whether the batch has something for the reader.
    pub(super) fn has_content(&self) -> bool {
        !self.batch.is_blank()
    }

    /// Whether the log went on without anything for the reader.
    pub(super) fn is_idle_ahead(&self) -> bool {
        self.open.is_none() && self.reached.confirmed > self.handed_out.confirmed
    }

    /// Closes the batch.
    pub(super) fn take(&mut self) -> ChangeBatch {
        let position = self.position();
        if self.batch.is_blank() {
            self.batch.idle(position.confirmed);
        }
        let mut batch = std::mem::replace(&mut self.batch, self.recycler.batch());
        batch.compact();
        batch.set_position(position.clone());
        self.handed_out = position;
        batch
    }

    /// Where what was handed out leads.
    pub(super) fn handed_out(&self) -> &Position {
        &self.handed_out
    }
}

fn in_stream(error: Error) -> SourceError {
    error.while_doing("the replication stream could not be read").into()
}

#[cfg(test)]
#[path = "assembly_tests.rs"]
mod tests;
