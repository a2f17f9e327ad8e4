//! Publications.

use std::fmt::Write as _;

use super::Client;
use super::client::unreadable;
use crate::{Error, RowFilter, TableName, quote_identifier, quote_literal};

/// What a publication publishes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PublishedOperations {
    /// Everything.
    All,
    /// INSERT and TRUNCATE only: for tables whose old rows can't be told.
    InsertsOnly,
}

/// A publication to be made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PublicationPlan {
    /// Its name.
    pub name: String,
    /// Its tables; `None` for all of the database.
    pub tables: Option<Vec<PlannedTable>>,
    /// What it publishes.
    pub operations: PublishedOperations,
    /// Whether changes of partitions are published as the root's (13+).
    pub via_root: bool,
    /// Whether stored generated columns are published (18+).
    pub generated: bool,
}

/// A table in a publication to be made.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct PlannedTable {
    /// Its name.
    pub name: TableName,
    /// The columns that are published; `None` for all (15+).
    pub columns: Option<Vec<String>>,
    /// The condition that published rows fulfil (15+).
    pub filter: Option<RowFilter>,
}

impl PlannedTable {
    /// All of the table called `name`.
    #[must_use]
    pub fn all_of(name: TableName) -> Self {
        Self { name, columns: None, filter: None }
    }

    /// As it stands in `FOR TABLE` and `ADD TABLE`.
    ///
    /// `ONLY`: inheritance children are tables of their own; on a partitioned table it means nothing.
    #[must_use]
    pub fn to_sql(&self) -> String {
        let mut sql = format!("ONLY {}", self.name.to_sql());
        if let Some(columns) = &self.columns {
            let columns: Vec<String> = columns.iter().map(|name| quote_identifier(name)).collect();
            let _ = write!(sql, " ({})", columns.join(", "));
        }
        if let Some(filter) = &self.filter {
            let _ = write!(sql, " WHERE {}", filter.to_sql());
        }
        sql
    }
}

/// A publication as it stands.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Publication {
    /// Its name.
    pub name: String,
    /// Whether it is for all tables.
    pub all_tables: bool,
    /// Whether it publishes INSERT, UPDATE and DELETE.
    pub publishes_all_rows: bool,
    /// Whether changes of partitions are published as the root's (13+).
    pub via_root: bool,
    /// Whether it publishes TRUNCATE (11+).
    pub publishes_truncate: bool,
    /// The tables it publishes (`pg_publication_tables`).
    pub tables: Vec<PublishedTable>,
    /// Its comment.
    pub comment: Option<String>,
}

/// A table in a publication.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct PublishedTable {
    /// Its name.
    pub name: TableName,
    /// The columns it is published with, where the server tells (15+).
    pub columns: Option<Vec<String>>,
    /// The condition that its published rows fulfil (15+).
    pub filter: Option<String>,
}

impl Publication {
    /// Whether `pipeline` made it.
    #[must_use]
    pub fn is_made_by(&self, pipeline: &str) -> bool {
        self.comment.as_deref() == Some(&*mark(pipeline))
    }
}

/// The comment on everything that a pipeline makes, by which it knows its own.
#[must_use]
pub fn mark(pipeline: &str) -> String {
    format!("made by pg-cdc pipeline {pipeline}")
}

/// The statements that make `plan`, and mark it as made by `pipeline`.
#[must_use]
pub fn create_publication_sql(plan: &PublicationPlan, version: u32, pipeline: &str) -> String {
    let name = quote_identifier(&plan.name);
    let mut sql = format!("CREATE PUBLICATION {name}");
    match &plan.tables {
        None => sql.push_str(" FOR ALL TABLES"),
        Some(tables) => {
            let tables: Vec<String> = tables.iter().map(PlannedTable::to_sql).collect();
            let _ = write!(sql, " FOR TABLE {}", tables.join(", "));
        }
    }
    let truncate = if version >= 110_000 { ", truncate" } else { "" };
    let operations = match plan.operations {
        PublishedOperations::All => "insert, update, delete",
        PublishedOperations::InsertsOnly => "insert",
    };
    let _ = write!(sql, " WITH (publish = '{operations}{truncate}'");
    if version >= 130_000 {
        let _ = write!(sql, ", publish_via_partition_root = {}", plan.via_root);
    }
    if plan.generated && version >= 180_000 {
        sql.push_str(", publish_generated_columns = stored");
    }
    let _ = write!(sql, "); COMMENT ON PUBLICATION {name} IS {}", quote_literal(&mark(pipeline)));
    sql
}

