//! Schemas of tables, and rows of batches.

use std::sync::Arc;

use arrow_array::Array;
use arrow_array::cast::AsArray;
use arrow_array::types::{Decimal128Type, Int64Type};
use arrow_schema::DataType;

use super::{options, own};
use crate::batch::{ChangeBatch, Op, Transaction};
use crate::types::arrow::*;
use crate::types::*;
use crate::{Column, Lsn, ReplicaIdentity, Table, TableName};

fn table() -> Arc<Table> {
    let mut id = Column::new("id", ColumnType::built_in(oid::INT8));
    id.nullable = false;
    let mut columns = vec![id, Column::new("doc", ColumnType::built_in(oid::JSONB))];
    columns.push(Column::new("tags", ColumnType::built_in(oid::UUID_ARRAY)));
    columns.push(Column::new("price", own("a.price")));
    let name = TableName::new("public", "orders");
    Arc::new(Table::new(1, name, columns, ReplicaIdentity::Default).with_key(vec![0]))
}

#[test]
fn a_schema_says_types_nullability_and_what_they_were() {
    let schema = arrow_schema(&table());
    let field = |name| schema.field_with_name(name).unwrap();
    assert_eq!((field("id").data_type(), field("id").is_nullable()), (&DataType::Int64, false));
    assert!(field("doc").is_nullable());
    assert_eq!(field("doc").metadata()["ARROW:extension:name"], "arrow.json");
    assert_eq!(field("doc").metadata()["postgres.type"], "jsonb");
    let DataType::List(item) = field("tags").data_type() else { unreachable!() };
    assert_eq!((item.data_type(), item.is_nullable()), (&DataType::FixedSizeBinary(16), true));
    assert_eq!(item.metadata()["ARROW:extension:name"], "arrow.uuid");
    assert_eq!(field("price").data_type(), &DataType::Decimal128(10, 2));
    assert_eq!(field("price").metadata()["postgres.type"], "a.price");
    let nulls = options(|options| options.not_sent = NotSent::Null).schema_of(&table());
    assert!(nulls.fields().iter().all(|field| field.is_nullable()));
}

/// An insert of (1, `{}`, NULL, 9.50), an update to (2, …) that leaves the document alone, and a delete of 2.
fn batch(table: &Arc<Table>) -> ChangeBatch {
    let mut batch = ChangeBatch::new();
    batch.enter(&Transaction::new(Some(7), Lsn::new(100), 5));
    for (seq, op) in [Op::Insert, Op::Update, Op::Delete].into_iter().enumerate() {
        let buffer = batch.attach(&bytes::Bytes::new());
        let known = batch.table(table, None);
        let mut row = batch.write(buffer);
        if op != Op::Insert {
            row.text_copied(if op == Op::Update { b"1" } else { b"2" }).unwrap();
            (0..3).for_each(|_| row.not_in_identity());
            row.end_old();
        }
        if op != Op::Delete {
            row.text_copied(if op == Op::Update { b"2" } else { b"1" }).unwrap();
            if op == Op::Update {
                row.unchanged()
            } else {
                row.text_copied(b"{}").unwrap()
            }
            row.null();
            row.text_copied(b"9.50").unwrap();
        }
        row.finish(op, known, Lsn::new(90), seq as u64, 0).unwrap();
    }
    batch
}

#[test]
fn a_batch_s_rows_are_a_record_batch_and_what_was_not_sent_is_never_null_unasked() {
    let table = table();
    let batch = batch(&table);
    let error = batch_to_arrow(&batch, &table, Image::After, &ArrowOptions::default()).unwrap_err();
    assert_eq!(
        error.to_string(),
        "table public.orders, column doc: a value of type jsonb was not sent (an unchanged TOAST value)"
    );
    let options = options(|options| options.not_sent = NotSent::Null);
    let after = batch_to_arrow(&batch, &table, Image::After, &options).unwrap();
    assert_eq!(after["id"].as_primitive::<Int64Type>().values(), &[1, 2]);
    assert_eq!(after["doc"].as_string::<i32>().iter().collect::<Vec<_>>(), [Some("{}"), None]);
    assert_eq!(after["price"].as_primitive::<Decimal128Type>().values(), &[950, 950]);
    assert_eq!(after.schema().as_ref(), &options.schema_of(&table));
    let before = batch_to_arrow(&batch, &table, Image::Before, &options).unwrap();
    assert_eq!(before["id"].as_primitive::<Int64Type>().values(), &[1, 2]);
    assert_eq!(before["doc"].null_count(), 2);
}

#[test]
fn rows_of_another_version_are_refused_and_those_before_them_kept() {
    let table = table();
    let mut other = Table::clone(&table);
    other.columns.swap(1, 2);
    let other = Arc::new(other);
    let (ours, theirs) = (batch(&table), batch(&other));
    let mut builder = TableBuilder::new(Arc::clone(&table), &ArrowOptions::default());
    let insert = ours.changes().next().unwrap().after().unwrap();
    let update = ours.changes().nth(1).unwrap().after().unwrap();
    builder.extend(&[insert, insert]).unwrap();
    let error = builder.extend(&[theirs.changes().next().unwrap().after().unwrap()]).unwrap_err();
    let says = "table public.orders: a row is of another table, or of another version of this one";
    assert_eq!((error.to_string().as_str(), error.table()), (says, Some(&table.name)));
    builder.extend(&[insert, update]).unwrap_err();
    assert_eq!((builder.len(), builder.finish().unwrap().num_rows()), (2, 2));
    assert!(batch_to_arrow(&ours, &other, Image::After, &ArrowOptions::default()).unwrap().num_rows() == 0);
}

#[test]
fn null_in_a_column_that_has_none_is_an_error() {
    let id = &table().columns[0];
    let columns = vec![id.clone()];
    let table = Arc::new(Table::new(1, TableName::new("public", "t"), columns, ReplicaIdentity::Default));
    let mut batch = ChangeBatch::new();
    batch.enter(&Transaction::new(Some(7), Lsn::new(100), 5));
    let (buffer, known) = (batch.attach(&bytes::Bytes::new()), batch.table(&table, None));
    let mut row = batch.write(buffer);
    row.null();
    row.finish(Op::Insert, known, Lsn::new(90), 0, 0).unwrap();
    let error = batch_to_arrow(&batch, &table, Image::After, &ArrowOptions::default()).unwrap_err();
    assert!(
        error.to_string().contains("public.t, column id: ") && error.to_string().contains("NULL"),
        "{error}"
    );
}

#[test]
fn a_table_without_columns_has_rows() {
    let table = Arc::new(Table::new(1, TableName::new("a", "b"), Vec::new(), ReplicaIdentity::Default));
    let mut batch = ChangeBatch::new();
    batch.enter(&Transaction::new(Some(7), Lsn::new(100), 5));
    let (buffer, known) = (batch.attach(&bytes::Bytes::new()), batch.table(&table, None));
    batch.write(buffer).finish(Op::Insert, known, Lsn::new(90), 0, 0).unwrap();
    let rows = batch_to_arrow(&batch, &table, Image::After, &ArrowOptions::default()).unwrap();
    assert_eq!((rows.num_rows(), rows.num_columns()), (1, 0));
}
