//! The replayed tables against the source's own `row_to_json`.

use std::collections::{BTreeMap, BTreeSet};

use super::Replay;
use super::change::{Row, TableName};
use super::json::{Object, canonical};
use super::table::{Table, cut, project, show};
use crate::error::{Error, Result};
use crate::quote_ident;

/// What a column is, as far as a comparison cares.
struct Columns {
    names: Vec<String>,
    floats: BTreeSet<String>,
}

/// What of a table the lines are to hold.
#[derive(Debug, Clone, Copy, Default)]
#[non_exhaustive]
pub struct Part<'a> {
    /// These columns; `None` for all but generated ones.
    pub columns: Option<&'a [&'a str]>,
    /// The rows that fulfil this; `None` for all.
    pub rows: Option<&'a str>,
}

impl<'a> Part<'a> {
    /// These columns of all rows.
    pub fn columns(columns: &'a [&'a str]) -> Self {
        Self { columns: Some(columns), rows: None }
    }

    /// Of the rows that fulfil this.
    #[must_use]
    pub fn with_rows(mut self, rows: &'a str) -> Self {
        self.rows = Some(rows);
        self
    }
}

impl Replay {
    /// Reads the tables' keys from the source: needed before lines in Debezium's envelope.
    ///
    /// # Errors
    ///
    /// If the server refuses.
    pub async fn load_keys<T: Into<TableName>>(
        &mut self,
        client: &tokio_postgres::Client,
        tables: impl IntoIterator<Item = T>,
    ) -> Result<()> {
        for table in tables {
            let table = table.into();
            let sql = "SELECT a.attname::text FROM pg_catalog.pg_index i
                JOIN pg_catalog.pg_class c ON c.oid = i.indrelid JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
                JOIN pg_catalog.pg_attribute a ON a.attrelid = c.oid AND a.attnum = ANY (i.indkey)
                WHERE n.nspname = $1 AND c.relname = $2 AND i.indexrelid = (
                    SELECT k.indexrelid FROM pg_catalog.pg_index k WHERE k.indrelid = c.oid AND (k.indisprimary OR k.indisreplident)
                    ORDER BY k.indisprimary DESC LIMIT 1)";
            let rows = client.query(sql, &[&table.schema, &table.name]).await?;
            let names = rows.iter().map(|r| r.try_get(0)).collect::<Result<BTreeSet<String>, _>>()?;
            self.tables.entry(table).or_default().key = Some(names).filter(|n| !n.is_empty());
        }
        Ok(())
    }

    /// Compares with what the source's tables hold now, in one snapshot, and lists the differences in words.
    ///
    /// The values are those of `row_to_json` in a session with the settings that the contract's natural values name;
    /// numbers are compared by their digits (floats by value before PostgreSQL 12, which prints them otherwise).
    /// Generated columns are left out. The client's session keeps the settings.
    ///
    /// # Errors
    ///
    /// If a table is not there or the server refuses.
    pub async fn compare<T: Into<TableName>>(
        &self,
        client: &tokio_postgres::Client,
        tables: impl IntoIterator<Item = T>,
    ) -> Result<Vec<String>> {
        self.compare_parts(client, tables.into_iter().map(|table| (table, Part::default()))).await
    }

