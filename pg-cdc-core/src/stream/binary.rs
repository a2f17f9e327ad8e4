//! Whether values can come in their binary form, which is one setting for the whole stream.

use std::fmt;

use crate::types::is_binary_known;
use crate::{Error, ErrorKind, Table, TableName};

/// What can't be had from its binary form.
#[derive(Debug, Clone, Copy)]
pub(super) struct Unmapped<'a> {
    pub(super) table: &'a TableName,
    /// The column; `None` where it had the type only once.
    pub(super) column: Option<&'a str>,
    pub(super) type_: &'a str,
}

impl<'a> Unmapped<'a> {
    /// The first column of `table` that can't be had so.
    pub(super) fn of(table: &'a Table) -> Option<Self> {
        let column = table.columns.iter().find(|column| !is_binary_known(&column.type_))?;
        Some(Self { table: &table.name, column: Some(&column.name), type_: &column.type_.name })
    }

    /// The error where binary values are asked for whatever comes.
    pub(super) fn refused(self) -> Error {
        Error::new(ErrorKind::Unsupported, format!("pgoutput.binary: true: {self}"))
            .with_hint("pgoutput.binary: auto takes text where it must; or leave the table out")
    }
}

impl fmt::Display for Unmapped<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "table {}", self.table)?;
        if let Some(column) = self.column {
            write!(f, ", column {column}")?;
        }
        write!(f, ": the binary form of type {} can't be mapped", self.type_)
    }
}

/// Sees that every column of `tables` can be had from its binary form.
///
/// # Errors
///
/// Of kind [`ErrorKind::Unsupported`], which names the first column that can't.
pub fn check_binary<'a>(tables: impl IntoIterator<Item = &'a Table>) -> Result<(), Error> {
    tables.into_iter().find_map(Unmapped::of).map_or(Ok(()), |unmapped| Err(unmapped.refused()))
}
