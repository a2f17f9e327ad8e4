//! Batches whose vectors are used again.

use std::sync::{Arc, Mutex, PoisonError};

use super::tape::Tape;

/// How many tapes wait for their next use.
const MOST_KEPT: usize = 4;
/// An arena larger than this is freed, not kept.
const LARGEST_ARENA: usize = 1 << 20;
/// Vectors with more slots than this are freed, not kept.
const MOST_SLOTS: usize = 1 << 20;

/// Makes batches out of the vectors of dropped ones. Clones share them.
#[derive(Debug, Clone, Default)]
pub struct Recycler {
    free: Arc<Mutex<Vec<Tape>>>,
}

impl Recycler {
    /// A recycler that has nothing yet.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    pub(super) fn take(&self) -> Tape {
        self.free.lock().unwrap_or_else(PoisonError::into_inner).pop().unwrap_or_default()
    }

    pub(super) fn give_back(&self, mut tape: Tape) {
        // Outside the lock: the last holder of a buffer frees it here.
        tape.clear();
        if tape.arena.capacity() > LARGEST_ARENA {
            tape.arena = Vec::new();
        }
        if tape.slots.capacity() > MOST_SLOTS {
            tape.slots = Vec::new();
        }
        if tape.mended.capacity() > MOST_SLOTS {
            tape.mended = Vec::new();
        }
        let mut free = self.free.lock().unwrap_or_else(PoisonError::into_inner);
        if free.len() < MOST_KEPT {
            free.push(tape);
        }
    }
}
