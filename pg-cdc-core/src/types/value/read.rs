//! A value from a datum.

use std::borrow::Cow;
use std::sync::Arc;

use super::{Value, read_own};
use crate::invalid_text::is_base64;
use crate::types::column_type::Shape;
use crate::types::encoded::Encoded;
use crate::types::get::value_of;
use crate::types::json::check_utf8;
use crate::types::{
    ColumnType, Flaw, FromDatum, Kind, PgArray, PgGeometry, PgMoney, PgMultirange, PgRange, TypeError,
    composite, postgis,
};
use crate::{Datum, Lsn};

/// NULL is [`Value::Null`]; a value that was not sent is an error.
impl<'a> FromDatum<'a> for Value<'a> {
    fn from_datum(type_: &ColumnType, datum: Datum<'a>) -> Result<Self, TypeError> {
        if datum == Datum::Null {
            return Ok(Self::Null);
        }
        let value = value_of(type_, datum)?;
        if let Datum::Text(text) = datum
            && is_base64(type_, text)
        {
            let text = check_utf8(text).map_err(|flaw| flaw.of(type_))?;
            return Ok(Self::Other(Cow::Borrowed(text)));
        }
        Ok(match type_.kind() {
            Kind::Bool => Self::Bool(bool::from_datum(type_, datum)?),
            Kind::Int2 => Self::Int2(i16::from_datum(type_, datum)?),
            Kind::Int4 => Self::Int4(i32::from_datum(type_, datum)?),
            Kind::Int8 => Self::Int8(i64::from_datum(type_, datum)?),
            Kind::Oid => Self::Oid(u32::from_datum(type_, datum)?),
            Kind::Float4 => Self::Float4(f32::from_datum(type_, datum)?),
            Kind::Float8 => Self::Float8(f64::from_datum(type_, datum)?),
            Kind::Xid => Self::Xid(u32::from_datum(type_, datum)?),
            Kind::Xid8 => Self::Xid8(u64::from_datum(type_, datum)?),
            Kind::PgLsn => Self::Lsn(Lsn::from_datum(type_, datum)?),
            // The locale of another server's text is not known.
            Kind::Money => match (PgMoney::from_datum(type_, datum), datum) {
                (Err(_), Datum::Text(_)) => Self::Other(Cow::from_datum(type_, datum)?),
                (money, _) => Self::Money(money?),
            },
            // A type of a later PostGIS has its text.
            Kind::Geometry | Kind::Geography => match PgGeometry::from_datum(type_, datum) {
                Err(error) if error.is(postgis::UNKNOWN_TYPE) => Self::Other(Cow::from_datum(type_, datum)?),
                geometry if type_.kind() == Kind::Geometry => Self::Geometry(geometry?),
                geography => Self::Geography(geography?),
            },
            Kind::Int2Vector => Self::Int2Vector(Vec::from_datum(type_, datum)?),
            Kind::OidVector => Self::OidVector(Vec::from_datum(type_, datum)?),
            Kind::Text | Kind::Char => Self::Text(Cow::from_datum(type_, datum)?),
            Kind::Bytea => Self::Bytes(Cow::from_datum(type_, datum)?),
            Kind::Json | Kind::Jsonb => Self::Json(Cow::from_datum(type_, datum)?),
            Kind::Enum => Self::Enum(Cow::from_datum(type_, datum)?),
            Kind::Array => Self::Array {
                array: PgArray::<Owned>::from_datum(type_, datum)?.map(|Owned(value)| value),
                delimiter: delimiter_of(type_),
            },
            Kind::Range => {
                Self::Range(Box::new(PgRange::<Owned>::from_datum(type_, datum)?.map(|Owned(value)| value)))
            }
            Kind::Multirange => {
                Self::Multirange(PgMultirange::<Owned>::from_datum(type_, datum)?.map(|Owned(value)| value))
            }
            Kind::Composite => Self::Composite(fields(type_, value)?),
            _ => match read_own(type_, datum) {
                Some(value) => value?,
                None => Self::Other(Cow::from_datum(type_, datum)?),
            },
        })
    }
}

/// What stands within another value, whose bytes may have been unescaped for this moment only.
struct Owned(Value<'static>);

impl<'a> FromDatum<'a> for Owned {
    fn from_datum(type_: &ColumnType, datum: Datum<'a>) -> Result<Self, TypeError> {
        Value::from_datum(type_, datum).map(|value| Self(value.into_owned()))
    }
}

fn delimiter_of(type_: &ColumnType) -> char {
    match type_.base().shape() {
        Some(Shape::Array { delimiter, .. }) => *delimiter,
        _ => ',',
    }
}

type Fields = Vec<(Arc<str>, Value<'static>)>;

fn fields(type_: &ColumnType, value: Encoded<'_>) -> Result<Fields, TypeError> {
    let (mut fields, mut refused) = (Vec::new(), None);
    let walked = composite::walk(type_, value, |field, value| {
        match Owned::from_datum(&field.type_, value.map_or(Datum::Null, Encoded::datum)) {
            Ok(Owned(value)) => fields.push((field.name.clone(), value)),
            Err(error) => {
                refused = Some(error);
                return Err(Flaw::new("has a field that can't be read"));
            }
        }
        Ok(())
    });
    match (walked, refused) {
        (_, Some(error)) => Err(error),
        (Err(flaw), None) => Err(flaw.of(type_)),
        (Ok(()), None) => Ok(fields),
    }
}
