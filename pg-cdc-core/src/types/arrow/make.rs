//! Makes the builder of each type: the one file that knows every kind of column.

use arrow_array::types::{
    Date32Type, Float32Type, Float64Type, Int16Type, Int32Type, Int64Type, IntervalMonthDayNanoType,
    Time64MicrosecondType, TimestampMicrosecondType, UInt32Type,
};

use super::binary::{Binary, Uuids};
use super::builder::ColumnBuilder;
use super::column::Column;
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
use super::schema;
use super::text::{Utf8, Utf8View};
use crate::types::{ColumnType, oid::TEXT};

impl ColumnBuilder {
    /// A builder for values of `type_`.
    #[must_use]
    pub fn new(type_: &ColumnType, options: &ArrowOptions) -> Self {
        Self::of(type_.clone(), options.inexact, column(type_, options))
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
            Some(element) => Box::new(list(element, options)),
            None => Box::new(Utf8::new()),
        },
        Form::Struct => Box::new(record(type_, options)),
        Form::Range => Box::new(range(type_, options)),
        Form::Multirange => Box::new(Ranges::new(schema::ranges(type_, options), range(type_, options))),
        Form::Map => Box::new(map(options)),
        Form::Json | Form::Text => match options.strings {
            Strings::Utf8 => Box::new(Utf8::new()),
            Strings::Utf8View => Box::new(Utf8View::new()),
        },
    }
}

fn list(element: &ColumnType, options: &ArrowOptions) -> List {
    List::new(schema::item(element, true, options), ColumnBuilder::new(element, options))
}

fn record(type_: &ColumnType, options: &ArrowOptions) -> Record {
    let fields = type_.fields().unwrap_or_default();
    let columns = fields.iter().map(|field| ColumnBuilder::new(&field.type_, options));
    Record::new(schema::struct_fields(type_, options), columns.collect())
}

/// Ranges of the range or multirange type `type_`.
fn range(type_: &ColumnType, options: &ArrowOptions) -> Range {
    // A bound that is NULL is none: one that can't be held must not become it.
    let mut of_bounds = *options;
    of_bounds.inexact = Inexact::Error;
    // Only what has a subtype becomes ranges.
    let bounds = || ColumnBuilder::new(type_.subtype().unwrap_or(type_), &of_bounds);
    Range::new(schema::range_fields(type_, options), bounds(), bounds())
}

fn map(options: &ArrowOptions) -> Map {
    let text = || ColumnBuilder::new(&ColumnType::built_in(TEXT), options);
    let (entry, fields) = schema::entries(options);
    Map::new(entry, fields, text(), text())
}
