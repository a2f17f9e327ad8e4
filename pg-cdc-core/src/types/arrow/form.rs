//! Which of Arrow's types a PostgreSQL type becomes: the one switch, for schemas and for builders.

use super::options::{Arrays, ArrowOptions};
use crate::types::{ColumnType, Kind};

/// What a type becomes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Form {
    Bool,
    Int16,
    Int32,
    Int64,
    Oid,
    Float32,
    Float64,
    /// Digits, and those after the point.
    Decimal128(u8, i8),
    Decimal256(u8, i8),
    Binary,
    Date,
    Time,
    Timestamp,
    TimestampUtc,
    Interval,
    Uuid,
    Json,
    List,
    Struct,
    Range,
    Multirange,
    Map,
    Text,
}

/// The most digits of Arrow's decimals.
const DECIMAL128: u32 = 38;
const DECIMAL256: u32 = 76;

impl Form {
    pub(super) fn of(type_: &ColumnType, options: &ArrowOptions) -> Self {
        match type_.kind() {
            Kind::Bool => Self::Bool,
            Kind::Int2 => Self::Int16,
            Kind::Int4 => Self::Int32,
            Kind::Int8 => Self::Int64,
            Kind::Oid => Self::Oid,
            Kind::Float4 => Self::Float32,
            Kind::Float8 => Self::Float64,
            Kind::Numeric => decimal(type_.base().modifier),
            Kind::Bytea => Self::Binary,
            Kind::Date => Self::Date,
            Kind::Time => Self::Time,
            Kind::Timestamp => Self::Timestamp,
            Kind::TimestampTz => Self::TimestampUtc,
            Kind::Interval => Self::Interval,
            Kind::Uuid => Self::Uuid,
            Kind::Json | Kind::Jsonb => Self::Json,
            Kind::Array if options.arrays == Arrays::List && type_.element().is_some() => Self::List,
            // A struct without fields is nothing that most readers know.
            Kind::Composite if type_.fields().is_some_and(|fields| !fields.is_empty()) => Self::Struct,
            Kind::Range if type_.subtype().is_some() => Self::Range,
            Kind::Multirange if type_.subtype().is_some() => Self::Multirange,
            Kind::Hstore => Self::Map,
            _ => Self::Text,
        }
    }
}

/// What a numeric with this modifier becomes (`numerictypmodin` in `src/backend/utils/adt/numeric.c`: the precision
/// in the upper 16 bits, the scale in the lower 11, signed since version 15; all of it 4 too high).
fn decimal(modifier: i32) -> Form {
    let Some(packed) = modifier.checked_sub(4).filter(|&packed| packed >= 0) else { return Form::Text };
    let precision = (packed >> 16) & 0xffff;
    let scale = ((packed & 0x7ff) ^ 0x400) - 0x400;
    // Neither a scale below zero nor one above the precision is known to all who read Arrow.
    let digits = u32::try_from(if scale < 0 { precision - scale } else { precision.max(scale) });
    match (digits, i8::try_from(scale.max(0))) {
        (Ok(digits @ 1..=DECIMAL128), Ok(scale)) => Form::Decimal128(digits as u8, scale),
        (Ok(digits @ ..=DECIMAL256), Ok(scale)) if digits > 0 => Form::Decimal256(digits as u8, scale),
        _ => Form::Text,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// As `make_numeric_typmod` has it.
    fn modifier(precision: i32, scale: i32) -> i32 {
        (precision << 16 | (scale & 0x7ff)) + 4
    }

    #[test]
    fn a_numeric_s_digits_decide() {
        assert_eq!(modifier(10, 2), 655_366);
        for (precision, scale, form) in [
            (10, 2, Form::Decimal128(10, 2)),
            (38, 38, Form::Decimal128(38, 38)),
            (39, 0, Form::Decimal256(39, 0)),
            (76, 10, Form::Decimal256(76, 10)),
            (77, 10, Form::Text),
            (1000, 500, Form::Text),
            (3, -2, Form::Decimal128(5, 0)),
            (38, -1, Form::Decimal256(39, 0)),
            (3, -1000, Form::Text),
            (3, 5, Form::Decimal128(5, 5)),
            (3, 1000, Form::Text),
        ] {
            assert_eq!(decimal(modifier(precision, scale)), form, "numeric({precision}, {scale})");
        }
        for none in [-1, 0, 4, i32::MIN, i32::MAX] {
            assert_eq!(decimal(none), Form::Text, "{none}");
        }
    }
}
