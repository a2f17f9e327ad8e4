//! What a decoder is told of tables that it asks for.

use std::collections::HashMap;
use std::sync::Arc;

use pg_cdc_core::catalog::TableInfo;
use pg_cdc_core::{Known, Lsn, Shape, TableFacts, TableName, Tables};

/// The catalog of now: what is said of each table by its OID, its name of now and its name of `before`.
pub(crate) fn tables(now: &[TableInfo], before: &[TableInfo]) -> Tables {
    let mut tables = Tables::from_catalog();
    let known: HashMap<u32, Known> =
        now.iter().map(|info| (info.whole.oid, Known::Wanted(facts(info)))).collect();
    for info in before {
        // Where it was dropped since, what was known before is the best there is.
        let known = known.get(&info.whole.oid).cloned().unwrap_or_else(|| Known::Wanted(facts(info)));
        tables.insert_named(info.whole.name.clone(), known.clone());
        tables.insert(info.whole.oid, known);
    }
    for info in now {
        let known = known[&info.whole.oid].clone();
        tables.insert_named(info.whole.name.clone(), known.clone());
        tables.insert(info.whole.oid, known.clone());
        if &*info.whole.name.name == "renamed_since" {
            // The name between the two.
            tables.insert_named(TableName::new("public", "renamed_since"), known);
        }
        for column in &info.whole.columns {
            tables.insert_type(column.type_.clone());
        }
    }
    tables
}

/// What is said of a table of which all is wanted that `info` has.
pub(crate) fn facts(info: &TableInfo) -> TableFacts {
    let mut facts = TableFacts::new(Arc::clone(&info.table), Lsn::ZERO);
    let left_out = info.whole.columns.iter().filter(|column| info.table.column_index(&column.name).is_none());
    facts.generated =
        left_out.clone().filter(|column| column.generated).map(|column| Arc::clone(&column.name)).collect();
    let virtual_columns = info.virtual_columns.iter().map(Arc::clone);
    facts.left_out = left_out.map(|column| Arc::clone(&column.name)).chain(virtual_columns).collect();
    facts.plain = info.plain_columns.clone();
    facts.shape = Arc::clone(&info.shape);
    facts
}

/// The catalog of now, of tables of which another part is wanted.
pub(crate) fn reshaped(now: &[TableInfo], shape: Shape) -> Tables {
    let shape = Arc::new(shape);
    tables(&now.iter().map(|info| info.clone().reshaped(&shape)).collect::<Vec<_>>(), &[])
}
