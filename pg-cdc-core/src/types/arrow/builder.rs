//! The builder of one column.

use std::fmt;

use arrow_array::ArrayRef;
use arrow_array::types::{
    Date32Type, Float32Type, Float64Type, Int16Type, Int32Type, Int64Type, IntervalMonthDayNanoType,
    Time64MicrosecondType, TimestampMicrosecondType, UInt32Type,
};

use super::binary::{Binary, Uuids};
use super::column::{Column, Refused};
use super::decimal::{decimal128, decimal256};
use super::form::Form;
use super::list::{List, Ranges};
use super::map::Map;
use super::options::{ArrowOptions, Inexact, Strings};
use super::primitive::{
    Booleans, date, float4, float8, int2, int4, int8, interval, oid, primitive, time, timestamp, timestamptz,
};
use super::range::Range;
use super::record::Record;
use super::text::{Utf8, Utf8View};
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
    /// A builder for values of `type_`.
    #[must_use]
    pub fn new(type_: &ColumnType, options: &ArrowOptions) -> Self {
        Self { type_: type_.clone(), inexact: options.inexact, column: column(type_, options) }
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
    /// [`ArrowOptions::inexact`] does not make it NULL. The builder is then as it was.
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

    /// The array of all values that were appended, of the type that [`ArrowOptions::type_of`] tells; the builder begins
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

fn column(type_: &ColumnType, options: &ArrowOptions) -> Box<dyn Column> {
    let arrow = options.type_of(type_);
    match Form::of(type_, options) {
        Form::Bool => Box::new(Booleans::new()),
        Form::Int16 => primitive::<Int16Type>(arrow, int2),
        Form::Int32 => primitive::<Int32Type>(arrow, int4),
        Form::Int64 => primitive::<Int64Type>(arrow, int8),
        Form::Oid => primitive::<UInt32Type>(arrow, oid),
        Form::Float32 => primitive::<Float32Type>(arrow, float4),
        Form::Float64 => primitive::<Float64Type>(arrow, float8),
        Form::Decimal128(digits, scale) => decimal128(arrow, digits, scale),
        Form::Decimal256(digits, scale) => decimal256(arrow, digits, scale),
        Form::Date => primitive::<Date32Type>(arrow, date),
        Form::Time => primitive::<Time64MicrosecondType>(arrow, time),
        Form::Timestamp => primitive::<TimestampMicrosecondType>(arrow, timestamp),
        Form::TimestampUtc => primitive::<TimestampMicrosecondType>(arrow, timestamptz),
        Form::Interval => primitive::<IntervalMonthDayNanoType>(arrow, interval),
        Form::Uuid => Box::new(Uuids::new()),
        Form::Binary => Box::new(Binary::new()),
        Form::List => match type_.element() {
            Some(element) => Box::new(List::new(element, options)),
            None => Box::new(Utf8::new()),
        },
        Form::Struct => Box::new(Record::new(type_, options)),
        Form::Range => Box::new(Range::new(type_, options)),
        Form::Multirange => Box::new(Ranges::new(type_, options)),
        Form::Map => Box::new(Map::new(options)),
        Form::Json | Form::Text => match options.strings {
            Strings::Utf8 => Box::new(Utf8::new()),
            Strings::Utf8View => Box::new(Utf8View::new()),
        },
    }
}
