//! The quirks of version 1, one by one.

use super::*;

#[test]
fn what_an_insert_leaves_out_is_null() {
    let insert = r#"INSERT INTO "public"."t"("note") VALUES('x');"#;
    assert_eq!(of(&t(), insert).unwrap(), "Insert #0 new {id: null, note: [x]}");
    let empty = r#"INSERT INTO "public"."t"() VALUES();"#;
    assert_eq!(of(&t(), empty).unwrap(), "Insert #0 new {id: null, note: null}");
}

#[test]
fn an_update_is_the_old_row_with_what_changed() {
    let update = r#"UPDATE "public"."t" SET "note" = NULL WHERE "id"=1 AND "note"='it''s';"#;
    assert_eq!(of(&t(), update).unwrap(), "Update #0 old {id: [1], note: [it's]} new {id: [1], note: null}");
    let update = r#"UPDATE "public"."t" SET "id" = 2, "note" = '' WHERE "id"=1 AND "note" is NULL;"#;
    assert_eq!(of(&t(), update).unwrap(), "Update #0 old {id: [1], note: null} new {id: [2], note: []}");
}

#[test]
fn a_delete_has_the_whole_old_row() {
    let delete = r#"DELETE FROM "public"."t" WHERE "id"=-1 AND "note" is NULL;"#;
    assert_eq!(of(&t(), delete).unwrap(), "Delete #0 old {id: [-1], note: null}");
}

