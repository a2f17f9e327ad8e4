//! Values as the plugin carries them, and PostgreSQL's own form of each.

use pg_cdc_core::types::oid;

use super::protobuf::{Reader, Tag, WireType};
use crate::cursor::{Fault, What};

/// Microseconds from 1970-01-01 to 2000-01-01, PostgreSQL's epoch.
const EPOCH_MICROS: i64 = 946_684_800_000_000;
/// The same in days.
const EPOCH_DAYS: i32 = 10_957;
const DAY_MICROS: i64 = 86_400_000_000;

/// What the `datum` of a `DatumMessage` holds.
#[derive(Debug, Clone, Copy)]
pub(super) enum Datum<'a> {
    /// Not set.
    Null,
    Int32(i32),
    Int64(i64),
    Float(u32),
    Double(u64),
    Bool(bool),
    String(Reader<'a>),
    Bytes(Reader<'a>),
    Point {
        x: u64,
        y: u64,
    },
    /// A TOASTed value that the UPDATE did not touch.
    Missing,
}

impl<'a> Datum<'a> {
    /// Reads the field `tag`; `None` where it is none of the datum's.
    #[inline(always)]
    pub(super) fn read(reader: &mut Reader<'a>, tag: Tag) -> Result<Option<Self>, Fault> {
        const WHAT: &str = "a column's value";
        // Truncated to what the field has, as protocol buffers say of all numbers.
        Ok(Some(match (tag.field, tag.wire) {
            (3, WireType::Varint) => Self::Int32(reader.varint(WHAT)? as i32),
            (4, WireType::Varint) => Self::Int64(reader.varint(WHAT)? as i64),
            (5, WireType::Fixed32) => Self::Float(reader.fixed32(WHAT)?),
            (6, WireType::Fixed64) => Self::Double(reader.fixed64(WHAT)?),
            (7, WireType::Varint) => Self::Bool(reader.varint(WHAT)? != 0),
            (8, WireType::Counted) => Self::String(reader.counted(WHAT)?),
            (9, WireType::Counted) => Self::Bytes(reader.counted(WHAT)?),
            (10, WireType::Counted) => point(reader.counted(WHAT)?)?,
            (11, WireType::Varint) => match reader.varint(WHAT)? {
                0 => return Err(reader.fault(What::Wrong("datum_missing is false"))),
                _ => Self::Missing,
            },
            // Passed over, it would be a NULL.
            (3..=11, _) => return Err(reader.fault(What::WireType("a column's value"))),
            _ => return Ok(None),
        }))
    }
}

fn point(mut reader: Reader<'_>) -> Result<Datum<'_>, Fault> {
    let (mut x, mut y) = (None, None);
    while !reader.is_empty() {
        match reader.tag()? {
            Tag { field: 1, wire: WireType::Fixed64 } => x = Some(reader.fixed64("a point")?),
            Tag { field: 2, wire: WireType::Fixed64 } => y = Some(reader.fixed64("a point")?),
            Tag { field: 1 | 2, .. } => return Err(reader.fault(What::WireType("a point's coordinate"))),
            tag => reader = reader.skip(tag)?,
        }
    }
    match (x, y) {
        (Some(x), Some(y)) => Ok(Datum::Point { x, y }),
        _ => Err(reader.fault(What::Truncated("a point"))),
    }
}

/// What the values of a type come as. The plugin decides by the column's own type: those of a domain come as text,
/// whatever it is a domain over.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Carrier {
    Bool,
    Int2,
    Int4,
    Int8,
    Oid,
    Float4,
    Float8,
    Money,
    Date,
    Time,
    TimeTz,
    Timestamp,
    Bytea,
    Point,
    Text,
}

impl Carrier {
    pub(super) fn of(type_oid: u32) -> Self {
        match type_oid {
            oid::BOOL => Self::Bool,
            oid::INT2 => Self::Int2,
            oid::INT4 => Self::Int4,
            oid::INT8 => Self::Int8,
            oid::OID => Self::Oid,
            oid::FLOAT4 => Self::Float4,
            oid::FLOAT8 => Self::Float8,
            oid::MONEY => Self::Money,
            oid::DATE => Self::Date,
            oid::TIME => Self::Time,
            oid::TIMETZ => Self::TimeTz,
            oid::TIMESTAMP | oid::TIMESTAMPTZ => Self::Timestamp,
            oid::BYTEA => Self::Bytea,
            oid::POINT => Self::Point,
            _ => Self::Text,
        }
    }
}

/// A value in one of PostgreSQL's own forms.
#[derive(Debug, Clone, Copy)]
pub(super) enum Value<'a> {
    Null,
    Unchanged,
    /// Text, in the database's encoding.
    Text(Reader<'a>),
    /// A binary form that lies in the message.
    Binary(Reader<'a>),
    /// A binary form of so many bytes that was made of what lies there.
    Made([u8; 16], usize),
    /// So many of the currency's smallest unit.
    Money(i64),
}

impl<'a> Value<'a> {
    #[inline(always)]
    fn made<const N: usize>(bytes: [u8; N]) -> Self {
        let mut all = [0; 16];
        if let Some(head) = all.first_chunk_mut() {
            *head = bytes;
        }
        Self::Made(all, N)
    }

    /// The value of a column whose type has this carrier; `None` where the type's values do not come as this datum, or
    /// are out of its range.
    #[inline(always)]
    pub(super) fn new(carrier: Carrier, datum: Datum<'a>) -> Option<Self> {
        Some(match (carrier, datum) {
            (_, Datum::Null) => Self::Null,
            (_, Datum::Missing) => Self::Unchanged,
            (Carrier::Text, Datum::String(text) | Datum::Bytes(text)) => Self::Text(text),
            (Carrier::Int4, Datum::Int32(value)) => Self::made(value.to_be_bytes()),
            (Carrier::Int8 | Carrier::Time, Datum::Int64(value)) => Self::made(value.to_be_bytes()),
            (Carrier::Timestamp, Datum::Int64(value)) => Self::made(timestamp(value).to_be_bytes()),
            (Carrier::Bool, Datum::Bool(value)) => Self::made([u8::from(value)]),
            (Carrier::Float8, Datum::Double(bits)) => Self::made(bits.to_be_bytes()),
            (Carrier::Date, Datum::Int32(value)) => Self::made(date(value).to_be_bytes()),
            (Carrier::Int2, Datum::Int32(value)) => Self::made(i16::try_from(value).ok()?.to_be_bytes()),
            (Carrier::Float4, Datum::Float(bits)) => Self::made(bits.to_be_bytes()),
            (Carrier::Oid, Datum::Int64(value)) => Self::made(u32::try_from(value).ok()?.to_be_bytes()),
            (Carrier::Bytea, Datum::Bytes(value)) => Self::Binary(value),
            (Carrier::Money, Datum::Int64(value)) => Self::Money(value),
            (Carrier::TimeTz, Datum::Double(bits)) => {
                let mut bytes = [0; 12];
                *bytes.first_chunk_mut()? = timetz(f64::from_bits(bits))?.to_be_bytes();
                Self::made(bytes)
            }
            (Carrier::Point, Datum::Point { x, y }) => {
                let mut bytes = [0; 16];
                *bytes.first_chunk_mut()? = x.to_be_bytes();
                *bytes.last_chunk_mut()? = y.to_be_bytes();
                Self::Made(bytes, 16)
            }
            _ => return None,
        })
    }
}

/// From microseconds since 1970 to those since 2000. The plugin leaves the infinities as they are, and adds to all
/// others: the latest of them (from 294247-01-10 04:00:54.775807 on) leave the range and come back at its other end.
/// Of those the first two land on the infinities and can't be told from them.
#[inline(always)]
fn timestamp(micros: i64) -> i64 {
    match micros {
        i64::MIN | i64::MAX => micros,
        _ => micros.wrapping_sub(EPOCH_MICROS),
    }
}

/// From days since 1970 to those since 2000. The plugin adds to the infinities as to all others, so that infinity comes
/// as one less than -infinity.
#[inline(always)]
fn date(days: i32) -> i32 {
    days.wrapping_sub(EPOCH_DAYS)
}

/// The time of day in UTC. Taken from a clock that is ahead or behind, it may lie in the day before or after: what
/// `AT TIME ZONE 'UTC'` makes of it.
fn timetz(micros: f64) -> Option<i64> {
    // A clock is less than sixteen hours from UTC.
    let is_whole = micros.fract() == 0.0 && micros.abs() <= 2.0 * DAY_MICROS as f64;
    is_whole.then(|| (micros as i64).rem_euclid(DAY_MICROS))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn made(carrier: Carrier, datum: Datum<'_>) -> Option<Vec<u8>> {
        match Value::new(carrier, datum)? {
            Value::Made(bytes, length) => Some(bytes[..length].to_vec()),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn dates_count_from_2000_and_the_infinities_are_apart() {
        let date = |days| made(Carrier::Date, Datum::Int32(days)).unwrap();
        assert_eq!(date(10_957), 0_i32.to_be_bytes());
        assert_eq!(date(0), (-10_957_i32).to_be_bytes());
        assert_eq!(date(-2_147_472_692), i32::MAX.to_be_bytes());
        assert_eq!(date(-2_147_472_691), i32::MIN.to_be_bytes());
        // 5874897-12-31 and 4713-01-01 BC, as a server sent them.
        assert_eq!(date(2_145_042_905), 2_145_031_948_i32.to_be_bytes());
        assert_eq!(date(-2_440_550), (-2_451_507_i32).to_be_bytes());
    }

    #[test]
    fn timestamps_count_from_2000_and_those_beyond_the_range_come_back() {
        let timestamp = |micros| made(Carrier::Timestamp, Datum::Int64(micros)).unwrap();
        assert_eq!(timestamp(EPOCH_MICROS), 0_i64.to_be_bytes());
        assert_eq!(timestamp(i64::MAX), i64::MAX.to_be_bytes());
        assert_eq!(timestamp(i64::MIN), i64::MIN.to_be_bytes());
        // 294276-12-31 23:59:59.999999, as a server sent it.
        assert_eq!(timestamp(-9_222_426_057_709_551_617), 9_223_371_331_199_999_999_i64.to_be_bytes());
    }

    #[test]
    fn a_time_with_a_zone_is_the_time_of_day_in_utc() {
        let timetz = |micros: f64| made(Carrier::TimeTz, Datum::Double(micros.to_bits()));
        let utc = |micros: i64| Some([&micros.to_be_bytes()[..], &[0; 4]].concat());
        assert_eq!(timetz(0.0), utc(0));
        // 00:30:00+05 and 24:00:00-12:34:56, as a server sent them.
        assert_eq!(timetz(-16_200_000_000.0), utc(70_200_000_000));
        assert_eq!(timetz(131_696_000_000.0), utc(45_296_000_000));
        assert_eq!(timetz(86_400_000_000.0), utc(0));
        for none in [f64::NAN, f64::INFINITY, 0.5, 1e18, -1e18] {
            assert_eq!(timetz(none), None);
        }
    }

    #[test]
    fn numbers_must_fit_their_type() {
        assert_eq!(made(Carrier::Int2, Datum::Int32(-2)), Some(vec![0xFF, 0xFE]));
        assert_eq!(made(Carrier::Int2, Datum::Int32(40_000)), None);
        assert_eq!(made(Carrier::Oid, Datum::Int64(u32::MAX.into())), Some(vec![0xFF; 4]));
        assert_eq!(made(Carrier::Oid, Datum::Int64(-1)), None);
        assert_eq!(made(Carrier::Oid, Datum::Int64(1 << 32)), None);
    }

    #[test]
    fn a_type_is_carried_as_one_kind_of_datum() {
        let reader = Reader::new(b"7");
        for (carrier, datum) in [
            (Carrier::Int4, Datum::Int64(1)),
            (Carrier::Int8, Datum::Int32(1)),
            (Carrier::Bool, Datum::Int32(1)),
            (Carrier::Float8, Datum::Float(1)),
            (Carrier::Bytea, Datum::String(reader)),
            (Carrier::Date, Datum::String(reader)),
            (Carrier::Text, Datum::Int32(1)),
            (Carrier::Point, Datum::Double(1)),
        ] {
            assert!(Value::new(carrier, datum).is_none(), "{carrier:?} {datum:?}");
        }
    }

    #[test]
    fn a_points_coordinates_stand_in_any_order_and_the_last_of_each_holds() {
        let bytes = |fields: &[(u8, f64)]| {
            let field = |&(field, value): &(u8, f64)| [&[field << 3 | 1][..], &value.to_le_bytes()].concat();
            fields.iter().flat_map(field).collect::<Vec<_>>()
        };
        let read = |bytes: &[u8]| match point(Reader::new(bytes)) {
            Ok(Datum::Point { x, y }) => Ok((f64::from_bits(x), f64::from_bits(y))),
            Ok(other) => panic!("{other:?}"),
            Err(fault) => Err(fault.what().to_string()),
        };
        assert_eq!(read(&bytes(&[(1, 1.0), (2, 2.0)])), Ok((1.0, 2.0)));
        assert_eq!(read(&bytes(&[(2, 2.0), (1, 3.0), (1, 1.0)])), Ok((1.0, 2.0)));
        assert_eq!(read(&bytes(&[(1, 1.0)])), Err("the message ends within a point".to_owned()));
        assert_eq!(
            read(&[0x0D, 0, 0, 0, 0]),
            Err("a point's coordinate has another wire type than it should have".to_owned())
        );
    }
}
