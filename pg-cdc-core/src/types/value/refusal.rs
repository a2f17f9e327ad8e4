//! What a type that is being deserialised says against a value.

use std::fmt;

use serde::de::{self, Expected, Unexpected};

use crate::types::{ColumnType, TypeError};

/// The error within serde, which knows nothing of types and columns; [`of`](Self::of) makes it one that does.
///
/// serde's own messages hold the value: what is kept of them is what was expected. What a type's own `Deserialize` says
/// is kept as it is.
#[derive(Debug)]
pub(crate) enum Refusal {
    /// The value is not what its type says.
    Type(TypeError),
    /// The type asks for a field that is not there.
    Missing(&'static str),
    Said(String),
}

impl Refusal {
    /// The error of a value of `type_`.
    #[cold]
    pub(crate) fn of(self, type_: &ColumnType) -> TypeError {
        match self {
            Self::Type(error) => error,
            Self::Missing(field) => TypeError::said(type_, format!("lacks the field {field}")),
            Self::Said(what) => TypeError::said(type_, what),
        }
    }
}

impl From<TypeError> for Refusal {
    fn from(error: TypeError) -> Self {
        Self::Type(error)
    }
}

impl From<&'static str> for Refusal {
    fn from(what: &'static str) -> Self {
        Self::Said(what.to_owned())
    }
}

/// serde_json's message may hold the value, or a key of it: but for what the type asked for only the place is kept.
impl From<serde_json::Error> for Refusal {
    fn from(error: serde_json::Error) -> Self {
        let message = error.to_string();
        let (line, column) = (error.line(), error.column());
        let what = match message.split_once(" at line ") {
            Some((missing, _)) if missing.starts_with("missing field ") => missing,
            _ if error.is_data() => "is JSON of another shape than was asked for",
            _ => "is not JSON that can be read",
        };
        Self::Said(format!("{what}, at line {line} column {column}"))
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Type(error) => fmt::Display::fmt(error, f),
            Self::Missing(field) => write!(f, "lacks the field {field}"),
            Self::Said(what) => f.write_str(what),
        }
    }
}

impl std::error::Error for Refusal {}

impl de::Error for Refusal {
    fn custom<T: fmt::Display>(message: T) -> Self {
        Self::Said(format!("was refused: {message}"))
    }

    fn invalid_type(unexpected: Unexpected<'_>, expected: &dyn Expected) -> Self {
        match unexpected {
            Unexpected::Option | Unexpected::Unit => Self::from("is NULL"),
            _ => Self::Said(format!("can't be had as {expected}")),
        }
    }

    fn invalid_value(_: Unexpected<'_>, expected: &dyn Expected) -> Self {
        Self::Said(format!("can't be had as {expected}: out of its range or of another form"))
    }

    fn invalid_length(length: usize, expected: &dyn Expected) -> Self {
        Self::Said(format!("can't be had as {expected}: it has {length} elements"))
    }

    fn unknown_variant(_: &str, _: &'static [&'static str]) -> Self {
        Self::from("is none of the variants that were asked for")
    }

    fn unknown_field(_: &str, _: &'static [&'static str]) -> Self {
        Self::from("is a field that was not asked for")
    }

    fn missing_field(field: &'static str) -> Self {
        Self::Missing(field)
    }

    fn duplicate_field(field: &'static str) -> Self {
        Self::Said(format!("has the field {field} twice"))
    }
}
