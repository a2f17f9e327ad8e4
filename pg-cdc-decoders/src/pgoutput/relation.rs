//! Relation messages, and the tables made of them.

use std::collections::HashMap;
use std::hash::{BuildHasherDefault, Hasher};
use std::sync::Arc;

use pg_cdc_core::batch::{BatchTable, ChangeBatch};
use pg_cdc_core::types::{may_misfit, oid};
use pg_cdc_core::{
    Column, ColumnType, InvalidText, Known, Lsn, ReplicaIdentity, Table, TableFacts, TableName, Tables,
};

use crate::cursor::{Cursor, Fault};

/// A relation of the current connection.
#[derive(Debug)]
pub(super) struct Relation {
    oid: u32,
    /// The table; `None` where nobody wants it.
    table: Option<Arc<Table>>,
    /// Transactions that commit before this are in the table's snapshot.
    from: Lsn,
    in_batch: Option<BatchTable>,
    /// What few tables have: one look tells a change that its table has none of it.
    unusual: Option<Box<Unusual>>,
}

/// What must be seen to in the changes of a table, beyond reading its columns.
#[derive(Debug, Default)]
pub(super) struct Unusual {
    /// Whether a value may not fit its type.
    pub(super) may_misfit: bool,
    /// Which of the columns that are sent are the table's, where not all are.
    pub(super) taken: Option<Box<[bool]>>,
    /// What is done with text that is none.
    pub(super) invalid: InvalidText,
}

impl Relation {
    pub(super) fn unwanted(oid: u32) -> Self {
        Self { oid, table: None, from: Lsn::ZERO, in_batch: None, unusual: None }
    }

    pub(super) fn wanted(
        oid: u32,
        table: Arc<Table>,
        from: Lsn,
        taken: Option<Box<[bool]>>,
        invalid: InvalidText,
    ) -> Self {
        let unusual = Some(Box::new(Unusual { may_misfit: false, taken, invalid }));
        let mut relation = Self { from, unusual, ..Self::unwanted(oid) };
        relation.set_table(table);
        relation
    }

    /// It is as `table` says from here on.
    pub(super) fn set_table(&mut self, table: Arc<Table>) {
        let may_misfit = table.columns.iter().any(|column| may_misfit(&column.type_));
        let before = self.unusual.take().map(|before| *before).unwrap_or_default();
        let unusual = Unusual { may_misfit, ..before };
        let has_any = may_misfit || unusual.taken.is_some() || unusual.invalid != InvalidText::Error;
        self.unusual = has_any.then(|| Box::new(unusual));
        self.table = Some(table);
        self.in_batch = None;
    }

    /// Whether changes of a transaction that commits at `commit_lsn` are wanted.
    #[inline]
    pub(super) fn is_wanted_at(&self, commit_lsn: Lsn) -> bool {
        self.table.is_some() && commit_lsn >= self.from
    }

    #[inline]
    pub(super) fn table(&self) -> Option<&Arc<Table>> {
        self.table.as_ref()
    }

    #[inline]
    pub(super) fn unusual(&self) -> Option<&Unusual> {
        self.unusual.as_deref()
    }

    /// The table's handle in `batch`.
    #[inline]
    pub(super) fn in_batch(&mut self, batch: &mut ChangeBatch) -> Option<BatchTable> {
        let handle = batch.table(self.table.as_ref()?, self.in_batch);
        self.in_batch = Some(handle);
        Some(handle)
    }
}

/// The relations that were announced on the current connection.
#[derive(Debug, Default)]
pub(super) struct Relations {
    list: Vec<Relation>,
    index: HashMap<u32, usize, BuildHasherDefault<OidHasher>>,
    /// The one that was asked for last: changes come in runs.
    last: usize,
}

impl Relations {
    pub(super) fn insert(&mut self, relation: Relation) {
        match self.index.get(&relation.oid) {
            Some(&at) => {
                if let Some(known) = self.list.get_mut(at) {
                    *known = relation;
                }
            }
            None => {
                self.index.insert(relation.oid, self.list.len());
                self.list.push(relation);
            }
        }
    }

