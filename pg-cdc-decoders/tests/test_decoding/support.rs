//! Slots, and the catalog that a decoder asks.

use std::collections::HashMap;
use std::sync::Arc;

use bytes::Bytes;
use pg_cdc_core::batch::ChangeBatch;
use pg_cdc_core::catalog::{self, TableInfo};
use pg_cdc_core::{Decoder, Known, Lsn, Shape, TableFacts, TableName, Tables};
use pg_cdc_testkit::{Client, Cluster, Keeper};

pub(crate) async fn make_slot(client: &Client, slot: &str, plugin: &str) {
    let sql = format!("SELECT pg_create_logical_replication_slot('{slot}', '{plugin}')");
    client.batch_execute(&sql).await.unwrap();
}

pub(crate) async fn drop_slots(client: &Client, slots: &[String]) {
    for slot in slots {
        client.drop_slot(slot).await.unwrap();
    }
}

/// Everything that stands in a slot, as the SQL functions tell it.
pub(crate) async fn peek(client: &Client, slot: &str, options: &[(&str, &str)]) -> Vec<(Lsn, Bytes)> {
    let options: String = options.iter().map(|(name, value)| format!(", '{name}', '{value}'")).collect();
    let is_text = slot.starts_with("text");
    let function = if is_text { "changes" } else { "binary_changes" };
    let sql =
        format!("SELECT lsn::text, data FROM pg_logical_slot_peek_{function}('{slot}', NULL, NULL{options})");
    let rows = client.query(&sql, &[]);
    rows.await
        .unwrap()
        .iter()
        .map(|row| {
            let lsn: Lsn = row.get::<_, &str>(0).parse().unwrap();
            let data = match is_text {
                true => row.get::<_, &str>(1).as_bytes().to_vec(),
                false => row.get::<_, Vec<u8>>(1),
            };
            (lsn, data.into())
        })
        .collect()
}

/// The catalog of now: what is said of each table by its OID, its name of now and its name of `before`.
pub(crate) async fn tables(cluster: &Cluster, database: &str, before: &[TableInfo]) -> Tables {
    let client = catalog::connect(&cluster.url(database).parse().unwrap()).await.unwrap();
    let mut tables = Tables::from_catalog();
    let now = catalog::list_tables(&client, cluster.version_num()).await.unwrap();
    let known: HashMap<u32, Known> =
        now.iter().map(|info| (info.whole.oid, Known::Wanted(facts(info)))).collect();
    for info in before {
        // Where it was dropped since, what was known before is the best there is.
        let known = known.get(&info.whole.oid).cloned().unwrap_or_else(|| Known::Wanted(facts(info)));
        tables.insert_named(info.whole.name.clone(), known.clone());
        tables.insert(info.whole.oid, known);
    }
    for info in &now {
        let known = known[&info.whole.oid].clone();
        tables.insert_named(info.whole.name.clone(), known.clone());
        tables.insert(info.whole.oid, known);
        for column in &info.whole.columns {
            tables.insert_type(column.type_.clone());
        }
    }
    // The name between the two.
    if let Some(info) = now.iter().find(|info| &*info.whole.name.name == "renamed_since") {
        tables.insert_named(TableName::new("public", "renamed_since"), known[&info.whole.oid].clone());
    }
    tables
}

/// What is said of a table of which all but generated columns is wanted.
pub(crate) fn facts(info: &TableInfo) -> TableFacts {
    let mut facts = TableFacts::new(Arc::clone(&info.table), Lsn::ZERO);
    let left_out = info.whole.columns.iter().filter(|column| info.table.column_index(&column.name).is_none());
    facts.generated =
        left_out.clone().filter(|column| column.generated).map(|column| Arc::clone(&column.name)).collect();
    let virtual_columns = info.virtual_columns.iter().map(Arc::clone);
    facts.left_out = left_out.map(|column| Arc::clone(&column.name)).chain(virtual_columns).collect();
    facts.plain = info.plain_columns.clone();
    facts
}

/// What comes of `frames`.
pub(crate) fn decoded<D: Decoder>(
    decoder: D,
    tables: Tables,
    frames: &[(Lsn, Bytes)],
    is_routed: bool,
) -> ChangeBatch {
    let mut keeper = Keeper::new(decoder).with_tables(tables);
    for (lsn, data) in frames {
        let taken = if is_routed { keeper.take(*lsn, data) } else { keeper.decode(*lsn, data) };
        taken.unwrap_or_else(|error| panic!("{}: {error}", String::from_utf8_lossy(data)));
    }
    assert!(keeper.is_empty());
    keeper.batch
}

/// The catalog of now, where generated columns are wanted too.
pub(crate) async fn whole(cluster: &Cluster, database: &str) -> Tables {
    let client = catalog::connect(&cluster.url(database).parse().unwrap()).await.unwrap();
    let mut tables = Tables::from_catalog();
    for info in catalog::list_tables(&client, cluster.version_num()).await.unwrap() {
        let info = info.reshaped(&Arc::new(Shape::default().with_generated(true)));
        let mut facts = facts(&info);
        facts.shape = Arc::clone(&info.shape);
        tables.insert_named(info.whole.name.clone(), Known::Wanted(facts));
    }
    tables
}
