//! Which version of each table is in use.

use std::collections::HashMap;
use std::sync::Arc;

use pg_cdc_core::{Table, TableName};

/// The versions of the tables in use.
#[derive(Debug, Default)]
pub(super) struct Versions {
    by_oid: HashMap<u32, Arc<Table>>,
    /// Those of which no OID is known: nobody can be asked.
    by_name: HashMap<TableName, Arc<Table>>,
}

impl Versions {
    pub(super) fn new(tables: impl IntoIterator<Item = Arc<Table>>) -> Self {
        let mut versions = Self::default();
        tables.into_iter().for_each(|table| drop(versions.insert(table)));
        versions
    }

    pub(super) fn get(&self, oid: u32, name: &TableName) -> Option<&Arc<Table>> {
        if oid == 0 { self.by_name.get(name) } else { self.by_oid.get(&oid) }
    }

    pub(super) fn insert(&mut self, table: Arc<Table>) -> Option<Arc<Table>> {
        if table.oid == 0 {
            self.by_name.insert(table.name.clone(), table)
        } else {
            self.by_oid.insert(table.oid, table)
        }
    }
}
