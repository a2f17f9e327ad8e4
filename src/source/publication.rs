//! The publications of a pipeline: planned, checked, made.

use pg_cdc_core::catalog::{
    self, PlannedTable, Publication, PublicationPlan, PublishedOperations, PublishedTable, TableInfo,
    TableKind, create_publication_sql,
};
use pg_cdc_core::{Column, Error, ErrorKind, PublicationRecord, State, TableName, TableShape};

use super::selection::Chosen;
use super::{Server, row_filters};
use crate::config::{Generated, PipelineFile, PublicationConfig, PublicationCreate};

/// The longest name that PostgreSQL keeps whole.
const LONGEST_NAME: usize = 63;

/// TRUNCATE is decoded since 11.
const TRUNCATE: u32 = 110_000;

/// Column lists and row filters are published since 15.
const LISTS: u32 = 150_000;

/// The publications that `chosen` needs: one, and one more for tables of which only inserts are published.
pub(super) fn plan(file: &PipelineFile, chosen: &Chosen, version: u32) -> Vec<PublicationPlan> {
    let (name, config) = (file.publication_name(), &file.source.publication);
    let is_inserts_only = |table: &&TableInfo| chosen.inserts_only.contains(&table.table.name);
    let planned = |tables: Vec<&TableInfo>| {
        tables.iter().map(|table| planned(table, version)).collect::<Vec<PlannedTable>>()
    };
    let (inserts, all): (Vec<_>, Vec<_>) = chosen.tables.iter().partition(is_inserts_only);
    let make = |name: String, tables, operations| PublicationPlan {
        name,
        tables,
        operations,
        via_root: config.via_root,
        generated: file.source.tables.generated == Generated::Include,
    };
    if config.create == PublicationCreate::AllTables {
        return vec![make(name.to_owned(), None, PublishedOperations::All)];
    }
    let mut plans = Vec::new();
    if !all.is_empty() {
        plans.push(make(name.to_owned(), Some(planned(all)), PublishedOperations::All));
    }
    if !inserts.is_empty() {
        plans.push(make(inserts_name(name), Some(planned(inserts)), PublishedOperations::InsertsOnly));
    }
    plans
}

/// A table as it is published: columns and rows that are not read are left out by the server where it can.
fn planned(table: &TableInfo, version: u32) -> PlannedTable {
    let mut planned = PlannedTable::all_of(table.table.name.clone());
    if version >= LISTS {
        planned.filter.clone_from(&table.shape.rows);
        // A list of all columns would stand in the way of REPLICA IDENTITY FULL.
        if table.left_out().next().is_some() {
            planned.columns =
                Some(table.table.columns.iter().map(|column| column.name.to_string()).collect());
        }
    }
    planned
}

/// The name of the publication of inserts only.
pub(super) fn inserts_name(name: &str) -> String {
    const ENDING: &str = "_inserts";
    let mut end = name.len().min(LONGEST_NAME - ENDING.len());
    while !name.is_char_boundary(end) {
        end -= 1;
    }
    format!("{}{ENDING}", name.get(..end).unwrap_or_default())
}

/// Which of `plans` are there already, as records for the state; sees that those publish what they must, and that the
/// others may be made.
pub(super) async fn check(
    server: &Server,
    plans: &[PublicationPlan],
    config: &PublicationConfig,
    tables: &[TableInfo],
) -> Result<Vec<PublicationRecord>, Error> {
    let mut records = Vec::with_capacity(plans.len());
    for plan in plans {
        let found = catalog::find_publication(&server.client, server.system.version, &plan.name).await?;
        match &found {
            Some(found) => {
                covers(server, found, plan, tables).await?;
                if !found.publishes_truncate && server.system.version >= TRUNCATE {
                    tracing::warn!(publication = %found.name, "does not publish TRUNCATE: none will be seen");
                }
            }
            None if config.create == PublicationCreate::Never => {
                return Err(Error::new(
                    ErrorKind::Mismatch,
                    format!("publication {} is not there", plan.name),
                )
                .with_hint("make it, or set publication.create: if_missing"));
            }
            None => {}
        }
        records.push(PublicationRecord { name: plan.name.clone(), made: found.is_none() });
    }
    Ok(records)
}

