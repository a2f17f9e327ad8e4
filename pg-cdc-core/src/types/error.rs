//! The error of a value that can't be read as asked.

use std::borrow::Cow;
use std::fmt;
use std::sync::Arc;

use super::ColumnType;
use crate::{InvalidText, TableName};

/// What is wrong with a value's bytes, before anyone knows whose they are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Flaw {
    pub(crate) what: &'static str,
    /// Where in the value's bytes; `None` where the whole of it is meant.
    pub(crate) offset: Option<usize>,
}

impl Flaw {
    pub(crate) const NOT_UTF8: &str = "is not valid UTF-8";

    pub(crate) const fn new(what: &'static str) -> Self {
        Self { what, offset: None }
    }

    pub(crate) const fn at(what: &'static str, offset: usize) -> Self {
        Self { what, offset: Some(offset) }
    }

    #[cold]
    pub(crate) fn of(self, type_: &ColumnType) -> TypeError {
        TypeError::new(type_, self)
    }

    #[cold]
    pub(crate) fn of_built_in(self, oid: u32) -> TypeError {
        self.of(&ColumnType::new(oid, -1, ""))
    }
}

/// The result of reading a value's bytes.
pub(crate) type Parsed<T> = Result<T, Flaw>;

/// A value that is not what its type says, or can't be had exactly as what was asked for.
///
/// It says the type, what was wrong, and where: the byte within the value, the range that was exceeded, and, once
/// [`in_column`](Self::in_column) told, the table and the column. It never holds the value itself.
#[derive(Clone, PartialEq, Eq)]
pub struct TypeError(Box<Inner>);

#[derive(Clone, PartialEq, Eq)]
struct Inner {
    oid: u32,
    type_name: Arc<str>,
    what: Cow<'static, str>,
    offset: Option<usize>,
    range: Option<(i128, i128)>,
    table: Option<TableName>,
    column: Option<Arc<str>>,
}

impl TypeError {
    #[cold]
    pub(crate) fn new(type_: &ColumnType, flaw: Flaw) -> Self {
        Self(Box::new(Inner {
            oid: type_.oid,
            type_name: type_.name.clone(),
            what: flaw.what.into(),
            offset: flaw.offset,
            range: None,
            table: None,
            column: None,
        }))
    }

    /// Whether it is this flaw, wherever in the value.
    pub(crate) fn is(&self, flaw: Flaw) -> bool {
        self.0.what == flaw.what
    }

    /// Says what the smallest and the largest possible value would have been.
    #[cold]
    pub(crate) fn outside(type_: &ColumnType, what: &'static str, smallest: i128, largest: i128) -> Self {
        let mut error = Self::new(type_, Flaw::new(what));
        error.0.range = Some((smallest, largest));
        error
    }

    /// What is wrong with it is known only at run time; what is said must not hold the value.
    #[cold]
    pub(crate) fn said(type_: &ColumnType, what: String) -> Self {
        let mut error = Self::new(type_, Flaw::new(""));
        error.0.what = what.into();
        error
    }

    /// There is no such column to read.
    #[cold]
    pub(crate) fn no_column(table: &TableName, column: &str) -> Self {
        Self::new(&ColumnType::new(0, -1, ""), Flaw::new("the table has no such column"))
            .in_column(table, column)
    }

    /// Something is wrong with a row of the table.
    #[cold]
    pub(crate) fn of_row(table: &TableName, what: impl Into<Cow<'static, str>>) -> Self {
        let mut error = Self::new(&ColumnType::new(0, -1, ""), Flaw::new(""));
        error.0.what = what.into();
        error.0.table = Some(table.clone());
        error
    }

    /// Says in which column of which table the value stands.
    #[must_use]
    pub fn in_column(mut self, table: &TableName, column: &str) -> Self {
        self.0.table = Some(table.clone());
        self.0.column = Some(column.into());
        self
    }

    /// The OID of the value's type.
    #[must_use]
    pub fn type_oid(&self) -> u32 {
        self.0.oid
    }

    /// The byte of the value at which the trouble was met, where one can be named.
    #[must_use]
    pub fn offset(&self) -> Option<usize> {
        self.0.offset
    }

    /// What the user can do about it, where there is something.
    #[must_use]
    pub fn hint(&self) -> Option<&'static str> {
        (self.0.what == Flaw::NOT_UTF8).then_some(InvalidText::HINT)
    }

    /// The table, where somebody told.
    #[must_use]
    pub fn table(&self) -> Option<&TableName> {
        self.0.table.as_ref()
    }

    /// The column, where somebody told.
    #[must_use]
    pub fn column(&self) -> Option<&str> {
        self.0.column.as_deref()
    }
}

impl fmt::Display for TypeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Inner { oid, type_name, what, offset, range, table, column } = &*self.0;
        match (table, column) {
            (Some(table), Some(column)) => write!(f, "table {table}, column {column}: ")?,
            (Some(table), None) => write!(f, "table {table}: ")?,
            (None, _) => {}
        }
        if *oid == 0 {
            return f.write_str(what);
        }
        f.write_str("a value of type ")?;
        match (&**type_name, super::oid::name_of(*oid)) {
            ("", Some(name)) => f.write_str(name)?,
            ("", None) => write!(f, "with OID {oid}")?,
            (name, _) => f.write_str(name)?,
        }
        write!(f, " {what}")?;
        if let Some((smallest, largest)) = range {
            write!(f, " ({smallest} to {largest})")?;
        }
        if let Some(offset) = offset {
            write!(f, ", at byte {offset}")?;
        }
        Ok(())
    }
}

impl fmt::Debug for TypeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "TypeError({self})")
    }
}

impl std::error::Error for TypeError {}
