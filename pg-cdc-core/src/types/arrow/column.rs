//! What each kind of column does, and why one may refuse a value.

use arrow_array::ArrayRef;
use arrow_schema::ArrowError;

use crate::types::encoded::Encoded;
use crate::types::{ColumnType, Flaw, Parsed, TypeError};

/// Values of one type, on their way to be an array.
pub(super) trait Column: Send + Sync {
    /// Appends a value; a column that refuses one is as it was.
    fn push(&mut self, type_: &ColumnType, value: Encoded<'_>) -> Result<(), Refused>;

    fn push_null(&mut self);

    fn len(&self) -> usize;

    /// Takes back what was appended behind the first `len`.
    fn truncate(&mut self, len: usize);

    /// The array of all that was appended; the column is empty then, also after an error.
    fn finish(&mut self, type_: &ColumnType) -> Result<ArrayRef, TypeError>;
}

/// Why a value was not appended.
#[derive(Debug)]
pub(super) enum Refused {
    /// It is not what its type says.
    Malformed(TypeError),
    /// Arrow's type can't hold it exactly.
    Inexact(TypeError),
}

impl Refused {
    pub(super) fn into_error(self) -> TypeError {
        match self {
            Self::Malformed(error) | Self::Inexact(error) => error,
        }
    }
}

/// Why a value was not read, before anyone knows of which type it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Why {
    Malformed(Flaw),
    /// What it is, and the smallest and the largest that could be held.
    Inexact(&'static str, i128, i128),
}

impl Why {
    #[cold]
    pub(super) fn of(self, type_: &ColumnType) -> Refused {
        match self {
            Self::Malformed(flaw) => Refused::Malformed(flaw.of(type_)),
            Self::Inexact(what, smallest, largest) => {
                Refused::Inexact(TypeError::outside(type_, what, smallest, largest))
            }
        }
    }
}

impl From<Flaw> for Why {
    fn from(flaw: Flaw) -> Self {
        Self::Malformed(flaw)
    }
}

/// What became of a walk over a value's parts, which ends where a part was refused.
pub(super) fn outcome(
    walked: Parsed<()>,
    refused: Option<Refused>,
    type_: &ColumnType,
) -> Result<(), Refused> {
    match refused {
        Some(refused) => Err(refused),
        None => walked.map_err(|flaw| Why::from(flaw).of(type_)),
    }
}

/// More than the offsets of Arrow's smaller layouts can count.
#[cold]
pub(super) fn too_large(type_: &ColumnType) -> Refused {
    let what = "is too much for one array of Arrow's: its offset";
    Refused::Malformed(TypeError::outside(type_, what, 0, i32::MAX.into()))
}

/// Parts that are not as Arrow says, which the columns see to that they are.
#[cold]
pub(super) fn not_an_array(_: ArrowError, type_: &ColumnType) -> TypeError {
    Flaw::new("can't be made an array of Arrow's").of(type_)
}
