//! What the plugin makes of values is undone.

use super::*;

/// What a column of type `oid` that is printed as `printed` holds.
fn value(type_: u32, printed: &str) -> String {
    let mut bench = Bench::v2([table("t", &[("id", oid::INT4), ("v", type_)])]);
    let columns = [int("id", "1"), column("v", "whatever", type_, printed)].join(",");
    let lines = bench.changes(&object("I", "t", &format!(r#","columns":[{columns}]"#)));
    let [line] = &lines[..] else { panic!("{lines:?}") };
    let both = line.strip_prefix("Insert public.t #0 > id=1 v").unwrap().to_owned();

    // Format version 1 says the same.
    let mut bench = Bench::v1([table("t", &[("id", oid::INT4), ("v", type_)])]);
    let change = format!(
        r#"{{"kind":"insert","schema":"public","table":"t","columnnames":["id","v"],"columntypes":["integer","x"],"columntypeoids":[23,{type_}],"columnvalues":[1,{printed}]}}"#
    );
    assert_eq!(bench.changes(&change), std::slice::from_ref(line));
    both
}

#[test]
fn booleans_are_letters_again() {
    assert_eq!(value(oid::BOOL, "true"), "=t");
    assert_eq!(value(oid::BOOL, "false"), "=f");
}

#[test]
fn numbers_are_their_digits_in_quotes_or_not() {
    for digits in ["0", "-1", "1.50", "1e+20", "-1.5e-07", "123456789012345678901234567890.10"] {
        assert_eq!(value(oid::NUMERIC, digits), format!("={digits}"));
        assert_eq!(value(oid::NUMERIC, &format!("\"{digits}\"")), format!("={digits}"));
    }
    // With numeric-data-types-as-string only; without it they come as null.
    for special in ["NaN", "Infinity", "-Infinity"] {
        assert_eq!(value(oid::FLOAT8, &format!("\"{special}\"")), format!("={special}"));
    }
}

#[test]
fn bytea_has_its_prefix_again_and_a_domain_over_it_keeps_its_own() {
    assert_eq!(value(oid::BYTEA, r#""00fF""#), r"=\x00fF");
    assert_eq!(value(oid::BYTEA, r#""""#), r"=\x");
    assert_eq!(value(70_000, r#""\\x00ff""#), r"=\x00ff");
    assert_eq!(value(oid::BYTEA_ARRAY, r#""{\"\\\\x00ff\"}""#), r#"={"\\x00ff"}"#);
}

#[test]
fn bytea_that_is_not_hexadecimal_is_refused() {
    let mut bench = Bench::v2([table("t", &[("id", oid::INT4), ("v", oid::BYTEA)])]);
    for printed in [r#""0g""#, r#""\\000""#, r#"" 0""#] {
        let columns = [int("id", "1"), column("v", "bytea", oid::BYTEA, printed)].join(",");
        let error = bench.error(&object("I", "t", &format!(r#","columns":[{columns}]"#)));
        assert!(error.contains("bytea_output"), "{error}");
    }
}

#[test]
fn null_of_json_and_null_of_sql_stay_apart() {
    assert_eq!(value(oid::JSON, r#""null""#), "=null");
    assert_eq!(value(oid::JSON, "null"), ":Null");
    assert_eq!(value(oid::TEXT, r#""null""#), "=null");
    assert_eq!(value(oid::TEXT, r#""true""#), "=true");
}

#[test]
fn domains_are_strings_and_read_as_their_base() {
    assert_eq!(value(70_000, r#""1""#), "=1");
    assert_eq!(value(70_001, r#""t""#), "=t");
}

#[test]
fn every_escape_is_read() {
    assert_eq!(value(oid::TEXT, r#""\"\\\/\b\f\n\r\t\u0001é""#), "=\"\\/\u{8}\u{c}\n\r\t\u{1}é");
    assert_eq!(value(oid::TEXT, r#""\ud83d\ude00\u20ac""#), "=😀€");
    // What looks like the end of the value, of the column, of the message.
    let hostile = r#""\"},{\"name\":\"id\",\"type\":\"integer\",\"typeoid\":23,\"value\":2}]}""#;
    let said = r#"="},{"name":"id","type":"integer","typeoid":23,"value":2}]}"#;
    assert_eq!(value(oid::TEXT, hostile), said);
}

#[test]
fn oids_beyond_the_signed_range_are_printed_signed() {
    let mut bench = Bench::v2([table("t", &[("id", oid::INT4), ("v", 4_000_000_000)])]);
    let columns = r#""columns":[{"name":"id","type":"integer","typeoid":23,"value":1},{"name":"v","type":"mood","typeoid":-294967296,"value":"x"}]"#;
    let lines = bench.lines(&object("I", "t", &format!(",{columns}")));
    assert_eq!(lines.last().unwrap(), "Insert public.t #0 > id=1 v=x");
    // The catalog's version holds: it is of the same type.
    assert_eq!(bench.asked, 1);
}

#[test]
fn names_of_types_are_not_always_json() {
    let mut bench = Bench::v2([table("t", &[("id", oid::INT4), ("v", 70_000), ("w", 70_001)])]);
    let columns = r#""columns":[{"name":"id","type":"integer","typeoid":23,"value":1},{"name":"v","type":"S.x"."My ""T","typeoid":70000,"value":"a"},{"name":"w","type":"ends with \","typeoid":70001,"value":"b"}],"pk":[{"name":"w","type":"ends with \","typeoid":70001}]"#;
    for _ in 0..2 {
        let lines = bench.changes(&object("I", "t", &format!(",{columns}")));
        assert!(lines[0].ends_with("id=1 v=a w=b"), "{lines:?}");
    }
    let mut bench = Bench::v1([table("t", &[("id", oid::INT4), ("v", 70_000), ("w", 70_001)])]);
    let change = r#"{"kind":"insert","schema":"public","table":"t","columnnames":["id","v","w"],"columntypes":["integer","S.x"."My ""T","\"My\"[]"],"columntypeoids":[23,70000,70001],"columnvalues":[1,"a","b"],"pk":{"pknames":["w"],"pktypes":["My"[]]}}"#;
    assert!(bench.changes(change)[0].ends_with("id=1 v=a w=b"));
}

#[test]
fn a_release_that_tells_no_oids_is_read_by_names() {
    let mut bench = Bench::v2([table("t", &[("id", oid::INT4), ("v", oid::BYTEA), ("n", oid::NUMERIC)])]);
    let columns = r#""columns":[{"name":"id","type":"integer","value":1},{"name":"v","type":"bytea","value":"00"},{"name":"n","type":"numeric(10,2)","value":1.50}]"#;
    for _ in 0..2 {
        let lines = bench.changes(&object("I", "t", &format!(",{columns}")));
        assert!(lines[0].ends_with(r"id=1 v=\x00 n=1.50"), "{lines:?}");
    }
}

#[test]
fn text_of_other_encodings_is_converted_names_and_escapes_included() {
    let mut named = table("täble", &[("id", oid::INT4), ("v", oid::TEXT), ("w", oid::TEXT)]);
    named.name = TableName::new("schéma", "täble");
    let mut bench = Bench::new(FormatVersion::V2, [named]);
    bench.decoder = Wal2Json::new(FormatVersion::V2, TextEncoding::new("LATIN1").unwrap());
    bench.feed(BEGIN);
    let message = r#"{"action":"I","schema":"schéma","table":"täble","columns":[{"name":"id","type":"integer","typeoid":23,"value":1},{"name":"v","type":"text","typeoid":25,"value":"ä"},{"name":"w","type":"text","typeoid":25,"value":"a\"ä"}]}"#;
    let latin1: Vec<u8> = message.chars().map(|character| u8::try_from(character).unwrap()).collect();
    let _ = bench.bytes(&latin1).unwrap();
    let lines = bench.drain();
    assert_eq!(lines.last().unwrap(), "Insert schéma.täble #0 > id=1 v=ä w=a\"ä");
    // Characters that no server escapes would be taken for two of the database's.
    let escaped = message.replace("a\\\"ä", "a\\u00e4");
    let latin1: Vec<u8> = escaped.chars().map(|character| u8::try_from(character).unwrap()).collect();
    assert!(bench.bytes(&latin1).unwrap_err().contains("escape"));
}

#[test]
fn the_session_s_time_zone_is_taken_off_a_timestamp() {
    for (printed, micros) in [
        ("2026-11-27 10:38:46.174928+05:30", 1_795_756_126_174_928),
        ("2026-11-27 05:08:46.174928+00", 1_795_756_126_174_928),
        ("2026-11-26 22:08:46.174928-07", 1_795_756_126_174_928),
        ("1899-12-31 23:59:59.5-00:14:44", -2_208_987_916_500_000),
    ] {
        let mut bench = Bench::new(FormatVersion::V2, [t()]);
        bench.feed(&BEGIN.replace("2000-01-01 00:00:00+00", printed));
        let columns = [int("id", "1"), text("v", "null")].join(",");
        bench.feed(&object("I", "t", &format!(r#","columns":[{columns}]"#)));
        assert_eq!(bench.batch.changes().next().unwrap().transaction().commit_time, micros, "{printed}");
    }
    for printed in ["", "2000-01-01", "infinity", "2000-13-01 00:00:00+00", "x"] {
        let mut bench = Bench::new(FormatVersion::V2, [t()]);
        let error = bench.error(&BEGIN.replace("2000-01-01 00:00:00+00", printed));
        assert!(error.contains("timestamp"), "{error}");
    }
}
