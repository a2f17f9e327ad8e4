//! Messages of `pgoutput`.

mod catalog;
mod driver;
mod raw;
mod server;

use crate::framing::MODEL;

/// What an input's first byte says of its messages.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Setting {
    /// They are routed, and kept where they are told to be.
    pub routes: bool,
    /// There is a catalog to ask.
    pub asks: bool,
    /// A subtransaction that is rolled back is cut off.
    pub cuts: bool,
    /// Some transactions are passed over.
    pub passes: bool,
}

impl Setting {
    /// The byte that says so.
    #[must_use]
    pub fn to_byte(self) -> u8 {
        u8::from(self.routes) << 1
            | u8::from(self.asks) << 2
            | u8::from(self.cuts) << 3
            | u8::from(self.passes) << 4
    }

    fn from_byte(byte: u8) -> Self {
        Self { routes: byte & 2 != 0, asks: byte & 4 != 0, cuts: byte & 8 != 0, passes: byte & 16 != 0 }
    }
}

/// Checks all that is promised of what `input` says.
///
/// # Panics
///
/// Where a promise is broken.
pub fn check(input: &[u8]) {
    let Some((&mode, rest)) = input.split_first() else { return };
    if mode & MODEL == 0 { raw::check(mode, rest) } else { server::check(mode, rest) }
}
