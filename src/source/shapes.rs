//! What of each table is read: the keys `tables.columns`, `rows`, `key` and `generated`, laid on the tables. Pure.

use std::collections::BTreeMap;
use std::sync::Arc;

use pg_cdc_core::catalog::{Pattern, TableInfo};
use pg_cdc_core::{Asked, Columns, Error, ErrorKind, Shape, State, TableName};

use super::selection::{Chosen, ancestors};
use crate::config::{ColumnsConfig, Generated, PublicationCreate, SnapshotMode, SourceConfig};

/// Publications have row filters since 15.
const ROW_FILTERS: u32 = 150_000;
/// Generated columns can be published since 18.
const GENERATED: u32 = 180_000;

/// What `source` asks for of its tables.
pub(crate) fn asked(source: &SourceConfig) -> Asked {
    let mut asked = Asked::default();
    let columns = |columns: &ColumnsConfig| match (&*columns.include, &*columns.exclude) {
        ([], []) => Columns::All,
        ([], exclude) => Columns::Except(exclude.to_vec()),
        (include, _) => Columns::Only(include.to_vec()),
    };
    asked.columns =
        source.tables.columns.iter().map(|(table, config)| (table.clone(), columns(config))).collect();
    asked.rows.clone_from(&source.tables.rows);
    asked.key.clone_from(&source.tables.key);
    asked.generated = source.tables.generated == Generated::Include;
    asked.via_root = source.publication.via_root;
    asked
}

/// Sees that the file asks for what its state was begun with.
pub(super) fn is_same(asked: &Asked, state: &State) -> Result<(), Error> {
    let begun = &state.asked;
    let key = if asked.columns != begun.columns {
        "tables.columns"
    } else if asked.rows != begun.rows {
        "tables.rows"
    } else if asked.key != begun.key {
        "tables.key"
    } else if asked.generated != begun.generated {
        "tables.generated"
    } else if asked.via_root != begun.via_root {
        "publication.via_root"
    } else {
        return Ok(());
    };
    Err(Error::new(
        ErrorKind::Mismatch,
        format!(
            "{key} is not what it was when the pipeline began: what was delivered since was made for that"
        ),
    )
    .with_hint(format!("set {key} back, or start over with `pg-cdc cleanup` or another name")))
}

/// Sees that the server can do what is asked for.
pub(super) fn is_possible(asked: &Asked, source: &SourceConfig, version: u32) -> Result<(), Error> {
    let refused =
        |what: String, hint: &'static str| Err(Error::new(ErrorKind::Unsupported, what).with_hint(hint));
    for (table, columns) in &source.tables.columns {
        if !columns.include.is_empty() && !columns.exclude.is_empty() {
            let what = format!("tables.columns: {table} has both include and exclude");
            return refused(what, "give one of the two");
        }
    }
    let publishes = source.snapshot.mode != SnapshotMode::Only;
    let found = version / 10_000;
    if !asked.rows.is_empty() && version < ROW_FILTERS {
        return refused(
            format!("tables.rows needs PostgreSQL 15, the server is {found}"),
            "publications have row filters since 15: leave tables.rows out",
        );
    }
    if !asked.rows.is_empty() && publishes && source.publication.create == PublicationCreate::AllTables {
        return refused(
            "tables.rows can't be had from a publication for all tables".to_owned(),
            "set publication.create: if_missing",
        );
    }
    let is_published = publishes && super::plugin::has_publications(source.plugin);
    if asked.generated && is_published && version < GENERATED {
        return refused(
            format!(
                "tables.generated: include needs PostgreSQL 18, which publishes generated columns; the server is {found}"
            ),
            "set tables.generated: omit",
        );
    }
    Ok(())
}

/// Lays what is asked for on all of the server's tables. What is said of a partitioned table holds for its partitions,
/// unless something is said of them.
///
/// # Errors
///
/// Where a key names no table, or a condition is none.
pub(super) fn lay(asked: &Asked, all: Vec<TableInfo>) -> Result<Vec<TableInfo>, Error> {
    let columns = by_name("tables.columns", &asked.columns)?;
    let rows = by_name("tables.rows", &asked.rows)?;
    let key = by_name("tables.key", &asked.key)?;
    let mut shapes = Vec::with_capacity(all.len());
    for table in &all {
        let mut shape = Shape::default().with_generated(asked.generated);
        if let Some(columns) = said_of(&all, table, &columns) {
            shape = shape.with_columns(columns.clone());
        }
        if let Some(key) = said_of(&all, table, &key) {
            shape = shape.with_key(key.clone());
        }
        if let Some(rows) = said_of(&all, table, &rows) {
            let name = &table.table.name;
            let filter = rows.parse().map_err(|error: pg_cdc_core::ParseRowFilterError| {
                Error::new(ErrorKind::Mismatch, format!("tables.rows of {name}: {error}")).with_hint(
                    "write one condition, without comments and semicolons, every parenthesis closed",
                )
            })?;
            shape = shape.with_rows(filter);
        }
        shapes.push(Arc::new(shape));
    }
    Ok(all.into_iter().zip(shapes).map(|(table, shape)| table.reshaped(&shape)).collect())
}

