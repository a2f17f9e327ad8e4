//! What holds whatever bytes a value has: an error or a value, never a panic, never more memory than the bytes warrant,
//! and the same from both encodings.

mod choice;
mod memory;
mod promises;
mod values;

pub use choice::{choose, first, type_of};
pub use promises::check;
