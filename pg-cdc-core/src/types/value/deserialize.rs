//! A value as the data of serde.

use std::borrow::Cow;
use std::sync::Arc;

use serde::de::value::{
    BorrowedStrDeserializer, MapAccessDeserializer, MapDeserializer, SeqDeserializer, StringDeserializer,
};
use serde::de::{Deserializer, IntoDeserializer, Visitor};

use super::{Refusal, Value};
use crate::types::{PgArray, PgNumeric};

/// A value to be deserialised.
pub(super) struct Read<'a>(pub(super) Value<'a>);

/// Hands JSON to serde_json.
macro_rules! json {
    ($text:expr, $method:ident($($argument:expr),*)) => {
        match $text {
            Cow::Borrowed(text) => {
                let mut json = serde_json::Deserializer::from_str(text);
                let value = json.$method($($argument),*)?;
                json.end()?;
                Ok(value)
            }
            // Nothing can be borrowed of it.
            Cow::Owned(text) => {
                let mut json = serde_json::Deserializer::from_reader(text.as_bytes());
                let value = json.$method($($argument),*)?;
                json.end()?;
                Ok(value)
            }
        }
    };
}

fn visit_str<'de, V: Visitor<'de>>(text: Cow<'de, str>, visitor: V) -> Result<V::Value, Refusal> {
    match text {
        Cow::Borrowed(text) => visitor.visit_borrowed_str(text),
        Cow::Owned(text) => visitor.visit_string(text),
    }
}

fn visit_bytes<'de, V: Visitor<'de>>(bytes: Cow<'de, [u8]>, visitor: V) -> Result<V::Value, Refusal> {
    match bytes {
        Cow::Borrowed(bytes) => visitor.visit_borrowed_bytes(bytes),
        Cow::Owned(bytes) => visitor.visit_byte_buf(bytes),
    }
}

/// The elements of an array of one dimension; of one of more, the arrays that its first dimension holds.
fn parts(array: PgArray<Value<'_>>, delimiter: char) -> Vec<Value<'_>> {
    let (count, within) = match array.dimensions() {
        [first, within @ ..] if !within.is_empty() => (first.len, within.to_vec()),
        _ => return array.into_elements(),
    };
    let size = within.iter().map(|dimension| dimension.len).product();
    let mut elements = array.into_elements().into_iter();
    let part = |_| PgArray::new(within.clone(), elements.by_ref().take(size).collect());
    (0..count).map_while(part).map(|array| Value::Array { array, delimiter }).collect()
}

fn visit_seq<'de, V: Visitor<'de>>(
    parts: Vec<impl IntoDeserializer<'de, Refusal>>,
    visitor: V,
) -> Result<V::Value, Refusal> {
    let mut parts = SeqDeserializer::new(parts.into_iter());
    let value = visitor.visit_seq(&mut parts)?;
    parts.end()?;
    Ok(value)
}

impl<'de> IntoDeserializer<'de, Refusal> for Read<'de> {
    type Deserializer = Self;

    fn into_deserializer(self) -> Self {
        self
    }
}

type Fields<'de> = Vec<(Arc<str>, Value<'de>)>;

fn visit_map<'de, V: Visitor<'de>>(fields: Fields<'de>, visitor: V) -> Result<V::Value, Refusal> {
    let fields = fields.into_iter().map(|(name, value)| (name.to_string(), Read(value)));
    visitor.visit_map(MapDeserializer::new(fields))
}

/// The whole number that a numeric is, in the narrowest type that serde's own integers take.
fn visit_integer<'de, V: Visitor<'de>>(number: &PgNumeric, visitor: V) -> Result<V::Value, Refusal> {
    let integer = number.to_i128().ok_or("is no integer that was asked for")?;
    if let Ok(integer) = i64::try_from(integer) {
        visitor.visit_i64(integer)
    } else if let Ok(integer) = u64::try_from(integer) {
        visitor.visit_u64(integer)
    } else {
        visitor.visit_i128(integer)
    }
}

const NOT_EXACT: &str = "is a number that the float that was asked for does not hold exactly";

impl<'a> Read<'a> {
    /// A geometry as GeoJSON, where it has such a form: what a map of it is.
    fn with_geojson(self) -> Value<'a> {
        match self.0 {
            Value::Geometry(geometry) => match geometry.to_geojson() {
                Some(json) => Value::Json(json.into()),
                None => Value::Geometry(geometry),
            },
            other => other,
        }
    }

    fn text(&self) -> String {
        let mut text = Vec::new();
        self.0.write_json_text(&mut text);
        String::from_utf8_lossy(&text).into_owned()
    }
}

