//! Frames into batches, and the position that each batch leads to. Pure.

use crate::batch::{ChangeBatch, Recycler};
use crate::wire::{Block, ServerFrame};
use crate::{
    ColumnType, DecodeError, Decoder, Error, Frame, Lsn, Outcome, Position, SourceError, TableName, Tables,
};

use super::BatchLimits;
use super::lookup::Found;

/// What stopped the decoding of a block.
#[derive(Debug)]
pub(super) enum Step {
    /// Everything that came is decoded.
    Done,
    /// The batch is full; the rest of the block waits.
    Full,
    /// The table must be looked up first.
    NeedTable { oid: Option<u32>, name: TableName, types: Vec<u32> },
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
    until: Option<Lsn>,
    is_ended: bool,
    block: Option<Block>,
    /// How many messages of the block are decoded.
    done: usize,
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
            until: None,
            is_ended: false,
            block: None,
            done: 0,
        }
    }

    /// A new connection starts; gives where replication is to start. What is decoded stays, the rest comes again.
    pub(super) fn restart(&mut self) -> Lsn {
        let position = self.position();
        self.decoder.restart(Some(&position));
        self.open = None;
        self.block = None;
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

    /// A block to decode. The one before must be [`Step::Done`].
    pub(super) fn put(&mut self, block: Block) {
        self.block = Some(block);
        self.done = 0;
    }

    /// Whether a block waits to be decoded further.
    pub(super) fn has_block(&self) -> bool {
        self.block.is_some()
    }

    pub(super) fn is_full(&self) -> bool {
        self.batch.len() >= self.limits.rows || self.batch.size() >= self.limits.bytes
    }

    /// Decodes the block as far as it goes.
    pub(super) fn advance(&mut self, heard: &mut Heard) -> Result<Step, SourceError> {
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
                        self.decode(Frame::new(start, bytes, from..to))?
                    }
                    ServerFrame::Keepalive { end, reply_wanted, .. } => {
                        heard.received = heard.received.max(end);
                        heard.reply_wanted |= reply_wanted;
                        self.keepalive(end)
                    }
                }
            };
            match step {
                None => self.done += 1,
                Some(Step::End) => return Ok(Step::End),
                Some(step) => {
                    self.block = Some(block);
                    return Ok(step);
                }
            }
        }
        Ok(Step::Done)
    }

    fn decode(&mut self, frame: Frame<'_>) -> Result<Option<Step>, DecodeError> {
        // Between transactions the log is read in order: what lies behind the end, a message outside of any transaction
        // for one (its frame has the LSN of its end), comes after all that commits before it.
        if self.open.is_none() && self.until.is_some_and(|until| frame.lsn > until) {
            return Ok(Some(self.ended()));
        }
        match self.decoder.decode(frame, &self.tables, &mut self.batch)? {
            Outcome::Taken => Ok(None),
            Outcome::Begin { commit_lsn } => {
                if self.until.is_some_and(|until| commit_lsn >= until) {
                    return Ok(Some(self.ended()));
                }
                self.open = Some(commit_lsn);
                Ok(None)
            }
            Outcome::Commit { commit_lsn, end_lsn } => {
                self.open = None;
                if commit_lsn >= self.reached.commit_lsn {
                    self.reached.commit_lsn = commit_lsn;
                    self.reached.seq = None;
                }
                self.reached.confirmed = self.reached.confirmed.max(end_lsn);
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
                self.reached.confirmed = self.reached.confirmed.max(end);
                None
            }
        }
    }

    /// Everything before the end is there, and nothing of what commits later.
    fn ended(&mut self) -> Step {
        self.reached.confirmed = self.reached.confirmed.max(self.until.unwrap_or_default());
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
