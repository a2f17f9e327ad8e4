//! Rows of a batch as record batches.

use std::sync::Arc;

use arrow_array::{RecordBatch, RecordBatchOptions};
use arrow_schema::SchemaRef;

use super::builder::ColumnBuilder;
use super::options::{ArrowOptions, NotSent};
use crate::batch::{ChangeBatch, Row};
use crate::types::{Flaw, TypeError};
use crate::{Datum, Table};

/// Which row of a change is meant.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Image {
    /// The row as it was: of an update or delete, as far as the replica identity goes.
    Before,
    /// The row as it is now: of a read, an insert, an update.
    After,
}

/// The rows of one version of a table that stand in a batch, in their order; changes that have no such row are passed
/// over.
///
/// A batch may hold several tables, and several versions of one: this is for each of them. Whoever needs other rows,
/// or what was done with them, gives a [`TableBuilder`] the rows of its choice.
///
/// # Errors
///
/// As [`TableBuilder::extend`] and [`TableBuilder::finish`].
///
/// ```
/// # use pg_cdc_core::batch::{ChangeBatch, Op, Transaction};
/// # use pg_cdc_core::types::oid;
/// # use pg_cdc_core::{Column, ColumnType, Lsn, ReplicaIdentity, Table, TableName};
/// use pg_cdc_core::types::arrow::arrow_array::{cast::AsArray, types::Int64Type};
/// use pg_cdc_core::types::arrow::{ArrowOptions, Image, batch_to_arrow};
///
/// # let columns = vec![
/// #     Column::new("id", ColumnType::built_in(oid::INT8)),
/// #     Column::new("note", ColumnType::built_in(oid::TEXT)),
/// # ];
/// # let table = std::sync::Arc::new(Table::new(1, TableName::new("public", "orders"), columns, ReplicaIdentity::Default));
/// # let mut batch = ChangeBatch::new();
/// # batch.enter(&Transaction::new(Some(7), Lsn::new(100), 5));
/// # for (id, note) in [(1, "a"), (2, "b")] {
/// #     let buffer = batch.attach(&Default::default());
/// #     let known = batch.table(&table, None);
/// #     let mut row = batch.write(buffer);
/// #     row.text_copied(format!("{id}").as_bytes())?;
/// #     row.text_copied(note.as_bytes())?;
/// #     row.finish(Op::Insert, known, Lsn::new(90), id, 0)?;
/// # }
/// // `batch` holds inserts of (1, 'a') and (2, 'b') into `table`.
/// let rows = batch_to_arrow(&batch, &table, Image::After, &ArrowOptions::default())?;
/// assert_eq!(rows.num_rows(), 2);
/// assert_eq!(rows["id"].as_primitive::<Int64Type>().values(), &[1, 2]);
/// assert_eq!(rows["note"].as_string::<i32>().value(1), "b");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn batch_to_arrow(
    batch: &ChangeBatch,
    table: &Arc<Table>,
    image: Image,
    options: &ArrowOptions,
) -> Result<RecordBatch, TypeError> {
    let rows: Vec<_> = batch
        .changes()
        .filter(|change| is_same(change.table(), table))
        .filter_map(|change| match image {
            Image::Before => change.before(),
            Image::After => change.after(),
        })
        .collect();
    let mut builder = TableBuilder::new(Arc::clone(table), options);
    builder.extend(&rows)?;
    builder.finish()
}

/// Whether both are the same version of one table.
fn is_same(one: &Arc<Table>, other: &Arc<Table>) -> bool {
    Arc::ptr_eq(one, other) || one == other
}

/// Builds record batches of one version of a table, a column at a time over the rows it is given.
///
/// ```
/// # fn example(batch: &pg_cdc_core::batch::ChangeBatch, table: std::sync::Arc<pg_cdc_core::Table>) -> Result<(), pg_cdc_core::types::TypeError> {
/// use pg_cdc_core::batch::Op;
/// use pg_cdc_core::types::arrow::{ArrowOptions, NotSent, TableBuilder};
///
/// // The old rows of deletes: without replica identity FULL they hold the key alone.
/// let mut options = ArrowOptions::default();
/// options.not_sent = NotSent::Null;
/// let mut builder = TableBuilder::new(table, &options);
/// let deletes = batch.changes().filter(|change| change.op() == Op::Delete && change.table() == builder.table());
/// let rows: Vec<_> = deletes.filter_map(|change| change.before()).collect();
/// builder.extend(&rows)?;
/// let deleted = builder.finish()?;
/// # drop(deleted); Ok(()) }
/// ```
#[derive(Debug)]
pub struct TableBuilder {
    table: Arc<Table>,
    schema: SchemaRef,
    columns: Vec<ColumnBuilder>,
    not_sent: NotSent,
    rows: usize,
}