/// Sees that the publications still publish the rows that the state was begun with, and warns of columns that were added
/// to a table behind its list.
pub(super) async fn check_again(server: &Server, state: &State) -> Result<(), Error> {
    let version = server.system.version;
    if state.shapes.is_empty() || version < LISTS {
        return Ok(());
    }
    for record in &state.publications {
        let Some(found) = catalog::find_publication(&server.client, version, &record.name).await? else {
            continue;
        };
        for TableShape { oid, shape } in &state.shapes {
            let Some(info) = catalog::table_by_oid(&server.client, version, *oid).await? else { continue };
            let info = info.reshaped(shape);
            let Some(table) = found.tables.iter().find(|table| table.name == info.table.name) else {
                continue;
            };
            let planned = planned(&info, version);
            same_rows(server, &found, table, &planned, &info).await?;
            if let Some(OtherColumns::Missing(column)) =
                table.columns.as_deref().and_then(|columns| other_columns(&info, columns))
            {
                tracing::warn!(
                    "publication {} does not publish column {column} of {}; to have its changes: {}",
                    found.name,
                    table.name,
                    set_anew(&found, &planned)
                );
            }
        }
    }
    Ok(())
}

/// The statements that set one table of a publication anew.
fn set_anew(found: &Publication, planned: &PlannedTable) -> String {
    let publication = pg_cdc_core::quote_identifier(&found.name);
    format!(
        "ALTER PUBLICATION {publication} DROP TABLE {}, then ALTER PUBLICATION {publication} ADD TABLE {}",
        planned.name.to_sql(),
        planned.to_sql()
    )
}

/// Sees that a table is published with the rows that are asked for.
async fn same_rows(
    server: &Server,
    found: &Publication,
    table: &PublishedTable,
    planned: &PlannedTable,
    info: &TableInfo,
) -> Result<(), Error> {
    let (what, hint) = match (&table.filter, &planned.filter) {
        (None, None) => return Ok(()),
        (Some(filter), None) => (
            format!("publishes only the rows of {} that fulfil {filter}", table.name),
            "say so in tables.rows; or ",
        ),
        (None, Some(filter)) => (format!("publishes all rows of {}, not those of {filter}", table.name), ""),
        (Some(filter), Some(asked)) => {
            if row_filters::is_same(server, info, asked, filter).await? {
                return Ok(());
            }
            (format!("publishes the rows of {} that fulfil {filter}, not {asked}", table.name), "")
        }
    };
    Err(Error::new(ErrorKind::Mismatch, format!("publication {} {what}", found.name))
        .with_hint(format!("{hint}{}{OTHERWISE}", set_anew(found, planned))))
}

const OTHERWISE: &str =
    "; or drop it (pg-cdc cleanup, if a pipeline made it), or choose another publication.name";

