//! The unit of flow: a batch of changes on a tape, the buffers behind it, and how both are used again.

mod change;
mod change_batch;
mod events;
mod pool;
mod recycle;
mod row;
mod slot;
mod tape;
#[cfg(test)]
mod tests;
mod writer;

pub use change::{Change, Event, Message, OwnedChange, Write};
pub use change_batch::{BatchTable, BufferId, ChangeBatch};
pub use pool::{Buffer, BufferPool};
pub use recycle::Recycler;
pub use row::{OwnedRow, Row};
pub use slot::Slot;
pub use tape::{Op, Transaction, TruncateOptions};
pub use writer::{ChangeWriter, TooLarge};
