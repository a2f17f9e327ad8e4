//! Relations: versions of tables, what the catalog is asked, which tables are wanted.

use std::sync::Arc;

use pg_cdc_core::batch::Event;
use pg_cdc_core::batch::Row;
use pg_cdc_core::{
    Column, ColumnType, Columns, Known, Outcome, ReplicaIdentity, Shape, Table, TableFacts, TableName,
};
use pg_cdc_testkit::encode::pgoutput::Prepare;

use super::*;

fn facts(key: Vec<u16>, from: u64) -> Known {
    let mut id = Column::new("id", ColumnType::new(INT4, -1, "int4"));
    (id.identity, id.nullable) = (true, false);
    let note = Column::new("note", ColumnType::new(TEXT, -1, "text"));
    let name = TableName::new("public", "t");
    let table = Table::new(1, name, vec![id, note], ReplicaIdentity::Default).with_key(key);
    Known::Wanted(TableFacts::new(Arc::new(table), Lsn::new(from)))
}

fn schema_changes(bench: &Bench) -> usize {
    bench.batch.events().filter(|event| matches!(event, Event::SchemaChange { .. })).count()
}

#[test]
fn a_table_that_changed_is_an_event_with_its_old_and_new_shape() {
    let mut bench = Bench::in_transaction();
    bench.feed(&[insert("1"), commit(100), begin(200), u(), t()]);
    bench.take();
    let columns = [("id", INT4, true), ("note", TEXT, false), ("more", TEXT, false)];
    bench.feed(&[relation(1, "t", ReplicaIdentity::Default, &columns)]);
    let Some(Event::SchemaChange { old: Some(old), new }) = bench.batch.events().next() else {
        panic!("no schema change with an old shape")
    };
    assert_eq!((old.columns.len(), new.columns.len()), (2, 3));
    bench.feed(&[Message::Insert { relation: 1, new: texts(&["1", "x", "y"]) }]);
    assert_eq!(bench.batch.changes().next().unwrap().table().columns.len(), 3);
}

#[test]
fn every_fact_of_a_relation_makes_a_new_shape() {
    let default = ReplicaIdentity::Default;
    let variants = [
        relation(1, "renamed", default, &[("id", INT4, true), ("note", TEXT, false)]),
        relation(1, "t", ReplicaIdentity::Full, &[("id", INT4, true), ("note", TEXT, false)]),
        relation(1, "t", default, &[("id", INT4, true), ("renamed", TEXT, false)]),
        relation(1, "t", default, &[("id", INT4, true), ("note", 1043, false)]),
        relation(1, "t", default, &[("id", INT4, true), ("note", TEXT, true)]),
        relation(1, "t", default, &[("note", TEXT, false), ("id", INT4, true)]),
    ];
    for variant in variants {
        let mut bench = Bench::in_transaction();
        bench.take();
        bench.feed(std::slice::from_ref(&variant));
        assert_eq!(schema_changes(&bench), 1, "{variant:?}");
    }
}

/// A prepared transaction, of which the driver keeps these messages.
fn prepared(bench: &mut Bench, messages: impl IntoIterator<Item = Bytes>) {
    let (prepare_lsn, end_lsn) = (Lsn::new(60), Lsn::new(70));
    let prepare = Prepare { prepare_lsn, end_lsn, prepare_time: 4, xid: 9, gid: "one".to_owned() };
    let (begin, end) = (Message::BeginPrepare(prepare.clone()), Message::Prepare(prepare));
    for buffer in [begin.encode()].into_iter().chain(messages).chain([end.encode()]) {
        let _ = bench.decoder.route(Frame::whole(Lsn::new(40), &buffer)).unwrap();
    }
}

#[test]
fn what_is_wrong_with_an_announcement_is_told_of_its_own_place() {
    let mut bench = Bench::new();
    let mut broken = t().encode().to_vec();
    let end = broken.len();
    broken.push(0);
    prepared(&mut bench, [broken.into()]);
    bench.feed(&[begin(100)]);
    let error = bench.message(&truncate(&[1])).unwrap_err();
    assert_eq!((error.lsn(), error.offset()), (Lsn::new(40), end), "{error}");
    assert!(bench.batch.is_blank());
}

