//! What the catalog says of the tables in the stream, and of their types.

use std::collections::HashSet;
use std::sync::Arc;

use super::binary::Unmapped;
use super::options::{BinaryValues, ReplicationOptions, UnknownTables};
use crate::catalog::{self, Client, Selection, TableInfo, TypeCatalog};
use crate::types::is_binary_known;
use crate::wire::ConnectConfig;
use crate::{ColumnType, Error, ErrorKind, Known, Lsn, Table, TableFacts, TableName, TableShape, TableStart};

/// What was found out for the decoder.
#[derive(Debug)]
pub(crate) struct Found {
    pub(crate) table: Known,
    /// The types that were asked for.
    pub(crate) types: Vec<ColumnType>,
    /// The types of its columns that are not read.
    pub(super) unread: Vec<u32>,
    /// Those that were asked for and that nobody knows: made and dropped since.
    pub(super) gone: Vec<u32>,
}

impl Found {
    fn unwanted() -> Self {
        Self { table: Known::Unwanted, types: Vec::new(), unread: Vec::new(), gone: Vec::new() }
    }
}

/// What is wanted, and where to ask.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Scope<'a> {
    pub(crate) connect: &'a ConnectConfig,
    pub(crate) tables: &'a [Arc<Table>],
    pub(crate) shapes: &'a [TableShape],
    pub(crate) inserts_only: &'a [u32],
    pub(crate) selection: &'a Selection,
    pub(crate) unknown_tables: UnknownTables,
    pub(crate) starts: &'a [TableStart],
}

impl ReplicationOptions {
    pub(super) fn scope(&self) -> Scope<'_> {
        Scope {
            connect: &self.connect,
            tables: &self.tables,
            shapes: &self.shapes,
            inserts_only: &self.inserts_only,
            selection: &self.selection,
            unknown_tables: self.unknown_tables,
            starts: &self.starts,
        }
    }
}

/// Asks the catalog, in a session that is opened where there is none.
pub(crate) struct Lookup<'a> {
    pub(crate) scope: Scope<'a>,
    pub(crate) version: u32,
    pub(crate) client: &'a mut Option<Client>,
    /// Tables that were named in the log already.
    pub(crate) unknown: &'a mut HashSet<u32>,
}

