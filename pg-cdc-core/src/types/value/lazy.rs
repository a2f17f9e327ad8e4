//! A datum as the data of serde.

use serde::de::{Deserializer, Visitor};

use super::deserialize::Read;
use super::{Refusal, Value};
use crate::Datum;
use crate::types::{ColumnType, FromDatum, TypeError};

/// A datum that is read when it is asked for: what a type ignores is never looked at.
pub(crate) struct Lazy<'t, 'a> {
    pub(crate) type_: &'t ColumnType,
    pub(crate) datum: Datum<'a>,
}

impl<'a> Lazy<'_, 'a> {
    /// Which kind of nothing is there, if it is one that was not sent.
    pub(crate) fn missing(&self) -> Option<TypeError> {
        if self.datum.is_known() { None } else { Value::from_datum(self.type_, self.datum).err() }
    }

    fn value(&self) -> Result<Read<'a>, Refusal> {
        Ok(Read(Value::from_datum(self.type_, self.datum)?))
    }
}

/// The methods that only pass on.
macro_rules! through_value {
    ($($method:ident($($argument:ident: $type:ty),*))*) => {$(
        fn $method<V: Visitor<'de>>(self, $($argument: $type,)* visitor: V) -> Result<V::Value, Refusal> {
            self.value()?.$method($($argument,)* visitor)
        }
    )*};
}

impl<'de> Deserializer<'de> for Lazy<'_, 'de> {
    type Error = Refusal;

    through_value! {
        deserialize_any() deserialize_bool()
        deserialize_i8() deserialize_i16() deserialize_i32() deserialize_i64() deserialize_i128()
        deserialize_u8() deserialize_u16() deserialize_u32() deserialize_u64() deserialize_u128()
        deserialize_f32() deserialize_f64()
        deserialize_char() deserialize_str() deserialize_string()
        deserialize_bytes() deserialize_byte_buf()
        deserialize_option() deserialize_unit() deserialize_unit_struct(name: &'static str)
        deserialize_newtype_struct(name: &'static str)
        deserialize_seq() deserialize_tuple(len: usize)
        deserialize_tuple_struct(name: &'static str, len: usize)
        deserialize_map() deserialize_struct(name: &'static str, fields: &'static [&'static str])
        deserialize_enum(name: &'static str, variants: &'static [&'static str])
        deserialize_identifier()
    }

    fn deserialize_ignored_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Refusal> {
        visitor.visit_unit()
    }
}
