//! Changes of rows, with all that may stand in them.

use super::*;

/// The values of a row, by what is printed behind `table public.t: INSERT:`.
fn values(printed: &str) -> String {
    let line = Bench::new().change(&format!("table public.t: INSERT:{printed}"));
    line.split_once("new ").map(|(_, row)| row.to_owned()).unwrap()
}

#[test]
fn values_are_postgresql_s_own_text() {
    for (printed, value) in [
        ("a[integer]:-5", r#"a: "-5""#),
        ("a[numeric]:100000000000000000000.10", r#"a: "100000000000000000000.10""#),
        ("a[real]:1e+20", r#"a: "1e+20""#),
        ("a[double precision]:NaN", r#"a: "NaN""#),
        ("a[double precision]:Infinity", r#"a: "Infinity""#),
        ("a[numeric]:-Infinity", r#"a: "-Infinity""#),
        ("a[oid]:7", r#"a: "7""#),
        ("a[boolean]:true", r#"a: "t""#),
        ("a[boolean]:false", r#"a: "f""#),
        ("a[bit]:B'1010'", r#"a: "1010""#),
        ("a[bit varying]:B''", r#"a: """#),
        ("a[text]:''", r#"a: """#),
        ("a[text]:null", "a: null"),
        ("a[text]:'null'", r#"a: "null""#),
        ("a[text]:unchanged-toast-datum", "a: unchanged"),
        ("a[text]:'unchanged-toast-datum'", r#"a: "unchanged-toast-datum""#),
        ("a[text]:''''", r#"a: "'""#),
        ("a[text]:'it''s '''", r#"a: "it's '""#),
        ("a[text]:'a\\b\nc'", r#"a: "a\\b\nc""#),
        ("a[text]:'x b[integer]:1'", r#"a: "x b[integer]:1""#),
        ("a[text]:'x'' b[integer]:1'", r#"a: "x' b[integer]:1""#),
        ("a[text]:' new-tuple: b[integer]:1'", r#"a: " new-tuple: b[integer]:1""#),
        ("a[text]:'(no-tuple-data)'", r#"a: "(no-tuple-data)""#),
        ("a[integer[]]:'{1,NULL}'", r#"a: "{1,NULL}""#),
        ("a[timestamp with time zone]:'2026-01-01 00:00:00+00'", r#"a: "2026-01-01 00:00:00+00""#),
        ("a[\"char\"]:'x'", r#"a: "x""#),
    ] {
        assert_eq!(values(&format!(" {printed}")), format!("{{{value}}}"), "{printed}");
    }
    assert_eq!(values(""), "{}");
}

#[test]
fn names_and_types_may_hold_whatever_ends_them_elsewhere() {
    let odd = ColumnType::new(70_000, -1, "my.sche ma.we]:ird \"t");
    let array = Shape::Array { element: odd.clone(), delimiter: ',' };
    let array = ColumnType::with_shape(70_001, -1, "my.sche ma._weird", array);
    let columns = [("a \"b\": [c]:", built_in(oid::INT4)), ("new-tuple:", odd), ("select", array)];
    let mut known = table(1, "Tab.le: INSERT: x, y", &columns);
    known.name = TableName::new("my.\"schema", "Tab.le: INSERT: x, y");
    let mut bench = Bench::knowing(&[known]);
    let name = r#""my.""schema"."Tab.le: INSERT: x, y""#;
    let row = r#" "a ""b"": [c]:"[integer]:1 "new-tuple:"["my.sche ma"."we]:ird ""t"]:'x' "select"["my.sche ma"."we]:ird ""t"[]]:'{x}'"#;
    let lines = bench.take(&format!("table {name}: INSERT:{row}"));
    assert_eq!(lines.len(), 3, "{lines:?}");
    let shown = r#"{a "b": [c]:: "1", new-tuple:: "x", select: "{x}"}"#;
    assert_eq!(lines[2], format!(r#"Insert my."schema.Tab.le: INSERT: x, y #0 new {shown}"#));
    let update = bench
        .take(&format!("table {name}: UPDATE: old-key: \"a \"\"b\"\": [c]:\"[integer]:0 new-tuple:{row}"));
    assert!(update[0].ends_with(&format!("new {shown}")), "{update:?}");
    assert_eq!(bench.take(&format!("table {name}: TRUNCATE: (no-flags)")).len(), 1);
}

#[test]
fn old_keys_and_new_rows_are_told_apart() {
    let mut bench = Bench::knowing(&[t()]);
    bench.take("table public.t: INSERT: id[integer]:1 note[text]:'x'");
    let row = "id[integer]:2 note[text]:'x'";
    assert_eq!(
        bench.change(&format!("table public.t: UPDATE: old-key: id[integer]:1 new-tuple: {row}")),
        r#"Update public.t #1 old {id: "1", note: not in identity} new {id: "2", note: "x"}"#
    );
    assert_eq!(
        bench.change(&format!("table public.t: UPDATE: {row}")),
        r#"Update public.t #2 new {id: "2", note: "x"}"#
    );
    assert_eq!(
        bench.change("table public.t: DELETE: id[integer]:2"),
        r#"Delete public.t #3 old {id: "2", note: not in identity}"#
    );
}

#[test]
fn a_whole_old_row_leaves_its_nulls_out_and_fills_in_what_did_not_change() {
    let mut full = t();
    full.identity = ReplicaIdentity::Full;
    full.columns.iter_mut().for_each(|column| (column.nullable, column.identity) = (true, true));
    let mut bench = Bench::knowing(&[full]);
    let update = "table public.t: UPDATE: old-key: note[text]:'it''s' new-tuple: id[integer]:1 note[text]:unchanged-toast-datum";
    assert_eq!(
        bench.change(update),
        r#"Update public.t #0 old {id: null, note: "it's"} new {id: "1", note: "it's"}"#
    );
    assert_eq!(
        bench.change("table public.t: UPDATE: old-key: new-tuple: id[integer]:1 note[text]:null"),
        r#"Update public.t #1 old {id: null, note: null} new {id: "1", note: null}"#
    );
    assert_eq!(bench.change("table public.t: DELETE:"), "Delete public.t #2 old {id: null, note: null}");
}

#[test]
fn a_table_and_its_types_come_from_the_catalog_by_their_names() {
    let varchar = ColumnType::new(oid::VARCHAR, 24, "varchar");
    let mut bench = Bench::knowing(&[table(1, "t", &[("id", built_in(oid::INT8)), ("v", varchar)])]);
    let insert = Bytes::from_static(b"table public.t: INSERT: id[bigint]:1 v[character varying]:'x'");
    let outcome = bench.decode(Frame::whole(Lsn::new(50), &insert)).unwrap();
    let name = TableName::new("public", "t");
    assert_eq!(outcome, Outcome::NeedTable { oid: None, name, types: Vec::new() });
    let lines = bench.take("table public.t: INSERT: id[bigint]:1 v[character varying]:'x'");
    assert_eq!(lines[0], "schema public.t (id 20 int8 key, v 1043 varchar) Default, new");
    assert_eq!(lines[2], r#"Insert public.t #0 new {id: "1", v: "x"}"#);
}

#[test]
fn a_row_that_was_not_sent_is_an_error_where_its_table_is_wanted() {
    let mut bench = Bench::knowing(&[t()]);
    bench.tables.insert_named(TableName::new("public", "u"), Known::Unwanted);
    assert!(bench.take("table public.u: DELETE: (no-tuple-data)").is_empty());
    let error = bench.bytes(b"table public.t: DELETE: (no-tuple-data)").unwrap_err().to_string();
    assert!(error.contains("table public.t") && error.contains("no replica identity"), "{error}");
}

#[test]
fn oids_of_old_tables_are_no_columns() {
    let line = "table public.t: INSERT: oid[oid]:16400 id[integer]:1 note[text]:'x'";
    let decoder = TestDecoding::new(110_000, TextEncoding::default());
    let mut old = Bench::with(decoder, Tables::without_catalog());
    assert_eq!(old.change(line), r#"Insert public.t #0 new {id: "1", note: "x"}"#);
    // Since 12 one may call a column so.
    assert_eq!(Bench::new().change(line), r#"Insert public.t #0 new {oid: "16400", id: "1", note: "x"}"#);
}

#[test]
fn rows_that_an_alter_table_writes_anew_are_passed_over_where_nobody_can_be_asked() {
    let line = "table public.pg_temp_16460: INSERT: id[integer]:1";
    let decoder = TestDecoding::new(100_023, TextEncoding::default());
    assert!(Bench::with(decoder, Tables::without_catalog()).take(line).is_empty());
    assert_eq!(Bench::new().take(line).len(), 3, "since 11 it is a table like others");
}

#[test]
fn two_names_of_one_table_are_truncated_without_an_error() {
    let mut bench = Bench::knowing(&[t()]);
    bench.take("table public.t: INSERT: id[integer]:1 note[text]:null");
    // Since then `u` was dropped, and `t` is called so.
    let renamed = table(1, "u", &[("id", built_in(oid::INT4)), ("note", built_in(oid::TEXT))]);
    let facts = TableFacts::new(Arc::new(renamed), Lsn::ZERO);
    bench.tables.insert_named(TableName::new("public", "u"), Known::Wanted(facts));
    for names in ["public.t, public.u", "public.u, public.t"] {
        let lines = bench.take(&format!("table {names}: TRUNCATE: (no-flags)"));
        let truncated = |line: &&String| line.starts_with("Truncate");
        assert_eq!(lines.iter().filter(truncated).count(), 2, "{lines:?}");
    }
}

#[test]
fn truncates_have_their_tables_and_flags() {
    let mut bench = Bench::knowing(&[t(), table(2, "u", &[("id", built_in(oid::INT4))])]);
    let lines = bench.take("table public.t, public.u: TRUNCATE: restart_seqs cascade");
    let truncates = ["Truncate public.t #0 cascade restart", "Truncate public.u #1 cascade restart"];
    assert_eq!(lines[lines.len() - 2..], truncates);
    assert_eq!(bench.take("table public.u: TRUNCATE: (no-flags)"), ["Truncate public.u #2"]);
    assert_eq!(bench.take("table public.u: TRUNCATE: cascade"), ["Truncate public.u #3 cascade"]);
    assert_eq!(bench.take("table public.u: TRUNCATE: restart_seqs"), ["Truncate public.u #4 restart"]);
}

#[test]
fn messages_end_where_they_say() {
    let mut bench = Bench::new();
    let message = |prefix: &str, content: &str| {
        let size = content.len();
        format!("message: transactional: 1 prefix: {prefix}, sz: {size} content:{content}")
    };
    for (at, (prefix, content)) in [
        ("p", "a\nb"),
        ("p", ""),
        ("", ", sz: 3 content:abc"),
        ("p, sz: 2", "content"),
        ("p, sz: x content:", "c"),
        ("p, sz: 99 content:", "COMMIT 7"),
    ]
    .into_iter()
    .enumerate()
    {
        let shown = bench.change(&message(prefix, content));
        assert_eq!(shown, format!("message #{at} {prefix}: {content}"));
    }
}

#[test]
fn text_and_names_of_other_encodings_are_converted() {
    let decoder = TestDecoding::new(VERSION, TextEncoding::new("LATIN1").unwrap());
    let mut bench = Bench::with(decoder, Tables::without_catalog());
    let _ = bench
        .bytes(b"table public.\"caf\xE9\": INSERT: \"\xFC\"[text]:'\xE4''\xE4' b[text]:'plain'")
        .unwrap();
    let lines: Vec<_> = bench.batch.events().map(|event| line(&event)).collect();
    assert_eq!(lines[0], "schema public.café (ü 25 text, b 25 text) Default, new");
    assert_eq!(lines[2], r#"Insert public.café #0 new {ü: "ä'ä", b: "plain"}"#);
    let decoder = TestDecoding::new(VERSION, TextEncoding::new("SQL_ASCII").unwrap());
    let mut bench = Bench::with(decoder, Tables::without_catalog());
    let error = bench.bytes(b"table public.t: INSERT: a[text]:'\xFF'").unwrap_err().to_string();
    assert!(error.contains("table public.t, column a") && error.contains("SQL_ASCII"), "{error}");
}
