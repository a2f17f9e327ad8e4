//! The publications of a pipeline: planned, checked, made.

use pg_cdc_core::catalog::{
    self, Publication, PublicationPlan, PublishedOperations, TableInfo, TableKind, create_publication_sql,
};
use pg_cdc_core::{Error, ErrorKind, PublicationRecord, TableName};

use super::Server;
use super::selection::Chosen;
use crate::config::{PublicationConfig, PublicationCreate};

/// The longest name that PostgreSQL keeps whole.
const LONGEST_NAME: usize = 63;

/// TRUNCATE is decoded since 11.
const TRUNCATE: u32 = 110_000;

/// The publications that `chosen` needs: one, and one more for tables of which only inserts are published.
pub(super) fn plan(name: &str, config: &PublicationConfig, chosen: &Chosen) -> Vec<PublicationPlan> {
    let is_inserts_only = |table: &&TableInfo| chosen.inserts_only.contains(&table.table.name);
    let names =
        |tables: Vec<&TableInfo>| tables.iter().map(|table| table.table.name.clone()).collect::<Vec<_>>();
    let (inserts, all): (Vec<_>, Vec<_>) = chosen.tables.iter().partition(is_inserts_only);
    let make = |name: String, tables, operations| PublicationPlan {
        name,
        tables,
        operations,
        via_root: config.via_root,
    };
    if config.create == PublicationCreate::AllTables {
        return vec![make(name.to_owned(), None, PublishedOperations::All)];
    }
    let mut plans = Vec::new();
    if !all.is_empty() {
        plans.push(make(name.to_owned(), Some(names(all)), PublishedOperations::All));
    }
    if !inserts.is_empty() {
        plans.push(make(inserts_name(name), Some(names(inserts)), PublishedOperations::InsertsOnly));
    }
    plans
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
                covers(found, plan, tables)?;
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

/// Whether a publication that is there publishes what `plan` needs.
fn covers(found: &Publication, plan: &PublicationPlan, tables: &[TableInfo]) -> Result<(), Error> {
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
    let needed = plan.tables.as_deref().unwrap_or_default();
    let published = |name: &TableName| found.tables.iter().find(|table| table.name == *name);
    for table in needed.iter().filter_map(published) {
        if let Some(filter) = &table.filter {
            return wrong(
                format!("publishes only the rows of {} that fulfil {filter}", table.name),
                "row filters are not supported yet: set the table anew without one, or choose another \
                 publication.name"
                    .to_owned(),
            );
        }
        let info = tables.iter().find(|info| info.table.name == table.name);
        if let (Some(columns), Some(info)) = (&table.columns, info)
            && let Some(what) = other_columns(info, columns)
        {
            return wrong(
                format!("publishes {} {what}", table.name),
                "column lists and generated columns are not supported yet: set the table anew without a list, and \
                 publish_generated_columns to none, or choose another publication.name"
                    .to_owned(),
            );
        }
    }
    let missing: Vec<&TableName> = needed.iter().filter(|name| published(name).is_none()).collect();
    match missing.first() {
        Some(first) => wrong(
            format!("is there and does not publish {first}{}", and_more(missing.len() - 1)),
            format!(
                "ALTER PUBLICATION {} ADD TABLE {}; or drop it (pg-cdc cleanup, if a pipeline made it), or leave the \
                 tables out",
                pg_cdc_core::quote_identifier(&found.name),
                missing.iter().map(|name| name.to_sql()).collect::<Vec<_>>().join(", "),
            ),
        ),
        None => Ok(()),
    }
}

/// How the published columns differ from those that are read.
fn other_columns(info: &TableInfo, published: &[String]) -> Option<String> {
    let wanted = &info.table.columns;
    let missing = wanted.iter().find(|column| !published.iter().any(|name| **name == *column.name));
    let extra = published.iter().find(|name| info.table.column_index(name).is_none());
    match (missing, extra) {
        (Some(column), _) => Some(format!("without its column {}", column.name)),
        (None, Some(name)) => Some(format!("with its generated column {name}")),
        (None, None) => None,
    }
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