#[test]
fn a_truncate_of_many_tables_that_were_announced_elsewhere_takes_no_more_stack() {
    const TABLES: u32 = 3000;
    let truncated = || {
        let mut bench = Bench::new();
        let table = |oid| relation(oid, "t", ReplicaIdentity::Default, &[("id", INT4, true)]).encode();
        prepared(&mut bench, (1..=TABLES).map(table));
        bench.feed(&[begin(100), truncate(&(1..=TABLES).collect::<Vec<_>>())]);
        bench.batch.len()
    };
    let thread = std::thread::Builder::new().stack_size(256 << 10).spawn(truncated).unwrap();
    assert_eq!(thread.join().unwrap(), TABLES as usize);
}

#[test]
fn what_a_prepared_transaction_announced_is_asked_for_by_the_change_that_needs_it() {
    for change in [insert("1"), truncate(&[1])] {
        let mut bench = Bench::with_tables(Tables::from_catalog());
        prepared(&mut bench, [t().encode(), insert("9").encode()]);
        bench.feed(&[begin(100)]);
        let asked = bench.message(&change).unwrap();
        assert!(matches!(asked, Outcome::NeedTable { oid: Some(1), .. }), "{asked}");
        assert!(bench.batch.is_blank());
        bench.tables.insert(1, facts(vec![0], 0));
        assert_eq!(bench.message(&change).unwrap(), Outcome::Taken);
        bench.feed(&[change, commit(100)]);
        let changes = bench.batch.changes().map(|change| (change.seq(), change.table().key.to_vec()));
        assert_eq!(changes.collect::<Vec<_>>(), [(0, vec![0]), (1, vec![0])]);
        assert_eq!(schema_changes(&bench), 1);
    }
}

#[test]
fn the_same_relation_again_is_no_event() {
    let mut bench = Bench::in_transaction();
    bench.take();
    bench.feed(&[t(), commit(100)]);
    bench.decoder.restart(None);
    bench.feed(&[begin(200), t(), insert("1")]);
    assert_eq!(schema_changes(&bench), 0);
}

#[test]
fn a_version_that_is_known_from_before_is_no_event() {
    let mut bench = Bench::in_transaction();
    bench.feed(&[insert("1")]);
    let known = Arc::clone(bench.batch.changes().next().unwrap().table());
    let mut bench = Bench { decoder: PgOutput::with_versions([Arc::clone(&known)]), ..Bench::new() };
    bench.feed(&[begin(100), t(), insert("1")]);
    assert_eq!(schema_changes(&bench), 0);
    assert!(Arc::ptr_eq(bench.batch.changes().next().unwrap().table(), &known));
}

#[test]
fn a_relation_of_an_earlier_connection_is_not_known() {
    let mut bench = Bench::in_transaction();
    bench.decoder.restart(None);
    bench.feed(&[begin(100)]);
    let error = bench.message(&insert("1")).unwrap_err();
    assert!(error.to_string().contains("no Relation message announced relation 1"), "{error}");
}

#[test]
fn the_catalog_is_asked_once_for_a_relation_it_has_not_told_of() {
    let mut bench = Bench::with_tables(Tables::from_catalog());
    bench.feed(&[begin(100)]);
    let outcome = bench.message(&t()).unwrap();
    let name = TableName::new("public", "t");
    assert_eq!(outcome, Outcome::NeedTable { oid: Some(1), name, types: Vec::new() });
    assert!(bench.batch.is_blank());
    // Dropped since: it is not asked for twice.
    bench.feed(&[t(), insert("1")]);
    assert_eq!(bench.batch.len(), 1);
}

