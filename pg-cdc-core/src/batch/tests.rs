use std::sync::Arc;

use bytes::Bytes;

use super::*;
use crate::{Column, ColumnType, Datum, Lsn, ReplicaIdentity, Table, TableName, XidSnapshot};

fn table() -> Arc<Table> {
    let text = |name: &str| Column::new(name, ColumnType::new(25, -1, "text"));
    let columns = vec![text("id"), text("note")];
    let name = TableName::new("public", "t");
    Arc::new(Table::new(1, name, columns, ReplicaIdentity::Default).with_key(vec![0]))
}

/// An update of key `a` to `b` whose note is `note`, read from `buffer`, which holds `ab`.
fn update(batch: &mut ChangeBatch, table: &Arc<Table>, buffer: &Bytes, note: Datum<'_>, old_note: Datum<'_>) {
    batch.enter(&Transaction::new(Some(7), Lsn::new(100), 5));
    let (buffer, table) = (batch.attach(buffer), batch.table(table, None));
    let mut row = batch.write(buffer);
    row.text(0, 1).unwrap();
    match old_note {
        Datum::Text(text) => row.text_copied(text).unwrap(),
        _ => row.not_in_identity(),
    }
    row.end_old();
    row.text(1, 1).unwrap();
    match note {
        Datum::Text(text) => row.text_copied(text).unwrap(),
        Datum::Unchanged => row.from_old_or_unchanged(),
        _ => row.null(),
    }
    row.finish(Op::Update, table, Lsn::new(90), 0, 2).unwrap();
}

#[test]
fn a_change_reads_back_as_written() {
    let (mut batch, table) = (ChangeBatch::new(), table());
    update(&mut batch, &table, &Bytes::from_static(b"ab"), Datum::Text(b"hello"), Datum::Absent);
    let change = batch.changes().next().unwrap();
    assert_eq!(change.before().unwrap().datum(0), Datum::Text(b"a"));
    assert_eq!(change.before().unwrap().datum(1), Datum::NotInIdentity);
    assert_eq!(change.after().unwrap().datum_of("id"), Datum::Text(b"b"));
    assert_eq!(change.after().unwrap().datum_of("note"), Datum::Text(b"hello"));
    assert_eq!(change.after().unwrap().datum(2), Datum::Absent);
    assert_eq!((change.lsn(), change.transaction().commit_lsn), (Lsn::new(90), Lsn::new(100)));
}

#[test]
fn an_unchanged_value_is_merged_never_replaced() {
    let (mut batch, table) = (ChangeBatch::new(), table());
    update(&mut batch, &table, &Bytes::from_static(b"ab"), Datum::Unchanged, Datum::Absent);
    let write = batch.changes().next().unwrap().write();
    let Write::Merge { row, moved_from: Some(from) } = write else { panic!("{write:?}") };
    assert_eq!(row.unchanged().map(|column| &*column.name).collect::<Vec<_>>(), ["note"]);
    assert_eq!(from.key().next().unwrap().1, Datum::Text(b"a"));
}

#[test]
fn an_unchanged_value_is_filled_in_from_an_old_row_that_holds_it() {
    let (mut batch, table) = (ChangeBatch::new(), table());
    update(&mut batch, &table, &Bytes::from_static(b"ab"), Datum::Unchanged, Datum::Text(b"kept"));
    let write = batch.changes().next().unwrap().write();
    let Write::Replace { row, .. } = write else { panic!("{write:?}") };
    assert_eq!(row.datum(1), Datum::Text(b"kept"));
}

#[test]
fn a_change_that_is_not_finished_leaves_no_trace() {
    let (mut batch, table) = (ChangeBatch::new(), table());
    let bytes = Bytes::from_static(b"ab");
    let buffer = batch.attach(&bytes);
    batch.write(buffer).null();
    assert!(batch.is_blank());
    update(&mut batch, &table, &bytes, Datum::Null, Datum::Absent);
    assert_eq!(batch.changes().next().unwrap().before().unwrap().datum(0), Datum::Text(b"a"));
}

#[test]
fn a_few_small_changes_never_pin_a_large_buffer() {
    let pool = BufferPool::new(1 << 20);
    let mut buffer = pool.take(1 << 18);
    buffer.bytes_mut().extend_from_slice(b"ab");
    buffer.bytes_mut().resize(1 << 18, b'x');
    let large = buffer.freeze();
    let (mut batch, table) = (ChangeBatch::new(), table());
    update(&mut batch, &table, &large, Datum::Text(b"hello"), Datum::Absent);
    drop(large);
    assert_eq!(pool.retained(), 1 << 18);
    batch.compact();
    assert_eq!(pool.retained(), 0);
    let change = batch.changes().next().unwrap();
    assert_eq!(change.after().unwrap().datum(0), Datum::Text(b"b"));
    assert_eq!(change.after().unwrap().datum(1), Datum::Text(b"hello"));
}