impl TableBuilder {
    /// A builder for rows of `table`.
    #[must_use]
    pub fn new(table: Arc<Table>, options: &ArrowOptions) -> Self {
        let columns = table.columns.iter().map(|column| ColumnBuilder::new(&column.type_, options)).collect();
        let schema = Arc::new(options.schema_of(&table));
        Self { table, schema, columns, not_sent: options.not_sent, rows: 0 }
    }

    /// The table.
    #[must_use]
    pub fn table(&self) -> &Arc<Table> {
        &self.table
    }

    /// The schema of its record batches.
    #[must_use]
    pub fn schema(&self) -> &SchemaRef {
        &self.schema
    }

    /// How many rows were appended.
    #[must_use]
    pub fn len(&self) -> usize {
        self.rows
    }

    /// Whether no row was appended.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.rows == 0
    }

    /// Appends rows of the table, a column at a time.
    ///
    /// # Errors
    ///
    /// Where a row is of another version of the table, or a value is not what its type says, can't be held exactly
    /// (unless [`ArrowOptions::inexact`] says otherwise), was not sent (unless [`ArrowOptions::not_sent`] does) or is
    /// NULL in a column that is said to have none. The error names table and column; the builder is then as it was.
    pub fn extend(&mut self, rows: &[Row<'_>]) -> Result<(), TypeError> {
        let result = self.extend_columns(rows);
        match &result {
            Ok(()) => self.rows += rows.len(),
            Err(_) => self.columns.iter_mut().for_each(|column| column.truncate(self.rows)),
        }
        result
    }

    fn extend_columns(&mut self, rows: &[Row<'_>]) -> Result<(), TypeError> {
        if rows.iter().any(|row| !is_same(row.table(), &self.table)) {
            let what = "a row is of another table, or of another version of this one";
            return Err(TypeError::of_row(&self.table.name, what));
        }
        for (index, (builder, column)) in self.columns.iter_mut().zip(&self.table.columns).enumerate() {
            let nullable = self.schema.fields().get(index).is_none_or(|field| field.is_nullable());
            for row in rows {
                let appended = match row.datum(index) {
                    Datum::Null if !nullable => {
                        Err(Flaw::new("is NULL, which its column does not allow").of(&column.type_))
                    }
                    Datum::Unchanged | Datum::NotInIdentity | Datum::Absent
                        if self.not_sent == NotSent::Null =>
                    {
                        builder.append_null();
                        Ok(())
                    }
                    datum => builder.append(datum),
                };
                appended.map_err(|error| error.in_column(&self.table.name, &column.name))?;
            }
        }
        Ok(())
    }

    /// The rows that were appended; the builder begins anew.
    ///
    /// # Errors
    ///
    /// Where text is not UTF-8, see [`ColumnBuilder::finish`]. The rows are lost then.
    pub fn finish(&mut self) -> Result<RecordBatch, TypeError> {
        let rows = std::mem::take(&mut self.rows);
        let finish = |(builder, column): (&mut ColumnBuilder, &crate::Column)| {
            builder.finish().map_err(|error| error.in_column(&self.table.name, &column.name))
        };
        // Every column begins anew, whichever fails.
        let columns: Vec<_> = self.columns.iter_mut().zip(&self.table.columns).map(finish).collect();
        let columns = columns.into_iter().collect::<Result<Vec<_>, _>>()?;
        let options = RecordBatchOptions::new().with_row_count(Some(rows));
        RecordBatch::try_new_with_options(Arc::clone(&self.schema), columns, &options)
            .map_err(|_| TypeError::of_row(&self.table.name, "the columns can't be made a record batch"))
    }
}