    /// As [`compare`](Self::compare), with a part of each table.
    ///
    /// # Errors
    ///
    /// As [`compare`](Self::compare).
    pub async fn compare_parts<T: Into<TableName>>(
        &self,
        client: &tokio_postgres::Client,
        tables: impl IntoIterator<Item = (T, Part<'_>)>,
    ) -> Result<Vec<String>> {
        let version: i32 =
            client.query_one("SELECT current_setting('server_version_num')::int", &[]).await?.try_get(0)?;
        let digits = if version < 120_000 { 3 } else { 1 };
        client
            .batch_execute(&format!(
                "SET TimeZone = 'UTC'; SET DateStyle = 'ISO'; SET IntervalStyle = 'postgres'; SET bytea_output = 'hex';
                 SET extra_float_digits = {digits}; SET search_path = ''; SET row_security = off;
                 BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY"
            ))
            .await?;
        let mut differences = Vec::new();
        let mut outcome = Ok(());
        for (table, part) in tables {
            outcome = self.compare_table(client, &table.into(), part, version, &mut differences).await;
            if outcome.is_err() {
                break;
            }
        }
        client.batch_execute("ROLLBACK").await?;
        outcome.map(|()| differences)
    }

    async fn compare_table(
        &self,
        client: &tokio_postgres::Client,
        name: &TableName,
        part: Part<'_>,
        version: i32,
        differences: &mut Vec<String>,
    ) -> Result<()> {
        let columns = columns(client, name, part.columns, version).await?;
        let condition = part.rows.unwrap_or("true");
        let list = columns.names.iter().map(|c| quote_ident(c)).collect::<Vec<_>>().join(", ");
        let (schema, table) = (quote_ident(&name.schema), quote_ident(&name.name));
        // The alias must not be a column's name, or it would mean the column.
        let sql = format!(
            "SELECT row_to_json(pg_cdc_testkit_row)::text FROM (SELECT {list} FROM {schema}.{table} WHERE {condition}) pg_cdc_testkit_row"
        );
        let mut source = Vec::new();
        for row in client.query(&sql, &[]).await? {
            source.push(parse(row.try_get(0)?, &columns, version)?);
        }
        let empty = Table::default();
        let replayed = self.tables.get(name).unwrap_or(&empty);
        let found = match &replayed.key {
            Some(key) => by_key(source, replayed, key, &columns, version),
            None => as_multiset(source, replayed, &columns, version),
        };
        let more = found.len().saturating_sub(20);
        differences.extend(found.into_iter().take(20).map(|d| format!("{name} {d}")));
        if more > 0 {
            differences.push(format!("{name} and {more} differences more"));
        }
        Ok(())
    }
}

async fn columns(
    client: &tokio_postgres::Client,
    table: &TableName,
    chosen: Option<&[&str]>,
    version: i32,
) -> Result<Columns> {
    let not_generated = if version < 120_000 || chosen.is_some() { "" } else { "AND a.attgenerated = ''" };
    let sql = format!(
        "SELECT a.attname::text, a.atttypid IN (700, 701) FROM pg_catalog.pg_attribute a
             JOIN pg_catalog.pg_class c ON c.oid = a.attrelid JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
         WHERE n.nspname = $1 AND c.relname = $2 AND a.attnum > 0 AND NOT a.attisdropped {not_generated}
         ORDER BY a.attnum"
    );
    let rows = client.query(&sql, &[&table.schema, &table.name]).await?;
    if rows.is_empty() {
        return Err(Error::Invalid(format!("the source has no table {table} with columns")));
    }
    let mut columns = Columns { names: Vec::new(), floats: BTreeSet::new() };
    for row in rows {
        let name: String = row.try_get(0)?;
        if chosen.is_some_and(|chosen| !chosen.contains(&&*name)) {
            continue;
        }
        if row.try_get(1)? {
            columns.floats.insert(name.clone());
        }
        columns.names.push(name);
    }
    Ok(columns)
}

fn parse(text: &str, columns: &Columns, version: i32) -> Result<Row> {
    let Object(entries) =
        serde_json::from_str(text).map_err(|e| Error::Invalid(format!("row_to_json gave {text}: {e}")))?;
    let values = entries.into_iter().map(|(name, value)| (name.into_owned(), canonical(value)));
    Ok(values.map(|(name, value)| even(name, value, columns, version)).collect())
}

/// Before 12 the server prints more digits than the shortest that tell a float apart.
fn even(name: String, value: String, columns: &Columns, version: i32) -> (String, String) {
    if version < 120_000
        && columns.floats.contains(&name)
        && let Ok(float) = value.parse::<f64>()
    {
        return (name, format!("{float:?}"));
    }
    (name, value)
}

fn evened(row: &Row, columns: &Columns, version: i32) -> Row {
    row.iter().map(|(n, v)| even(n.clone(), v.clone(), columns, version)).collect()
}

fn by_key(
    source: Vec<Row>,
    replayed: &Table,
    key: &BTreeSet<String>,
    columns: &Columns,
    version: i32,
) -> Vec<String> {
    let mut found = Vec::new();
    let mut left: BTreeMap<&Row, &Row> = replayed.rows.iter().collect();
    for row in source {
        // The key in the lines is not evened out: floats make poor keys, and are left as they are printed.
        let Some(key) = project(&row, key) else {
            found.push(format!("{}: the source has no column of the key", show(&row)));
            continue;
        };
        match left.remove(&key) {
            None => found.push(format!("{}: missing in the replay", show(&key))),
            Some(mine) => found.extend(row_differences(&key, &row, &evened(mine, columns, version))),
        }
    }
    found.extend(left.into_keys().map(|key| format!("{}: in the replay, not at the source", show(key))));
    found
}

fn row_differences(key: &Row, source: &Row, mine: &Row) -> Vec<String> {
    if source == mine {
        return Vec::new();
    }
    let names: BTreeSet<&String> = source.keys().chain(mine.keys()).collect();
    let said = |value: Option<&String>| value.map_or("absent".into(), |v| cut(v));
    let different = names.into_iter().filter(|n| source.get(*n) != mine.get(*n));
    different
        .map(|n| {
            format!(
                "{}: {n} is {} at the source, {} in the replay",
                show(key),
                said(source.get(n)),
                said(mine.get(n))
            )
        })
        .collect()
}

fn as_multiset(source: Vec<Row>, replayed: &Table, columns: &Columns, version: i32) -> Vec<String> {
    let mut counts: BTreeMap<Row, (u64, u64)> = BTreeMap::new();
    for row in source {
        counts.entry(row).or_default().0 += 1;
    }
    for (row, count) in &replayed.keyless {
        counts.entry(evened(row, columns, version)).or_default().1 += count;
    }
    counts.retain(|_, (source, mine)| source != mine);
    let differences = counts.iter().map(|(row, (source, mine))| {
        format!("{}: {source} times at the source, {mine} times in the replay", show(row))
    });
    differences.collect()
}
