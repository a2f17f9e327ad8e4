//! Types of a fixed width.

use std::sync::Arc;

use arrow_array::types::ArrowPrimitiveType;
use arrow_array::{ArrayRef, BooleanArray, PrimitiveArray};
use arrow_buffer::{BooleanBufferBuilder, IntervalMonthDayNano, NullBufferBuilder};
use arrow_schema::DataType;

use super::column::{Column, Refused, Why, not_an_array};
use crate::types::encoded::Encoded;
use crate::types::{
    ColumnType, Flaw, Kind, PgDate, PgInterval, PgTime, PgTimestamp, PgTimestampTz, TypeError, boolean,
    float, integer,
};

/// What reads a value.
pub(super) trait Read<N>: Fn(Encoded<'_>) -> Result<N, Why> + Send + Sync + 'static {}

impl<N, F: Fn(Encoded<'_>) -> Result<N, Why> + Send + Sync + 'static> Read<N> for F {}

/// Values of a fixed width, read by `R`.
struct Primitive<T: ArrowPrimitiveType, R> {
    arrow: DataType,
    read: R,
    values: Vec<T::Native>,
    validity: NullBufferBuilder,
}

impl<T: ArrowPrimitiveType, R: Read<T::Native>> Column for Primitive<T, R> {
    #[inline]
    fn push(&mut self, type_: &ColumnType, value: Encoded<'_>) -> Result<(), Refused> {
        self.values.push((self.read)(value).map_err(|why| why.of(type_))?);
        self.validity.append_non_null();
        Ok(())
    }

    fn push_null(&mut self) {
        self.values.push(T::Native::default());
        self.validity.append_null();
    }

    fn len(&self) -> usize {
        self.values.len()
    }

    fn truncate(&mut self, len: usize) {
        self.values.truncate(len);
        self.validity.truncate(len);
    }

    fn finish(&mut self, type_: &ColumnType) -> Result<ArrayRef, TypeError> {
        let values = std::mem::take(&mut self.values);
        let array = PrimitiveArray::<T>::try_new(values.into(), self.validity.finish());
        let array = array.map_err(|error| not_an_array(error, type_))?;
        Ok(Arc::new(array.with_data_type(self.arrow.clone())))
    }
}

/// A column of `T`s.
pub(super) fn primitive<T: ArrowPrimitiveType>(
    arrow: DataType,
    read: impl Read<T::Native>,
) -> Box<dyn Column> {
    Box::new(Primitive::<T, _> { arrow, read, values: Vec::new(), validity: NullBufferBuilder::new(0) })
}

/// Reads one of the integers.
macro_rules! integer {
    ($name:ident, $native:ty, $kind:path) => {
        #[inline]
        pub(super) fn $name(value: Encoded<'_>) -> Result<$native, Why> {
            let value = value
                .read(|text| integer::from_text($kind, text), |bytes| integer::from_binary($kind, bytes))?;
            // What was read of the kind is in its range.
            <$native>::try_from(value).map_err(|_| Flaw::new("is out of the type's range").into())
        }
    };
}

integer!(int2, i16, Kind::Int2);
integer!(int4, i32, Kind::Int4);
integer!(int8, i64, Kind::Int8);
integer!(oid, u32, Kind::Oid);

#[inline]
pub(super) fn float4(value: Encoded<'_>) -> Result<f32, Why> {
    Ok(value.read(float::float4_from_text, float::float4_from_binary)?)
}

#[inline]
pub(super) fn float8(value: Encoded<'_>) -> Result<f64, Why> {
    Ok(value.read(float::float8_from_text, float::float8_from_binary)?)
}

/// Days since 1970.
#[inline]
pub(super) fn date(value: Encoded<'_>) -> Result<i32, Why> {
    let date = value.read(PgDate::from_text, PgDate::from_binary)?;
    let what = "is an infinity, beyond Arrow's days since 1970";
    date.days_since_1970().ok_or(Why::Inexact(what, i32::MIN.into(), i32::MAX.into()))
}

/// Microseconds since midnight.
#[inline]
pub(super) fn time(value: Encoded<'_>) -> Result<i64, Why> {
    /// The last of a day.
    const LAST: i64 = 86_399_999_999;
    let time = value.read(PgTime::from_text, PgTime::from_binary)?;
    match time.micros_since_midnight() {
        micros @ 0..=LAST => Ok(micros),
        _ => Err(Why::Inexact("is 24:00:00, beyond Arrow's microseconds since midnight", 0, LAST.into())),
    }
}

/// Reads one of the two timestamps: microseconds since 1970.
macro_rules! timestamp {
    ($name:ident, $own:ident) => {
        #[inline]
        pub(super) fn $name(value: Encoded<'_>) -> Result<i64, Why> {
            let timestamp = value.read($own::from_text, $own::from_binary)?;
            let what = "is an infinity or beyond Arrow's microseconds since 1970";
            timestamp.micros_since_1970().ok_or(Why::Inexact(what, i64::MIN.into(), i64::MAX.into()))
        }
    };
}

timestamp!(timestamp, PgTimestamp);
timestamp!(timestamptz, PgTimestampTz);

/// Months, days and nanoseconds.
pub(super) fn interval(value: Encoded<'_>) -> Result<IntervalMonthDayNano, Why> {
    let interval = value.read(PgInterval::from_text, PgInterval::from_binary)?;
    let nanos = interval.micros.checked_mul(1_000).filter(|_| interval.is_finite());
    let what = "is an infinity or has a time beyond Arrow's nanoseconds";
    let nanos = nanos.ok_or(Why::Inexact(what, i64::MIN.into(), i64::MAX.into()))?;
    Ok(IntervalMonthDayNano::new(interval.months, interval.days, nanos))
}

/// Booleans, a bit each.
pub(super) struct Booleans {
    values: BooleanBufferBuilder,
    validity: NullBufferBuilder,
}

impl Booleans {
    pub(super) fn new() -> Self {
        Self { values: BooleanBufferBuilder::new(0), validity: NullBufferBuilder::new(0) }
    }
}

impl Column for Booleans {
    fn push(&mut self, type_: &ColumnType, value: Encoded<'_>) -> Result<(), Refused> {
        let value = value.read(boolean::from_text, boolean::from_binary);
        self.values.append(value.map_err(|flaw| Why::from(flaw).of(type_))?);
        self.validity.append_non_null();
        Ok(())
    }

    fn push_null(&mut self) {
        self.values.append(false);
        self.validity.append_null();
    }

    fn len(&self) -> usize {
        self.values.len()
    }

    fn truncate(&mut self, len: usize) {
        self.values.truncate(len);
        self.validity.truncate(len);
    }

    fn finish(&mut self, _: &ColumnType) -> Result<ArrayRef, TypeError> {
        Ok(Arc::new(BooleanArray::new(self.values.finish(), self.validity.finish())))
    }
}
