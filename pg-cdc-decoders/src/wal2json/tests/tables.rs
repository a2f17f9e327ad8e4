//! Whole documents, and tables that are found out in the middle of one.

use super::*;

fn insert(table: &str, names: &str, oids: &str, values: &str) -> String {
    format!(
        r#"{{"kind":"insert","schema":"public","table":"{table}","columnnames":[{names}],"columntypeoids":[{oids}],"columnvalues":[{values}]}}"#
    )
}

fn document(changes: &[String]) -> String {
    format!("{HEADER}{}]}}", changes.join(","))
}

#[test]
fn a_whole_document_is_decoded_as_a_whole() {
    let mut bench = Bench::new(FormatVersion::V1, [t(), table("u", &[("id", oid::INT4)])]);
    let changes = [insert("t", r#""id","v""#, "23,25", r#"1,"a""#), insert("u", r#""id""#, "23", "2")];
    let committed = Ok(Outcome::Commit { commit_lsn: Lsn::new(0x6E), end_lsn: Lsn::new(0x6E) });
    assert_eq!(bench.take(&document(&changes)), committed);
    assert!(
        bench.batch.changes().all(|change| change.lsn() == Lsn::ZERO),
        "no change has a place of its own"
    );
    assert_eq!(
        bench.drain(),
        [
            // What was found out before the last table was asked for is told first.
            "schema public.t id int4, v text",
            "Insert public.t #0 > id=1 v=a",
            "schema public.u id int4",
            "Insert public.u #1 > id=2",
            "commit 0/6E 0/6E 2 Some(7)",
        ]
    );
    assert_eq!(bench.asked, 2);
    assert_eq!(bench.take(&document(&changes)), committed);
    assert_eq!(bench.drain().len(), 3);
}

#[test]
fn a_table_that_changes_within_a_document_ends_in_no_circle() {
    let mut bench = Bench::new(FormatVersion::V1, [t()]);
    let narrow = insert("t", r#""id""#, "23", "1");
    let wide = insert("t", r#""id","v""#, "23,25", r#"1,"a""#);
    let retyped = insert("t", r#""id","v""#, "23,23", "1,2");
    let changes = [&narrow, &wide, &retyped, &wide, &retyped, &narrow, &wide].map(Clone::clone);
    bench.feed(&document(&changes));
    let lines: Vec<_> = bench.drain().into_iter().filter(|line| line.starts_with("Insert")).collect();
    assert_eq!(lines.len(), changes.len());
    assert!(lines[1].ends_with("> id=1 v=a") && lines[2].ends_with("> id=1 v=2"), "{lines:?}");
}

#[test]
fn a_document_that_is_broken_leaves_no_trace() {
    let good = insert("t", r#""id","v""#, "23,25", r#"1,"a""#);
    let whole = document(&[good.clone(), good.clone()]);
    for end in 0..whole.len() {
        let mut bench = Bench::new(FormatVersion::V1, [t()]);
        let error = match bench.take(&whole[..end]) {
            // The beginning of one that comes in pieces.
            Ok(Outcome::Begin { .. }) => continue,
            outcome => outcome.expect_err(&whole[..end]),
        };
        assert!(bench.batch.is_blank(), "{error}");
        assert!(error.starts_with("wal2json message at 0/32, offset "), "{error}");
    }
    // The decoder goes on with the next as if it had not been.
    let mut bench = Bench::new(FormatVersion::V1, [t()]);
    bench.take(&whole[..whole.len() - 1]).unwrap_err();
    bench.feed(&whole);
    assert_eq!(bench.drain().len(), 4);
}

#[test]
fn tables_that_nobody_wants_are_passed_over_and_not_counted() {
    let mut bench = Bench::v2([t()]);
    let other = format!(r#","columns":[{}]"#, int("x", "1"));
    assert!(bench.lines(&object("I", "other", &other)).is_empty());
    let columns = [int("id", "1"), text("v", "null")].join(",");
    let wanted = object("I", "t", &format!(r#","columns":[{columns}]"#));
    assert_eq!(bench.changes(&wanted), ["Insert public.t #0 > id=1 v:Null"]);
}

#[test]
fn without_a_catalog_a_table_is_what_its_changes_show() {
    let mut bench = Bench::new(FormatVersion::V2, []);
    bench.tables = Tables::without_catalog();
    bench.feed(BEGIN);
    let columns = [int("id", "1"), column("v", "numeric(10,2)", oid::NUMERIC, "1.50")].join(",");
    bench.feed(&object("I", "t", &format!(r#","columns":[{columns}]"#)));
    let change = bench.batch.changes().next().unwrap();
    assert_eq!(change.table().columns[1].type_.modifier, 655_366, "the modifier is the change's");
    assert_eq!(bench.drain(), ["schema public.t id int4, v numeric", "Insert public.t #0 > id=1 v=1.50"]);
}

#[test]
fn names_with_quotes_backslashes_and_line_breaks_are_themselves() {
    let odd = "we\"ird\\\n\u{1}é";
    let mut known = table("x", &[(odd, oid::INT4)]);
    known.name = TableName::new(odd, odd);
    let json = serde_json::to_string(odd).unwrap();
    let mut bench = Bench::v2([known.clone()]);
    let message = format!(
        r#"{{"action":"I","schema":{json},"table":{json},"columns":[{{"name":{json},"type":"integer","typeoid":23,"value":1}}]}}"#
    );
    let expected = format!("Insert {odd}.{odd} #0 > {odd}=1");
    assert_eq!(bench.changes(&message), std::slice::from_ref(&expected));
    let mut bench = Bench::v1([known]);
    let message = format!(
        r#"{{"kind":"insert","schema":{json},"table":{json},"columnnames":[{json}],"columntypes":["integer"],"columntypeoids":[23],"columnvalues":[1]}}"#
    );
    assert_eq!(bench.changes(&message), [expected]);
}
