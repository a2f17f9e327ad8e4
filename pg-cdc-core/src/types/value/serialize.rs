//! A value handed to serde.

use serde::ser::{Error, Serialize, SerializeMap, SerializeSeq, Serializer};

use super::Value;
use crate::types::PgArray;
use crate::types::json::JsonText;

/// The shape that the value has in natural JSON: NULL, booleans, integers and floats are themselves (in formats that
/// people read NaN and the infinities are strings); json and jsonb are what they hold; arrays are sequences, composites
/// and hstores maps; geometries GeoJSON in formats that people read; bytea is bytes, there its text; all else, numeric
/// first, is its text.
///
/// # Errors
///
/// Whatever the serialiser says; and where a json column holds a number that neither an integer of 64 bits nor an `f64`
/// is.
impl Serialize for Value<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let is_json = serializer.is_human_readable();
        match self {
            Self::Null => serializer.serialize_none(),
            Self::Bool(value) => serializer.serialize_bool(*value),
            Self::Int2(value) => serializer.serialize_i16(*value),
            Self::Int4(value) => serializer.serialize_i32(*value),
            Self::Int8(value) => serializer.serialize_i64(*value),
            Self::Oid(value) => serializer.serialize_u32(*value),
            Self::Hstore(pairs) => serializer.collect_map(pairs.iter()),
            Self::Geometry(geometry) if is_json => match geometry.to_geojson() {
                Some(json) => Self::Json(json.into()).serialize(serializer),
                None => serializer.serialize_str(&geometry.to_string()),
            },
            Self::Int2Vector(values) => values.serialize(serializer),
            Self::OidVector(values) => values.serialize(serializer),
            Self::Xid(value) => serializer.serialize_u32(*value),
            Self::Xid8(value) => serializer.serialize_u64(*value),
            Self::Float4(value) if value.is_finite() || !is_json => serializer.serialize_f32(*value),
            Self::Float8(value) if value.is_finite() || !is_json => serializer.serialize_f64(*value),
            Self::Text(text) | Self::Enum(text) | Self::Other(text) => serializer.serialize_str(text),
            Self::Bytes(bytes) if !is_json => serializer.serialize_bytes(bytes),
            Self::Json(text) => match JsonText::new(text) {
                Ok(json) => json.serialize(serializer),
                Err(flaw) => Err(S::Error::custom(format_args!("a value of type json {}", flaw.what))),
            },
            Self::Array { array, .. } => Part { array, depth: 0, start: 0 }.serialize(serializer),
            Self::Composite(fields) => {
                let mut map = serializer.serialize_map(Some(fields.len()))?;
                for (name, value) in fields {
                    map.serialize_entry(&**name, value)?;
                }
                map.end()
            }
            _ => {
                let mut text = Vec::new();
                self.write_json_text(&mut text);
                serializer.serialize_str(&String::from_utf8_lossy(&text))
            }
        }
    }
}

/// The part of an array that begins with the element `start`, `depth` dimensions down.
struct Part<'v, 'a> {
    array: &'v PgArray<Value<'a>>,
    depth: usize,
    start: usize,
}

impl Serialize for Part<'_, '_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let dimensions = self.array.dimensions().get(self.depth..).unwrap_or_default();
        let (len, within) = match dimensions {
            [] => (0, &[][..]),
            [dimension, within @ ..] => (dimension.len, within),
        };
        // A number of elements that there are.
        let size: usize = within.iter().map(|dimension| dimension.len).product();
        let mut seq = serializer.serialize_seq(Some(len))?;
        for index in 0..len {
            let start = self.start + index * size;
            if within.is_empty() {
                seq.serialize_element(&self.array.elements().get(start))?;
            } else {
                seq.serialize_element(&Part { array: self.array, depth: self.depth + 1, start })?;
            }
        }
        seq.end()
    }
}
