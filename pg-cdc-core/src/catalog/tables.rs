//! Tables, their columns, keys and replica identities.

use std::collections::HashMap;
use std::fmt;
use std::sync::Arc;

use tokio_postgres::Row;

use super::client::unreadable;
use super::{Client, TypeCatalog};
use crate::{Column, Error, ReplicaIdentity, Shape, Table, TableName, quote_literal};

/// What kind of relation a table is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TableKind {
    /// A table with rows of its own.
    Ordinary,
    /// A partitioned table: its rows are its partitions'.
    Partitioned,
}

/// A table as the catalog has it now.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct TableInfo {
    /// Name, columns, key and replica identity, in the [`shape`](Self::shape) in which it is read.
    pub table: Arc<Table>,
    /// What of it is read: all of it but generated columns, unless it was [reshaped](Self::reshaped).
    pub shape: Arc<Shape>,
    /// The table with all its columns that are stored, generated ones too.
    pub whole: Arc<Table>,
    /// Its virtual generated columns, which are never read.
    pub virtual_columns: Vec<Arc<str>>,
    /// Its columns whose values are never TOASTed: their types are of a fixed length, or have no storage but their own.
    pub plain_columns: Vec<Arc<str>>,
    /// What kind of relation it is.
    pub kind: TableKind,
    /// The table that it is a partition of.
    pub partition_of: Option<u32>,
    /// Whether a row-level security policy hides rows from us.
    pub row_security: bool,
    /// Whether we may read all its columns.
    pub readable: bool,
    /// Whether we may use its schema, without which nothing in it can be read.
    pub schema_usable: bool,
    /// `relfilenode` of every table that holds its rows: another number means that it was rewritten.
    pub filenodes: Vec<(u32, u32)>,
    /// The planner's estimate of its rows; below 0 where it was never analysed.
    pub rows: f32,
    /// Its size in bytes, partitions included.
    pub size: u64,
    /// Why an UPDATE or DELETE in it could not be published, if so.
    pub problem: Option<IdentityProblem>,
    /// Why that would be so if its replica identity were FULL.
    pub problem_when_full: Option<IdentityProblem>,
    /// What is wrong with its replica identity whatever of it is read.
    basic_problem: Option<IdentityProblem>,
    /// Whether the server looks at generated columns where the identity is FULL.
    full_is_checked: bool,
}

/// Why a table that publishes updates would make the application's UPDATE and DELETE fail.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum IdentityProblem {
    /// Its replica identity is the default one, and it has no primary key (or a deferrable one).
    NoPrimaryKey,
    /// Its replica identity is an index that is gone.
    NoIndex,
    /// Its replica identity is NOTHING.
    Nothing,
    /// Its replica identity holds generated columns, which are not published: PostgreSQL 18 refuses updates then, and
    /// before it the old rows lack what tells them apart.
    Generated,
    /// Columns of its replica identity are not among those that are read.
    LeftOut,
}

impl fmt::Display for IdentityProblem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::NoPrimaryKey => "it has no primary key and no other replica identity",
            Self::NoIndex => "the index that is its replica identity is gone",
            Self::Nothing => "its replica identity is NOTHING",
            Self::Generated => "its replica identity holds generated columns",
            Self::LeftOut => "the columns that are read leave some of its replica identity out",
        })
    }
}

/// Ordinary and partitioned logged tables that are not the system's nor an extension's.
const CANDIDATES: &str = "c.relkind IN ('r', 'p') AND c.relpersistence = 'p' \
     AND n.nspname <> 'information_schema' AND n.nspname !~ '^pg_' \
     AND NOT EXISTS (SELECT FROM pg_catalog.pg_depend d \
                     WHERE d.classid = 'pg_catalog.pg_class'::regclass AND d.objid = c.oid AND d.deptype = 'e')";

/// All tables that can be captured: ordinary and partitioned, logged, not the system's, not an extension's.
///
/// # Errors
///
/// Where the session is broken.
pub async fn list_tables(client: &Client, version: u32) -> Result<Vec<TableInfo>, Error> {
    load(client, version, CANDIDATES, MEASURED_SIZE).await
}

/// The table `oid`, whatever kind of table it is; `None` where it is gone.
///
/// It takes no lock on the table, so that whoever holds one in another session can ask: its size is the planner's,
/// 0 where it was never analysed.
///
/// # Errors
///
/// Where the session is broken.
pub async fn table_by_oid(client: &Client, version: u32, oid: u32) -> Result<Option<TableInfo>, Error> {
    let filter = format!("c.relkind IN ('r', 'p') AND c.oid = {oid}");
    Ok(load(client, version, &filter, PLANNERS_SIZE).await?.pop())
}

