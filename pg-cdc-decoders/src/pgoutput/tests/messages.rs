//! What each message becomes.

use pg_cdc_core::batch::{Event, Write};
use pg_cdc_core::{Lsn, Outcome, ReplicaIdentity};
use pg_cdc_testkit::encode::pgoutput::{Message, Old, Value};

use super::*;

#[test]
fn a_transaction_is_a_begin_its_changes_in_order_and_a_commit() {
    let mut bench = Bench::new();
    assert_eq!(bench.message(&begin(100)).unwrap(), Outcome::Begin { commit_lsn: Lsn::new(100) });
    bench.feed(&[t(), insert("1"), insert("2")]);
    let (commit_lsn, end_lsn) = (Lsn::new(100), Lsn::new(110));
    assert_eq!(bench.message(&commit(100)).unwrap(), Outcome::Commit { commit_lsn, end_lsn });
    assert_eq!(
        bench.take(),
        [
            "schema public.t (id 23 int4 key, note 25 text) Default, new",
            "begin 0/64 xid 7 at 946684800000005",
            r#"Insert public.t #0 new {id: "1", note: "x"}"#,
            r#"Insert public.t #1 new {id: "2", note: "x"}"#,
            "commit 0/64 ends 0/6E with 2",
        ]
    );
}

#[test]
fn a_transaction_without_changes_leaves_no_event() {
    let mut bench = Bench::new();
    bench.feed(&[begin(100), t()]);
    bench.take();
    bench.feed(&[commit(100), begin(200), commit(200)]);
    assert!(bench.batch.is_blank());
}

#[test]
fn an_origin_and_a_type_are_no_events() {
    let mut bench = Bench::new();
    let origin = Message::Origin { lsn: Lsn::new(9), name: "elsewhere".to_owned() };
    let type_ = Message::Type { oid: 70_000, schema: "public".to_owned(), name: "mood".to_owned() };
    bench.feed(&[begin(100), origin, type_]);
    assert!(bench.batch.is_blank());
}

#[test]
fn a_type_message_names_the_type_of_a_column() {
    let mut bench = Bench::new();
    let type_ =
        |oid, schema: &str, name: &str| Message::Type { oid, schema: schema.into(), name: name.into() };
    let columns = [("id", 70_000, true), ("note", 70_001, false)];
    bench.feed(&[begin(100), type_(70_000, "public", "mood"), type_(70_001, "", "odd")]);
    bench.feed(&[relation(1, "t", ReplicaIdentity::Default, &columns)]);
    let schema = "schema public.t (id 70000 public.mood key, note 70001 odd) Default, new";
    assert_eq!(bench.take(), [schema]);
}

#[test]
fn values_are_text_binary_null_or_unchanged() {
    let mut bench = Bench::in_transaction();
    let new = |values: [Value; 2]| Message::Update { relation: 1, old: None, new: values.into() };
    bench.feed(&[
        new([Value::text(""), Value::Null]),
        new([Value::Binary(vec![0, 0, 0, 1]), Value::Unchanged]),
    ]);
    assert_eq!(
        bench.take()[2..],
        [
            r#"Update public.t #0 new {id: "", note: null}"#,
            "Update public.t #1 new {id: [0, 0, 0, 1], note: unchanged}",
        ]
    );
}

#[test]
fn an_old_key_holds_its_columns_and_nothing_of_the_others() {
    let mut bench = Bench::in_transaction();
    let key = || Old::Key(vec![Value::text("1"), Value::Null]);
    bench.feed(&[
        Message::Update { relation: 1, old: Some(key()), new: texts(&["2", "x"]) },
        Message::Delete { relation: 1, old: key() },
    ]);
    assert_eq!(
        bench.take()[2..],
        [
            r#"Update public.t #0 old {id: "1", note: not in identity} new {id: "2", note: "x"}"#,
            r#"Delete public.t #1 old {id: "1", note: not in identity}"#,
        ]
    );
}

#[test]
fn a_null_in_an_old_row_is_a_null() {
    let mut bench = Bench::in_transaction();
    let row = || Old::Row(vec![Value::text("1"), Value::Null]);
    bench.feed(&[
        Message::Update { relation: 1, old: Some(row()), new: texts(&["2", "x"]) },
        Message::Delete { relation: 1, old: row() },
    ]);
    assert_eq!(
        bench.take()[2..],
        [
            r#"Update public.t #0 old {id: "1", note: null} new {id: "2", note: "x"}"#,
            r#"Delete public.t #1 old {id: "1", note: null}"#,
        ]
    );
}