    /// Forgets a relation.
    pub(super) fn remove(&mut self, oid: u32) {
        let Some(at) = self.index.remove(&oid) else { return };
        self.list.swap_remove(at);
        if let Some(moved) = self.list.get(at) {
            self.index.insert(moved.oid, at);
        }
    }

    /// The tables that are wanted.
    pub(super) fn tables(&self) -> impl Iterator<Item = &Arc<Table>> {
        self.list.iter().filter_map(Relation::table)
    }

    #[inline]
    pub(super) fn get(&mut self, oid: u32) -> Option<&mut Relation> {
        if self.list.get(self.last).is_none_or(|last| last.oid != oid) {
            self.last = *self.index.get(&oid)?;
        }
        self.list.get_mut(self.last)
    }
}

/// Spreads an OID over 64 bits. The server gives them out one by one, so nobody can choose them to collide.
#[derive(Debug, Default)]
struct OidHasher(u64);

impl Hasher for OidHasher {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        bytes.iter().for_each(|&byte| self.write_u32(byte.into()));
    }

    #[inline]
    fn write_u32(&mut self, oid: u32) {
        // Fibonacci hashing, both halves good: the map takes the bucket from the low bits, its tag from the high ones.
        let spread = (self.0 ^ u64::from(oid)).wrapping_mul(0x9E37_79B9_7F4A_7C15);
        self.0 = spread ^ (spread >> 32);
    }
}

/// A Relation message.
#[derive(Debug)]
pub(super) struct Announcement<'a> {
    pub(super) oid: u32,
    pub(super) schema: &'a str,
    pub(super) name: &'a str,
    identity: ReplicaIdentity,
    columns: Vec<AnnouncedColumn<'a>>,
}

#[derive(Debug)]
struct AnnouncedColumn<'a> {
    name: &'a str,
    identity: bool,
    type_oid: u32,
    type_modifier: i32,
}

impl<'a> Announcement<'a> {
    pub(super) fn read(cursor: &mut Cursor<'a>) -> Result<Self, Fault> {
        let oid = cursor.u32("the relation's OID")?;
        // pg_catalog is sent as the empty string.
        let schema = match cursor.string("the relation's schema")? {
            "" => "pg_catalog",
            schema => schema,
        };
        let name = cursor.string("the relation's name")?;
        let code = cursor.u8("the replica identity")?;
        let identity = ReplicaIdentity::from_code(code)
            .ok_or_else(|| cursor.unexpected("a replica identity (d, i, f, n)", code))?;
        let count = cursor.u16("the number of columns")?;
        let mut columns = Vec::with_capacity(usize::from(count.min(1600)));
        for _ in 0..count {
            columns.push(AnnouncedColumn {
                identity: cursor.u8("a column's flags")? & 1 != 0,
                name: cursor.string("a column's name")?,
                type_oid: cursor.u32("a column's type")?,
                type_modifier: cursor.i32("a column's type modifier")?,
            });
        }
        cursor.end()?;
        Ok(Self { oid, schema, name, identity, columns })
    }

    /// Whether the catalog's facts, if there are any, are of another shape than what is announced.
    pub(super) fn needs_catalog(&self, tables: &Tables) -> bool {
        if tables.is_complete() {
            return false;
        }
        match tables.get(self.oid) {
            None => true,
            Some(Known::Unwanted) => false,
            // What a type that is not built in is made of may have changed without a word in the stream.
            Some(Known::Wanted(facts)) => !self.is_covered_by(facts) || !self.types_not_built_in().is_empty(),
        }
    }

    /// OIDs of its columns' types that only the catalog knows.
    pub(super) fn types_not_built_in(&self) -> Vec<u32> {
        let types = self.columns.iter().map(|column| column.type_oid);
        types.filter(|&type_| oid::name_of(type_).is_none()).collect()
    }

    fn is_covered_by(&self, facts: &TableFacts) -> bool {
        let table = &facts.table;
        let mut columns = table.columns.iter();
        *table.name.schema == *self.schema
            && *table.name.name == *self.name
            && table.identity == self.identity
            && self.columns.iter().filter(|announced| facts.takes(announced.name)).all(|announced| {
                columns.next().is_some_and(|column| {
                    *column.name == *announced.name
                        && column.type_.oid == announced.type_oid
                        && column.identity == announced.identity
                })
            })
            && columns.next().is_none()
    }