/// The table called `name` now, otherwise as [`table_by_oid`].
///
/// # Errors
///
/// Where the session is broken.
pub async fn table_by_name(
    client: &Client,
    version: u32,
    name: &TableName,
) -> Result<Option<TableInfo>, Error> {
    let (schema, table) = (quote_literal(&name.schema), quote_literal(&name.name));
    let filter = format!("c.relkind IN ('r', 'p') AND n.nspname = {schema} AND c.relname = {table}");
    Ok(load(client, version, &filter, PLANNERS_SIZE).await?.pop())
}

/// The bytes of the table `r` now. It opens the table, and so waits behind those who wait to lock it.
const MEASURED_SIZE: &str = "pg_catalog.pg_relation_size(r.oid)";
/// The bytes of the table `r` when it was last vacuumed or analysed.
const PLANNERS_SIZE: &str = "r.relpages * pg_catalog.current_setting('block_size')::bigint";

/// `(oid, relfilenode)` of every table that holds rows of `oid`: itself, or a partitioned table's partitions. Rows of
/// a table whose numbers differ between two looks were rewritten in between.
///
/// # Errors
///
/// Where the session is broken.
pub async fn filenodes(client: &Client, oid: u32) -> Result<Vec<(u32, u32)>, Error> {
    let row = client.query_one(&format!("SELECT {}", filenodes_sql(&oid.to_string())), &[]).await?;
    read_filenodes(&row, 0)
}

/// An array of OIDs: relation, filenode, relation, filenode, …, in order of the relations.
fn filenodes_sql(oid: &str) -> String {
    format!(
        "(WITH RECURSIVE part AS (SELECT {oid}::oid AS oid UNION ALL \
           SELECT i.inhrelid FROM pg_catalog.pg_inherits i JOIN part ON part.oid = i.inhparent \
           JOIN pg_catalog.pg_class p ON p.oid = i.inhparent AND p.relkind = 'p') \
         SELECT coalesce(pg_catalog.array_agg(pair ORDER BY part.oid, nth), '{{}}') FROM part \
         JOIN pg_catalog.pg_class r ON r.oid = part.oid AND r.relkind = 'r', \
         LATERAL (VALUES (1, r.oid), (2, r.relfilenode)) AS pairs (nth, pair))"
    )
}

fn read_filenodes(row: &Row, column: usize) -> Result<Vec<(u32, u32)>, Error> {
    let flat: Vec<u32> = row.try_get(column)?;
    Ok(flat.chunks_exact(2).filter_map(|pair| Some((*pair.first()?, *pair.get(1)?))).collect())
}

async fn load(client: &Client, version: u32, filter: &str, size: &str) -> Result<Vec<TableInfo>, Error> {
    let tables = format!(
        "SELECT c.oid, n.nspname::text, c.relname::text, c.relkind, c.relreplident, \
         (SELECT i.inhparent FROM pg_catalog.pg_inherits i WHERE c.relispartition AND i.inhrelid = c.oid), \
         pg_catalog.row_security_active(c.oid), c.reltuples, {}, \
         (WITH RECURSIVE part AS (SELECT c.oid UNION ALL SELECT i.inhrelid FROM pg_catalog.pg_inherits i \
            JOIN part ON part.oid = i.inhparent WHERE c.relkind = 'p') \
          SELECT pg_catalog.sum({size})::bigint FROM part JOIN pg_catalog.pg_class r ON r.oid = part.oid), \
         pg_catalog.has_table_privilege(c.oid, 'SELECT'), pg_catalog.has_schema_privilege(n.oid, 'USAGE') \
         FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace \
         WHERE {filter} ORDER BY 2, 3",
        filenodes_sql("c.oid")
    );
    let rows = client.query(&tables, &[]).await.map_err(unreadable)?;
    let oids: Vec<u32> = rows.iter().map(|row| row.try_get(0)).collect::<Result<_, _>>()?;
    let mut columns = load_columns(client, version, &oids).await?;
    let mut indexes = load_indexes(client, version, &oids).await?;
    rows.iter()
        .map(|row| {
            let oid = row.try_get(0)?;
            let columns = columns.remove(&oid).unwrap_or_default();
            table_info(version, row, columns, &indexes.remove(&oid).unwrap_or_default())
        })
        .collect()
}

/// A column of the catalog.
struct NumberedColumn {
    /// Its `attnum`.
    number: i16,
    column: Column,
    /// Whether it is a virtual generated column (18+).
    is_virtual: bool,
    /// Whether its type has values that may be TOASTed. What the column's own storage is says only what is done with
    /// new values.
    is_toastable: bool,
}

