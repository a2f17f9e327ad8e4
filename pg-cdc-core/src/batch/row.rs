//! Rows: borrowed from a batch, or owned.

use std::sync::Arc;

use super::slot::{Slot, Tag};
use crate::types::{FromDatum, TypeError, json, write_text};
use crate::{Column, Datum, Table};

/// A row of a change, borrowed from its batch: a column's bytes are looked at when it is asked for.
#[derive(Clone, Copy)]
pub struct Row<'a> {
    pub(super) table: &'a Arc<Table>,
    pub(super) buffer: &'a [u8],
    pub(super) arena: &'a [u8],
    pub(super) slots: &'a [Slot],
}

impl<'a> Row<'a> {
    /// The table, in the version that the row was written with.
    #[must_use]
    pub fn table(&self) -> &'a Arc<Table> {
        self.table
    }

    /// Number of columns.
    #[must_use]
    pub fn len(&self) -> usize {
        self.slots.len()
    }

    /// Whether the table has no columns.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.slots.is_empty()
    }

    /// The value of the column at `index`; [`Datum::Absent`] beyond the last.
    #[must_use]
    #[inline]
    pub fn datum(&self, index: usize) -> Datum<'a> {
        self.slots.get(index).map_or(Datum::Absent, |slot| slot.read(self.buffer, self.arena))
    }

    /// The value of the column called `name`; [`Datum::Absent`] where there is none.
    #[must_use]
    pub fn datum_of(&self, name: &str) -> Datum<'a> {
        self.table.column_index(name).map_or(Datum::Absent, |index| self.datum(index))
    }

    /// The value of the column called `name` as a `T`: `row.get::<i64>("id")?`, or `Option<i64>` where it may be NULL.
    ///
    /// # Errors
    ///
    /// Where there is no such column, its value was not sent, is NULL and `T` is no `Option`, or can't be had as a `T`
    /// exactly. The error names table and column, never the value.
    pub fn get<T: FromDatum<'a>>(&self, name: &str) -> Result<T, TypeError> {
        let Some((index, column)) =
            self.table.column_index(name).and_then(|i| Some((i, self.table.columns.get(i)?)))
        else {
            return Err(TypeError::no_column(&self.table.name, name));
        };
        T::from_datum(&column.type_, self.datum(index))
            .map_err(|error| error.in_column(&self.table.name, name))
    }

    /// The value of the column called `name` as what the `FromSql` of `T` makes of it: of a column that came in binary.
    /// See [`Sql`](crate::types::Sql).
    ///
    /// # Errors
    ///
    /// Those of [`get`](Self::get); and where the value came as text.
    #[cfg(feature = "postgres-types")]
    pub fn get_sql<T: postgres_types::FromSql<'a>>(&self, name: &str) -> Result<T, TypeError> {
        self.get::<crate::types::Sql<T>>(name).map(|crate::types::Sql(value)| value)
    }

    /// Appends the row as a JSON object, what is not known left out; the values are what PostgreSQL's `row_to_json`
    /// gives (see [`json::write_natural`]).
    ///
    /// # Errors
    ///
    /// Where a value is not what its column's type says; `out` is then as it was.
    pub fn write_json(&self, out: &mut Vec<u8>) -> Result<(), TypeError> {
        let start = out.len();
        for (column, datum) in self.columns().filter(|(_, datum)| datum.is_known()) {
            out.push(if out.len() == start { b'{' } else { b',' });
            json::write_json_string(&column.name, out);
            out.push(b':');
            if let Err(error) = json::write_natural(&column.type_, datum, out) {
                out.truncate(start);
                return Err(error.in_column(&self.table.name, &column.name));
            }
        }
        out.extend_from_slice(if out.len() == start { b"{}" } else { b"}" });
        Ok(())
    }

    /// Columns with their values, in the table's order.
    pub fn columns(&self) -> impl ExactSizeIterator<Item = (&'a Column, Datum<'a>)> + use<'a> {
        let row = *self;
        self.table
            .columns
            .iter()
            .zip(self.slots)
            .map(move |(column, slot)| (column, slot.read(row.buffer, row.arena)))
    }

    /// The key columns with their values, in the key's order.
    pub fn key(&self) -> impl Iterator<Item = (&'a Column, Datum<'a>)> + use<'a> {
        let row = *self;
        self.table.key.iter().filter_map(move |&index| {
            let index = usize::from(index);
            Some((row.table.columns.get(index)?, row.datum(index)))
        })
    }

    /// Columns whose TOASTed value the server did not send.
    pub fn unchanged(&self) -> impl Iterator<Item = &'a Column> + use<'a> {
        self.columns().filter(|(_, datum)| *datum == Datum::Unchanged).map(|(column, _)| column)
    }

    /// A copy that holds no buffer of the batch.
    #[must_use]
    pub fn to_owned(&self) -> OwnedRow {
        let mut bytes = Vec::with_capacity(self.slots.iter().map(|slot| slot.len()).sum());
        let copy = |slot: &Slot| {
            let (tag, from) = match slot.read(self.buffer, self.arena) {
                Datum::Text(from) => (Tag::ArenaText, from),
                Datum::Binary(from) => (Tag::ArenaBinary, from),
                _ => return *slot,
            };
            let copied = Slot::new(tag, bytes.len(), from.len());
            bytes.extend_from_slice(from);
            copied
        };
        let slots = self.slots.iter().map(copy).collect();
        OwnedRow { table: Arc::clone(self.table), bytes: bytes.into(), slots }
    }
}

/// Columns with their values as PostgreSQL prints them, whichever encoding they came in.
impl std::fmt::Debug for Row<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let (mut map, mut text) = (f.debug_map(), Vec::new());
        for (column, datum) in self.columns() {
            text.clear();
            match (datum, write_text(&column.type_, datum, &mut text)) {
                (_, Ok(())) => map.entry(&column.name, &String::from_utf8_lossy(&text)),
                (Datum::Text(wrong), Err(_)) => map.entry(&column.name, &String::from_utf8_lossy(wrong)),
                (other, Err(_)) => map.entry(&column.name, &other),
            };
        }
        map.finish()
    }
}

/// A row that owns its bytes and nothing else; at most 2 GiB.
#[derive(Debug, Clone)]
pub struct OwnedRow {
    table: Arc<Table>,
    bytes: Box<[u8]>,
    slots: Box<[Slot]>,
}

impl OwnedRow {
    /// The row, to be read.
    #[must_use]
    pub fn as_row(&self) -> Row<'_> {
        Row { table: &self.table, buffer: &[], arena: &self.bytes, slots: &self.slots }
    }
}
