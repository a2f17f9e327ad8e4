//! Messages of `pgoutput`.

mod catalog;
mod driver;
mod events;
mod framing;
mod mutate;
mod raw;
mod server;

pub use framing::{Framed, Setting};
pub use mutate::mutate;

/// Set in an input's first byte: what follows says what a model of a server does, else it is messages.
pub const MODEL: u8 = 1;

/// Checks all that is promised of what `input` says.
///
/// # Panics
///
/// Where a promise is broken.
pub fn check(input: &[u8]) {
    let Some((&mode, rest)) = input.split_first() else { return };
    if mode & MODEL == 0 { raw::check(mode, rest) } else { server::check(mode, rest) }
}