async fn load_columns(
    client: &Client,
    version: u32,
    oids: &[u32],
) -> Result<HashMap<u32, Vec<NumberedColumn>>, Error> {
    let generated = if version >= 120_000 { "a.attgenerated" } else { "''::\"char\"" };
    let sql = format!(
        "SELECT a.attrelid, a.attnum, a.attname::text, a.atttypid, a.atttypmod, a.attnotnull, \
         {generated} <> ''::\"char\", {generated} = 'v'::\"char\", a.attlen = -1 AND t.typstorage <> 'p'::\"char\" \
         FROM pg_catalog.pg_attribute a JOIN pg_catalog.pg_type t ON t.oid = a.atttypid \
         WHERE a.attrelid = ANY ($1) AND a.attnum > 0 AND NOT a.attisdropped ORDER BY a.attrelid, a.attnum"
    );
    let rows = client.query(&sql, &[&oids]).await.map_err(unreadable)?;
    let types: Vec<u32> = rows.iter().map(|row| row.try_get(3)).collect::<Result<_, _>>()?;
    let types = TypeCatalog::load(client, version, &types).await?;
    let mut columns: HashMap<u32, Vec<NumberedColumn>> = HashMap::new();
    for row in rows {
        let type_ = types.column_type(row.try_get(3)?, row.try_get(4)?);
        let mut column = Column::new(row.try_get::<_, &str>(2)?, type_);
        column.nullable = !row.try_get::<_, bool>(5)?;
        column.generated = row.try_get(6)?;
        let (is_virtual, is_toastable) = (row.try_get(7)?, row.try_get(8)?);
        let column = NumberedColumn { number: row.try_get(1)?, column, is_virtual, is_toastable };
        columns.entry(row.try_get(0)?).or_default().push(column);
    }
    Ok(columns)
}

/// The indexes that matter for a key: column numbers, in the index's order.
#[derive(Default)]
struct Indexes {
    primary: Option<Vec<i16>>,
    /// Whether the primary key is checked at once: a deferrable one is no replica identity.
    immediate: bool,
    identity: Option<Vec<i16>>,
}

async fn load_indexes(client: &Client, version: u32, oids: &[u32]) -> Result<HashMap<u32, Indexes>, Error> {
    // INCLUDE columns (11+) stand behind the key's.
    let count = if version >= 110_000 { "i.indnkeyatts" } else { "i.indnatts" };
    let sql = format!(
        "SELECT i.indrelid, i.indisprimary, i.indisreplident, i.indimmediate, \
         (SELECT pg_catalog.array_agg(k ORDER BY o) FROM pg_catalog.unnest(i.indkey::int2[]) \
            WITH ORDINALITY AS u (k, o) WHERE o <= {count}) \
         FROM pg_catalog.pg_index i \
         WHERE i.indrelid = ANY ($1) AND i.indisvalid AND (i.indisprimary OR i.indisreplident)"
    );
    let mut indexes: HashMap<u32, Indexes> = HashMap::new();
    for row in client.query(&sql, &[&oids]).await? {
        let entry = indexes.entry(row.try_get(0)?).or_default();
        let key: Vec<i16> = row.try_get(4)?;
        if row.try_get(2)? {
            entry.identity = Some(key.clone());
        }
        if row.try_get(1)? {
            entry.primary = Some(key);
            entry.immediate = row.try_get(3)?;
        }
    }
    Ok(indexes)
}

/// The first version that lets no UPDATE pass where FULL holds generated columns that are not published
/// (`pub_contains_invalid_column`).
const FULL_IS_CHECKED: u32 = 180_000;

