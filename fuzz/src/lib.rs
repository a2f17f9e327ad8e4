//! What must hold whatever bytes come: an error or what they say, never a panic, never more memory than they warrant.
//!
//! [`check`] is about values, [`pgoutput`] and [`plugins`] about output plugins' messages, [`frames`] about what reads them
//! from a socket, [`spool`] about what keeps them until their transaction commits.

mod choice;
mod choices;
mod events;
pub mod frames;
mod framing;
mod mark;
mod memory;
mod mutate;
pub mod pgoutput;
pub mod plugins;
mod promises;
pub mod spool;
mod values;

pub use choice::{choose, first, type_of};
pub use framing::{Framed, MODEL};
pub use mutate::mutate;
pub use promises::check;
