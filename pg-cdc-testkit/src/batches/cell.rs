//! One column's value, to be put on a tape.

use std::borrow::Cow;

/// A value, or which kind of nothing stands in its place; the owned twin of [`pg_cdc_core::Datum`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Cell<'a> {
    /// SQL's NULL.
    Null,
    /// A TOASTed value that was not sent.
    Unchanged,
    /// Not part of the replica identity.
    NotInIdentity,
    /// Not published.
    Absent,
    /// PostgreSQL's text form.
    Text(Cow<'a, [u8]>),
    /// PostgreSQL's binary form.
    Binary(Cow<'a, [u8]>),
}

impl<'a> Cell<'a> {
    /// A value in text form, which need not be UTF-8.
    pub fn text_bytes(bytes: impl Into<Cow<'a, [u8]>>) -> Self {
        Self::Text(bytes.into())
    }

    /// A value in binary form.
    #[must_use]
    pub fn binary(bytes: &'a [u8]) -> Self {
        Self::Binary(bytes.into())
    }

    pub(super) fn bytes(&self) -> &[u8] {
        match self {
            Self::Text(bytes) | Self::Binary(bytes) => bytes,
            _ => &[],
        }
    }
}

impl<'a> From<&'a str> for Cell<'a> {
    fn from(text: &'a str) -> Self {
        Self::Text(text.as_bytes().into())
    }
}

impl From<String> for Cell<'_> {
    fn from(text: String) -> Self {
        Self::Text(text.into_bytes().into())
    }
}

/// `t` or `f`, as PostgreSQL prints a boolean.
impl From<bool> for Cell<'_> {
    fn from(value: bool) -> Self {
        Self::from(if value { "t" } else { "f" })
    }
}

macro_rules! from_number {
    ($($number:ty),*) => {
        $(impl From<$number> for Cell<'_> {
            fn from(value: $number) -> Self {
                Self::from(value.to_string())
            }
        })*
    };
}
from_number!(i16, i32, i64, u32, f64);

impl<'a, T: Into<Cell<'a>>> From<Option<T>> for Cell<'a> {
    fn from(value: Option<T>) -> Self {
        value.map_or(Self::Null, Into::into)
    }
}
