//! Tables and their columns.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::TableName;
use crate::types::ColumnType;

/// A column of a [`Table`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Column {
    /// `pg_attribute.attname`.
    pub name: Arc<str>,
    /// Its type.
    #[serde(rename = "type")]
    pub type_: ColumnType,
    /// Whether NULL is allowed; `true` where nobody told.
    pub nullable: bool,
    /// Whether it is a stored generated column.
    pub generated: bool,
    /// Whether it is part of the replica identity: old rows hold it.
    pub identity: bool,
}

impl Column {
    /// A nullable column outside the replica identity.
    pub fn new(name: impl Into<Arc<str>>, type_: ColumnType) -> Self {
        Self { name: name.into(), type_, nullable: true, generated: false, identity: false }
    }
}

/// What of an old row the server writes to WAL (`pg_class.relreplident`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ReplicaIdentity {
    /// The primary key's columns.
    Default,
    /// The columns of a chosen unique index.
    Index,
    /// The whole row.
    Full,
    /// Nothing.
    Nothing,
}

impl ReplicaIdentity {
    /// Reads `pg_class.relreplident`: `d`, `i`, `f` or `n`.
    #[must_use]
    pub fn from_code(code: u8) -> Option<Self> {
        match code {
            b'd' => Some(Self::Default),
            b'i' => Some(Self::Index),
            b'f' => Some(Self::Full),
            b'n' => Some(Self::Nothing),
            _ => None,
        }
    }
}

/// One version of a table: immutable, shared, replaced by a new one when something about it changes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Table {
    /// `pg_class.oid`.
    pub oid: u32,
    /// Its name at the time.
    pub name: TableName,
    /// Its columns, those that are published or copied, in the table's order.
    pub columns: Vec<Column>,
    /// Indexes into `columns` of the key: the primary key in its own order, else the replica identity's index, else
    /// what the user named; empty for none.
    pub key: Vec<u16>,
    /// What old rows hold.
    pub identity: ReplicaIdentity,
}

impl Table {
    /// A table without a key.
    #[must_use]
    pub fn new(oid: u32, name: TableName, columns: Vec<Column>, identity: ReplicaIdentity) -> Self {
        Self { oid, name, columns, key: Vec::new(), identity }
    }

    /// The same table with the key columns at `key`.
    #[must_use]
    pub fn with_key(mut self, key: Vec<u16>) -> Self {
        self.key = key;
        self
    }

    /// The index of the column called `name`.
    #[must_use]
    pub fn column_index(&self, name: &str) -> Option<usize> {
        self.columns.iter().position(|column| &*column.name == name)
    }
}
