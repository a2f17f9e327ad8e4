//! Tables that change while the stream runs.

use super::*;

#[test]
fn a_column_that_is_declared_otherwise_has_the_catalog_asked_again() {
    use pg_cdc_core::batch::ChangeBatch;
    use pg_cdc_core::{Decoder, Frame, Outcome, Route};

    let mut known = t();
    known.columns[1].type_ = ColumnType::new(oid::VARCHAR, 14, "varchar");
    let mut tables = catalog([known.clone()]);
    let mut decoder = DecoderBufs::default();
    let (mut batch, mut asked) = (ChangeBatch::new(), 0);
    let mut take = |declared: &str, tables: &Tables| {
        let mut change = insert("public.t", &[("id", oid::INT4, int(1)), ("note", oid::VARCHAR, text("a"))]);
        change.new_typeinfo[1].modifier = declared.into();
        let begin = message(Op::Begin).encode();
        let commit = message(Op::Commit).encode();
        let frame = |bytes| Frame::whole(Lsn::new(50), bytes);
        let _ = decoder.route(frame(&begin)).unwrap();
        let Route::Commit(committed) = decoder.route(frame(&commit)).unwrap() else { panic!("no commit") };
        let before = asked;
        let change = change.encode();
        for frame in [committed.begin(), frame(&change), committed.commit()] {
            while let Outcome::NeedTable { .. } = decoder.decode(frame, tables, &mut batch).unwrap() {
                asked += 1;
            }
        }
        (asked - before, std::mem::take(&mut batch).events().map(|event| line(&event)).collect::<Vec<_>>())
    };
    let (asked, lines) = take("character varying(10)", &tables);
    assert_eq!((asked, &*lines[0]), (1, "schema public.t (id int4(-1) not null, note varchar(14))"));
    assert_eq!(take("character varying(10)", &tables).0, 0);
    known.columns[1].type_ = ColumnType::new(oid::VARCHAR, 24, "varchar");
    let name = known.name.clone();
    tables.insert_named(name, Known::Wanted(TableFacts::new(Arc::new(known), Lsn::ZERO)));
    let (asked, lines) = take("character varying(20)", &tables);
    assert_eq!((asked, &*lines[0]), (1, "schema public.t (id int4(-1) not null, note varchar(24))"));
    let (asked, lines) = take("character varying(20)", &tables);
    assert_eq!((asked, lines.len()), (0, 3));
}

#[test]
fn an_old_row_of_another_identity_than_that_of_now_is_taken_as_it_is() {
    let old = [("id", oid::INT4, int(1)), ("note", oid::TEXT, text("a"))];
    let new = [("id", oid::INT4, int(1)), ("note", oid::TEXT, text("b"))];
    // It was FULL then.
    let mut bench = Bench::new([t()]);
    let rows = "old {id: b\"1\", note: \"a\"}";
    assert_eq!(
        bench.lines(&update("public.t", &old, &new)).last().unwrap(),
        &format!("Update public.t #0 {rows} new {{id: b\"1\", note: \"b\"}}")
    );
    assert_eq!(bench.lines(&delete("public.t", &old)), [format!("Delete public.t #0 {rows}")]);
    let key = [("id", oid::INT4, int(1)), ("note", oid::TEXT, None)];
    let rows = "old {id: b\"1\", note: notinidentity}";
    assert_eq!(bench.lines(&delete("public.t", &key)), [format!("Delete public.t #0 {rows}")]);
    // And where the identity is seen to be another only later.
    let mut bench = Bench::new([t()]);
    bench.lines(&insert("public.t", &new));
    assert_eq!(bench.lines(&delete("public.t", &old)).len(), 1);
}

#[test]
fn a_column_that_the_catalog_lacks_was_dropped_since_and_one_that_the_change_lacks_came_later() {
    let sent = insert(
        "public.t",
        &[("id", oid::INT4, int(1)), ("gone", oid::DATE, int(10_957)), ("note", oid::TEXT, text("a"))],
    );
    let lines = Bench::new([t()]).lines(&sent);
    assert_eq!(lines[0], "schema public.t (id int4(-1) not null, gone date(-1), note text(-1))");
    assert_eq!(lines[1], "Insert public.t #0 new {id: b\"1\", gone: b\"2000-01-01\", note: \"a\"}");

    let later = table(1, "t", &[("id", oid::INT4), ("note", oid::TEXT), ("later", oid::INT4)]);
    let mut full = later.clone();
    full.identity = ReplicaIdentity::Full;
    let sent = insert("public.t", &[("id", oid::INT4, int(1)), ("note", oid::TEXT, text("a"))]);
    assert_eq!(
        Bench::new([later]).lines(&sent)[1],
        "Insert public.t #0 new {id: b\"1\", note: \"a\", later: absent}"
    );
    let sent = delete("public.t", &[("id", oid::INT4, int(1)), ("note", oid::TEXT, text("a"))]);
    assert_eq!(
        Bench::new([full]).lines(&sent)[1],
        "Delete public.t #0 old {id: b\"1\", note: \"a\", later: absent}"
    );
}

#[test]
fn a_column_of_another_type_than_the_catalog_says_now_is_read_as_what_it_was() {
    let sent = insert("public.t", &[("id", oid::INT4, int(1)), ("note", oid::INT8, Some(Datum::Int64(7)))]);
    let lines = Bench::new([t()]).lines(&sent);
    assert_eq!(lines[0], "schema public.t (id int4(-1) not null, note int8(-1))");
    assert_eq!(lines[1], "Insert public.t #0 new {id: b\"1\", note: b\"7\"}");
}

#[test]
fn columns_that_are_not_wanted_are_not_read() {
    use pg_cdc_core::{Columns, Shape};

    let shape = Shape::default().with_columns(Columns::Except(vec!["secret".to_owned()]));
    let whole = table(1, "t", &[("id", oid::INT4), ("secret", oid::TEXT), ("note", oid::TEXT)]);
    let mut facts = TableFacts::new(Arc::new(shape.apply(&whole)), Lsn::ZERO);
    facts.shape = Arc::new(shape);
    let mut tables = Tables::from_catalog();
    tables.insert_named(TableName::new("public", "t"), Known::Wanted(facts));
    let sent = [("id", oid::INT4, int(1)), ("secret", oid::TEXT, text("s")), ("note", oid::TEXT, text("a"))];
    let lines = Bench::with(DecoderBufs::default(), tables).lines(&insert("public.t", &sent));
    assert_eq!(lines[1], "Insert public.t #0 new {id: b\"1\", note: \"a\"}");
}

#[test]
fn without_a_catalog_a_table_is_what_its_changes_show() {
    let mut bench = Bench::with(DecoderBufs::default(), Tables::without_catalog());
    let sent = insert("public.t", &[("id", oid::INT4, int(1)), ("note", oid::TEXT, None)]);
    assert_eq!(
        bench.lines(&sent),
        ["schema public.t (id int4(-1), note text(-1))", "Insert public.t #0 new {id: b\"1\", note: null}"]
    );
}

#[test]
fn an_old_row_of_when_the_identity_was_another_has_what_was_sent_of_it() {
    let columns: [(&str, u32, _); 2] = [("id", oid::INT4, int(1)), ("note", oid::TEXT, text("a"))];
    assert_eq!(
        Bench::new([t()]).lines(&delete("public.t", &columns))[1],
        "Delete public.t #0 old {id: b\"1\", note: \"a\"}"
    );
}
