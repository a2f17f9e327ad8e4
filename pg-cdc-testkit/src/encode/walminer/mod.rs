//! walminer's statements, and the messages that its result becomes.
//!
//! They are printed as the extension prints them, by the rules of its published source: what is quoted, what is bare,
//! and which quotes are doubled depends on the version and on the column's type.

mod v1;
mod v3;

use bytes::Bytes;
use pg_cdc_core::walminer::{Message, MinedRow, Verb};
use pg_cdc_core::{Lsn, Table};

/// The PostgreSQL text of one column, or NULL.
pub type Value = Option<String>;

/// A change of one row; rows are as wide as their table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Change {
    /// The new row.
    Insert(Vec<Value>),
    /// The old row, the new one.
    Update(Vec<Value>, Vec<Value>),
    /// The old row.
    Delete(Vec<Value>),
}

/// A version of walminer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Dialect {
    /// Version 1.
    V1,
    /// Version 3. Where the table has a key, that is all that its WHERE has.
    V3,
}

impl Change {
    /// What it does.
    pub fn verb(&self) -> Verb {
        match self {
            Self::Insert(_) => Verb::Insert,
            Self::Update(..) => Verb::Update,
            Self::Delete(_) => Verb::Delete,
        }
    }

    /// The statement that walminer prints for it.
    pub fn statement(&self, dialect: Dialect, table: &Table) -> String {
        match dialect {
            Dialect::V1 => v1::statement(self, table),
            Dialect::V3 => v3::statement(self, table),
        }
    }
}

/// The message of a row of walminer's result.
///
/// # Panics
///
/// Where the table's name is longer than a message can hold.
pub fn row(table: &Table, verb: Verb, number: u32, statement: &[u8]) -> Bytes {
    let (schema, relation) = (&*table.name.schema, &*table.name.name);
    message(&Message::Row(MinedRow { verb, lsn: Lsn::ZERO, number, schema, relation, statement }))
}

/// The bytes of a message.
///
/// # Panics
///
/// Where a name is longer than a message can hold.
pub fn message(message: &Message<'_>) -> Bytes {
    let mut bytes = Vec::new();
    assert_eq!(message.write(&mut bytes), Ok(()), "a name is too long for a message");
    bytes.into()
}

fn columns<'a>(table: &'a Table, row: &'a [Value]) -> impl Iterator<Item = (&'a str, u32, &'a Value)> {
    table.columns.iter().zip(row).map(|(column, value)| (&*column.name, column.type_.oid, value))
}
