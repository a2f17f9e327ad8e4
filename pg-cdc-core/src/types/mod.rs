//! PostgreSQL's types: both of its encodings to Rust values, to its text and to JSON.
//!
//! A [`Datum`](crate::Datum) is bytes in PostgreSQL's text or binary encoding; nothing is read until someone asks.
//! This module is what they ask:
//!
//! - [`FromDatum`] turns a datum into a Rust value, exactly, or says why it can't;
//! - [`Value`] is a value of any type, for those who learn only at run time which; with it serde turns a row into a
//!   struct ([`Row::deserialize`](crate::batch::Row::deserialize)) and writes one;
//! - [`write_text`] gives PostgreSQL's own text form from either encoding;
//! - [`json::write_natural`] gives what PostgreSQL's `row_to_json` would;
//! - `arrow`, behind the feature of that name, has schemas and builders of Arrow arrays.
//!
//! The two encodings of one value give the same result everywhere. The text forms are those of a session with
//! `DateStyle=ISO`, `IntervalStyle=postgres`, `TimeZone=UTC`, `bytea_output=hex` and `extra_float_digits=1` (3 before
//! PostgreSQL 12).
//!
//! One family of types a file; [`Kind`] is the switch between them, a small `Copy` enum that a [`ColumnType`] knows.
//! What is made of other types (arrays, composites, ranges, domains) has a [`Shape`]. A type of which nothing is known
//! is [`Kind::Other`]: its text passes through as it is.

mod array;
#[cfg(feature = "arrow")]
pub mod arrow;
mod binary_form;
mod bits;
mod boolean;
mod bytea;
mod character;
mod column_type;
mod composite;
mod datetime;
mod encoded;
mod error;
mod extension;
mod fit;
mod float;
mod geometric;
mod get;
mod hstore;
mod integer;
mod integrations;
pub mod json;
mod kind;
mod money;
mod network;
mod numeric;
pub mod oid;
mod pgvector;
mod postgis;
mod quoting;
mod range;
mod serialized;
mod system;
#[cfg(test)]
mod tests;
mod text;
mod text_search;
mod tuple;
mod uuid;
mod value;

pub use array::{Dimension, PgArray};
pub use binary_form::is_binary_known;
pub use bits::PgBits;
pub(crate) use character::is_bare_byte;
pub use column_type::{ColumnType, Field, Shape};
pub use datetime::{PgDate, PgInterval, PgTime, PgTimeTz, PgTimestamp, PgTimestampTz};
pub use error::TypeError;
use error::{Flaw, Parsed};
pub use extension::Extension;
pub use fit::{fits, may_misfit};
pub use float::{write_float4, write_float8};
pub use geometric::{PgBox, PgCircle, PgLine, PgLseg, PgPath, PgPoint, PgPolygon};
pub use get::FromDatum;
use get::value_of;
pub use hstore::PgHstore;
#[cfg(feature = "postgres-types")]
pub use integrations::Sql;
pub use kind::{Format, Kind};
pub use money::PgMoney;
pub use network::{PgInet, PgMacAddr, PgMacAddr8};
pub use numeric::PgNumeric;
pub use pgvector::{PgHalfvec, PgSparsevec, PgVector};
pub use postgis::{Coordinate, Geometry, PgGeometry};
pub use range::{PgMultirange, PgRange};
pub use system::{PgSnapshot, PgTid};
pub use text::write_text;
pub use text_search::{
    PgTsQuery, PgTsVector, TsLexeme, TsPosition, TsQueryLexeme, TsQueryNode, TsQueryPart, TsWeight,
};
pub use uuid::PgUuid;
pub use value::Value;
pub(crate) use value::{Lazy, Refusal};

/// The bytes of a value whose binary form has a fixed length.
#[inline]
fn fixed<const N: usize>(bytes: &[u8]) -> Parsed<[u8; N]> {
    bytes.try_into().map_err(|_| Flaw::new("has the wrong number of bytes"))
}

/// `Display` and `Debug` as PostgreSQL's text, by the type's `write_text`.
macro_rules! text_is_display {
    ($name:ident) => {
        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                let mut text = Vec::new();
                self.write_text(&mut text);
                f.pad(&String::from_utf8_lossy(&text))
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Display::fmt(self, f)
            }
        }
    };
}
use text_is_display;

/// `FromStr` by the type's `from_text`; an error names the built-in type.
macro_rules! text_is_parsed {
    ($name:ident, $oid:path) => {
        impl std::str::FromStr for $name {
            type Err = crate::types::TypeError;

            fn from_str(text: &str) -> Result<Self, Self::Err> {
                Self::from_text(text.as_bytes()).map_err(|flaw| flaw.of_built_in($oid))
            }
        }
    };
}
use text_is_parsed;
