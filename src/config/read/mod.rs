//! From the tree to the structs: a `serde` deserialiser that knows the key, line and column of what it reads.
//!
//! An enum named [`TAGGED`] is read from a mapping whose key `type` names the variant; every other enum is a word.

mod error;

use serde::de::{self, DeserializeSeed, IntoDeserializer, Visitor};

use super::path::KeyPath;
use super::yaml::{Key, Node, Scalar, Style, Value, shown};
use super::{ConfigError, PipelineFile};
use error::{ReadError, instead};

/// The enum that the key `type` tells apart.
const TAGGED: &str = "SinkConfig";

/// Reads the structs from an expanded tree.
pub(super) fn read(root: &Node) -> Result<PipelineFile, ConfigError> {
    serde::Deserialize::deserialize(Reader { node: root, path: &KeyPath::Root })
        .map_err(|error: ReadError| error.within(root.mark, &KeyPath::Root).into())
}

#[derive(Clone, Copy)]
struct Reader<'n, 'p> {
    node: &'n Node,
    path: &'p KeyPath<'p>,
}

impl<'n> Reader<'n, '_> {
    fn expected<T>(&self, what: &str) -> Result<T, ReadError> {
        let found = match &self.node.value {
            Value::List(_) => "a list".to_owned(),
            Value::Map(_) => "a mapping".to_owned(),
            Value::Scalar(scalar) if scalar.is_null() => "nothing".to_owned(),
            // Variables are where secrets come from, and this one stands where it should not.
            Value::Scalar(Scalar { style: Style::Variable, .. }) => "the value of a variable".to_owned(),
            Value::Scalar(Scalar { text, style: Style::Quoted }) => format!("the text {}", shown(text)),
            Value::Scalar(Scalar { text, style: Style::Plain }) => shown(text),
        };
        let error = ReadError::new(format!("expected {what}, found {found}"));
        Err(error.within(self.node.mark, self.path))
    }

    /// As [`Self::expected`], for what may not stand in quotes; `fits` says whether the text without them would do.
    fn expected_bare<T>(&self, what: &str, fits: impl Fn(&str) -> bool) -> Result<T, ReadError> {
        self.expected(what).map_err(|mut error: ReadError| {
            if self.scalar().is_some_and(|scalar| scalar.style == Style::Quoted && fits(&scalar.text)) {
                error.message.push_str("; take the quotes away");
            }
            error
        })
    }

    /// A scalar that may be read as something else than text.
    fn bare(&self) -> Option<&'n str> {
        match &self.node.value {
            Value::Scalar(Scalar { text, style: Style::Plain | Style::Variable }) => Some(text),
            _ => None,
        }
    }

    fn scalar(&self) -> Option<&'n Scalar> {
        match &self.node.value {
            Value::Scalar(scalar) => Some(scalar),
            _ => None,
        }
    }

    fn is_null(&self) -> bool {
        self.scalar().is_some_and(Scalar::is_null)
    }

    fn done<T>(&self, result: Result<T, ReadError>) -> Result<T, ReadError> {
        result.map_err(|error| error.within(self.node.mark, self.path))
    }
}

macro_rules! whole_numbers {
    ($($method:ident, $visit:ident, $type:ty;)*) => { $(
        fn $method<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, ReadError> {
            let number = |text: &str| text.parse::<$type>().ok();
            let fits = |text: &str| number(text).is_some();
            match self.bare().and_then(number) {
                Some(number) => self.done(visitor.$visit(number)),
                None if <$type>::BITS < 64 => {
                    self.expected_bare(&format!("a whole number from {} to {}", <$type>::MIN, <$type>::MAX), fits)
                }
                None => self.expected_bare("a whole number", fits),
            }
        }
    )* };
}

impl<'de> de::Deserializer<'de> for Reader<'de, '_> {
    type Error = ReadError;

