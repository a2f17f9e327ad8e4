//! Types that are altered while the stream runs. The stream has no word for it: a value that does not fit the type as it
//! is known tells, and so does the catalog when it is looked at.

use std::sync::Arc;

use pg_cdc_core::batch::ChangeBatch;
use pg_cdc_core::types::{fits, may_misfit, oid};
use pg_cdc_core::{Column, ColumnType, Frame, Outcome, Table, TableName, Tables};

use super::PgOutput;
use crate::cursor::{Cursor, Fault, What};

/// How many versions of a table are tried for a value that fits none of the newer ones.
const VERSIONS: usize = 4;

impl PgOutput {
    /// A change holds a composite with other fields than its type is known to have. The catalog is asked; where what it
    /// says now does not fit either, the versions before are tried, and where none fits the column is its text.
    #[cold]
    pub(super) fn misfit(
        &mut self,
        fault: Fault,
        frame: Frame<'_>,
        tables: &Tables,
        batch: &mut ChangeBatch,
    ) -> Result<Outcome, Fault> {
        self.sequence.retract();
        let mut cursor = Cursor::new(frame.data());
        cursor.u8("its tag")?;
        let oid = cursor.u32("the relation's OID")?;
        let Some(known) = self.relations.get(oid).and_then(|relation| relation.table().cloned()) else {
            return Err(fault);
        };
        if !tables.is_complete() && self.asked != Some((oid, frame.lsn)) {
            self.asked = Some((oid, frame.lsn));
            let name = TableName::clone(&known.name);
            return Ok(Outcome::NeedTable { oid: Some(oid), name, types: types_not_built_in(&known) });
        }
        self.asked = None;
        let newest = Arc::new(retyped(&known, tables));
        let mut versions = vec![Arc::clone(&newest)];
        versions.extend(self.older.get(&oid).into_iter().flatten().rev().cloned());
        versions.retain(|version| **version != *known && has_columns_of(version, &known));
        let mut fault = fault;
        let mut as_text = Table::clone(&known);
        let mut is_text = false;
        loop {
            let Some(version) = (!versions.is_empty()).then(|| versions.remove(0)) else {
                let What::Misfit { column, is_binary: false } = fault.what() else { return Err(fault) };
                let Some(column) = as_text.columns.get_mut(usize::from(*column)) else { return Err(fault) };
                if !may_misfit(&column.type_) {
                    return Err(fault);
                }
                let ColumnType { oid, modifier, name, .. } = column.type_.clone();
                column.type_ = ColumnType::new(oid, modifier, name);
                versions.push(Arc::new(as_text.clone()));
                is_text = true;
                continue;
            };
            self.take_version(version, batch);
            match self.row(&frame, batch) {
                Ok(()) => {
                    if is_text {
                        // For this one change: the next may well fit.
                        self.take_version(newest, batch);
                    }
                    return Ok(Outcome::Taken);
                }
                Err(next) if matches!(next.what(), What::Misfit { .. }) => {
                    self.sequence.retract();
                    fault = next;
                }
                Err(fault) => return Err(fault),
            }
        }
    }

    /// The driver looked at the types again: what is different makes new versions of the tables.
    #[cold]
    pub(super) fn refresh(&mut self, tables: &Tables, batch: &mut ChangeBatch) {
        self.generation = tables.generation();
        let versions: Vec<_> =
            self.relations.tables().map(|table| Arc::new(retyped(table, tables))).collect();
        for version in versions {
            if self.versions.get(&version.oid).is_some_and(|known| **known != *version) {
                self.take_version(version, batch);
            }
        }
    }

    /// From here on the table is as `version` says.
    fn take_version(&mut self, version: Arc<Table>, batch: &mut ChangeBatch) {
        let before = self.versions.insert(version.oid, Arc::clone(&version));
        batch.schema_change(before.clone(), Arc::clone(&version));
        if let Some(before) = before {
            self.keep_older(before);
        }
        if let Some(relation) = self.relations.get(version.oid) {
            relation.set_table(version);
        }
    }

    /// Keeps a version that is no longer the current one, where values may be of it still.
    pub(super) fn keep_older(&mut self, before: Arc<Table>) {
        if before.columns.iter().any(|column| may_misfit(&column.type_)) {
            let older = self.older.entry(before.oid).or_default();
            older.retain(|known| *known != before);
            older.push(before);
            older.drain(..older.len().saturating_sub(VERSIONS));
        }
    }
}

/// OIDs of a table's types that only the catalog knows.
fn types_not_built_in(table: &Table) -> Vec<u32> {
    let types = table.columns.iter().map(|column| column.type_.oid);
    types.filter(|&type_| oid::name_of(type_).is_none()).collect()
}

/// The table with its types as they were last told.
fn retyped(table: &Table, tables: &Tables) -> Table {
    let mut table = table.clone();
    for column in &mut table.columns {
        let Column { type_, .. } = column;
        if oid::name_of(type_.oid).is_none()
            && let Some(told) = tables.type_of(type_.oid, type_.modifier)
        {
            *type_ = told;
        }
    }
    table
}

/// Whether both versions have the same columns, whatever their types are made of.
fn has_columns_of(version: &Table, known: &Table) -> bool {
    let same = |(a, b): (&Column, &Column)| a.name == b.name && a.type_.oid == b.type_.oid;
    version.columns.len() == known.columns.len() && version.columns.iter().zip(&known.columns).all(same)
}

/// The first column of a row whose value does not fit its type, if one may.
pub(super) fn misfit<'a>(
    columns: &[Column],
    datums: impl Iterator<Item = pg_cdc_core::Datum<'a>>,
) -> Option<What> {
    let width = columns.len().max(1);
    datums.enumerate().find_map(|(index, datum)| {
        let index = index % width;
        let column = columns.get(index)?;
        let is_binary = matches!(datum, pg_cdc_core::Datum::Binary(_));
        let column_index = u16::try_from(index).unwrap_or(u16::MAX);
        (!fits(&column.type_, datum)).then_some(What::Misfit { column: column_index, is_binary })
    })
}
