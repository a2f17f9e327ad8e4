//! Frames in memory.

use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use super::counters::Counters;
use super::record::{Before, HEADER, RECORD};
use crate::Kept;
use crate::batch::Buffer;

/// The smallest buffer: what a small transaction costs.
const SMALLEST: usize = 4 << 10;
/// The largest that is not a single frame's.
const LARGEST: usize = 64 << 10;

/// Blocks in memory, the last of which grows; each has room for its header, so that it goes to a file in one write.
#[derive(Debug)]
pub(super) struct Chunks {
    chunks: VecDeque<Chunk>,
    before: Before,
    capacity: usize,
    counters: Arc<Counters>,
}

#[derive(Debug)]
struct Chunk {
    buffer: Buffer,
    capacity: usize,
}

impl Chunks {
    pub(super) fn new(counters: &Arc<Counters>) -> Self {
        Self {
            chunks: VecDeque::new(),
            before: Before::default(),
            capacity: 0,
            counters: Arc::clone(counters),
        }
    }

    /// The capacity to ask for, so that a frame of `length` bytes fits, behind `kept` bytes of the same transaction, where
    /// `memory` is all there is.
    pub(super) fn capacity_for(length: usize, kept: u64, memory: usize) -> usize {
        let largest = (memory / 8).clamp(SMALLEST, LARGEST);
        let usual = usize::try_from(kept).unwrap_or(largest).clamp(SMALLEST, largest).next_power_of_two();
        usual.max(HEADER + RECORD + length)
    }

    /// Bytes of capacity.
    pub(super) fn capacity(&self) -> usize {
        self.capacity
    }

    /// Adds a frame where the last buffer has room for it.
    #[inline]
    pub(super) fn push(&mut self, frame: &Kept<'_>) -> bool {
        let Some(chunk) = self.chunks.back_mut() else { return false };
        let capacity = chunk.capacity;
        let bytes = chunk.buffer.bytes_mut();
        if capacity - bytes.len() < RECORD + frame.len() {
            return false;
        }
        self.before.write(frame.sub, frame.lsn, frame.len(), bytes);
        let [head, rest] = frame.message;
        bytes.extend_from_slice(head);
        bytes.extend_from_slice(rest);
        true
    }

    /// The next frames go to `buffer`, which is empty and has a capacity of more than a header.
    pub(super) fn add(&mut self, mut buffer: Buffer) {
        let bytes = buffer.bytes_mut();
        bytes.resize(HEADER, 0);
        let capacity = bytes.capacity();
        self.chunks.push_back(Chunk { buffer, capacity });
        self.before = Before::default();
        self.capacity += capacity;
        self.counters.memory.fetch_add(capacity, Ordering::Relaxed);
    }

    /// The first block, header included.
    pub(super) fn first(&mut self) -> Option<&mut [u8]> {
        self.chunks.front_mut().map(|chunk| chunk.buffer.bytes_mut().as_mut_slice())
    }

    /// Takes the first block out: it counts in its pool alone from now on.
    pub(super) fn pop(&mut self) -> Option<Buffer> {
        let chunk = self.chunks.pop_front()?;
        self.capacity -= chunk.capacity;
        self.counters.memory.fetch_sub(chunk.capacity, Ordering::Relaxed);
        Some(chunk.buffer)
    }
}

impl Drop for Chunks {
    fn drop(&mut self) {
        self.counters.memory.fetch_sub(self.capacity, Ordering::Relaxed);
    }
}
