//! What must hold whatever bytes come: an error or what they say, never a panic, never more memory than they warrant.
//!
//! [`check`] is about values, [`pgoutput`] about an output plugin's messages, [`frames`] about what reads them from a
//! socket, [`spool`] about what keeps them until their transaction commits.

mod choice;
mod choices;
pub mod frames;
mod memory;
pub mod pgoutput;
mod promises;
pub mod spool;
mod values;

pub use choice::{choose, first, type_of};
pub use promises::check;
