//! Names as they stand in a line, escaped once a table.

use std::collections::HashMap;
use std::sync::Arc;

use pg_cdc_core::Table;
use pg_cdc_core::types::json::write_json_string;

/// Versions of tables that are remembered: more than a pipeline uses at a time, little memory.
const MOST_KEPT: usize = 1024;

/// A table's names as JSON.
pub(super) struct TableText {
    /// `,"schema":"public","table":"orders"`
    pub(super) place: Vec<u8>,
    /// `public.orders`, as Debezium names a data collection.
    pub(super) collection: String,
    names: Vec<u8>,
    ends: Vec<usize>,
    // Keeps the address that it is found by from being used again.
    _table: Arc<Table>,
}

impl TableText {
    fn new(table: &Arc<Table>) -> Self {
        let mut place = b",\"schema\":".to_vec();
        write_json_string(&table.name.schema, &mut place);
        place.extend_from_slice(b",\"table\":");
        write_json_string(&table.name.name, &mut place);
        let mut names = Vec::new();
        let mut ends = Vec::with_capacity(table.columns.len());
        for column in &table.columns {
            names.push(b',');
            write_json_string(&column.name, &mut names);
            names.push(b':');
            ends.push(names.len());
        }
        Self { place, collection: table.name.to_string(), names, ends, _table: Arc::clone(table) }
    }

    /// `,"name":` of the column at `index`.
    #[inline]
    pub(super) fn column(&self, index: usize) -> &[u8] {
        let start = index.checked_sub(1).and_then(|before| self.ends.get(before)).copied().unwrap_or(0);
        self.ends.get(index).and_then(|&end| self.names.get(start..end)).unwrap_or_default()
    }
}

/// The texts of the tables in use.
#[derive(Default)]
pub(super) struct TableTexts {
    texts: Vec<TableText>,
    found: HashMap<usize, usize>,
    last: Option<(usize, usize)>,
}

impl TableTexts {
    /// The text of `table`, made at the first call with this version of it.
    #[inline]
    pub(super) fn of(&mut self, table: &Arc<Table>) -> &TableText {
        let address = Arc::as_ptr(table).addr();
        let index = match self.last {
            Some((last, index)) if last == address => index,
            _ => self.find(table, address),
        };
        &self.texts[index]
    }

    fn find(&mut self, table: &Arc<Table>, address: usize) -> usize {
        if self.texts.len() >= MOST_KEPT && !self.found.contains_key(&address) {
            self.texts.clear();
            self.found.clear();
        }
        let texts = &mut self.texts;
        let index = *self.found.entry(address).or_insert_with(|| {
            texts.push(TableText::new(table));
            texts.len() - 1
        });
        self.last = Some((address, index));
        index
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use pg_cdc_core::{Column, ColumnType, ReplicaIdentity, TableName};

    fn table(name: &str) -> Arc<Table> {
        let column = |name: &str| Column::new(name, ColumnType::new(25, -1, "text"));
        let columns = vec![column("id"), column("sa\"y\n☕")];
        Arc::new(Table::new(1, TableName::new("public", name), columns, ReplicaIdentity::Default))
    }

    #[test]
    fn names_are_escaped() {
        let mut texts = TableTexts::default();
        let text = texts.of(&table("t\"\r\n"));
        assert_eq!(text.place, br#","schema":"public","table":"t\"\r\n""#);
        assert_eq!(text.column(0), br#","id":"#);
        assert_eq!(text.column(1), ",\"sa\\\"y\\n☕\":".as_bytes());
        assert_eq!(text.column(2), b"");
    }

    #[test]
    fn many_versions_of_tables_stay_apart_and_are_forgotten() {
        let mut texts = TableTexts::default();
        let tables: Vec<_> = (0..3000).map(|n| table(&format!("t{n}"))).collect();
        for _ in 0..2 {
            for (n, table) in tables.iter().enumerate() {
                assert_eq!(texts.of(table).collection, format!("public.t{n}"));
                assert_eq!(texts.of(table).collection, format!("public.t{n}"));
            }
        }
        assert!(texts.texts.len() <= MOST_KEPT);
    }
}
