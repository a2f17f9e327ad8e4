//! One transaction: its file, then its memory, and what of both was taken back.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use super::aborted::Aborted;
use super::chunks::Chunks;
use super::counters::Counters;
use super::file::SpoolFile;
use super::place::Place;
use super::record::Before;
use crate::batch::Buffer;
use crate::{Error, Kept};

#[derive(Debug)]
pub(super) struct Transaction {
    pub(super) xid: u32,
    /// What came first.
    pub(super) file: Option<SpoolFile>,
    /// What came behind it.
    pub(super) chunks: Chunks,
    pub(super) aborted: Aborted,
    /// How many frames came, those taken back included.
    pub(super) frames: u64,
    /// The subtransaction of the last frame: not aborted since.
    current: Option<u32>,
    counters: Arc<Counters>,
}

impl Transaction {
    pub(super) fn new(xid: u32, counters: &Arc<Counters>) -> Self {
        counters.transactions.fetch_add(1, Ordering::Relaxed);
        Self {
            xid,
            file: None,
            chunks: Chunks::new(counters),
            aborted: Aborted::default(),
            frames: 0,
            current: None,
            counters: Arc::clone(counters),
        }
    }

    /// Adds a frame where there is room in memory for it.
    #[inline]
    pub(super) fn push(&mut self, frame: &Kept<'_>) -> bool {
        let has_room = self.chunks.push(frame);
        if has_room {
            self.added(frame.sub);
        }
        has_room
    }

    #[inline]
    fn added(&mut self, sub_xid: u32) {
        if self.current != Some(sub_xid) {
            self.aborted.revive(sub_xid, self.frames);
            self.current = Some(sub_xid);
        }
        self.frames += 1;
    }

    /// Bytes that it holds, in its file and in memory.
    pub(super) fn kept(&self) -> u64 {
        self.file.as_ref().map_or(0, SpoolFile::length) + self.chunks.capacity() as u64
    }

    /// Frames go to `buffer` from now on.
    pub(super) fn add_buffer(&mut self, buffer: Buffer) {
        self.chunks.add(buffer);
    }

    /// Writes what is in memory to the file. On an error what is not written is still in memory.
    pub(super) fn spill(&mut self, place: &Arc<Place>) -> Result<(), Error> {
        let file = opened(&mut self.file, place, &self.counters, self.xid)?;
        while let Some(block) = self.chunks.first() {
            file.append_in_place(block)?;
            self.chunks.pop();
        }
        Ok(())
    }

    /// Writes a frame past the memory to the file.
    pub(super) fn write_through(&mut self, place: &Arc<Place>, frame: &Kept<'_>) -> Result<(), Error> {
        self.spill(place)?;
        let mut record = Vec::with_capacity(super::record::RECORD);
        Before::default().write(frame.sub, frame.lsn, frame.len(), &mut record);
        let [head, rest] = frame.message;
        opened(&mut self.file, place, &self.counters, self.xid)?.append(&[&record, head, rest])?;
        self.added(frame.sub);
        Ok(())
    }

    /// Takes back the frames of `sub_xid` so far.
    pub(super) fn abort(&mut self, sub_xid: u32) {
        self.aborted.insert(sub_xid);
        if self.current == Some(sub_xid) {
            self.current = None;
        }
    }
}

fn opened<'a>(
    file: &'a mut Option<SpoolFile>,
    place: &Arc<Place>,
    counters: &Arc<Counters>,
    xid: u32,
) -> Result<&'a mut SpoolFile, Error> {
    match file {
        Some(file) => Ok(file),
        none => Ok(none.insert(SpoolFile::create(place, counters, xid)?)),
    }
}

impl Drop for Transaction {
    fn drop(&mut self) {
        self.counters.transactions.fetch_sub(1, Ordering::Relaxed);
    }
}
