//! The builder of one column.

use std::fmt;

use arrow_array::ArrayRef;

use super::column::{Column, Refused};
use super::options::Inexact;
use crate::Datum;
use crate::types::encoded::Encoded;
use crate::types::get::value_of;
use crate::types::{ColumnType, TypeError};

/// Builds an array of one type's values, from either encoding, without a value in between.
///
/// ```
/// use pg_cdc_core::types::arrow::{ArrowOptions, ColumnBuilder, arrow_array::{Array, cast::AsArray, types::Int32Type}};
/// use pg_cdc_core::types::oid;
/// use pg_cdc_core::{ColumnType, Datum};
///
/// let mut builder = ColumnBuilder::new(&ColumnType::built_in(oid::INT4_ARRAY), &ArrowOptions::default());
/// builder.append(Datum::Text(b"{1,NULL,3}"))?;
/// builder.append(Datum::Null)?;
/// let lists = builder.finish()?;
/// assert_eq!(lists.as_list::<i32>().value(0).as_primitive::<Int32Type>().iter().collect::<Vec<_>>(), [Some(1), None, Some(3)]);
/// assert!(lists.is_null(1) && builder.is_empty());
/// # Ok::<(), pg_cdc_core::types::TypeError>(())
/// ```
pub struct ColumnBuilder {
    type_: ColumnType,
    inexact: Inexact,
    column: Box<dyn Column>,
}

impl ColumnBuilder {
    /// A builder that keeps values of `type_` in `column`.
    pub(super) fn of(type_: ColumnType, inexact: Inexact, column: Box<dyn Column>) -> Self {
        Self { type_, inexact, column }
    }

    /// The type of the values.
    #[must_use]
    pub fn column_type(&self) -> &ColumnType {
        &self.type_
    }

    /// How many values were appended.
    #[must_use]
    pub fn len(&self) -> usize {
        self.column.len()
    }

    /// Whether no value was appended.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Appends a value or NULL.
    ///
    /// # Errors
    ///
    /// Where the value is not what its type says, was not sent, or can't be held exactly by Arrow's type and
    /// [`ArrowOptions::inexact`](super::ArrowOptions::inexact) does not make it NULL. The builder is then as it was.
    #[inline]
    pub fn append(&mut self, datum: Datum<'_>) -> Result<(), TypeError> {
        match datum {
            Datum::Text(text) => self.push(Encoded::Text(text)).map_err(Refused::into_error),
            Datum::Binary(bytes) => self.push(Encoded::Binary(bytes)).map_err(Refused::into_error),
            Datum::Null => {
                self.push_null();
                Ok(())
            }
            _ => value_of(&self.type_, datum).map(|_| ()),
        }
    }

    /// Appends NULL.
    pub fn append_null(&mut self) {
        self.push_null();
    }

    /// The array of all values that were appended, of the type that [`ArrowOptions::type_of`](super::ArrowOptions::type_of) tells; the builder begins
    /// anew.
    ///
    /// # Errors
    ///
    /// Where text is not UTF-8: it is checked all at once. The values are lost then.
    pub fn finish(&mut self) -> Result<ArrayRef, TypeError> {
        self.column.finish(&self.type_)
    }

    #[inline]
    pub(super) fn push(&mut self, value: Encoded<'_>) -> Result<(), Refused> {
        match self.column.push(&self.type_, value) {
            Err(Refused::Inexact(_)) if self.inexact == Inexact::Null => {
                self.column.push_null();
                Ok(())
            }
            result => result,
        }
    }

    #[inline]
    pub(super) fn push_null(&mut self) {
        self.column.push_null();
    }

    pub(super) fn truncate(&mut self, len: usize) {
        self.column.truncate(len);
    }
}

impl fmt::Debug for ColumnBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ColumnBuilder").field("type", &self.type_.name).field("len", &self.len()).finish()
    }
}
