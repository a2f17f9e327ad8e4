//! A column's type, and what it is made of.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::extension::Extension;
use super::kind::Kind;
use super::oid;

/// A type with its modifier, and all that must be known to read its values.
///
/// A built-in type is known by its OID. Any other is what the catalog said of it, its [`Shape`]; without one its values
/// are carried as their text.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(from = "Said", into = "Said")]
#[non_exhaustive]
pub struct ColumnType {
    /// `pg_type.oid`: fixed for built-in types, this database's own for all others.
    pub oid: u32,
    /// `pg_attribute.atttypmod`; -1 for none.
    pub modifier: i32,
    /// The name: bare for `pg_catalog` (`int4`), `schema.name` for others; empty where nobody told.
    pub name: Arc<str>,
    /// What reads and writes its values: a domain's are those of its base.
    kind: Kind,
    shape: Option<Arc<Shape>>,
}

/// What a type that is not a plain built-in one is made of.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Shape {
    /// A base type that an extension made.
    Extension(Extension),
    /// An array of any number of dimensions.
    Array {
        /// The type of its elements.
        element: ColumnType,
        /// What stands between elements in its text (`pg_type.typdelim`): a comma, for boxes a semicolon.
        delimiter: char,
    },
    /// A range.
    Range {
        /// The type of its bounds.
        subtype: ColumnType,
    },
    /// A multirange (14+).
    Multirange {
        /// The type of its ranges' bounds.
        subtype: ColumnType,
    },
    /// An enum.
    Enum {
        /// Its labels in their order, as they were when the catalog was read: a value may have a label of later.
        labels: Vec<Arc<str>>,
    },
    /// A domain.
    Domain {
        /// The type that it restricts, with the modifier that the domain gives it.
        base: ColumnType,
    },
    /// A composite, or the row type of a table.
    Composite {
        /// Its fields in their order, without those that were dropped.
        fields: Vec<Field>,
    },
}

/// A field of a composite type.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Field {
    /// Its name.
    pub name: Arc<str>,
    /// Its type.
    #[serde(rename = "type")]
    pub type_: ColumnType,
}

impl Field {
    /// The field `name` of type `type_`.
    pub fn new(name: impl Into<Arc<str>>, type_: ColumnType) -> Self {
        Self { name: name.into(), type_ }
    }
}

impl Shape {
    fn kind(&self) -> Kind {
        match self {
            Self::Extension(extension) => extension.kind(),
            Self::Array { .. } => Kind::Array,
            Self::Range { .. } => Kind::Range,
            Self::Multirange { .. } => Kind::Multirange,
            Self::Enum { .. } => Kind::Enum,
            Self::Domain { base } => base.kind,
            Self::Composite { .. } => Kind::Composite,
        }
    }
}

impl Shape {
    fn reads_like(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Enum { .. }, Self::Enum { .. }) => true,
            (Self::Array { element: a, delimiter: own }, Self::Array { element: b, delimiter }) => {
                own == delimiter && a.reads_like(b)
            }
            (Self::Range { subtype: a }, Self::Range { subtype: b })
            | (Self::Multirange { subtype: a }, Self::Multirange { subtype: b })
            | (Self::Domain { base: a }, Self::Domain { base: b }) => a.reads_like(b),
            (Self::Composite { fields: a }, Self::Composite { fields: b }) => {
                let same = |(a, b): (&Field, &Field)| a.name == b.name && a.type_.reads_like(&b.type_);
                a.len() == b.len() && a.iter().zip(b).all(same)
            }
            (own, other) => own == other,
        }
    }
}

impl ColumnType {
    /// The type `oid` called `name`, with its modifier (-1 for none): what a built-in one is made of is known, any
    /// other is carried as its text.
    pub fn new(oid: u32, modifier: i32, name: impl Into<Arc<str>>) -> Self {
        let shape = shape_of(oid, modifier).map(Arc::new);
        let kind = shape.as_ref().map_or(Kind::of(oid), |shape| shape.kind());
        Self { oid, modifier, name: name.into(), kind, shape }
    }

    /// The built-in type `oid` without a modifier.
    #[must_use]
    pub fn built_in(oid: u32) -> Self {
        Self::new(oid, -1, oid::name_of(oid).unwrap_or_default())
    }

    /// The type `oid` called `name`, with its modifier (-1 for none), which is made as `shape` says.
    ///
    /// ```
    /// use pg_cdc_core::types::{ColumnType, Kind, Shape, oid};
    ///
    /// let base = ColumnType::built_in(oid::INT4);
    /// let year = ColumnType::with_shape(70_000, -1, "public.year", Shape::Domain { base });
    /// assert_eq!(year.kind(), Kind::Int4);
    /// ```
    pub fn with_shape(oid: u32, modifier: i32, name: impl Into<Arc<str>>, shape: Shape) -> Self {
        Self { oid, modifier, name: name.into(), kind: shape.kind(), shape: Some(Arc::new(shape)) }
    }

