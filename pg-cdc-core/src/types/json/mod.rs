//! Values as JSON.

mod embed;
mod natural;
mod number;
mod string;

pub use natural::write_natural;
pub use string::write_json_string;
pub(crate) use string::write_string_bytes;