impl Lookup<'_> {
    /// What is known of the table `oid`, by the catalog and by what was selected, and what `types` are made of.
    pub(crate) async fn table(&mut self, oid: u32, name: &TableName, types: &[u32]) -> Result<Found, Error> {
        let Some(selected) = self.scope.tables.iter().find(|table| table.oid == oid) else {
            return self.unselected(oid, name);
        };
        let version = self.version;
        let client = self.client().await?;
        let info = catalog::table_by_oid(client, version, oid).await?;
        let known = load_types(client, version, types).await?;
        let is_gone =
            |&&oid: &&u32| !known.iter().any(|type_| type_.oid == oid) && !self.is_of_a_version(oid);
        let gone = types.iter().filter(is_gone).copied().collect();
        Ok(Found { gone, ..self.selected(selected, info, known) })
    }

    /// As [`table`](Self::table), of the table that was called `name` when it was changed.
    ///
    /// # Errors
    ///
    /// As there, and where a selected table was called so that another is called by now: the name does not tell which
    /// of them was changed.
    pub(crate) async fn named_table(&mut self, name: &TableName, types: &[u32]) -> Result<Found, Error> {
        let scope = self.scope;
        let version = self.version;
        let client = self.client().await?;
        let info = catalog::table_by_name(client, version, name).await?;
        let oid = info.as_ref().map(|info| info.whole.oid);
        let by_oid = scope.tables.iter().find(|table| Some(table.oid) == oid);
        // Where no table is called so now, it was renamed or dropped since.
        let by_name = scope.tables.iter().find(|table| table.name == *name);
        let (selected, info) = match (by_oid, by_name, oid) {
            (Some(selected), ..) => (selected, info),
            (None, Some(selected), None) => {
                (selected, catalog::table_by_oid(client, version, selected.oid).await?)
            }
            (None, Some(selected), Some(oid)) => {
                return Err(Error::new(
                    ErrorKind::Mismatch,
                    format!(
                        "table {name} (OID {oid}) is not the one that was selected (OID {}): the output plugin tells \
                         a table's name only, and so not which of the two was changed",
                        selected.oid
                    ),
                )
                .with_hint(
                    "give the selected table its name back, or begin anew (cleanup) to capture the tables as they are \
                     now; pgoutput tells them apart",
                ));
            }
            (None, None, Some(oid)) => return self.unselected(oid, name),
            (None, None, None) => return Ok(Found::unwanted()),
        };
        let types = load_types(client, version, types).await?;
        Ok(self.selected(selected, info, types))
    }

    /// A table that is none of those that were selected.
    fn unselected(&mut self, oid: u32, name: &TableName) -> Result<Found, Error> {
        let scope = self.scope;
        if scope.selection.wants(name) && scope.unknown_tables == UnknownTables::Error {
            return Err(Error::new(
                ErrorKind::Mismatch,
                format!("table {name} appeared: it is selected, but was not there when the pipeline began"),
            )
            .with_hint("tables.on_unknown_table: ignore leaves it out; so does tables.exclude"));
        }
        if self.unknown.insert(oid) && scope.selection.wants(name) {
            tracing::warn!(table = %name, "the table appeared after the pipeline began: its changes are left out");
        }
        Ok(Found::unwanted())
    }

    /// Whether a table in use has a column of the type, so that it is known whatever became of it.
    fn is_of_a_version(&self, type_oid: u32) -> bool {
        self.scope.tables.iter().flat_map(|table| &table.columns).any(|column| column.type_.oid == type_oid)
    }

    /// A selected table, which `info` is what the catalog has of, if it is there still.
    fn selected(&self, selected: &Arc<Table>, info: Option<TableInfo>, types: Vec<ColumnType>) -> Found {
        let (scope, oid) = (self.scope, selected.oid);
        let start = scope.starts.iter().find(|start| start.oid == oid);
        let from = start.map_or(Lsn::ZERO, |start| start.from);
        let shown = start.and_then(|start| start.shows.clone());
        let shape = TableShape::of(scope.shapes, oid);
        // Dropped since: what was known of it is the best there is.
        let Some(info) = info.map(|info| info.reshaped(&shape)) else {
            let mut facts = TableFacts::new(Arc::clone(selected), from);
            (facts.shape, facts.inserts_only) = (shape, self.scope.inserts_only.contains(&oid));
            facts.shown = shown;
            return Found { table: Known::Wanted(facts), types, unread: Vec::new(), gone: Vec::new() };
        };
        let (whole, table) = (&info.whole, &info.table);
        let left_out = whole.columns.iter().filter(|column| table.column_index(&column.name).is_none());
        let unread = left_out.clone().map(|column| column.type_.oid).collect();
        let mut facts = TableFacts::new(Arc::clone(table), from);
        facts.generated = left_out
            .clone()
            .filter(|column| column.generated)
            .map(|column| Arc::clone(&column.name))
            .collect();
        facts.left_out =
            left_out.map(|column| Arc::clone(&column.name)).chain(info.virtual_columns).collect();
        facts.plain = info.plain_columns;
        facts.shown = shown;
        facts.inserts_only = self.scope.inserts_only.contains(&oid);
        facts.shape = shape;
        Found { table: Known::Wanted(facts), types, unread, gone: Vec::new() }
    }

    /// What `types` are made of now.
    pub(crate) async fn types(&mut self, types: &[u32]) -> Result<Vec<ColumnType>, Error> {
        let version = self.version;
        load_types(self.client().await?, version, types).await
    }

    async fn client(&mut self) -> Result<&Client, Error> {
        let open = self.client.take().filter(|client| !client.is_closed());
        let open = match open {
            Some(open) => open,
            None => catalog::connect(self.scope.connect).await?,
        };
        Ok(self.client.insert(open))
    }
}

async fn load_types(client: &Client, version: u32, types: &[u32]) -> Result<Vec<ColumnType>, Error> {
    if types.is_empty() {
        return Ok(Vec::new());
    }
    let catalog = TypeCatalog::load(client, version, types).await?;
    // One that was dropped since stays what it was.
    Ok(types.iter().filter(|&&oid| catalog.has(oid)).map(|&oid| catalog.column_type(oid, -1)).collect())
}

/// Whether values that come in their binary form must come as text, now that a table is there.
///
/// # Errors
///
/// Where they must and must not.
pub(super) fn needs_text(binary: BinaryValues, found: &Found) -> Result<bool, Error> {
    let Known::Wanted(facts) = &found.table else { return Ok(false) };
    // Where they must not come as text, only a value of such a type is an error.
    if binary == BinaryValues::WherePossible && !found.gone.is_empty() {
        tracing::info!(table = %facts.table.name, "a type was dropped before it was read: values come as text from now on");
        return Ok(true);
    }
    // A column may have had another type, which is among those that were asked for.
    let of_types = found
        .types
        .iter()
        .find(|type_| !is_binary_known(type_) && !found.unread.contains(&type_.oid))
        .map(|type_| Unmapped { table: &facts.table.name, column: None, type_: &type_.name });
    let Some(unmapped) = Unmapped::of(&facts.table).or(of_types) else { return Ok(false) };
    if binary == BinaryValues::Always {
        return Err(unmapped.refused());
    }
    tracing::info!(%unmapped, "values come as text from now on");
    Ok(true)
}