macro_rules! integers {
    ($($method:ident)*) => {$(
        fn $method<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Refusal> {
            match self.0 {
                Value::Numeric(number) => visit_integer(&number, visitor),
                Value::Json(text) => json!(text, $method(visitor)),
                _ => self.deserialize_any(visitor),
            }
        }
    )*};
}

impl<'de> Deserializer<'de> for Read<'de> {
    type Error = Refusal;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Refusal> {
        match self.0 {
            Value::Null => visitor.visit_none(),
            Value::Bool(value) => visitor.visit_bool(value),
            Value::Int2(value) => visitor.visit_i16(value),
            Value::Int4(value) => visitor.visit_i32(value),
            Value::Int8(value) => visitor.visit_i64(value),
            Value::Oid(value) => visitor.visit_u32(value),
            Value::Xid(value) => visitor.visit_u32(value),
            Value::Xid8(value) => visitor.visit_u64(value),
            Value::Hstore(pairs) => {
                let value =
                    |value: Option<String>| Read(value.map_or(Value::Null, |text| Value::Text(text.into())));
                let pairs = pairs.into_pairs().into_iter().map(|(key, text)| (key, value(text)));
                visitor.visit_map(MapDeserializer::new(pairs))
            }
            Value::Vector(vector) => visit_seq(vector.into_vec(), visitor),
            Value::Halfvec(vector) => visit_seq(vector.into_vec(), visitor),
            Value::Int2Vector(values) => visit_seq(values, visitor),
            Value::OidVector(values) => visit_seq(values, visitor),
            Value::Float4(value) => visitor.visit_f32(value),
            Value::Float8(value) => visitor.visit_f64(value),
            Value::Text(text) | Value::Enum(text) | Value::Other(text) => visit_str(text, visitor),
            Value::Bytes(bytes) => visit_bytes(bytes, visitor),
            Value::Json(text) => json!(text, deserialize_any(visitor)),
            Value::Array { array, delimiter } => {
                visit_seq(parts(array, delimiter).into_iter().map(Read).collect(), visitor)
            }
            Value::Composite(fields) => visit_map(fields, visitor),
            _ => visitor.visit_string(self.text()),
        }
    }

    integers! {
        deserialize_i8 deserialize_i16 deserialize_i32 deserialize_i64 deserialize_i128
        deserialize_u8 deserialize_u16 deserialize_u32 deserialize_u64 deserialize_u128
    }

    // serde's own floats take any number and round it.
    fn deserialize_f32<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Refusal> {
        let exact = match &self.0 {
            Value::Int2(value) => Some(f32::from(*value)),
            Value::Int4(value) => exact_f32(f64::from(*value)),
            Value::Int8(value) => exact_f64(*value).and_then(exact_f32),
            Value::Oid(value) => exact_f32(f64::from(*value)),
            Value::Float8(value) => exact_f32(*value),
            Value::Numeric(number) => number.to_f64().and_then(exact_f32),
            _ => return self.deserialize_any(visitor),
        };
        visitor.visit_f32(exact.ok_or(NOT_EXACT)?)
    }

    fn deserialize_f64<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Refusal> {
        let exact = match &self.0 {
            Value::Int8(value) => exact_f64(*value),
            Value::Numeric(number) => number.to_f64(),
            _ => return self.deserialize_any(visitor),
        };
        visitor.visit_f64(exact.ok_or(NOT_EXACT)?)
    }

    fn deserialize_str<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Refusal> {
        match self.0 {
            Value::Null => visitor.visit_none(),
            Value::Json(text) => json!(text, deserialize_str(visitor)),
            Value::Text(text) | Value::Enum(text) | Value::Other(text) => visit_str(text, visitor),
            _ => visitor.visit_string(self.text()),
        }
    }

    fn deserialize_bytes<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Refusal> {
        match self.0 {
            Value::Text(Cow::Borrowed(text)) => visitor.visit_borrowed_bytes(text.as_bytes()),
            Value::Text(Cow::Owned(text)) => visitor.visit_byte_buf(text.into_bytes()),
            Value::Json(text) => json!(text, deserialize_bytes(visitor)),
            _ => self.deserialize_any(visitor),
        }
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Refusal> {
        match self.0 {
            Value::Null => visitor.visit_none(),
            _ => visitor.visit_some(self),
        }
    }

    fn deserialize_unit<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Refusal> {
        match self.0 {
            Value::Null => visitor.visit_unit(),
            Value::Json(text) => json!(text, deserialize_unit(visitor)),
            _ => self.deserialize_any(visitor),
        }
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        name: &'static str,
        visitor: V,
    ) -> Result<V::Value, Refusal> {
        match self.0 {
            // serde_json has types of its own that it knows by their names.
            Value::Json(text) => json!(text, deserialize_newtype_struct(name, visitor)),
            // Our own types take the value itself.
            _ => match self.0.own_binary(name) {
                Some(binary) => visitor.visit_byte_buf(binary),
                None => visitor.visit_newtype_struct(self),
            },
        }
    }

    fn deserialize_seq<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Refusal> {
        match self.0 {
            Value::Bytes(bytes) => visit_seq(bytes.into_owned(), visitor),
            Value::Composite(fields) => {
                visit_seq(fields.into_iter().map(|(_, value)| Read(value)).collect(), visitor)
            }
            Value::Json(text) => json!(text, deserialize_seq(visitor)),
            _ => self.deserialize_any(visitor),
        }
    }

    fn deserialize_tuple<V: Visitor<'de>>(self, _: usize, visitor: V) -> Result<V::Value, Refusal> {
        self.deserialize_seq(visitor)
    }

    fn deserialize_tuple_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        _: usize,
        visitor: V,
    ) -> Result<V::Value, Refusal> {
        self.deserialize_seq(visitor)
    }

    fn deserialize_map<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Refusal> {
        match self.with_geojson() {
            Value::Json(text) => json!(text, deserialize_map(visitor)),
            other => Read(other).deserialize_any(visitor),
        }
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        name: &'static str,
        fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Refusal> {
        match self.with_geojson() {
            Value::Json(text) => json!(text, deserialize_struct(name, fields, visitor)),
            other => Read(other).deserialize_any(visitor),
        }
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        name: &'static str,
        variants: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Refusal> {
        match self.0 {
            Value::Text(Cow::Borrowed(label))
            | Value::Enum(Cow::Borrowed(label))
            | Value::Other(Cow::Borrowed(label)) => {
                BorrowedStrDeserializer::new(label).deserialize_enum(name, variants, visitor)
            }
            Value::Text(Cow::Owned(label))
            | Value::Enum(Cow::Owned(label))
            | Value::Other(Cow::Owned(label)) => {
                let label: StringDeserializer<Refusal> = label.into_deserializer();
                label.deserialize_enum(name, variants, visitor)
            }
            Value::Geometry(_) => match self.with_geojson() {
                Value::Json(text) => json!(text, deserialize_enum(name, variants, visitor)),
                other => Read(other).deserialize_any(visitor),
            },
            Value::Json(text) => json!(text, deserialize_enum(name, variants, visitor)),
            // A variant's name and what it holds.
            Value::Composite(fields) => {
                let fields = fields.into_iter().map(|(name, value)| (name.to_string(), Read(value)));
                let fields = MapAccessDeserializer::new(MapDeserializer::new(fields));
                fields.deserialize_enum(name, variants, visitor)
            }
            _ => self.deserialize_any(visitor),
        }
    }

    fn deserialize_ignored_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Refusal> {
        visitor.visit_unit()
    }

    fn deserialize_char<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Refusal> {
        self.deserialize_str(visitor)
    }

    fn deserialize_string<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Refusal> {
        self.deserialize_str(visitor)
    }

    fn deserialize_byte_buf<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Refusal> {
        self.deserialize_bytes(visitor)
    }

    fn deserialize_unit_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        visitor: V,
    ) -> Result<V::Value, Refusal> {
        self.deserialize_unit(visitor)
    }

    fn deserialize_identifier<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Refusal> {
        self.deserialize_str(visitor)
    }

    fn deserialize_bool<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Refusal> {
        self.deserialize_any(visitor)
    }
}

/// The same number, if an `f32` holds it.
fn exact_f32(value: f64) -> Option<f32> {
    let narrow = value as f32;
    (f64::from(narrow) == value || value.is_nan()).then_some(narrow)
}

/// The same number, if an `f64` holds it.
fn exact_f64(value: i64) -> Option<f64> {
    let float = value as f64;
    (float as i128 == i128::from(value)).then_some(float)
}
