//! Tables and their columns.

use std::fmt;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

/// A table's schema and name, as PostgreSQL stores them (unquoted, case kept).
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct TableName {
    /// The schema (`pg_namespace.nspname`).
    pub schema: Arc<str>,
    /// The table (`pg_class.relname`).
    pub name: Arc<str>,
}

impl TableName {
    /// The table `name` in `schema`.
    pub fn new(schema: impl Into<Arc<str>>, name: impl Into<Arc<str>>) -> Self {
        Self { schema: schema.into(), name: name.into() }
    }

    /// `"schema"."name"`, every identifier quoted, to be put into SQL.
    #[must_use]
    pub fn to_sql(&self) -> String {
        format!("{}.{}", quote_identifier(&self.schema), quote_identifier(&self.name))
    }
}

/// `schema.name` as a person would write it, for messages.
impl fmt::Display for TableName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.schema, self.name)
    }
}

impl fmt::Debug for TableName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// `name` as an SQL identifier, always quoted.
///
/// ```
/// assert_eq!(pg_cdc_core::quote_identifier(r#"we"ird"#), r#""we""ird""#);
/// ```
#[must_use]
pub fn quote_identifier(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

/// `text` as an SQL string constant, right whatever `standard_conforming_strings` says.
///
/// ```
/// assert_eq!(pg_cdc_core::quote_literal("it's"), "'it''s'");
/// assert_eq!(pg_cdc_core::quote_literal(r"a\b"), r" E'a\\b'");
/// ```
#[must_use]
pub fn quote_literal(text: &str) -> String {
    let doubled = text.replace('\'', "''");
    if doubled.contains('\\') {
        format!(" E'{}'", doubled.replace('\\', "\\\\"))
    } else {
        format!("'{doubled}'")
    }
}

/// A column's type.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct ColumnType {
    /// `pg_type.oid`: fixed for built-in types, this database's own for all others.
    pub oid: u32,
    /// `pg_attribute.atttypmod`; -1 for none.
    pub modifier: i32,
    /// The name: bare for `pg_catalog` (`int4`), `schema.name` for others; empty where nobody told.
    pub name: Arc<str>,
}

impl ColumnType {
    /// The type `oid` called `name`, with its modifier (-1 for none).
    pub fn new(oid: u32, modifier: i32, name: impl Into<Arc<str>>) -> Self {
        Self { oid, modifier, name: name.into() }
    }
}

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