/// Whether a publication that is there publishes what `plan` needs.
async fn covers(
    server: &Server,
    found: &Publication,
    plan: &PublicationPlan,
    tables: &[TableInfo],
) -> Result<(), Error> {
    let wrong = |what: String, hint: String| {
        Err(Error::new(ErrorKind::Mismatch, format!("publication {} {what}", found.name)).with_hint(hint))
    };
    if plan.operations == PublishedOperations::All && !found.publishes_all_rows {
        return wrong(
            "does not publish all of insert, update and delete".to_owned(),
            format!(
                "ALTER PUBLICATION {} SET (publish = 'insert, update, delete, truncate')",
                pg_cdc_core::quote_identifier(&found.name)
            ),
        );
    }
    let partitioned = tables.iter().find(|table| table.kind == TableKind::Partitioned);
    if let Some(table) = partitioned.filter(|_| !found.via_root) {
        return wrong(
            format!("publishes partitions as themselves, {} is to be read as one table", table.table.name),
            format!(
                "ALTER PUBLICATION {} SET (publish_via_partition_root = true)",
                pg_cdc_core::quote_identifier(&found.name)
            ),
        );
    }
    let partition = tables.iter().find(|table| table.partition_of.is_some());
    if let Some(table) = partition.filter(|_| found.via_root && !plan.via_root) {
        return wrong(
            format!("publishes partitions as their root, {} is to be read as itself", table.table.name),
            format!(
                "ALTER PUBLICATION {} SET (publish_via_partition_root = false)",
                pg_cdc_core::quote_identifier(&found.name)
            ),
        );
    }
    let needed = plan.tables.as_deref().unwrap_or_default();
    let published = |name: &TableName| found.tables.iter().find(|table| table.name == *name);
    for planned in needed {
        let Some(info) = tables.iter().find(|info| info.table.name == planned.name) else { continue };
        let Some(table) = published(&planned.name) else { continue };
        let publication = pg_cdc_core::quote_identifier(&found.name);
        let anew = format!("{}{OTHERWISE}", set_anew(found, planned));
        same_rows(server, found, table, planned, info).await?;
        match table.columns.as_deref().and_then(|columns| other_columns(info, columns)) {
            None => {}
            Some(OtherColumns::Missing(column)) => {
                let generated =
                    info.whole.columns.iter().any(|known| known.generated && *known.name == *column);
                let hint = if generated {
                    format!(
                        "ALTER PUBLICATION {publication} SET (publish_generated_columns = stored); or {anew}"
                    )
                } else {
                    anew
                };
                return wrong(format!("publishes {} without its column {column}", table.name), hint);
            }
            Some(OtherColumns::Generated(column)) => {
                return wrong(
                    format!("publishes {} with its generated column {column}", table.name),
                    format!(
                        "set tables.generated: include, or ALTER PUBLICATION {publication} SET \
                         (publish_generated_columns = none); or {anew}"
                    ),
                );
            }
        }
    }
    let missing: Vec<&TableName> =
        needed.iter().map(|table| &table.name).filter(|name| published(name).is_none()).collect();
    match missing.first() {
        Some(first) => wrong(
            format!("is there and does not publish {first}{}", and_more(missing.len() - 1)),
            format!(
                "ALTER PUBLICATION {} ADD TABLE {}; or drop it (pg-cdc cleanup, if a pipeline made it), or leave the \
                 tables out",
                pg_cdc_core::quote_identifier(&found.name),
                needed
                    .iter()
                    .filter(|table| published(&table.name).is_none())
                    .map(PlannedTable::to_sql)
                    .collect::<Vec<_>>()
                    .join(", "),
            ),
        ),
        None => Ok(()),
    }
}

/// How the published columns differ from those that are read, where that matters.
enum OtherColumns<'a> {
    /// One that is read is not published.
    Missing(&'a str),
    /// A generated one is published and not read.
    Generated(&'a str),
}

/// Other columns may be published than are read: they are left out on our side.
fn other_columns<'a>(info: &'a TableInfo, published: &[String]) -> Option<OtherColumns<'a>> {
    let is_published = |name: &str| published.iter().any(|known| known == name);
    let missing = info.table.columns.iter().find(|column| !is_published(&column.name));
    let generated =
        |column: &&Column| column.generated && !info.shape.generated && is_published(&column.name);
    missing.map(|column| OtherColumns::Missing(&column.name)).or_else(|| {
        info.whole.columns.iter().find(generated).map(|column| OtherColumns::Generated(&column.name))
    })
}

fn and_more(count: usize) -> String {
    if count == 0 { String::new() } else { format!(" and {count} more") }
}

/// Makes those of `plans` that `records` says are to be made, each committed before this returns.
pub(super) async fn make(
    server: &Server,
    plans: &[PublicationPlan],
    records: &[PublicationRecord],
    pipeline: &str,
) -> Result<(), Error> {
    for plan in plans {
        if records.iter().any(|record| record.name == plan.name && record.made) {
            let sql = create_publication_sql(plan, server.system.version, pipeline);
            server.client.batch_execute(&sql).await.map_err(|error| not_made(error.into(), plan, &sql))?;
            tracing::info!(publication = %plan.name, "the publication is made");
        }
    }
    Ok(())
}

fn not_made(error: Error, plan: &PublicationPlan, sql: &str) -> Error {
    let denied = error.sqlstate() == Some("42501");
    let error = error.while_doing(format!("publication {} could not be made", plan.name));
    if denied {
        // The comment is what tells it as ours; it would not be.
        let make = sql.split("; COMMENT").next().unwrap_or(sql);
        return error.with_hint(format!(
            "the role needs CREATE on the database and must own the tables (for all tables: be a superuser); or let \
             their owner make it: {make}"
        ));
    }
    error
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_name_for_inserts_fits_and_stays_text() {
        assert_eq!(inserts_name("shop"), "shop_inserts");
        let long = "é".repeat(31) + "x";
        assert_eq!(inserts_name(&long).len(), 62);
        assert!(inserts_name(&"a".repeat(63)).len() <= LONGEST_NAME);
    }
}
