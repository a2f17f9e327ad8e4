//! Text, in either of Arrow's layouts, and everything that has no better form than its text.

use std::sync::Arc;

use arrow_array::builder::make_view;
use arrow_array::{ArrayRef, StringArray, StringViewArray};
use arrow_buffer::{Buffer, NullBufferBuilder, ScalarBuffer};

use super::binary::{Pieces, offset};
use super::column::{Column, Refused, Why, not_an_array, too_large};
use crate::types::encoded::Encoded;
use crate::types::{ColumnType, Flaw, Kind, TypeError, text};

/// Text with offsets.
pub(super) struct Utf8(Pieces);

impl Utf8 {
    pub(super) fn new() -> Self {
        Self(Pieces::new())
    }
}

impl Column for Utf8 {
    #[inline]
    fn push(&mut self, type_: &ColumnType, value: Encoded<'_>) -> Result<(), Refused> {
        self.0.push(type_, |out| text::write(type_, value, out))
    }

    fn push_null(&mut self) {
        self.0.push_null();
    }

    fn len(&self) -> usize {
        self.0.len()
    }

    fn truncate(&mut self, len: usize) {
        self.0.truncate(len);
    }

    fn finish(&mut self, type_: &ColumnType) -> Result<ArrayRef, TypeError> {
        let (offsets, bytes, nulls) = self.0.finish();
        let array = StringArray::try_new(offsets.clone(), bytes.clone(), nulls);
        // All at once is faster; which value it was is looked for only when one is wrong.
        let array = array.map_err(|error| {
            let ends = offsets.windows(2).filter_map(|pair| {
                let [start, end] = pair else { return None };
                bytes.get(usize::try_from(*start).ok()?..usize::try_from(*end).ok()?)
            });
            not_utf8(ends, type_).unwrap_or_else(|| not_an_array(error, type_))
        })?;
        Ok(Arc::new(array))
    }
}

/// The error of the first value that is not UTF-8.
fn not_utf8<'a>(mut values: impl Iterator<Item = &'a [u8]>, type_: &ColumnType) -> Option<TypeError> {
    let error = values.find_map(|value| std::str::from_utf8(value).err())?;
    Some(Flaw::at(Flaw::NOT_UTF8, error.valid_up_to()).of(type_))
}

/// The longest text that stands in its view.
const IN_PLACE: usize = 12;

/// Text as views, the longer ones of which point into one buffer.
pub(super) struct Utf8View {
    views: Vec<u128>,
    long: Vec<u8>,
    validity: NullBufferBuilder,
}

impl Utf8View {
    pub(super) fn new() -> Self {
        Self { views: Vec::new(), long: Vec::new(), validity: NullBufferBuilder::new(0) }
    }
}

impl Column for Utf8View {
    #[inline]
    fn push(&mut self, type_: &ColumnType, value: Encoded<'_>) -> Result<(), Refused> {
        // Text in either encoding is its bytes: a short one goes straight into its view.
        if let (Kind::Text | Kind::Enum, Encoded::Text(text) | Encoded::Binary(text)) = (type_.kind(), value)
            && text.len() <= IN_PLACE
        {
            self.views.push(make_view(text, 0, 0));
            self.validity.append_non_null();
            return Ok(());
        }
        let start = self.long.len();
        if let Err(flaw) = text::write(type_, value, &mut self.long) {
            self.long.truncate(start);
            return Err(Why::from(flaw).of(type_));
        }
        let written = self.long.get(start..).unwrap_or_default();
        let in_place = written.len() <= IN_PLACE;
        // An offset counts in an i32, as does the length.
        let Some(at) = offset(start).filter(|_| offset(self.long.len()).is_some() || in_place) else {
            self.long.truncate(start);
            return Err(too_large(type_));
        };
        self.views.push(make_view(written, 0, at.unsigned_abs()));
        if in_place {
            self.long.truncate(start);
        }
        self.validity.append_non_null();
        Ok(())
    }

    fn push_null(&mut self) {
        self.views.push(0);
        self.validity.append_null();
    }

    fn len(&self) -> usize {
        self.views.len()
    }

    /// Text that no view is left for stays in the buffer.
    fn truncate(&mut self, len: usize) {
        self.views.truncate(len);
        self.validity.truncate(len);
    }

    fn finish(&mut self, type_: &ColumnType) -> Result<ArrayRef, TypeError> {
        let views = ScalarBuffer::from(std::mem::take(&mut self.views));
        let long = Buffer::from_vec(std::mem::take(&mut self.long));
        let nulls = self.validity.finish();
        let array = StringViewArray::try_new(views.clone(), vec![long.clone()], nulls);
        let array = array.map_err(|error| {
            let values = views.iter().map(|view| view.to_le_bytes());
            let error_of = |view: [u8; 16]| {
                let [l0, l1, l2, l3, text @ ..] = view;
                let length = usize::try_from(u32::from_le_bytes([l0, l1, l2, l3])).unwrap_or(usize::MAX);
                let [.., o0, o1, o2, o3] = text;
                let start = usize::try_from(u32::from_le_bytes([o0, o1, o2, o3])).unwrap_or(usize::MAX);
                let within = if length <= IN_PLACE {
                    text.get(..length)
                } else {
                    long.get(start..start.saturating_add(length))
                };
                not_utf8(within.into_iter(), type_)
            };
            values.map(error_of).find_map(|error| error).unwrap_or_else(|| not_an_array(error, type_))
        })?;
        Ok(Arc::new(array))
    }
}