    whole_numbers! {
        deserialize_u8, visit_u8, u8;
        deserialize_u16, visit_u16, u16;
        deserialize_u32, visit_u32, u32;
        deserialize_u64, visit_u64, u64;
        deserialize_i8, visit_i8, i8;
        deserialize_i16, visit_i16, i16;
        deserialize_i32, visit_i32, i32;
        deserialize_i64, visit_i64, i64;
    }

    fn deserialize_bool<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, ReadError> {
        match self.bare() {
            Some("true" | "on") => visitor.visit_bool(true),
            Some("false" | "off") => visitor.visit_bool(false),
            _ => self.expected_bare("true or false (or on, off)", |text| {
                ["true", "false", "on", "off"].contains(&text)
            }),
        }
    }

    fn deserialize_str<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, ReadError> {
        match self.scalar() {
            Some(scalar) if !scalar.is_null() => self.done(visitor.visit_str(&scalar.text)),
            _ => self.expected("a text"),
        }
    }

    fn deserialize_string<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, ReadError> {
        self.deserialize_str(visitor)
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, ReadError> {
        if self.is_null() { visitor.visit_none() } else { self.done(visitor.visit_some(self)) }
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        _name: &'static str,
        visitor: V,
    ) -> Result<V::Value, ReadError> {
        self.done(visitor.visit_newtype_struct(self))
    }

    fn deserialize_seq<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, ReadError> {
        match &self.node.value {
            Value::List(items) => self.done(visitor.visit_seq(Items { items, index: 0, path: self.path })),
            _ => self.expected("a list"),
        }
    }

    fn deserialize_map<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, ReadError> {
        let entries: &[(Key, Node)] = match &self.node.value {
            Value::Map(entries) => entries,
            // A key whose own keys are all commented out.
            Value::Scalar(scalar) if scalar.is_null() => &[],
            _ => return self.expected("a mapping"),
        };
        self.done(visitor.visit_map(Entries { entries, value: None, path: self.path, without: None }))
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        _name: &'static str,
        _fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, ReadError> {
        self.deserialize_map(visitor)
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        name: &'static str,
        variants: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, ReadError> {
        if name == TAGGED {
            let Value::Map(_) = &self.node.value else {
                return self.expected("a mapping with the key type, as in { type: jsonl }");
            };
            let Some(kind) = self.node.get("type") else {
                let mut error = <ReadError as de::Error>::missing_field("type");
                error.message = format!("{}; {}", error.message, instead("", variants));
                return self.done(Err(error));
            };
            let path = self.path.key("type");
            let word = Reader { node: kind, path: &path };
            return match word.scalar() {
                // `type: null` is a sink's name and not nothing.
                Some(scalar) if !scalar.is_null() || variants.contains(&scalar.text.as_str()) => {
                    visitor.visit_enum(Word { text: &scalar.text, word, content: self })
                }
                _ => word.expected("the name of a sink"),
            };
        }
        match self.scalar() {
            Some(scalar) if !scalar.is_null() => {
                visitor.visit_enum(Word { text: synonym(scalar, variants), word: self, content: self })
            }
            _ => self.expected(&format!("one of {}", variants.join(", "))),
        }
    }

    fn deserialize_identifier<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, ReadError> {
        self.deserialize_str(visitor)
    }

    fn deserialize_ignored_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, ReadError> {
        visitor.visit_unit()
    }

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, ReadError> {
        match &self.node.value {
            Value::List(_) => self.deserialize_seq(visitor),
            Value::Map(_) => self.deserialize_map(visitor),
            Value::Scalar(scalar) if scalar.is_null() => visitor.visit_unit(),
            Value::Scalar(_) => self.deserialize_str(visitor),
        }
    }

    serde::forward_to_deserialize_any! {
        i128 u128 f32 f64 char bytes byte_buf unit unit_struct tuple tuple_struct
    }
}

/// `on` is `true` and `off` is `false`, whichever of the two the enum knows.
fn synonym<'a>(scalar: &'a Scalar, variants: &[&'static str]) -> &'a str {
    let other = match scalar.text.as_str() {
        "on" => "true",
        "true" => "on",
        "off" => "false",
        "false" => "off",
        text => text,
    };
    if !variants.contains(&scalar.text.as_str()) && variants.contains(&other) { other } else { &scalar.text }
}

struct Items<'n, 'p> {
    items: &'n [Node],
    index: usize,
    path: &'p KeyPath<'p>,
}

impl<'de> de::SeqAccess<'de> for Items<'de, '_> {
    type Error = ReadError;

    fn next_element_seed<T: DeserializeSeed<'de>>(&mut self, seed: T) -> Result<Option<T::Value>, ReadError> {
        let Some(node) = self.items.get(self.index) else { return Ok(None) };
        let path = self.path.index(self.index);
        self.index += 1;
        let reader = Reader { node, path: &path };
        reader.done(seed.deserialize(reader)).map(Some)
    }
}

struct Entries<'n, 'p> {
    entries: &'n [(Key, Node)],
    value: Option<(&'n Key, &'n Node)>,
    path: &'p KeyPath<'p>,
    /// The key that told the enum's variant and is not one of its own.
    without: Option<&'static str>,
}

impl<'de> de::MapAccess<'de> for Entries<'de, '_> {
    type Error = ReadError;

    fn next_key_seed<K: DeserializeSeed<'de>>(&mut self, seed: K) -> Result<Option<K::Value>, ReadError> {
        while let Some(((key, node), rest)) = self.entries.split_first() {
            self.entries = rest;
            if self.without == Some(key.text.as_str()) {
                continue;
            }
            self.value = Some((key, node));
            let name: de::value::StrDeserializer<'_, ReadError> = key.text.as_str().into_deserializer();
            let result = seed.deserialize(name);
            return result.map(Some).map_err(|error| error.within(key.mark, &self.path.key(&key.text)));
        }
        Ok(None)
    }

    fn next_value_seed<V: DeserializeSeed<'de>>(&mut self, seed: V) -> Result<V::Value, ReadError> {
        let Some((key, node)) = self.value.take() else {
            return Err(ReadError::new("a value was asked for before its key"));
        };
        let path = self.path.key(&key.text);
        let reader = Reader { node, path: &path };
        reader.done(seed.deserialize(reader))
    }
}

/// A variant's name, where it stands, and the mapping that holds its content.
struct Word<'n, 'p, 'w> {
    text: &'n str,
    word: Reader<'n, 'w>,
    content: Reader<'n, 'p>,
}

