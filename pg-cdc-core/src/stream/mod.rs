//! The replication [`Source`](crate::Source): a slot read through a walsender.
//!
//! From the ground up: [`slot`](self::create_slot) makes slots and holds the snapshots they export; `walsender` has the
//! commands; `feedback` decides what the server is told, and when (pure); [`spool`] keeps transactions until their
//! outcome is known, and `in_progress` reads them back; `assembly` makes batches and positions of frames; `session`
//! serves one connection in a task of its own; [`ReplicationSource`] opens one after another and hands the batches out.

mod assembly;
mod binary;
mod control;
mod feedback;
mod in_progress;
pub(crate) mod lookup;
mod options;
mod replication;
mod session;
mod slot;
pub mod spool;
mod uncommitted;
mod verify;
mod walsender;

pub use binary::check_binary;
pub use options::{
    BatchLimits, BinaryValues, Plugin, ReplicationOptions, Retry, Streaming, UnknownTables, Until,
};
pub use replication::ReplicationSource;
pub use slot::{
    ExportedSnapshot, NewSlot, SlotWait, create_slot, export_by_temporary_slot, export_by_transaction,
};
pub use uncommitted::{Uncommitted, UncommittedChanges, UncommittedSender, UncommittedStream, uncommitted};
pub use verify::{check_slot, check_timeline};
pub use walsender::{Identity, identify};
