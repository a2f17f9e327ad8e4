//! Values as types of the standard library and of other crates, each crate behind the feature of its name.
//!
//! All of them come through one of our own exact types, and are exact or an error: a date that the other type does not
//! have, an infinity, a NaN or a digit too many is none of them.

#[cfg(feature = "bigdecimal")]
mod bigdecimal;
#[cfg(feature = "chrono")]
mod chrono;
#[cfg(feature = "cidr")]
mod cidr;
#[cfg(feature = "geo-types")]
mod geo_types;
#[cfg(feature = "jiff")]
mod jiff;
#[cfg(feature = "postgres-types")]
mod postgres_types;
#[cfg(feature = "rust_decimal")]
mod rust_decimal;
mod serde_json;
mod standard;
#[cfg(feature = "time")]
mod time;
#[cfg(feature = "uuid")]
mod uuid;

#[cfg(feature = "postgres-types")]
pub use postgres_types::Sql;

/// One of our own types as another: `TryFrom`, and `FromDatum` of the kinds of type that are read as it.
macro_rules! converts {
    ($(#[$doc:meta])* $ours:ident ($($kind:ident)|+, $oid:ident) to $theirs:ty, $convert:expr) => {
        $(#[$doc])*
        impl TryFrom<$crate::types::$ours> for $theirs {
            type Error = $crate::types::TypeError;

            fn try_from(value: $crate::types::$ours) -> Result<Self, $crate::types::TypeError> {
                let convert: fn($crate::types::$ours) -> $crate::types::Parsed<$theirs> = $convert;
                convert(value).map_err(|flaw| flaw.of_built_in($crate::types::oid::$oid))
            }
        }

        $(#[$doc])*
        impl<'a> $crate::types::FromDatum<'a> for $theirs {
            fn from_datum(
                type_: &$crate::types::ColumnType,
                datum: $crate::Datum<'a>,
            ) -> Result<Self, $crate::types::TypeError> {
                use $crate::types::{Flaw, Kind, Parsed, $ours, value_of};

                value_of(type_, datum)?;
                if !matches!(type_.kind(), $(Kind::$kind)|+) {
                    return Err(Flaw::new(concat!("can't be had as ", stringify!($theirs))).of(type_));
                }
                let convert: fn($ours) -> Parsed<$theirs> = $convert;
                convert(<$ours as $crate::types::FromDatum<'_>>::from_datum(type_, datum)?).map_err(|flaw| flaw.of(type_))
            }
        }
    };
}
use converts;

/// What the tests of these read.
#[cfg(test)]
mod tests {
    use crate::Datum;
    use crate::types::{ColumnType, FromDatum};

    /// The value as a `T`, which both encodings must give, or what is said against it.
    pub(super) fn read<T: for<'a> FromDatum<'a>>(oid: u32, text: &str) -> Result<T, String> {
        let type_ = ColumnType::built_in(oid);
        T::from_datum(&type_, Datum::Text(text.as_bytes())).map_err(|error| error.to_string())
    }

    /// What is said against the value.
    pub(super) fn refusal<T: for<'a> FromDatum<'a>>(oid: u32, text: &str) -> String {
        read::<T>(oid, text).err().unwrap()
    }
}