/// The publication called `name`.
///
/// # Errors
///
/// Where the session is broken.
pub async fn find_publication(
    client: &Client,
    version: u32,
    name: &str,
) -> Result<Option<Publication>, Error> {
    let via_root = if version >= 130_000 { "pubviaroot" } else { "false" };
    let truncate = if version >= 110_000 { "pubtruncate" } else { "false" };
    let sql = format!(
        "SELECT puballtables, pubinsert AND pubupdate AND pubdelete, \
         pg_catalog.obj_description(oid, 'pg_publication'), {via_root}, {truncate} \
         FROM pg_catalog.pg_publication WHERE pubname = $1"
    );
    let Some(row) = client.query_opt(&sql, &[&name]).await.map_err(unreadable)? else { return Ok(None) };
    let lists = if version >= 150_000 { "attnames::text[], rowfilter" } else { "NULL::text[], NULL::text" };
    let sql = format!(
        "SELECT schemaname::text, tablename::text, {lists} FROM pg_catalog.pg_publication_tables \
         WHERE pubname = $1 ORDER BY 1, 2"
    );
    let tables = client.query(&sql, &[&name]).await.map_err(unreadable)?;
    let tables = tables
        .iter()
        .map(|row| {
            Ok(PublishedTable {
                name: TableName::new(row.try_get::<_, &str>(0)?, row.try_get::<_, &str>(1)?),
                columns: row.try_get(2)?,
                filter: row.try_get(3)?,
            })
        })
        .collect::<Result<_, Error>>()?;
    Ok(Some(Publication {
        name: name.to_owned(),
        all_tables: row.try_get(0)?,
        publishes_all_rows: row.try_get(1)?,
        via_root: row.try_get(3)?,
        publishes_truncate: row.try_get(4)?,
        tables,
        comment: row.try_get(2)?,
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_quoted_and_options_fit_the_version() {
        let plan = PublicationPlan {
            name: "we\"ird".to_owned(),
            tables: Some(vec![
                PlannedTable::all_of(TableName::new("a", "b")),
                PlannedTable::all_of(TableName::new("c", "d e")),
            ]),
            operations: PublishedOperations::All,
            via_root: true,
            generated: false,
        };
        assert_eq!(
            create_publication_sql(&plan, 100_023, "shop"),
            "CREATE PUBLICATION \"we\"\"ird\" FOR TABLE ONLY \"a\".\"b\", ONLY \"c\".\"d e\" \
             WITH (publish = 'insert, update, delete'); \
             COMMENT ON PUBLICATION \"we\"\"ird\" IS 'made by pg-cdc pipeline shop'"
        );
        let inserts = PublicationPlan { tables: None, operations: PublishedOperations::InsertsOnly, ..plan };
        let sql = create_publication_sql(&inserts, 180_004, "shop");
        assert!(sql.contains(
            "FOR ALL TABLES WITH (publish = 'insert, truncate', publish_via_partition_root = true)"
        ));
        let generated = PublicationPlan { generated: true, ..inserts };
        let sql = create_publication_sql(&generated, 180_004, "shop");
        assert!(
            sql.contains("publish_via_partition_root = true, publish_generated_columns = stored)"),
            "{sql}"
        );
    }

    #[test]
    fn a_table_has_its_columns_and_its_rows_behind_it() {
        let planned = PlannedTable {
            columns: Some(vec!["id".to_owned(), "a\"b".to_owned()]),
            filter: "id > 5".parse().ok(),
            ..PlannedTable::all_of(TableName::new("a", "b"))
        };
        assert_eq!(planned.to_sql(), r#"ONLY "a"."b" ("id", "a""b") WHERE (id > 5)"#);
    }
}
