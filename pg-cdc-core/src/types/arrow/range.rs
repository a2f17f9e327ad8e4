//! Ranges.

use std::ops::Bound;
use std::sync::Arc;

use arrow_array::{ArrayRef, BooleanArray, StructArray};
use arrow_buffer::{BooleanBufferBuilder, NullBufferBuilder};
use arrow_schema::Fields;

use super::builder::ColumnBuilder;
use super::column::{Column, Refused, Why, not_an_array};
use crate::types::encoded::Encoded;
use crate::types::range::{self, Held, Span};
use crate::types::{ColumnType, TypeError};

/// Ranges: their bounds, and whether each bound lies within.
pub(super) struct Range {
    fields: Fields,
    lower: ColumnBuilder,
    upper: ColumnBuilder,
    lower_inclusive: BooleanBufferBuilder,
    upper_inclusive: BooleanBufferBuilder,
    empty: BooleanBufferBuilder,
    validity: NullBufferBuilder,
}

impl Range {
    /// Ranges with such bounds, whose columns must refuse what they can't hold: a bound that is NULL is none.
    pub(super) fn new(fields: Fields, lower: ColumnBuilder, upper: ColumnBuilder) -> Self {
        Self {
            fields,
            lower,
            upper,
            lower_inclusive: BooleanBufferBuilder::new(0),
            upper_inclusive: BooleanBufferBuilder::new(0),
            empty: BooleanBufferBuilder::new(0),
            validity: NullBufferBuilder::new(0),
        }
    }

    /// Appends a range; one that is refused leaves nothing.
    pub(super) fn push_span(&mut self, span: &Span<Held<'_>>) -> Result<(), Refused> {
        let len = self.len();
        let (none, is_empty) = (Bound::Unbounded, matches!(span, Span::Empty));
        let (lower, upper) = match span {
            Span::Bounds(lower, upper) => (lower, upper),
            Span::Empty => (&none, &none),
        };
        let pushed = bound(&mut self.lower, lower).and_then(|()| bound(&mut self.upper, upper));
        if pushed.is_err() {
            self.truncate(len);
            return pushed;
        }
        self.lower_inclusive.append(matches!(lower, Bound::Included(_)));
        self.upper_inclusive.append(matches!(upper, Bound::Included(_)));
        self.empty.append(is_empty);
        self.validity.append_non_null();
        Ok(())
    }
}

fn bound(column: &mut ColumnBuilder, bound: &Bound<Held<'_>>) -> Result<(), Refused> {
    match bound {
        Bound::Included(value) | Bound::Excluded(value) => column.push(value.encoded()),
        Bound::Unbounded => {
            column.push_null();
            Ok(())
        }
    }
}

impl Column for Range {
    fn push(&mut self, type_: &ColumnType, value: Encoded<'_>) -> Result<(), Refused> {
        let span = range::read(value).map_err(|flaw| Why::from(flaw).of(type_))?;
        self.push_span(&span)
    }

    fn push_null(&mut self) {
        self.lower.push_null();
        self.upper.push_null();
        for flags in [&mut self.lower_inclusive, &mut self.upper_inclusive, &mut self.empty] {
            flags.append(false);
        }
        self.validity.append_null();
    }

    fn len(&self) -> usize {
        self.validity.len()
    }

    fn truncate(&mut self, len: usize) {
        self.lower.truncate(len);
        self.upper.truncate(len);
        for flags in [&mut self.lower_inclusive, &mut self.upper_inclusive, &mut self.empty] {
            flags.truncate(len);
        }
        self.validity.truncate(len);
    }

    fn finish(&mut self, type_: &ColumnType) -> Result<ArrayRef, TypeError> {
        let nulls = self.validity.finish();
        let flags = [&mut self.lower_inclusive, &mut self.upper_inclusive, &mut self.empty]
            .map(|flags| Arc::new(BooleanArray::new(flags.finish(), None)) as ArrayRef);
        let (lower, upper) = (self.lower.finish(), self.upper.finish());
        let columns = [lower?, upper?].into_iter().chain(flags).collect();
        let array = StructArray::try_new(self.fields.clone(), columns, nulls);
        Ok(Arc::new(array.map_err(|error| not_an_array(error, type_))?))
    }
}
