//! `table S.T: INSERT: …`, `UPDATE`, `DELETE`: a change of one row.

use pg_cdc_core::TableName;
use pg_cdc_core::batch::Op;

use super::lexer::{Lexer, Literal, split, undouble, unquoted};
use crate::TextEncoding;
use crate::cursor::{Fault, What};
use crate::named::{Label, SentChange, SentColumn, SentColumns, SentType, SentValue};

/// A change of one row.
#[derive(Debug, Clone, Copy)]
pub(super) struct RowLine<'a> {
    pub(super) line: &'a [u8],
    pub(super) table: &'a [u8],
    pub(super) op: Op,
    /// Behind `INSERT:` and the like.
    pub(super) columns: Lexer<'a>,
    /// Whether `oid[oid]:` may be a column of the system (before 12).
    pub(super) has_oids: bool,
}

impl RowLine<'_> {
    /// ` name[type]:value …`, to the end, or to ` new-tuple:` where that may follow; says whether it did.
    #[inline(always)]
    fn columns<C: SentColumns>(
        &self,
        lexer: &mut Lexer<'_>,
        columns: &mut C,
        is_old: bool,
    ) -> Result<bool, Fault> {
        while !lexer.is_end() {
            lexer.expect(" ")?;
            let expected = columns.expected();
            let is_expected = !expected.is_empty() && lexer.take(expected);
            let label = if is_expected {
                Label::Expected
            } else if is_old && lexer.take(b"new-tuple:") {
                return Ok(true);
            } else {
                Label::Read(lexer.label()?)
            };
            match lexer.value()? {
                Literal::Plain { offset, length } => {
                    columns.value(label, SentValue::Text { offset, length })?;
                }
                Literal::Null => columns.value(label, SentValue::Null)?,
                Literal::Unchanged => columns.value(label, SentValue::Unchanged)?,
                Literal::Doubled { offset, length } => {
                    let text = self.line.get(offset..offset + length).unwrap_or_default();
                    columns.made(label, false, |out| {
                        undouble(text, b'\'', out);
                        Ok(())
                    })?;
                }
            }
        }
        Ok(false)
    }
}

impl SentChange for RowLine<'_> {
    #[inline]
    fn table(&self) -> &[u8] {
        self.table
    }

    #[inline]
    fn op(&self) -> Op {
        self.op
    }

    #[inline]
    fn rows<C: SentColumns>(&self, columns: &mut C) -> Result<(), Fault> {
        let mut lexer = self.columns;
        if self.op == Op::Delete {
            columns.old_row()?;
            return self.columns(&mut lexer, columns, false).map(drop);
        }
        if self.op == Op::Update && lexer.take(b" old-key:") {
            columns.old_row()?;
            if !self.columns(&mut lexer, columns, true)? {
                return Err(lexer.expected(" new-tuple:"));
            }
        }
        columns.new_row()?;
        self.columns(&mut lexer, columns, false).map(drop)
    }

    fn table_name(&self, text: &TextEncoding) -> Result<TableName, Fault> {
        table_name(self.table, text)
    }

    fn column(&self, label: &[u8], text: &TextEncoding) -> Result<SentColumn, Fault> {
        let label = label.strip_suffix(b"]:").unwrap_or(label);
        let (name, type_) = split(label, b'[').unwrap_or((label, &[]));
        let read = |bytes: &[u8], what| text.name_of(bytes).map_err(|_| Fault::new(0, What::NotUtf8(what)));
        let name = read(&unquoted(name), "a column's name")?;
        // A table that was made WITH OIDS shows them first; no other column may be called so.
        let is_system = self.has_oids && name == "oid" && type_ == b"oid";
        let printed = SentType::Printed(read(type_, "a type's name")?);
        Ok(SentColumn { name, type_: if is_system { SentType::System } else { printed } })
    }
}

/// The name that stands in a line as `schema.table`.
pub(super) fn table_name(sent: &[u8], text: &TextEncoding) -> Result<TableName, Fault> {
    let (schema, table) = split(sent, b'.').unwrap_or((&[], sent));
    let read = |part: &[u8]| {
        text.name_of(&unquoted(part)).map_err(|_| Fault::new(0, What::NotUtf8("a table's name")))
    };
    Ok(TableName::new(read(schema)?, read(table)?))
}
