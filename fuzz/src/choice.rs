//! The type that an input begins with.

use std::sync::LazyLock;

use pg_cdc_core::types::{ColumnType, Extension, Field, Shape, oid};

/// Containers stand in each other so deep at most.
const DEEPEST: u8 = 3;

/// OIDs of the database's own types begin here.
const OWN: u32 = 70_000;

/// What the first byte chooses, by its remainder.
pub mod first {
    /// A built-in type; the next byte says which.
    pub const BUILT_IN: u8 = 0;
    /// A type of an extension; the next byte says which.
    pub const EXTENSION: u8 = 1;
    /// An array of the type that follows.
    pub const ARRAY: u8 = 2;
    /// A range of the type that follows.
    pub const RANGE: u8 = 3;
    /// A multirange of ranges of the type that follows.
    pub const MULTIRANGE: u8 = 4;
    /// A domain over the type that follows.
    pub const DOMAIN: u8 = 5;
    /// A composite; the next byte says how many fields, whose types follow.
    pub const COMPOSITE: u8 = 6;
    /// An enum.
    pub const ENUM: u8 = 7;
    /// A type of which nothing is known.
    pub const UNKNOWN: u8 = 8;
    /// How many there are.
    pub const CHOICES: u8 = 9;
}

const EXTENSIONS: [(&str, Extension); 10] = [
    ("citext", Extension::Citext),
    ("hstore", Extension::Hstore),
    ("ltree", Extension::Ltree),
    ("lquery", Extension::Lquery),
    ("ltxtquery", Extension::Ltxtquery),
    ("geometry", Extension::Geometry),
    ("geography", Extension::Geography),
    ("vector", Extension::Vector),
    ("halfvec", Extension::Halfvec),
    ("sparsevec", Extension::Sparsevec),
];

/// Every built-in type: fewer than a byte can tell.
static BUILT_IN: LazyLock<Vec<ColumnType>> = LazyLock::new(|| {
    let known = (0..10_000).filter(|&oid| oid::name_of(oid).is_some());
    known.map(ColumnType::built_in).collect()
});

/// What an input begins with that is of the plain type `name`; `None` where there is no such type.
#[must_use]
pub fn choose(name: &str) -> Option<[u8; 2]> {
    let extension = EXTENSIONS.iter().position(|(known, _)| *known == name);
    let (choice, index) = match extension {
        Some(index) => (first::EXTENSION, index),
        None => (first::BUILT_IN, BUILT_IN.iter().position(|type_| &*type_.name == name)?),
    };
    Some([choice, u8::try_from(index).ok()?])
}

/// The type that the input begins with, and the value behind it. Bytes that are missing are zero.
#[must_use]
pub fn type_of(input: &[u8]) -> (ColumnType, &[u8]) {
    let mut rest = input;
    let type_ = read(&mut rest, 0);
    (type_, rest)
}

fn next(rest: &mut &[u8]) -> u8 {
    rest.split_off_first().copied().unwrap_or_default()
}

fn read(rest: &mut &[u8], depth: u8) -> ColumnType {
    let made = |shape| ColumnType::with_shape(OWN + u32::from(depth), -1, "a.own", shape);
    let choice = next(rest) % first::CHOICES;
    match choice {
        first::EXTENSION => {
            let (name, extension) = EXTENSIONS[usize::from(next(rest)) % EXTENSIONS.len()];
            ColumnType::with_shape(OWN + 100, -1, name, Shape::Extension(extension))
        }
        first::ENUM => made(Shape::Enum { labels: vec!["sad".into(), "o\"k".into()] }),
        first::UNKNOWN => ColumnType::new(OWN + 200, -1, "a.unknown"),
        first::ARRAY if depth < DEEPEST => {
            made(Shape::Array { element: read(rest, depth + 1), delimiter: ',' })
        }
        first::RANGE if depth < DEEPEST => made(Shape::Range { subtype: read(rest, depth + 1) }),
        first::MULTIRANGE if depth < DEEPEST => made(Shape::Multirange { subtype: read(rest, depth + 1) }),
        first::DOMAIN if depth < DEEPEST => made(Shape::Domain { base: read(rest, depth + 1) }),
        first::COMPOSITE if depth < DEEPEST => {
            let count = next(rest) % 4;
            let fields = (0..count).map(|at| Field::new(format!("f\"{at}"), read(rest, depth + 1)));
            made(Shape::Composite { fields: fields.collect() })
        }
        _ => BUILT_IN[usize::from(next(rest)) % BUILT_IN.len()].clone(),
    }
}

/// What a type is made of, from outside to inside.
pub(crate) fn describe(type_: &ColumnType) -> String {
    match type_.shape() {
        Some(Shape::Array { element, .. }) => format!("array of {}", describe(element)),
        Some(Shape::Range { subtype }) => format!("range of {}", describe(subtype)),
        Some(Shape::Multirange { subtype }) => format!("multirange of {}", describe(subtype)),
        Some(Shape::Domain { base }) => format!("domain of {}", describe(base)),
        Some(Shape::Composite { fields }) => {
            let fields: Vec<_> = fields.iter().map(|field| describe(&field.type_)).collect();
            format!("composite of ({})", fields.join(", "))
        }
        _ => type_.name.to_string(),
    }
}
