//! Arrow: a table's schema, and arrays that are filled straight from a batch, a column at a time.
//!
//! | PostgreSQL | Arrow |
//! | --- | --- |
//! | bool | Boolean |
//! | int2, int4, int8 | Int16, Int32, Int64 |
//! | oid | UInt32 |
//! | float4, float8 | Float32, Float64 |
//! | numeric(p, s) | Decimal128(p, s) up to 38 digits, Decimal256(p, s) up to 76 |
//! | numeric without a precision, or of more digits | Utf8 |
//! | text, varchar, bpchar, name, citext, enums, all types that are not listed | Utf8: PostgreSQL's text |
//! | bytea | Binary |
//! | date | Date32 |
//! | time | Time64(µs) |
//! | timestamp | Timestamp(µs) |
//! | timestamptz | Timestamp(µs, "UTC") |
//! | interval | Interval(MonthDayNano) |
//! | uuid | FixedSizeBinary(16) with the extension name `arrow.uuid` |
//! | json, jsonb | Utf8 with the extension name `arrow.json` |
//! | hstore | Map of Utf8 to Utf8, values nullable |
//! | arrays | List, elements nullable |
//! | composites | Struct, fields nullable |
//! | ranges | Struct of `lower`, `upper`, `lower_inclusive`, `upper_inclusive`, `empty` |
//! | multiranges | List of what the range is |
//! | domains | what their base is |
//!
//! Both of PostgreSQL's encodings give the same arrays. [`ArrowOptions`] says what else can be chosen: `Utf8View`,
//! arrays as text.
//!
//! A numeric whose scale is below zero has its zeros in the Decimal: numeric(3, -2) is Decimal128(5, 0), since other
//! readers of Arrow and Parquet know no negative scale. One whose scale is above its precision has as many digits as
//! its scale.
//!
//! An enum is no dictionary: each batch would have its own, which IPC files can't hold and every concatenation must
//! merge; as a view its label mostly stands in place and costs as little.
//!
//! # What Arrow can't hold
//!
//! Infinities of dates, timestamps and intervals, timestamps from the year 294247 on, 24:00:00, an interval whose time
//! is more than 292 years, NaN of a numeric with a precision,
//! arrays of more than one dimension or whose first index is not 1 (the type does not tell, only the value): each is an
//! error that names table, column, type and the range, or NULL with [`Inexact::Null`]. A range with such a bound
//! is NULL as a whole, since a bound that is NULL means that there is none.
//!
//! ```
//! use pg_cdc_core::types::arrow::arrow_array::{Array, cast::AsArray, types::TimestampMicrosecondType};
//! use pg_cdc_core::types::arrow::{ArrowOptions, ColumnBuilder, Inexact, arrow_type};
//! use pg_cdc_core::types::oid;
//! use pg_cdc_core::{ColumnType, Datum};
//!
//! let type_ = ColumnType::built_in(oid::TIMESTAMPTZ);
//! assert_eq!(arrow_type(&type_).to_string(), r#"Timestamp(µs, "UTC")"#);
//!
//! let mut options = ArrowOptions::default();
//! options.inexact = Inexact::Null;
//! let mut builder = ColumnBuilder::new(&type_, &options);
//! builder.append(Datum::Text(b"1970-01-01 00:00:01+00"))?;
//! builder.append(Datum::Text(b"infinity"))?;
//! let array = builder.finish()?;
//! assert_eq!(array.as_primitive::<TimestampMicrosecondType>().value(0), 1_000_000);
//! assert!(array.is_null(1));
//!
//! let mut builder = ColumnBuilder::new(&type_, &ArrowOptions::default());
//! let error = builder.append(Datum::Text(b"infinity")).unwrap_err().to_string();
//! assert!(error.starts_with("a value of type timestamptz is an infinity or beyond Arrow's microseconds"));
//! # Ok::<(), pg_cdc_core::types::TypeError>(())
//! ```

mod binary;
mod builder;
mod column;
mod decimal;
mod form;
mod list;
mod make;
mod map;
mod options;
mod primitive;
mod range;
mod record;
mod rows;
mod schema;
#[cfg(test)]
mod tests;
mod text;

pub use ::arrow_array;
pub use ::arrow_schema;
pub use builder::ColumnBuilder;
pub use options::{Arrays, ArrowOptions, Inexact, NotSent, Strings};
pub use rows::{Image, TableBuilder, batch_to_arrow};
pub use schema::{arrow_schema, arrow_type};
