//! What COPY sends: rows, read onto the tape where they lie.
//!
//! Chapter "COPY" of PostgreSQL's documentation has the formats. In the protocol "messages sent from the backend will
//! always correspond to single data rows"; the header of the binary format stands in a message of its own or in front
//! of the first row, its trailer comes last.

mod binary;
mod text;

use std::fmt;
use std::ops::Range;
use std::sync::Arc;

use pg_cdc_core::batch::{BatchTable, BufferId, ChangeBatch, Op, TooLarge};
use pg_cdc_core::wire::CopyFormat;
use pg_cdc_core::{Error, ErrorKind, InvalidText, Lsn, Table, TableName};

use crate::plan::Encoding;

/// Reads one table's COPY, message by message. Nothing is allocated a row.
#[derive(Debug)]
pub struct CopyDecoder {
    table: TableName,
    encodings: Box<[Encoding]>,
    format: CopyFormat,
    stage: Stage,
    rows: u64,
    /// What is done with text that is none, and the table as its columns are.
    mends: Option<(InvalidText, Arc<Table>)>,
}

/// Where in the binary format we are; text is all rows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Stage {
    Header,
    Rows,
    Over,
}

/// Where a message's row goes: the batch, and what it knows of the row's buffer and table.
#[derive(Debug)]
pub struct Target<'a> {
    /// The batch.
    pub batch: &'a mut ChangeBatch,
    /// The buffer that the message lies in.
    pub buffer: BufferId,
    /// The table.
    pub table: BatchTable,
    /// The snapshot's point.
    pub point: Lsn,
}

impl CopyDecoder {
    /// For a COPY of `table` in `format`, whose columns travel as `encodings` say.
    #[must_use]
    pub fn new(table: TableName, format: CopyFormat, encodings: Box<[Encoding]>) -> Self {
        let stage = match format {
            CopyFormat::Text => Stage::Rows,
            CopyFormat::Binary => Stage::Header,
        };
        Self { table, encodings, format, stage, rows: 0, mends: None }
    }

    /// What is done with text that is not UTF-8 of a database in SQL_ASCII; `table` has the columns that are copied. By
    /// default it is left as it is, and is an error where somebody reads it. It is found in columns that travel as
    /// text.
    #[must_use]
    pub fn with_invalid_text(mut self, invalid: InvalidText, table: &Arc<Table>) -> Self {
        self.mends = (invalid != InvalidText::Error).then(|| (invalid, Arc::clone(table)));
        self
    }

    /// How many rows it has read.
    #[must_use]
    pub fn rows(&self) -> u64 {
        self.rows
    }

    /// Reads the message that lies at `payload` of `bytes`, the whole buffer that the target knows.
    ///
    /// After an error the batch is as it was before.
    ///
    /// # Errors
    ///
    /// [`NotARow::Full`] where the batch can't take the row: to be tried again with an empty one. Else
    /// [`NotARow::Malformed`], of kind `Protocol`, which names the table and the row.
    #[inline]
    pub fn message(
        &mut self,
        bytes: &[u8],
        payload: Range<usize>,
        target: Target<'_>,
    ) -> Result<(), NotARow> {
        let used = payload.len();
        let bytes =
            bytes.get(..payload.end).ok_or(Trouble::Truncated).map_err(|trouble| self.told(trouble))?;
        let (stage, start) = match self.format {
            CopyFormat::Text => (Stage::Rows, Some(payload.start)),
            CopyFormat::Binary => {
                binary::row_start(bytes, payload.start, self.stage).map_err(|trouble| self.told(trouble))?
            }
        };
        if let Some(start) = start {
            let mut writer = target.batch.write(target.buffer);
            writer.reserve(self.encodings.len());
            match self.format {
                CopyFormat::Text => text::row(bytes, start, self.encodings.len(), &mut writer),
                CopyFormat::Binary => binary::row(bytes, start, &self.encodings, &mut writer),
            }
            .and_then(|()| match &self.mends {
                Some((invalid, table)) => Ok(writer.mend(bytes, &table.columns, *invalid)?),
                None => Ok(()),
            })
            .and_then(|()| Ok(writer.finish(Op::Read, target.table, target.point, 0, used)?))
            .map_err(|trouble| self.told(trouble))?;
            self.rows += 1;
        }
        self.stage = stage;
        Ok(())
    }

    /// The COPY is over: says how many rows it had.
    ///
    /// # Errors
    ///
    /// Of kind `Protocol` where the end of the binary format is missing.
    pub fn finish(self) -> Result<u64, Error> {
        match (self.format, self.stage) {
            (CopyFormat::Binary, Stage::Header | Stage::Rows) => {
                Err(malformed(&self.table, self.rows, Trouble::NoTrailer))
            }
            _ => Ok(self.rows),
        }
    }

    #[cold]
    fn told(&self, trouble: Trouble) -> NotARow {
        match trouble {
            Trouble::TooLarge => NotARow::Full,
            trouble => NotARow::Malformed(malformed(&self.table, self.rows, trouble)),
        }
    }
}

/// Why a message gave no row.
#[derive(Debug)]
pub enum NotARow {
    /// The batch can't take it.
    Full,
    /// It is not what COPY sends.
    Malformed(Error),
}

fn malformed(table: &TableName, rows: u64, trouble: Trouble) -> Error {
    Error::new(ErrorKind::Protocol, format!("COPY of {table}, row {}: {trouble}", rows + 1))
}

/// What is wrong with a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Trouble {
    NoSignature,
    UnknownFlags(u32),
    Truncated,
    NegativeLength(i32),
    Columns { found: usize, expected: usize },
    BytesBehind,
    NoLineEnd,
    LoneBackslash,
    AfterTrailer,
    NoTrailer,
    TooLarge,
}

impl From<TooLarge> for Trouble {
    fn from(_: TooLarge) -> Self {
        Self::TooLarge
    }
}

impl fmt::Display for Trouble {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoSignature => f.write_str("the signature of the binary format is missing"),
            Self::UnknownFlags(flags) => write!(f, "the header has unknown critical flags {flags:#x}"),
            Self::Truncated => f.write_str("it ends too early"),
            Self::NegativeLength(length) => write!(f, "a value's length is {length}"),
            Self::Columns { found, expected } => write!(f, "it has {found} columns, expected {expected}"),
            Self::BytesBehind => f.write_str("there are bytes behind the last column"),
            Self::NoLineEnd => f.write_str("it does not end with a line break"),
            Self::LoneBackslash => f.write_str("a value ends with a lone backslash"),
            Self::AfterTrailer => f.write_str("there is data behind the trailer"),
            Self::NoTrailer => f.write_str("the trailer is missing"),
            Self::TooLarge => f.write_str("it is larger than a batch can be"),
        }
    }
}

#[cfg(test)]
mod tests;
