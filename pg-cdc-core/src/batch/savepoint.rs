//! Taking back what was added to a batch.

use std::sync::Arc;

use super::change_batch::ChangeBatch;
use super::tape::Tape;
use crate::Table;

/// A place in a batch to come back to: for a message that holds many changes, and is decoded as a whole or not at all.
#[derive(Debug, Clone, Copy)]
pub struct Savepoint {
    buffers: usize,
    arena: usize,
    slots: usize,
    entries: usize,
    transactions: usize,
    schemas: usize,
    messages: usize,
    mended: usize,
    changes: usize,
    notices: usize,
    held: usize,
    used: usize,
}

/// The version of a table that was in use, if any, and the one that is from then on.
pub type NewVersion = (Option<Arc<Table>>, Arc<Table>);

impl ChangeBatch {
    /// The place where it stands now.
    #[must_use]
    pub fn savepoint(&self) -> Savepoint {
        let Tape { buffers, arena, slots, entries, transactions, schemas, messages, mended, .. } = &self.tape;
        Savepoint {
            buffers: buffers.len(),
            arena: arena.len(),
            slots: slots.len(),
            entries: entries.len(),
            transactions: transactions.len(),
            schemas: schemas.len(),
            messages: messages.len(),
            mended: mended.len(),
            changes: self.tape.changes,
            notices: self.tape.notices,
            held: self.tape.held,
            used: self.tape.used,
        }
    }

    /// Takes back all that was added since. Gives the schema changes among it, which whoever told them may have to tell
    /// again.
    pub fn roll_back(&mut self, to: Savepoint) -> Vec<NewVersion> {
        let tape = &mut self.tape;
        tape.buffers.truncate(to.buffers);
        tape.arena.truncate(to.arena);
        tape.slots.truncate(to.slots);
        tape.entries.truncate(to.entries);
        tape.transactions.truncate(to.transactions);
        tape.messages.truncate(to.messages);
        tape.mended.truncate(to.mended);
        (tape.changes, tape.notices) = (to.changes, to.notices);
        (tape.held, tape.used) = (to.held, to.used);
        // The tables stay: handles of them were given out.
        let from = to.schemas.min(tape.schemas.len());
        tape.schemas.drain(from..).map(|schema| (schema.old, schema.new)).collect()
    }
}