#[test]
fn values_hold_whatever_looks_like_sql() {
    for text in [
        r#"' WHERE "id"=2 AND "note"='"#,
        "NULL",
        r#"", "note") VALUES(7, 'x');"#,
        " is NULL;",
        "a\nb\r\n;",
        r"back\slash\' and ''two''",
        "'",
        "''",
        "encode('\\x00', 'hex')",
        "::float4 AND \"id\"",
        "é😀",
        "(NOTICE:wal is not enought.);",
    ] {
        let printed = text.replace('\'', "''");
        let insert = format!(r#"INSERT INTO "public"."t"("id", "note") VALUES(1, '{printed}');"#);
        assert_eq!(of(&t(), insert).unwrap(), format!("Insert #0 new {{id: [1], note: [{text}]}}"));
        let update =
            format!(r#"UPDATE "public"."t" SET "note" = '{printed}' WHERE "id"=1 AND "note"='{printed}x';"#);
        let row = |note: &str| format!("{{id: [1], note: [{note}]}}");
        let expected = format!("Update #0 old {} new {}", row(&format!("{text}x")), row(text));
        assert_eq!(of(&t(), update).unwrap(), expected);
    }
}

#[test]
fn only_values_with_quotes_are_copied() {
    let mut bench = Bench::in_transaction(&[t()]);
    let plain = r#"INSERT INTO "public"."t"("id", "note") VALUES(1, 'plain');"#;
    let _ = bench.statement(&t(), plain).unwrap();
    let before = bench.batch.size();
    let _ = bench.statement(&t(), plain).unwrap();
    let without = bench.batch.size() - before;
    let _ = bench.statement(&t(), r#"INSERT INTO "public"."t"("id", "note") VALUES(1, 'pla''n');"#).unwrap();
    // The statement is one byte longer, and the value is in the arena.
    assert_eq!(bench.batch.size() - before - without, without + 1 + "pla'n".len());
}

#[test]
fn names_end_where_the_table_says() {
    let odd = table(
        "a\"b",
        &[("x\"y", oid::INT4), ("", oid::INT4), ("z\" = 1, \"w", oid::TEXT), ("é;", oid::TEXT)],
    );
    let insert = r#"INSERT INTO "public"."a"b"("x"y", "", "z" = 1, "w", "é;") VALUES(1, 2, 'c', 'd');"#;
    let row = r#"{x"y: [1], : [2], z" = 1, "w: [c], é;: [d]}"#;
    assert_eq!(of(&odd, insert).unwrap(), format!("Insert #0 new {row}"));
    let update = r#"UPDATE "public"."a"b" SET "z" = 1, "w" = 'c' WHERE "x"y"=1 AND ""=2 AND "z" = 1, "w" is NULL AND "é;"='d';"#;
    let old = r#"{x"y: [1], : [2], z" = 1, "w: null, é;: [d]}"#;
    assert_eq!(of(&odd, update).unwrap(), format!("Update #0 old {old} new {row}"));
}

#[test]
fn names_that_look_like_several_are_told_by_what_follows() {
    let odd = table("t", &[("a", oid::INT4), ("b", oid::INT4), ("a\", \"b", oid::INT4)]);
    let both = of(&odd, r#"INSERT INTO "public"."t"("a", "b") VALUES(1, 2);"#).unwrap();
    assert_eq!(both, r#"Insert #0 new {a: [1], b: [2], a", "b: null}"#);
    let one = of(&odd, r#"INSERT INTO "public"."t"("a", "b") VALUES(3);"#).unwrap();
    assert_eq!(one, r#"Insert #0 new {a: null, b: null, a", "b: [3]}"#);
    let all = of(&odd, r#"INSERT INTO "public"."t"("a", "b", "a", "b") VALUES(1, 2, 3);"#).unwrap();
    assert_eq!(all, r#"Insert #0 new {a: [1], b: [2], a", "b: [3]}"#);
}

#[test]
fn a_statement_that_can_be_read_in_two_ways_is_refused() {
    let odd = table("t", &[("a", oid::TEXT), ("a\" = 'x', \"a", oid::TEXT), ("b", oid::TEXT)]);
    // Either the second column becomes y, or the first x and then no other.
    let update =
        r#"UPDATE "public"."t" SET "a" = 'x', "a" = 'y' WHERE "a"='1' AND "a" = 'x', "a"='2' AND "b"='3';"#;
    assert_eq!(
        of(&odd, update).unwrap(),
        r#"Update #0 old {a: [1], a" = 'x', "a: [2], b: [3]} new {a: [1], a" = 'x', "a: [y], b: [3]}"#
    );
    let odd =
        table("t", &[("a", oid::INT4), ("b", oid::INT4), ("c", oid::INT4), ("a\" = 1, \"b", oid::INT4)]);
    let update =
        r#"UPDATE "public"."t" SET "a" = 1, "b" = 2 WHERE "a"=7 AND "b"=7 AND "c"=7 AND "a" = 1, "b"=7;"#;
    assert!(wrong(&odd, update).contains("more than one way"), "{}", wrong(&odd, update));
}

#[test]
fn bare_values_are_what_their_types_allow() {
    let columns = [
        ("n", oid::NUMERIC),
        ("f", oid::FLOAT8),
        ("r", oid::INT4RANGE),
        ("l", oid::PG_LSN),
        ("c", oid::REGCLASS),
    ];
    let bare = table("t", &columns);
    for values in [
        ["NaN", "-Infinity", "[1,10)", "16/B374D848", "pg_class"],
        ["-1.50", "1e+20", "empty", "0/0", r#""Mixed, "" AND ""x""#],
        ["0", "Infinity", "(,)", "FF/1", r#"s."a;b""#],
    ] {
        let [n, f, r, l, c] = values;
        let row = format!("{{n: [{n}], f: [{f}], r: [{r}], l: [{l}], c: [{c}]}}");
        let insert =
            format!(r#"INSERT INTO "public"."t"("n", "f", "r", "l", "c") VALUES({n}, {f}, {r}, {l}, {c});"#);
        assert_eq!(of(&bare, insert).unwrap(), format!("Insert #0 new {row}"));
        let delete = format!(
            r#"DELETE FROM "public"."t" WHERE "n"={n} AND "f"={f} AND "r"={r} AND "l"={l} AND "c"={c};"#
        );
        assert_eq!(of(&bare, delete).unwrap(), format!("Delete #0 old {row}"));
    }
    let last = of(&bare, r#"INSERT INTO "public"."t"("r") VALUES([1,10));"#).unwrap();
    assert!(last.contains("r: [[1,10)]"), "{last}");
}

#[test]
fn a_char_is_one_character_whatever_it_is() {
    let chars = table("t", &[("a", oid::CHAR), ("b", oid::CHAR), ("c", oid::INT4)]);
    for c in [",", ";", ")", "\"", " ", "x", "\\", "\\351"] {
        let insert = format!(r#"INSERT INTO "public"."t"("a", "b", "c") VALUES({c}, {c}, 1);"#);
        assert_eq!(of(&chars, insert).unwrap(), format!("Insert #0 new {{a: [{c}], b: [{c}], c: [1]}}"));
        let last = format!(r#"INSERT INTO "public"."t"("b") VALUES({c});"#);
        assert_eq!(of(&chars, last).unwrap(), format!("Insert #0 new {{a: null, b: [{c}], c: null}}"));
        let delete = format!(r#"DELETE FROM "public"."t" WHERE "a"={c} AND "b"={c} AND "c" is NULL;"#);
        assert_eq!(of(&chars, delete).unwrap(), format!("Delete #0 old {{a: [{c}], b: [{c}], c: null}}"));
    }
    let quote = r#"INSERT INTO "public"."t"("a", "c") VALUES('', 1);"#;
    assert!(wrong(&chars, quote).contains("column a: a quote and an empty \"char\" look the same"));
}

#[test]
fn an_array_without_a_number_of_dimensions_is_bare() {
    let arrays = table("t", &[("a", oid::TEXT_ARRAY), ("b", oid::INT4_ARRAY)]);
    let insert = r#"INSERT INTO "public"."t"("a", "b") VALUES({"x, y","it''s \" \\",NULL}, {1,2});"#;
    assert_eq!(
        of(&arrays, insert).unwrap(),
        r#"Insert #0 new {a: [{"x, y","it's \" \\",NULL}], b: [{1,2}]}"#
    );
    let quoted = r#"INSERT INTO "public"."t"("a", "b") VALUES('{it''s}', '{1}');"#;
    assert_eq!(of(&arrays, quoted).unwrap(), "Insert #0 new {a: [{it's}], b: [{1}]}");
}

#[test]
fn conditions_may_have_casts() {
    let casts = table("t", &[("j", oid::JSON), ("p", oid::POINT), ("x", oid::XML), ("f", oid::FLOAT4)]);
    let delete = r#"DELETE FROM "public"."t" WHERE "j"::text='{"a": "::text"}' AND "p"::text is NULL AND "x"::text='<a/>' AND "f"=0.5::float4;"#;
    assert_eq!(
        of(&casts, delete).unwrap(),
        r#"Delete #0 old {j: [{"a": "::text"}], p: null, x: [<a/>], f: [0.5]}"#
    );
    let update = r#"UPDATE "public"."t" SET "f" = NULL WHERE "f"=1::float4 AND "x"::text is NULL;"#;
    assert!(wrong(&casts, update).contains("in their order"));
    let null = r#"DELETE FROM "public"."t" WHERE "j"::text is NULL AND "p"::text is NULL AND "x"::text is NULL AND "f" is NULL::float4;"#;
    assert_eq!(of(&casts, null).unwrap(), "Delete #0 old {j: null, p: null, x: null, f: null}");
}

#[test]
fn a_dropped_column_is_passed_over() {
    let insert = r#"INSERT INTO "public"."t"("id", "COL2", "note") VALUES(1, encode('\x0102', 'hex'), 'x');"#;
    assert_eq!(of(&t(), insert).unwrap(), "Insert #0 new {id: [1], note: [x]}");
    let delete = r#"DELETE FROM "public"."t" WHERE "id"=1 AND "COL2" is NULL AND "note"='x';"#;
    assert_eq!(of(&t(), delete).unwrap(), "Delete #0 old {id: [1], note: [x]}");
    // One that is really called so.
    let named = table("t", &[("COL2", oid::INT4)]);
    assert_eq!(
        of(&named, r#"DELETE FROM "public"."t" WHERE "COL2"=5;"#).unwrap(),
        "Delete #0 old {COL2: [5]}"
    );
}

#[test]
fn what_walminer_can_not_tell_is_an_error_that_names_the_column() {
    let lossy = table("t", &[("m", oid::MONEY), ("v", oid::TSVECTOR), ("e", 70_000)]);
    for (statement, said) in [
        (
            r#"INSERT INTO "public"."t"("m") VALUES('1.00');"#,
            "column m: walminer prints money without its sign",
        ),
        (r#"INSERT INTO "public"."t"("v") VALUES('a b');"#, "column v: walminer prints text search values"),
        (
            r#"INSERT INTO "public"."t"("e") VALUES(encode('\x5b', 'hex'));"#,
            "column e: walminer has only the bytes",
        ),
    ] {
        let error = wrong(&lossy, statement);
        assert!(error.contains(said) && error.contains("leave the column out"), "{error}");
    }
    let nulls = r#"DELETE FROM "public"."t" WHERE "m" is NULL AND "v" is NULL AND "e" is NULL;"#;
    assert_eq!(of(&lossy, nulls).unwrap(), "Delete #0 old {m: null, v: null, e: null}");
}

#[test]
fn a_row_that_could_not_be_restored_is_an_error() {
    for statement in [
        r#"INSERT INTO "public"."t" VALUES(NULL) (NOTICE:wal is not enought.);"#,
        r#"UPDATE "public"."t" SET VALUES(NULL) (NOTICE:wal is not enought.);"#,
        r#"UPDATE "public"."t" SET VALUES(NULL) (NOTICE:wal is not enough.);"#,
        r#"DELETE FROM "public"."t" WHERE VALUES(NULL) (NOTICE:wal is not enought.);"#,
    ] {
        let error = wrong(&t(), statement);
        assert!(error.contains("the WAL that it was given begins too late"), "{error}");
    }
    // The old row is missing.
    assert!(wrong(&t(), r#"UPDATE "public"."t" SET "id" = 1;"#).contains("expected"));
}
