//! Values as JSON.

mod debezium;
mod embed;
mod natural;
mod number;
mod serialize;
mod string;

pub use debezium::{
    BinaryHandling, DebeziumValues, DecimalHandling, HstoreHandling, IntervalHandling, TimePrecision,
    is_mapped, write_debezium,
};
pub use natural::write_natural;
pub(super) use number::is_json_number;
pub(super) use serialize::JsonText;
pub use string::write_json_string;
pub(super) use string::{check_utf8, write_string_bytes};