#[test]
fn the_catalogs_answer_completes_a_table() {
    let mut bench = Bench::with_tables(Tables::from_catalog());
    bench.feed(&[begin(100)]);
    let _ = bench.message(&t()).unwrap();
    bench.tables.insert(1, facts(vec![0], 0));
    bench.feed(&[t(), insert("1")]);
    let table = Arc::clone(bench.batch.changes().next().unwrap().table());
    assert_eq!(table.key, [0]);
    assert_eq!(&*table.columns[0].type_.name, "int4");
    assert!(!table.columns[0].nullable && table.columns[1].nullable);
    // Now it is known: not asked for on the next connection.
    bench.decoder.restart(None);
    bench.feed(&[begin(200), t()]);
}

#[test]
fn the_key_is_the_one_of_then_in_the_catalogs_order() {
    let key = |identity, announced: [bool; 2]| {
        let columns = [("id", INT4, announced[0]), ("note", TEXT, announced[1])];
        let mut bench = Bench::with_tables(Tables::from_catalog());
        bench.feed(&[begin(100)]);
        let _ = bench.message(&relation(1, "t", identity, &columns)).unwrap();
        bench.tables.insert(1, facts(vec![1, 0], 0));
        bench.feed(&[relation(1, "t", identity, &columns), insert("1")]);
        bench.batch.changes().next().unwrap().table().key.to_vec()
    };
    assert_eq!(key(ReplicaIdentity::Default, [true, true]), [1, 0]);
    assert_eq!(key(ReplicaIdentity::Default, [true, false]), [0]);
    // A table without a primary key has the one that was named for it; that of an index is beside it.
    assert_eq!(key(ReplicaIdentity::Default, [false, false]), [1, 0]);
    assert_eq!(key(ReplicaIdentity::Index, [true, false]), [1, 0]);
}

#[test]
fn a_type_that_was_dropped_since_is_what_it_was() {
    let labels = pg_cdc_core::types::Shape::Enum { labels: Vec::new() };
    let mood = ColumnType::with_shape(70_000, -1, "public.mood", labels);
    let Known::Wanted(known) = facts(vec![0], 0) else { panic!() };
    let mut before = Table::clone(&known.table);
    before.columns[1].type_ = mood.clone();
    let mut bench = Bench::with_tables(Tables::from_catalog());
    bench.decoder = PgOutput::with_versions([Arc::new(before)]);
    // The catalog of now: a column of another type.
    bench.tables.insert(1, facts(vec![0], 0));
    let then = relation(1, "t", ReplicaIdentity::Default, &[("id", INT4, true), ("note", 70_000, false)]);
    bench.feed(&[begin(100)]);
    assert!(matches!(bench.message(&then).unwrap(), Outcome::NeedTable { .. }));
    bench.feed(&[then, insert("1")]);
    assert_eq!(bench.batch.changes().next().unwrap().table().columns[1].type_, mood);
    assert_eq!(schema_changes(&bench), 0);
}

#[test]
fn the_catalog_is_asked_again_for_a_relation_of_another_shape() {
    let mut bench = Bench::with_tables(Tables::from_catalog());
    bench.tables.insert(1, facts(vec![0], 0));
    bench.feed(&[begin(100), t()]);
    let other = relation(1, "t", ReplicaIdentity::Default, &[("id", INT4, true)]);
    assert!(matches!(bench.message(&other).unwrap(), Outcome::NeedTable { oid: Some(1), .. }));
    // The catalog is of now: it may still say something else. Then what was announced counts.
    bench.feed(&[other, Message::Insert { relation: 1, new: texts(&["1"]) }]);
    assert_eq!(bench.batch.changes().next().unwrap().table().columns.len(), 1);
}

/// What is known of `t`, of which only the column `note` is read.
fn note_only() -> Known {
    let Known::Wanted(mut facts) = facts(vec![], 0) else { return Known::Unwanted };
    facts.shape = Arc::new(Shape::default().with_columns(Columns::Except(vec!["id".to_owned()])));
    facts.table = Arc::new(facts.shape.apply(&facts.table));
    Known::Wanted(facts)
}