#[test]
fn an_unchanged_value_is_filled_in_from_a_full_old_row_and_from_nothing_else() {
    let mut bench = Bench::in_transaction();
    let new = || vec![Value::text("1"), Value::Unchanged];
    let update = |old| Message::Update { relation: 1, old, new: new() };
    bench.feed(&[
        update(Some(Old::Row(texts(&["1", "kept"])))),
        update(Some(Old::Row(vec![Value::text("1"), Value::Unchanged]))),
        update(Some(Old::Key(vec![Value::text("1"), Value::Null]))),
        update(None),
    ]);
    let news = bench.batch.changes().map(|change| show(&change.after().unwrap()));
    let unchanged = r#"{id: "1", note: unchanged}"#;
    assert_eq!(news.collect::<Vec<_>>(), [r#"{id: "1", note: "kept"}"#, unchanged, unchanged, unchanged]);
    let merges = bench.batch.changes().map(|change| matches!(change.write(), Write::Merge { .. }));
    assert_eq!(merges.collect::<Vec<_>>(), [false, true, true, true]);
}

#[test]
fn a_truncate_is_a_change_of_each_of_its_tables() {
    let mut bench = Bench::in_transaction();
    let restart = Message::Truncate { relations: vec![2, 1], cascade: true, restart_identity: true };
    bench.feed(&[u(), insert("1"), restart, truncate(&[1]), commit(100)]);
    assert_eq!(
        bench.take()[4..],
        [
            "Truncate public.u #1 cascade restart",
            "Truncate public.t #2 cascade restart",
            "Truncate public.t #3",
            "commit 0/64 ends 0/6E with 4",
        ]
    );
}

#[test]
fn a_transactional_message_is_counted_with_the_changes() {
    let mut bench = Bench::in_transaction();
    bench.take();
    bench.feed(&[emit(true, 60), insert("1"), commit(100)]);
    assert_eq!(
        bench.take(),
        [
            "begin 0/64 xid 7 at 946684800000005",
            "message #0 p: c",
            r#"Insert public.t #1 new {id: "1", note: "x"}"#,
            "commit 0/64 ends 0/6E with 2",
        ]
    );
}

#[test]
fn a_message_outside_of_a_transaction_confirms_what_came_before_it() {
    let mut bench = Bench::new();
    let outcome = bench.message(&emit(false, 60)).unwrap();
    // What commits where its record ends is another, and comes after it.
    assert_eq!(outcome, Outcome::Commit { commit_lsn: Lsn::new(59), end_lsn: Lsn::new(60) });
    assert_eq!(bench.take(), ["message at 0/3C p: c"]);
}

#[test]
fn a_message_outside_of_a_transaction_is_not_counted_with_the_changes_around_it() {
    let mut bench = Bench::in_transaction();
    bench.take();
    bench.feed(&[insert("1"), emit(false, 60), insert("2")]);
    let seqs = bench.batch.changes().map(|change| change.seq());
    assert_eq!(seqs.collect::<Vec<_>>(), [0, 1]);
    let last = bench.batch.events().filter(|event| matches!(event, Event::Message(_)));
    assert_eq!(last.count(), 1);
}

#[test]
fn a_message_may_hold_any_bytes() {
    let mut bench = Bench::new();
    let content = vec![0, 255, 0];
    let prefix = vec![0xE9];
    bench.feed(&[Message::Message {
        transactional: false,
        lsn: Lsn::new(60),
        prefix: prefix.clone(),
        content: content.clone(),
    }]);
    let Some(Event::Message(message)) = bench.batch.events().next() else { panic!("no message") };
    assert_eq!((message.prefix, message.content), (&prefix[..], &content[..]));
}

#[test]
fn a_table_without_columns_has_rows() {
    let mut bench = Bench::new();
    let full = relation(1, "t", ReplicaIdentity::Full, &[]);
    let new = Vec::new;
    bench.feed(&[begin(100), full, Message::Insert { relation: 1, new: new() }]);
    bench.feed(&[Message::Delete { relation: 1, old: Old::Row(new()) }]);
    assert_eq!(bench.take()[2..], ["Insert public.t #0 new {}", "Delete public.t #1 old {}"]);
}

#[test]
fn a_frame_is_read_in_place_in_a_larger_buffer() {
    let mut bench = Bench::in_transaction();
    let mut buffer = b"before".to_vec();
    insert("1").encode_into(&mut buffer);
    let range = 6..buffer.len();
    buffer.extend_from_slice(b"behind");
    let buffer = Bytes::from(buffer);
    let frame = Frame::new(Lsn::new(50), &buffer, range);
    assert_eq!(bench.decoder.decode(frame, &bench.tables, &mut bench.batch).unwrap(), Outcome::Taken);
    let change = bench.batch.changes().next().unwrap();
    let Datum::Text(note) = change.after().unwrap().datum(1) else { panic!("{change:?}") };
    assert_eq!(note, b"x");
    assert!(buffer.as_ptr_range().contains(&note.as_ptr()), "the value was copied");
}
