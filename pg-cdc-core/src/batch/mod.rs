//! The unit of flow: a batch of changes on a tape, the buffers behind it, and how both are used again.

mod change;
mod change_batch;
mod deserialize;
mod events;
mod mend;
mod pool;
mod recycle;
mod row;
mod savepoint;
#[cfg(test)]
mod serde_tests;
mod serialize;
mod slot;
mod tape;
#[cfg(test)]
mod tests;
mod writer;

pub use change::{Change, Event, Message, OwnedChange, Write};
pub use change_batch::ChangeBatch;
pub use pool::{Buffer, BufferPool};
pub use recycle::Recycler;
pub use row::{OwnedRow, Row};
pub use savepoint::{NewVersion, Savepoint};
pub(crate) use slot::LONGEST;
pub use slot::Slot;
pub use tape::{BatchTable, BufferId, Op, Transaction, TruncateOptions};
pub use writer::{ChangeWriter, TooLarge};