    /// The same type with another modifier, which is also that of an array's elements.
    #[must_use]
    pub fn with_modifier(&self, modifier: i32) -> Self {
        let mut type_ = self.clone();
        type_.modifier = modifier;
        if let Some(Shape::Array { element, delimiter }) = self.shape() {
            let element = element.with_modifier(modifier);
            type_.shape = Some(Arc::new(Shape::Array { element, delimiter: *delimiter }));
        }
        type_
    }

    /// What reads and writes its values: a domain's are those of its base.
    #[must_use]
    #[inline]
    pub fn kind(&self) -> Kind {
        self.kind
    }

    /// What it is made of, where it is more than a plain built-in type.
    #[must_use]
    #[inline]
    pub fn shape(&self) -> Option<&Shape> {
        self.shape.as_deref()
    }

    /// The type whose values these are: itself, or a domain's innermost base.
    #[must_use]
    pub fn base(&self) -> &Self {
        let mut type_ = self;
        while let Some(Shape::Domain { base }) = type_.shape() {
            type_ = base;
        }
        type_
    }

    /// Which of the two network types it is.
    pub(super) fn is_cidr(&self) -> bool {
        self.base().oid == super::oid::CIDR
    }

    /// The type of an array's elements.
    #[must_use]
    pub fn element(&self) -> Option<&Self> {
        match self.base().shape()? {
            Shape::Array { element, .. } => Some(element),
            _ => None,
        }
    }

    /// The type of a range's or multirange's bounds.
    #[must_use]
    pub fn subtype(&self) -> Option<&Self> {
        match self.base().shape()? {
            Shape::Range { subtype } | Shape::Multirange { subtype } => Some(subtype),
            _ => None,
        }
    }

    /// A composite's fields.
    #[must_use]
    pub fn fields(&self) -> Option<&[Field]> {
        match self.base().shape()? {
            Shape::Composite { fields } => Some(fields),
            _ => None,
        }
    }

    /// Whether a value of `other` is read just as one of this type: all is the same but the labels of enums, which
    /// nothing is read by.
    #[must_use]
    pub fn reads_like(&self, other: &Self) -> bool {
        let shapes = match (self.shape(), other.shape()) {
            (None, None) => true,
            (Some(own), Some(other)) => own.reads_like(other),
            _ => false,
        };
        shapes && self.oid == other.oid && self.modifier == other.modifier
    }

    /// Whether all of it is known: neither itself nor what it is made of is carried as mere text.
    #[must_use]
    pub fn is_known(&self) -> bool {
        match self.shape() {
            Some(Shape::Domain { base }) => base.is_known(),
            Some(Shape::Array { element, .. }) => element.is_known(),
            Some(Shape::Range { subtype } | Shape::Multirange { subtype }) => subtype.is_known(),
            Some(Shape::Composite { fields }) => fields.iter().all(|field| field.type_.is_known()),
            Some(Shape::Extension(_) | Shape::Enum { .. }) => true,
            None => self.kind != Kind::Other,
        }
    }
}

/// The shape of the built-in type `oid`, where it is made of others. A column's modifier is that of an array's elements.
fn shape_of(oid: u32, modifier: i32) -> Option<Shape> {
    let of = |oid| ColumnType::new(oid, modifier, oid::name_of(oid).unwrap_or_default());
    Some(match oid {
        oid::INT4RANGE => Shape::Range { subtype: of(oid::INT4) },
        oid::INT8RANGE => Shape::Range { subtype: of(oid::INT8) },
        oid::NUMRANGE => Shape::Range { subtype: of(oid::NUMERIC) },
        oid::TSRANGE => Shape::Range { subtype: of(oid::TIMESTAMP) },
        oid::TSTZRANGE => Shape::Range { subtype: of(oid::TIMESTAMPTZ) },
        oid::DATERANGE => Shape::Range { subtype: of(oid::DATE) },
        oid::INT4MULTIRANGE => Shape::Multirange { subtype: of(oid::INT4) },
        oid::INT8MULTIRANGE => Shape::Multirange { subtype: of(oid::INT8) },
        oid::NUMMULTIRANGE => Shape::Multirange { subtype: of(oid::NUMERIC) },
        oid::TSMULTIRANGE => Shape::Multirange { subtype: of(oid::TIMESTAMP) },
        oid::TSTZMULTIRANGE => Shape::Multirange { subtype: of(oid::TIMESTAMPTZ) },
        oid::DATEMULTIRANGE => Shape::Multirange { subtype: of(oid::DATE) },
        _ => {
            let element = oid::of_name(oid::name_of(oid)?.strip_prefix('_')?)?;
            let delimiter = if element == oid::BOX { ';' } else { ',' };
            Shape::Array { element: of(element), delimiter }
        }
    })
}

