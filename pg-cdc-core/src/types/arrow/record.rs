//! Composites.

use std::sync::Arc;

use arrow_array::{ArrayRef, StructArray};
use arrow_buffer::NullBufferBuilder;
use arrow_schema::Fields;

use super::builder::ColumnBuilder;
use super::column::{Column, Refused, not_an_array, outcome};
use crate::types::composite;
use crate::types::encoded::Encoded;
use crate::types::{ColumnType, Flaw, TypeError};

/// Values of a composite type, a column for each field.
pub(super) struct Record {
    fields: Fields,
    columns: Vec<ColumnBuilder>,
    validity: NullBufferBuilder,
}

impl Record {
    pub(super) fn new(fields: Fields, columns: Vec<ColumnBuilder>) -> Self {
        Self { fields, columns, validity: NullBufferBuilder::new(0) }
    }
}

impl Column for Record {
    fn push(&mut self, type_: &ColumnType, value: Encoded<'_>) -> Result<(), Refused> {
        let mut columns = self.columns.iter_mut();
        let mut refused = None;
        let walked = composite::walk(type_, value, |_, value| {
            // As many as the type has fields, which is what is walked.
            let Some(column) = columns.next() else { return Err(Flaw::new("has too many fields")) };
            let Some(value) = value else {
                column.push_null();
                return Ok(());
            };
            column.push(value).map_err(|why| {
                refused = Some(why);
                Flaw::new("has a field that can't be had as asked")
            })
        });
        let result = outcome(walked, refused, type_);
        if result.is_ok() {
            self.validity.append_non_null();
        } else {
            let len = self.validity.len();
            self.columns.iter_mut().for_each(|column| column.truncate(len));
        }
        result
    }

    fn push_null(&mut self) {
        self.columns.iter_mut().for_each(ColumnBuilder::push_null);
        self.validity.append_null();
    }

    fn len(&self) -> usize {
        self.validity.len()
    }

    fn truncate(&mut self, len: usize) {
        self.columns.iter_mut().for_each(|column| column.truncate(len));
        self.validity.truncate(len);
    }

    fn finish(&mut self, type_: &ColumnType) -> Result<ArrayRef, TypeError> {
        let nulls = self.validity.finish();
        // Every column begins anew, whichever fails.
        let columns: Vec<_> = self.columns.iter_mut().map(ColumnBuilder::finish).collect();
        let columns = columns.into_iter().collect::<Result<Vec<_>, _>>()?;
        let array = StructArray::try_new(self.fields.clone(), columns, nulls);
        Ok(Arc::new(array.map_err(|error| not_an_array(error, type_))?))
    }
}