impl<'de, 'p> de::EnumAccess<'de> for Word<'de, 'p, '_> {
    type Error = ReadError;
    type Variant = Content<'de, 'p>;

    fn variant_seed<V: DeserializeSeed<'de>>(self, seed: V) -> Result<(V::Value, Self::Variant), ReadError> {
        let name: de::value::StrDeserializer<'_, ReadError> = self.text.into_deserializer();
        let variant = self.word.done(seed.deserialize(name))?;
        Ok((variant, Content(self.content)))
    }
}

struct Content<'n, 'p>(Reader<'n, 'p>);

impl<'de> de::VariantAccess<'de> for Content<'de, '_> {
    type Error = ReadError;

    fn unit_variant(self) -> Result<(), ReadError> {
        Ok(())
    }

    fn newtype_variant_seed<T: DeserializeSeed<'de>>(self, seed: T) -> Result<T::Value, ReadError> {
        let Self(reader) = self;
        match &reader.node.value {
            Value::Map(entries) => {
                let map = Entries { entries, value: None, path: reader.path, without: Some("type") };
                reader.done(seed.deserialize(de::value::MapAccessDeserializer::new(map)))
            }
            _ => reader.expected("a mapping"),
        }
    }

    fn tuple_variant<V: Visitor<'de>>(self, _len: usize, _visitor: V) -> Result<V::Value, ReadError> {
        self.0.expected("one value")
    }

    fn struct_variant<V: Visitor<'de>>(
        self,
        _fields: &'static [&'static str],
        _visitor: V,
    ) -> Result<V::Value, ReadError> {
        self.0.expected("one value")
    }
}