    /// Which of the columns are read, where not all are.
    pub(super) fn taken(&self, tables: &Tables) -> Option<Box<[bool]>> {
        let Some(Known::Wanted(facts)) = tables.get(self.oid) else { return None };
        let taken: Box<[bool]> = self.columns.iter().map(|announced| facts.takes(announced.name)).collect();
        taken.contains(&false).then_some(taken)
    }

    /// The table as it was when the following changes were made, and from which commit on it is wanted; `None` where
    /// nobody wants it. `types` has the names that Type messages told, `before` is the version that was in use.
    pub(super) fn table(
        &self,
        tables: &Tables,
        types: &HashMap<u32, Arc<str>>,
        before: Option<&Table>,
    ) -> Option<(Table, Lsn)> {
        let facts = match tables.get(self.oid) {
            Some(Known::Unwanted) => return None,
            Some(Known::Wanted(facts)) => Some(facts),
            // Asked for and not there: it was dropped since. Its changes are as real as any.
            None => None,
        };
        let is_read =
            |announced: &&AnnouncedColumn<'_>| facts.is_none_or(|facts| facts.takes(announced.name));
        let columns: Vec<Column> = self
            .columns
            .iter()
            .filter(is_read)
            .map(|announced| announced.column(facts, tables, types, before))
            .collect();
        let key = self.key(facts, &columns);
        let name = TableName::new(self.schema, self.name);
        let table = Table::new(self.oid, name, columns, self.identity).with_key(key);
        Some((table, facts.map_or(Lsn::ZERO, |facts| facts.from)))
    }

    /// The catalog's key where all its columns are announced, else the replica identity's columns: those of the default
    /// identity are the primary key of then, whatever the catalog says now.
    fn key(&self, facts: Option<&TableFacts>, columns: &[Column]) -> Vec<u16> {
        let at = |name: &str| columns.iter().position(|column| &*column.name == name).map(|at| at as u16);
        let named = facts.and_then(|facts| {
            let names = facts.table.key.iter().map(|&index| facts.table.columns.get(usize::from(index)));
            names.map(|column| at(&column?.name)).collect::<Option<Vec<u16>>>()
        });
        let of_identity: Vec<u16> =
            (0..).zip(columns).filter(|(_, column)| column.identity).map(|(at, _)| at).collect();
        let is_of_then = |key: &[u16]| {
            self.identity != ReplicaIdentity::Default
                || of_identity.is_empty()
                || (key.len() == of_identity.len() && of_identity.iter().all(|at| key.contains(at)))
        };
        match named {
            Some(key) if !key.is_empty() && is_of_then(&key) => key,
            _ if self.identity == ReplicaIdentity::Full => Vec::new(),
            _ => of_identity,
        }
    }
}

impl AnnouncedColumn<'_> {
    fn column(
        &self,
        facts: Option<&TableFacts>,
        tables: &Tables,
        types: &HashMap<u32, Arc<str>>,
        before: Option<&Table>,
    ) -> Column {
        let known = facts.and_then(|facts| {
            let at = facts.table.column_index(self.name)?;
            facts.table.columns.get(at).filter(|known| known.type_.oid == self.type_oid)
        });
        let (oid, modifier) = (self.type_oid, self.type_modifier);
        let same = known.map(|known| &known.type_).filter(|type_| type_.modifier == modifier);
        let told = same.cloned().or_else(|| tables.type_of(oid, modifier));
        // The catalog of now has it no more: it is what it was.
        let was = || {
            let column = before?.columns.iter().find(|column| column.type_.oid == oid)?;
            let mut type_ = column.type_.with_modifier(modifier);
            if let Some(name) = types.get(&oid) {
                type_.name = Arc::clone(name);
            }
            Some(type_)
        };
        let told = told.or_else(was);
        // The name alone: its values are carried as their text.
        let named = || ColumnType::new(oid, modifier, types.get(&oid).cloned().unwrap_or_default());
        let mut column = Column::new(self.name, told.unwrap_or_else(named));
        column.identity = self.identity;
        if let Some(known) = known {
            column.name = Arc::clone(&known.name);
            column.nullable = known.nullable;
            column.generated = known.generated;
        }
        column
    }
}
