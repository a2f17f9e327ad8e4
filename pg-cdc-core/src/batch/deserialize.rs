//! A row as a user's own type.

use serde::Deserialize;
use serde::de::value::BorrowedStrDeserializer;
use serde::de::{DeserializeSeed, Deserializer, MapAccess, SeqAccess, Visitor};
use serde::forward_to_deserialize_any;

use super::row::{OwnedRow, Row};
use crate::types::{Lazy, Refusal, TypeError};
use crate::{Column, Datum, Table};

impl<'a> Row<'a> {
    /// The row as a type of your own, by serde: a struct's fields are the columns of their names.
    ///
    /// | a field's type | columns |
    /// | --- | --- |
    /// | `bool`, integers | bool; int2, int4, int8, oid, a numeric that is whole |
    /// | `f32`, `f64` | any number that it holds exactly (`numeric` 0.5, not 0.1) |
    /// | `String` | any: text as it is; timestamps in ISO 8601 (`2024-02-29T12:00:00+00:00`), all else PostgreSQL's text |
    /// | `&str`, `Cow<str>` with `#[serde(borrow)]` | text, borrowed from the row |
    /// | `Vec<u8>`, bytes | bytea |
    /// | `Vec<T>`, tuples | arrays (nested for more dimensions), composites, vector |
    /// | structs, maps | composites, hstore; a geometry as GeoJSON |
    /// | unit variants | enums and texts, by label |
    /// | anything | json, jsonb: read by serde_json |
    /// | [`PgNumeric`](crate::types::PgNumeric), [`PgDate`](crate::types::PgDate) and our other exact types | their own |
    /// | what reads itself from a string or from whatever comes | numeric, dates and times, uuid, inet … as strings |
    /// | `Option<T>` | as `T`; NULL is `None` |
    ///
    /// A column whose value was not sent (see [`Datum`]) is not there at all: its field is missing, which is an error
    /// unless the field has `#[serde(default)]` or is an `Option`. Columns that the type has no field for are never looked
    /// at. A tuple takes all columns in their order.
    ///
    /// ```
    /// use pg_cdc_core::batch::Row;
    /// use pg_cdc_core::types::TypeError;
    ///
    /// #[derive(serde::Deserialize)]
    /// struct Order<'a> {
    ///     id: u64,
    ///     customer: &'a str,
    ///     note: Option<String>,
    /// }
    ///
    /// fn print(row: Row<'_>) -> Result<(), TypeError> {
    ///     let order: Order<'_> = row.deserialize()?;
    ///     println!("{} of {}: {:?}", order.id, order.customer, order.note);
    ///     Ok(())
    /// }
    /// ```
    ///
    /// # Errors
    ///
    /// Where a field is missing, a value is not what its column's type says, or can't be had exactly as the field's type.
    /// The error names table and column, and holds no value but what a type's own `Deserialize` puts into its message.
    pub fn deserialize<T: Deserialize<'a>>(&self) -> Result<T, TypeError> {
        T::deserialize(Columns::new(*self)).map_err(|refusal| self.explain(refusal))
    }

    #[cold]
    fn explain(&self, refusal: Refusal) -> TypeError {
        let table: &Table = self.table;
        let field = match refusal {
            Refusal::Type(error) => return error,
            Refusal::Said(what) => return TypeError::of_row(&table.name, format!("a row {what}")),
            Refusal::Missing(field) => field,
        };
        let column = self.columns().find(|(column, _)| &*column.name == field);
        match column.map(|(column, datum)| Lazy { type_: &column.type_, datum }.missing()) {
            Some(Some(error)) => error.in_column(&table.name, field),
            Some(None) | None => TypeError::no_column(&table.name, field),
        }
    }
}

impl OwnedRow {
    /// The row as a type of your own: see [`Row::deserialize`].
    ///
    /// # Errors
    ///
    /// Those of [`Row::deserialize`].
    pub fn deserialize<'a, T: Deserialize<'a>>(&'a self) -> Result<T, TypeError> {
        self.as_row().deserialize()
    }
}

/// A row as a map, or as a sequence.
struct Columns<'a> {
    row: Row<'a>,
    /// The column that comes next.
    at: usize,
}

impl<'a> Columns<'a> {
    fn new(row: Row<'a>) -> Self {
        Self { row, at: 0 }
    }

    fn next(&self) -> Option<(&'a Column, Datum<'a>)> {
        Some((self.row.table.columns.get(self.at)?, self.row.datum(self.at)))
    }

    fn read<S: DeserializeSeed<'a>>(
        &self,
        column: &'a Column,
        datum: Datum<'a>,
        seed: S,
    ) -> Result<S::Value, Refusal> {
        seed.deserialize(Lazy { type_: &column.type_, datum })
            .map_err(|refusal| self.explain(column, refusal))
    }

    #[cold]
    fn explain(&self, column: &Column, refusal: Refusal) -> Refusal {
        Refusal::Type(refusal.of(&column.type_).in_column(&self.row.table.name, &column.name))
    }
}

impl<'de> Deserializer<'de> for Columns<'de> {
    type Error = Refusal;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Refusal> {
        visitor.visit_map(self)
    }

    fn deserialize_seq<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Refusal> {
        let columns = self.row.len();
        let mut this = self;
        let value = visitor.visit_seq(&mut this)?;
        if this.at < columns {
            return Err(Refusal::Said(format!("has {columns} columns, of which {} were asked for", this.at)));
        }
        Ok(value)
    }

    fn deserialize_tuple<V: Visitor<'de>>(self, _: usize, visitor: V) -> Result<V::Value, Refusal> {
        self.deserialize_seq(visitor)
    }

    fn deserialize_tuple_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        _: usize,
        visitor: V,
    ) -> Result<V::Value, Refusal> {
        self.deserialize_seq(visitor)
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        visitor: V,
    ) -> Result<V::Value, Refusal> {
        visitor.visit_newtype_struct(self)
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Refusal> {
        visitor.visit_some(self)
    }

    fn deserialize_ignored_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Refusal> {
        visitor.visit_unit()
    }

    forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf unit unit_struct map
        struct enum identifier
    }
}

impl<'de> MapAccess<'de> for Columns<'de> {
    type Error = Refusal;

    fn next_key_seed<K: DeserializeSeed<'de>>(&mut self, seed: K) -> Result<Option<K::Value>, Refusal> {
        while let Some((column, datum)) = self.next() {
            if datum.is_known() {
                let key = seed.deserialize(BorrowedStrDeserializer::<Refusal>::new(&column.name));
                return key.map(Some).map_err(|refusal| self.explain(column, refusal));
            }
            self.at += 1;
        }
        Ok(None)
    }

    fn next_value_seed<S: DeserializeSeed<'de>>(&mut self, seed: S) -> Result<S::Value, Refusal> {
        let (column, datum) = self.next().ok_or("a value was asked for without its key")?;
        self.at += 1;
        self.read(column, datum, seed)
    }

    fn size_hint(&self) -> Option<usize> {
        Some(self.row.columns().skip(self.at).filter(|(_, datum)| datum.is_known()).count())
    }
}

impl<'de> SeqAccess<'de> for Columns<'de> {
    type Error = Refusal;

    fn next_element_seed<S: DeserializeSeed<'de>>(&mut self, seed: S) -> Result<Option<S::Value>, Refusal> {
        let Some((column, datum)) = self.next() else { return Ok(None) };
        self.at += 1;
        self.read(column, datum, seed).map(Some)
    }

    fn size_hint(&self) -> Option<usize> {
        self.row.len().checked_sub(self.at)
    }
}
