//! One transaction's file.

use std::fs::{self, File};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::Ordering;

use super::counters::Counters;
use super::place::Place;
use super::record;
use super::trouble::failed;
use crate::Error;

/// Whole blocks, one after the other; removed when dropped.
#[derive(Debug)]
pub(super) struct SpoolFile {
    path: PathBuf,
    /// `None` once it is closed, to be removed.
    file: Option<File>,
    xid: u32,
    /// Bytes of whole blocks. What a failed write left beyond them is not there.
    length: u64,
    blocks: u32,
    is_torn: bool,
    counters: Arc<Counters>,
    /// The folder stays as long as there is a file.
    _place: Arc<Place>,
}

impl SpoolFile {
    pub(super) fn create(place: &Arc<Place>, counters: &Arc<Counters>, xid: u32) -> Result<Self, Error> {
        let (path, file) = place.create(xid)?;
        Ok(Self {
            path,
            file: Some(file),
            xid,
            length: 0,
            blocks: 0,
            is_torn: false,
            counters: Arc::clone(counters),
            _place: Arc::clone(place),
        })
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// The transaction whose file it is.
    pub(super) fn xid(&self) -> u32 {
        self.xid
    }

    /// Bytes of whole blocks.
    pub(super) fn length(&self) -> u64 {
        self.length
    }

    /// Adds a block whose first bytes, [`record::HEADER`] of them, are room for its header.
    pub(super) fn append_in_place(&mut self, block: &mut [u8]) -> Result<(), Error> {
        if let Some((header, payload)) = block.split_first_chunk_mut::<{ record::HEADER }>() {
            *header = record::header(self.xid, self.blocks, &[payload]);
        }
        self.write(&[block])
    }

    /// Adds a block of these records.
    pub(super) fn append(&mut self, payload: &[&[u8]]) -> Result<(), Error> {
        let header = record::header(self.xid, self.blocks, payload);
        let parts: Vec<&[u8]> = std::iter::once(&header[..]).chain(payload.iter().copied()).collect();
        self.write(&parts)
    }

    /// Adds all of it, or as far as later writes and readers are concerned nothing.
    fn write(&mut self, parts: &[&[u8]]) -> Result<(), Error> {
        let written = self.try_write(parts).map_err(|error| failed("write", &self.path, error))?;
        self.length += written;
        self.blocks = self.blocks.wrapping_add(1);
        self.counters.disk.fetch_add(written, Ordering::Relaxed);
        self.counters.spilled.fetch_add(written, Ordering::Relaxed);
        Ok(())
    }

    fn try_write(&mut self, parts: &[&[u8]]) -> io::Result<u64> {
        let file = self.file.as_mut().ok_or_else(closed)?;
        if self.is_torn {
            file.set_len(self.length)?;
            file.seek(SeekFrom::Start(self.length))?;
            self.is_torn = false;
        }
        let mut written = 0;
        for part in parts {
            if let Err(error) = file.write_all(part) {
                self.is_torn = true;
                // Gives the room back at once; where even that fails, the next write tries again.
                let _ = file.set_len(self.length);
                return Err(error);
            }
            written += part.len() as u64;
        }
        Ok(written)
    }

    /// Goes back to the first block.
    pub(super) fn rewind(&mut self) -> Result<(), Error> {
        let rewound = self.file.as_mut().ok_or_else(closed).and_then(File::rewind);
        rewound.map_err(|error| failed("read", &self.path, error))
    }

    /// Reads up to `most` bytes onto the end of `into`; less only at the end of the file.
    pub(super) fn read(&mut self, most: u64, into: &mut Vec<u8>) -> Result<u64, Error> {
        let Some(file) = &self.file else { return Err(failed("read", &self.path, closed())) };
        let read = file.take(most).read_to_end(into);
        read.map(|read| read as u64).map_err(|error| failed("read", &self.path, error))
    }
}

fn closed() -> io::Error {
    io::Error::other("the file is closed")
}

impl Drop for SpoolFile {
    fn drop(&mut self) {
        // Closed first: not every system removes a file that is open.
        self.file = None;
        if let Err(error) = fs::remove_file(&self.path)
            && error.kind() != io::ErrorKind::NotFound
        {
            tracing::warn!(path = %self.path.display(), %error, "could not remove a spooled transaction");
        }
        self.counters.disk.fetch_sub(self.length, Ordering::Relaxed);
    }
}