/// The entries of a key, with the table each names.
fn by_name<'a, T>(key: &str, entries: &'a BTreeMap<String, T>) -> Result<Vec<(Pattern, &'a T)>, Error> {
    let wrong = |what: String| {
        Error::new(ErrorKind::Mismatch, format!("{key}: {what}"))
            .with_hint("name each table once, as schema.table")
    };
    let mut named: Vec<(Pattern, &T)> = Vec::with_capacity(entries.len());
    for (text, entry) in entries {
        let pattern = text.parse::<Pattern>().ok().filter(Pattern::is_exact);
        let pattern = pattern.ok_or_else(|| wrong(format!("{text} does not name one table")))?;
        if named.iter().any(|(known, _)| *known == pattern) {
            return Err(wrong(format!("{pattern} is named twice")));
        }
        named.push((pattern, entry));
    }
    Ok(named)
}

/// What is said of `table`, or else of the nearest partitioned table above it.
fn said_of<'a, T>(all: &[TableInfo], table: &TableInfo, entries: &[(Pattern, &'a T)]) -> Option<&'a T> {
    let of =
        |name: &TableName| entries.iter().find(|(pattern, _)| pattern.matches(name)).map(|(_, entry)| *entry);
    std::iter::once(table).chain(ancestors(all, table)).find_map(|table| of(&table.table.name))
}

/// Sees that every table and column that is named is there and can be read so.
pub(super) fn check_names(
    asked: &Asked,
    all: &[TableInfo],
    chosen: &Chosen,
    via_root: bool,
) -> Result<(), Error> {
    let read_by = |key: &str, text: &str| read_by(key, text, all, chosen, via_root);
    for (text, columns) in &asked.columns {
        for table in read_by("tables.columns", text)? {
            check_columns(columns, asked.generated, table)?;
        }
    }
    for text in asked.rows.keys() {
        read_by("tables.rows", text)?;
    }
    for (text, key) in &asked.key {
        for table in read_by("tables.key", text)? {
            check_key(key, table)?;
        }
    }
    Ok(())
}

/// The selected tables that are meant by a name.
fn read_by<'a>(
    key: &str,
    text: &str,
    all: &[TableInfo],
    chosen: &'a Chosen,
    via_root: bool,
) -> Result<Vec<&'a TableInfo>, Error> {
    let Ok(pattern) = text.parse::<Pattern>() else { return Ok(Vec::new()) };
    let is_meant = |table: &&TableInfo| {
        pattern.matches(&table.table.name)
            || (!via_root && ancestors(all, table).any(|above| pattern.matches(&above.table.name)))
    };
    let meant: Vec<_> = chosen.tables.iter().filter(is_meant).collect();
    if !meant.is_empty() || chosen.left_out.iter().any(|name| pattern.matches(name)) {
        return Ok(meant);
    }
    let wrong = |what: &str, hint: &'static str| {
        Err(Error::new(ErrorKind::Mismatch, format!("{key} names {pattern}, {what}")).with_hint(hint))
    };
    match all.iter().find(|table| pattern.matches(&table.table.name)) {
        None => wrong("which is not there or can't be captured", "check the spelling and case"),
        Some(table) if table.partition_of.is_some() => wrong(
            "which is not read as itself: it is a partition",
            "name the partitioned table that it belongs to, or select the partition itself",
        ),
        Some(_) => wrong("which is not selected", "see tables.include and tables.exclude"),
    }
}

fn check_columns(columns: &Columns, generated: bool, table: &TableInfo) -> Result<(), Error> {
    let name = &table.table.name;
    let wrong = |what: String, hint: &'static str| {
        Err(Error::new(ErrorKind::Mismatch, format!("tables.columns: {what}")).with_hint(hint))
    };
    let is_include = matches!(columns, Columns::Only(_));
    for column in columns.names() {
        let is_virtual = table.virtual_columns.iter().any(|known| **known == **column);
        let known = table.whole.columns.iter().find(|known| *known.name == **column);
        match known {
            None if is_virtual && is_include => {
                return wrong(
                    format!("{name}.{column} is a virtual generated column, which is never read"),
                    "leave it out of the list",
                );
            }
            None if !is_virtual => {
                return wrong(
                    format!("{name}.{column} is not there"),
                    "check the spelling and case of the column",
                );
            }
            Some(known) if known.generated && is_include && !generated => {
                return wrong(
                    format!("{name}.{column} is a generated column"),
                    "set tables.generated: include, or leave it out of the list",
                );
            }
            _ => {}
        }
    }
    if table.table.columns.is_empty() && *columns != Columns::All {
        return wrong(format!("no column of {name} is left"), "leave the table out with tables.exclude");
    }
    Ok(())
}

fn check_key(key: &[String], table: &TableInfo) -> Result<(), Error> {
    let name = &table.table.name;
    let wrong = |what: String, hint: &'static str| {
        Err(Error::new(ErrorKind::Mismatch, format!("tables.key: {what}")).with_hint(hint))
    };
    if !table.whole.key.is_empty() {
        return wrong(
            format!("{name} has a primary key or an identity index, which is its key"),
            "leave the table out of tables.key",
        );
    }
    for (nth, column) in key.iter().enumerate() {
        if key.iter().take(nth).any(|before| before == column) {
            return wrong(format!("{name}.{column} is named twice"), "name each column once");
        }
        if table.table.column_index(column).is_none() {
            let is_there = table.whole.column_index(column).is_some();
            let what = if is_there { "is not read" } else { "is not there" };
            return wrong(
                format!("{name}.{column} {what}"),
                "a key is made of columns that are read: see tables.columns and the spelling and case",
            );
        }
    }
    if key.is_empty() {
        return wrong(format!("{name} is named without a column"), "name the columns of its key");
    }
    Ok(())
}
