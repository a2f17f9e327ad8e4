//! Ranges as Rust values.

use std::fmt;
use std::ops::Bound;

use super::{Held, Span, read, walk_multirange};
use crate::Datum;
use crate::types::get::value_of;
use crate::types::quoting::{Style, quote_from};
use crate::types::{ColumnType, Flaw, FromDatum, Kind, TypeError};

/// A range of `T`: empty, or with a bound on either side, as PostgreSQL normalised it.
///
/// ```
/// use std::ops::Bound;
/// use pg_cdc_core::types::{ColumnType, FromDatum, PgDate, PgRange, oid};
/// use pg_cdc_core::Datum;
///
/// let type_ = ColumnType::built_in(oid::DATERANGE);
/// let range = PgRange::<PgDate>::from_datum(&type_, Datum::Text(b"[2024-02-29,)"))?;
/// assert_eq!(range, PgRange::Bounds(Bound::Included("2024-02-29".parse()?), Bound::Unbounded));
/// assert_eq!(range.to_string(), "[2024-02-29,)");
/// # Ok::<(), pg_cdc_core::types::TypeError>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum PgRange<T> {
    /// Nothing lies in it.
    Empty,
    /// From the lower bound to the upper.
    Bounds(Bound<T>, Bound<T>),
}

/// Ranges of `T` in their order, none empty, none touching another.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default)]
pub struct PgMultirange<T>(pub Vec<PgRange<T>>);

impl<T> PgRange<T> {
    /// The same range of what `each` makes of its bounds.
    pub fn map<U>(self, mut each: impl FnMut(T) -> U) -> PgRange<U> {
        match self {
            Self::Empty => PgRange::Empty,
            Self::Bounds(lower, upper) => PgRange::Bounds(lower.map(&mut each), upper.map(&mut each)),
        }
    }
}

impl<T> PgMultirange<T> {
    /// The same ranges of what `each` makes of their bounds.
    pub fn map<U>(self, mut each: impl FnMut(T) -> U) -> PgMultirange<U> {
        PgMultirange(self.0.into_iter().map(|range| range.map(&mut each)).collect())
    }
}

/// PostgreSQL's text, where `T` displays as PostgreSQL's.
impl<T: fmt::Display> fmt::Display for PgRange<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self::Bounds(lower, upper) = self else { return f.write_str("empty") };
        let text = |bound: &Bound<T>| match bound {
            Bound::Included(value) | Bound::Excluded(value) => {
                let mut text = value.to_string().into_bytes();
                quote_from(0, Style::Range, &mut text);
                String::from_utf8(text).unwrap_or_default()
            }
            Bound::Unbounded => String::new(),
        };
        let open = if matches!(lower, Bound::Included(_)) { '[' } else { '(' };
        let close = if matches!(upper, Bound::Included(_)) { ']' } else { ')' };
        write!(f, "{open}{},{}{close}", text(lower), text(upper))
    }
}

/// PostgreSQL's text, where `T` displays as PostgreSQL's.
impl<T: fmt::Display> fmt::Display for PgMultirange<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("{")?;
        for (index, range) in self.0.iter().enumerate() {
            f.write_str(if index > 0 { "," } else { "" })?;
            fmt::Display::fmt(range, f)?;
        }
        f.write_str("}")
    }
}

fn range_of<T: for<'e> FromDatum<'e>>(
    subtype: &ColumnType,
    span: &Span<Held<'_>>,
) -> Result<PgRange<T>, TypeError> {
    let bound = |bound: &Bound<Held<'_>>| {
        Ok(match bound {
            Bound::Included(value) => Bound::Included(T::from_datum(subtype, value.encoded().datum())?),
            Bound::Excluded(value) => Bound::Excluded(T::from_datum(subtype, value.encoded().datum())?),
            Bound::Unbounded => Bound::Unbounded,
        })
    };
    match span {
        Span::Empty => Ok(PgRange::Empty),
        Span::Bounds(lower, upper) => Ok(PgRange::Bounds(bound(lower)?, bound(upper)?)),
    }
}

fn subtype_of(type_: &ColumnType, kind: Kind) -> Result<&ColumnType, TypeError> {
    let subtype = type_.subtype().filter(|_| type_.kind() == kind);
    subtype.ok_or_else(|| {
        let (range, multirange) = ("can't be had as a PgRange", "can't be had as a PgMultirange");
        Flaw::new(if kind == Kind::Range { range } else { multirange }).of(type_)
    })
}

impl<'a, T: for<'e> FromDatum<'e>> FromDatum<'a> for PgRange<T> {
    fn from_datum(type_: &ColumnType, datum: Datum<'a>) -> Result<Self, TypeError> {
        let value = value_of(type_, datum)?;
        let subtype = subtype_of(type_, Kind::Range)?;
        range_of(subtype, &read(value).map_err(|flaw| flaw.of(type_))?)
    }
}

impl<'a, T: for<'e> FromDatum<'e>> FromDatum<'a> for PgMultirange<T> {
    fn from_datum(type_: &ColumnType, datum: Datum<'a>) -> Result<Self, TypeError> {
        let value = value_of(type_, datum)?;
        let subtype = subtype_of(type_, Kind::Multirange)?;
        let (mut ranges, mut refused) = (Vec::new(), None);
        let walked = walk_multirange(value, |span| {
            match range_of(subtype, &span) {
                Ok(range) => ranges.push(range),
                Err(error) => {
                    refused = Some(error);
                    return Err(Flaw::new("has a range that can't be had as asked"));
                }
            }
            Ok(())
        });
        match (walked, refused) {
            (_, Some(error)) => Err(error),
            (Err(flaw), None) => Err(flaw.of(type_)),
            (Ok(()), None) => Ok(Self(ranges)),
        }
    }
}
