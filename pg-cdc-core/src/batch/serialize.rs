//! A row handed to serde.

use serde::ser::{Error, Serialize, SerializeMap, Serializer};

use super::row::{OwnedRow, Row};
use crate::types::{FromDatum, Value};

/// A map of the columns whose values are known, in the table's order; the values have the shape of natural JSON, as
/// [`Value`] says.
///
/// ```
/// fn json(row: pg_cdc_core::batch::Row<'_>) -> serde_json::Result<String> {
///     serde_json::to_string(&row)
/// }
/// ```
///
/// [`write_json`](Row::write_json) writes the same faster, with the server's own digits of every number.
impl Serialize for Row<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let known = || self.columns().filter(|(_, datum)| datum.is_known());
        let mut map = serializer.serialize_map(Some(known().count()))?;
        for (column, datum) in known() {
            let value = Value::from_datum(&column.type_, datum)
                .map_err(|error| S::Error::custom(error.in_column(&self.table.name, &column.name)))?;
            map.serialize_entry(&*column.name, &value)?;
        }
        map.end()
    }
}

/// As [`Row`].
impl Serialize for OwnedRow {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.as_row().serialize(serializer)
    }
}