#[test]
fn an_owned_change_holds_no_buffer() {
    let pool = BufferPool::new(1 << 20);
    let mut buffer = pool.take(1 << 10);
    buffer.bytes_mut().extend_from_slice(b"ab");
    let (mut batch, table) = (ChangeBatch::new(), table());
    update(&mut batch, &table, &buffer.freeze(), Datum::Null, Datum::Absent);
    let owned = batch.changes().next().unwrap().to_owned();
    drop(batch);
    assert_eq!(pool.retained(), 0);
    assert_eq!(owned.after.unwrap().as_row().datum(0), Datum::Text(b"b"));
    assert_eq!(owned.before.unwrap().as_row().datum(1), Datum::NotInIdentity);
}

#[test]
fn a_recycled_batch_is_empty_and_knows_no_table_of_before() {
    let recycler = Recycler::new();
    let (mut batch, table) = (recycler.batch(), table());
    let known = batch.table(&table, None);
    update(&mut batch, &table, &Bytes::from_static(b"ab"), Datum::Null, Datum::Absent);
    drop(batch);
    let mut again = recycler.batch();
    assert!(again.is_blank() && again.position().is_none());
    assert_ne!(again.table(&table, Some(known)), known);
}

#[test]
fn events_keep_their_order() {
    let (mut batch, table) = (ChangeBatch::new(), table());
    let bytes = Bytes::from_static(b"ab");
    batch.enter(&Transaction::new(Some(7), Lsn::new(100), 5));
    batch.begin();
    batch.schema_change(None, Arc::clone(&table));
    update(&mut batch, &table, &bytes, Datum::Null, Datum::Absent);
    let buffer = batch.attach(&bytes);
    batch.message(true, buffer, 0..1, 1..2, Lsn::new(95), 1, 5).unwrap();
    batch.commit(Lsn::new(101), 2);
    batch.idle(Lsn::new(102));
    let names: Vec<_> = batch
        .events()
        .map(|event| match event {
            Event::Begin(_) => "begin".to_owned(),
            Event::SchemaChange { new, .. } => format!("schema {}", new.name),
            Event::Change(change) => format!("{:?}", change.op()),
            Event::Message(message) => format!("message {:?}", message.content),
            Event::Commit { end_lsn, changes, .. } => format!("commit {end_lsn} {changes}"),
            Event::Idle { lsn } => format!("idle {lsn}"),
            other => format!("{other:?}"),
        })
        .collect();
    assert_eq!(names, ["begin", "schema public.t", "Update", "message [98]", "commit 0/65 2", "idle 0/66"]);
}

