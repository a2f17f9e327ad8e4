//! The key `source.tables`: which tables, columns and rows.

use std::collections::BTreeMap;

use pg_cdc_core::catalog::Pattern;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::patterns;
use super::words::words;

/// Which tables, columns and rows are read.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
#[non_exhaustive]
pub struct TablesConfig {
    /// The tables; empty is all ordinary and partitioned logged tables that no extension owns.
    #[serde(with = "patterns")]
    #[schemars(schema_with = "patterns::schema")]
    pub include: Vec<Pattern>,
    /// Of those, the tables that are left out.
    #[serde(with = "patterns")]
    #[schemars(schema_with = "patterns::schema")]
    pub exclude: Vec<Pattern>,
    /// By table, the columns that are read or left out.
    pub columns: BTreeMap<String, ColumnsConfig>,
    /// By table, the condition that its rows fulfil.
    pub rows: BTreeMap<String, String>,
    /// By table, the key of tables without a primary key.
    pub key: BTreeMap<String, Vec<String>>,
    /// Whether stored generated columns are read.
    pub generated: Generated,
    /// What happens when a table appears later.
    pub on_unknown_table: OnUnknownTable,
    /// What happens to tables without a usable replica identity.
    pub without_key: WithoutKey,
    /// What happens to columns of types that have no mapping.
    pub unknown_types: UnknownTypes,
    /// Which tables are one with their children.
    pub collapse: Collapse,
}

/// The columns of a table that are read: those included, or all but those excluded.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
#[non_exhaustive]
pub struct ColumnsConfig {
    /// Only these.
    pub include: Vec<String>,
    /// All but these.
    pub exclude: Vec<String>,
}

words! {
    /// Whether stored generated columns are read.
    Generated {
        /// They are left out.
        #[default]
        Omit = "omit",
        /// They are read; refused where the whole path can't carry them.
        Include = "include",
    }
}

words! {
    /// What happens when a table appears after the start.
    OnUnknownTable {
        /// It is added and its rows are read.
        #[default]
        Add = "add",
        /// It is left out.
        Ignore = "ignore",
        /// The pipeline stops.
        Error = "error",
    }
}

words! {
    /// What happens to tables without a usable replica identity.
    WithoutKey {
        /// They are refused before anything is made.
        #[default]
        Error = "error",
        /// The whole row is the key; needs `REPLICA IDENTITY FULL`.
        FullRow = "full_row",
        /// Only inserts and truncates are published.
        InsertsOnly = "inserts_only",
        /// They are left out.
        Ignore = "ignore",
    }
}

words! {
    /// What happens to columns of types that have no mapping.
    UnknownTypes {
        /// They are PostgreSQL's text, with the type's name.
        #[default]
        Text = "text",
        /// They are left out.
        Ignore = "ignore",
        /// They are refused.
        Error = "error",
    }
}

words! {
    /// Which tables are one with their children.
    Collapse {
        /// None.
        None = "none",
        /// Partitioned tables.
        #[default]
        Partitions = "partitions",
        /// Partitioned tables and parents of inheritance.
        Inheritance = "inheritance",
    }
}
