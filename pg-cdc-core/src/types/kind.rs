//! The switch between families of types.

use super::oid;

/// PostgreSQL's two encodings of a value, by the code that the protocol gives them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Format {
    /// The output of `typoutput` (code 0).
    Text,
    /// The output of `typsend` (code 1).
    Binary,
}

/// Which family's code reads and writes a type: small and `Copy`, so that a hot loop matches on it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Kind {
    /// `bool`
    Bool,
    /// `int2`
    Int2,
    /// `int4`
    Int4,
    /// `int8`
    Int8,
    /// `oid`
    Oid,
    /// `float4`
    Float4,
    /// `float8`
    Float8,
    /// `numeric`
    Numeric,
    /// `text`, `varchar`, `bpchar`, `name`: the same bytes in both encodings.
    Text,
    /// `"char"`: one byte.
    Char,
    /// `bytea`
    Bytea,
    /// `date`
    Date,
    /// `time`
    Time,
    /// `timestamp`
    Timestamp,
    /// `timestamptz`
    TimestampTz,
    /// `uuid`
    Uuid,
    /// `json`
    Json,
    /// `jsonb`
    Jsonb,
    /// Any other type: its text is carried as it is, its binary form is not known.
    Other,
}

impl Kind {
    /// The kind of the type `oid`.
    ///
    /// ```
    /// use pg_cdc_core::types::{Kind, oid};
    /// assert_eq!(Kind::of(oid::VARCHAR), Kind::Text);
    /// assert_eq!(Kind::of(70_000), Kind::Other);
    /// ```
    #[inline]
    #[must_use]
    pub const fn of(oid: u32) -> Self {
        match oid {
            oid::BOOL => Self::Bool,
            oid::BYTEA => Self::Bytea,
            oid::CHAR => Self::Char,
            oid::NAME | oid::TEXT | oid::BPCHAR | oid::VARCHAR => Self::Text,
            oid::INT8 => Self::Int8,
            oid::INT2 => Self::Int2,
            oid::INT4 => Self::Int4,
            oid::OID => Self::Oid,
            oid::JSON => Self::Json,
            oid::FLOAT4 => Self::Float4,
            oid::FLOAT8 => Self::Float8,
            oid::DATE => Self::Date,
            oid::TIME => Self::Time,
            oid::TIMESTAMP => Self::Timestamp,
            oid::TIMESTAMPTZ => Self::TimestampTz,
            oid::NUMERIC => Self::Numeric,
            oid::UUID => Self::Uuid,
            oid::JSONB => Self::Jsonb,
            _ => Self::Other,
        }
    }
}

/// Whether the type's binary form can be mapped: a column of any other type must be asked for as text.
///
/// Never true of `reg*` types, whose binary form is a bare OID from which the printed name can't be rebuilt, nor of
/// `money`, whose printed form depends on `lc_monetary`.
#[must_use]
pub const fn is_binary_known(oid: u32) -> bool {
    !matches!(Kind::of(oid), Kind::Other)
}
