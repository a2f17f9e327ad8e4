//! Names of tables and the quoting of what stands in SQL.

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
