//! Tables made by hand.

use std::sync::Arc;

use pg_cdc_core::types::oid;
use pg_cdc_core::{Column, ColumnType, ReplicaIdentity, Table, TableName};

/// The OID of types that PostgreSQL does not bring itself, the first one an ordinary cluster would give.
const FIRST_USER_OID: u32 = 16_384;

/// Builds a [`Table`] column by column.
#[derive(Debug, Clone)]
pub struct TableMaker {
    oid: u32,
    name: TableName,
    columns: Vec<Column>,
    key: Vec<u16>,
    identity: ReplicaIdentity,
}

impl TableMaker {
    /// The table `name` in `schema`, without columns, with the default replica identity.
    #[must_use]
    pub fn new(schema: &str, name: &str) -> Self {
        Self {
            oid: FIRST_USER_OID,
            name: TableName::new(schema, name),
            columns: Vec::new(),
            key: Vec::new(),
            identity: ReplicaIdentity::Default,
        }
    }

    /// With the OID `oid` (`pg_class.oid`).
    #[must_use]
    pub fn oid(mut self, oid: u32) -> Self {
        self.oid = oid;
        self
    }

    /// A column of the primary key, in the key's order.
    #[must_use]
    pub fn key(mut self, name: &str, type_name: &str) -> Self {
        self.key.push(u16::try_from(self.columns.len()).unwrap_or(u16::MAX));
        let mut column = column(name, type_name);
        column.nullable = false;
        column.identity = true;
        self.columns.push(column);
        self
    }

    /// A column. `type_name` is PostgreSQL's (`int4`, `text`, `_int4`); any other name is a type of the user's.
    #[must_use]
    pub fn column(mut self, name: &str, type_name: &str) -> Self {
        self.columns.push(column(name, type_name));
        self
    }

    /// What old rows hold.
    #[must_use]
    pub fn identity(mut self, identity: ReplicaIdentity) -> Self {
        self.identity = identity;
        if identity == ReplicaIdentity::Full {
            self.columns.iter_mut().for_each(|column| column.identity = true);
        }
        self
    }

    /// The table.
    #[must_use]
    pub fn build(self) -> Arc<Table> {
        Arc::new(Table::new(self.oid, self.name, self.columns, self.identity).with_key(self.key))
    }
}

fn column(name: &str, type_name: &str) -> Column {
    let known = (1..FIRST_USER_OID).find(|&oid| oid::name_of(oid) == Some(type_name));
    Column::new(name, ColumnType::new(known.unwrap_or(FIRST_USER_OID), -1, type_name))
}
