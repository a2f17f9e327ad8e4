//! Conditions on rows, as the server sees them. Nothing is made for it: they are prepared as parts of queries.

use pg_cdc_core::catalog::{TableInfo, TableKind};
use pg_cdc_core::{Error, ErrorKind, RowFilter, quote_identifier};

use super::Server;
use super::safety::{self, Problem};
use super::selection::{Chosen, holders};
use crate::config::WithoutKey;

/// Sees that the conditions of `chosen` are conditions, and deals with those that need columns which old rows do not
/// hold as `without_key` says.
pub(super) async fn check(
    server: &Server,
    all: &[TableInfo],
    chosen: &mut Chosen,
    rules: super::selection::Rules<'_>,
) -> Result<(), Error> {
    let mut left_out = Vec::new();
    for table in &chosen.tables {
        let Some(filter) = &table.shape.rows else { continue };
        let name = &table.table.name;
        if let Err(error) =
            server.client.prepare(&format!("SELECT FROM {} WHERE {}", from(table), filter.to_sql())).await
        {
            let error = Error::from(error);
            let is_server = error.kind() == ErrorKind::Server;
            let error =
                error.while_doing(format!("tables.rows: the server does not take the condition for {name}"));
            return Err(if is_server {
                error.with_hint("write one condition on the table's own columns, as behind WHERE")
            } else {
                error
            });
        }
        if !rules.publishes || chosen.inserts_only.contains(name) {
            continue;
        }
        let Some(problem) = beyond_identity(server, all, table, filter, rules.set_full).await? else {
            continue;
        };
        match rules.without_key {
            WithoutKey::InsertsOnly => chosen.inserts_only.push(name.clone()),
            WithoutKey::Ignore => left_out.push(name.clone()),
            WithoutKey::Error | WithoutKey::FullRow => chosen.problems.push(problem),
        }
    }
    chosen.tables.retain(|table| !left_out.contains(&table.table.name));
    chosen.left_out.append(&mut left_out);
    Ok(())
}

/// The table as it stands behind FROM.
fn from(table: &TableInfo) -> String {
    let only = if table.kind == TableKind::Ordinary { "ONLY " } else { "" };
    format!("{only}{}", table.table.name.to_sql())
}

/// Whether the condition needs columns that old rows do not hold: the server lets no UPDATE or DELETE pass then.
///
/// It is prepared on a query that has the identity's columns only.
async fn beyond_identity(
    server: &Server,
    all: &[TableInfo],
    table: &TableInfo,
    filter: &RowFilter,
    set_full: bool,
) -> Result<Option<Problem>, Error> {
    let holders = holders(all, table);
    let is_held = |name: &str| {
        let in_one = |holder: &&TableInfo| {
            set_full || holder.whole.columns.iter().any(|column| column.identity && *column.name == *name)
        };
        holders.iter().all(in_one)
    };
    let held = table.whole.columns.iter().filter(|column| is_held(&column.name));
    let columns: Vec<String> = held.map(|column| quote_identifier(&column.name)).collect();
    let sql = format!(
        "SELECT FROM (SELECT {} FROM {}) AS {} WHERE {}",
        columns.join(", "),
        from(table),
        quote_identifier(&table.table.name.name),
        filter.to_sql()
    );
    let Err(error) = server.client.prepare(&sql).await.map_err(Error::from) else { return Ok(None) };
    match error.sqlstate() {
        // undefined_column
        Some("42703") => Ok(Some(safety::filter_beyond_identity(table, &error.to_string()))),
        Some("42P01") => Err(error
            .while_doing(format!("tables.rows: the condition for {}", table.table.name))
            .with_hint("name the columns without the schema")),
        _ => Err(error.while_doing(format!("tables.rows: the condition for {}", table.table.name))),
    }
}

/// Whether two conditions on `table` are one to the server: what it makes of them, not how they are written.
pub(super) async fn is_same(
    server: &Server,
    table: &TableInfo,
    ours: &RowFilter,
    found: &str,
) -> Result<bool, Error> {
    let Ok(found) = found.parse::<RowFilter>() else { return Ok(false) };
    Ok(plan(server, table, ours).await? == plan(server, table, &found).await?)
}

/// The server's plan for reading the rows that fulfil `filter`: it has the condition as the server understands it.
async fn plan(server: &Server, table: &TableInfo, filter: &RowFilter) -> Result<Vec<String>, Error> {
    let sql = format!("EXPLAIN (VERBOSE, COSTS OFF) SELECT FROM {} WHERE {}", from(table), filter.to_sql());
    let rows = server.client.query(&sql, &[]).await?;
    rows.iter().map(|row| Ok(row.try_get(0)?)).collect()
}
