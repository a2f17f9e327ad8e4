//! Schemas.

use std::collections::HashMap;
use std::sync::Arc;

use arrow_schema::{DataType, Field, FieldRef, Fields, IntervalUnit, Schema, TimeUnit};

use super::form::Form;
use super::options::{ArrowOptions, Inexact, NotSent, Strings};
use crate::Table;
use crate::types::{ColumnType, oid};

/// Where a field says its PostgreSQL type: the name as [`ColumnType::name`] has it.
pub(super) const TYPE_KEY: &str = "postgres.type";
/// Where a field says its type's modifier, if there is one.
pub(super) const MODIFIER_KEY: &str = "postgres.modifier";
const EXTENSION_NAME_KEY: &str = "ARROW:extension:name";
const EXTENSION_METADATA_KEY: &str = "ARROW:extension:metadata";

/// The schema of a table's rows with the default options: a field for each column in the table's order, nullable as the
/// column is, PostgreSQL's type in its metadata (`postgres.type`, `postgres.modifier`).
///
/// ```
/// use pg_cdc_core::types::{arrow::arrow_schema, oid};
/// use pg_cdc_core::{Column, ColumnType, ReplicaIdentity, Table, TableName};
///
/// let price = Column::new("price", ColumnType::new(oid::NUMERIC, 655_366, "numeric"));
/// let table = Table::new(1, TableName::new("public", "orders"), vec![price], ReplicaIdentity::Default);
/// let schema = arrow_schema(&table);
/// assert_eq!(schema.field(0).data_type().to_string(), "Decimal128(10, 2)");
/// assert_eq!(schema.field(0).metadata()["postgres.type"], "numeric");
/// ```
#[must_use]
pub fn arrow_schema(table: &Table) -> Schema {
    ArrowOptions::default().schema_of(table)
}

/// What a type becomes with the default options.
#[must_use]
pub fn arrow_type(type_: &ColumnType) -> DataType {
    ArrowOptions::default().type_of(type_)
}

impl ArrowOptions {
    /// The schema of a table's rows; see [`arrow_schema()`]. Where values may become NULL that are not, every field is
    /// nullable.
    #[must_use]
    pub fn schema_of(&self, table: &Table) -> Schema {
        let nulls = self.inexact == Inexact::Null || self.not_sent == NotSent::Null;
        let field =
            |column: &crate::Column| field(&column.name, &column.type_, nulls || column.nullable, self);
        Schema::new(table.columns.iter().map(field).collect::<Fields>())
    }

    /// What a type becomes.
    #[must_use]
    pub fn type_of(&self, type_: &ColumnType) -> DataType {
        match Form::of(type_, self) {
            Form::Bool => DataType::Boolean,
            Form::Int16 => DataType::Int16,
            Form::Int32 => DataType::Int32,
            Form::Int64 => DataType::Int64,
            Form::Oid => DataType::UInt32,
            Form::Float32 => DataType::Float32,
            Form::Float64 => DataType::Float64,
            Form::Decimal128(digits, scale) => DataType::Decimal128(digits, scale),
            Form::Decimal256(digits, scale) => DataType::Decimal256(digits, scale),
            Form::Binary => DataType::Binary,
            Form::Date => DataType::Date32,
            Form::Time => DataType::Time64(TimeUnit::Microsecond),
            Form::Timestamp => DataType::Timestamp(TimeUnit::Microsecond, None),
            Form::TimestampUtc => DataType::Timestamp(TimeUnit::Microsecond, Some("UTC".into())),
            Form::Interval => DataType::Interval(IntervalUnit::MonthDayNano),
            Form::Uuid => DataType::FixedSizeBinary(16),
            Form::Json | Form::Text => match self.strings {
                Strings::Utf8 => DataType::Utf8,
                Strings::Utf8View => DataType::Utf8View,
            },
            Form::List => match type_.element() {
                Some(element) => DataType::List(item(element, true, self)),
                None => DataType::Utf8,
            },
            Form::Struct => DataType::Struct(struct_fields(type_, self)),
            Form::Range => DataType::Struct(range_fields(type_, self)),
            Form::Map => DataType::Map(entries(self).0, false),
            Form::Multirange => DataType::List(ranges(type_, self)),
        }
    }
}

/// The field called `name`, with what it was in its metadata.
pub(super) fn field(name: &str, type_: &ColumnType, nullable: bool, options: &ArrowOptions) -> FieldRef {
    let mut metadata = HashMap::new();
    let mut say = |key: &str, value: &str| metadata.insert(key.to_owned(), value.to_owned());
    let type_name = if type_.name.is_empty() { oid::name_of(type_.oid) } else { Some(&*type_.name) };
    if let Some(type_name) = type_name {
        say(TYPE_KEY, type_name);
    }
    if type_.modifier != -1 {
        say(MODIFIER_KEY, itoa::Buffer::new().format(type_.modifier));
    }
    let extension = match Form::of(type_, options) {
        Form::Uuid => Some("arrow.uuid"),
        Form::Json => Some("arrow.json"),
        _ => None,
    };
    if let Some(extension) = extension {
        say(EXTENSION_NAME_KEY, extension);
        say(EXTENSION_METADATA_KEY, "");
    }
    Arc::new(Field::new(name, options.type_of(type_), nullable).with_metadata(metadata))
}

/// What a list holds.
pub(super) fn item(type_: &ColumnType, nullable: bool, options: &ArrowOptions) -> FieldRef {
    field(Field::LIST_FIELD_DEFAULT_NAME, type_, nullable, options)
}

/// A composite's fields; NULL is always possible.
pub(super) fn struct_fields(type_: &ColumnType, options: &ArrowOptions) -> Fields {
    let fields = type_.fields().unwrap_or_default();
    fields.iter().map(|each| field(&each.name, &each.type_, true, options)).collect()
}

/// A range's fields: a bound that is NULL is none.
pub(super) fn range_fields(type_: &ColumnType, options: &ArrowOptions) -> Fields {
    let bound = |name| type_.subtype().map(|subtype| field(name, subtype, true, options));
    let flag = |name| Arc::new(Field::new(name, DataType::Boolean, false));
    let flags = [flag("lower_inclusive"), flag("upper_inclusive"), flag("empty")];
    bound("lower").into_iter().chain(bound("upper")).chain(flags).collect()
}

/// What the list of a multirange holds.
pub(super) fn ranges(type_: &ColumnType, options: &ArrowOptions) -> FieldRef {
    let range = DataType::Struct(range_fields(type_, options));
    Arc::new(Field::new(Field::LIST_FIELD_DEFAULT_NAME, range, false))
}

/// What a map holds, by the names that Arrow's format recommends; and the fields of that.
pub(super) fn entries(options: &ArrowOptions) -> (FieldRef, Fields) {
    let text = || options.type_of(&ColumnType::built_in(oid::TEXT));
    let fields: Fields =
        [Field::new("key", text(), false), Field::new("value", text(), true)].into_iter().collect();
    (Arc::new(Field::new("entries", DataType::Struct(fields.clone()), false)), fields)
}