fn first(row: Option<Row<'_>>) -> Option<Datum<'_>> {
    row.map(|row| row.datum(0))
}

#[test]
fn columns_that_are_not_read_are_passed_over_and_make_no_new_shape() {
    let mut bench = Bench::with_tables(Tables::from_catalog());
    bench.tables.insert(1, note_only());
    let update = Message::Update {
        relation: 1,
        old: Some(Old::Row(texts(&["1", "before"]))),
        new: texts(&["2", "after"]),
    };
    bench.feed(&[begin(100), t(), insert("1"), update]);
    let changes: Vec<_> = bench.batch.changes().collect();
    for change in &changes {
        assert_eq!(change.table().columns.len(), 1);
    }
    assert!(matches!(first(changes[0].after()), Some(Datum::Text(_))));
    assert!(matches!(first(changes[1].before()), Some(Datum::Text(b"before"))));
    assert!(matches!(first(changes[1].after()), Some(Datum::Text(b"after"))));
    assert_eq!(schema_changes(&bench), 1);
    // It is of another type now, and nobody is asked.
    let columns = [("id", TEXT, true), ("note", TEXT, false)];
    bench.feed(&[relation(1, "t", ReplicaIdentity::Default, &columns), insert("x")]);
    assert_eq!((schema_changes(&bench), bench.batch.len()), (1, 3));
    // A tuple has all the columns that were announced.
    let short = Message::Insert { relation: 1, new: texts(&["1"]) };
    assert!(bench.message(&short).is_err());
}

#[test]
fn a_table_that_nobody_wants_leaves_no_trace() {
    let mut bench = Bench::with_tables(Tables::from_catalog());
    bench.tables.insert(1, Known::Unwanted);
    let delete = Message::Delete { relation: 1, old: Old::Key(texts(&["1", "x"])) };
    let update = Message::Update { relation: 1, old: None, new: texts(&["1", "x"]) };
    bench.feed(&[begin(100), t(), insert("1"), update, delete, truncate(&[1]), commit(100)]);
    assert!(bench.batch.is_blank());
}

#[test]
fn a_truncate_of_several_tables_keeps_the_wanted_ones() {
    let mut bench = Bench::with_tables(Tables::from_catalog());
    bench.tables.insert(1, facts(vec![0], 0));
    bench.tables.insert(2, Known::Unwanted);
    bench.feed(&[begin(100), t(), u(), truncate(&[2, 1])]);
    assert_eq!(bench.take().last().unwrap(), "Truncate public.t #0");
}

#[test]
fn transactions_that_commit_before_a_tables_start_are_not_wanted() {
    let mut bench = Bench::with_tables(Tables::from_catalog());
    bench.tables.insert(1, facts(vec![0], 200));
    bench.feed(&[begin(199), t(), insert("1"), truncate(&[1]), commit(199)]);
    assert!(bench.batch.is_empty());
    bench.feed(&[begin(200), insert("2"), commit(200)]);
    let change = bench.batch.changes().next().unwrap();
    assert_eq!((change.seq(), change.after().unwrap().datum(0)), (0, Datum::Text(b"2")));
}

#[test]
fn tables_of_pg_catalog_are_named_so() {
    let mut bench = Bench::new();
    let Message::Relation(mut relation) = t() else { unreachable!() };
    relation.schema = String::new();
    bench.feed(&[Message::Relation(relation)]);
    assert!(bench.take()[0].starts_with("schema pg_catalog.t "));
}

#[test]
fn the_key_is_the_replica_identity_where_the_catalog_is_silent() {
    let columns = [("a", TEXT, true), ("b", TEXT, false), ("c", TEXT, true)];
    let key = |identity| {
        let mut bench = Bench::new();
        bench.feed(&[relation(1, "t", identity, &columns)]);
        let Some(Event::SchemaChange { new, .. }) = bench.batch.events().next() else { panic!() };
        new.key.clone()
    };
    assert_eq!(key(ReplicaIdentity::Index), [0, 2]);
    assert_eq!(key(ReplicaIdentity::Full), [0; 0]);
}
