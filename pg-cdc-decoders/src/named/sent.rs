//! What a plugin tells of a change.

use pg_cdc_core::TableName;
use pg_cdc_core::batch::Op;

use super::SentType;
use crate::TextEncoding;
use crate::cursor::Fault;

/// What a plugin does in general.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Rules {
    /// A column whose TOASTed value did not change is left out of an UPDATE's new row.
    pub(crate) omits_unchanged: bool,
    /// An UPDATE that did not write its old row has one all the same, which is made from the new one.
    pub(crate) makes_old_rows: bool,
    pub(crate) old_rows: OldRows,
    /// Of commit records only the ends are told.
    pub(crate) tells_commit_ends: bool,
}

/// Which columns an old row has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum OldRows {
    /// Those of the replica identity that are not NULL.
    WithoutNulls,
    /// Those of the replica identity.
    WithNulls,
    /// All; those that are not of the replica identity are NULL.
    All,
}

/// A change as it stands in a message.
pub(crate) trait SentChange {
    /// The bytes that name the table.
    fn table(&self) -> &[u8];

    /// What was done; not TRUNCATE.
    fn op(&self) -> Op;

    /// The bytes that say what the columns are declared as beyond their labels, where any do: where they are others than
    /// before, the catalog is asked again.
    fn declared(&self) -> &[u8] {
        &[]
    }

    /// Walks over the rows, up to the message's end.
    fn rows<C: SentColumns>(&self, columns: &mut C) -> Result<(), Fault>;

    /// What [`table`](Self::table) says.
    fn table_name(&self, text: &TextEncoding) -> Result<TableName, Fault>;

    /// What the label of a column says.
    fn column(&self, label: &[u8], text: &TextEncoding) -> Result<SentColumn, Fault>;
}

/// What a label says of a column.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct SentColumn {
    pub(crate) name: String,
    pub(crate) type_: SentType,
}

/// Who is told of a change's columns.
pub(crate) trait SentColumns {
    /// Columns of the old row follow.
    fn old_row(&mut self) -> Result<(), Fault>;

    /// Columns of the new row follow; before or after those of the old one.
    fn new_row(&mut self) -> Result<(), Fault>;

    /// The label that probably stands next; empty where nobody knows.
    fn expected(&self) -> &[u8];

    /// A column has `value`.
    fn value(&mut self, label: Label<'_>, value: SentValue) -> Result<(), Fault>;

    /// A column has a value that is no slice of the message: `make` appends it, in the form that `is_binary` says.
    fn made(
        &mut self,
        label: Label<'_>,
        is_binary: bool,
        make: impl FnOnce(&mut Vec<u8>) -> Result<(), Fault>,
    ) -> Result<(), Fault>;

    /// As [`made`](Self::made), of text that is UTF-8 whatever the database's encoding.
    fn made_utf8(&mut self, label: Label<'_>, make: impl FnOnce(&mut Vec<u8>)) -> Result<(), Fault>;
}

/// Which column.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Label<'a> {
    /// The one that was [expected](SentColumns::expected).
    Expected,
    /// The one labelled so.
    Read(&'a [u8]),
}

/// A value that is a slice of the message, or nothing. Offsets count from the message's start.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum SentValue {
    Null,
    Unchanged,
    Text { offset: usize, length: usize },
    Binary { offset: usize, length: usize },
}
