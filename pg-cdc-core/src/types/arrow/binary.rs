//! Bytes of any length, and of one.

use std::sync::Arc;

use arrow_array::{ArrayRef, BinaryArray, FixedSizeBinaryArray};
use arrow_buffer::{Buffer, NullBuffer, NullBufferBuilder, OffsetBuffer};

use super::column::{Column, Refused, Why, not_an_array, too_large};
use crate::types::encoded::Encoded;
use crate::types::{ColumnType, Parsed, PgUuid, TypeError, bytea};

/// A length as Arrow's offsets have it.
#[inline]
pub(super) fn offset(length: usize) -> Option<i32> {
    i32::try_from(length).ok()
}

/// Pieces of any length, one behind the other.
pub(super) struct Pieces {
    /// Where each begins, and where the last ends.
    offsets: Vec<i32>,
    bytes: Vec<u8>,
    validity: NullBufferBuilder,
}

impl Pieces {
    pub(super) fn new() -> Self {
        Self { offsets: vec![0], bytes: Vec::new(), validity: NullBufferBuilder::new(0) }
    }

    /// Appends what `write` appends.
    #[inline]
    pub(super) fn push(
        &mut self,
        type_: &ColumnType,
        write: impl FnOnce(&mut Vec<u8>) -> Parsed<()>,
    ) -> Result<(), Refused> {
        let start = self.bytes.len();
        let written = write(&mut self.bytes).map_err(|flaw| Why::from(flaw).of(type_));
        let end = written.and_then(|()| offset(self.bytes.len()).ok_or_else(|| too_large(type_)));
        match end {
            Ok(end) => {
                self.offsets.push(end);
                self.validity.append_non_null();
                Ok(())
            }
            Err(refused) => {
                self.bytes.truncate(start);
                Err(refused)
            }
        }
    }

    pub(super) fn push_null(&mut self) {
        self.offsets.push(self.offsets.last().copied().unwrap_or_default());
        self.validity.append_null();
    }

    pub(super) fn len(&self) -> usize {
        self.offsets.len() - 1
    }

    pub(super) fn truncate(&mut self, len: usize) {
        self.offsets.truncate(len + 1);
        let end = self.offsets.last().and_then(|&end| usize::try_from(end).ok());
        self.bytes.truncate(end.unwrap_or_default());
        self.validity.truncate(len);
    }

    pub(super) fn finish(&mut self) -> (OffsetBuffer<i32>, Buffer, Option<NullBuffer>) {
        let offsets = std::mem::replace(&mut self.offsets, vec![0]);
        let bytes = std::mem::take(&mut self.bytes);
        (OffsetBuffer::new(offsets.into()), Buffer::from_vec(bytes), self.validity.finish())
    }
}

/// `bytea`
pub(super) struct Binary(Pieces);

impl Binary {
    pub(super) fn new() -> Self {
        Self(Pieces::new())
    }
}

impl Column for Binary {
    fn push(&mut self, type_: &ColumnType, value: Encoded<'_>) -> Result<(), Refused> {
        self.0.push(type_, |out| match value {
            Encoded::Text(text) => bytea::read_text(text, out),
            Encoded::Binary(bytes) => {
                out.extend_from_slice(bytes);
                Ok(())
            }
        })
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
        let array = BinaryArray::try_new(offsets, bytes, nulls);
        Ok(Arc::new(array.map_err(|error| not_an_array(error, type_))?))
    }
}

/// `uuid`
pub(super) struct Uuids {
    values: Vec<[u8; 16]>,
    validity: NullBufferBuilder,
}

impl Uuids {
    pub(super) fn new() -> Self {
        Self { values: Vec::new(), validity: NullBufferBuilder::new(0) }
    }
}

impl Column for Uuids {
    fn push(&mut self, type_: &ColumnType, value: Encoded<'_>) -> Result<(), Refused> {
        let uuid = value.read(PgUuid::from_text, PgUuid::from_binary);
        self.values.push(*uuid.map_err(|flaw| Why::from(flaw).of(type_))?.as_bytes());
        self.validity.append_non_null();
        Ok(())
    }

    fn push_null(&mut self) {
        self.values.push([0; 16]);
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
        let values = Buffer::from_vec(std::mem::take(&mut self.values).into_flattened());
        let array = FixedSizeBinaryArray::try_new(16, values, self.validity.finish());
        Ok(Arc::new(array.map_err(|error| not_an_array(error, type_))?))
    }
}