fn table_info(
    version: u32,
    row: &Row,
    columns: Vec<NumberedColumn>,
    indexes: &Indexes,
) -> Result<TableInfo, Error> {
    let code: i8 = row.try_get(4)?;
    let identity = ReplicaIdentity::from_code(code as u8).unwrap_or(ReplicaIdentity::Nothing);
    let (identity_key, basic_problem) = usable_identity(identity, indexes);
    let virtual_columns: Vec<&NumberedColumn> = columns.iter().filter(|column| column.is_virtual).collect();
    let virtual_identity =
        identity_key.is_some_and(|key| virtual_columns.iter().any(|column| key.contains(&column.number)));
    let virtual_columns = virtual_columns.iter().map(|known| Arc::clone(&known.column.name)).collect();
    let plain = columns.iter().filter(|column| !column.is_toastable);
    let plain_columns = plain.map(|known| Arc::clone(&known.column.name)).collect();
    let (numbers, mut columns): (Vec<i16>, Vec<Column>) = columns
        .into_iter()
        .filter(|column| !column.is_virtual)
        .map(|column| (column.number, column.column))
        .unzip();
    for (number, column) in numbers.iter().zip(&mut columns) {
        column.identity =
            identity == ReplicaIdentity::Full || identity_key.is_some_and(|key| key.contains(number));
    }
    let key = indexes.primary.as_deref().or(identity_key).unwrap_or_default();
    let at = |number: &i16| numbers.iter().position(|known| known == number).map(|at| at as u16);
    let key = key.iter().map(at).collect::<Option<Vec<u16>>>().unwrap_or_default();
    let name = TableName::new(row.try_get::<_, &str>(1)?, row.try_get::<_, &str>(2)?);
    let kind: i8 = row.try_get(3)?;
    let size: Option<i64> = row.try_get(9)?;
    let whole = Arc::new(Table::new(row.try_get(0)?, name, columns, identity).with_key(key));
    let info = TableInfo {
        table: Arc::clone(&whole),
        whole,
        shape: Arc::default(),
        virtual_columns,
        plain_columns,
        basic_problem: basic_problem.or(virtual_identity.then_some(IdentityProblem::Generated)),
        full_is_checked: version >= FULL_IS_CHECKED,
        kind: if kind as u8 == b'p' { TableKind::Partitioned } else { TableKind::Ordinary },
        partition_of: row.try_get(5)?,
        row_security: row.try_get(6)?,
        readable: row.try_get(10)?,
        schema_usable: row.try_get(11)?,
        filenodes: read_filenodes(row, 8)?,
        rows: row.try_get(7)?,
        size: size.and_then(|size| u64::try_from(size).ok()).unwrap_or_default(),
        problem: None,
        problem_when_full: None,
    };
    Ok(info.reshaped(&Arc::default()))
}

impl TableInfo {
    /// The same table, of which only what `shape` says is read, and what is wrong with its replica identity then.
    #[must_use]
    pub fn reshaped(mut self, shape: &Arc<Shape>) -> Self {
        self.shape = Arc::clone(shape);
        self.table = Arc::new(shape.apply(&self.whole));
        self.problem_when_full = self.problem_of(ReplicaIdentity::Full);
        self.problem = match self.whole.identity {
            ReplicaIdentity::Full => self.problem_when_full,
            identity => self.basic_problem.or_else(|| self.problem_of(identity)),
        };
        self
    }

    /// The columns that are left out by their names.
    pub fn left_out(&self) -> impl Iterator<Item = &Column> {
        self.whole.columns.iter().filter(|column| self.leaves_out(column))
    }

    fn leaves_out(&self, column: &Column) -> bool {
        (self.shape.generated || !column.generated) && !self.shape.columns.contains(&column.name)
    }

    /// What is wrong with columns of the identity that are not read, as `pub_contains_invalid_column` sees it.
    fn problem_of(&self, identity: ReplicaIdentity) -> Option<IdentityProblem> {
        let is_full = identity == ReplicaIdentity::Full;
        let mut identity_columns = self.whole.columns.iter().filter(|column| is_full || column.identity);
        if identity_columns.clone().any(|column| self.leaves_out(column)) {
            return Some(IdentityProblem::LeftOut);
        }
        let generated = identity_columns.any(|column| column.generated) && !self.shape.generated;
        let is_virtual = is_full && !self.virtual_columns.is_empty();
        // Only what the identity names is looked at everywhere.
        ((generated || is_virtual) && (!is_full || self.full_is_checked))
            .then_some(IdentityProblem::Generated)
    }
}

/// The columns that old rows hold, and what is wrong with the identity, as `RelationGetReplicaIndex` sees it.
fn usable_identity(
    identity: ReplicaIdentity,
    indexes: &Indexes,
) -> (Option<&[i16]>, Option<IdentityProblem>) {
    match identity {
        ReplicaIdentity::Full => (None, None),
        ReplicaIdentity::Nothing => (None, Some(IdentityProblem::Nothing)),
        ReplicaIdentity::Index => match indexes.identity.as_deref() {
            Some(key) => (Some(key), None),
            None => (None, Some(IdentityProblem::NoIndex)),
        },
        ReplicaIdentity::Default => match indexes.primary.as_deref().filter(|_| indexes.immediate) {
            Some(key) => (Some(key), None),
            None => (None, Some(IdentityProblem::NoPrimaryKey)),
        },
    }
}