/// A type as it is saved: what can be told from the OID is left out.
#[derive(Serialize, Deserialize)]
struct Said {
    oid: u32,
    modifier: i32,
    name: Arc<str>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    shape: Option<Arc<Shape>>,
}

impl From<Said> for ColumnType {
    fn from(Said { oid, modifier, name, shape }: Said) -> Self {
        match shape {
            Some(shape) => Self { oid, modifier, name, kind: shape.kind(), shape: Some(shape) },
            None => Self::new(oid, modifier, name),
        }
    }
}

impl From<ColumnType> for Said {
    fn from(ColumnType { oid, modifier, name, shape, .. }: ColumnType) -> Self {
        let shape = shape.filter(|_| shape_of(oid, -1).is_none());
        Self { oid, modifier, name, shape }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn there_and_back(type_: &ColumnType) -> String {
        let saved = serde_json::to_string(type_).unwrap();
        assert_eq!(serde_json::from_str::<ColumnType>(&saved).unwrap(), *type_);
        saved
    }

    #[test]
    fn what_a_built_in_type_is_made_of_is_not_saved() {
        let saved = there_and_back(&ColumnType::new(oid::INT4_ARRAY, -1, "_int4"));
        assert_eq!(saved, r#"{"oid":1007,"modifier":-1,"name":"_int4"}"#);
    }

    #[test]
    fn what_other_types_are_made_of_is_saved() {
        let mood = ColumnType::with_shape(
            70_000,
            -1,
            "a.mood",
            Shape::Enum { labels: vec!["sad".into(), "ok".into()] },
        );
        let moods = Shape::Array { element: mood, delimiter: ',' };
        let moods = ColumnType::with_shape(70_001, -1, "a._mood", moods);
        let fields = vec![Field::new("a", moods), Field::new("b", ColumnType::built_in(oid::NUMERIC))];
        let pair = ColumnType::with_shape(70_002, -1, "a.pair", Shape::Composite { fields });
        let domain = ColumnType::with_shape(70_003, -1, "a.domain", Shape::Domain { base: pair });
        there_and_back(&domain);
        assert_eq!(domain.kind(), Kind::Composite);
        assert_eq!(domain.fields().map(<[_]>::len), Some(2));
        assert!(domain.is_known());
    }

    #[test]
    fn types_read_alike_whatever_labels_an_enum_has() {
        let mood = |labels: &[&str]| {
            let labels = labels.iter().map(|label| (*label).into()).collect();
            ColumnType::with_shape(70_000, -1, "a.mood", Shape::Enum { labels })
        };
        let pair = |names: [&str; 2], mood: ColumnType| {
            let fields =
                vec![Field::new(names[0], mood), Field::new(names[1], ColumnType::built_in(oid::INT4))];
            ColumnType::with_shape(70_002, -1, "a.pair", Shape::Composite { fields })
        };
        let known = pair(["a", "b"], mood(&["sad"]));
        assert!(known.reads_like(&pair(["a", "b"], mood(&["sad", "ok"]))));
        assert!(!known.reads_like(&pair(["a", "c"], mood(&["sad"]))));
        assert!(!known.reads_like(&ColumnType::new(70_002, -1, "a.pair")));
    }

    #[test]
    fn a_type_of_which_nothing_was_told_is_carried_as_text() {
        let type_ = ColumnType::new(70_000, -1, "public.complex");
        assert_eq!((type_.kind(), type_.is_known()), (Kind::Other, false));
        let array = Shape::Array { element: type_, delimiter: ',' };
        assert!(!ColumnType::with_shape(70_001, -1, "public._complex", array).is_known());
    }

    #[test]
    fn arrays_are_of_their_elements_with_the_column_s_modifier() {
        let prices = ColumnType::new(oid::NUMERIC_ARRAY, 655_366, "_numeric");
        let element = prices.element().unwrap();
        assert_eq!((element.oid, element.modifier, &*element.name), (oid::NUMERIC, 655_366, "numeric"));
        let Some(Shape::Array { delimiter, .. }) = shape_of(oid::BOX_ARRAY, -1) else { unreachable!() };
        assert_eq!(delimiter, ';');
        assert_eq!(shape_of(oid::INT4, -1), None);
    }

    #[test]
    fn ranges_in_arrays_are_known_to_the_last_bound() {
        let spans = ColumnType::built_in(oid::TSTZRANGE_ARRAY);
        assert_eq!(spans.element().unwrap().subtype().unwrap().oid, oid::TIMESTAMPTZ);
    }
}
