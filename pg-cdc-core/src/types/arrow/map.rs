//! `hstore`

use std::sync::Arc;

use arrow_array::{ArrayRef, MapArray, StructArray};
use arrow_schema::{FieldRef, Fields};

use super::binary::offset;
use super::builder::ColumnBuilder;
use super::column::{Column, Refused, not_an_array, outcome, too_large};
use super::list::Lists;
use crate::types::encoded::Encoded;
use crate::types::{ColumnType, Flaw, TypeError, hstore};

/// Maps of text to text.
pub(super) struct Map {
    entry: FieldRef,
    fields: Fields,
    keys: ColumnBuilder,
    values: ColumnBuilder,
    maps: Lists,
}

impl Map {
    pub(super) fn new(entry: FieldRef, fields: Fields, keys: ColumnBuilder, values: ColumnBuilder) -> Self {
        Self { entry, fields, keys, values, maps: Lists::new() }
    }

    fn push_entries(&mut self, type_: &ColumnType, value: Encoded<'_>) -> Result<i32, Refused> {
        let mut refused = None;
        let walked = hstore::walk(value, |key, value| {
            let pushed = self.keys.push(Encoded::Text(key)).and_then(|()| match value {
                Some(value) => self.values.push(Encoded::Text(value)),
                None => {
                    self.values.push_null();
                    Ok(())
                }
            });
            pushed.map_err(|why| {
                refused = Some(why);
                Flaw::new("has a key or value that can't be had as asked")
            })
        });
        outcome(walked, refused, type_).and_then(|()| offset(self.keys.len()).ok_or_else(|| too_large(type_)))
    }

    fn truncate_entries(&mut self, len: usize) {
        self.keys.truncate(len);
        self.values.truncate(len);
    }
}

impl Column for Map {
    fn push(&mut self, type_: &ColumnType, value: Encoded<'_>) -> Result<(), Refused> {
        let start = self.values.len();
        match self.push_entries(type_, value) {
            Ok(end) => {
                self.maps.push(end);
                Ok(())
            }
            Err(refused) => {
                self.truncate_entries(start);
                Err(refused)
            }
        }
    }

    fn push_null(&mut self) {
        self.maps.push_null();
    }

    fn len(&self) -> usize {
        self.maps.len()
    }

    fn truncate(&mut self, len: usize) {
        let entries = self.maps.truncate(len);
        self.truncate_entries(entries);
    }

    fn finish(&mut self, type_: &ColumnType) -> Result<ArrayRef, TypeError> {
        let (offsets, nulls) = self.maps.finish();
        // Both columns begin anew, whichever fails.
        let (keys, values) = (self.keys.finish(), self.values.finish());
        let entries = StructArray::try_new(self.fields.clone(), vec![keys?, values?], None);
        let array = entries
            .and_then(|entries| MapArray::try_new(Arc::clone(&self.entry), offsets, entries, nulls, false));
        Ok(Arc::new(array.map_err(|error| not_an_array(error, type_))?))
    }
}
