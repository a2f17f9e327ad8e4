//! Arrays and multiranges.

use std::sync::Arc;

use arrow_array::{ArrayRef, ListArray};
use arrow_buffer::{NullBufferBuilder, OffsetBuffer};
use arrow_schema::FieldRef;

use super::binary::offset;
use super::builder::ColumnBuilder;
use super::column::{Column, Refused, Why, not_an_array, outcome, too_large};
use super::range::Range;
use crate::types::array::{self, Part};
use crate::types::encoded::Encoded;
use crate::types::range::walk_multirange;
use crate::types::{ColumnType, Flaw, TypeError};

/// Where each list begins, where the last ends, and which are NULL.
pub(super) struct Lists {
    offsets: Vec<i32>,
    validity: NullBufferBuilder,
}

impl Lists {
    pub(super) fn new() -> Self {
        Self { offsets: vec![0], validity: NullBufferBuilder::new(0) }
    }

    pub(super) fn push(&mut self, end: i32) {
        self.offsets.push(end);
        self.validity.append_non_null();
    }

    pub(super) fn push_null(&mut self) {
        self.offsets.push(self.offsets.last().copied().unwrap_or_default());
        self.validity.append_null();
    }

    pub(super) fn len(&self) -> usize {
        self.offsets.len() - 1
    }

    /// Says how many items are left.
    pub(super) fn truncate(&mut self, len: usize) -> usize {
        self.offsets.truncate(len + 1);
        self.validity.truncate(len);
        self.offsets.last().and_then(|&end| usize::try_from(end).ok()).unwrap_or_default()
    }

    pub(super) fn finish(&mut self) -> (OffsetBuffer<i32>, Option<arrow_buffer::NullBuffer>) {
        let offsets = std::mem::replace(&mut self.offsets, vec![0]);
        (OffsetBuffer::new(offsets.into()), self.validity.finish())
    }

    fn finish_list(
        &mut self,
        field: &FieldRef,
        items: ArrayRef,
        type_: &ColumnType,
    ) -> Result<ArrayRef, TypeError> {
        let (offsets, nulls) = self.finish();
        let array = ListArray::try_new(Arc::clone(field), offsets, items, nulls);
        Ok(Arc::new(array.map_err(|error| not_an_array(error, type_))?))
    }
}

/// Arrays of one dimension that begins with index 1.
pub(super) struct List {
    field: FieldRef,
    items: ColumnBuilder,
    lists: Lists,
}

impl List {
    pub(super) fn new(field: FieldRef, items: ColumnBuilder) -> Self {
        Self { field, items, lists: Lists::new() }
    }

    fn push_items(&mut self, type_: &ColumnType, value: Encoded<'_>) -> Result<i32, Refused> {
        let lower = |what| Refused::Inexact(Flaw::new(what).of(type_));
        if !array::begins_with_one(type_, value).map_err(|flaw| Why::from(flaw).of(type_))? {
            return Err(lower(
                "does not begin with index 1 and is no List of Arrow's (arrays can be had as text)",
            ));
        }
        let mut depth = 0;
        let mut refused = None;
        let walked = array::walk(type_, value, |_, part| {
            let pushed = match part {
                Part::Value(value) => self.items.push(value),
                Part::Null => {
                    self.items.push_null();
                    Ok(())
                }
                Part::Open => {
                    depth += 1;
                    let what =
                        "has more than one dimension and is no List of Arrow's (arrays can be had as text)";
                    if depth > 1 { Err(lower(what)) } else { Ok(()) }
                }
                Part::Close | Part::Separator => Ok(()),
            };
            pushed.map_err(|why| {
                refused = Some(why);
                Flaw::new("has an element that can't be had as asked")
            })
        });
        outcome(walked, refused, type_)
            .and_then(|()| offset(self.items.len()).ok_or_else(|| too_large(type_)))
    }
}

impl Column for List {
    fn push(&mut self, type_: &ColumnType, value: Encoded<'_>) -> Result<(), Refused> {
        let start = self.items.len();
        match self.push_items(type_, value) {
            Ok(end) => {
                self.lists.push(end);
                Ok(())
            }
            Err(refused) => {
                self.items.truncate(start);
                Err(refused)
            }
        }
    }

    fn push_null(&mut self) {
        self.lists.push_null();
    }

    fn len(&self) -> usize {
        self.lists.len()
    }

    fn truncate(&mut self, len: usize) {
        let items = self.lists.truncate(len);
        self.items.truncate(items);
    }

    fn finish(&mut self, type_: &ColumnType) -> Result<ArrayRef, TypeError> {
        let items = self.items.finish();
        self.lists.finish_list(&self.field, items?, type_)
    }
}

/// Multiranges, as lists of ranges.
pub(super) struct Ranges {
    field: FieldRef,
    items: Range,
    lists: Lists,
}

impl Ranges {
    pub(super) fn new(field: FieldRef, items: Range) -> Self {
        Self { field, items, lists: Lists::new() }
    }
}

impl Column for Ranges {
    fn push(&mut self, type_: &ColumnType, value: Encoded<'_>) -> Result<(), Refused> {
        let start = self.items.len();
        let mut refused = None;
        let walked = walk_multirange(value, |span| {
            self.items.push_span(&span).map_err(|why| {
                refused = Some(why);
                Flaw::new("has a range that can't be had as asked")
            })
        });
        let end = outcome(walked, refused, type_)
            .and_then(|()| offset(self.items.len()).ok_or_else(|| too_large(type_)));
        match end {
            Ok(end) => {
                self.lists.push(end);
                Ok(())
            }
            Err(refused) => {
                self.items.truncate(start);
                Err(refused)
            }
        }
    }

    fn push_null(&mut self) {
        self.lists.push_null();
    }

    fn len(&self) -> usize {
        self.lists.len()
    }

    fn truncate(&mut self, len: usize) {
        let items = self.lists.truncate(len);
        self.items.truncate(items);
    }

    fn finish(&mut self, type_: &ColumnType) -> Result<ArrayRef, TypeError> {
        let items = self.items.finish(type_);
        self.lists.finish_list(&self.field, items?, type_)
    }
}