#[test]
fn a_row_is_had_by_name_and_as_json_and_an_error_names_the_column() {
    let id = Column::new("id", ColumnType::new(23, -1, "int4"));
    let note = Column::new("no\"te", ColumnType::new(25, -1, "text"));
    let name = TableName::new("public", "t");
    let table = Arc::new(Table::new(1, name, vec![id, note], ReplicaIdentity::Default).with_key(vec![0]));
    let mut batch = ChangeBatch::new();
    update(&mut batch, &table, &Bytes::from_static(b"78"), Datum::Unchanged, Datum::Absent);
    let change = batch.changes().next().unwrap();
    let row = change.after().unwrap();
    assert_eq!((row.get::<i64>("id"), row.get::<Option<i32>>("id")), (Ok(8), Ok(Some(8))));
    let error = row.get::<&str>("no\"te").unwrap_err();
    assert!(error.to_string().contains("was not sent") && error.column() == Some("no\"te"), "{error}");
    let error = row.get::<i64>("ID").unwrap_err().to_string();
    assert!(error.contains("public.t") && error.contains("no such column"), "{error}");
    let mut json = b"x".to_vec();
    row.write_json(&mut json).unwrap();
    assert_eq!(json, br#"x{"id":8}"#);
    assert_eq!(format!("{row:?}"), r#"{"id": "8", "no\"te": Unchanged}"#);
}

#[test]
fn an_old_row_that_comes_last_goes_in_front_and_one_that_says_nothing_new_goes() {
    let (mut batch, table) = (ChangeBatch::new(), table());
    let bytes = Bytes::from_static(b"aab");
    batch.enter(&Transaction::new(Some(7), Lsn::new(100), 5));
    for old in [1, 2] {
        let (buffer, table) = (batch.attach(&bytes), batch.table(&table, None));
        let mut row = batch.write(buffer);
        row.text(0, 1).unwrap();
        row.text_copied(b"new").unwrap();
        row.end_old();
        row.text(old, 1).unwrap();
        row.not_in_identity();
        row.swap_rows();
        assert_eq!(row.old_repeats_new(&bytes), old == 1);
        if row.old_repeats_new(&bytes) {
            row.drop_old();
        }
        row.finish(Op::Update, table, Lsn::new(90), 0, 2).unwrap();
    }
    let changes: Vec<_> = batch.changes().collect();
    assert!(changes[0].before().is_none());
    assert_eq!(changes[1].before().unwrap().datum(0), Datum::Text(b"b"));
    for change in changes {
        let after = change.after().unwrap();
        assert_eq!((after.datum(0), after.datum(1)), (Datum::Text(b"a"), Datum::Text(b"new")));
    }
}

#[test]
fn what_was_added_since_a_savepoint_is_taken_back_and_nothing_else() {
    let (mut batch, table) = (ChangeBatch::new(), table());
    let bytes = Bytes::from_static(b"ab");
    update(&mut batch, &table, &bytes, Datum::Text(b"kept"), Datum::Absent);
    let (size, payload) = (batch.size(), batch.payload());
    let savepoint = batch.savepoint();
    batch.enter(&Transaction::new(Some(8), Lsn::new(200), 6));
    batch.begin();
    batch.schema_change(None, Arc::clone(&table));
    update(&mut batch, &table, &Bytes::from_static(b"cd"), Datum::Text(b"gone"), Datum::Absent);
    let buffer = batch.attach(&bytes);
    batch.message_copied(true, buffer, b"p", b"content", Lsn::new(95), 1, 5).unwrap();
    batch.commit(Lsn::new(201), 2);
    let Some(Event::Message(message)) = batch.events().find(|event| matches!(event, Event::Message(_)))
    else {
        panic!("no message")
    };
    assert_eq!((message.prefix, message.content), (&b"p"[..], &b"content"[..]));
    let told = batch.roll_back(savepoint);
    assert!(matches!(&told[..], [(None, new)] if Arc::ptr_eq(new, &table)));
    assert_eq!((batch.size(), batch.payload(), batch.len()), (size, payload, 1));
    assert!(batch.notices().next().is_none());
    update(&mut batch, &table, &bytes, Datum::Text(b"again"), Datum::Absent);
    let notes: Vec<_> = batch.changes().map(|change| change.after().unwrap().datum(1)).collect();
    assert_eq!(notes, [Datum::Text(b"kept"), Datum::Text(b"again")]);
    assert_eq!(batch.events().count(), 2);
}

#[test]
fn an_update_of_a_table_without_a_key_moves_the_whole_row() {
    let mut keyless = Table::clone(&table());
    keyless.key.clear();
    let mut batch = ChangeBatch::new();
    update(&mut batch, &Arc::new(keyless), &Bytes::from_static(b"aa"), Datum::Null, Datum::Text(b"old"));
    let write = batch.changes().next().unwrap().write();
    let Write::Replace { moved_from: Some(old), .. } = write else { panic!("{write:?}") };
    assert_eq!(old.datum_of("note"), Datum::Text(b"old"));
}

#[test]
fn a_schema_change_that_is_taken_back_leaves_no_trace() {
    let (mut batch, table) = (ChangeBatch::new(), table());
    let blank = batch.size();
    batch.schema_change(None, Arc::clone(&table));
    batch.retract_schema_change();
    assert_eq!((batch.size(), batch.is_blank(), batch.notices().count()), (blank, true, 0));
    // What stands behind it holds it.
    batch.schema_change(None, Arc::clone(&table));
    update(&mut batch, &table, &Bytes::from_static(b"ab"), Datum::Null, Datum::Absent);
    batch.retract_schema_change();
    assert_eq!((batch.events().count(), batch.notices().count()), (2, 1));
}

#[test]
fn a_table_that_is_done_says_what_its_rows_show() {
    let (mut batch, table) = (ChangeBatch::new(), table());
    let handle = batch.table(&table, None);
    let shows: Vec<Arc<XidSnapshot>> = ["5:5:", "7:9:8"].map(|text| Arc::new(text.parse().unwrap())).to_vec();
    batch.table_done(handle, 1, Lsn::new(10), None);
    batch.table_done(handle, 2, Lsn::new(20), shows.first());
    batch.table_done(handle, 3, Lsn::new(30), shows.last());
    let told: Vec<_> = batch
        .notices()
        .map(|event| match event {
            Event::TableDone { rows, point, shows, .. } => {
                (rows, point.as_u64(), shows.map(|shows| shows.to_string()))
            }
            other => panic!("{other:?}"),
        })
        .collect();
    assert_eq!(told, [(1, 10, None), (2, 20, Some("5:5:".to_owned())), (3, 30, Some("7:9:8".to_owned()))]);
}
